//! What organisations were shown of each other and are no longer, so that hiding never looks better.
//!
//! A viewer's numbers go by what they are shown now and by what they were shown last. So where somebody shares less, it is kept what was shown until then: that
//! posture or incidents were shown, with the last score; and each critical incident that was open. An incident stays counted until the viewer is
//! shown it again, in whatever state: its owner ends that by showing them that it is closed, never by letting time pass. Nothing is kept of what somebody
//! was never shown, so that what is kept tells nothing about it; and nothing that happens while an incident is hidden changes what is kept. What was shown
//! for a moment only was not shown ([`shown_lately`]): a state that stood until then, and what was withdrawn until then, count as before.
//!
//! Only exceptions are kept: for each viewer at most [`MAX_WITHDRAWN`] incidents of an owner, and one row of a class and day for everyone. What is hidden
//! beyond these is kept as one incident that never returns: an owner who hides so many from somebody is no longer known to have none open.

use crate::{
    Hub, StoreError,
    db::{Conn, Rows, execute, on_conn, read},
    shown_lately::{self, Ended, STANDS, Until},
    viewer::{Flow, counted},
    withdrawn_records::{self, marking, more},
};
use domain::{DAY, DataClass, OrgId, Severity, Timestamp, Tlp};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use uuid::Uuid;

/// Critical incidents of one organisation that are remembered for one viewer: one caps its score, and three make a verdict.
const MAX_WITHDRAWN: i64 = 50;

/// A class of an organisation that was shown until a moment.
#[derive(Clone, Debug, PartialEq)]
pub struct ShownBefore {
    /// `None` for every organisation that was there then.
    pub viewer: Option<OrgId>,
    pub owner: OrgId,
    pub class: DataClass,
    pub until: Timestamp,
    /// What came earlier was not shown.
    pub since: Timestamp,
    /// Of posture: the last score that was shown, without the cap of critical incidents.
    pub score: Option<f64>,
    pub domains: [Option<f64>; 6],
}

/// A critical incident that was open when an organisation was last shown it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WithdrawnCritical {
    pub viewer: OrgId,
    pub owner: OrgId,
    pub opened_at: Timestamp,
    /// The day since which it is not shown.
    pub day: i64,
    /// The day on which it was shown again.
    pub returned_day: Option<i64>,
}

impl WithdrawnCritical {
    /// Whether it counts at the end of a day, although it is not shown.
    #[must_use]
    pub fn counts_on(&self, day: i64) -> bool {
        self.day <= day && self.returned_day.is_none_or(|returned| day < returned)
    }
}

