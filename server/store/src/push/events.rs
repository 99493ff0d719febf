//! Events, by external id. Repeating one changes nothing; pushing it again with other content or another marking replaces it.

use super::{EventItem, Mode, Push, record, same::Said};
use crate::{
    StoreError,
    db::{Conn, execute, on_conn},
    record_id,
    shown_before::Marking,
    shown_lately::{self, Ended, Until},
    withdrawn_records::{Remarks, State, marking},
    words,
};
use domain::{DataClass, OrgId, Timestamp};
use uuid::Uuid;

/// What is known of an event that comes again.
#[derive(sqlx::FromRow)]
struct Stored {
    id: Uuid,
    kind: String,
    title: String,
    severity: i64,
    tlp: i64,
    observed_at: i64,
    incident: Option<String>,
    receipt_no: i64,
    raw: String,
    received_at: i64,
    heard_at: i64,
    withdrawn_at: Option<i64>,
}

impl Stored {
    /// Whether an item says of the event what is known of it.
    fn says(&self, named: &[OrgId], item: &EventItem) -> bool {
        /// Fields compared through their columns.
        const COLUMNS: [&str; 7] = ["external_id", "kind", "title", "severity", "tlp", "observed_at", "incident"];
        let known = (self.kind.as_str(), self.title.as_str(), self.severity, self.tlp, self.observed_at, self.incident.as_deref());
        let said = (item.kind.as_str(), item.title.as_str(), item.severity.code(), item.tlp.code(), item.observed_at.0, item.incident.as_deref());
        let said = Said { columns: said, named: &item.recipients, raw: &item.raw };
        Said { columns: known, named, raw: &self.raw }.is_same(&said, &COLUMNS)
    }
}

pub(crate) async fn apply(
    conn: &mut Conn,
    push: &Push,
    receipt: i64,
    items: &[EventItem],
    reach: &mut record::Reach,
    left_out: &mut Vec<String>,
) -> Result<(), StoreError> {
    const FIND: &str = "SELECT id, kind, title, severity, tlp, observed_at, incident, receipt_no, raw, received_at, heard_at, withdrawn_at FROM events \
                        WHERE org_id = $1 AND external_id = $2";
    const HEAR: &str = "UPDATE events SET heard_at = CASE WHEN heard_at > $2 THEN heard_at ELSE $2 END WHERE id = $1";
    const WRITE: &str = "INSERT INTO events (id, org_id, external_id, kind, title, severity, tlp, observed_at, incident, receipt_no, raw, received_at, heard_at, words) \
                         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14) ON CONFLICT (org_id, external_id) DO UPDATE SET kind = excluded.kind, \
                         title = excluded.title, severity = excluded.severity, tlp = excluded.tlp, observed_at = excluded.observed_at, \
                         incident = excluded.incident, receipt_no = excluded.receipt_no, raw = excluded.raw, heard_at = excluded.heard_at, words = excluded.words, withdrawn_at = NULL";
    let mut remarks = Remarks::new(push.org, DataClass::Events);
    for item in items {
        let stored: Option<Stored> = on_conn!(conn, c => sqlx::query_as(FIND).bind(push.org.0).bind(&item.external_id).fetch_optional(&mut *c).await)?;
        if push.mode == Mode::Snapshot && stored.as_ref().is_some_and(|old| old.heard_at > push.moment().0) {
            // A push that came after the snapshot was taken knew more.
            continue;
        }
        let received_at = stored.as_ref().map_or(push.received_at, |old| Timestamp(old.received_at));
        let (mut receipt, mut raw) = (receipt, &item.raw);
        if let Some(old) = &stored {
            let (before, counted) = (marking(conn, old.id, old.tlp, old.received_at).await?, old.withdrawn_at.is_none());
            let known = old.says(&before.recipients, item);
            if known && counted {
                execute!(conn, c => sqlx::query(HEAR).bind(old.id).bind(push.moment().0).execute(&mut *c).await)?;
                continue;
            }
            if known {
                // Keep the payload as the organisation first spelled it: the push only says that the event stands again.
                (receipt, raw) = (old.receipt_no, &old.raw);
            }
            // Those who could see it before learn that it changed, even if they cannot see it any more.
            reach.record(before.tlp, &before.recipients, received_at);
            let after = Marking { tlp: item.tlp, recipients: item.recipients.clone(), received_at };
            remarks.changed(old.id, State { marking: before, counted }, State { marking: after, counted: true });
        }
        reach.record(item.tlp, &item.recipients, received_at);
        let id = stored.as_ref().map_or_else(|| record_id(push.received_at), |old| old.id);
        if stored.is_none() {
            remarks.added(id);
        }
        execute!(conn, c => {
            sqlx::query(WRITE)
                .bind(id)
                .bind(push.org.0)
                .bind(&item.external_id)
                .bind(&item.kind)
                .bind(&item.title)
                .bind(item.severity.code())
                .bind(item.tlp.code())
                .bind(item.observed_at.0)
                .bind(&item.incident)
                .bind(receipt)
                .bind(raw)
                .bind(push.received_at.0)
                .bind(push.moment().0)
                .bind(words::of_record(&item.title, &item.external_id))
                .execute(&mut *c)
                .await
        })?;
        record::recipients(conn, id, &item.recipients, stored.is_some()).await?;
    }
    remarks.keep(conn, push.received_at).await?;
    if push.mode == Mode::Snapshot {
        const NAMES: &str = "SELECT id, external_id, tlp, received_at FROM events WHERE org_id = $1 AND withdrawn_at IS NULL AND heard_at <= $2";
        const WITHDRAW: &str = "UPDATE events SET withdrawn_at = $2, heard_at = $2 WHERE id = $1";
        // Only what the snapshot could know of: a late one does not touch what came after it was taken.
        let taken = push.moment();
        let named: std::collections::HashSet<&str> = items.iter().map(|i| i.external_id.as_str()).collect();
        let all: Vec<(Uuid, String, i64, i64)> = on_conn!(conn, c => sqlx::query_as(NAMES).bind(push.org.0).bind(taken.0).fetch_all(&mut *c).await)?;
        for (id, name, tlp, received_at) in all.iter().filter(|(_, name, ..)| !named.contains(name.as_str())) {
            let marking = marking(conn, *id, *tlp, *received_at).await?;
            reach.record(marking.tlp, &marking.recipients, marking.received_at);
            let ended = Ended { id: *id, marking, opened_at: push.received_at };
            shown_lately::keep(conn, push.org, DataClass::Events, Until::Counted, &ended, push.received_at).await?;
            execute!(conn, c => sqlx::query(WITHDRAW).bind(*id).bind(taken.0).execute(&mut *c).await)?;
            left_out.push(name.clone());
        }
    }
    Ok(())
}
