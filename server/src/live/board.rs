//! The board: each organisation's present, in memory, so that no page reads history to show the present.
//!
//! It is derived from the database and can be thrown away at any time. A board never changes once published; the next
//! one shares whatever stayed the same.

mod by_org;

use super::{
    aggregates::{self, Shown, ShownCounts},
    hiding::Before,
};
use by_org::ByOrg;
use domain::{
    ByClass, DAY, DataClass, Freshness, Level, OrgId, Severity, Sharing, Sight, Timestamp, Viewer,
    aggregate::{Aggregate, counts::CountTotal, week_of},
    catalogue::{MetricDefinition, ScoringPolicy},
    decision::AlertLevel,
    scoring::{
        Inputs, OrgScore, Reading, Score, org_score,
        series::{Last, value_of},
    },
    sharing::Marked,
    verdict::Standing,
};
use std::{
    collections::{BTreeMap, BTreeSet, HashMap, HashSet},
    sync::Arc,
};
use store::{Change, CurrentRow, CurrentValues, DayRow, OpenIncident, Org, ShownBefore, Signs, Store, StoreError, What, WithdrawnCritical};

/// Days of score history that are kept at hand.
pub const HISTORY: i64 = 91;

/// Later than all that happens.
const NEVER: Timestamp = Timestamp(i64::MAX);

/// One organisation's present.
#[derive(Clone, Debug)]
pub struct OrgState {
    pub info: Org,
    pub inputs: Inputs,
    /// Without the cap of critical incidents: who sees the cap depends on who sees the incident.
    pub score: OrgScore,
    /// Up to when it is heard of.
    signs: Signs,
    /// When something of each class grew older by time alone.
    aged: ByClass<Option<Timestamp>>,
    /// The same for its own eyes, whose freshness counts every push.
    aged_to_itself: Option<Timestamp>,
    /// Open incidents of high and critical severity.
    pub open: Arc<Vec<OpenIncident>>,
    /// Scores of the last [`HISTORY`] days, by day; today's not included.
    pub days: Arc<Vec<DayRow>>,
    /// What others were shown of it and are no longer.
    pub before: Before,
    /// When time alone changes something here.
    next_change: Option<Timestamp>,
}

/// Something that is other than it was, and no push.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Aged {
    pub org: OrgId,
    /// The class that it takes to see it; `None` where it is the organisation's own affair.
    pub by: Option<DataClass>,
    /// Whether it is earlier days' scores, made again.
    pub past: bool,
    pub at: Timestamp,
}

/// All organisations' present at one moment.
#[derive(Clone)]
pub struct Board {
    pub policy: Arc<ScoringPolicy>,
    positions: Arc<HashMap<String, usize>>,
    orgs: ByOrg<OrgState>,
    /// Before this moment time alone changes nothing.
    quiet_until: Timestamp,
    slugs: Arc<HashMap<String, OrgId>>,
    pub sharing: Arc<Sharing>,
    /// Totals over those that share only totals, as each organisation was shown them.
    pub shown: Arc<Shown>,
    /// The same of counts of records.
    pub shown_counts: Arc<ShownCounts>,
    /// For whom it is settled this week who counts in overlaps unnamed.
    settled: Arc<BTreeSet<OrgId>>,
    pub alert: AlertLevel,
    /// The outbox is applied up to here.
    pub seq: i64,
}

impl Board {
    /// A hub without organisations, for what only asks for the catalogue.
    #[cfg(test)]
    pub(crate) fn of(policy: ScoringPolicy) -> Self {
        Self {
            positions: Arc::new(positions(&policy)),
            policy: Arc::new(policy),
            orgs: ByOrg::default(),
            quiet_until: NEVER,
            slugs: Arc::default(),
            sharing: Arc::default(),
            shown: Arc::default(),
            shown_counts: Arc::default(),
            settled: Arc::default(),
            alert: AlertLevel::default(),
            seq: 0,
        }
    }

