//! What only PostgreSQL promises: tenancy in the database itself, and several nodes on one database.

use super::support::{Fixture, NOW, event, incident, indicator, key, sample};
use domain::{DAY, DataClass, IncidentStatus, Level, OrgId, Severity, Tlp, query::Window, sharing::Audience};
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection};
use std::{collections::HashSet, time::Duration};
use store::{IndicatorItem, Items, KeyRecord, Outcome, Push, Retention, Sample, Settings, Store, What};
use testing::Kind;

/// Every table with an organisation's rows.
const TENANT_TABLES: &str = "SELECT c.relname, c.relrowsecurity, c.relforcerowsecurity FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid \
    WHERE a.attname = 'org_id' AND NOT a.attisdropped AND c.relkind IN ('r', 'p') AND c.relnamespace = 'public'::regnamespace ORDER BY 1";

/// A fixture in which each organisation has pushed something of every kind, and a connection beside the store, as the program's role.
async fn filled() -> (Fixture, PgConnection) {
    let f = Fixture::new(Kind::Postgres).await;
    for org in 0..3 {
        f.send(org, Items::Metrics(vec![sample("m", 1.0, NOW)])).await;
        f.send(org, Items::Incidents(vec![incident("i", Severity::Low, IncidentStatus::New, Tlp::Red, &[])])).await;
        f.send(org, Items::Events(vec![event("e", Tlp::Red, None, &[])])).await;
        f.send(org, Items::Indicators(vec![indicator("red.example", Tlp::Red, &[])])).await;
        f.store
            .partner(f.orgs[org])
            .push(Push { total: 1, idempotency: Some(key("k", 1)), ..f.push(org, What::Metrics) }, Items::Metrics(vec![]))
            .await
            .unwrap();
    }
    let mut conn = PgConnection::connect(&f.database.url).await.unwrap();
    conn.execute("SET ROLE shieldwall_app").await.unwrap();
    (f, conn)
}

async fn scoped(conn: &mut PgConnection, scope: &str) {
    conn.execute(AssertSqlSafe(format!("ROLLBACK; BEGIN; SET LOCAL shieldwall.scope = '{scope}'"))).await.unwrap();
}

#[tokio::test]
async fn no_table_of_an_organisations_rows_is_without_forced_row_security() {
    let (_f, mut conn) = filled().await;
    let tables: Vec<(String, bool, bool)> = sqlx::query_as(TENANT_TABLES).fetch_all(&mut conn).await.unwrap();
    assert!(tables.len() >= 19, "{tables:?}");
    let open: Vec<_> = tables.iter().filter(|t| !t.1 || !t.2).collect();
    assert!(open.is_empty(), "without forced row level security: {open:?}");
    let owned: i64 = sqlx::query_scalar("SELECT count(*) FROM pg_class WHERE relowner = 'shieldwall_app'::regrole").fetch_one(&mut conn).await.unwrap();
    assert_eq!(owned, 0, "the program's role owns nothing");
    let bypass: bool =
        sqlx::query_scalar("SELECT rolbypassrls OR rolsuper OR rolcanlogin FROM pg_roles WHERE rolname = 'shieldwall_app'").fetch_one(&mut conn).await.unwrap();
    assert!(!bypass);
}

