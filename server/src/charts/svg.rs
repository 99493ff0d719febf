//! From plotters' SVG to ours: every element is drawn in the sentinel colour of its role, and comes out with a class instead.

use plotters::coord::Shift;
use plotters::prelude::*;
use std::fmt::Write;

/// Plotters rounds to whole units; drawings are made this many times finer.
pub(super) const FINE: i32 = 4;

/// Where plotters draws: an area in units of `1 / FINE`.
pub(super) type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;

/// What drawing answers; into memory it fails only when plotters itself is misused.
pub(super) type Drawn = Result<(), DrawingAreaErrorKind<std::io::Error>>;

/// What an element stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    Line,
    Band,
    Dot,
    Axis,
    Grid,
    Label,
    LastLabel,
    TargetLabel,
    FloorLabel,
    GapLabel,
    Opened,
    Closed,
    Target,
    Floor,
    Gap,
    Zone,
    Hit,
}

impl Role {
    const ALL: [Self; 17] = [
        Self::Line,
        Self::Band,
        Self::Dot,
        Self::Axis,
        Self::Grid,
        Self::Label,
        Self::LastLabel,
        Self::TargetLabel,
        Self::FloorLabel,
        Self::GapLabel,
        Self::Opened,
        Self::Closed,
        Self::Target,
        Self::Floor,
        Self::Gap,
        Self::Zone,
        Self::Hit,
    ];

    /// The colour plotters is told to draw with; no colour anyone would choose.
    pub(super) const fn color(self) -> RGBColor {
        RGBColor(1, 2, self as u8)
    }

    const fn class(self) -> &'static str {
        match self {
            Self::Line => "line",
            Self::Band => "band",
            Self::Dot => "dot",
            Self::Axis => "axis",
            Self::Grid => "grid",
            Self::Label => "lbl",
            Self::LastLabel => "lbl last",
            Self::TargetLabel => "lbl of-target",
            Self::FloorLabel => "lbl of-floor",
            Self::GapLabel => "lbl of-gap",
            Self::Opened => "bar-opened",
            Self::Closed => "bar-closed",
            Self::Target => "target",
            Self::Floor => "floor",
            Self::Gap => "gap",
            Self::Zone => "zone",
            Self::Hit => "hit",
        }
    }

    fn of(tag: &str) -> Option<Self> {
        [attribute(tag, "stroke"), attribute(tag, "fill")].into_iter().flatten().find_map(|color| {
            let number = u8::from_str_radix(color.strip_prefix("#0102")?, 16).ok()?;
            Self::ALL.into_iter().find(|role| *role as u8 == number)
        })
    }
}

/// One element plotters drew, geometry in units of `1 / FINE`.
#[derive(Debug)]
pub(super) enum Shape {
    /// A line, or an area when its role is one.
    Path {
        points: Vec<(i32, i32)>,
        closed: bool,
    },
    Rect {
        x: i32,
        y: i32,
        width: i32,
        height: i32,
    },
    Circle {
        x: i32,
        y: i32,
        r: i32,
    },
    /// `text` is escaped.
    Text {
        x: i32,
        y: i32,
        dy: &'static str,
        anchor: String,
        text: String,
    },
}

/// Lets plotters draw on an area of `width` × `height` drawing units and returns what it drew, in its order.
/// Empty when plotters failed, which is logged: a page without one chart is better than no page.
pub(super) fn paint(width: i32, height: i32, draw: impl FnOnce(&Area<'_>) -> Drawn) -> Vec<(Role, Shape)> {
    let mut text = String::new();
    let size = ((width * FINE).unsigned_abs(), (height * FINE).unsigned_abs());
    let outcome = {
        let area = SVGBackend::with_string(&mut text, size).into_drawing_area();
        draw(&area).and_then(|()| area.present())
    };
    match outcome {
        Ok(()) => shapes(&text),
        Err(error) => {
            tracing::error!(%error, "chart could not be drawn");
            Vec::new()
        }
    }
}

/// Reads plotters' output: one element a line, a text's content on the line after its tag.
fn shapes(svg: &str) -> Vec<(Role, Shape)> {
    let mut found = Vec::new();
    let mut lines = svg.lines();
    while let Some(tag) = lines.next() {
        let Some(role) = Role::of(tag) else { continue };
        let n = |name| attribute(tag, name).and_then(|v| v.parse::<i32>().ok()).unwrap_or(0);
        let path = |closed| Shape::Path { points: points(attribute(tag, "points").unwrap_or("")), closed };
        let shape = match tag.split_whitespace().next() {
            Some("<line") => Shape::Path { points: vec![(n("x1"), n("y1")), (n("x2"), n("y2"))], closed: false },
            Some("<polyline") => path(false),
            Some("<polygon") => path(true),
            Some("<rect") => Shape::Rect { x: n("x"), y: n("y"), width: n("width"), height: n("height") },
            Some("<circle") => Shape::Circle { x: n("cx"), y: n("cy"), r: n("r") },
            Some("<text") => Shape::Text {
                x: n("x"),
                y: n("y"),
                // Half an x-height sits digits too high; the cap height is what must be centred.
                dy: match attribute(tag, "dy") {
                    Some("0.76em") => ".76em",
                    Some("-0.5ex") => "-.25em",
                    _ => ".35em",
                },
                anchor: attribute(tag, "text-anchor").unwrap_or("start").to_owned(),
                text: lines.next().unwrap_or("").to_owned(),
            },
            _ => continue,
        };
        found.push((role, shape));
    }
    found
}

fn attribute<'a>(tag: &'a str, name: &str) -> Option<&'a str> {
    let start = tag.find(&format!(" {name}=\""))? + name.len() + 3;
    tag[start..].split('"').next()
}

