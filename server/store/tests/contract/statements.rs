//! Every SQL statement is prepared on both databases. Those that stand in the source are found there; those that are put together at run time
//! carry `AssertSqlSafe`, and are executed here with all that can be put into them.

use super::support::{Fixture, NOW, event, incident, indicator, key, sample};
use domain::{ByClass, DAY, DataClass, HOUR, IncidentStatus, Level, Role, Severity, Tlp, indicator::IndicatorType};
use sqlx::{AssertSqlSafe, Connection, PgConnection, SqliteConnection};
use std::{
    collections::{BTreeSet, HashMap},
    path::Path,
};
use store::{DayRow, EventFacet, EventFilter, IncidentFacet, IncidentFilter, IndicatorFacet, IndicatorFilter, Items, Push, SessionRecord, WeekMembers, What};
use testing::Kind;

/// Which databases take a text as a statement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fit {
    Both,
    Sqlite,
    Postgres,
    /// None of them: a part of a statement that is put together at run time.
    Part,
}

/// Texts that are not statements of both databases: file, beginning (of all its texts where it is empty), who takes it.
const SPECIAL: [(&str, &str, Fit); 11] = [
    ("db/postgres.rs", "INSERT INTO outbox", Fit::Part),
    ("db/postgres.rs", "", Fit::Postgres),
    ("hub/identity.rs", "SELECT s.id_hash, u.org_id, u.role FROM json_", Fit::Part),
    ("hub/posture.rs", "INSERT INTO org_days", Fit::Part),
    ("hub/retention.rs", "SELECT DISTINCT org_id FROM indicators WHERE active = 1", Fit::Sqlite),
    ("hub/retention.rs", "UPDATE indicators SET active = FALSE WHERE active = 1", Fit::Sqlite),
    ("moving/catalogue.rs", "SELECT m.name, p.name FROM sqlite_schema", Fit::Sqlite),
    ("moving/catalogue.rs", "", Fit::Postgres),
    ("moving/postgres.rs", "", Fit::Postgres),
    ("moving/sqlite.rs", "", Fit::Sqlite),
    // The table is named where it is used; the tests of hiding execute it for both.
    ("withdrawn_records.rs", "SELECT count(*) FROM (SELECT 1 FROM", Fit::Part),
];

/// How many statements each file puts together at run time, at most. To add one: execute it in [`dynamic`], with each part that can go into it.
const DYNAMIC: [(&str, usize); 19] = [
    ("db.rs", 1),
    ("db/postgres.rs", 3),
    // The test that prepares all statements puts its rows before those that read any.
    ("db/rows.rs", 8),
    ("db/scope.rs", 1),
    ("hub/identity.rs", 1),
    ("hub/posture.rs", 1),
    // These are executed by the tests of moving.
    ("moving/postgres.rs", 7),
    ("moving/side.rs", 1),
    ("moving/sqlite.rs", 2),
    ("viewer/counts.rs", 1),
    ("viewer/events.rs", 4),
    ("viewer/facets.rs", 2),
    ("viewer/ids.rs", 1),
    ("viewer/incidents.rs", 5),
    ("viewer/indicators.rs", 6),
    ("viewer/networks.rs", 1),
    ("viewer/records.rs", 3),
    ("viewer/said.rs", 2),
    ("writer/group.rs", 2),
];