#[tokio::test]
async fn a_partner_neither_reads_nor_writes_anothers_rows_even_with_sql_of_its_own() {
    let (f, mut conn) = filled().await;
    let tables: Vec<(String, bool, bool)> = sqlx::query_as(TENANT_TABLES).fetch_all(&mut conn).await.unwrap();
    let (me, other) = (f.orgs[0].0, f.orgs[1].0);
    let mut seen = 0;
    for (table, ..) in &tables {
        conn.execute("ROLLBACK").await.unwrap();
        let without: i64 = sqlx::query_scalar(AssertSqlSafe(format!("SELECT count(*) FROM {table}"))).fetch_one(&mut conn).await.unwrap();
        assert_eq!(without, 0, "{table}: without a scope there is nothing");
        scoped(&mut conn, &format!("partner:{me}")).await;
        let orgs: Vec<i64> = sqlx::query_scalar(AssertSqlSafe(format!("SELECT DISTINCT org_id FROM {table}"))).fetch_all(&mut conn).await.unwrap();
        assert!(orgs.iter().all(|org| *org == me), "{table}: {orgs:?}");
        seen += orgs.len();
        for sql in [format!("UPDATE {table} SET org_id = org_id WHERE org_id = {other}"), format!("DELETE FROM {table} WHERE org_id = {other}")] {
            let done = conn.execute(AssertSqlSafe(sql.clone())).await;
            if table == "audit" {
                assert_eq!(code(done), "42501", "{sql}: nobody may");
                scoped(&mut conn, &format!("partner:{me}")).await;
            } else {
                assert_eq!(done.unwrap().rows_affected(), 0, "{sql}");
            }
        }
        // What is its own cannot be given away, nor made in another's name.
        if !orgs.is_empty() {
            let given = conn.execute(AssertSqlSafe(format!("UPDATE {table} SET org_id = {other}"))).await;
            assert_eq!(code(given), "42501", "{table}");
        }
        // A viewer writes nothing at all.
        scoped(&mut conn, &format!("viewer:{me}")).await;
        let done = conn.execute(AssertSqlSafe(format!("DELETE FROM {table}"))).await;
        if table == "audit" {
            assert_eq!(code(done), "42501", "{table}: nobody deletes");
        } else {
            assert_eq!(done.unwrap().rows_affected(), 0, "{table}: a viewer deletes");
        }
    }
    assert!(seen >= 11, "{seen} tables with rows of its own");
    scoped(&mut conn, &format!("partner:{me}")).await;
    let made = conn.execute(AssertSqlSafe(format!("INSERT INTO series (org_id, number, metric, labels) VALUES ({other}, 7, 'x', '')"))).await;
    assert_eq!(code(made), "42501");
    scoped(&mut conn, &format!("partner:{me}")).await;
    let bodies: i64 = sqlx::query_scalar("SELECT count(*) FROM payloads").fetch_one(&mut conn).await.unwrap();
    assert_eq!(bodies, 5, "its own pushes");
    for table in ["users", "sessions", "signin_links", "signin_tries", "outbox", "audit", "audit_checkpoints"] {
        let n: i64 = sqlx::query_scalar(AssertSqlSafe(format!("SELECT count(*) FROM {table}"))).fetch_one(&mut conn).await.unwrap();
        assert_eq!(n, 0, "{table} is the hub's");
    }
}

#[tokio::test]
async fn pushes_that_are_applied_together_reach_their_own_organisations_rows_alone() {
    /// What a push of metrics reads and writes.
    const PUSHED: [&str; 6] = ["api_keys", "current_values", "payloads", "push_states", "pushed_samples", "receipts"];
    let (f, mut conn) = filled().await;
    let (mine, other) = ([f.orgs[0].0, f.orgs[1].0], f.orgs[2].0);
    let scope = format!("partner:{},{}", mine[0], mine[1]);
    let tables: Vec<(String, bool, bool)> = sqlx::query_as(TENANT_TABLES).fetch_all(&mut conn).await.unwrap();
    for (table, ..) in &tables {
        scoped(&mut conn, &scope).await;
        let sql = format!("SELECT DISTINCT org_id FROM {table} ORDER BY org_id");
        let orgs: Result<Vec<i64>, _> = sqlx::query_scalar(AssertSqlSafe(sql)).fetch_all(&mut conn).await;
        if !PUSHED.contains(&table.as_str()) {
            // To whoever asks for one organisation, several are none.
            assert!(orgs.is_err() || orgs.is_ok_and(|orgs| orgs.is_empty()), "{table}");
            continue;
        }
        let orgs = orgs.unwrap();
        assert!(orgs == mine || (table == "api_keys" && orgs.is_empty()), "{table}: {orgs:?}");
        let sql = format!("DELETE FROM {table} WHERE org_id = {other}");
        assert_eq!(conn.execute(AssertSqlSafe(sql)).await.unwrap().rows_affected(), 0, "{table}");
        if !orgs.is_empty() {
            let given = conn.execute(AssertSqlSafe(format!("UPDATE {table} SET org_id = {other}"))).await;
            assert_eq!(code(given), "42501", "{table}");
        }
    }
}

