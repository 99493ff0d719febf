//! Who did what is in the audit trail, and partners are its witnesses.

use crate::{KIND, support::*};
use domain::{MINUTE, Role, SECOND, Timestamp};
use reqwest::Method;
use serde_json::{Value, json};
use server::{audit, quotas::Quotas};
use sha2::{Digest, Sha256};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, PgConnection, sqlite::SqliteConnectOptions};
use std::{collections::BTreeSet, str::FromStr};
use store::audit::{Action, Actor, AuditRow, CHUNK, EVERY, Entry, Proofs, Signer};
use testing::Kind;

/// Rows after a number.
async fn after(app: &TestApp, no: i64) -> Vec<AuditRow> {
    app.app.store.hub().audit_after(no).await.expect("the trail")
}

async fn last(app: &TestApp) -> i64 {
    after(app, 0).await.last().expect("rows").no
}

fn said(rows: &[AuditRow]) -> Vec<(&str, &str)> {
    rows.iter().map(|r| (r.action.as_str(), r.object.as_str())).collect()
}

async fn sign_in(app: &TestApp, email: &str, password: &str) -> Answer {
    let _turn = SIGNING_IN.lock().await;
    app.form("/auth/signin", &[("email", email), ("password", password)], "").await
}

#[tokio::test]
async fn people_leave_rows() {
    let app = TestApp::start().await;
    let (id, email) = app.account("alpha", Role::OrgAdmin).await;
    let (begin, user) = (last(&app).await, format!("user {id}"));
    sign_in(&app, &email, "wrong").await;
    sign_in(&app, "nobody@alpha.example", "my password").await;
    let cookie = cookie_of(&sign_in(&app, &email, PASSWORD).await);
    app.form("/connect", &[("name", "siem")], &cookie).await;
    app.form("/connect", &[("name", "siem")], &cookie).await;
    app.form("/connect/revoke", &[("name", "siem")], &cookie).await;
    app.form("/connect/revoke", &[("name", "siem")], &cookie).await;
    assert_eq!(app.visit("/csv/orgs", &cookie).await.status, 200);
    app.form("/auth/signout", &[], &cookie).await;
    let rows = after(&app, begin).await;
    let expected = [
        ("signin.failed", user.as_str()),
        ("signin.failed", "no such account"),
        ("session.started", &user),
        ("key.created", "key siem"),
        ("key.revoked", "key siem"),
        ("exported", "organisations.csv"),
        ("session.ended", &user),
    ];
    assert_eq!(said(&rows), expected);
    let (alpha, own) = (Some(app.org("alpha")), Actor { org: Some(app.org("alpha")), user: Some(id) });
    let by: Vec<_> = rows.iter().map(|r| (r.actor, r.org)).collect();
    let nobody = Actor::default();
    assert_eq!(by, [(nobody, alpha), (nobody, None), (own, alpha), (own, alpha), (own, alpha), (own, alpha), (own, alpha)]);
    assert_eq!((rows[0].detail.as_str(), rows[5].detail.as_str()), (r#"{"address":"127.0.0.1"}"#, r#"{"rows":3}"#));
    assert!(!format!("{rows:?}").contains("my password"));
    app.app.store.hub().verify_audit(&Proofs::default()).await.expect("an unharmed trail");
}

/// ASVS 16.3.2: denials are written down.
#[tokio::test]
async fn refusals_leave_rows_and_their_repetitions_a_count() {
    let app = TestApp::start().await;
    let analyst = app.person(Role::Analyst).await;
    let (key, name) = app.key("alpha", "events", None).await;
    let begin = last(&app).await;
    let refused = async || {
        assert_eq!(analyst.post("/connect", &[("name", "siem")]).await.status, 403);
        let push = app.request(Method::POST, "/api/v1/metrics").bearer_auth(&key).json(&items([sample(1.0, &app.at(-MINUTE))]));
        assert_eq!(Answer::of(push).await.status, 403);
    };
    for _ in 0..3 {
        refused().await;
    }
    let object = format!("key {name}");
    let expected = [("denied", "/connect"), ("denied", object.as_str())];
    assert_eq!(said(&after(&app, begin).await), expected);
    app.app.clock.advance(MINUTE);
    audit::sum_up(&app.app, false).await;
    let rows = after(&app, begin).await;
    let mut summed = said(&rows)[2..].to_vec();
    summed.sort_unstable();
    assert_eq!(summed, expected);
    for row in &rows[2..] {
        let detail: Value = serde_json::from_str(&row.detail).expect("JSON");
        assert!(detail["count"] == 2 && detail["first"].is_string() && detail["last"].is_string(), "{row:?}");
    }
    assert!(rows.iter().all(|r| r.org == Some(app.org("alpha"))));
    app.app.clock.advance(MINUTE);
    audit::sum_up(&app.app, false).await;
    assert_eq!(after(&app, begin).await.len(), rows.len(), "nothing was repeated");

    app.app.store.hub().revoke_key(app.org("alpha"), name.clone(), app.now()).await.expect("revoked");
    app.app.clock.advance(5 * SECOND);
    let begin = last(&app).await;
    for _ in 0..3 {
        assert_eq!(Answer::of(app.request(Method::GET, "/api/v1/whoami").bearer_auth(&key)).await.status, 401);
    }
    let rows = after(&app, begin).await;
    assert_eq!((said(&rows), rows[0].detail.as_str()), (vec![("denied", object.as_str())], r#"{"key":"revoked"}"#));
}

/// Whatever strangers do, what concerns an organisation has its row, and neither trail nor memory grows with what strangers do.
#[tokio::test]
async fn a_flood_of_strangers_hides_no_refusal() {
    let app = TestApp::start().await;
    let (analyst, partner) = (app.person(Role::Analyst).await, app.partner("beta").await);
    let (narrow, name) = app.key("alpha", "events", None).await;
    let begin = last(&app).await;
    // All within a minute, however long it takes.
    app.app.clock.hold();
    let address = Some([198, 51, 100, 7].into());
    for n in 0..10_400 {
        audit::sign_in_throttled(&app.app, &format!("nobody{n}@example.org"), address).await;
        audit::sign_in_throttled(&app.app, "nobody@example.org", address).await;
        audit::key_unknown(&app.app, Some([198, 51, (n / 250) as u8, (n % 250) as u8].into())).await;
    }
    let flooded = after(&app, begin).await;
    assert!(flooded.len() < 150, "{}", flooded.len());
    let metrics = items([sample(1.0, &app.at(-MINUTE))]);
    assert_eq!(Answer::of(app.request(Method::POST, "/api/v1/metrics").bearer_auth(&narrow).json(&metrics)).await.status, 403);
    assert_eq!(analyst.post("/connect", &[("name", "siem")]).await.status, 403);
    sign_in(&app, &analyst.email, "wrong").await;
    audit::sign_in_throttled(&app.app, &analyst.email, address).await;
    assert_eq!(Answer::of(app.request(Method::GET, "/api/v1/alliance-key").bearer_auth(&narrow)).await.status, 403);
    let rows = after(&app, flooded.last().expect("rows").no).await;
    let (key, user) = (format!("key {name}"), format!("user {}", analyst.id));
    assert_eq!(said(&rows), [("denied", key.as_str()), ("denied", "/connect"), ("signin.failed", &user), ("signin.throttled", &user), ("denied", &key)]);
    // The flood itself is counted, every single one.
    assert_eq!(app.audited("signin.throttled").await, 2 * 10_400 + 1);
    assert_eq!(app.audited("denied").await, 10_400 + 3);
    assert!(after(&app, begin).await.len() < 300);
    assert_eq!(partner.push("metrics", &metrics).await["status"], "complete");
}

/// Files are read by GET, as often as somebody likes.
#[tokio::test]
async fn who_takes_a_file_again_and_again_is_counted() {
    let app = TestApp::start().await;
    let (analyst, other) = (app.person(Role::Analyst).await, app.person_of("beta", Role::Analyst).await);
    app.app.clock.hold();
    let begin = last(&app).await;
    for _ in 0..200 {
        assert_eq!(analyst.get("/csv/orgs").await.status, 200);
    }
    other.get("/csv/orgs").await;
    analyst.get("/csv/incidents").await;
    let rows = after(&app, begin).await;
    assert_eq!(
        said(&rows),
        [("exported", "organisations.csv"), ("exported", "organisations.csv"), ("exported", "incidents.csv")],
        "others' and others still have theirs"
    );
    app.app.clock.advance(MINUTE);
    audit::sum_up(&app.app, false).await;
    let rows = after(&app, rows.last().expect("rows").no).await;
    assert_eq!((rows.len(), rows[0].actor.user), (1, Some(analyst.id)));
    let detail: Value = serde_json::from_str(&rows[0].detail).expect("JSON");
    assert!(detail["count"] == 199 && detail["rows"].is_number(), "{detail}");
    assert_eq!(app.audited("exported").await, 202);
}

/// A right password is no way to fill the trail, either.
#[tokio::test]
async fn who_signs_in_again_and_again_waits() {
    let app = TestApp::start_with(Setup { quotas: Quotas { changes_per_minute: 3, ..Quotas::default() }, ..Setup::default() }).await;
    let ((_, email), (_, other)) = (app.account("alpha", Role::Analyst).await, app.account("alpha", Role::Analyst).await);
    app.app.clock.hold();
    for there in ["/", "/", "/", "/signin?error=throttled", "/signin?error=throttled"] {
        assert_eq!(sign_in(&app, &email, PASSWORD).await.header("location"), there);
    }
    assert_eq!(sign_in(&app, &other, PASSWORD).await.header("location"), "/");
    assert_eq!((app.audited("session.started").await, app.audited("signin.throttled").await), (4, 2));
    app.app.clock.advance(MINUTE);
    assert_eq!(sign_in(&app, &email, PASSWORD).await.header("location"), "/");
}

#[tokio::test]
async fn failed_sign_ins_are_counted_and_told_apart_by_account() {
    let app = TestApp::start().await;
    let (analyst, other) = (app.person(Role::Analyst).await, app.person_of("beta", Role::Analyst).await);
    let begin = last(&app).await;
    for person in [&analyst, &other] {
        for _ in 0..8 {
            sign_in(&app, &person.email, "wrong").await;
        }
    }
    let rows = after(&app, begin).await;
    let (first, second) = (format!("user {}", analyst.id), format!("user {}", other.id));
    let expected = [("signin.failed", &first), ("signin.throttled", &first), ("signin.failed", &second), ("signin.throttled", &second)];
    assert_eq!(said(&rows), expected.map(|(action, object)| (action, object.as_str())));
    assert_eq!((app.audited("signin.failed").await, app.audited("signin.throttled").await), (10, 6));
}

#[tokio::test]
async fn an_administrator_reads_what_concerns_the_own_organisation() {
    let app = TestApp::start().await;
    let (own, other) = (app.person_of("alpha", Role::OrgAdmin).await, app.person_of("beta", Role::OrgAdmin).await);
    own.post("/connect", &[("name", "canary-key")]).await;
    let own_text = own.get("/admin/audit.jsonl").await.text();
    let lines: Vec<Value> = own_text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    assert!(lines.iter().any(|line| line["object"] == "key canary-key" && line["organisation"] == "alpha"), "{lines:?}");
    assert!(lines.iter().all(|line| line["no"].is_null()), "a row's number counts what everybody does");
    // Two neighbouring rows of one's own: a hash would tell the number of the second, by trying all.
    let rows = after(&app, 0).await;
    let hashes: Vec<_> = rows.iter().map(|row| audit::hex(&row.hash)).collect();
    assert!(lines.iter().all(|line| line["hash"].is_null()) && hashes.iter().all(|hash| !own_text.contains(hash)), "nor is it found by the hashes");
    assert!(lines.is_sorted_by(|a, b| a["at"].as_str() >= b["at"].as_str()), "newest first");
    let theirs = other.get("/admin/audit.jsonl").await;
    assert_eq!((theirs.status, theirs.header("content-type")), (200, "application/x-ndjson"));
    assert!(!theirs.text().contains("canary-key") && theirs.text().contains(&format!("user {}", other.id)), "{}", theirs.text());
    assert!(!theirs.text().contains(&format!("user {}\"", own.id)));
    assert!(own.page("/admin/audit").await.contains("canary-key") && !other.page("/admin/audit").await.contains("canary-key"));
    // An own organisation's row by a name that a foreign one has: still not theirs.
    assert!(!other.get("/admin/audit.jsonl?org=alpha").await.text().contains("canary-key"), "a filter widens nothing");
    assert!(!other.page("/admin/audit?org=alpha").await.contains("canary-key"));
    for role in Role::ALL.into_iter().filter(|role| !role.reads_audit()) {
        let person = app.person(role).await;
        assert_eq!((person.get("/admin/audit.jsonl").await.status, person.get("/admin/audit").await.status), (403, 403), "{role}");
    }
}

#[tokio::test]
async fn an_auditor_reads_the_whole_trail_and_narrows_it() {
    let app = TestApp::start().await;
    let (own, other) = (app.person_of("alpha", Role::OrgAdmin).await, app.person_of("beta", Role::OrgAdmin).await);
    own.post("/connect", &[("name", "a_siem")]).await;
    other.post("/connect", &[("name", "axsiem")]).await;
    let auditor = app.person_of("gamma", Role::Auditor).await;
    let objects = async |query: &str| {
        let text = auditor.get(&format!("/admin/audit.jsonl{query}")).await.text();
        let object = |line: &str| serde_json::from_str::<Value>(line).expect("JSON")["object"].as_str().expect("an object").to_owned();
        text.lines().map(object).collect::<Vec<_>>()
    };
    assert_eq!(objects("?kind=key.").await, ["key axsiem", "key a_siem"]);
    assert_eq!(objects("?kind=key.&org=alpha").await, ["key a_siem"]);
    assert_eq!(objects("?q=A_SIEM").await, ["key a_siem"], "what is typed stands for itself");
    assert!(objects("?kind=%25").await.is_empty());
    let page = auditor.page("/admin/audit").await;
    assert!(page.contains("key a_siem") && page.contains("key axsiem") && page.contains("Audit trail of the alliance"));
    assert_eq!(auditor.get("/admin/audit?org=nowhere").await.status, 404);
    let rows = after(&app, 0).await;
    assert!(rows.iter().any(|r| r.action == "exported" && r.object == "audit.jsonl"), "taking it away is a row itself");
    assert_eq!(app.audited("exported").await, 4, "or counted in one");
    // Who reads all can check the chain, from what the file says.
    let text = auditor.get("/admin/audit.jsonl").await.text();
    assert_eq!(chain_of(&text), text.lines().count());
    assert!(!text.contains("salt"), "the file helps nobody to guess what is erased later");
    // Row by row over pages: nothing twice, nothing left out.
    for n in 0..120 {
        app.app.store.hub().revoke_key(app.org("alpha"), format!("none {n}"), app.now()).await.expect("nothing to revoke");
        app.key("alpha", "metrics", None).await;
    }
    let (mut cursor, mut seen) = (String::new(), 0);
    loop {
        let page = auditor.page(&format!("/admin/audit?kind=key.created&cursor={cursor}")).await;
        seen += page.matches("<code>key.created</code>").count();
        let Some(link) = page.split("Next page").next().filter(|rest| rest.len() < page.len()) else { break };
        cursor = link.rsplit("cursor=").next().expect("a cursor").split(['"', '&']).next().unwrap_or_default().to_owned();
    }
    assert_eq!(seen, 122);
}

/// Follows the hashes of a file of the whole trail from its oldest line, the last one; says how many there are.
fn chain_of(file: &str) -> usize {
    let (mut before, mut rows) = (audit::hex(&[0; 32]), 0);
    let bytes = |hex: &str| (0..32).map(|i| u8::from_str_radix(&hex[2 * i..2 * i + 2], 16).expect("hex")).collect::<Vec<_>>();
    for line in file.lines().rev() {
        let line: Value = serde_json::from_str(line).expect("JSON");
        let text = |name: &str| line[name].as_str().unwrap_or_else(|| panic!("{name} of {line}"));
        rows += 1;
        assert_eq!(line["no"], rows);
        let mut hash = Sha256::new();
        hash.update("shieldwall audit row\n");
        hash.update(bytes(&before));
        hash.update((rows as i64).to_be_bytes());
        hash.update(Timestamp::parse(text("at")).expect("a moment").0.to_be_bytes());
        hash.update(bytes(text("digest")));
        let digest: [u8; 32] = hash.finalize().into();
        before = audit::hex(&digest);
        assert_eq!(line["hash"], before, "{line}");
    }
    rows
}

/// What the database's administrator does, who can: the contents of a row go, with their salt.
async fn erase(app: &TestApp, no: i64) {
    let erase = format!(
        "UPDATE audit SET actor_org = NULL, actor_user = NULL, action = '', org_id = NULL, object = '', detail = '', salt = NULL, erased = TRUE WHERE no = {no}"
    );
    match KIND {
        Kind::Sqlite => {
            let mut conn = SqliteConnectOptions::from_str(&app.database).expect("an address").connect().await.expect("a second connection");
            sqlx::raw_sql(AssertSqlSafe(format!("DROP TRIGGER audit_update; {erase}"))).execute(&mut conn).await.expect("erased");
            conn.close().await.expect("closed");
        }
        Kind::Postgres => {
            let mut conn = PgConnection::connect(&app.database).await.expect("a second connection");
            let sql = format!("ALTER TABLE audit DISABLE ROW LEVEL SECURITY; {erase}; ALTER TABLE audit ENABLE ROW LEVEL SECURITY");
            sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut conn).await.expect("erased");
            conn.close().await.expect("closed");
        }
    }
}

/// Whoever had a right to be forgotten is, and the trail is as whole as before.
#[tokio::test]
async fn an_erased_row_is_counted_and_says_nothing() {
    let app = TestApp::start().await;
    let own = app.person_of("alpha", Role::OrgAdmin).await;
    own.post("/connect", &[("name", "canary-key")]).await;
    let row = after(&app, 0).await.into_iter().find(|row| row.object == "key canary-key").expect("a row");
    erase(&app, row.no).await;
    let auditor = app.person_of("gamma", Role::Auditor).await;
    for reader in [&own, &auditor] {
        for path in ["/admin/audit", "/admin/audit.jsonl"] {
            let said = reader.get(path).await.text();
            assert!(!said.contains("canary-key"), "{path}: {said}");
        }
    }
    assert!(!own.get("/admin/audit.jsonl").await.text().contains("erased"), "whom it concerned is erased, too");
    let text = auditor.get("/admin/audit.jsonl").await.text();
    let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let erased: Vec<_> = lines.iter().filter(|line| line["erased"] == true).collect();
    let expected = json!({ "no": row.no, "at": row.at.rfc3339_micros(), "erased": true, "digest": audit::hex(&row.digest), "hash": audit::hex(&row.hash) });
    assert_eq!(erased, [&expected]);
    assert_eq!(chain_of(&text), lines.len(), "the chain goes over it");
    assert!(words(&auditor.page("/admin/audit").await).contains("The contents of this row were erased."));
    let found = app.app.store.hub().verify_audit(&Proofs::default()).await.expect("an unharmed trail");
    assert_eq!(found.erased, 1);
}

/// The file goes on for as long as the trail does, piece by piece.
#[tokio::test]
async fn the_file_of_a_long_trail_is_whole() {
    let app = TestApp::start().await;
    let own = app.person_of("alpha", Role::OrgAdmin).await;
    let (hub, org, rows) = (app.app.store.hub(), Some(app.org("alpha")), CHUNK + 10);
    for n in 0..rows {
        let (actor, action, object, detail) = (Actor::default(), Action::Denied, format!("row {n}"), json!({}));
        hub.audit(Entry { at: app.now(), actor, action, org, object, detail }).await.expect("a row");
    }
    let take = async |query: &str| {
        let file = own.get(&format!("/admin/audit.jsonl{query}")).await;
        assert_eq!(file.status, 200, "{query}: {}", file.text());
        file.text().lines().map(|line| serde_json::from_str::<Value>(line).expect("JSON")).collect::<Vec<_>>()
    };
    let whole = take("").await;
    assert!(whole.iter().all(|row| row["action"] != "exported"), "its own row came after it");
    let denied: Vec<_> = whole.iter().filter(|row| row["action"] == "denied").map(|row| row["object"].as_str().unwrap_or_default().to_owned()).collect();
    assert!(denied == (0..rows).rev().map(|n| format!("row {n}")).collect::<Vec<_>>(), "{} rows: {:?}", denied.len(), denied.first());
    // The oldest alone, behind all that do not say it.
    let oldest = take("?kind=denied&q=row+0").await;
    assert!(oldest.iter().all(|row| row["object"].as_str().is_some_and(|object| object.contains('0'))), "{oldest:?}");
    assert_eq!(oldest.last().map(|row| &row["object"]), Some(&json!("row 0")));
    // How many they are is said where it is known when the file begins.
    let exported = take("?kind=exported").await;
    let said: Vec<_> = exported.iter().map(|row| (&row["object"], row["detail"]["rows"].as_u64())).collect();
    assert_eq!(said, [(&json!("audit.jsonl"), Some(oldest.len() as u64)), (&json!("audit.jsonl"), None)]);
}

/// Rows name people, groups and organisations by number, and pages by name: what is looked for is what the reader is shown.
#[tokio::test]
async fn the_trail_is_searched_by_the_names_that_it_shows() {
    let app = TestApp::start().await;
    let (own, other) = (app.person_of("alpha", Role::OrgAdmin).await, app.person_of("beta", Role::OrgAdmin).await);
    let auditor = app.person_of("gamma", Role::Auditor).await;
    let (hub, alpha, now) = (app.app.store.hub(), app.org("alpha"), app.now());
    let user = hub.add_user(alpha, "l@alpha.example".into(), "Łucja Østergård".into(), Role::Analyst, None, now).await.expect("a user");
    let group = hub.add_group(alpha, "Große Übung".into(), false, now).await.expect("a group");
    own.post("/connect", &[("name", "a_siem")]).await;
    let narrowed = own.post("/admin/sharing", &[("class", "events"), ("audience", "org:beta"), ("level", "none")]).await;
    assert_eq!(narrowed.header("location"), "/admin/sharing?done=saved");
    let (user, group, rule) = (format!("user {user}"), format!("group {}", group.0), format!("events for organisation {}", app.org("beta").0));
    let cases: [(&str, &[&str]); 8] = [
        ("lucja", &[&user]),
        ("%C3%98STERGARD+%C5%81ucja", &[&user]),
        ("grosse+ubung", &[&group]),
        ("A_SIEM", &["key a_siem"]),
        ("key+a_s", &["key a_siem"]),
        ("beta+events", &[&rule]),
        ("lucja+siem", &[]),
        ("a.siem", &[]),
    ];
    for (typed, found) in cases {
        for reader in [&own, &auditor] {
            // Others' rows say the same words: of the address of who signs in, of another organisation.
            let text = reader.get(&format!("/admin/audit.jsonl?org=alpha&q={typed}")).await.text();
            let rows: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
            assert_eq!(rows.iter().map(|row| row["object"].as_str().unwrap_or_default()).collect::<Vec<_>>(), found, "{typed}");
            let page = reader.page(&format!("/admin/audit?org=alpha&q={typed}")).await;
            assert_eq!(page.matches("class=\"audit-object\"").count(), found.len(), "{typed}: {page}");
        }
    }
    let page = words(&own.page("/admin/audit?q=beta+events").await);
    assert!(page.contains("events for BETA Works"), "{page}");
    assert!(words(&own.page("/admin/audit?q=ubung").await).contains("group “Große Übung”"));
    // Nobody finds by a name what they are not shown under it.
    for typed in ["lucja", "ubung", "a_siem"] {
        assert_eq!(other.get(&format!("/admin/audit.jsonl?q={typed}")).await.text(), "", "{typed}");
        assert!(other.page(&format!("/admin/audit?q={typed}")).await.contains("The trail has no row like that."), "{typed}");
    }
    assert!(auditor.get("/admin/audit.jsonl?q=alpha+works").await.text().lines().count() > 3, "whom rows concern");
}

/// What is looked for goes on over pages: nothing twice, nothing left out.
#[tokio::test]
async fn a_search_of_the_trail_goes_on_over_pages() {
    let app = TestApp::start().await;
    let own = app.person_of("alpha", Role::OrgAdmin).await;
    let mut names = BTreeSet::new();
    for _ in 0..110 {
        names.insert(app.key("alpha", "metrics", None).await.1);
        app.key("beta", "metrics", None).await;
    }
    let (mut cursor, mut seen) = (String::new(), vec![]);
    loop {
        let page = own.page(&format!("/admin/audit?q=KEY-&cursor={cursor}")).await;
        seen.extend(page.split("audit-object\">key ").skip(1).filter_map(|rest| rest.split('<').next()).map(str::to_owned));
        let Some(link) = page.split("Next page").next().filter(|rest| rest.len() < page.len()) else { break };
        cursor = link.rsplit("cursor=").next().expect("a cursor").split(['"', '&']).next().unwrap_or_default().to_owned();
    }
    assert_eq!(seen.len(), 110);
    assert_eq!(seen.into_iter().collect::<BTreeSet<_>>(), names);
}

#[tokio::test]
async fn receipts_name_the_newest_checkpoint_and_partners_can_keep_it() {
    let app = TestApp::start().await;
    let partner = app.partner("alpha").await;
    let ask = async || Answer::of(app.request(Method::GET, "/api/v1/audit/checkpoint").bearer_auth(&partner.key)).await;
    let push = async |n: i64| partner.push("metrics", &items([sample(90.0, &app.at(-n * MINUTE))])).await;
    let receipt = push(1).await;
    assert!(receipt.get("audit_checkpoint").is_none(), "{receipt}");
    audit::checkpoint(&app.app).await.expect("nothing to do without a key");
    assert_eq!(ask().await.status, 404);

    // The beginning of five minutes, so that none end meanwhile.
    app.app.clock.advance(EVERY - app.now().0.rem_euclid(EVERY));
    app.app.audit.sign_with(Signer::new(&[3; 32]));
    audit::checkpoint(&app.app).await.expect("a checkpoint");
    let first = ask().await.text();
    let (receipt, said): (_, Value) = (push(2).await, serde_json::from_str(&first).expect("JSON"));
    let named = |value: &Value| (value["hash"].clone(), value["at"].as_str().map(|at| at[..16].to_owned()));
    assert_eq!(named(&receipt["audit_checkpoint"]), named(&said));
    let mut fields: Vec<_> = said.as_object().expect("an object").keys().cloned().collect();
    fields.sort();
    assert_eq!(
        (fields.as_slice(), receipt["audit_checkpoint"].as_object().map(|o| o.len())),
        (["at", "hash", "public_key", "signature"].map(String::from).as_slice(), Some(2))
    );

    // What others do moves nothing, and that nothing was done holds nothing up.
    app.person_of("beta", Role::Analyst).await;
    audit::checkpoint(&app.app).await.expect("a checkpoint");
    assert_eq!((ask().await.text(), &push(3).await["audit_checkpoint"]), (first.clone(), &receipt["audit_checkpoint"]));
    app.app.clock.advance(EVERY);
    audit::checkpoint(&app.app).await.expect("a checkpoint");
    app.app.clock.advance(EVERY);
    audit::checkpoint(&app.app).await.expect("a checkpoint");
    let later = ask().await.json();
    assert!(later["hash"] != said["hash"] && later["at"].as_str() > said["at"].as_str());
    let kept = [first, receipt.to_string(), later.to_string()].map(|text| audit::kept(&text).expect("readable"));
    let key = store::audit::fingerprint(&Signer::new(&[3; 32]).public_key());
    app.app.store.hub().verify_audit(&Proofs { key: Some(key), kept: kept.to_vec() }).await.expect("the witnesses agree");
}

/// Whoever keeps a checkpoint is a witness: each organisation hears of itself, those who answer for the trail of all.
#[tokio::test]
async fn the_status_page_shows_the_key_and_who_took_a_checkpoint() {
    let app = TestApp::start().await;
    let partner = app.partner("alpha").await;
    app.app.audit.sign_with(Signer::new(&[3; 32]));
    audit::checkpoint(&app.app).await.expect("a checkpoint");
    let key = Signer::new(&[3; 32]).public_key();
    let named = partner.get("whoami").await.json()["audit_key"].clone();
    assert_eq!(named, json!({ "public_key": audit::public_key(&key), "fingerprint": audit::fingerprint(&key) }));
    let (own, other) = (app.person_of("alpha", Role::OrgAdmin).await, app.person_of("beta", Role::OrgAdmin).await);
    let (own_before, other_before) = (own.page("/status").await, other.page("/status").await);
    assert!(own_before.contains(&audit::fingerprint(&key)) && own_before.contains(&audit::public_key(&key)));
    let says = |page: &str| page.split("Your organisation last took one").nth(1).map(|rest| rest.chars().take(60).collect::<String>()).expect("a line");
    assert!(says(&own_before).contains("never") && says(&other_before).contains("never"));
    assert_eq!(partner.get("audit/checkpoint").await.status, 200);
    assert!(!says(&own.page("/status").await).contains("never"));
    assert!(says(&other.page("/status").await).contains("never"), "who took one is told to nobody else");
    for role in Role::ALL {
        let page = app.person_of("gamma", role).await.page("/status").await;
        assert_eq!(page.contains("Last took a checkpoint"), [Role::Steward, Role::Auditor].contains(&role), "{role}");
    }
}

/// Whoever can only write to the database gets nothing signed of what they made of the trail.
#[tokio::test]
async fn a_hub_signs_no_trail_that_is_not_the_one_it_signed_before() {
    let app = TestApp::start().await;
    let (person, folder) = (app.person(Role::Analyst).await, tempfile::tempdir().expect("a folder"));
    let (key, here) = (folder.path().join("hub.signing-key"), "sqlite://hub.db");
    app.app.audit.open_with(&app.app.store, &key, here).await.expect("a key");
    audit::checkpoint(&app.app).await.expect("a checkpoint");
    let newest = app.app.store.hub().checkpoint().await.expect("the database").expect("a checkpoint");
    assert_eq!(audit::memory::read(&key, here).expect("a file").map(|last| (last.number, last.hash)), Some((1, newest.hash)));
    assert!(person.page("/status").await.contains("The hub works"));
    // Another hub's memory, which this database does not go on from; as of one that starts on a trail that was made anew.
    let other = store::audit::Remembered { number: 1, hash: [9; 32] };
    audit::memory::write(&key, here, other).expect("written");
    app.app.audit.open_with(&app.app.store, &key, here).await.expect("it starts all the same");
    app.app.clock.advance(EVERY);
    let said = audit::checkpoint(&app.app).await.expect_err("nothing is signed").to_string();
    assert!(said.contains("checkpoint 1, the last one that this hub signed or saw, is not in the trail any more"), "{said}");
    assert_eq!(app.app.store.hub().checkpoint().await.expect("the database"), Some(newest));
    let page = person.page("/status").await;
    assert!(page.contains("The hub has trouble: Audit trail") && page.contains("is not what this hub signed before"), "{page}");
    assert!(audit::memory::forget(&key).expect("forgotten"));
    app.app.audit.open_with(&app.app.store, &key, here).await.expect("the operator says that it was restored");
    audit::checkpoint(&app.app).await.expect("a checkpoint");
    assert!(person.page("/status").await.contains("The hub works"));
}