/// Executes what is put together at run time.
async fn dynamic(f: &Fixture) {
    let hub = f.store.hub();
    let user = hub.add_user(f.orgs[0], "a@b.example".into(), "A".into(), Role::Analyst, None, NOW).await.unwrap();
    hub.create_session([1; 32], SessionRecord { user: Some(user), data: "{}".into(), expires_at: NOW.plus(HOUR), absolute_at: NOW.plus(HOUR) }, NOW)
        .await
        .unwrap();
    assert_eq!(hub.viewers_of(&[[1; 32]], NOW).await.unwrap().len(), 1);
    hub.set_sharing_defaults(ByClass::filled(Level::Summary), NOW).await.unwrap();
    let group = hub.add_group(f.orgs[0], "g".into(), false, NOW).await.unwrap();
    assert!(hub.invite(group, f.orgs[0], f.orgs[1], NOW).await.unwrap() && hub.join(group, f.orgs[1], NOW).await.unwrap());
    let members = WeekMembers { viewer: f.orgs[0], week_start: NOW, members: [f.orgs[1], f.orgs[2]].into(), kinds: [IndicatorType::Url].into() };
    hub.settle_overlaps(vec![members], NOW).await.unwrap();
    let day = DayRow {
        org: f.orgs[0],
        day: 1,
        policy_version: 1,
        score: None,
        last: None,
        low: 0.0,
        high: 100.0,
        coverage: 0.0,
        domains: [None; 6],
        critical_public: false,
        critical_any: false,
    };
    hub.set_days(vec![day.clone(), DayRow { day: 2, ..day }]).await.unwrap();
    // New series, samples, rollups and current values; then a correction, which makes rollups again.
    for value in [1.0, 2.0] {
        f.send(0, Items::Metrics(vec![sample("m", value, NOW), sample("n", value, NOW)])).await;
    }
    // Known series and new samples, the usual push.
    f.send(0, Items::Metrics(vec![sample("m", 3.0, NOW.plus(-HOUR)), sample("n", 3.0, NOW.plus(-HOUR))])).await;
    f.send(0, Items::Incidents(vec![incident("i", Severity::High, IncidentStatus::New, Tlp::Green, &[])])).await;
    f.send(0, Items::Events(vec![event("e", Tlp::Green, Some("i"), &[])])).await;
    let push = Push { total: 1, idempotency: Some(key("k", 1)), ..f.push(0, What::Indicators) };
    let id = push.id;
    f.store.partner(f.orgs[0]).push(push, Items::Indicators(vec![indicator("a.example", Tlp::Green, &[])])).await.unwrap();

    let reads = f.store.viewer(f.viewer(0));
    for sort in ["", "opened", "-opened", "-updated"] {
        let all = IncidentFilter {
            org: Some(f.orgs[0]),
            severity: Some(Severity::High),
            status: Some(IncidentStatus::New),
            open: false,
            tlp: Some(Tlp::Green),
            class: Some("fraud/phishing".into()),
            words: "incident".into(),
            sort: sort.into(),
            cursor: String::new(),
        };
        assert_eq!(reads.incidents(&all).await.unwrap().total, 1, "{sort}");
        let ids = reads.incident_ids(&all).await.unwrap();
        assert_eq!(reads.incidents_by(&ids.piece(0)).await.unwrap(), reads.incidents(&all).await.unwrap().rows, "as a file, {sort}");
        let after = IncidentFilter { open: true, status: None, cursor: format!("0~{}~{}", NOW.0, uuid::Uuid::nil()), ..all.clone() };
        reads.incidents(&after).await.unwrap();
        for facet in [IncidentFacet::Severity, IncidentFacet::Status, IncidentFacet::Tlp, IncidentFacet::Class, IncidentFacet::Org] {
            assert_eq!(reads.counts().incident_facet(&all, facet).await.unwrap().len(), 1, "{facet:?}");
        }
        assert_eq!(reads.incidents_highest_tlp(&all).await.unwrap(), Tlp::Green);
    }
    assert!(reads.counts().incidents_unlisted(&IncidentFilter { open: true, tlp: Some(Tlp::Green), ..IncidentFilter::default() }).await.unwrap().is_empty());
    let row = &reads.incidents(&IncidentFilter::default()).await.unwrap().rows[0];
    assert!(reads.incident(row.id.parse().unwrap()).await.unwrap().is_some());

    let window = EventFilter { org: Some(f.orgs[0]), from: NOW.plus(-DAY), to: NOW.plus(DAY), ..EventFilter::default() };
    let all = EventFilter { severity: Some(Severity::Medium), tlp: Some(Tlp::Green), words: "event".into(), ..window.clone() };
    assert_eq!((reads.events(&all).await.unwrap().total, reads.events_highest_tlp(&all).await.unwrap()), (1, Tlp::Green));
    let ids = reads.event_ids(&all).await.unwrap();
    assert_eq!(reads.events_by(&ids.piece(0)).await.unwrap(), reads.events(&all).await.unwrap().rows);
    let after = EventFilter { cursor: format!("{}~{}", NOW.0, uuid::Uuid::nil()), ..all.clone() };
    assert!(reads.events(&after).await.unwrap().rows.is_empty());
    for facet in [EventFacet::Severity, EventFacet::Tlp, EventFacet::Org] {
        assert_eq!(reads.counts().event_facet(&all, facet).await.unwrap().len(), 1, "{facet:?}");
    }
    assert!(reads.counts().events_unlisted(&window).await.unwrap().is_empty());

    let all = IndicatorFilter {
        org: Some(f.orgs[0]),
        kind: Some(IndicatorType::DomainName),
        tlp: Some(Tlp::Green),
        severity: None,
        shared: false,
        week: NOW,
        day: NOW,
        words: "example".into(),
        cursor: String::new(),
    };
    let found = reads.indicators(&all).await.unwrap();
    assert_eq!(found.total, 1);
    let ids = reads.indicator_ids(&all).await.unwrap();
    assert_eq!(reads.indicators_by(&ids.piece(0), NOW, NOW).await.unwrap(), found.rows);
    assert_eq!((ids.len(), reads.indicator_values(&all).await.unwrap()), (1, 1));
    let none = IndicatorFilter { severity: Some(Severity::Low), shared: true, cursor: format!("{}~{}", NOW.0, uuid::Uuid::nil()), ..all.clone() };
    assert_eq!(reads.indicators(&none).await.unwrap().total, 0);
    for facet in [IndicatorFacet::Kind, IndicatorFacet::Tlp, IndicatorFacet::Severity, IndicatorFacet::Org] {
        assert_eq!(reads.counts().indicator_facet(&all, facet).await.unwrap().len(), 1, "{facet:?}");
    }
    let nobody_else = IndicatorFilter { shared: true, ..all.clone() };
    assert!(reads.counts().indicator_facet(&nobody_else, IndicatorFacet::Kind).await.unwrap().is_empty());
    assert_eq!(reads.indicators_highest_tlp(&all).await.unwrap(), Tlp::Green);
    assert!(reads.counts().indicators_unlisted(&IndicatorFilter { words: Default::default(), ..all.clone() }).await.unwrap().is_empty());
    assert_eq!(reads.indicator_values(&nobody_else).await.unwrap(), 0);
    assert!(reads.indicator_ids(&nobody_else).await.unwrap().is_empty());
    assert!(reads.indicator(found.rows[0].id.parse().unwrap(), NOW, NOW).await.unwrap().is_some());

    for value in ["192.0.2.7", "192.0.2.0/24", "0.0.0.0/0", "a.example"] {
        assert!(reads.networks("ipv4-addr", value).await.unwrap().is_empty());
    }

    let lists = [
        (What::Incidents, reads.incident_ids(&IncidentFilter::default()).await.unwrap()),
        (What::Events, reads.event_ids(&window).await.unwrap()),
        (What::Indicators, ids),
    ];
    for (what, ids) in lists {
        assert_eq!(reads.said(what, &ids.piece(0)).await.unwrap().len(), 1, "{what:?}");
        assert!(f.store.viewer(f.viewer(1)).said(what, &ids.piece(0)).await.unwrap().is_empty(), "{what:?} of another organisation");
    }

    let pushes = async |cursor: &str| reads.pushes(Some(f.orgs[0]), Some(DataClass::Indicators), cursor, 10).await.unwrap().rows;
    let all = pushes("").await;
    assert_eq!(all.len(), 1);
    assert!(pushes(&all[0].receipt).await.is_empty(), "none is older");
    assert!(reads.receipt(id).await.unwrap().is_some());
    assert!(!reads.samples(f.orgs[0], "m", &NOW.plus(DAY).0.to_string()).await.unwrap().rows.is_empty());
}