    /// Reads everything.
    pub(super) async fn load(store: &Store, now: Timestamp, seq: i64) -> Result<Self, StoreError> {
        let policy = store.hub().policy().await?.ok_or_else(|| StoreError::Internal("no scoring policy was adopted".into()))?;
        let mut board = Self {
            positions: Arc::new(positions(&policy)),
            policy: Arc::new(policy),
            orgs: ByOrg::default(),
            quiet_until: NEVER,
            slugs: Arc::default(),
            sharing: Arc::new(store.hub().sharing().await?),
            shown: Arc::default(),
            shown_counts: Arc::default(),
            settled: Arc::default(),
            alert: store.hub().alert_level().await?,
            seq,
        };
        board.reload(store, now).await?;
        board.read_before(store).await?;
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
            let (days, before) = self.orgs.get(&info.id).map(|o| (Arc::clone(&o.days), o.before.clone())).unwrap_or_default();
            self.orgs.insert(info.id, Arc::new(OrgState::new(info, days, before)));
        }
        // Addresses with a former slug lead to the same organisation.
        let former = hub.former_slugs().await?;
        self.slugs = Arc::new(former.into_iter().chain(self.orgs.values().map(|o| (o.info.slug.clone(), o.info.id))).collect());
        self.read_posture(store, &ids, now).await?;
        self.read_incidents(store, &ids).await?;
        self.read_before(store).await?;
        self.heed(ids.iter().copied());
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
        self.read_before(store).await?;
        Ok(true)
    }

    /// Reads what was shown before, which changes with the rules.
    async fn read_before(&mut self, store: &Store) -> Result<(), StoreError> {
        let hub = store.hub();
        let joined: Arc<HashMap<OrgId, Timestamp>> = Arc::new(hub.joined().await?.into_iter().collect());
        let mut shown: HashMap<OrgId, Vec<ShownBefore>> = HashMap::new();
        for before in hub.shown_before().await? {
            shown.entry(before.owner).or_default().push(before);
        }
        for (id, org) in self.orgs.iter_mut() {
            let before = &mut Arc::make_mut(org).before;
            before.joined = Arc::clone(&joined);
            before.shown = Arc::new(shown.remove(id).unwrap_or_default());
        }
        let all: Vec<OrgId> = self.orgs.keys().copied().collect();
        self.read_withdrawn(store, &all).await
    }

    async fn read_withdrawn(&mut self, store: &Store, orgs: &[OrgId]) -> Result<(), StoreError> {
        let mut by_owner: HashMap<OrgId, HashMap<OrgId, Vec<WithdrawnCritical>>> = HashMap::new();
        for critical in store.hub().withdrawn_criticals(orgs).await? {
            by_owner.entry(critical.owner).or_default().entry(critical.viewer).or_default().push(critical);
        }
        let mut fewer: HashMap<OrgId, HashSet<(OrgId, DataClass)>> = HashMap::new();
        for (owner, viewer, class) in store.hub().shown_fewer(orgs).await? {
            fewer.entry(owner).or_default().insert((viewer, class));
        }
        for id in orgs {
            let (criticals, fewer) = (by_owner.remove(id).unwrap_or_default(), fewer.remove(id).unwrap_or_default());
            if let Some(org) = self.orgs.get_mut(id).filter(|org| *org.before.criticals != criticals || *org.before.fewer != fewer) {
                let before = &mut Arc::make_mut(org).before;
                (before.criticals, before.fewer) = (Arc::new(criticals), Arc::new(fewer));
            }
        }
        Ok(())
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
        }
        Ok(changed)
    }

    /// What a viewer is shown of those that share only totals, in the week of a day. Nothing once one of them shows them more: it would stand in
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

    /// Whether it is settled for an organisation who counts unnamed in overlaps this week.
    #[must_use]
    pub fn is_settled(&self, viewer: OrgId) -> bool {
        self.settled.contains(&viewer)
    }

    /// Reads the scores of earlier days again, of all organisations; returns whose are others now.
    pub(super) async fn reload_days(&mut self, store: &Store, now: Timestamp) -> Result<Vec<Aged>, StoreError> {
        let mut by_org: HashMap<OrgId, Vec<DayRow>> = HashMap::new();
        for row in store.hub().days(now.day() - HISTORY).await?.into_iter().filter(|d| d.day < now.day()) {
            by_org.entry(row.org).or_default().push(row);
        }
        let orgs: Vec<OrgId> = self.orgs().map(|org| org.info.id).collect();
        Ok(orgs.into_iter().filter_map(|org| self.take_days(org, by_org.remove(&org).unwrap_or_default(), now)).collect())
    }

    /// The same of some.
    pub(super) async fn reload_days_of(&mut self, store: &Store, orgs: &BTreeSet<OrgId>, now: Timestamp) -> Result<Vec<Aged>, StoreError> {
        let mut changed = vec![];
        for org in orgs {
            let days = store.hub().days_of(*org, now.day() - HISTORY, now.day()).await?;
            changed.extend(self.take_days(*org, days, now));
        }
        Ok(changed)
    }

    fn take_days(&mut self, id: OrgId, days: Vec<DayRow>, now: Timestamp) -> Option<Aged> {
        let org = self.orgs.get(&id)?;
        if *org.days == days {
            return None;
        }
        // Whether only marked incidents were open is for its own eyes.
        let shown = |days: &[DayRow]| -> Vec<DayRow> { days.iter().map(|day| DayRow { critical_any: false, ..day.clone() }).collect() };
        let by = (shown(&org.days) != shown(&days)).then_some(DataClass::Posture);
        Arc::make_mut(self.orgs.get_mut(&id)?).days = Arc::new(days);
        Some(Aged { org: id, by, past: true, at: now })
    }

    /// Reads anew what changes concern.
    pub(super) async fn refresh(&mut self, store: &Store, changes: &[Change], now: Timestamp) -> Result<(), StoreError> {
        let of = |concerns: fn(What) -> bool| -> Vec<OrgId> {
            let set: BTreeSet<OrgId> = changes.iter().filter(|c| concerns(c.what)).map(|c| c.org).collect();
            set.into_iter().collect()
        };
        // Every push is a sign of life, at least to its own organisation, so every push may change freshness.
        let mut newest: BTreeMap<OrgId, i64> = BTreeMap::new();
        for change in changes {
            newest.entry(change.org).and_modify(|no| *no = change.no.max(*no)).or_insert(change.no);
        }
        if newest.is_empty() {
            return Ok(());
        }
        let current = store.hub().current_after(&newest).await?;
        self.take_posture(current.iter().map(Arc::as_ref), now);
        let incidents = of(|what| what == What::Incidents);
        if !incidents.is_empty() {
            self.read_incidents(store, &incidents).await?;
        }
        let records = of(What::is_marked);
        if !records.is_empty() {
            self.read_withdrawn(store, &records).await?;
        }
        self.heed(changes.iter().map(|change| change.org));
        Ok(())
    }

    async fn read_posture(&mut self, store: &Store, orgs: &[OrgId], now: Timestamp) -> Result<(), StoreError> {
        let current = store.hub().current(orgs).await?;
        self.take_posture(current.iter(), now);
        Ok(())
    }

    fn take_posture<'v>(&mut self, current: impl Iterator<Item = &'v CurrentValues>, now: Timestamp) {
        for values in current {
            let Some(org) = self.orgs.get_mut(&values.org) else { continue };
            let org = Arc::make_mut(org);
            org.info.last_data_at = values.signs.any;
            org.signs = values.signs;
            org.inputs.interval = org.info.interval;
            org.inputs.readings = readings(Some(values), &self.positions, self.policy.metrics.len());
            org.rescore(&self.policy, now);
        }
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

    /// Lets time pass; returns what it changed.
    pub(super) fn pass_time(&mut self, now: Timestamp) -> Vec<Aged> {
        let mut all = vec![];
        if now < self.quiet_until {
            return all;
        }
        let due: Vec<OrgId> = self.orgs.values().filter(|o| o.next_change.is_some_and(|at| at <= now)).map(|o| o.info.id).collect();
        for id in due {
            let Some(org) = self.orgs.get_mut(&id) else { continue };
            let (before, to_itself) = (org.aged, org.aged_to_itself);
            let org = Arc::make_mut(org);
            org.rescore(&self.policy, now);
            let classes = org.aged.iter().map(|(class, after)| (Some(class), before[class], *after));
            let moved = classes.chain([(None, to_itself, org.aged_to_itself)]).filter(|(_, before, after)| after > before);
            all.extend(moved.filter_map(|(by, _, at)| Some(Aged { org: org.info.id, by, past: false, at: at? })));
        }
        self.quiet_until = self.orgs.values().filter_map(|o| o.next_change).min().unwrap_or(NEVER);
        all
    }

    /// Time changes organisations that were read again at other moments than before.
    fn heed(&mut self, read: impl IntoIterator<Item = OrgId>) {
        let next = read.into_iter().filter_map(|id| self.orgs.get(&id)?.next_change).min();
        self.quiet_until = self.quiet_until.min(next.unwrap_or(NEVER));
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

    /// The organisations whose posture a viewer may count, with the scores as they may know them.
    pub fn seen_by(&self, viewer: Viewer) -> impl Iterator<Item = (&Arc<OrgState>, OrgScore)> {
        let sight = self.sight(viewer);
        self.orgs.values().filter(move |o| sight.level(o.info.id, DataClass::Posture) >= Level::Summary).map(move |o| (o, o.score_for(&self.policy, sight)))
    }

    /// When an organisation was added.
    #[must_use]
    pub fn joined(&self, org: OrgId) -> Option<Timestamp> {
        self.orgs.get(&org)?.before.joined.get(&org).copied()
    }

    /// A viewer's eyes, by the rules as they are now.
    #[must_use]
    pub fn sight(&self, viewer: Viewer) -> Sight<'_> {
        Sight { viewer, sharing: &self.sharing }
    }
}

