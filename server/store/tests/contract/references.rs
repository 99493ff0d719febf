//! No organisation's row hangs on another's, and none on what is gone.

use super::support::{Fixture, NOW, incident, key, sample};
use domain::{DAY, IncidentStatus, Role, Severity, Tlp};
use sqlx::{AssertSqlSafe, Connection, PgConnection, SqliteConnection};
use store::{Items, Outcome, Push, Retention, What};

/// Executes SQL beside the store, as the hub may.
pub(super) async fn execute(f: &Fixture, sql: String) -> Result<(), sqlx::Error> {
    if f.database.url.starts_with("postgres") {
        let mut conn = PgConnection::connect(&f.database.url).await.unwrap();
        sqlx::raw_sql(AssertSqlSafe(format!("SET shieldwall.scope = 'hub'; {sql}"))).execute(&mut conn).await.map(drop)
    } else {
        let mut conn = SqliteConnection::connect(&f.database.url).await.unwrap();
        sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut conn).await.map(drop)
    }
}

on_both!(a_row_names_no_receipt_no_record_and_nobody_of_another_organisation);
async fn a_row_names_no_receipt_no_record_and_nobody_of_another_organisation(f: Fixture) {
    f.store.hub().add_user(f.orgs[0], "a@b.example".into(), "A".into(), Role::OrgAdmin, None, NOW).await.unwrap();
    f.send(0, Items::Incidents(vec![incident("i", Severity::Low, IncidentStatus::New, Tlp::Red, &[])])).await;
    let (mine, other) = (f.orgs[0].0, f.orgs[1].0);
    for (what, sql) in [
        ("payloads", "DELETE FROM payloads; INSERT INTO payloads (receipt_no, org_id, body) SELECT no, {org}, sha256 FROM receipts"),
        (
            "incident_revisions",
            "INSERT INTO incident_revisions (incident_id, revision, org_id, at, received_at, receipt_no, tlp, summary) SELECT id, 7, {org}, 0, 0, 1, 0, '' FROM incidents",
        ),
        ("remarked_incidents", "INSERT INTO remarked_incidents (org_id, incident_id, severity, opened_at) SELECT {org}, id, 0, 0 FROM incidents"),
        (
            "sharing_proposals",
            "INSERT INTO sharing_proposals (org_id, id, class, audience, audience_id, proposed_by, proposed_at, expires_at) \
             SELECT {org}, 7, 'events', 'everyone', 0, id, 0, 0 FROM users",
        ),
        ("policy_drafts", "INSERT INTO policy_drafts (org_id, user_id, body, changed_at) SELECT {org}, id, '', 0 FROM users"),
    ] {
        let refused = execute(&f, sql.replace("{org}", &other.to_string())).await.expect_err(what);
        assert!(refused.as_database_error().is_some_and(|e| e.is_foreign_key_violation()), "{what}: {refused}");
        execute(&f, sql.replace("{org}", &mine.to_string())).await.expect(what);
    }
}

on_both!(an_idempotency_key_goes_with_its_receipt_and_is_free_again);
async fn an_idempotency_key_goes_with_its_receipt_and_is_free_again(f: Fixture) {
    let push = || Push { total: 1, idempotency: Some(key("k", 1)), ..f.push(0, What::Metrics) };
    let items = || Items::Metrics(vec![sample("m", 1.0, NOW)]);
    let partner = f.store.partner(f.orgs[0]);
    assert!(matches!(partner.push(push(), items()).await.unwrap(), Outcome::Applied { .. }));
    assert!(matches!(partner.push(push(), items()).await.unwrap(), Outcome::Replayed(_)));
    let keep = Retention { receipts: 1, payloads: 1, ..Retention::default() };
    f.store.hub().retain(keep, NOW.plus(2 * DAY)).await.unwrap();
    assert!(matches!(partner.push(push(), items()).await.unwrap(), Outcome::Applied { .. }));
}