fn points(text: &str) -> Vec<(i32, i32)> {
    let all = text.split_whitespace().filter_map(|pair| {
        let (x, y) = pair.split_once(',')?;
        Some((x.parse().ok()?, y.parse().ok()?))
    });
    thin(all)
}

/// Of the points that fall on one pixel column keeps the first, the lowest, the highest and the last: the drawing stays the
/// same and its size no longer grows with the length of history.
fn thin(all: impl Iterator<Item = (i32, i32)>) -> Vec<(i32, i32)> {
    let mut kept: Vec<(i32, i32)> = Vec::new();
    let mut column: Vec<(i32, i32)> = Vec::new();
    let flush = |column: &mut Vec<(i32, i32)>, kept: &mut Vec<(i32, i32)>| {
        let extreme = |best: fn(&(usize, i32), &(usize, i32)) -> bool| {
            column.iter().map(|p| p.1).enumerate().reduce(|a, b| if best(&b, &a) { b } else { a }).map_or(0, |(i, _)| i)
        };
        let mut keep = [0, extreme(|a, b| a.1 < b.1), extreme(|a, b| a.1 > b.1), column.len().saturating_sub(1)];
        keep.sort_unstable();
        for at in keep {
            if let Some(&point) = column.get(at)
                && kept.last() != Some(&point)
            {
                kept.push(point);
            }
        }
        column.clear();
    };
    for point in all {
        if column.first().is_some_and(|first| first.0.div_euclid(FINE) != point.0.div_euclid(FINE)) {
            flush(&mut column, &mut kept);
        }
        column.push(point);
    }
    flush(&mut column, &mut kept);
    kept
}

/// Path data, relative after the first point; numbers are divided by `divisor` (1 or [`FINE`]).
pub(super) fn path_data(points: &[(i32, i32)], closed: bool, divisor: i32) -> String {
    let mut data = String::new();
    let mut before: Option<(i32, i32)> = None;
    for &(x, y) in points {
        let (letter, dx, dy) = match before {
            None => ("M", x, y),
            Some((bx, by)) => (if data.contains('l') { " " } else { "l" }, x - bx, y - by),
        };
        let (dx, dy) = (number(dx, divisor), number(dy, divisor));
        data.push_str(if letter == " " && dx.starts_with('-') { "" } else { letter });
        data.push_str(&dx);
        data.push_str(if dy.starts_with('-') { "" } else { " " });
        data.push_str(&dy);
        before = Some((x, y));
    }
    if closed {
        data.push('z');
    }
    data
}

/// `value / divisor` in the fewest characters; exact, for the divisors are 1 and 4.
pub(super) fn number(value: i32, divisor: i32) -> String {
    let (whole, rest) = (value.abs() / divisor, value.abs() % divisor);
    let sign = if value < 0 { "-" } else { "" };
    let fraction = match rest * 4 / divisor {
        1 => ".25",
        2 => ".5",
        3 => ".75",
        _ => return format!("{sign}{whole}"),
    };
    if whole == 0 { format!("{sign}{fraction}") } else { format!("{sign}{whole}{fraction}") }
}

/// The element as markup, in drawing units. `pattern` is the id of the hatching that fills gaps.
pub(super) fn markup(role: Role, shape: &Shape, pattern: &str) -> String {
    let n = |v: i32| number(v, FINE);
    let class = role.class();
    let mut out = String::new();
    // Writing into a String cannot fail.
    let _ = match shape {
        Shape::Path { points, closed } => {
            let fill = if *closed { "" } else { " fill=\"none\"" };
            write!(out, "<path class=\"{class}\"{fill} d=\"{}\"/>", path_data(points, *closed, FINE))
        }
        Shape::Rect { x, y, width, height } => {
            let look = match role {
                Role::Gap => format!(" fill=\"url(#{pattern})\""),
                Role::Hit => " fill=\"none\" pointer-events=\"all\"".to_owned(),
                _ => String::new(),
            };
            write!(out, "<rect class=\"{class}\"{look} x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\"/>", n(*x), n(*y), n(*width), n(*height))
        }
        Shape::Circle { x, y, r } => write!(out, "<circle class=\"{class}\" cx=\"{}\" cy=\"{}\" r=\"{}\"/>", n(*x), n(*y), n(*r)),
        Shape::Text { x, y, dy, anchor, text } => {
            let anchor = if anchor == "start" { String::new() } else { format!(" text-anchor=\"{anchor}\"") };
            write!(out, "<text class=\"{class}\" x=\"{}\" y=\"{}\" dy=\"{dy}\"{anchor}>{text}</text>", n(*x), n(*y))
        }
    };
    out
}

/// Text made safe inside elements and attributes; control characters that XML forbids are left out.
pub(super) fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '"' => out.push_str("&quot;"),
            '\u{0}'..='\u{8}' | '\u{b}' | '\u{c}' | '\u{e}'..='\u{1f}' | '\u{fffe}' | '\u{ffff}' => {}
            other => out.push(other),
        }
    }
    out
}
