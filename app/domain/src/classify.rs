//! Severity and the life of an incident.

use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};

/// How bad. Ordered from the worst.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    Critical,
    High,
    Medium,
    Low,
    Info,
}

/// Where an incident stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum IncidentStatus {
    New,
    InProgress,
    OnHold,
    Resolved,
    Closed,
}

impl Severity {
    pub const ALL: [Self; 5] = [Self::Critical, Self::High, Self::Medium, Self::Low, Self::Info];

    /// The word of API, database and screen.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Critical => "critical",
            Self::High => "high",
            Self::Medium => "medium",
            Self::Low => "low",
            Self::Info => "info",
        }
    }

    /// The number the database keeps: 0 critical to 4 info.
    #[must_use]
    pub const fn code(self) -> i64 {
        self as i64
    }

    /// Back from [`Severity::code`].
    #[must_use]
    pub fn from_code(code: i64) -> Self {
        Self::ALL.get(code as usize).copied().unwrap_or(Self::Info)
    }
}

impl IncidentStatus {
    pub const ALL: [Self; 5] = [Self::New, Self::InProgress, Self::OnHold, Self::Resolved, Self::Closed];

    /// The word of API, database and URL.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::InProgress => "in_progress",
            Self::OnHold => "on_hold",
            Self::Resolved => "resolved",
            Self::Closed => "closed",
        }
    }

    /// The word on the screen.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::New => "New",
            Self::InProgress => "In progress",
            Self::OnHold => "On hold",
            Self::Resolved => "Resolved",
            Self::Closed => "Closed",
        }
    }

    /// Open incidents are the ones somebody still has to deal with.
    #[must_use]
    pub const fn is_open(self) -> bool {
        matches!(self, Self::New | Self::InProgress | Self::OnHold)
    }

    /// The number the database keeps, 0 new to 4 closed; below 3 is open.
    #[must_use]
    pub const fn code(self) -> i64 {
        self as i64
    }

    /// Back from [`IncidentStatus::code`].
    #[must_use]
    pub fn from_code(code: i64) -> Self {
        Self::ALL.get(code as usize).copied().unwrap_or(Self::Closed)
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl fmt::Display for IncidentStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Severity {
    type Err = String;

    /// Reads a word in any case.
    fn from_str(text: &str) -> Result<Self, String> {
        let word = crate::text::trimmed(text).to_ascii_lowercase();
        Self::ALL.into_iter().find(|s| s.name() == word).ok_or_else(|| "must be one of critical, high, medium, low, info".to_owned())
    }
}

impl FromStr for IncidentStatus {
    type Err = String;

    /// Reads a word in any case, with blanks or hyphens for its underscores.
    fn from_str(text: &str) -> Result<Self, String> {
        let word = crate::text::trimmed(text).to_ascii_lowercase().replace([' ', '-'], "_");
        Self::ALL.into_iter().find(|s| s.name() == word).ok_or_else(|| "must be one of new, in_progress, on_hold, resolved, closed".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_read_in_any_case() {
        assert_eq!("Critical ".parse(), Ok(Severity::Critical));
        for text in ["in_progress", "In Progress", "IN-PROGRESS"] {
            assert_eq!(text.parse(), Ok(IncidentStatus::InProgress), "{text}");
        }
        assert!("urgent".parse::<Severity>().is_err() && "".parse::<IncidentStatus>().is_err());
    }
}
