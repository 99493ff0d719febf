//! Who counts, for each viewer and week, where it says that three or more unnamed organisations reported an indicator.

use super::Hub;
use crate::{
    StoreError,
    db::{Rows, execute, read},
};
use domain::{OrgId, Timestamp, indicator::IndicatorType};
use std::collections::{BTreeMap, BTreeSet};

/// Those that count for an organisation's people in one week.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WeekMembers {
    pub viewer: OrgId,
    /// By [`domain::aggregate::begin_of`].
    pub week_start: Timestamp,
    pub members: BTreeSet<OrgId>,
    /// The types of which they are told: see [`domain::aggregate::overlaps::kinds_of`].
    pub kinds: BTreeSet<IndicatorType>,
}

impl Hub<'_> {
    /// For whom it is settled in a week.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn overlaps_settled(&self, week_start: Timestamp) -> Result<BTreeSet<OrgId>, StoreError> {
        const SETTLED: &str = "SELECT viewer_id FROM overlap_weeks WHERE week_start = $1";
        let viewers: Vec<i64> = read!(self, c => sqlx::query_scalar(SETTLED).bind(week_start.0).fetch_all(c).await)?;
        Ok(viewers.into_iter().map(OrgId).collect())
    }

    /// The members that one viewer had since a moment, by weeks, the newest first.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn overlap_members(&self, viewer: OrgId, since: Timestamp) -> Result<Vec<WeekMembers>, StoreError> {
        const KINDS: &str = "SELECT week_start, kind FROM overlap_kinds WHERE viewer_id = $1 AND week_start >= $2";
        const LIST: &str = "SELECT week_start, owner_id FROM overlap_members WHERE viewer_id = $1 AND week_start >= $2 ORDER BY week_start DESC, owner_id";
        let rows: Vec<(i64, i64)> = read!(self, c => sqlx::query_as(LIST).bind(viewer.0).bind(since.0).fetch_all(c).await)?;
        let kinds: Vec<(i64, String)> = read!(self, c => sqlx::query_as(KINDS).bind(viewer.0).bind(since.0).fetch_all(c).await)?;
        let of = |week: &[(i64, i64)]| {
            let kinds = kinds.iter().filter(|(start, _)| *start == week[0].0).map(|(_, kind)| kind.parse().map_err(StoreError::Internal));
            let members = week.iter().map(|(_, owner)| OrgId(*owner)).collect();
            Ok(WeekMembers { viewer, week_start: Timestamp(week[0].0), members, kinds: kinds.collect::<Result<_, _>>()? })
        };
        rows.chunk_by(|one, next| one.0 == next.0).map(of).collect()
    }

    /// The types of which each organisation holds indicators now that reach everyone.
    pub async fn public_kinds(&self) -> Result<BTreeMap<OrgId, BTreeSet<IndicatorType>>, StoreError> {
        const HELD: &str = "SELECT DISTINCT org_id, kind FROM indicator_totals WHERE tlp <= 1 AND n > 0";
        let rows: Vec<(i64, String)> = read!(self, c => sqlx::query_as(HELD).fetch_all(c).await)?;
        let mut held: BTreeMap<OrgId, BTreeSet<IndicatorType>> = BTreeMap::new();
        for (org, kind) in rows {
            held.entry(OrgId(org)).or_default().insert(kind.parse().map_err(StoreError::Internal)?);
        }
        Ok(held)
    }

    /// Keeps members, and forgets those of weeks before a moment. What is settled already, by this node or another, is not changed.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn settle_overlaps(&self, settled: Vec<WeekMembers>, forget: Timestamp) -> Result<(), StoreError> {
        const SETTLE: &str = "INSERT INTO overlap_weeks (viewer_id, week_start) SELECT v.viewer, v.week FROM v WHERE TRUE ON CONFLICT DO NOTHING \
                              RETURNING viewer_id, week_start";
        const MEMBERS: &str = "INSERT INTO overlap_members (viewer_id, week_start, owner_id) SELECT v.viewer, v.week, v.owner FROM v";
        const KINDS: &str = "INSERT INTO overlap_kinds (viewer_id, week_start, kind) SELECT v.viewer, v.week, v.kind FROM v";
        const FORGET: &str = "DELETE FROM overlap_weeks WHERE week_start < $1";
        self.write(move |conn| {
            Box::pin(async move {
                let weeks = Rows::of(&settled).with("viewer", |one| one.viewer.0).with("week", |one| one.week_start.0);
                let new: Vec<(i64, i64)> = weeks.fetch(conn, SETTLE).await?;
                let mut new: BTreeSet<(i64, i64)> = new.into_iter().collect();
                let (mut members, mut kinds) = (Vec::new(), Vec::new());
                for one in settled.iter().filter(|one| new.remove(&(one.viewer.0, one.week_start.0))) {
                    members.extend(one.members.iter().map(|owner| (one, owner.0)));
                    kinds.extend(one.kinds.iter().map(|kind| (one, kind.name())));
                }
                let rows = Rows::of(&members).with("viewer", |(one, _)| one.viewer.0).with("week", |(one, _)| one.week_start.0);
                rows.with("owner", |(_, owner)| *owner).execute(conn, MEMBERS).await?;
                let rows = Rows::of(&kinds).with("viewer", |(one, _)| one.viewer.0).with("week", |(one, _)| one.week_start.0);
                rows.with("kind", |(_, kind)| *kind).execute(conn, KINDS).await?;
                execute!(conn, c => sqlx::query(FORGET).bind(forget.0).execute(&mut *c).await)?;
                Ok(())
            })
        })
        .await
    }
}
