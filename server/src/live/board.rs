//! The board: each organisation's present, in memory, so that no page reads history to show the present.
//!
//! It is derived from the database and can be thrown away at any time. A board never changes once published; the next
//! one shares whatever stayed the same.

use super::aggregates::{self, Shown, ShownCounts};
use domain::{
    DAY, Freshness, Level, OrgId, Severity, Sharing, Sight, Timestamp, Viewer,
    access::DataClass,
    aggregate::{Aggregate, counts::CountTotal, week_of},
    catalogue::{MetricDefinition, ScoringPolicy},
    decision::AlertLevel,
    scoring::{Inputs, OrgScore, Reading, Score, collective, org_score},
    sharing::Marked,
    verdict::Standing,
};
use std::{
    collections::{BTreeMap, BTreeSet, HashMap, HashSet},
    sync::Arc,
};
use store::{Change, CurrentRow, DayRow, OpenIncident, Org, Store, StoreError, What};

/// Days of score history that are kept at hand.
pub const HISTORY: i64 = 91;

/// Counts of what happened to each class of data; a cached view is good while the counts it was made from stand.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Versions {
    pub posture: u64,
    pub history: u64,
    pub incidents: u64,
    pub events: u64,
    pub indicators: u64,
    pub pushes: u64,
    /// Part of every view: see the macro `versions!`.
    pub sharing: u64,
}

/// One organisation's present.
#[derive(Clone, Debug)]
pub struct OrgState {
    pub info: Org,
    pub inputs: Inputs,
    /// Without the cap of critical incidents: who sees the cap depends on who sees the incident.
    pub score: OrgScore,
    pub freshness: Freshness,
    /// Open incidents of high and critical severity.
    pub open: Arc<Vec<OpenIncident>>,
    /// Scores of the last [`HISTORY`] days, by day; today's not included.
    pub days: Arc<Vec<DayRow>>,
    /// When time alone changes something here.
    next_change: Option<Timestamp>,
}

/// All organisations' present at one moment.
#[derive(Clone)]
pub struct Board {
    pub policy: Arc<ScoringPolicy>,
    positions: Arc<HashMap<String, usize>>,
    orgs: BTreeMap<OrgId, Arc<OrgState>>,
    slugs: Arc<HashMap<String, OrgId>>,
    pub sharing: Arc<Sharing>,
    /// Totals over those that share only totals, as each organisation was shown them.
    pub shown: Arc<Shown>,
    /// The same of counts of records.
    pub shown_counts: Arc<ShownCounts>,
    /// For whom it is settled this week who counts in overlaps unnamed.
    settled: Arc<BTreeSet<OrgId>>,
    pub alert: AlertLevel,
    pub versions: Versions,
    /// The outbox is applied up to here.
    pub seq: i64,
}

impl Board {
    /// Reads everything.
    pub(super) async fn load(store: &Store, now: Timestamp, seq: i64) -> Result<Self, StoreError> {
        let policy = store.hub().policy().await?.ok_or_else(|| StoreError::Internal("no scoring policy was adopted".into()))?;
        let mut board = Self {
            positions: Arc::new(positions(&policy)),
            policy: Arc::new(policy),
            orgs: BTreeMap::new(),
            slugs: Arc::default(),
            sharing: Arc::new(store.hub().sharing().await?),
            shown: Arc::default(),
            shown_counts: Arc::default(),
            settled: Arc::default(),
            alert: store.hub().alert_level().await?,
            versions: Versions::default(),
            seq,
        };
        board.reload(store, now).await?;
        board.reload_days(store, now).await?;
        board.reload_shown(store, now).await?;
        Ok(board)
    }

