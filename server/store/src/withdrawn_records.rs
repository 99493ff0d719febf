//! Of whom it is known that they were shown open incidents, events or active indicators that are marked for fewer now, or that a group showed them: what
//! they count is "at least" until they are shown all of these again.
//!
//! A row is written only for those who counted the record before, so that none tells of a record that was never shown. Of each owner and class a viewer has
//! at most [`MAX`] rows; a further one is kept as a mark that there are more, which stays.
//!
//! What was shown is how records stood before a push, whatever its items say one after the other, and for a while before that ([`shown_lately`]).

use crate::{
    Hub, StoreError,
    db::{Conn, execute, on_conn, read},
    push::record,
    shown_before::{Counting, Marking, json, others},
    shown_lately::{self, Ended, STANDS, Until},
};
use domain::{DataClass, OrgId, Timestamp};
use std::collections::{BTreeMap, BTreeSet, btree_map::Entry};
use uuid::Uuid;

/// Records of one owner and class that are remembered for one viewer.
const MAX: i64 = 50;

/// Whether a table has a record for sharing groups that came in a span and names somebody not: $1 owner, $2 and $3 the span, $4 the viewer.
macro_rules! amber {
    ($table:literal) => {
        concat!(
            "SELECT count(*) FROM (SELECT 1 FROM ",
            $table,
            " t WHERE t.org_id = $1 AND t.tlp = 2 AND t.received_at >= $2 AND t.received_at < $3 \
             AND NOT EXISTS (SELECT 1 FROM recipients r WHERE r.record_id = t.id AND r.org_id = $4)"
        )
    };
}

/// Whether a record counted until a short while ago: $5 since when.
macro_rules! lately {
    () => {
        "EXISTS (SELECT 1 FROM shown_lately s WHERE s.record_id = t.id AND s.critical = 0 AND s.until > $5)"
    };
}

impl Hub<'_> {
    /// Who counts fewer records of some owners than they were shown: owner, viewer, class.
    ///
    /// # Errors
    /// When the database fails or holds something that cannot be read.
    pub async fn shown_fewer(&self, owners: &[OrgId]) -> Result<Vec<(OrgId, OrgId, DataClass)>, StoreError> {
        const OF: &str = "SELECT DISTINCT owner_id, viewer_id, class FROM withdrawn_records \
                          WHERE owner_id IN (SELECT value FROM json_each($1)) AND returned_at IS NULL ORDER BY owner_id, viewer_id, class";
        let ids = json(&owners)?;
        let rows: Vec<(i64, i64, i64)> = read!(self, c => sqlx::query_as(OF).bind(&ids).fetch_all(c).await)?;
        let class = |code| DataClass::ALL.into_iter().find(|c| c.code() == code).ok_or_else(|| StoreError::Internal("withdrawn_records: class".into()));
        rows.into_iter().map(|(owner, viewer, code)| Ok((OrgId(owner), OrgId(viewer), class(code)?))).collect()
    }
}

/// How a record stands for others.
pub(crate) struct State {
    pub marking: Marking,
    /// Whether it is an open incident, an event that stands, or an active indicator.
    pub counted: bool,
}

/// The records of one class that a push touches: how each stood before it, and how it stands now.
pub(crate) struct Remarks {
    owner: OrgId,
    class: DataClass,
    /// `None` of those that were not there before the push: nobody was shown them.
    records: BTreeMap<Uuid, Option<(State, State)>>,
}

impl Remarks {
    pub(crate) const fn new(owner: OrgId, class: DataClass) -> Self {
        Self { owner, class, records: BTreeMap::new() }
    }

    /// Takes a new record.
    pub(crate) fn added(&mut self, id: Uuid) {
        self.records.insert(id, None);
    }

    /// Takes a record that an item changed. Of several items on one record the first one's `before` counts, and the last one's `after`.
    pub(crate) fn changed(&mut self, id: Uuid, before: State, after: State) {
        match self.records.entry(id) {
            Entry::Vacant(free) => drop(free.insert(Some((before, after)))),
            Entry::Occupied(mut there) => {
                if let Some((_, now)) = there.get_mut() {
                    *now = after;
                }
            }
        }
    }

    /// Notes of each record that counted who counts it no longer, and of any record who counts it again.
    pub(crate) async fn keep(self, conn: &mut Conn, at: Timestamp) -> Result<(), StoreError> {
        let Self { owner, class, records } = self;
        // Who may count what, and everybody else: read when the first one is marked otherwise.
        let mut audience = None;
        for (id, (before, after)) in records.into_iter().filter_map(|(id, states)| states.map(|states| (id, states))) {
            let State { marking, counted } = before;
            let before = Ended { id, marking, opened_at: at };
            if counted && !after.counted {
                shown_lately::keep(conn, owner, class, Until::Counted, &before, at).await?;
            }
            if before.marking.same(&after.marking) {
                continue;
            }
            let (counting, others) = match &mut audience {
                Some(audience) => audience,
                none => none.insert((Counting::of(conn, owner, class).await?, others(conn, owner).await?)),
            };
            let lately = if counted { None } else { shown_lately::of(conn, id, Until::Counted, at).await? };
            let (shown, hidden): (Vec<i64>, Vec<i64>) = others.iter().copied().partition(|viewer| counting.counts(*viewer, &after.marking));
            let hidden: Vec<i64> = hidden.into_iter().filter(|viewer| counting.counts(*viewer, &before.marking)).collect();
            let was_counted = |viewer: &i64| counted || lately.as_ref().is_some_and(|lately| counting.counts(*viewer, &lately.marking));
            let lost: Vec<i64> = hidden.iter().copied().filter(was_counted).collect();
            returned(conn, id, &shown, at).await?;
            hidden_again(conn, id, &hidden, at).await?;
            withdraw(conn, owner, class, id, &lost).await?;
        }
        Ok(())
    }
}

