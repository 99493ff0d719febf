//! A value over time: the line, its spread, its gaps, the marks it is measured against, and the labels at the right.

use super::axis::Axis;
use super::frame::{Frame, LINE_HEIGHT, spread, text, write};
use super::svg::{FINE, Role, markup, paint};
use domain::timestamp::Timestamp;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, VPos};

/// A value at a time; `None` where it was due and is not known.
pub(super) type Point = (Timestamp, Option<f64>);

/// A horizontal line to compare with.
#[derive(Debug)]
pub(super) struct Mark {
    pub(super) line: Role,
    pub(super) label: Role,
    pub(super) value: f64,
    pub(super) text: String,
}

/// Everything a line chart shows, before it has a size.
#[derive(Debug)]
pub(super) struct Lines<'a> {
    pub(super) id: &'a str,
    pub(super) title: &'a str,
    pub(super) takeaway: &'a str,
    pub(super) from: Timestamp,
    pub(super) to: Timestamp,
    /// Ascending, within the window.
    pub(super) points: Vec<Point>,
    /// Lower and upper edge at the same index as `points`; `None` for no spread there.
    pub(super) band: Vec<Option<(f64, f64)>>,
    pub(super) values: Axis,
    /// Named above the value axis.
    pub(super) unit: &'a str,
    /// The values between which all is well.
    pub(super) zone: Option<(f64, f64)>,
    pub(super) marks: Vec<Mark>,
    /// What the newest known value is called at the right.
    pub(super) last: String,
}

impl Lines<'_> {
    /// The drawing for one size; empty when no value is known.
    pub(super) fn draw(&self, frame: Frame) -> String {
        let Some(&(newest_at, newest)) = known(&self.points).last() else { return String::new() };
        let times = Axis::time(self.from, self.to, frame.times);
        let (left, right) = (times.from, times.to);
        let style = |role: Role| role.color().stroke_width(1);
        // A value that is not current must not read as if it were.
        let stale = self.points.last().is_some_and(|(_, value)| value.is_none());
        let last = if stale { format!("last {}", self.last) } else { self.last.clone() };
        let shapes = paint(frame.width, frame.height, |area| {
            let mut plot = frame.plot(area, times, self.values.clone())?;
            if let Some((low, high)) = self.zone {
                plot.draw_series([Rectangle::new([(left, low), (right, high)], Role::Zone.color().filled())])?;
            }
            let gaps = gaps(&self.points, self.from, self.to);
            let (bottom, top) = (self.values.from, self.values.to);
            plot.draw_series(gaps.iter().map(|(a, b)| Rectangle::new([(*a, bottom), (*b, top)], Role::Gap.color().filled())))?;
            for edges in spans(&self.points, &self.band) {
                plot.draw_series([Polygon::new(edges, Role::Band.color())])?;
            }
            plot.draw_series([PathElement::new([(left, bottom), (right, bottom)], style(Role::Axis))])?;
            for mark in &self.marks {
                plot.draw_series([PathElement::new([(left, mark.value), (right, mark.value)], style(mark.line))])?;
            }
            for run in runs(&self.points) {
                if let [only] = run[..] {
                    plot.draw_series([Circle::new(only, 2 * FINE, Role::Dot.color().filled())])?;
                } else {
                    plot.draw_series([PathElement::new(run, style(Role::Line))])?;
                }
            }
            plot.draw_series([Circle::new((newest_at, newest), 4 * FINE, Role::Dot.color().filled())])?;

            let place = |x: f64, y: f64| plot.plotting_area().map_coordinate(&(x, y));
            for (a, b) in gaps {
                let (x0, (x1, y1)) = (place(a, top).0, place(b, bottom));
                if x1 - x0 > 64 * FINE {
                    write(area, "no data", ((x0 + x1) / 2, y1 - 12 * FINE), &text(Role::GapLabel, HPos::Center, VPos::Center))?;
                }
            }
            let mut labels: Vec<(Role, f64, &str)> = self.marks.iter().map(|m| (m.label, m.value, m.text.as_str())).collect();
            labels.push((Role::LastLabel, newest, &last));
            let wanted: Vec<i32> = labels.iter().map(|(_, value, _)| place(right, *value).1).collect();
            let placed = spread(&wanted, LINE_HEIGHT * FINE / 2, (frame.height - frame.bottom) * FINE);
            for ((role, _, label), y) in labels.into_iter().zip(placed) {
                write(area, label, (place(right, top).0 + 8 * FINE, y), &text(role, HPos::Left, VPos::Center))?;
            }
            write(area, self.unit, (0, 0), &text(Role::Label, HPos::Left, VPos::Top))
        });
        let pattern = frame.pattern(self.id);
        let markup: String = shapes.iter().map(|(role, shape)| markup(*role, shape, &pattern)).collect();
        frame.wrap(self.id, self.title, self.takeaway, &markup)
    }
}

/// The newest known value.
pub(super) fn newest(points: &[Point]) -> Option<f64> {
    points.iter().rev().find_map(|(_, value)| *value)
}

fn known(points: &[Point]) -> Vec<(f64, f64)> {
    points.iter().filter_map(|(at, value)| Some((at.0 as f64, (*value)?))).collect()
}

/// The stretches of known values, so that no line bridges an unknown one.
fn runs(points: &[Point]) -> Vec<Vec<(f64, f64)>> {
    points.split(|(_, value)| value.is_none()).map(known).filter(|run| !run.is_empty()).collect()
}

/// Where nothing is known: from the last value before to the first after, or to the edge of the window.
fn gaps(points: &[Point], from: Timestamp, to: Timestamp) -> Vec<(f64, f64)> {
    let mut found: Vec<(f64, f64)> = Vec::new();
    let mut before = from.0 as f64;
    let mut open = false;
    for (at, value) in points {
        if value.is_some() {
            if open {
                found.push((before, at.0 as f64));
            }
            (before, open) = (at.0 as f64, false);
        } else {
            open = true;
        }
    }
    if open {
        found.push((before, to.0 as f64));
    }
    found.retain(|(a, b)| b > a);
    found
}

/// The outlines of the spread: along the upper edge, back along the lower one, one per stretch.
fn spans(points: &[Point], band: &[Option<(f64, f64)>]) -> Vec<Vec<(f64, f64)>> {
    let edges: Vec<Option<(f64, f64, f64)>> =
        points.iter().zip(band).map(|((at, value), edge)| value.and(*edge).map(|(low, high)| (at.0 as f64, low, high))).collect();
    edges
        .split(Option::is_none)
        .map(|part| part.iter().flatten().copied().collect::<Vec<_>>())
        .filter(|part| part.len() > 1)
        .map(|part| part.iter().map(|(x, _, high)| (*x, *high)).chain(part.iter().rev().map(|(x, low, _)| (*x, *low))).collect())
        .collect()
}
