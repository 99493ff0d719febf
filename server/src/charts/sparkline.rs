//! A word-sized line for tiles and table cells.

use super::Sparkline;
use super::axis::Axis;
use super::svg::{FINE, Role, Shape, paint, path_data};
use plotters::prelude::*;

/// Size on the screen this is drawn for, in CSS pixels; the viewBox is [`FINE`] times as much.
const WIDTH: i32 = 120;
const HEIGHT: i32 = 32;
/// Room for strokes and the dot.
const MARGIN: i32 = 3;

/// What a sparkline may have besides its line.
#[derive(Clone, Copy, Debug, Default)]
pub struct SparkOptions<'a> {
    /// Lower and upper edge of the spread at each value; as long as the values.
    pub band: Option<&'a [(f64, f64)]>,
}

/// Draws values at even distances on the scale `lo` to `hi` (others are cut to it). The line breaks at `None`, the last known
/// value has a dot, and the unknown rest after it is hatched. Empty when nothing is known.
#[must_use]
pub fn sparkline(values: &[Option<f64>], (lo, hi): (f64, f64), options: SparkOptions<'_>) -> Sparkline {
    let values: Vec<Option<f64>> = values.iter().map(|v| v.filter(|v| v.is_finite())).collect();
    let Some(newest) = values.iter().rposition(Option::is_some) else { return String::new() };
    let end = values.len().saturating_sub(1).max(1) as f64;
    // A single value stands at the right, where now is.
    let at = |i: usize| if values.len() == 1 { end } else { i as f64 };
    let known: Vec<Option<(f64, f64)>> = values.iter().enumerate().map(|(i, v)| v.map(|v| (at(i), v))).collect();

    let shapes = paint(WIDTH, HEIGHT, |area| {
        let mut plot = ChartBuilder::on(area).margin(MARGIN * FINE).build_cartesian_2d(Axis::new(0.0, end, Vec::new()), Axis::new(lo, hi, Vec::new()))?;
        for run in known.split(Option::is_none).map(|run| run.iter().flatten().copied().collect::<Vec<_>>()) {
            let edges = |pick: fn(&(f64, f64)) -> f64| {
                run.iter().filter_map(move |(x, _)| Some((*x, pick(options.band?.get(*x as usize)?)))).filter(|(_, y)| y.is_finite()).collect::<Vec<_>>()
            };
            let (low, high) = (edges(|b| b.0), edges(|b| b.1));
            if high.len() > 1 && low.len() == high.len() {
                plot.draw_series([Polygon::new(high.into_iter().chain(low.into_iter().rev()).collect::<Vec<_>>(), Role::Band.color())])?;
            }
            if run.len() > 1 {
                plot.draw_series([PathElement::new(run, Role::Line.color())])?;
            } else if let [(x, y)] = run[..]
                && x != at(newest)
            {
                // A lone value is a short dash: dots are kept for the newest one.
                plot.draw_series([PathElement::new([(x - 0.4, y), (x + 0.4, y)], Role::Line.color())])?;
            }
        }
        let last = known[newest].unwrap_or_default();
        if newest + 1 < values.len() {
            plot.draw_series([Rectangle::new([(last.0, lo), (end, hi.max(lo))], Role::Gap.color().filled())])?;
        }
        plot.draw_series([Circle::new(last, FINE, Role::Dot.color().filled())])?;
        Ok(())
    });
    if shapes.is_empty() {
        return String::new();
    }
    let body: String = shapes.iter().map(|(role, shape)| element(*role, shape)).collect();
    format!(
        "<svg class=\"spark\" viewBox=\"0 0 {} {}\" preserveAspectRatio=\"none\" aria-hidden=\"true\" focusable=\"false\">{body}</svg>",
        WIDTH * FINE,
        HEIGHT * FINE
    )
}

/// Markup of one element, for a drawing that is stretched: strokes keep their width, and what would be distorted is a stroke.
fn element(role: Role, shape: &Shape) -> String {
    const FIXED: &str = "vector-effect=\"non-scaling-stroke\"";
    match (role, shape) {
        (Role::Band, Shape::Path { points, .. }) => format!("<path class=\"band\" d=\"{}\"/>", path_data(points, true, 1)),
        (_, Shape::Path { points, .. }) => format!("<path class=\"line\" fill=\"none\" {FIXED} d=\"{}\"/>", path_data(points, false, 1)),
        (_, Shape::Circle { x, y, .. }) => format!("<path class=\"dot\" stroke-linecap=\"round\" {FIXED} d=\"M{x} {y}h0\"/>"),
        (_, Shape::Rect { x, width, .. }) => format!("<path class=\"gap hatch\" {FIXED} d=\"{}\"/>", hatch(*x, *x + *width)),
        (_, Shape::Text { .. }) => String::new(),
    }
}

/// Slanting strokes between two abscissae, over the whole height. Strokes and no pattern: that would need an id, unique on
/// a page that shows dozens of these, and would be distorted with the drawing.
fn hatch(from: i32, to: i32) -> String {
    const STEP: i32 = 24;
    let height = HEIGHT * FINE;
    // Each stroke runs from (foot, height) up to (foot + height, 0); cut to the region.
    (0..)
        .map(|i| from - height + STEP / 2 + i * STEP)
        .take_while(|foot| *foot < to)
        .filter_map(|foot| {
            let (x0, x1) = (foot.max(from), (foot + height).min(to));
            (x1 > x0).then(|| format!("M{x0} {}l{} {}", height - (x0 - foot), x1 - x0, x0 - x1))
        })
        .collect()
}
