//! What others see of an organisation that hides something: never more than it was, by the lower end.
//!
//! * Where a viewer may not see all of an organisation's incidents, it is not known to them whether a critical one is open, whether there is one or not:
//!   the rule goes by what they may know, so that a score tells nothing of incidents.
//! * A critical incident that was open when it was last shown to them counts until it is shown to them again, whatever became of it meanwhile. So re-marking
//!   it improves nothing, and an organisation that never showed them one is not suspected of one.
//! * An organisation that does not show its posture is a part of the index of which nothing is known; the last score that was shown holds the index as a
//!   silent organisation's does. One that never showed any is the same part without a score.
//! * A number of an earlier day is made with what was shown on that day, or is now, whichever is more.

use super::board::{Board, OrgState, is_shown_by, shown_since};
use domain::{
    DataClass, Level, OrgId, Sight, Timestamp, Viewer,
    scoring::{Critical, OrgScore, Score, collective, floor},
    sharing::ALWAYS,
};
use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};
use store::{DayRow, ShownBefore, WithdrawnCritical};

/// What viewers were shown of one organisation before.
#[derive(Clone, Debug, Default)]
pub struct Before {
    /// Of its posture and its incidents, the oldest first.
    pub(super) shown: Arc<Vec<ShownBefore>>,
    /// By viewer.
    pub(super) criticals: Arc<HashMap<OrgId, Vec<WithdrawnCritical>>>,
    /// Who counts fewer records of which class than they were shown, as some are marked for fewer now.
    pub(super) fewer: Arc<HashSet<(OrgId, DataClass)>>,
    /// When each organisation of the alliance was added.
    pub(super) joined: Arc<HashMap<OrgId, Timestamp>>,
}

impl Before {
    /// What was shown to a viewer's organisation of a class, the oldest first.
    fn of(&self, viewer: OrgId, class: DataClass) -> impl DoubleEndedIterator<Item = &ShownBefore> {
        let joined = self.joined.get(&viewer).copied();
        let theirs = move |before: &&ShownBefore| match before.viewer {
            Some(org) => org == viewer,
            None => joined.is_some_and(|joined| joined < before.until),
        };
        self.shown.iter().filter(move |before| before.class == class).filter(theirs)
    }

    /// Whether what came up to a moment of a day was shown on that day.
    fn was_shown(&self, viewer: OrgId, class: DataClass, day: i64, moment: Timestamp) -> bool {
        self.of(viewer, class).any(|before| before.until.day() >= day && before.since <= moment)
    }

    /// The last score that was shown before a moment, without the cap of critical incidents, and those of the domains.
    fn last_score(&self, viewer: OrgId, moment: Timestamp) -> Option<(f64, [Option<f64>; 6])> {
        self.of(viewer, DataClass::Posture).rev().find_map(|before| (before.until <= moment).then_some((before.score?, before.domains)))
    }

    /// Critical incidents that were open when a viewer's organisation was last shown them.
    fn withdrawn(&self, viewer: OrgId) -> impl Iterator<Item = &WithdrawnCritical> {
        self.criticals.get(&viewer).into_iter().flatten()
    }
}

impl OrgState {
    /// Whether a viewer may not see all incidents of the organisation that everyone could see.
    #[must_use]
    pub fn incidents_hidden(&self, sight: Sight<'_>) -> bool {
        shown_since(sight, self.info.id, DataClass::Incidents) != Some(ALWAYS)
    }

    /// Whether there may be more records of a class than a viewer may count, as far as they may know: not all are shown, or some of those that were are not
    /// any more. Everything that counts says "at least" by this.
    #[must_use]
    pub fn is_partial(&self, sight: Sight<'_>, class: DataClass) -> bool {
        let viewer = sight.viewer.org;
        let narrowed = shown_since(sight, self.info.id, class) != Some(ALWAYS) || self.before.fewer.contains(&(viewer, class));
        viewer != self.info.id && (narrowed || (class == DataClass::Incidents && self.withdrawn(sight.viewer).next().is_some()))
    }

    /// Critical incidents that were open when a viewer was last shown them.
    pub fn withdrawn(&self, viewer: Viewer) -> impl Iterator<Item = &WithdrawnCritical> {
        self.before.withdrawn(viewer.org).filter(|critical| critical.returned_day.is_none())
    }