on_both!(what_is_put_together_at_run_time_is_executed);
async fn what_is_put_together_at_run_time_is_executed(f: Fixture) {
    dynamic(&f).await;
    let known = |file: &str| DYNAMIC.iter().find(|(known, _)| *known == file).map_or(0, |(_, n)| *n);
    let new: Vec<_> = sources().into_iter().filter(|(file, text)| text.matches("AssertSqlSafe(").count() > known(file)).map(|(file, _)| file).collect();
    assert!(new.is_empty(), "execute the new statement in `dynamic`, then note it in DYNAMIC: {new:?}");
}

#[tokio::test]
async fn every_statement_in_the_source_is_prepared_on_both_databases() {
    let sqlite = Fixture::new(Kind::Sqlite).await;
    let postgres = Fixture::new(Kind::Postgres).await;
    let mut lite = SqliteConnection::connect(&sqlite.database.url).await.unwrap();
    let mut pg = PgConnection::connect(&postgres.database.url).await.unwrap();
    let texts = statements();
    assert!(texts.len() > 100, "found only {}", texts.len());
    let (mut wrong, mut used) = (vec![], BTreeSet::new());
    for (file, sql) in texts {
        let (for_sqlite, for_postgres) = with_rows(&sql);
        let (on_sqlite, on_postgres) = (on_sqlite(&mut lite, &for_sqlite).await, on_postgres(&mut pg, &for_postgres).await);
        let fit = match (&on_sqlite, &on_postgres) {
            (Ok(()), Ok(())) => Fit::Both,
            (Ok(()), Err(_)) => Fit::Sqlite,
            (Err(_), Ok(())) => Fit::Postgres,
            (Err(_), Err(_)) => Fit::Part,
        };
        let special = SPECIAL.iter().enumerate().find(|(_, (f, begin, _))| *f == file && sql.starts_with(begin));
        used.extend(special.map(|(i, _)| i));
        if fit != special.map_or(Fit::Both, |(_, s)| s.2) {
            wrong.push(format!("{file}: {fit:?} {sql}\n  SQLite: {on_sqlite:?}\n  PostgreSQL: {on_postgres:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let left: Vec<_> = SPECIAL.iter().enumerate().filter(|(i, _)| !used.contains(i)).collect();
    assert!(left.is_empty(), "no such text any more: {left:?}");
}

/// Columns of rows that are not numbers: their type on PostgreSQL, and their names.
const COLUMNS: [(&str, &[&str]); 4] = [
    ("uuid", &["id", "record"]),
    ("boolean", &["active", "everyone", "hashed"]),
    ("bytea", &["body", "digest", "fingerprint", "sha256"]),
    (
        "text",
        &[
            "address",
            "class",
            "external_id",
            "failures",
            "idempotency_key",
            "incident",
            "key_name",
            "kind",
            "labels",
            "left_out",
            "metric",
            "mode",
            "raw",
            "recipients",
            "route",
            "signs",
            "summary",
            "title",
            "user_agent",
            "value",
            "what",
            "words",
        ],
    ),
];

/// A statement that reads rows of the program (`db/rows.rs`) with a row of the columns that it names, for SQLite and for PostgreSQL; every other one as it is.
fn with_rows(sql: &str) -> (String, String) {
    let mut columns: Vec<&str> = vec![];
    for (at, _) in sql.match_indices("v.") {
        let name = &sql[at + 2..];
        let name = &name[..name.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(name.len())];
        // It may be the end of a longer name.
        if !sql[..at].ends_with(|c: char| c.is_ascii_alphanumeric() || c == '_') && !columns.contains(&name) {
            columns.push(name);
        }
    }
    let reads_rows = ["FROM v ", "FROM v)"].iter().any(|from| sql.contains(from)) || sql.ends_with("FROM v");
    if !reads_rows || columns.is_empty() {
        return (sql.to_owned(), sql.to_owned());
    }
    let sql_type = |column: &&str| COLUMNS.iter().find(|(_, names)| names.contains(column)).map_or("bigint", |(name, _)| name);
    let typed: Vec<_> = columns.iter().map(|column| format!("NULL::{}", sql_type(column))).collect();
    let rows = |row: String| format!("WITH v ({}) AS (SELECT {row}) {sql}", columns.join(", "));
    (rows(vec!["NULL"; columns.len()].join(", ")), rows(typed.join(", ")))
}

async fn on_sqlite(conn: &mut SqliteConnection, sql: &str) -> Result<(), String> {
    sqlx::raw_sql(AssertSqlSafe(format!("EXPLAIN {sql}"))).execute(conn).await.map(drop).map_err(|e| e.to_string())
}

/// The program says of each parameter which type it has. Here each is left to the database, or is a number.
async fn on_postgres(conn: &mut PgConnection, sql: &str) -> Result<(), String> {
    let parameters = (1..=20).rev().find(|n| sql.contains(&format!("${n}"))).unwrap_or(0);
    let ways = if parameters <= 6 { 1_u32 << parameters } else { 1 };
    let mut said = String::new();
    for way in 0..ways {
        let types: Vec<_> = (0..parameters).map(|n| if way & (1 << n) == 0 { "unknown" } else { "bigint" }).collect();
        let types = if types.is_empty() { String::new() } else { format!("({})", types.join(", ")) };
        match sqlx::raw_sql(AssertSqlSafe(format!("PREPARE one {types} AS {sql}"))).execute(&mut *conn).await {
            Ok(_) => {
                sqlx::raw_sql("DEALLOCATE one").execute(conn).await.map_err(|e| e.to_string())?;
                return Ok(());
            }
            Err(error) if said.is_empty() => said = error.to_string(),
            Err(_) => {}
        }
    }
    Err(said)
}

/// The store's files, by their path under `src`, without comments.
fn sources() -> Vec<(String, String)> {
    fn walk(folder: &Path, below: &str, found: &mut Vec<(String, String)>) {
        for entry in std::fs::read_dir(folder).expect("the sources") {
            let entry = entry.expect("a file");
            let name = format!("{below}{}", entry.file_name().to_string_lossy());
            if entry.path().is_dir() {
                walk(&entry.path(), &format!("{name}/"), found);
            } else {
                let text = std::fs::read_to_string(entry.path()).expect("a source");
                found.push((name, text.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n")));
            }
        }
    }
    let mut found = vec![];
    walk(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), "", &mut found);
    found.sort();
    found
}

/// A source in turns: code, text, code, text, …
fn split(source: &str) -> Vec<String> {
    let (mut parts, mut part, mut in_text) = (vec![], String::new(), false);
    let mut chars = source.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            // A quote as a character is none.
            '"' if in_text || !part.ends_with('\'') => {
                parts.push(std::mem::take(&mut part));
                in_text = !in_text;
            }
            '\\' if in_text => match chars.next() {
                Some('\n') => while chars.next_if(|c| c.is_whitespace()).is_some() {},
                Some(c) => part.push(c),
                None => {}
            },
            c => part.push(c),
        }
    }
    parts.push(part);
    parts
}

/// The statements that stand in the source, with what `concat!` and the macros for conditions make of them.
fn statements() -> BTreeSet<(String, String)> {
    let sources: Vec<_> = sources().into_iter().map(|(file, text)| (file, split(&text))).collect();
    let mut macros: HashMap<String, String> = store::CONDITIONS.into_iter().map(|(call, text)| (call.to_owned(), text.to_owned())).collect();
    for (_, parts) in &sources {
        for pair in parts.chunks_exact(2) {
            let head = pair[0].trim_end().strip_suffix("() => {").and_then(|head| head.trim_end().strip_suffix('{'));
            if let Some((_, name)) = head.and_then(|head| head.rsplit_once("macro_rules! ")) {
                macros.insert(format!("{}!()", name.trim()), pair[1].clone());
            }
        }
    }
    let mut found = BTreeSet::new();
    for (file, parts) in sources {
        let mut i = 0;
        while i + 1 < parts.len() {
            let (code, mut text) = (&parts[i], parts[i + 1].clone());
            i += 2;
            if code.rsplit_once("concat!(").is_some_and(|(_, between)| between.trim().is_empty()) {
                let mut depth = 1;
                while let Some(code) = parts.get(i) {
                    let inside: String = code
                        .chars()
                        .take_while(|c| {
                            depth += i32::from(*c == '(') - i32::from(*c == ')');
                            depth > 0
                        })
                        .collect();
                    text += &inside.split(',').filter_map(|call| macros.get(call.trim())).cloned().collect::<String>();
                    if depth == 0 {
                        break;
                    }
                    text += parts.get(i + 1).map_or("", String::as_str);
                    i += 2;
                }
            }
            let begins = ["SELECT ", "INSERT ", "UPDATE ", "DELETE ", "WITH "].iter().any(|verb| text.starts_with(verb));
            // A template is put together at run time.
            if begins && !text.contains('{') {
                found.insert((file.clone(), text));
            }
        }
    }
    found
}
