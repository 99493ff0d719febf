//! One metric of one organisation over time, against its target and floor.

use super::Chart;
use super::axis::{Axis, short};
use super::frame::Frame;
use super::lines::{Lines, Mark, Point, newest};
use super::svg::Role;
use super::table;
use domain::catalogue::{MetricDefinition, format_value};
use domain::query::Window;
use domain::timestamp::Timestamp;

/// Draws a metric over `window`. `points` has a `None` wherever a report was due and did not come: only then does the line
/// break and the gap show; points outside the window are left out.
#[must_use]
pub fn metric_series(id: &str, metric: &MetricDefinition, points: &[Point], window: Window, takeaway: &str, csv: &str) -> Chart {
    let mut points: Vec<Point> =
        points.iter().filter(|(at, _)| (window.from..=window.to).contains(at)).map(|(at, value)| (*at, value.filter(|v| v.is_finite()))).collect();
    points.sort_by_key(|(at, _)| *at);

    let lower = metric.lower_is_better();
    let met = |value: f64| if lower { value <= metric.target } else { value >= metric.target };
    let times: Vec<Timestamp> = points.iter().map(|(at, _)| *at).collect();
    let rows = table::rows(&times, |i| match points[i].1 {
        Some(value) => vec![metric.format(value), if met(value) { "yes" } else { "no" }.to_owned()],
        None => vec![table::NO_DATA.to_owned(), table::NO_DATA.to_owned()],
    });
    let head = format!("Target met ({})", metric.format(metric.target));

    let seen = points.iter().filter_map(|(_, value)| *value).chain([metric.target, metric.floor]);
    let (low, high) = seen.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), v| (low.min(v), high.max(v)));
    // Above a target that is to be exceeded there must be room to show that it was.
    let high = if lower { high } else { high + 0.04 * (high - low) };
    let values = Axis::values(low, high, metric.bounds(), metric.unit == "count", 6);
    let good = if lower { (values.from, metric.target) } else { (metric.target, values.to) };
    let mark = |line, label, name: &str, value| Mark { line, label, value, text: format!("{name} {}", brief(value, &metric.unit)) };
    let drawing = Lines {
        id,
        title: &metric.title,
        takeaway,
        from: window.from,
        to: window.to,
        last: newest(&points).map(|v| brief(v, &metric.unit)).unwrap_or_default(),
        points,
        band: Vec::new(),
        values,
        unit: match metric.unit.as_str() {
            "per_1000_assets" => "per 1000 assets",
            unit => unit,
        },
        zone: (good.1 > good.0).then_some(good),
        marks: vec![mark(Role::Target, Role::TargetLabel, "target", metric.target), mark(Role::Floor, Role::FloorLabel, "floor", metric.floor)],
    };
    Chart {
        id: id.to_owned(),
        title: metric.title.clone(),
        takeaway: takeaway.to_owned(),
        narrow: drawing.draw(Frame::NARROW),
        wide: drawing.draw(Frame::WIDE),
        columns: table::columns(&times, &[&metric.title, &head]),
        rows,
        csv: csv.to_owned(),
    }
}

/// The value for a label beside the drawing, where there is room for few characters and the unit may stand on the axis alone.
fn brief(value: f64, unit: &str) -> String {
    match unit {
        "percent" | "days" | "hours" if value.abs() < 1e4 => format_value(value, unit),
        _ => short((value * 10.0).round() / 10.0),
    }
}