/// Whether nothing is different but signs of life, which pushes tell of.
fn same(a: &Org, b: &Org) -> bool {
    let Org { id, slug, name, sector, country, assets, interval, weight, last_data_at: _, confirmed } = a;
    (id, slug, name, sector, country) == (&b.id, &b.slug, &b.name, &b.sector, &b.country)
        && (assets, interval, weight, confirmed) == (&b.assets, &b.interval, &b.weight, &b.confirmed)
}

fn positions(policy: &ScoringPolicy) -> HashMap<String, usize> {
    policy.metrics.iter().enumerate().map(|(i, m)| (m.key.clone(), i)).collect()
}

/// The readings that a policy's scores are made of, from an organisation's current values.
#[must_use]
pub fn readings_under(policy: &ScoringPolicy, values: Option<&CurrentValues>) -> Vec<Option<Reading>> {
    readings(values, &positions(policy), policy.metrics.len())
}

/// One reading per metric, out of its [series](domain::scoring::series).
fn readings(values: Option<&CurrentValues>, positions: &HashMap<String, usize>, metrics: usize) -> Vec<Option<Reading>> {
    let mut series: Vec<Vec<CurrentRow<'_>>> = vec![vec![]; metrics];
    for row in values.into_iter().flat_map(CurrentValues::rows) {
        if let Some(i) = positions.get(row.metric) {
            series[*i].push(row);
        }
    }
    let reading = |rows: Vec<CurrentRow<'_>>| {
        // An expired series counts only where its metric has no other.
        let live = rows.iter().any(|row| row.left_out_at.is_none());
        let counts = rows.iter().filter(|row| !live || row.left_out_at.is_none());
        // What a snapshot left out is remembered, but as silent from then on.
        let at = |row: &CurrentRow<'_>| if row.left_out_at.is_some() { row.observed_at.min(Timestamp(0)) } else { row.observed_at };
        value_of(counts.map(|row| Last { labels: row.labels, value: row.value, at: at(row) })).map(|(reading, _)| reading)
    };
    series.into_iter().map(reading).collect()
}

