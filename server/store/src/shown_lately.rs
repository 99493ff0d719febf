//! States of records that ended a short while ago, so that nothing that stood for a moment passes for what was shown last.
//!
//! A record that is hidden counts on as it was last shown. Somebody who closes it for everyone to see, and hides it open a second later, would otherwise have
//! shown nobody that it was closed. So a state is kept for [`STANDS`] after its end, with its marking; what was hidden and is shown again likewise
//! counts as shown only after as long.

use crate::{
    StoreError,
    db::{Conn, execute, on_conn},
    shown_before::{Change, Counting, Marking, json},
};
use domain::{DataClass, MINUTE, OrgId, Timestamp, Tlp};
use uuid::Uuid;

/// How long a state stands, in microseconds, until it is the one that was shown last.
pub(crate) const STANDS: i64 = 15 * MINUTE;

/// What a record was until lately.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Until {
    /// An open incident, an event that stands, or an active indicator.
    Counted,
    /// An open critical incident.
    Critical,
}

impl Until {
    const fn code(self) -> i64 {
        match self {
            Self::Counted => 0,
            Self::Critical => 1,
        }
    }
}

/// A state that ended.
pub(crate) struct Ended {
    pub id: Uuid,
    pub marking: Marking,
    pub opened_at: Timestamp,
}

type Row = (Uuid, i64, String, i64, i64);

fn ended((id, tlp, recipients, received_at, opened_at): Row) -> Result<Ended, StoreError> {
    let recipients: Vec<i64> = serde_json::from_str(&recipients).map_err(|_| StoreError::Internal("shown_lately: recipients".into()))?;
    let marking = Marking { tlp: Tlp::from_code(tlp), recipients: recipients.into_iter().map(OrgId).collect(), received_at: Timestamp(received_at) };
    Ok(Ended { id, marking, opened_at: Timestamp(opened_at) })
}

/// Keeps until when a record was shown as it was, in place of what was kept of it before: whoever is not shown it any more since then was told apart then.
pub(crate) async fn keep(conn: &mut Conn, owner: OrgId, class: DataClass, until: Until, state: &Ended, at: Timestamp) -> Result<(), StoreError> {
    const KEEP: &str = "INSERT INTO shown_lately (record_id, critical, org_id, class, until, tlp, recipients, received_at, opened_at) \
                        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT (record_id, critical) DO UPDATE SET until = excluded.until, tlp = excluded.tlp, \
                        recipients = excluded.recipients, received_at = excluded.received_at, opened_at = excluded.opened_at";
    let marking = &state.marking;
    if !marking.tlp.reaches_everyone() && marking.tlp != Tlp::Amber && marking.recipients.is_empty() {
        return Ok(());
    }
    let recipients = json(&marking.recipients.iter().map(|org| org.0).collect::<Vec<_>>())?;
    execute!(conn, c => {
        let keep = sqlx::query(KEEP).bind(state.id).bind(until.code()).bind(owner.0).bind(class.code()).bind(at.0).bind(marking.tlp.code());
        keep.bind(recipients).bind(marking.received_at.0).bind(state.opened_at.0).execute(&mut *c).await
    })?;
    Ok(())
}

/// How a record was shown until a short while ago, where it was.
pub(crate) async fn of(conn: &mut Conn, id: Uuid, until: Until, at: Timestamp) -> Result<Option<Ended>, StoreError> {
    const OF: &str = "SELECT record_id, tlp, recipients, received_at, opened_at FROM shown_lately WHERE record_id = $1 AND critical = $2 AND until > $3";
    let row: Option<Row> = on_conn!(conn, c => sqlx::query_as(OF).bind(id).bind(until.code()).bind(at.0 - STANDS).fetch_optional(&mut *c).await)?;
    row.map(ended).transpose()
}

/// All that an organisation's records of a class were until a short while ago.
pub(crate) async fn all(conn: &mut Conn, owner: OrgId, class: DataClass, until: Until, at: Timestamp) -> Result<Vec<Ended>, StoreError> {
    const ALL: &str = "SELECT record_id, tlp, recipients, received_at, opened_at FROM shown_lately \
                       WHERE org_id = $1 AND class = $2 AND critical = $3 AND until > $4 ORDER BY opened_at, record_id";
    let rows: Vec<Row> = on_conn!(conn, c => {
        sqlx::query_as(ALL).bind(owner.0).bind(class.code()).bind(until.code()).bind(at.0 - STANDS).fetch_all(&mut *c).await
    })?;
    rows.into_iter().map(ended).collect()
}

/// Writes down by name who was shown what ended lately, before the rules change: who comes to see more was not shown that.
pub(crate) async fn rules_changed(conn: &mut Conn, change: &Change, others: &[i64], at: Timestamp) -> Result<(), StoreError> {
    const NAME: &str = "UPDATE shown_lately SET tlp = $3, recipients = $4 WHERE record_id = $1 AND critical = $2";
    for (class, before) in &change.records {
        for until in [Until::Counted, Until::Critical] {
            for state in all(conn, OrgId(change.owner), *class, until, at).await? {
                let named = json(&shown_to(others, before, &state.marking))?;
                execute!(conn, c => {
                    sqlx::query(NAME).bind(state.id).bind(until.code()).bind(Tlp::Red.code()).bind(&named).execute(&mut *c).await
                })?;
            }
        }
    }
    Ok(())
}

fn shown_to(others: &[i64], counting: &Counting, marking: &Marking) -> Vec<i64> {
    others.iter().copied().filter(|viewer| counting.counts(*viewer, marking)).collect()
}