impl Hub<'_> {
    /// What was shown before, by owner and moment, the oldest first.
    ///
    /// # Errors
    /// When the database fails or holds something that cannot be read.
    pub async fn shown_before(&self) -> Result<Vec<ShownBefore>, StoreError> {
        const ALL: &str = "SELECT viewer_id, org_id, class, at, since, score, domains FROM shown_before ORDER BY org_id, class, day, viewer_id";
        type Row = (i64, i64, String, i64, i64, Option<f64>, Option<String>);
        let rows: Vec<Row> = read!(self, c => sqlx::query_as(ALL).fetch_all(c).await)?;
        let bad = |what: &str| StoreError::Internal(format!("shown_before: {what}"));
        rows.into_iter()
            .map(|(viewer, owner, class, at, since, score, domains)| {
                Ok(ShownBefore {
                    viewer: (viewer != 0).then_some(OrgId(viewer)),
                    owner: OrgId(owner),
                    class: DataClass::named(&class).map_err(StoreError::Internal)?,
                    until: Timestamp(at),
                    since: Timestamp(since),
                    score,
                    domains: domains.map_or(Ok([None; 6]), |text| serde_json::from_str(&text)).map_err(|_| bad("domains"))?,
                })
            })
            .collect()
    }

    /// The critical incidents of some organisations that others were shown and are no longer.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn withdrawn_criticals(&self, owners: &[OrgId]) -> Result<Vec<WithdrawnCritical>, StoreError> {
        const OF: &str = "SELECT viewer_id, org_id, opened_at, day, returned_day FROM withdrawn_criticals \
                          WHERE org_id IN (SELECT value FROM json_each($1)) ORDER BY org_id, viewer_id, day, incident_id";
        let ids = json(&owners)?;
        let rows: Vec<(i64, i64, i64, i64, Option<i64>)> = read!(self, c => sqlx::query_as(OF).bind(&ids).fetch_all(c).await)?;
        Ok(rows
            .into_iter()
            .map(|(viewer, owner, opened_at, day, returned_day)| WithdrawnCritical {
                viewer: OrgId(viewer),
                owner: OrgId(owner),
                opened_at: Timestamp(opened_at),
                day,
                returned_day,
            })
            .collect())
    }

    /// Incidents opened and closed in `[from, to)`, in buckets of `step` microseconds from `from` on, that an organisation counted when it was last shown them and
    /// counts no longer: hidden by a rule, or marked for everyone before.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn incident_flow_before(&self, viewer: OrgId, from: Timestamp, to: Timestamp, step: i64) -> Result<Vec<Flow>, StoreError> {
        // Those that a rule hides, and those that were marked for everyone, as they stood then; with until when they were shown.
        const BEFORE: &str = concat!(
            "SELECT t.opened_at, t.closed_at, b.at FROM incidents t JOIN (SELECT s.org_id, max(s.at) AS at, min(s.since) AS since FROM shown_before s \
             JOIN organisations v ON v.id = $1 WHERE s.class = 'incidents' AND (s.viewer_id = $1 OR (s.viewer_id = 0 AND v.created_at < s.at)) GROUP BY s.org_id) b \
             ON b.org_id = t.org_id WHERE b.since <= t.received_at AND t.received_at <= b.at AND t.opened_at < $3 AND (t.opened_at >= $2 OR t.closed_at >= $2) \
             AND (t.tlp <= 1 OR EXISTS (SELECT 1 FROM recipients r WHERE r.org_id = t.org_id AND r.record_id = t.id AND r.recipient_id = $1)) \
             AND NOT EXISTS (SELECT 1 FROM remarked_incidents m WHERE m.org_id = t.org_id AND m.incident_id = t.id AND m.everyone_until IS NOT NULL) AND NOT ",
            counted!(incidents),
            " UNION ALL SELECT m.opened_at, m.closed_at, m.everyone_until FROM remarked_incidents m JOIN incidents t ON t.org_id = m.org_id AND t.id = m.incident_id \
             JOIN organisations v ON v.id = $1 WHERE m.org_id <> $1 AND v.created_at < m.everyone_until \
             AND m.opened_at < $3 AND (m.opened_at >= $2 OR m.closed_at >= $2) \
             AND (NOT EXISTS (SELECT 1 FROM withheld w WHERE w.viewer_id = $1 AND w.class = 'incidents' AND w.owner_id = t.org_id \
             AND (w.summary_since IS NULL OR w.summary_since > t.received_at)) OR EXISTS (SELECT 1 FROM shown_before s WHERE s.org_id = t.org_id \
             AND s.class = 'incidents' AND s.at >= m.everyone_until AND s.since <= t.received_at AND (s.viewer_id = $1 OR (s.viewer_id = 0 AND v.created_at < s.at)))) AND NOT ",
            counted!(incidents),
        );
        let step = step.max(DAY);
        let buckets = (to.since(from) + step - 1) / step;
        let mut flow = vec![Flow::default(); usize::try_from(buckets).unwrap_or(0)];
        let place = |at: i64| usize::try_from((at - from.0).div_euclid(step)).ok().filter(|_| at < to.0);
        let rows: Vec<(i64, Option<i64>, i64)> = read!(self, c => sqlx::query_as(BEFORE).bind(viewer.0).bind(from.0).bind(to.0).fetch_all(c).await)?;
        for (opened, closed, until) in rows {
            if let Some(slot) = place(opened).filter(|_| opened <= until).and_then(|place| flow.get_mut(place)) {
                slot.opened += 1;
            }
            if let Some(slot) = closed.filter(|closed| *closed <= until).and_then(place).and_then(|place| flow.get_mut(place)) {
                slot.closed += 1;
            }
        }
        Ok(flow)
    }

    /// When each organisation was added.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn joined(&self) -> Result<Vec<(OrgId, Timestamp)>, StoreError> {
        const JOINED: &str = "SELECT id, created_at FROM organisations";
        let rows: Vec<(i64, i64)> = read!(self, c => sqlx::query_as(JOINED).fetch_all(c).await)?;
        Ok(rows.into_iter().map(|(id, at)| (OrgId(id), Timestamp(at))).collect())
    }
}

