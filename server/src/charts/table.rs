//! The data table under a chart; its rows are also where the keyboard walk stops.

use domain::timestamp::{DAY, Timestamp};

/// What a cell says where nothing is known.
pub(super) const NO_DATA: &str = "no data";

/// More rows than this help nobody; the CSV has them all.
const MOST: usize = 120;

/// Rows of a time and what `cells` gives for that index, evenly thinned, first and last always there.
pub(super) fn rows(times: &[Timestamp], cells: impl Fn(usize) -> Vec<String>) -> Vec<Vec<String>> {
    let dates = whole_days(times);
    picked(times.len())
        .map(|i| {
            let mut row = vec![if dates { date(times[i]) } else { times[i].rfc3339() }];
            row.extend(cells(i));
            row
        })
        .collect()
}

/// The heads, beginning with that of the time.
pub(super) fn columns(times: &[Timestamp], rest: &[&str]) -> Vec<String> {
    let first = if whole_days(times) { "Date (UTC)" } else { "Time (UTC)" };
    std::iter::once(first).chain(rest.iter().copied()).map(str::to_owned).collect()
}

/// `2026-05-01`.
pub(super) fn date(at: Timestamp) -> String {
    at.rfc3339().split('T').next().unwrap_or_default().to_owned()
}

fn whole_days(times: &[Timestamp]) -> bool {
    times.iter().all(|at| at.0.rem_euclid(DAY) == 0)
}

fn picked(count: usize) -> impl Iterator<Item = usize> {
    let shown = count.min(MOST);
    (0..shown).map(move |i| if shown < 2 { i } else { i * (count - 1) / (shown - 1) })
}
