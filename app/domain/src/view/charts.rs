//! Charts drawn on the server.

use serde::{Deserialize, Serialize};

/// A chart with everything that makes it readable without seeing it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Chart {
    /// Unique on its page; the base of element ids.
    pub id: String,
    pub title: String,
    /// What the chart says, in a sentence; the figure's caption.
    pub takeaway: String,
    /// SVG drawn for narrow places (480 units wide); empty when there is nothing to draw.
    pub narrow: String,
    /// SVG drawn for wide places (1080 units wide).
    pub wide: String,
    /// Data table: heads and rows, already formatted. The rows are the stops of the keyboard walk too.
    pub columns: Vec<String>,
    pub rows: Vec<Vec<String>>,
    /// Where the same data is as CSV.
    pub csv: String,
}

/// A word-sized line, 0 to 100, drawn as SVG; empty when there is no history.
pub type Sparkline = String;