impl OrgState {
    fn new(info: Org, days: Arc<Vec<DayRow>>, before: Before) -> Self {
        let nothing = OrgScore::hidden(None, [None; 6]);
        Self {
            info,
            inputs: Inputs::default(),
            score: nothing,
            signs: Signs::default(),
            aged: ByClass::default(),
            aged_to_itself: None,
            open: Arc::default(),
            days,
            before,
            next_change: None,
        }
    }

    fn rescore(&mut self, policy: &ScoringPolicy, now: Timestamp) {
        let interval = self.info.interval;
        self.score = org_score(policy, &self.inputs, now);
        let readings: Vec<Timestamp> = self.inputs.readings.iter().flatten().map(|reading| reading.at).collect();
        let moments = ByClass::from_fn(|class| {
            let of_class = if class == DataClass::Posture { readings.as_slice() } else { &[] };
            of_class.iter().copied().chain(self.signs.open[class]).collect::<Vec<_>>()
        });
        let all = moments.iter().flat_map(|(_, of)| of.iter().copied()).chain(self.signs.any);
        self.next_change = all.filter_map(|at| Freshness::next_change(at, interval, now)).min();
        let last = |of: &[Timestamp]| of.iter().filter_map(|at| Freshness::last_change(*at, interval, now)).max();
        self.aged = ByClass::from_fn(|class| last(&moments[class]));
        self.aged_to_itself = last(self.signs.any.as_slice());
    }