pub(crate) fn json(value: &impl serde::Serialize) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(|e| StoreError::Internal(e.to_string()))
}

/// Every organisation but one.
pub(crate) async fn others(conn: &mut Conn, owner: OrgId) -> Result<Vec<i64>, StoreError> {
    const OTHERS: &str = "SELECT id FROM organisations WHERE id <> $1";
    Ok(on_conn!(conn, c => sqlx::query_scalar(OTHERS).bind(owner.0).fetch_all(&mut *c).await)?)
}

/// Since when each organisation may count the records of a class of one owner, and since when TLP:AMBER reaches it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counting {
    /// Of those to whom not everything is shown; `None` where nothing is.
    pub since: BTreeMap<i64, Option<i64>>,
    pub peers: BTreeMap<i64, i64>,
}

/// What a record says of who may count it.
#[derive(Clone)]
pub(crate) struct Marking {
    pub tlp: Tlp,
    pub recipients: Vec<OrgId>,
    pub received_at: Timestamp,
}

impl Marking {
    /// Whether the same may count it.
    pub(crate) fn same(&self, other: &Self) -> bool {
        self.tlp == other.tlp && self.recipients.iter().collect::<BTreeSet<_>>() == other.recipients.iter().collect()
    }
}

impl Counting {
    /// As the rules and groups are now.
    pub(crate) async fn of(conn: &mut Conn, owner: OrgId, class: DataClass) -> Result<Self, StoreError> {
        const SINCE: &str = "SELECT viewer_id, summary_since FROM withheld WHERE owner_id = $1 AND class = $2";
        const PEERS: &str = "SELECT viewer_id, since FROM peers WHERE owner_id = $1";
        let since: Vec<(i64, Option<i64>)> = on_conn!(conn, c => sqlx::query_as(SINCE).bind(owner.0).bind(class.name()).fetch_all(&mut *c).await)?;
        let peers: Vec<(i64, i64)> = on_conn!(conn, c => sqlx::query_as(PEERS).bind(owner.0).fetch_all(&mut *c).await)?;
        Ok(Self { since: since.into_iter().collect(), peers: peers.into_iter().collect() })
    }

    /// Since when a viewer is shown numbers of them.
    pub(crate) fn shown_since(&self, viewer: i64) -> Option<i64> {
        self.since.get(&viewer).copied().unwrap_or(Some(0))
    }

    /// As `domain::Sight::counts_record`, for somebody else than the owner.
    pub(crate) fn counts(&self, viewer: i64, record: &Marking) -> bool {
        let at = record.received_at.0;
        let marking = record.tlp.reaches_everyone()
            || record.recipients.contains(&OrgId(viewer))
            || (record.tlp == Tlp::Amber && self.peers.get(&viewer).is_some_and(|since| *since <= at));
        marking && self.shown_since(viewer).is_some_and(|since| since <= at)
    }
}

/// What changes for one owner by a change of rules or groups.
pub(crate) struct Change {
    pub owner: i64,
    /// Since when its posture was and is shown to whom: viewer, before, after.
    pub posture: Vec<(i64, Option<i64>, Option<i64>)>,
    /// Of its incidents.
    pub before: Counting,
    pub after: Counting,
    /// Of each class of records, before.
    pub records: Vec<(DataClass, Counting)>,
}

