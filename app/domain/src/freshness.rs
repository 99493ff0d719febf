//! How old is too old.

use crate::timestamp::{DAY, Timestamp};
use serde::{Deserialize, Serialize};

/// The age of data against the organisation's expected push interval I. Ordered from the best.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Freshness {
    /// At most 1 I old.
    Fresh,
    /// At most 2 I old: still counted.
    Late,
    /// More than 2 I old: out of every mean.
    Stale,
    /// More than max(24 h, 4 I) old.
    Silent,
    /// Nothing was ever received.
    Never,
}

impl Freshness {
    /// The state at `now` of something last observed at `at`, for an expected interval of `interval` microseconds.
    /// A moment in the future counts as just now.
    #[must_use]
    pub fn at(at: Option<Timestamp>, interval: i64, now: Timestamp) -> Self {
        let Some(at) = at else { return Self::Never };
        let age = now.since(at);
        if age <= interval {
            Self::Fresh
        } else if age <= interval.saturating_mul(2) {
            Self::Late
        } else if age <= silent_after(interval) {
            Self::Stale
        } else {
            Self::Silent
        }
    }

    /// When the state of something last observed at `at` changes next, if it ever does.
    #[must_use]
    pub fn next_change(at: Timestamp, interval: i64, now: Timestamp) -> Option<Timestamp> {
        [interval, interval.saturating_mul(2), silent_after(interval)].into_iter().map(|age| at.plus(age).plus(1)).filter(|moment| *moment > now).min()
    }

    /// The newest moment up to `now` at which the state of something last observed at `at` changed by time alone, if it ever did.
    #[must_use]
    pub fn last_change(at: Timestamp, interval: i64, now: Timestamp) -> Option<Timestamp> {
        [interval, interval.saturating_mul(2), silent_after(interval)].into_iter().map(|age| at.plus(age).plus(1)).filter(|moment| *moment <= now).max()
    }

    /// Whether values of this age count in scores.
    #[must_use]
    pub const fn counts(self) -> bool {
        matches!(self, Self::Fresh | Self::Late)
    }

    /// The word on the screen.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Fresh => "Fresh",
            Self::Late => "Late",
            Self::Stale => "Stale",
            Self::Silent => "Silent",
            Self::Never => "Never reported",
        }
    }
}

/// The age beyond which a partner is silent: max(24 h, 4 I), and never before it is stale.
#[must_use]
pub fn silent_after(interval: i64) -> i64 {
    interval.saturating_mul(4).max(DAY)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::timestamp::{HOUR, MINUTE};

    #[test]
    fn walks_through_all_states() {
        let at = Timestamp(1_000 * DAY);
        let i = 5 * MINUTE;
        let state = |age| Freshness::at(Some(at), i, at.plus(age));
        assert_eq!(state(-HOUR), Freshness::Fresh);
        assert_eq!(state(i), Freshness::Fresh);
        assert_eq!(state(i + 1), Freshness::Late);
        assert_eq!(state(2 * i + 1), Freshness::Stale);
        assert_eq!(state(DAY), Freshness::Stale);
        assert_eq!(state(DAY + 1), Freshness::Silent);
        assert_eq!(Freshness::at(None, i, at), Freshness::Never);
        // A weekly partner is silent after four weeks, not after a day.
        assert_eq!(Freshness::at(Some(at), 7 * DAY, at.plus(20 * DAY)), Freshness::Stale);
        assert_eq!(Freshness::at(Some(at), 7 * DAY, at.plus(29 * DAY)), Freshness::Silent);
    }

    #[test]
    fn next_change_is_where_the_state_changes() {
        let at = Timestamp(77 * DAY);
        let i = 5 * MINUTE;
        let mut now = at;
        while let Some(next) = Freshness::next_change(at, i, now) {
            assert_ne!(Freshness::at(Some(at), i, next.plus(-1)), Freshness::at(Some(at), i, next));
            now = next;
        }
        assert_eq!(Freshness::at(Some(at), i, now), Freshness::Silent);
    }
}
