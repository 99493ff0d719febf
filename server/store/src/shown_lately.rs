//! States of records that ended a short while ago, so that nothing that stood for a moment passes for what was shown last.
//!
//! A record that is hidden counts on as it was last shown. Somebody who closes it for everyone to see, and hides it open a second later, would otherwise have
//! shown nobody that it was closed. So a state is kept for [`STANDS`] after its end, with its marking; what was hidden and is shown again likewise
//! counts as shown only after as long.

use crate::{
    StoreError,
    db::{Conn, Rows, execute, on_conn},
    shown_before::{Change, Counting, Marking, json},
};
use domain::{DataClass, MINUTE, OrgId, Timestamp, Tlp};
use std::collections::HashMap;
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

/// Keeps until when records were shown as they were, in place of what was kept of them before: whoever is not shown one any more since then was told apart then.
pub(crate) async fn keep(conn: &mut Conn, owner: OrgId, class: DataClass, until: Until, states: &[Ended], at: Timestamp) -> Result<(), StoreError> {
    const KEEP: &str = "INSERT INTO shown_lately (record_id, critical, org_id, class, until, tlp, recipients, received_at, opened_at) \
                        SELECT v.id, v.critical, v.org, v.class, v.until, v.tlp, v.recipients, v.received_at, v.opened_at FROM v WHERE TRUE \
                        ON CONFLICT (org_id, record_id, critical) DO UPDATE SET until = excluded.until, tlp = excluded.tlp, \
                        recipients = excluded.recipients, received_at = excluded.received_at, opened_at = excluded.opened_at";
    let was_shown = |marking: &Marking| marking.tlp.reaches_everyone() || marking.tlp == Tlp::Amber || !marking.recipients.is_empty();
    let named = |state: &Ended| json(&state.marking.recipients.iter().map(|org| org.0).collect::<Vec<_>>());
    let shown = states.iter().filter(|state| was_shown(&state.marking)).map(|state| Ok((state, named(state)?)));
    let shown: Vec<(&Ended, String)> = shown.collect::<Result<_, StoreError>>()?;
    Rows::of(&shown)
        .with("id", |(state, _)| state.id)
        .with("critical", |_| until.code())
        .with("org", |_| owner.0)
        .with("class", |_| class.name())
        .with("until", |_| at.0)
        .with("tlp", |(state, _)| state.marking.tlp.code())
        .with("recipients", |(_, recipients)| recipients.as_str())
        .with("received_at", |(state, _)| state.marking.received_at.0)
        .with("opened_at", |(state, _)| state.opened_at.0)
        .execute(conn, KEEP)
        .await
}

/// How some records of an organisation were shown until a short while ago, those that were.
pub(crate) async fn of(conn: &mut Conn, owner: OrgId, records: &[Uuid], until: Until, at: Timestamp) -> Result<HashMap<Uuid, Ended>, StoreError> {
    const OF: &str = "SELECT s.record_id, s.tlp, s.recipients, s.received_at, s.opened_at FROM v CROSS JOIN shown_lately s \
                      WHERE s.org_id = v.org AND s.record_id = v.id AND s.critical = v.critical AND s.until > v.since";
    let rows = Rows::of(records).with("org", |_| owner.0).with("id", |id| *id).with("critical", |_| until.code()).with("since", |_| at.0 - STANDS);
    let rows: Vec<Row> = rows.fetch(conn, OF).await?;
    rows.into_iter().map(|row| ended(row).map(|state| (state.id, state))).collect()
}

/// All that an organisation's records of a class were until a short while ago.
pub(crate) async fn all(conn: &mut Conn, owner: OrgId, class: DataClass, until: Until, at: Timestamp) -> Result<Vec<Ended>, StoreError> {
    const ALL: &str = "SELECT record_id, tlp, recipients, received_at, opened_at FROM shown_lately \
                       WHERE org_id = $1 AND class = $2 AND critical = $3 AND until > $4 ORDER BY opened_at, record_id";
    let rows: Vec<Row> = on_conn!(conn, c => {
        sqlx::query_as(ALL).bind(owner.0).bind(class.name()).bind(until.code()).bind(at.0 - STANDS).fetch_all(&mut *c).await
    })?;
    rows.into_iter().map(ended).collect()
}

/// Writes down by name who was shown what ended lately, before the rules change: who comes to see more was not shown that.
pub(crate) async fn rules_changed(conn: &mut Conn, change: &Change, others: &[i64], at: Timestamp) -> Result<(), StoreError> {
    const NAME: &str = "UPDATE shown_lately SET tlp = $3, recipients = $4 WHERE org_id = $5 AND record_id = $1 AND critical = $2";
    for (class, before) in &change.records {
        for until in [Until::Counted, Until::Critical] {
            for state in all(conn, OrgId(change.owner), *class, until, at).await? {
                let named = json(&shown_to(others, before, &state.marking))?;
                execute!(conn, c => {
                    sqlx::query(NAME).bind(state.id).bind(until.code()).bind(Tlp::Red.code()).bind(&named).bind(change.owner).execute(&mut *c).await
                })?;
            }
        }
    }
    Ok(())
}

fn shown_to(others: &[i64], counting: &Counting, marking: &Marking) -> Vec<i64> {
    others.iter().copied().filter(|viewer| counting.counts(*viewer, marking)).collect()
}