    /// What a viewer knows of open critical incidents.
    #[must_use]
    pub fn critical(&self, sight: Sight<'_>) -> Critical {
        if self.critical_for(sight) {
            Critical::Open
        } else if self.incidents_hidden(sight) || self.withdrawn(sight.viewer).next().is_some() {
            Critical::Unknown
        } else {
            Critical::None
        }
    }

    /// What a viewer knew of open critical incidents on a stored day. Whom a past critical incident named is not kept with the day, so a named recipient,
    /// who sees its cap today, sees the days before without it.
    #[must_use]
    pub fn critical_on(&self, row: &DayRow, sight: Sight<'_>) -> Critical {
        let (viewer, begin) = (sight.viewer.org, Timestamp::of_day(row.day));
        if viewer == self.info.id {
            return Critical::open(row.critical_any);
        }
        let shown = shown_since(sight, self.info.id, DataClass::Incidents).is_some_and(|since| since <= begin)
            || self.before.was_shown(viewer, DataClass::Incidents, row.day, begin);
        if shown && row.critical_public {
            Critical::Open
        } else if shown && !self.before.withdrawn(viewer).any(|critical| critical.counts_on(row.day)) {
            Critical::None
        } else {
            Critical::Unknown
        }
    }

    /// Whether a viewer is shown the score that the organisation had at the end of a day, or was then. Not where a group keeps it from them as earlier data.
    #[must_use]
    pub fn is_shown(&self, sight: Sight<'_>, day: i64) -> bool {
        is_shown_by(sight, self.info.id, day) || self.before.was_shown(sight.viewer.org, DataClass::Posture, day, Timestamp(Timestamp::of_day(day + 1).0 - 1))
    }

    /// Whether a viewer was shown the organisation's posture, and is no longer.
    #[must_use]
    pub fn posture_withdrawn(&self, sight: Sight<'_>) -> bool {
        sight.level(self.info.id, DataClass::Posture) < Level::Summary && self.before.of(sight.viewer.org, DataClass::Posture).next().is_some()
    }

    /// To a viewer who is not shown its posture: the last score that was shown before a moment, held.
    fn hidden_score(&self, sight: Sight<'_>, moment: Timestamp) -> OrgScore {
        let last = self.before.last_score(sight.viewer.org, moment);
        OrgScore::hidden(last.map(|last| last.0), last.map_or([None; 6], |last| last.1))
    }
}

impl Board {
    /// The organisations that do not show a viewer their posture, nor are in a total that they are shown, with what they may know of their scores. Those that
    /// the alliance suspended take no part.
    pub fn hidden_from(&self, viewer: Viewer, now: Timestamp) -> impl Iterator<Item = (&Arc<OrgState>, OrgScore)> {
        let (sight, total) = (self.sight(viewer), self.total_of(viewer, now.day()));
        self.orgs()
            .filter(move |o| sight.level(o.info.id, DataClass::Posture) < Level::Summary && !self.sharing.is_suspended(o.info.id))
            .filter(move |o| total.is_none_or(|total| !total.members.contains_key(&o.info.id.0)))
            .map(move |o| (o, o.hidden_score(sight, now).under(o.critical(sight), self.policy.critical_cap)))
    }

    /// How many organisations of the alliance do not show a viewer their posture by name.
    #[must_use]
    pub fn unnamed_to(&self, viewer: Viewer) -> u32 {
        let sight = self.sight(viewer);
        self.orgs().filter(|o| sight.level(o.info.id, DataClass::Posture) < Level::Summary && !self.sharing.is_suspended(o.info.id)).count() as u32
    }

    /// How many organisations of the alliance do not show a viewer all of their records of a class, or no longer.
    #[must_use]
    pub fn partial_to(&self, viewer: Viewer, class: DataClass) -> u32 {
        let sight = self.sight(viewer);
        self.orgs().filter(|o| o.is_partial(sight, class) && !self.sharing.is_suspended(o.info.id)).count() as u32
    }

