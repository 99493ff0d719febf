//! What both drawings of a chart share: their sizes, the plotting area, text styles, and the `<svg>` around the shapes.

use super::axis::Axis;
use super::svg::{Area, Drawn, FINE, Role, escape};
use plotters::coord::cartesian::Cartesian2d;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

/// Plotters' chart on our axes.
pub(super) type Plot<'a, 'b> = ChartContext<'a, SVGBackend<'b>, Cartesian2d<Axis, Axis>>;

/// A size to draw for. All lengths are drawing units.
#[derive(Clone, Copy, Debug)]
pub(super) struct Frame {
    pub(super) width: i32,
    pub(super) height: i32,
    /// Room for the labels of values, at the left.
    pub(super) left: i32,
    /// Room for direct labels, at the right.
    pub(super) right: i32,
    pub(super) top: i32,
    pub(super) bottom: i32,
    /// How many ticks the time axis has at most.
    pub(super) times: usize,
    /// The class that says which of the two it is.
    pub(super) class: &'static str,
}

/// Height of a line of text, at the size there must be room for.
pub(super) const LINE_HEIGHT: i32 = 18;

impl Frame {
    pub(super) const NARROW: Self = Self { width: 480, height: 200, left: 44, right: 108, top: 26, bottom: 26, times: 5, class: "narrow" };
    pub(super) const WIDE: Self = Self { width: 1080, height: 260, left: 48, right: 112, top: 26, bottom: 28, times: 10, class: "wide" };

    /// Sets up the plotting area and draws light lines and labels, but no axis. Plotters'
    /// minor grid is off.
    pub(super) fn plot<'a, 'b>(&self, area: &'a Area<'b>, x: Axis, y: Axis) -> Result<Plot<'a, 'b>, DrawingAreaErrorKind<std::io::Error>> {
        let (x_labels, y_labels) = (x.clone(), y.clone());
        let mut plot = ChartBuilder::on(area)
            .margin_top(self.top * FINE)
            .margin_right(self.right * FINE)
            .x_label_area_size(self.bottom * FINE)
            .y_label_area_size(self.left * FINE)
            .build_cartesian_2d(x, y)?;
        plot.configure_mesh()
            .disable_x_mesh()
            .max_light_lines(0)
            .bold_line_style(Role::Grid.color())
            // `disable_y_axis` would take the labels away as well; the charts draw their base line themselves.
            .axis_style(TRANSPARENT)
            .label_style(text(Role::Label, HPos::Center, VPos::Center))
            .set_all_tick_mark_size(4 * FINE)
            .x_label_formatter(&|v| x_labels.label(*v))
            .y_label_formatter(&|v| y_labels.label(*v))
            .draw()?;
        Ok(plot)
    }

    /// The drawing around its shapes: named and described, with the hatching of gaps when there are any.
    pub(super) fn wrap(&self, id: &str, title: &str, takeaway: &str, shapes: &str) -> String {
        if shapes.is_empty() {
            return String::new();
        }
        let (base, class, width, height) = (self.base(id), self.class, self.width, self.height);
        let (title, takeaway) = (escape(title), escape(takeaway));
        let pattern = self.pattern(id);
        let hatching = if shapes.contains("url(#") {
            format!(
                "<defs><pattern id=\"{pattern}\" width=\"7\" height=\"7\" patternUnits=\"userSpaceOnUse\" patternTransform=\"rotate(45)\">\
                 <path class=\"hatch\" d=\"M1 0v7\"/></pattern></defs>"
            )
        } else {
            String::new()
        };
        format!(
            "<svg class=\"chart {class}\" viewBox=\"0 0 {width} {height}\" font-size=\"14\" role=\"img\" \
             aria-labelledby=\"{base}-title {base}-desc\"><title id=\"{base}-title\">{title}</title>\
             <desc id=\"{base}-desc\">{takeaway}</desc>{hatching}{shapes}</svg>"
        )
    }

    /// The id of the hatching of this drawing. Each has its own: one in a hidden drawing would fill nothing.
    pub(super) fn pattern(&self, id: &str) -> String {
        format!("{}-gap", self.base(id))
    }

    fn base(&self, id: &str) -> String {
        format!("{}-{}", escape(id), self.class)
    }
}

/// A text style; size and font come from CSS, plotters only wants to be told something.
pub(super) fn text(role: Role, h: HPos, v: VPos) -> TextStyle<'static> {
    let mut style = TextStyle::from(("sans-serif", 14 * FINE).into_font()).pos(Pos::new(h, v));
    style.color = role.color().to_backend_color();
    style
}

/// Writes at a place given in fine units of the whole area.
pub(super) fn write(area: &Area<'_>, label: &str, at: (i32, i32), style: &TextStyle<'_>) -> Drawn {
    area.draw_text(label, style, at)
}

/// Moves labels that stand one below another apart, as little as needed, and keeps them between `top` and `bottom`.
/// Fine units; the result is in the order of `wanted`.
pub(super) fn spread(wanted: &[i32], top: i32, bottom: i32) -> Vec<i32> {
    let distance = LINE_HEIGHT * FINE;
    let mut order: Vec<usize> = (0..wanted.len()).collect();
    order.sort_by_key(|i| wanted[*i]);
    let mut placed = wanted.to_vec();
    let mut lowest = top;
    for &i in &order {
        placed[i] = placed[i].max(lowest);
        lowest = placed[i] + distance;
    }
    let mut highest = bottom;
    for &i in order.iter().rev() {
        placed[i] = placed[i].min(highest);
        highest = placed[i] - distance;
    }
    placed
}
