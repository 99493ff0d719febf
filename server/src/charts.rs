//! Charts, drawn on the server by plotters as SVG. Every function here is pure: same input, same text; no clock, no I/O.
//!
//! # Theming
//! The markup carries classes and no looks, so that CSS alone themes it, in light, dark and print. It has no `style`
//! attribute (the content security policy forbids them) and no width or height; the viewBox gives the proportions.
//!
//! | class | on | meaning, and what CSS has to give |
//! |---|---|---|
//! | `chart narrow`, `chart wide` | root | 480 × 200 and 1080 × 260 units; show one of them by the width of the container |
//! | `spark` | root | 480 × 128 units, stretched to its box (`preserveAspectRatio="none"`); for about 120 × 32 px |
//! | `line` | path | the measured value: stroke |
//! | `band` | path | spread around it: fill |
//! | `dot` | circle; in a spark a path | last known or lone value: fill; in a spark a round stroke (`stroke`, `stroke-width`), as a circle would be stretched |
//! | `axis`, `grid` | path | zero or base line, light lines: stroke |
//! | `lbl` | text | any text: fill. With `last` it is the newest value (stronger), with `of-target`, `of-floor`, `of-gap` it names that line or region; `of-gap` stands on hatching and wants `paint-order: stroke` with the card's colour |
//! | `target`, `floor` | path | where 100 and 0 points are: stroke, dashes |
//! | `zone` | rect | the good side of the target: a faint fill |
//! | `gap` | rect; in a spark a path | nothing is known here. The rect is filled by a pattern of its own |
//! | `hatch` | path | the strokes of that hatching, in both cases: stroke |
//! | `bar-opened`, `bar-closed` | rect | incidents per week: fill |
//! | `week` | g | one week's bars with their tooltip (`<title>`) |
//! | `hit` | rect | invisible, takes the pointer for that tooltip |
//!
//! Strokes of sparks have `vector-effect="non-scaling-stroke"`, so their `stroke-width` is in screen pixels.
//!
//! Text scales with the drawing, so CSS sets `font-size` on the root by the container's width (in drawing units, as CSS px; 14 is
//! preset, up to 16 has room). Never below 11 px on the screen: narrow 16 below 400 px, 14 below 560, 10 below 760; then wide, 16
//! below 900 and 14 from there.
//!
//! # How to add a chart
//! 1. Make a file under `charts/` with one function that takes domain types and returns [`Chart`]. Compute ranges and ticks with
//!    `axis`, never from the clock.
//! 2. Draw with `svg::paint`: it hands out a plotters area four times as fine as the drawing (plotters rounds to whole units)
//!    and takes only the colours of `svg::Role`. A new kind of thing is a new `Role` with its class, added to the table above.
//! 3. Draw for both sizes of `frame::Frame`; text is given room for 16 units. Label lines directly; a gap is hatched, never
//!    bridged; bars start at zero.
//! 4. Give it a data table (`table`), whose rows are the stops of the keyboard walk, and the address of its CSV.
//! 5. Test that it draws: `tests.rs` has the checks that every drawing must pass.

mod axis;
mod frame;
mod incident_flow;
mod lines;
mod metric_series;
mod score_history;
mod sparkline;
mod svg;
mod table;
#[cfg(test)]
mod tests;

pub use domain::view::{Chart, Sparkline};
pub use incident_flow::incident_flow;
pub use metric_series::metric_series;
pub use score_history::{ScorePoint, score_history};
pub use sparkline::{SparkOptions, sparkline};
