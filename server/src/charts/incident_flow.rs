//! Incidents opened (above the line) and closed (below it), week by week.

use super::Chart;
use super::axis::{Axis, MONTH_STEPS, day, month, month_index, nice_step, short};
use super::frame::{Frame, text, write};
use super::svg::{FINE, Role, escape, markup, paint};
use super::table;
use domain::timestamp::Timestamp;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, VPos};

const TITLE: &str = "Incidents opened and closed per week";

/// A week's start, and how many incidents were opened and closed in it.
type Week = (Timestamp, u64, u64);

/// Draws the flow of incidents. Weeks are ascending and without holes: a quiet week is two zeros. The table keeps every week,
/// for thinning sums would lose incidents.
#[must_use]
pub fn incident_flow(id: &str, takeaway: &str, weeks: &[Week], csv: &str) -> Chart {
    let rows = weeks.iter().map(|(at, opened, closed)| vec![table::date(*at), opened.to_string(), closed.to_string()]).collect();
    Chart {
        id: id.to_owned(),
        title: TITLE.to_owned(),
        takeaway: takeaway.to_owned(),
        narrow: draw(id, takeaway, weeks, Frame { left: 36, right: 68, ..Frame::NARROW }),
        wide: draw(id, takeaway, weeks, Frame { left: 36, right: 72, ..Frame::WIDE }),
        columns: ["Week of (UTC)", "Opened", "Closed"].map(str::to_owned).to_vec(),
        rows,
        csv: csv.to_owned(),
    }
}

fn draw(id: &str, takeaway: &str, weeks: &[Week], frame: Frame) -> String {
    if weeks.iter().all(|(_, opened, closed)| opened + closed == 0) {
        return String::new();
    }
    // A bar fills 70 % of its week; the rest is the distance to the next.
    let (before, after) = (0.15, 0.85);
    let values = values(weeks);
    let (low, high) = (values.from, values.to);
    let shapes = paint(frame.width, frame.height, |area| {
        let mut plot = frame.plot(area, Axis::new(0.0, weeks.len() as f64, Vec::new()), values)?;
        for (i, (_, opened, closed)) in weeks.iter().enumerate() {
            let left = i as f64;
            let bar = |to: f64, role: Role| Rectangle::new([(left + before, 0.0), (left + after, to)], role.color().filled());
            plot.draw_series([
                Rectangle::new([(left, low), (left + 1.0, high)], Role::Hit.color().filled()),
                bar(*opened as f64, Role::Opened),
                bar(-(*closed as f64), Role::Closed),
            ])?;
        }
        let end = weeks.len() as f64;
        plot.draw_series([PathElement::new([(0.0, 0.0), (end, 0.0)], Role::Axis.color())])?;

        let place = |x: f64, y: f64| plot.plotting_area().map_coordinate(&(x, y));
        let (right, zero) = place(end, 0.0);
        for (label, y) in [("opened", zero - 12 * FINE), ("closed", zero + 12 * FINE)] {
            write(area, label, (right + 8 * FINE, y), &text(Role::Label, HPos::Left, VPos::Center))?;
        }
        let centres: Vec<i32> = (0..weeks.len()).map(|i| place(i as f64 + 0.5, 0.0).0).collect();
        for (x, label) in months(weeks, &centres) {
            let y = (frame.height - frame.bottom + 8) * FINE;
            write(area, &label, (x, y), &text(Role::Label, HPos::Center, VPos::Top))?;
        }
        let Some((i, (at, most, _))) = tallest(weeks) else { return Ok(()) };
        let label = format!("{most} opened, week of {}", day(at));
        // Centred on its bar, or leaning inwards where it would leave the drawing. 5 units is half a wide letter.
        let half = label.chars().count() as i32 * 5 * FINE;
        let anchor = match centres[i] {
            x if x < half => HPos::Left,
            x if x + half > frame.width * FINE => HPos::Right,
            _ => HPos::Center,
        };
        let y = place(0.0, most as f64).1 - 4 * FINE;
        write(area, &label, (centres[i], y), &text(Role::LastLabel, anchor, VPos::Bottom))
    });

    // Plotters knows no groups: a week's hit area begins one, which its two bars complete.
    let mut out = String::new();
    let mut pending = weeks.iter();
    for (role, shape) in &shapes {
        if *role == Role::Hit
            && let Some((at, opened, closed)) = pending.next()
        {
            let tip = escape(&format!("Week of {}: {opened} opened, {closed} closed", at.date()));
            out.push_str(&format!("<g class=\"week\"><title>{tip}</title>"));
        }
        out.push_str(&markup(*role, shape, ""));
        if *role == Role::Closed {
            out.push_str("</g>");
        }
    }
    frame.wrap(id, TITLE, takeaway, &out)
}

/// The week with the most opened incidents, the latest of equals; none when nothing was opened.
fn tallest(weeks: &[Week]) -> Option<(usize, Week)> {
    weeks.iter().copied().enumerate().max_by_key(|(_, (_, opened, _))| *opened).filter(|(_, (_, opened, _))| *opened > 0)
}

/// Counts to both sides of zero, both labelled without a sign.
fn values(weeks: &[Week]) -> Axis {
    let opened = weeks.iter().map(|w| w.1).max().unwrap_or(0).max(1) as f64;
    let closed = weeks.iter().map(|w| w.2).max().unwrap_or(0).max(1) as f64;
    let step = nice_step((opened + closed) / 5.0).max(1.0);
    // Room for one step at least, else a side of few has no line and no label.
    let (opened, closed) = (opened.max(step), closed.max(step));
    let steps = |most: f64| (most / step).floor() as i64;
    let ticks = (-steps(closed)..=steps(opened)).map(|i| i as f64 * step).map(|v| (v, short(v.abs()))).collect();
    Axis::new(-closed, opened, ticks)
}

/// The weeks in which a month begins, every so many months that their labels do not touch; fine units.
fn months(weeks: &[Week], centres: &[i32]) -> Vec<(i32, String)> {
    let begins = |i: usize| i.checked_sub(1).is_none_or(|j| month_index(weeks[j].0) != month_index(weeks[i].0));
    let every = |step: i32| {
        let chosen = (0..weeks.len()).filter(|i| begins(*i) && month_index(weeks[*i].0) % step == 0);
        chosen.map(|i| (centres[i], month(weeks[i].0))).collect::<Vec<_>>()
    };
    let apart = |labels: &Vec<(i32, String)>| labels.windows(2).all(|pair| pair[1].0 - pair[0].0 >= 44 * FINE);
    // The first label names a month that may have begun before; it gives way when the next one is close.
    let mut monthly = every(1);
    if monthly.len() > 2 && monthly[1].0 - monthly[0].0 < 44 * FINE {
        monthly.remove(0);
    }
    if apart(&monthly) {
        return monthly;
    }
    MONTH_STEPS.into_iter().map(every).find(apart).unwrap_or_default()
}