/// Keeps what somebody was shown before a change of rules and groups and is not after it, and counts no longer as withdrawn what is shown again. `seen` are
/// the organisations whose people could have looked.
pub(crate) async fn rules_changed(conn: &mut Conn, change: &Change, orgs: &[i64], seen: &BTreeSet<i64>, at: Timestamp) -> Result<(), StoreError> {
    let others: Vec<i64> = orgs.iter().copied().filter(|org| *org != change.owner).collect();
    keep_shown(conn, change.owner, DataClass::Posture, &change.posture, others.len(), seen, at).await?;
    if change.before.peers != change.after.peers {
        withdrawn_records::left(conn, change.owner, &change.records, &change.after, seen, at).await?;
    }
    if change.before == change.after {
        return shown_lately::rules_changed(conn, change, &others, at).await;
    }
    let incidents: Vec<_> = others.iter().map(|viewer| (*viewer, change.before.shown_since(*viewer), change.after.shown_since(*viewer))).collect();
    keep_shown(conn, change.owner, DataClass::Incidents, &incidents, others.len(), seen, at).await?;

    const OPEN: &str = "SELECT id, tlp, received_at, opened_at FROM incidents WHERE org_id = $1 AND severity = 0 AND status < 3 ORDER BY opened_at, id";
    const WITHDRAWN: &str = "SELECT i.id, i.tlp, i.received_at, i.opened_at FROM incidents i WHERE i.org_id = $1 AND i.id IN \
                             (SELECT w.incident_id FROM withdrawn_criticals w WHERE w.org_id = $1 AND w.returned_day IS NULL)";
    const SHOWN_AGAIN: &str = "SELECT i.id, i.tlp, i.received_at, i.opened_at FROM incidents i WHERE i.org_id = $1 AND i.id IN \
                               (SELECT w.incident_id FROM withdrawn_criticals w WHERE w.org_id = $1 AND w.returned_at > $2)";
    const MARKED: &str = "SELECT tlp, received_at FROM incidents WHERE org_id = $1 AND id = $2";
    let owner = OrgId(change.owner);
    type Row = (Uuid, i64, i64, i64);
    let withdrawn: Vec<Row> = on_conn!(conn, c => sqlx::query_as(WITHDRAWN).bind(owner.0).fetch_all(&mut *c).await)?;
    for (id, tlp, received_at, _) in withdrawn {
        let record = marking(conn, owner, id, tlp, received_at).await?;
        let shown = others.iter().copied().filter(|viewer| change.after.counts(*viewer, &record)).collect::<Vec<_>>();
        returned(conn, owner, id, &shown, at).await?;
    }
    let shown_again: Vec<Row> = on_conn!(conn, c => sqlx::query_as(SHOWN_AGAIN).bind(owner.0).bind(at.0 - STANDS).fetch_all(&mut *c).await)?;
    for (id, tlp, received_at, _) in shown_again {
        let record = marking(conn, owner, id, tlp, received_at).await?;
        let hidden = |viewer: &i64| change.before.counts(*viewer, &record) && !change.after.counts(*viewer, &record);
        hidden_again(conn, owner, id, &others.iter().copied().filter(hidden).collect::<Vec<_>>(), at).await?;
    }
    for state in shown_lately::all(conn, owner, DataClass::Incidents, Until::Critical, at).await? {
        let row: (i64, i64) = on_conn!(conn, c => sqlx::query_as(MARKED).bind(owner.0).bind(state.id).fetch_one(&mut *c).await)?;
        let record = marking(conn, owner, state.id, row.0, row.1).await?;
        let lost = |viewer: &i64| {
            let counted = |marking| change.before.counts(*viewer, marking);
            seen.contains(viewer) && counted(&record) && counted(&state.marking) && !change.after.counts(*viewer, &record)
        };
        let lost = others.iter().copied().filter(lost).collect::<Vec<_>>();
        withdrawn_from(conn, owner, (state.id, state.opened_at), &lost, at).await?;
    }
    let open: Vec<Row> = on_conn!(conn, c => sqlx::query_as(OPEN).bind(owner.0).fetch_all(&mut *c).await)?;
    for (id, tlp, received_at, opened_at) in open {
        let record = marking(conn, owner, id, tlp, received_at).await?;
        let lost = |viewer: &i64| seen.contains(viewer) && change.before.counts(*viewer, &record) && !change.after.counts(*viewer, &record);
        let lost = others.iter().copied().filter(lost).collect::<Vec<_>>();
        withdrawn_from(conn, owner, (id, Timestamp(opened_at)), &lost, at).await?;
    }
    shown_lately::rules_changed(conn, change, &others, at).await
}

