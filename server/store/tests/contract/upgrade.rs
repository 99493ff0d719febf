//! A database that an earlier version made is taken to the present, with everything in it.
//!
//! `tests/upgrade` has, for each version of the schema that was ever given to somebody, an alliance as that version wrote it, as SQL: `sqlite/0008.sql` is of the
//! version whose newest migration is 0008. Such a file is never changed after its release. Until the first one, whoever changes a migration makes the newest files anew:
//!
//! `cargo test -p store --test contract upgrade::write -- --ignored`

use super::{
    catalogue::schema,
    support::{Beside, Fixture, NOW, event, incident, indicator, sample},
};
use domain::{DataClass, IncidentStatus, Level, OrgId, Role, Severity, Tlp, Viewer, sharing::Audience};
use sqlx::{AssertSqlSafe, Connection, SqliteConnection};
use std::path::PathBuf;
use store::{EventFilter, IncidentFilter, IndicatorFilter, Items, Settings, Store, audit::Proofs};
use testing::{Database, Kind};

/// What is put in: by an organisation that shares its events with one other in numbers only, and names another on an incident.
async fn fill(f: &Fixture) {
    let hub = f.store.hub();
    hub.add_user(f.orgs[0], "ana@alpha.example".into(), "Ana „Öl“ Ågren".into(), Role::OrgAdmin, Some("hash".into()), NOW).await.expect("a person");
    f.send(0, Items::Metrics(vec![sample("m", 61.5, NOW), sample("m", 0.1 + 0.2, NOW.plus(-domain::DAY))])).await;
    f.send(0, Items::Incidents(vec![incident("i", Severity::High, IncidentStatus::New, Tlp::AmberStrict, &[f.orgs[1]])])).await;
    f.send(0, Items::Events(vec![event("e", Tlp::Green, Some("i"), &[])])).await;
    f.send(0, Items::Indicators(vec![indicator("a.example", Tlp::Green, &[])])).await;
    hub.set_rule(f.orgs[0], DataClass::Events, Audience::Organisation(f.orgs[2]), Some(Level::Summary), NOW).await.expect("a rule");
}

/// Finds all of it again, and goes on.
async fn check(f: &Fixture) {
    let hub = f.store.hub();
    let (alpha, beta, gamma) = (f.orgs[0], f.orgs[1], f.orgs[2]);
    let reads = |org: OrgId| f.store.viewer(Viewer { org, role: Role::Analyst });
    let person = hub.user_by_email("ana@alpha.example").await.expect("people").expect("a person");
    assert_eq!((person.org, person.name.as_str(), person.role), (alpha, "Ana „Öl“ Ågren", Role::OrgAdmin));

    let values = async || reads(beta).samples(alpha, "m", "").await.expect("samples").rows.iter().map(|row| row.value).collect::<Vec<_>>();
    assert_eq!(values().await, [61.5, 0.1 + 0.2]);
    let pushes = reads(alpha).pushes(Some(alpha), None, "", 10).await.expect("pushes").rows;
    assert_eq!(pushes.len(), 4);
    for push in &pushes {
        let receipt = reads(alpha).receipt(push.receipt.parse().expect("an id")).await.expect("receipts").expect("the receipt");
        assert!(receipt.row.kept > 0, "{receipt:?}");
    }

    let incidents = reads(beta).incidents(&IncidentFilter::default()).await.expect("incidents").rows;
    assert_eq!(incidents.iter().map(|row| row.title.as_str()).collect::<Vec<_>>(), ["Incident i"]);
    let detail = reads(beta).incident(incidents[0].id.parse().expect("an id")).await.expect("incidents").expect("the incident");
    assert_eq!((detail.owner, detail.recipients.len(), detail.revisions.len(), detail.events.len()), (alpha, 1, 1, 1));
    assert!(detail.revisions[0].receipt.is_some());
    assert!(reads(gamma).incidents(&IncidentFilter::default()).await.expect("incidents").rows.is_empty(), "it names beta alone");

    let window = EventFilter { from: NOW.plus(-domain::DAY), to: NOW.plus(domain::DAY), ..EventFilter::default() };
    let events = async |org| reads(org).events(&window).await.expect("events").total;
    assert_eq!((events(beta).await, events(gamma).await), (1, 0), "a rule");
    assert_eq!(hub.sharing().await.expect("rules").level(gamma, alpha, DataClass::Events), Level::Summary);
    assert_eq!(reads(gamma).indicators(&IndicatorFilter::default()).await.expect("indicators").total, 1);

    let said = hub.audit_after(0).await.expect("the trail");
    assert!(said.iter().any(|row| row.action == "sharing.rule_set" && row.org == Some(alpha)), "{said:?}");
    assert_eq!(hub.verify_audit(&Proofs::default()).await.expect("a sound trail").rows, said.len() as i64);

    f.send(0, Items::Metrics(vec![sample("m", 70.0, NOW.plus(1))])).await;
    assert_eq!(values().await, [70.0, 61.5, 0.1 + 0.2]);
}

fn folder(kind: Kind) -> PathBuf {
    let name = match kind {
        Kind::Sqlite => "sqlite",
        Kind::Postgres => "postgres",
    };
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/upgrade").join(name)
}