#[tokio::test]
async fn revoking_a_key_waits_for_the_pushes_that_found_it_good() {
    let f = Fixture::new(Kind::Postgres).await;
    let record = KeyRecord {
        id: 0,
        org: f.orgs[0],
        name: "siem".into(),
        hint: String::new(),
        scopes: "metrics".into(),
        created_at: NOW,
        expires_at: None,
        revoked_at: None,
        last_used_at: None,
        addresses: String::new(),
    };
    f.store.hub().add_key(record, [1; 32]).await.unwrap();
    // As another node's transaction does, in which a push is under way.
    let mut node = PgConnection::connect(&f.database.url).await.unwrap();
    let turn = format!("BEGIN; SELECT pg_advisory_xact_lock(hashtextextended('shieldwall turn', {}))", f.orgs[0].0);
    node.execute(AssertSqlSafe(turn)).await.unwrap();
    let hub = f.store.hub();
    let mut revoking = std::pin::pin!(hub.revoke_key(f.orgs[0], "siem".into(), NOW));
    let waits = async {
        const WAITS: &str = "SELECT EXISTS (SELECT FROM pg_locks l JOIN pg_database d ON d.oid = l.database WHERE l.locktype = 'advisory' AND NOT l.granted \
            AND d.datname = current_database()) AND EXISTS (SELECT FROM api_keys WHERE revoked_at IS NOT NULL)";
        let mut beside = PgConnection::connect(&f.database.url).await.unwrap();
        while !sqlx::query_scalar::<_, bool>(WAITS).fetch_one(&mut beside).await.unwrap() {}
    };
    tokio::select! {
        done = &mut revoking => panic!("it does not wait: {done:?}"),
        // It is revoked for whatever comes now, and waits for what came before.
        waited = tokio::time::timeout(Duration::from_secs(8), waits) => waited.expect("it waits"),
    }
    node.execute("COMMIT").await.unwrap();
    assert!(revoking.await.unwrap());
}

fn code<T: std::fmt::Debug>(result: Result<T, sqlx::Error>) -> String {
    result.expect_err("refused").as_database_error().and_then(|e| e.code()).unwrap_or_default().into_owned()
}

#[tokio::test]
async fn a_viewers_reach_holds_in_the_database_too() {
    let (f, mut conn) = filled().await;
    f.send(1, Items::Incidents(vec![incident("named", Severity::Low, IncidentStatus::New, Tlp::Amber, &[f.orgs[0]])])).await;
    f.send(1, Items::Incidents(vec![incident("open", Severity::Low, IncidentStatus::New, Tlp::Green, &[])])).await;
    let of = async |conn: &mut PgConnection, org: OrgId| -> Vec<String> {
        scoped(conn, &format!("viewer:{}", org.0)).await;
        let mine: Vec<(i64, String)> = sqlx::query_as("SELECT org_id, external_id FROM incidents ORDER BY 1, 2").fetch_all(conn).await.unwrap();
        mine.into_iter().map(|(owner, id)| format!("{}{id}", if owner == org.0 { "own " } else { "" })).collect()
    };
    assert_eq!(of(&mut conn, f.orgs[0]).await, ["own i", "named", "open"]);
    assert_eq!(of(&mut conn, f.orgs[2]).await, ["open", "own i"]);
    // Of each some are folded, and some not.
    for org in 0..3 {
        f.store.hub().fold_pushes(f.orgs[org]).await.unwrap();
        f.send(org, Items::Metrics(vec![sample("m", 2.0, NOW.plus(1))])).await;
    }
    scoped(&mut conn, &format!("viewer:{}", f.orgs[2].0)).await;
    let posture: i64 = sqlx::query_scalar("SELECT count(DISTINCT org_id) FROM samples").fetch_one(&mut conn).await.unwrap();
    assert_eq!(posture, 3, "posture is shared");
    // Sharing rules hold here, too.
    let hub = f.store.hub();
    for class in [DataClass::Incidents, DataClass::Posture] {
        hub.set_rule(f.orgs[1], class, Audience::Organisation(f.orgs[0]), Some(Level::Summary), NOW).await.unwrap();
    }
    assert_eq!(of(&mut conn, f.orgs[0]).await, ["own i"], "not even where it is named");
    assert_eq!(of(&mut conn, f.orgs[2]).await, ["open", "own i"]);
    scoped(&mut conn, &format!("viewer:{}", f.orgs[0].0)).await;
    for table in ["pushed_samples", "samples", "series", "current_values", "rollup_hours", "rollup_days"] {
        let n: i64 = sqlx::query_scalar(AssertSqlSafe(format!("SELECT count(DISTINCT org_id) FROM {table}"))).fetch_one(&mut conn).await.unwrap();
        assert_eq!(n, 2, "{table}");
    }
}