/// Keeps until when a class was shown to those that are shown less of it now.
async fn keep_shown(
    conn: &mut Conn,
    owner: i64,
    class: DataClass,
    viewers: &[(i64, Option<i64>, Option<i64>)],
    others: usize,
    seen: &BTreeSet<i64>,
    at: Timestamp,
) -> Result<(), StoreError> {
    const KEEP: &str = "INSERT INTO shown_before (viewer_id, org_id, class, day, at, since, score, domains) \
                        SELECT value, $2, $3, $4, $5, $6, $7, $8 FROM json_each($1) WHERE TRUE \
                        ON CONFLICT (org_id, viewer_id, class, day) DO UPDATE SET at = excluded.at, \
                        since = CASE WHEN excluded.since < shown_before.since THEN excluded.since ELSE shown_before.since END, \
                        score = coalesce(excluded.score, shown_before.score), domains = coalesce(excluded.domains, shown_before.domains)";
    const SCORE: &str = "SELECT coalesce(score, last), domains FROM org_days WHERE org_id = $1 AND day <= $2 ORDER BY day DESC LIMIT 1";
    let mut lost: BTreeMap<i64, Vec<i64>> = BTreeMap::new();
    for (viewer, before, after) in viewers {
        if let Some(before) = before.filter(|before| after.is_none_or(|after| after > *before)) {
            lost.entry(before).or_default().push(*viewer);
        }
    }
    let score: Option<(Option<f64>, String)> = match class {
        DataClass::Posture if !lost.is_empty() => on_conn!(conn, c => sqlx::query_as(SCORE).bind(owner).bind(at.day()).fetch_optional(&mut *c).await)?,
        _ => None,
    };
    let (score, domains) = score.map_or((None, None), |(score, domains)| (score, Some(domains)));
    for (since, viewers) in lost {
        // One row for all of them, or the alliance's default would make one of each pair.
        let viewers = if viewers.len() == others { vec![0] } else { viewers.into_iter().filter(|viewer| seen.contains(viewer)).collect() };
        let viewers = json(&viewers)?;
        execute!(conn, c => {
            let keep = sqlx::query(KEEP).bind(viewers).bind(owner).bind(class.name()).bind(at.day()).bind(at.0).bind(since);
            keep.bind(score).bind(&domains).execute(&mut *c).await
        })?;
    }
    Ok(())
}

/// Counts an incident as withdrawn from those that were shown it. Who is kept from too many has one more in place of all further ones.
async fn withdrawn_from(conn: &mut Conn, owner: OrgId, (id, opened_at): (Uuid, Timestamp), viewers: &[i64], at: Timestamp) -> Result<(), StoreError> {
    const FULL: &str = "SELECT e.value FROM json_each($1) e WHERE (SELECT count(*) FROM withdrawn_criticals w WHERE w.org_id = $2 \
                        AND w.viewer_id = e.value AND w.incident_id <> $3 AND w.incident_id <> $4 AND w.returned_day IS NULL) >= $5";
    const WITHDRAW: &str = "INSERT INTO withdrawn_criticals (viewer_id, incident_id, org_id, opened_at, day) \
                            SELECT e.value, $2, $3, $4, $5 FROM json_each($1) e WHERE NOT EXISTS (SELECT 1 FROM withdrawn_criticals w \
                            WHERE w.org_id = $3 AND w.incident_id = $2 AND w.viewer_id = e.value AND w.returned_day IS NULL) \
                            ON CONFLICT (org_id, incident_id, viewer_id, day) DO UPDATE SET returned_day = NULL, returned_at = NULL";
    if viewers.is_empty() {
        return Ok(());
    }
    let (all, beyond) = (json(&viewers)?, more(owner, DataClass::Incidents));
    let full: Vec<i64> = on_conn!(conn, c => {
        sqlx::query_scalar(FULL).bind(&all).bind(owner.0).bind(id).bind(beyond).bind(MAX_WITHDRAWN).fetch_all(&mut *c).await
    })?;
    let rest: Vec<i64> = viewers.iter().copied().filter(|viewer| !full.contains(viewer)).collect();
    for (id, viewers) in [(id, rest), (beyond, full)].into_iter().filter(|(_, viewers)| !viewers.is_empty()) {
        let viewers = json(&viewers)?;
        execute!(conn, c => sqlx::query(WITHDRAW).bind(viewers).bind(id).bind(owner.0).bind(opened_at.0).bind(at.day()).execute(&mut *c).await)?;
    }
    Ok(())
}

