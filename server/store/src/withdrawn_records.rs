//! Of whom it is known that they were shown open incidents, events or active indicators that are marked for fewer now, or that a group showed them: what
//! they count is "at least" until they are shown all of these again.
//!
//! A row is written only for those who counted the record before, so that none tells of a record that was never shown. Of each owner and class a viewer has
//! at most [`rows::MAX`] rows; a further one is kept as a mark that there are more, which stays.
//!
//! What was shown is how records stood before a push, whatever its items say one after the other, and for a while before that ([`shown_lately`]).

mod rows;

use self::rows::{Row, Withdrawn};
use crate::{
    Hub, StoreError,
    db::{Conn, on_conn, read},
    recipients,
    shown_before::{Counting, Marking, json, others},
    shown_lately::{self, Ended, STANDS, Until},
};
use domain::{DataClass, OrgId, Timestamp, Tlp};
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet, btree_map::Entry};
use uuid::Uuid;

/// Whether a table has a record for sharing groups that came in a span and names somebody not: $1 owner, $2 and $3 the span, $4 the viewer.
macro_rules! amber {
    ($table:literal) => {
        concat!(
            "SELECT count(*) FROM (SELECT 1 FROM ",
            $table,
            " t WHERE t.org_id = $1 AND t.tlp = 2 AND t.received_at >= $2 AND t.received_at < $3 \
             AND NOT EXISTS (SELECT 1 FROM recipients r WHERE r.org_id = $1 AND r.record_id = t.id AND r.recipient_id = $4)"
        )
    };
}

/// Whether a record counted until a short while ago: $5 since when.
macro_rules! lately {
    () => {
        "EXISTS (SELECT 1 FROM shown_lately s WHERE s.org_id = $1 AND s.record_id = t.id AND s.critical = 0 AND s.until > $5)"
    };
}

impl Hub<'_> {
    /// Who counts fewer records of some owners than they were shown: owner, viewer, class.
    ///
    /// # Errors
    /// When the database fails or holds something that cannot be read.
    pub async fn shown_fewer(&self, owners: &[OrgId]) -> Result<Vec<(OrgId, OrgId, DataClass)>, StoreError> {
        const OF: &str = "SELECT DISTINCT org_id, viewer_id, class FROM withdrawn_records \
                          WHERE org_id IN (SELECT value FROM json_each($1)) AND returned_at IS NULL";
        let ids = json(&owners)?;
        let rows: Vec<(i64, i64, String)> = read!(self, c => sqlx::query_as(OF).bind(&ids).fetch_all(c).await)?;
        let fewer = rows.into_iter().map(|(owner, viewer, class)| Ok((OrgId(owner), OrgId(viewer), DataClass::named(&class).map_err(StoreError::Internal)?)));
        let mut fewer = fewer.collect::<Result<Vec<_>, StoreError>>()?;
        fewer.sort_unstable();
        Ok(fewer)
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
        let (mut ended, mut remarked) = (vec![], vec![]);
        for (id, (before, after)) in records.into_iter().filter_map(|(id, states)| states.map(|states| (id, states))) {
            if before.counted && !after.counted {
                ended.push(Ended { id, marking: before.marking.clone(), opened_at: at });
            }
            if !before.marking.same(&after.marking) {
                remarked.push((id, before, after.marking));
            }
        }
        shown_lately::keep(conn, owner, class, Until::Counted, &ended, at).await?;
        if remarked.is_empty() {
            return Ok(());
        }
        let (counting, others) = (Counting::of(conn, owner, class).await?, others(conn, owner).await?);
        let uncounted: Vec<Uuid> = remarked.iter().filter(|(_, before, _)| !before.counted).map(|(id, ..)| *id).collect();
        let lately = shown_lately::of(conn, owner, &uncounted, Until::Counted, at).await?;
        let hides = |viewer: i64, before: &State, after: &Marking| !counting.counts(viewer, after) && counting.counts(viewer, &before.marking);
        let lost = |(id, before, after): &(Uuid, State, Marking)| {
            let was_counted = |viewer: i64| before.counted || lately.get(id).is_some_and(|lately| counting.counts(viewer, &lately.marking));
            others.iter().copied().filter(|viewer| hides(*viewer, before, after) && was_counted(*viewer)).collect::<Vec<_>>()
        };
        let lost: Vec<Vec<i64>> = remarked.iter().map(lost).collect();
        let ids = remarked.iter().map(|(id, ..)| *id).collect();
        let mut withdrawn = Withdrawn::of(conn, owner, class, ids, lost.iter().any(|viewers| !viewers.is_empty())).await?;
        for ((id, before, after), lost) in remarked.iter().zip(&lost) {
            withdrawn.returned(*id, |viewer| counting.counts(viewer, after), at);
            withdrawn.hidden_again(*id, |viewer| hides(viewer, before, after), at);
            lost.iter().for_each(|viewer| withdrawn.withdraw(*id, *viewer));
        }
        withdrawn.keep(conn).await
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
        // One by one there would be too many.
        let mark = |viewer| Row { record: more(OrgId(owner), *class), viewer, returned_at: None };
        rows::keep(conn, OrgId(owner), *class, &viewers.into_iter().map(mark).collect::<Vec<_>>()).await?;
    }
    Ok(())
}

/// Stands for records of an owner beyond those that are remembered: no record has such an id, as theirs begin with the time.
pub(crate) fn more(owner: OrgId, class: DataClass) -> Uuid {
    let digest: [u8; 32] = Sha256::digest(format!("{} of {}", class.name(), owner.0)).into();
    Uuid::from_u64_pair(0, digest.first_chunk().copied().map_or(0, u64::from_be_bytes))
}

/// How a stored record is marked.
pub(crate) async fn marking(conn: &mut Conn, owner: OrgId, id: Uuid, tlp: i64, received_at: i64) -> Result<Marking, StoreError> {
    let recipients = recipients::of(conn, owner, &[id]).await?.remove(&id).unwrap_or_default();
    Ok(Marking { tlp: Tlp::from_code(tlp), recipients, received_at: Timestamp(received_at) })
}
