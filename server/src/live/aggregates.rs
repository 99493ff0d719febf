//! Totals over organisations that share their posture only in totals: made once a week for each organisation that is shown them.

use super::board::Board;
use domain::{
    DataClass, OrgId, Timestamp,
    aggregate::{
        Aggregate, Contribution, REMEMBERED, aggregate, begin_of,
        counts::{CountTotal, count_total},
        eve_of,
        overlaps::{kinds_of, overlap_members},
        week_of,
    },
};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use store::{Store, StoreError, WeekCount, WeekMembers, WeekTotal};

/// Of each organisation the totals it was shown, with their weeks, the newest first.
pub type Shown = HashMap<OrgId, Vec<(i64, Aggregate)>>;

/// Of each organisation and class of records the counts it was shown, with their weeks, the newest first.
pub type ShownCounts = HashMap<(OrgId, DataClass), Vec<(i64, CountTotal)>>;

/// Makes the totals of this week that are missing and can be shown, and reads all that still matter.
///
/// # Errors
/// When the database fails.
pub async fn of_this_week(store: &Store, board: &Board, now: Timestamp) -> Result<Shown, StoreError> {
    let (hub, week) = (store.hub(), week_of(now.day()));
    let mut shown = read(store, week).await?;
    let unnamed = hub.unnamed(DataClass::Posture, lately(week)).await?;
    let made: Vec<WeekTotal> = unnamed.iter().filter_map(|(viewer, owners)| missing(board, &shown, *viewer, owners, week)).collect();
    if !made.is_empty() {
        hub.keep_aggregates(made).await?;
        // Another node may have been quicker, with other rules.
        shown = read(store, week).await?;
    }
    Ok(shown)
}

/// Who was shown by name after this moment would be known in a total of the week.
const fn lately(week: i64) -> Timestamp {
    begin_of(week - REMEMBERED)
}

async fn read(store: &Store, week: i64) -> Result<Shown, StoreError> {
    let mut shown = Shown::new();
    for row in store.hub().aggregates(week - REMEMBERED).await? {
        shown.entry(row.viewer).or_default().push((row.week, row.total));
    }
    Ok(shown)
}

fn missing(board: &Board, shown: &Shown, viewer: OrgId, owners: &BTreeSet<OrgId>, week: i64) -> Option<WeekTotal> {
    let before = shown.get(&viewer).map_or(&[][..], Vec::as_slice);
    if before.iter().any(|(of, _)| *of == week) {
        return None;
    }
    let eve = eve_of(week);
    let eligible: Vec<Contribution> = owners
        .iter()
        .filter_map(|owner| {
            let o = board.org(*owner)?;
            let day = o.days.binary_search_by_key(&eve, |d| d.day).ok().map(|i| &o.days[i])?;
            Some(Contribution { org: o.info.id, weight: o.info.weight, score: day.score?, domains: day.domains })
        })
        .collect();
    let totals: Vec<&Aggregate> = before.iter().map(|(_, total)| total).collect();
    aggregate(&totals, &eligible).map(|total| WeekTotal { viewer, week, total })
}

/// Makes the counts of this week that are missing and can be shown, and reads all that still matter.
///
/// # Errors
/// When the database fails.
pub async fn counts_of_this_week(store: &Store, now: Timestamp) -> Result<ShownCounts, StoreError> {
    let (hub, week) = (store.hub(), week_of(now.day()));
    let mut shown = read_counts(store, week).await?;
    let mut made = Vec::new();
    for class in DataClass::of_records() {
        let unnamed = hub.unnamed(class, lately(week)).await?;
        if unnamed.is_empty() {
            continue;
        }
        let counts: BTreeMap<OrgId, u64> = hub.public_counts(class, now).await?.into_iter().collect();
        for (viewer, owners) in unnamed {
            let before = shown.get(&(viewer, class)).map_or(&[][..], Vec::as_slice);
            if before.iter().any(|(of, _)| *of == week) {
                continue;
            }
            let eligible: Vec<(OrgId, u64)> = owners.into_iter().map(|org| (org, counts.get(&org).copied().unwrap_or(0))).collect();
            let totals: Vec<&CountTotal> = before.iter().map(|(_, total)| total).collect();
            made.extend(count_total(&totals, &eligible).map(|total| WeekCount { viewer, class, week, total }));
        }
    }
    if !made.is_empty() {
        hub.keep_count_totals(made).await?;
        shown = read_counts(store, week).await?;
    }
    Ok(shown)
}

async fn read_counts(store: &Store, week: i64) -> Result<ShownCounts, StoreError> {
    let mut shown = ShownCounts::new();
    for row in store.hub().count_totals(week - REMEMBERED).await? {
        shown.entry((row.viewer, row.class)).or_default().push((row.week, row.total));
    }
    Ok(shown)
}

/// Settles for whom it is missing and can be who counts this week where it says that unnamed organisations reported an indicator. Returns for whom it is settled.
///
/// # Errors
/// When the database fails.
pub async fn overlaps_of_this_week(store: &Store, now: Timestamp) -> Result<BTreeSet<OrgId>, StoreError> {
    let (hub, week) = (store.hub(), week_of(now.day()));
    let (week_start, remembered) = (begin_of(week), lately(week));
    let settled = hub.overlaps_settled(week_start).await?;
    let held = hub.public_kinds().await?;
    let mut made = Vec::new();
    for (viewer, owners) in hub.unnamed_reporters().await?.into_iter().filter(|(viewer, _)| !settled.contains(viewer)) {
        let before = hub.overlap_members(viewer, remembered).await?;
        let members = overlap_members(&before.iter().map(|week| &week.members).collect::<Vec<_>>(), &owners);
        made.extend(members.map(|members| WeekMembers { viewer, week_start, kinds: kinds_of(&members, &held), members }));
    }
    if made.is_empty() {
        return Ok(settled);
    }
    hub.settle_overlaps(made, remembered).await?;
    hub.overlaps_settled(week_start).await
}