    /// Reads organisations and policy again; returns the organisations that are new or changed.
    pub(super) async fn reload(&mut self, store: &Store, now: Timestamp) -> Result<Vec<OrgId>, StoreError> {
        let hub = store.hub();
        let mut again = false;
        if let Some(policy) = hub.policy().await?
            && policy.version != self.policy.version
        {
            self.positions = Arc::new(positions(&policy));
            self.policy = Arc::new(policy);
            again = true;
        }
        let all = hub.organisations().await?;
        let changed: Vec<Org> = all.into_iter().filter(|o| again || self.orgs.get(&o.id).is_none_or(|old| !same(&old.info, o))).collect();
        if changed.is_empty() {
            return Ok(vec![]);
        }
        let ids: Vec<OrgId> = changed.iter().map(|o| o.id).collect();
        for info in changed {
            let days = self.orgs.get(&info.id).map(|o| Arc::clone(&o.days)).unwrap_or_default();
            self.orgs.insert(info.id, Arc::new(OrgState::new(info, days)));
        }
        self.slugs = Arc::new(self.orgs.values().map(|o| (o.info.slug.clone(), o.info.id)).collect());
        self.read_posture(store, &ids, now).await?;
        self.read_incidents(store, &ids).await?;
        self.versions.posture += 1;
        // Their weights are part of every earlier day's mean.
        self.versions.history += 1;
        Ok(ids)
    }

    /// Reads rules and memberships again where they changed; says whether they did.
    pub(super) async fn reload_sharing(&mut self, store: &Store) -> Result<bool, StoreError> {
        let hub = store.hub();
        if hub.sharing_version().await? == self.sharing.version {
            return Ok(false);
        }
        self.sharing = Arc::new(hub.sharing().await?);
        self.alert = hub.alert_level().await?;
        self.versions.sharing += 1;
        Ok(true)
    }

    /// Makes and reads this week's totals; says whether that changed any.
    pub(super) async fn reload_shown(&mut self, store: &Store, now: Timestamp) -> Result<bool, StoreError> {
        let shown = aggregates::of_this_week(store, self, now).await?;
        let counts = aggregates::counts_of_this_week(store, now).await?;
        let settled = aggregates::overlaps_of_this_week(store, now).await?;
        let changed = shown != *self.shown || counts != *self.shown_counts || settled != *self.settled;
        if changed {
            self.shown = Arc::new(shown);
            self.shown_counts = Arc::new(counts);
            self.settled = Arc::new(settled);
            self.versions.sharing += 1;
        }
        Ok(changed)
    }

    /// What a viewer is shown of those that share only totals, in the week of a day. Nothing once one of them shows him more: he would stand in
    /// the totals twice; nor where the viewer is suspended.
    #[must_use]
    pub fn total_of(&self, viewer: Viewer, day: i64) -> Option<&Aggregate> {
        if self.sharing.is_suspended(viewer.org) {
            return None;
        }
        let week = week_of(day);
        let (_, total) = self.shown.get(&viewer.org)?.iter().find(|(of, _)| *of == week)?;
        let named = |org: &i64| self.sharing.level(viewer.org, OrgId(*org), DataClass::Posture) >= Level::Summary;
        (!total.members.keys().any(named)).then_some(total)
    }

    /// The same of the count of a class of records, this week's.
    #[must_use]
    pub fn count_of(&self, viewer: Viewer, class: DataClass, now: Timestamp) -> Option<&CountTotal> {
        if self.sharing.is_suspended(viewer.org) {
            return None;
        }
        let week = week_of(now.day());
        let (_, total) = self.shown_counts.get(&(viewer.org, class))?.iter().find(|(of, _)| *of == week)?;
        let named = |org: &i64| self.sharing.level(viewer.org, OrgId(*org), class) >= Level::Summary;
        (!total.members.keys().any(named)).then_some(total)
    }

    pub(super) async fn reload_days(&mut self, store: &Store, now: Timestamp) -> Result<(), StoreError> {
        let today = now.day();
        let mut by_org: HashMap<OrgId, Vec<DayRow>> = HashMap::new();
        for row in store.hub().days(today - HISTORY).await?.into_iter().filter(|d| d.day < today) {
            by_org.entry(row.org).or_default().push(row);
        }
        for (id, org) in &mut self.orgs {
            Arc::make_mut(org).days = Arc::new(by_org.remove(id).unwrap_or_default());
        }
        self.versions.history += 1;
        self.versions.posture += 1;
        Ok(())
    }

