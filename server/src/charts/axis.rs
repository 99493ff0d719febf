//! Ranges and ticks: where the axes begin and end, and what stands beside them.

use domain::timestamp::{DAY, HOUR, MONTHS, Timestamp};
use plotters::coord::ranged1d::{KeyPointHint, NoDefaultFormatting, Ranged, ValueFormatter};
use std::ops::Range;

/// An axis with the ticks we chose ourselves; plotters maps values to it. Times are on it as microseconds, which a double
/// holds exactly for the next two centuries.
#[derive(Clone, Debug)]
pub(super) struct Axis {
    pub(super) from: f64,
    pub(super) to: f64,
    /// Position and label.
    pub(super) ticks: Vec<(f64, String)>,
}

impl Axis {
    /// An axis of at least some length: plotters would divide by zero otherwise.
    pub(super) fn new(from: f64, to: f64, ticks: Vec<(f64, String)>) -> Self {
        Self { from, to: if to > from { to } else { from + 1.0 }, ticks }
    }

    /// The label of the tick at a value.
    pub(super) fn label(&self, value: f64) -> String {
        self.ticks.iter().find(|(at, _)| *at == value).map_or_else(String::new, |(_, label)| label.clone())
    }

    /// Time, with at most `most` ticks at round hours, days, Mondays or months.
    pub(super) fn time(from: Timestamp, to: Timestamp, most: usize) -> Self {
        let ticks = time_ticks(from, to, most).into_iter().map(|(at, label)| (at.0 as f64, label)).collect();
        Self::new(from.0 as f64, to.0 as f64, ticks)
    }

    /// Values from `low` to `high`, moved outward to round numbers but not past `bounds`, with at most `most` ticks.
    /// Begins at zero unless that would squeeze everything into the upper part.
    pub(super) fn values(low: f64, high: f64, bounds: (f64, f64), whole: bool, most: usize) -> Self {
        let low = if low >= 0.0 && low < 0.4 * high { 0.0 } else { low };
        let high = if high > low { high } else { low + 1.0 };
        let mut step = nice_step((high - low) / (most.max(3) - 1) as f64);
        if whole {
            step = step.max(1.0);
        }
        let from = ((low / step).floor() * step).max(bounds.0);
        let to = ((high / step).ceil() * step).min(bounds.1);
        let first = (from / step).ceil() as i64;
        let last = (to / step).floor() as i64;
        let ticks = (first..=last).map(|i| i as f64 * step).map(|v| (v, short(v))).collect();
        Self::new(from, to, ticks)
    }
}

impl Ranged for Axis {
    type FormatOption = NoDefaultFormatting;
    type ValueType = f64;

    fn map(&self, value: &f64, limit: (i32, i32)) -> i32 {
        let share = (value.clamp(self.from, self.to) - self.from) / (self.to - self.from);
        limit.0 + (f64::from(limit.1 - limit.0) * share).round() as i32
    }

    fn key_points<Hint: KeyPointHint>(&self, _: Hint) -> Vec<f64> {
        self.ticks.iter().map(|(at, _)| *at).collect()
    }

    fn range(&self) -> Range<f64> {
        self.from..self.to
    }
}

impl ValueFormatter<f64> for Axis {}

/// The next step of 1, 2, 2.5 or 5 times a power of ten.
pub(super) fn nice_step(raw: f64) -> f64 {
    let power = 10f64.powf(raw.max(1e-9).log10().floor());
    [1.0, 2.0, 2.5, 5.0, 10.0].into_iter().map(|m| m * power).find(|step| *step >= raw * 0.999_999).unwrap_or(10.0 * power)
}

/// A number for an axis: `72`, `2.5`, `12k`, `1.2M`.
pub(super) fn short(value: f64) -> String {
    let (scaled, suffix) = match value.abs() {
        v if v >= 1e9 => (value / 1e9, "G"),
        v if v >= 1e6 => (value / 1e6, "M"),
        v if v >= 1e4 => (value / 1e3, "k"),
        _ => (value, ""),
    };
    let text = if suffix.is_empty() { format!("{scaled:.2}") } else { format!("{scaled:.1}") };
    format!("{}{suffix}", text.trim_end_matches('0').trim_end_matches('.'))
}

/// Steps, in months, that fall on the same months every year.
pub(super) const MONTH_STEPS: [i32; 8] = [1, 2, 3, 6, 12, 24, 60, 120];

fn time_ticks(from: Timestamp, to: Timestamp, most: usize) -> Vec<(Timestamp, String)> {
    let span = to.since(from).max(1);
    let even = |step: i64, offset: i64| {
        let first = (from.0 - offset + step - 1).div_euclid(step);
        let last = (to.0 - offset).div_euclid(step);
        (first..=last).map(|i| Timestamp(i * step + offset)).collect::<Vec<_>>()
    };
    for step in [1, 3, 6, 12].map(|h| h * HOUR) {
        if span / step <= most as i64 {
            let ticks = even(step, 0);
            if ticks.len() <= most {
                return ticks.into_iter().map(|t| (t, if t.0.rem_euclid(DAY) == 0 { day(t) } else { t.clock() })).collect();
            }
        }
    }
    // Weeks begin on Mondays; 1970-01-05 was one.
    for (step, offset) in [(DAY, 0), (2 * DAY, 0), (7 * DAY, 4 * DAY), (14 * DAY, 4 * DAY)] {
        if span / step <= most as i64 {
            let ticks = even(step, offset);
            if ticks.len() <= most {
                return ticks.into_iter().map(|t| (t, day(t))).collect();
            }
        }
    }
    MONTH_STEPS.into_iter().map(|months| months_between(from, to, months)).find(|ticks| ticks.len() <= most).unwrap_or_default()
}

fn months_between(from: Timestamp, to: Timestamp, step: i32) -> Vec<(Timestamp, String)> {
    (month_index(from)..=month_index(to))
        .filter(|month| month % step == 0)
        .filter_map(|month| Timestamp::parse(&format!("{:04}-{:02}-01", month.div_euclid(12), month.rem_euclid(12) + 1)).ok())
        .filter(|at| (from..=to).contains(at))
        .map(|at| (at, month(at)))
        .collect()
}

/// Months since the beginning of the calendar.
pub(super) fn month_index(at: Timestamp) -> i32 {
    let c = at.civil();
    c.year * 12 + i32::from(c.month) - 1
}

/// `Aug`, and the year instead of January.
pub(super) fn month(at: Timestamp) -> String {
    let c = at.civil();
    if c.month == 1 { c.year.to_string() } else { MONTHS[usize::from(c.month) - 1].to_owned() }
}

/// `3 Aug`.
pub(super) fn day(at: Timestamp) -> String {
    let c = at.civil();
    format!("{} {}", c.day, MONTHS[usize::from(c.month) - 1])
}