/// Counts an incident no longer as withdrawn from those that are shown it again.
async fn returned(conn: &mut Conn, owner: OrgId, id: Uuid, viewers: &[i64], at: Timestamp) -> Result<(), StoreError> {
    const RETURN: &str = "UPDATE withdrawn_criticals SET returned_day = $3, returned_at = $4 WHERE org_id = $5 AND incident_id = $1 AND returned_day IS NULL \
                          AND viewer_id IN (SELECT value FROM json_each($2))";
    if viewers.is_empty() {
        return Ok(());
    }
    let viewers = json(&viewers)?;
    execute!(conn, c => sqlx::query(RETURN).bind(id).bind(viewers).bind(at.day()).bind(at.0).bind(owner.0).execute(&mut *c).await)?;
    Ok(())
}

/// Counts an incident as withdrawn again from those that were shown it for a moment only.
async fn hidden_again(conn: &mut Conn, owner: OrgId, id: Uuid, viewers: &[i64], at: Timestamp) -> Result<(), StoreError> {
    const HIDE: &str = "UPDATE withdrawn_criticals SET returned_day = NULL, returned_at = NULL WHERE org_id = $4 AND incident_id = $1 AND returned_at > $3 \
                        AND viewer_id IN (SELECT value FROM json_each($2))";
    if viewers.is_empty() {
        return Ok(());
    }
    let viewers = json(&viewers)?;
    execute!(conn, c => sqlx::query(HIDE).bind(id).bind(viewers).bind(at.0 - STANDS).bind(owner.0).execute(&mut *c).await)?;
    Ok(())
}

/// An incident as it stood before a push, or stands after it.
pub(crate) struct State {
    pub marking: Marking,
    pub severity: Severity,
    pub open: bool,
    pub opened_at: Timestamp,
    pub closed_at: Option<Timestamp>,
}

impl State {
    fn is_critical(&self) -> bool {
        self.open && self.severity == Severity::Critical
    }
}