    /// Reads anew what changes concern.
    pub(super) async fn refresh(&mut self, store: &Store, changes: &[Change], now: Timestamp) -> Result<(), StoreError> {
        let of = |what: &[What]| -> Vec<OrgId> {
            let set: BTreeSet<OrgId> = changes.iter().filter(|c| what.contains(&c.what)).map(|c| c.org).collect();
            set.into_iter().collect()
        };
        let all = of(&What::ALL);
        if all.is_empty() {
            return Ok(());
        }
        // Every push is a sign of life, so every push may change freshness.
        self.read_posture(store, &all, now).await?;
        let incidents = of(&[What::Incidents]);
        if !incidents.is_empty() {
            self.read_incidents(store, &incidents).await?;
        }
        let v = &mut self.versions;
        v.posture += 1;
        v.pushes += 1;
        v.incidents += u64::from(!incidents.is_empty());
        v.events += u64::from(changes.iter().any(|c| c.what == What::Events));
        v.indicators += u64::from(changes.iter().any(|c| matches!(c.what, What::Indicators | What::IndicatorCounts)));
        Ok(())
    }

    async fn read_posture(&mut self, store: &Store, orgs: &[OrgId], now: Timestamp) -> Result<(), StoreError> {
        let (seen, rows) = store.hub().current(orgs).await?;
        let mut by_org: HashMap<OrgId, Vec<CurrentRow>> = HashMap::new();
        for row in rows {
            by_org.entry(row.org).or_default().push(row);
        }
        for (id, last_data_at) in seen {
            let Some(org) = self.orgs.get_mut(&id) else { continue };
            let org = Arc::make_mut(org);
            org.info.last_data_at = last_data_at;
            org.inputs.interval = org.info.interval;
            org.inputs.readings = readings(by_org.get(&id).map_or(&[], Vec::as_slice), &self.positions, self.policy.metrics.len());
            org.rescore(&self.policy, now);
        }
        Ok(())
    }

    async fn read_incidents(&mut self, store: &Store, orgs: &[OrgId]) -> Result<(), StoreError> {
        let mut by_org: HashMap<OrgId, Vec<OpenIncident>> = HashMap::new();
        for incident in store.hub().open_incidents(orgs).await? {
            by_org.entry(incident.org).or_default().push(incident);
        }
        for id in orgs {
            if let Some(org) = self.orgs.get_mut(id) {
                Arc::make_mut(org).open = Arc::new(by_org.remove(id).unwrap_or_default());
            }
        }
        Ok(())
    }

    /// Lets time pass; returns the organisations it changed.
    pub(super) fn pass_time(&mut self, now: Timestamp) -> Vec<OrgId> {
        let due: Vec<OrgId> = self.orgs.values().filter(|o| o.next_change.is_some_and(|at| at <= now)).map(|o| o.info.id).collect();
        for id in &due {
            if let Some(org) = self.orgs.get_mut(id) {
                Arc::make_mut(org).rescore(&self.policy, now);
            }
        }
        self.versions.posture += u64::from(!due.is_empty());
        due
    }

    /// All organisations, in the order in which they joined.
    pub fn orgs(&self) -> impl Iterator<Item = &Arc<OrgState>> {
        self.orgs.values()
    }

    #[must_use]
    pub fn org(&self, id: OrgId) -> Option<&Arc<OrgState>> {
        self.orgs.get(&id)
    }

    #[must_use]
    pub fn by_slug(&self, slug: &str) -> Option<&Arc<OrgState>> {
        self.slugs.get(slug).and_then(|id| self.orgs.get(id))
    }

    /// A metric of the catalogue.
    #[must_use]
    pub fn metric(&self, key: &str) -> Option<&MetricDefinition> {
        self.positions.get(key).map(|i| &self.policy.metrics[*i])
    }

    /// The organisations whose posture a viewer may count, with the scores as he may know them.
    pub fn seen_by(&self, viewer: Viewer) -> impl Iterator<Item = (&Arc<OrgState>, OrgScore)> {
        let sight = self.sight(viewer);
        self.orgs.values().filter(move |o| sight.level(o.info.id, DataClass::Posture) >= Level::Summary).map(move |o| (o, o.score_for(&self.policy, sight)))
    }

    /// A viewer's eyes, by the rules as they are now.
    #[must_use]
    pub fn sight(&self, viewer: Viewer) -> Sight<'_> {
        Sight { viewer, sharing: &self.sharing }
    }
}