#[tokio::test]
async fn two_nodes_keep_each_request_once_and_the_outbox_in_commit_order() {
    let f = Fixture::new(Kind::Postgres).await;
    let second = Store::open(&Settings { url: f.database.url.clone(), readers: 4 }).await.unwrap();
    let hub = f.store.hub();
    let (f, nodes) = (&f, [&f.store, &second]);
    // A reader that follows as the live view does must meet every number in its turn.
    let follow = async {
        let (mut seen, mut last) = (HashSet::new(), 0);
        let until = tokio::time::Instant::now() + Duration::from_secs(60);
        while seen.len() < 120 && tokio::time::Instant::now() < until {
            for change in hub.changes_after(last, 1_000).await.unwrap() {
                last = change.seq;
                seen.insert(change.seq);
            }
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        seen.len()
    };
    // Every request goes to both nodes at once, under one key.
    let push = async |i: i64, node: usize| {
        let org = (i % 3) as usize;
        let push = Push { total: 1, idempotency: Some(key(&format!("k{i}"), 1)), ..f.push(org, What::Metrics) };
        let push = if i % 2 == 0 { push } else { Push { what: What::Incidents, ..push } };
        let items = match push.what {
            What::Metrics => Items::Metrics(vec![sample("m", i as f64, NOW.plus(-i * DAY))]),
            _ => Items::Incidents(vec![incident(&format!("i{}", i % 7), Severity::Low, IncidentStatus::New, Tlp::Green, &[])]),
        };
        nodes[node].partner(f.orgs[org]).push(push, items).await.unwrap()
    };
    let pushes = futures_util::future::join_all((0..240_i64).map(|i| push(i / 2, (i % 2) as usize)));
    let (outcomes, followed) = tokio::join!(pushes, follow);
    let applied = outcomes.iter().filter(|o| matches!(o, Outcome::Applied { .. })).count();
    let replayed = outcomes.iter().filter(|o| matches!(o, Outcome::Replayed(_))).count();
    assert_eq!((applied, replayed), (120, 120));
    assert_eq!(followed, 120, "a number was skipped");
    second.close().await;
}

#[tokio::test]
async fn two_nodes_that_clean_up_at_once_count_each_ended_indicator_once() {
    let f = Fixture::new(Kind::Postgres).await;
    let second = Store::open(&Settings { url: f.database.url.clone(), readers: 4 }).await.unwrap();
    let ending = |n: i64| IndicatorItem { valid_until: Some(NOW.plus(n)), ..indicator(&format!("{n}.example"), Tlp::Green, &[]) };
    for org in 0..3 {
        f.send(org, Items::Indicators((1..=500).map(ending).collect())).await;
    }
    for round in 1..=5 {
        let now = NOW.plus(round * 100);
        let (one, other) = (f.store.hub(), second.hub());
        let (one, other) = tokio::join!(one.retain(Retention::default(), now), other.retain(Retention::default(), now));
        one.unwrap();
        other.unwrap();
        let mut conn = PgConnection::connect(&f.database.url).await.unwrap();
        let totals: Vec<i64> = sqlx::query_scalar("SELECT n FROM indicator_totals").fetch_all(&mut conn).await.unwrap();
        assert_eq!(totals, [500 - round * 100; 3]);
    }
    second.close().await;
}

#[tokio::test]
async fn another_nodes_commit_wakes_this_one() {
    let f = Fixture::new(Kind::Postgres).await;
    let second = Store::open(&Settings { url: f.database.url.clone(), readers: 2 }).await.unwrap();
    let mut commits = second.commits();
    // Listening begins in the background; before that a wake-up is missed, as any may be.
    let woken = async {
        for minute in 0..100 {
            f.send(0, Items::Metrics(vec![sample("m", 1.0, NOW.plus(-minute))])).await;
            if tokio::time::timeout(Duration::from_millis(100), commits.changed()).await.is_ok() {
                return true;
            }
        }
        false
    };
    assert!(woken.await);
    second.close().await;
}

#[tokio::test]
async fn a_read_that_is_given_up_leaves_no_transaction_behind() {
    let f = Fixture::new(Kind::Postgres).await;
    f.send(0, Items::Metrics(vec![sample("m", 1.0, NOW)])).await;
    let window = Window { from: NOW.plus(-DAY), to: NOW.plus(DAY) };
    for micros in (0..3_000).step_by(37) {
        let reads = f.store.viewer(f.viewer(0));
        let _ = tokio::time::timeout(Duration::from_micros(micros), reads.metric_series(f.orgs[0], "m", window)).await;
    }
    assert_eq!(f.store.viewer(f.viewer(1)).metric_series(f.orgs[0], "m", window).await.unwrap().len(), 1);
    tokio::time::sleep(Duration::from_millis(300)).await;
    let mut conn = PgConnection::connect(&f.database.url).await.unwrap();
    let left: i64 = sqlx::query_scalar("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND state LIKE 'idle in transaction%'")
        .fetch_one(&mut conn)
        .await
        .unwrap();
    assert_eq!(left, 0);
}

#[tokio::test]
async fn below_detail_the_database_tells_of_no_report() {
    let (f, mut conn) = filled().await;
    f.send(1, Items::Indicators(vec![indicator("green.example", Tlp::Green, &[])])).await;
    f.send(1, Items::Indicators(vec![indicator("named.example", Tlp::AmberStrict, &[f.orgs[0]])])).await;
    for (level, digests) in [(Level::None, 0), (Level::Aggregate, 0), (Level::Summary, 0), (Level::Detail, 2)] {
        f.store.hub().set_rule(f.orgs[1], DataClass::Indicators, Audience::Everyone, Some(level), NOW).await.unwrap();
        scoped(&mut conn, &format!("viewer:{}", f.orgs[0].0)).await;
        let seen = async |conn: &mut PgConnection, table| -> i64 {
            let sql = format!("SELECT count(*) FROM {table} WHERE org_id = {}", f.orgs[1].0);
            sqlx::query_scalar(AssertSqlSafe(sql)).fetch_one(conn).await.unwrap()
        };
        let records = if level == Level::Detail { 2 } else { 0 };
        assert_eq!((seen(&mut conn, "indicator_digests").await, seen(&mut conn, "indicators").await), (digests, records), "{level:?}");
    }
}

/// An asynchronous standby takes over without the last commits: what hubs remember of these is not gone by.
#[tokio::test]
async fn what_only_a_lost_primary_knew_is_forgotten() {
    let f = Fixture::new(Kind::Postgres).await;
    let second = Store::open(&Settings { url: f.database.url.clone(), readers: 2 }).await.unwrap();
    let at_site = |site: &str, value: f64| {
        let items = Items::Metrics(vec![Sample { labels: format!("site={site}"), ..sample("m", value, NOW) }]);
        (Push { id: store::record_id(NOW), total: 1, ..f.push(0, What::Metrics) }, items)
    };
    f.send(0, Items::Metrics(vec![sample("m", 1.0, NOW)])).await;
    let mut standby = PgConnection::connect(&f.database.url).await.unwrap();
    for table in ["current_values", "push_states"] {
        standby.execute(AssertSqlSafe(format!("CREATE TEMP TABLE {table}_before AS SELECT * FROM {table}"))).await.unwrap();
    }
    let (push, items) = at_site("lost", 2.0);
    f.store.partner(f.orgs[0]).push(push, items).await.unwrap();
    let take_over = "DELETE FROM payloads WHERE receipt_no = 2; DELETE FROM pushed_samples WHERE receipt_no = 2; DELETE FROM receipts WHERE no = 2; \
        DELETE FROM series WHERE number = 1; DELETE FROM current_values; INSERT INTO current_values SELECT * FROM current_values_before; \
        UPDATE push_states s SET last_no = b.last_no, fresh_pushes = b.fresh_pushes, fresh_points = b.fresh_points FROM push_states_before b WHERE b.org_id = s.org_id; \
        SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()";
    sqlx::raw_sql(take_over).execute(&mut standby).await.unwrap();
    for (hub, site, value) in [(&second, "other", 3.0), (&f.store, "lost", 4.0)] {
        let mut tries = 0;
        loop {
            // The first ones find their connection gone.
            let (push, items) = at_site(site, value);
            match hub.partner(f.orgs[0]).push(push, items).await {
                Ok(outcome) => break assert!(matches!(outcome, Outcome::Applied { .. }), "{outcome:?}"),
                Err(error) if tries == 20 => panic!("{error}"),
                Err(_) => tries += 1,
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }
    let samples = f.store.viewer(f.viewer(0)).samples(f.orgs[0], "m", "").await.unwrap();
    let mut values: Vec<_> = samples.rows.into_iter().map(|row| (row.labels, row.value)).collect();
    values.sort_by(|a, b| a.1.total_cmp(&b.1));
    assert_eq!(values, [(String::new(), 1.0), ("site=other".into(), 3.0), ("site=lost".into(), 4.0)]);
    second.close().await;
}
