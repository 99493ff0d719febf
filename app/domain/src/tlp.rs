//! Traffic Light Protocol 2.0 (FIRST, <https://www.first.org/tlp/>).

use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};

/// How far a record may travel. Ordered from the widest to the narrowest reach.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Tlp {
    #[serde(rename = "CLEAR")]
    Clear,
    #[serde(rename = "GREEN")]
    Green,
    #[serde(rename = "AMBER")]
    Amber,
    /// What is unmarked is this.
    #[default]
    #[serde(rename = "AMBER+STRICT")]
    AmberStrict,
    #[serde(rename = "RED")]
    Red,
}

impl Tlp {
    pub const ALL: [Self; 5] = [Self::Clear, Self::Green, Self::Amber, Self::AmberStrict, Self::Red];

    /// The marking's name, as TLP 2.0 writes it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Clear => "CLEAR",
            Self::Green => "GREEN",
            Self::Amber => "AMBER",
            Self::AmberStrict => "AMBER+STRICT",
            Self::Red => "RED",
        }
    }

    /// The number the database keeps: 0 CLEAR to 4 RED.
    #[must_use]
    pub const fn code(self) -> i64 {
        self as i64
    }

    /// Back from [`Tlp::code`]; anything unknown is RED, the narrowest.
    #[must_use]
    pub const fn from_code(code: i64) -> Self {
        match code {
            0 => Self::Clear,
            1 => Self::Green,
            2 => Self::Amber,
            3 => Self::AmberStrict,
            _ => Self::Red,
        }
    }

    /// Whether everyone in the alliance may see a record so marked, whoever is named on it.
    #[must_use]
    pub const fn reaches_everyone(self) -> bool {
        matches!(self, Self::Clear | Self::Green)
    }
}

impl fmt::Display for Tlp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Tlp {
    type Err = String;

    /// Reads `AMBER+STRICT`, `TLP:AMBER+STRICT` and the like, in any case. TLP 1's WHITE is CLEAR.
    fn from_str(text: &str) -> Result<Self, String> {
        let upper = crate::text::trimmed(text).to_ascii_uppercase();
        match upper.strip_prefix("TLP:").unwrap_or(&upper).trim_start() {
            "CLEAR" | "WHITE" => Ok(Self::Clear),
            "GREEN" => Ok(Self::Green),
            "AMBER" => Ok(Self::Amber),
            "AMBER+STRICT" => Ok(Self::AmberStrict),
            "RED" => Ok(Self::Red),
            _ => Err("must be one of CLEAR, GREEN, AMBER, AMBER+STRICT, RED".to_owned()),
        }
    }
}
