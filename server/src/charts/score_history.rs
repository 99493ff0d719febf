//! A score, 0 to 100, over time, with the spread around it.

use super::Chart;
use super::axis::Axis;
use super::frame::Frame;
use super::lines::{Lines, Mark, newest};
use super::svg::Role;
use super::table;
use domain::catalogue::format_value;
use domain::timestamp::Timestamp;

/// Time, the score if one was known, and the lower and upper edge of the spread (both NaN, or both the score, for none).
pub type ScorePoint = (Timestamp, Option<f64>, f64, f64);

/// Draws a score's history with its target. Points are ascending; `None` is a time without a score and shows as a gap.
#[must_use]
pub fn score_history(id: &str, title: &str, takeaway: &str, points: &[ScorePoint], target: f64, csv: &str) -> Chart {
    let mut sorted: Vec<ScorePoint> = points.iter().map(|(at, score, low, high)| (*at, score.filter(|s| s.is_finite()), *low, *high)).collect();
    sorted.sort_by_key(|(at, ..)| *at);
    let edge = |(_, score, low, high): &ScorePoint| score.and(Some((*low, *high))).filter(|(low, high)| low.is_finite() && high.is_finite());
    let band: Vec<Option<(f64, f64)>> = sorted.iter().map(edge).collect();
    let spread = band.iter().flatten().any(|(low, high)| high > low);
    let line: Vec<_> = sorted.iter().map(|(at, score, ..)| (*at, *score)).collect();

    let heads = ["Score", "Spread from", "Spread to"];
    let columns = if spread { &heads[..] } else { &heads[..1] };
    let times: Vec<Timestamp> = sorted.iter().map(|(at, ..)| *at).collect();
    let rows = table::rows(&times, |i| {
        let shown = |value: Option<f64>| value.map_or_else(|| table::NO_DATA.to_owned(), |v| format_value(v, ""));
        let mut cells = vec![shown(line[i].1)];
        if spread {
            cells.extend([shown(band[i].map(|b| b.0)), shown(band[i].map(|b| b.1))]);
        }
        cells
    });

    let target = target.clamp(0.0, 100.0);
    let drawing = Lines {
        id,
        title,
        takeaway,
        from: times.first().copied().unwrap_or_default(),
        to: times.last().copied().unwrap_or_default(),
        // Whole, as scores are shown everywhere else; the table has the decimal.
        last: newest(&line).map(|v| format_value(v.round(), "")).unwrap_or_default(),
        points: line,
        band: if spread { band } else { Vec::new() },
        values: Axis::new(0.0, 100.0, [0.0, 25.0, 50.0, 75.0, 100.0].map(|v| (v, format!("{v:.0}"))).to_vec()),
        unit: "score, 0–100",
        zone: Some((target, 100.0)),
        marks: vec![Mark { line: Role::Target, label: Role::TargetLabel, value: target, text: format!("target {}", format_value(target, "")) }],
    };
    Chart {
        id: id.to_owned(),
        title: title.to_owned(),
        takeaway: takeaway.to_owned(),
        narrow: drawing.draw(Frame::NARROW),
        wide: drawing.draw(Frame::WIDE),
        columns: table::columns(&times, columns),
        rows,
        csv: csv.to_owned(),
    }
}