/// Keeps of incidents that a push changed, and marked otherwise, who was shown them, and counts them no longer as withdrawn from those that are shown them now. Of each
/// how it stood before, and how it stands now.
pub(crate) async fn remarked(conn: &mut Conn, owner: OrgId, incidents: Vec<(Uuid, State, State)>, at: Timestamp) -> Result<(), StoreError> {
    const WITHDRAWN: &str = "SELECT DISTINCT w.incident_id FROM v CROSS JOIN withdrawn_criticals w \
                             WHERE w.org_id = v.org AND w.incident_id = v.id AND (w.returned_day IS NULL OR w.returned_at > v.since)";
    let uncritical: Vec<Uuid> = incidents.iter().filter(|(_, before, _)| !before.is_critical()).map(|(id, ..)| *id).collect();
    let lately = shown_lately::of(conn, owner, &uncritical, Until::Critical, at).await?;
    keep_remarked(conn, owner, &incidents, &lately, at).await?;
    let ids = Rows::of(&incidents).with("org", |_| owner.0).with("id", |(id, ..)| *id).with("since", |_| at.0 - STANDS);
    let withdrawn: Vec<(Uuid,)> = ids.fetch(conn, WITHDRAWN).await?;
    let withdrawn: BTreeSet<Uuid> = withdrawn.into_iter().map(|(id,)| id).collect();
    // Who may count what, and everybody else: read when the first one needs it.
    let mut audience = None;
    for (id, before, after) in &incidents {
        let lately = lately.get(id);
        let hides = (before.is_critical() || lately.is_some()) && !before.marking.same(&after.marking);
        if !hides && !withdrawn.contains(id) {
            continue;
        }
        let (counting, others) = match &mut audience {
            Some(audience) => audience,
            none => none.insert((Counting::of(conn, owner, DataClass::Incidents).await?, others(conn, owner).await?)),
        };
        let (shown, hidden): (Vec<i64>, Vec<i64>) = others.iter().copied().partition(|viewer| counting.counts(*viewer, &after.marking));
        let hidden: Vec<i64> = hidden.into_iter().filter(|viewer| counting.counts(*viewer, &before.marking)).collect();
        let was_critical = |viewer: &i64| before.is_critical() || lately.is_some_and(|state| counting.counts(*viewer, &state.marking));
        let lost: Vec<i64> = hidden.iter().copied().filter(was_critical).collect();
        returned(conn, owner, *id, &shown, at).await?;
        hidden_again(conn, owner, *id, &hidden, at).await?;
        let opened_at = lately.map_or(before.opened_at, |state| state.opened_at);
        withdrawn_from(conn, owner, (*id, opened_at), &lost, at).await?;
    }
    let ended = incidents.into_iter().filter(|(_, before, after)| before.is_critical() && !after.is_critical());
    let ended: Vec<Ended> = ended.map(|(id, before, _)| Ended { id, marking: before.marking, opened_at: before.opened_at }).collect();
    shown_lately::keep(conn, owner, DataClass::Incidents, Until::Critical, &ended, at).await
}

/// Keeps of incidents that everyone could see until now how they stood, and forgets that of those that everyone can see again.
async fn keep_remarked(
    conn: &mut Conn,
    owner: OrgId,
    incidents: &[(Uuid, State, State)],
    lately: &HashMap<Uuid, Ended>,
    at: Timestamp,
) -> Result<(), StoreError> {
    const KEEP: &str = "INSERT INTO remarked_incidents (incident_id, org_id, everyone_until, severity, opened_at, closed_at) \
                        SELECT v.id, v.org, v.until, v.severity, v.opened_at, v.closed_at FROM v WHERE TRUE \
                        ON CONFLICT (org_id, incident_id) DO UPDATE SET everyone_until = excluded.everyone_until, severity = excluded.severity, \
                        opened_at = excluded.opened_at, closed_at = excluded.closed_at";
    const FORGET: &str = "DELETE FROM remarked_incidents WHERE org_id = (SELECT v.org FROM v LIMIT 1) AND incident_id IN (SELECT v.id FROM v)";
    let (mut kept, mut forgotten) = (vec![], vec![]);
    for (id, before, after) in incidents {
        match (before.marking.tlp.reaches_everyone(), after.marking.tlp.reaches_everyone()) {
            (true, false) => {
                // The state that stood until a moment ago is the one that the numbers of earlier days go by.
                let critical = lately.get(id).filter(|state| state.marking.tlp.reaches_everyone());
                let severity = if critical.is_some() { Severity::Critical } else { before.severity };
                let opened_at = critical.map_or(before.opened_at, |state| state.opened_at);
                kept.push((*id, severity.code(), opened_at.0, before.closed_at.filter(|_| critical.is_none()).map(|t| t.0)));
            }
            (false, true) => forgotten.push(*id),
            _ => {}
        }
    }
    Rows::of(&kept)
        .with("id", |(id, ..)| *id)
        .with("org", |_| owner.0)
        .with("until", |_| at.0)
        .with("severity", |(_, severity, ..)| *severity)
        .with("opened_at", |(_, _, opened_at, _)| *opened_at)
        .with("closed_at", |(.., closed_at)| *closed_at)
        .execute(conn, KEEP)
        .await?;
    Rows::of(&forgotten).with("org", |_| owner.0).with("id", |id| *id).execute(conn, FORGET).await
}