/// Notes who left a sharing group, or came into it anew, and counts no longer what reached them by it. `before` is who could count what of each class.
pub(crate) async fn left(
    conn: &mut Conn,
    owner: i64,
    before: &[(DataClass, Counting)],
    after: &Counting,
    seen: &BTreeSet<i64>,
    at: Timestamp,
) -> Result<(), StoreError> {
    // All by the same groups, whatever the class.
    for (class, before) in before {
        let lost: &'static str = match class {
            DataClass::Incidents => concat!(amber!("incidents"), " AND (t.status < 3 OR ", lately!(), ") LIMIT 1) AS lost"),
            DataClass::Events => concat!(amber!("events"), " AND (t.withdrawn_at IS NULL OR ", lately!(), ") LIMIT 1) AS lost"),
            DataClass::Indicators => concat!(amber!("indicators"), " AND (t.active OR ", lately!(), ") LIMIT 1) AS lost"),
            DataClass::Posture => continue,
        };
        let mut viewers = Vec::new();
        for (viewer, since) in before.peers.iter().filter(|(viewer, _)| seen.contains(viewer)) {
            let until = after.peers.get(viewer).copied().unwrap_or(i64::MAX);
            let Some(since) = before.shown_since(*viewer).map(|shown| shown.max(*since)).filter(|since| *since < until) else { continue };
            let n: i64 = on_conn!(conn, c => {
                sqlx::query_scalar(lost).bind(owner).bind(since).bind(until).bind(*viewer).bind(at.0 - STANDS).fetch_one(&mut *c).await
            })?;
            if n > 0 {
                viewers.push(*viewer);
            }
        }
        mark(conn, OrgId(owner), *class, &viewers).await?;
    }
    Ok(())
}

async fn returned(conn: &mut Conn, id: Uuid, viewers: &[i64], at: Timestamp) -> Result<(), StoreError> {
    const RETURN: &str = "UPDATE withdrawn_records SET returned_at = $3 WHERE record_id = $1 AND returned_at IS NULL \
                          AND viewer_id IN (SELECT value FROM json_each($2))";
    if viewers.is_empty() {
        return Ok(());
    }
    let viewers = json(&viewers)?;
    execute!(conn, c => sqlx::query(RETURN).bind(id).bind(viewers).bind(at.0).execute(&mut *c).await)?;
    Ok(())
}

/// Counts a record as withdrawn again from those that were shown it for a moment only.
async fn hidden_again(conn: &mut Conn, id: Uuid, viewers: &[i64], at: Timestamp) -> Result<(), StoreError> {
    const HIDE: &str = "UPDATE withdrawn_records SET returned_at = NULL WHERE record_id = $1 AND returned_at > $3 \
                        AND viewer_id IN (SELECT value FROM json_each($2))";
    if viewers.is_empty() {
        return Ok(());
    }
    let viewers = json(&viewers)?;
    execute!(conn, c => sqlx::query(HIDE).bind(id).bind(viewers).bind(at.0 - STANDS).execute(&mut *c).await)?;
    Ok(())
}

async fn withdraw(conn: &mut Conn, owner: OrgId, class: DataClass, id: Uuid, viewers: &[i64]) -> Result<(), StoreError> {
    const FULL: &str = "SELECT e.value FROM json_each($1) e WHERE (SELECT count(*) FROM withdrawn_records w \
                        WHERE w.viewer_id = e.value AND w.owner_id = $2 AND w.class = $3 AND w.record_id <> $4 AND w.returned_at IS NULL) >= $5";
    if viewers.is_empty() {
        return Ok(());
    }
    let of = json(&viewers)?;
    let full: Vec<i64> = on_conn!(conn, c => sqlx::query_scalar(FULL).bind(&of).bind(owner.0).bind(class.code()).bind(id).bind(MAX).fetch_all(&mut *c).await)?;
    let rest: Vec<i64> = viewers.iter().copied().filter(|viewer| !full.contains(viewer)).collect();
    keep(conn, owner, class, id, &rest).await?;
    mark(conn, owner, class, &full).await
}

/// Notes that there are more than are remembered one by one.
async fn mark(conn: &mut Conn, owner: OrgId, class: DataClass, viewers: &[i64]) -> Result<(), StoreError> {
    keep(conn, owner, class, more(owner, class), viewers).await
}

async fn keep(conn: &mut Conn, owner: OrgId, class: DataClass, id: Uuid, viewers: &[i64]) -> Result<(), StoreError> {
    const KEEP: &str = "INSERT INTO withdrawn_records (viewer_id, record_id, owner_id, class) SELECT e.value, $2, $3, $4 FROM json_each($1) e WHERE TRUE \
                        ON CONFLICT (viewer_id, record_id) DO UPDATE SET returned_at = NULL";
    if viewers.is_empty() {
        return Ok(());
    }
    let viewers = json(&viewers)?;
    execute!(conn, c => sqlx::query(KEEP).bind(viewers).bind(id).bind(owner.0).bind(class.code()).execute(&mut *c).await)?;
    Ok(())
}

/// Stands for records of an owner beyond those that are remembered: no record has such an id, as theirs begin with the time.
pub(crate) fn more(owner: OrgId, class: DataClass) -> Uuid {
    Uuid::from_u64_pair(0, (owner.0.unsigned_abs() << 2) | class.code().unsigned_abs())
}

/// How a stored record is marked.
pub(crate) async fn marking(conn: &mut Conn, id: Uuid, tlp: i64, received_at: i64) -> Result<Marking, StoreError> {
    Ok(Marking { tlp: domain::Tlp::from_code(tlp), recipients: record::named(conn, id).await?, received_at: Timestamp(received_at) })
}