on_both!(a_database_of_each_earlier_version_is_taken_to_the_present);
async fn a_database_of_each_earlier_version_is_taken_to_the_present(f: Fixture) {
    let files = std::fs::read_dir(folder(f.kind)).into_iter().flatten();
    let files: Vec<PathBuf> = files.map(|entry| entry.expect("a file").path()).collect();
    assert!(!files.is_empty(), "no database is kept in {}: `cargo test -p store --test contract upgrade::write -- --ignored`", folder(f.kind).display());
    let present = schema(&f.database.url).await;
    for file in files {
        let kind = f.kind;
        let database = tokio::task::spawn_blocking(move || Database::empty(kind)).await.expect("a database");
        restore(&database.url, std::fs::read_to_string(&file).expect("a file")).await.unwrap_or_else(|e| panic!("{}: {e}", file.display()));
        let store = Store::open(&Settings { url: database.url.clone(), readers: 2 }).await;
        let store = store.unwrap_or_else(|e| panic!("{}: {e}: until a release it is made anew, and after one its migrations do not change", file.display()));
        let there = store.hub().organisations().await.expect("organisations");
        let org = |slug: &str| there.iter().find(|o| o.slug == slug).unwrap_or_else(|| panic!("no {slug}")).id;
        let upgraded = Fixture { orgs: ["alpha", "beta", "gamma"].map(org).to_vec(), store, database, kind };
        check(&upgraded).await;
        upgraded.store.close().await;
        assert_eq!(schema(&upgraded.database.url).await, present, "{}", file.display());
    }
}

/// Executes a file. PostgreSQL must know the program's role: any fixture has seen to that.
async fn restore(url: &str, sql: String) -> Result<(), sqlx::Error> {
    let sql = AssertSqlSafe(sql);
    match Beside::at(url).await {
        Beside::Sqlite(mut c) => {
            sqlx::raw_sql(sql).execute(&mut c).await?;
            c.close().await
        }
        Beside::Postgres(mut c) => {
            sqlx::raw_sql(sql).execute(&mut c).await?;
            c.close().await
        }
    }
}

/// Writes the files of this version.
async fn write(kind: Kind) {
    let f = Fixture::new(kind).await;
    fill(&f).await;
    let newest = Beside::open(&f).await.number("SELECT max(version) FROM _sqlx_migrations").await;
    f.store.close().await;
    let sql = match Beside::open(&f).await {
        Beside::Sqlite(mut c) => dump_sqlite(&mut c).await,
        // psql's own commands are for psql.
        Beside::Postgres(_) => {
            testing::dump_postgres(&f.database.url).lines().filter(|line| !line.starts_with('\\')).fold(String::new(), |sql, line| sql + line + "\n")
        }
    };
    std::fs::create_dir_all(folder(kind)).expect("a folder");
    std::fs::write(folder(kind).join(format!("{newest:04}.sql")), sql).expect("a file");
}

/// A database of SQLite as SQL.
async fn dump_sqlite(c: &mut SqliteConnection) -> String {
    const TABLES: &str = "SELECT name, sql FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY rowid";
    const OTHERS: &str = "SELECT sql FROM sqlite_schema WHERE type <> 'table' AND sql IS NOT NULL ORDER BY rowid";
    let tables: Vec<(String, String)> = sqlx::query_as(TABLES).fetch_all(&mut *c).await.expect("tables");
    let others: Vec<String> = sqlx::query_scalar(OTHERS).fetch_all(&mut *c).await.expect("indexes and triggers");
    let mut lines = vec!["PRAGMA foreign_keys = OFF".to_owned(), "BEGIN".to_owned()];
    lines.extend(tables.iter().map(|(_, made)| made.clone()));
    for (table, _) in &tables {
        lines.extend(inserts(c, table).await);
    }
    // What was numbered last. The rows above have written some of it.
    lines.push("DELETE FROM sqlite_sequence".to_owned());
    lines.extend(inserts(c, "sqlite_sequence").await);
    lines.extend(others);
    lines.push("COMMIT".to_owned());
    lines.iter().fold(String::new(), |sql, line| sql + line + ";\n")
}

/// A table's rows as SQL.
async fn inserts(c: &mut SqliteConnection, table: &str) -> Vec<String> {
    const COLUMNS: &str = "SELECT name FROM pragma_table_info($1) ORDER BY cid";
    let columns: Vec<String> = sqlx::query_scalar(COLUMNS).bind(table).fetch_all(&mut *c).await.expect("columns");
    let values: Vec<String> = columns.iter().map(|column| format!("quote(\"{column}\")")).collect();
    let rows = format!("SELECT {} FROM {table}", values.join(" || ', ' || "));
    let rows: Vec<String> = sqlx::query_scalar(AssertSqlSafe(rows)).fetch_all(c).await.expect("rows");
    rows.iter().map(|row| format!("INSERT INTO {table} (\"{}\") VALUES ({row})", columns.join("\", \""))).collect()
}

#[tokio::test]
#[ignore = "writes the files that the other tests read"]
async fn write_sqlite() {
    write(Kind::Sqlite).await;
}

#[tokio::test]
#[ignore = "writes the files that the other tests read"]
async fn write_postgres() {
    write(Kind::Postgres).await;
}