fn same(a: &Org, b: &Org) -> bool {
    let a = Org { last_data_at: b.last_data_at, ..a.clone() };
    a == *b
}

fn positions(policy: &ScoringPolicy) -> HashMap<String, usize> {
    policy.metrics.iter().enumerate().map(|(i, m)| (m.key.clone(), i)).collect()
}

/// The readings that a policy's scores are made of, from an organisation's current values.
#[must_use]
pub fn readings_under(policy: &ScoringPolicy, rows: &[CurrentRow]) -> Vec<Option<Reading>> {
    readings(rows, &positions(policy), policy.metrics.len())
}

/// One reading per metric: the mean of its series, as young as the youngest of them.
fn readings(rows: &[CurrentRow], positions: &HashMap<String, usize>, metrics: usize) -> Vec<Option<Reading>> {
    let mut sums: Vec<(f64, u32, i64)> = vec![(0.0, 0, i64::MIN); metrics];
    let live: HashSet<&str> = rows.iter().filter(|r| !r.expired).map(|r| r.metric.as_str()).collect();
    for row in rows {
        // An expired series counts only where its metric has no other.
        if row.expired && live.contains(row.metric.as_str()) {
            continue;
        }
        let Some(sum) = positions.get(&row.metric).map(|i| &mut sums[*i]) else { continue };
        // What a snapshot left out is remembered, but as silent from then on.
        let at = if row.expired { row.observed_at.0.min(0) } else { row.observed_at.0 };
        *sum = (sum.0 + row.value, sum.1 + 1, sum.2.max(at));
    }
    sums.into_iter().map(|(sum, n, at)| (n > 0).then(|| Reading { value: sum / f64::from(n), at: Timestamp(at) })).collect()
}

impl OrgState {
    fn new(info: Org, days: Arc<Vec<DayRow>>) -> Self {
        let nothing = OrgScore { total: Score::UNKNOWN, domains: [Score::UNKNOWN; 6], uncapped: None };
        Self { info, inputs: Inputs::default(), score: nothing, freshness: Freshness::Never, open: Arc::default(), days, next_change: None }
    }

    fn rescore(&mut self, policy: &ScoringPolicy, now: Timestamp) {
        let interval = self.info.interval;
        self.freshness = Freshness::at(self.info.last_data_at, interval, now);
        self.score = org_score(policy, &self.inputs, now);
        let moments = self.inputs.readings.iter().flatten().map(|r| r.at).chain(self.info.last_data_at);
        self.next_change = moments.filter_map(|at| Freshness::next_change(at, interval, now)).min();
    }

    /// Whether a critical incident is open that this viewer may see, or is told the number of.
    #[must_use]
    pub fn critical_for(&self, sight: Sight<'_>) -> bool {
        self.open.iter().any(|i| i.severity == Severity::Critical && sight.counts_record(i.org, DataClass::Incidents, &marked(i)))
    }

    /// Open incidents of high and critical severity that this viewer may see.
    pub fn open_for<'s>(&'s self, sight: Sight<'s>) -> impl Iterator<Item = &'s OpenIncident> {
        self.open.iter().filter(move |i| sight.sees_record(i.org, DataClass::Incidents, &marked(i)))
    }

    /// The score as a viewer may know it: capped by the critical incidents he may see.
    #[must_use]
    pub fn score_for(&self, policy: &ScoringPolicy, sight: Sight<'_>) -> OrgScore {
        if self.critical_for(sight) { self.score.clone().with_critical(policy.critical_cap) } else { self.score.clone() }
    }

    /// The current reading of a metric, by its place in the policy, where a viewer is shown single values of the time it is from.
    #[must_use]
    pub fn reading_for(&self, sight: Sight<'_>, metric: usize) -> Option<Reading> {
        let since = sight.sharing.since(sight.viewer.org, self.info.id, DataClass::Posture, Level::Detail)?;
        self.inputs.readings.get(metric).copied().flatten().filter(|reading| reading.at >= since)
    }