    /// All that a viewer's mean over organisations is made of now: weight, scores, and whether they are hidden. Of totals over those that are unnamed there
    /// is one part.
    #[must_use]
    pub fn parts(&self, viewer: Viewer, now: Timestamp) -> Parts {
        let shown = self.seen_by(viewer).map(|(o, score)| (o.info.weight, score, false));
        let hidden = self.hidden_from(viewer, now).map(|(o, score)| (o.info.weight, score, true));
        let unnamed = self.total_of(viewer, now.day()).map(|total| {
            let domains = std::array::from_fn(|d| total.domain_part(d).map(|(_, score)| score));
            (total.weight(), total.part().1, domains)
        });
        Parts { orgs: shown.chain(hidden).collect(), unnamed }
    }

    /// The same as if the critical incidents of some had not capped their scores.
    #[must_use]
    pub fn parts_without(&self, viewer: Viewer, now: Timestamp, capped: impl Fn(&OrgScore) -> bool) -> Parts {
        let mut parts = self.parts(viewer, now);
        for (_, score, hidden) in parts.orgs.iter_mut().filter(|(_, score, _)| capped(score)) {
            if !*hidden {
                score.total.value = score.uncapped;
                score.total.last = score.uncapped;
            }
        }
        parts
    }

    /// All that it was made of at the end of an earlier day, as it was shown then or is now.
    #[must_use]
    pub fn parts_on(&self, viewer: Viewer, day: i64) -> Parts {
        let (sight, total) = (self.sight(viewer), self.total_of(viewer, day));
        let end = Timestamp(Timestamp::of_day(day + 1).0 - 1);
        let unnamed = total.map(|total| (total.weight(), total.part().1, std::array::from_fn(|d| total.domain_part(d).map(|(_, score)| score))));
        let one = |o: &Arc<OrgState>| {
            if total.is_some_and(|total| total.members.contains_key(&o.info.id.0)) {
                return None;
            }
            if o.is_shown(sight, day) {
                // Who has handed in nothing yet was in no mean. It goes by the days alone: signs of life that are hidden later change no mean of the past.
                return (!o.days.is_empty()).then(|| {
                    let score = o.day_row(sight, day).map(|row| OrgScore {
                        total: o.day_score(row, &self.policy, sight),
                        domains: row.domains.map(|d| d.map_or(Score::UNKNOWN, |value| Score { value: Some(value), last: Some(value), ..Score::UNKNOWN })),
                        uncapped: None,
                        at_most: None,
                    });
                    (o.info.weight, score.unwrap_or(OrgScore::hidden(None, [None; 6])), false)
                });
            }
            let was_there = self.joined(o.info.id).is_some_and(|joined| joined <= end) && !self.sharing.is_suspended(o.info.id);
            was_there.then(|| (o.info.weight, o.hidden_score(sight, end), true))
        };
        Parts { orgs: self.orgs().filter_map(one).collect(), unnamed }
    }
}

/// A mean over organisations in its parts.
pub struct Parts {
    /// Weight, scores, and whether they are hidden.
    pub orgs: Vec<(f64, OrgScore, bool)>,
    /// Weight, score and scores of the domains of a total over unnamed ones.
    unnamed: Option<(f64, Score, [Option<Score>; 6])>,
}

impl Parts {
    /// The mean.
    #[must_use]
    pub fn index(&self) -> Score {
        let orgs = self.orgs.iter().map(|(weight, score, _)| (*weight, &score.total));
        collective(orgs.chain(self.unnamed.iter().map(|(weight, score, _)| (*weight, score))))
    }

    /// The mean with all that is hidden at 0.
    #[must_use]
    pub fn floor(&self) -> Option<f64> {
        let orgs = self.orgs.iter().map(|(weight, score, hidden)| (*weight, &score.total, *hidden));
        floor(orgs.chain(self.unnamed.iter().map(|(weight, score, _)| (*weight, score, false))))
    }

    /// The mean of a domain, by [`Domain::index`](domain::catalogue::Domain::index), and with all that is hidden at 0.
    #[must_use]
    pub fn domain(&self, domain: usize) -> (Score, Option<f64>) {
        let unnamed = self.unnamed.as_ref().and_then(|(weight, _, domains)| Some((*weight, domains[domain]?)));
        let orgs = || self.orgs.iter().map(|(weight, score, hidden)| (*weight, &score.domains[domain], *hidden));
        let mean = collective(orgs().map(|(weight, score, _)| (weight, score)).chain(unnamed.iter().map(|(weight, score)| (*weight, score))));
        (mean, floor(orgs().chain(unnamed.iter().map(|(weight, score)| (*weight, score, false)))))
    }
}