    /// Up to when a viewer hears of it: its own people by every push, others by what is open to all to whom it shows the class. So a push that somebody
    /// may not see tells them nothing, and an organisation that pushes nothing else is silent to them.
    #[must_use]
    pub fn last_data_for(&self, sight: Sight<'_>) -> Option<Timestamp> {
        if sight.viewer.org == self.info.id {
            return self.signs.any;
        }
        let shown = |class| shown_since(sight, self.info.id, class) == Some(domain::sharing::ALWAYS);
        let records = [DataClass::Incidents, DataClass::Events, DataClass::Indicators].into_iter().filter(|class| shown(*class));
        // Metrics have no marking.
        records.chain([DataClass::Posture]).filter_map(|class| self.signs.open[class]).max()
    }

    #[must_use]
    pub fn freshness_for(&self, sight: Sight<'_>, now: Timestamp) -> Freshness {
        Freshness::at(self.last_data_for(sight), self.info.interval, now)
    }

    /// Whether a critical incident is open that this viewer may see, or is told the number of.
    #[must_use]
    pub fn critical_for(&self, sight: Sight<'_>) -> bool {
        self.criticals_for(sight) > 0
    }

    /// How many are.
    #[must_use]
    pub fn criticals_for(&self, sight: Sight<'_>) -> usize {
        self.open.iter().filter(|i| i.severity == Severity::Critical && sight.counts_record(i.org, DataClass::Incidents, &marked(i))).count()
    }

    /// Open incidents of high and critical severity that this viewer may see.
    pub fn open_for<'s>(&'s self, sight: Sight<'s>) -> impl Iterator<Item = &'s OpenIncident> {
        self.open.iter().filter(move |i| sight.sees_record(i.org, DataClass::Incidents, &marked(i)))
    }

    /// The score as a viewer may know it: capped by the critical incidents they may see, and its lower end where they may not see whether there is one.
    #[must_use]
    pub fn score_for(&self, policy: &ScoringPolicy, sight: Sight<'_>) -> OrgScore {
        self.score.clone().under(self.critical(sight), policy.critical_cap)
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
        self.is_shown(sight, day).then_some(row)
    }

    /// The score of an earlier day as a viewer may know it.
    #[must_use]
    pub fn day_for(&self, policy: &ScoringPolicy, sight: Sight<'_>, day: i64) -> Option<Score> {
        Some(self.day_score(self.day_row(sight, day)?, policy, sight))
    }

    /// A stored day as a viewer may know it.
    #[must_use]
    pub fn day_score(&self, row: &DayRow, policy: &ScoringPolicy, sight: Sight<'_>) -> Score {
        let score = Score { value: row.score, last: row.last, low: row.low, high: row.high, coverage: row.coverage, held: false };
        score.under(self.critical_on(row, sight), policy.critical_cap)
    }

    /// How it stands with a score as a viewer may know it.
    #[must_use]
    pub fn standing(&self, policy: &ScoringPolicy, score: &OrgScore, freshness: Freshness) -> Standing {
        Standing::of(score.total.value, freshness, policy.on_target, policy.watch).where_hidden(score.at_most.is_some())
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

/// Whether the rules of now show a viewer the score that an organisation had at the end of a day: not where a group keeps it from them as earlier data.
pub(super) fn is_shown_by(sight: Sight<'_>, owner: OrgId, day: i64) -> bool {
    let end = Timestamp((day + 1) * DAY - 1);
    shown_since(sight, owner, DataClass::Posture).is_some_and(|since| since <= end)
}

/// Since when a viewer is shown numbers of a class.
pub(super) fn shown_since(sight: Sight<'_>, owner: OrgId, class: DataClass) -> Option<Timestamp> {
    sight.sharing.since(sight.viewer.org, owner, class, Level::Summary)
}

/// The collective score of a viewer at the end of an earlier day: `None` where nothing is known of it.
#[must_use]
pub fn collective_day(board: &Board, viewer: Viewer, day: i64) -> Option<Score> {
    let whole = board.parts_on(viewer, day).index();
    whole.value.map(|_| whole)
}

/// The end of a day, or now if it is today.
#[must_use]
pub fn end_of(day: i64, now: Timestamp) -> Timestamp {
    Timestamp(((day + 1) * DAY - 1).min(now.0))
}