    /// What is kept of an earlier day, where a viewer is shown that day.
    #[must_use]
    pub fn day_row(&self, sight: Sight<'_>, day: i64) -> Option<&DayRow> {
        let row = self.days.binary_search_by_key(&day, |d| d.day).ok().map(|i| &self.days[i])?;
        is_shown(sight, self.info.id, day).then_some(row)
    }

    /// The score of an earlier day as a viewer may know it.
    #[must_use]
    pub fn day_for(&self, policy: &ScoringPolicy, sight: Sight<'_>, day: i64) -> Option<Score> {
        Some(day_score(self.day_row(sight, day)?, policy, sight))
    }

    #[must_use]
    pub fn standing(&self, policy: &ScoringPolicy, score: &Score) -> Standing {
        Standing::of(score.value, self.freshness, policy.on_target, policy.watch)
    }

    /// Today's row of history; `None` while nothing current is known.
    #[must_use]
    pub fn today(&self, board: &Board, now: Timestamp) -> Option<DayRow> {
        self.score.total.value?;
        Some(DayRow {
            org: self.info.id,
            day: now.day(),
            policy_version: board.policy.version,
            score: self.score.total.value,
            last: self.score.total.last,
            low: self.score.total.low,
            high: self.score.total.high,
            coverage: self.score.total.coverage,
            domains: self.score.domains.map(|d| d.value),
            critical_public: self.open.iter().any(|i| i.severity == Severity::Critical && i.tlp.reaches_everyone()),
            critical_any: self.open.iter().any(|i| i.severity == Severity::Critical),
        })
    }
}

fn marked(incident: &OpenIncident) -> Marked<'_> {
    Marked { tlp: incident.tlp, recipients: &incident.recipients, received_at: incident.received_at }
}

/// Whether a viewer is shown the score that an organisation had at the end of a day: not where a group keeps it from him as earlier data.
#[must_use]
pub fn is_shown(sight: Sight<'_>, owner: OrgId, day: i64) -> bool {
    let end = Timestamp((day + 1) * DAY - 1);
    since(sight, owner, DataClass::Posture).is_some_and(|since| since <= end)
}

/// Since when a viewer is shown numbers of a class.
fn since(sight: Sight<'_>, owner: OrgId, class: DataClass) -> Option<Timestamp> {
    sight.sharing.since(sight.viewer.org, owner, class, Level::Summary)
}

/// A stored day as a viewer may know it. Whom a past critical incident named is not kept with the day, so a named recipient, who
/// sees its cap today, sees the days before without it.
#[must_use]
pub fn day_score(row: &DayRow, policy: &ScoringPolicy, sight: Sight<'_>) -> Score {
    let score = Score { value: row.score, last: row.last, low: row.low, high: row.high, coverage: row.coverage, held: false };
    if critical_then(row, sight) { score.capped(policy.critical_cap) } else { score }
}

/// Whether a critical incident that a viewer may know of was open on a stored day.
#[must_use]
pub fn critical_then(row: &DayRow, sight: Sight<'_>) -> bool {
    if sight.viewer.org == row.org {
        row.critical_any
    } else {
        row.critical_public && since(sight, row.org, DataClass::Incidents).is_some_and(|since| since <= Timestamp::of_day(row.day))
    }
}

/// The collective score of a viewer at the end of an earlier day: `None` where nothing is known of it.
#[must_use]
pub fn collective_day(board: &Board, viewer: Viewer, day: i64) -> Option<Score> {
    let sight = board.sight(viewer);
    let scores: Vec<(f64, Score)> = board
        .orgs()
        .filter(|o| sight.level(o.info.id, DataClass::Posture) >= Level::Summary)
        .filter(|o| o.info.last_data_at.is_some() && !o.days.is_empty())
        .map(|o| (o.info.weight, o.day_for(&board.policy, sight, day).unwrap_or(Score::UNKNOWN)))
        .chain(board.total_of(viewer, day).map(Aggregate::part))
        .collect();
    let whole = collective(scores.iter().map(|(w, s)| (*w, s)));
    whole.value.map(|_| whole)
}

/// The end of a day, or now if it is today.
#[must_use]
pub fn end_of(day: i64, now: Timestamp) -> Timestamp {
    Timestamp(((day + 1) * DAY - 1).min(now.0))
}
