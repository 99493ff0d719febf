//! Threat indicators: their types (after STIX 2.1 cyber-observables) and one canonical spelling per value, so that
//! two organisations that saw the same thing find each other.
//!
//! Every way in goes through [`IndicatorType::canonical`]: pushes, files, keyed hashes made by the command line; what people look for, through [`typed`].

mod address;
mod host;
mod link;
mod mail;
mod refang;
mod typed;

pub use address::{networks_around, span};
pub use typed::{Typed, typed};

use crate::text::{is_invisible, is_visible, trimmed};
use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};

/// What kind of observable an indicator is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum IndicatorType {
    DomainName,
    Ipv4Addr,
    Ipv6Addr,
    Url,
    EmailAddr,
    FileMd5,
    FileSha1,
    FileSha256,
    Vulnerability,
    Other,
}

impl IndicatorType {
    pub const ALL: [Self; 10] = [
        Self::DomainName,
        Self::Ipv4Addr,
        Self::Ipv6Addr,
        Self::Url,
        Self::EmailAddr,
        Self::FileMd5,
        Self::FileSha1,
        Self::FileSha256,
        Self::Vulnerability,
        Self::Other,
    ];

    /// The word of API, database and URL.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::DomainName => "domain-name",
            Self::Ipv4Addr => "ipv4-addr",
            Self::Ipv6Addr => "ipv6-addr",
            Self::Url => "url",
            Self::EmailAddr => "email-addr",
            Self::FileMd5 => "file-md5",
            Self::FileSha1 => "file-sha1",
            Self::FileSha256 => "file-sha256",
            Self::Vulnerability => "vulnerability",
            Self::Other => "other",
        }
    }

    /// The one spelling under which a value of this type is stored and compared. What people put around or into values is undone: `login[.]evil[.]example`
    /// is `login.evil.example`, and `hxxp` is `http`.
    ///
    /// # Errors
    /// Says what is wrong with the value, as the end of a sentence about the field.
    pub fn canonical(self, sent: &str) -> Result<Canonical, String> {
        let value = self.bare(sent)?;
        let kept = |value: String| Canonical { kind: self, value };
        match self {
            Self::DomainName => host::domain(&value).map(kept),
            Self::Ipv4Addr | Self::Ipv6Addr => address::canonical(self, &value),
            Self::Url => link::canonical(&value).map(kept),
            Self::EmailAddr => mail::canonical(&value).map(kept),
            Self::FileMd5 | Self::FileSha1 | Self::FileSha256 => self.digest(&value).map(kept),
            Self::Vulnerability => cve(&value).map(kept),
            Self::Other => return Ok(kept(value)),
        }
        .map_err(|wrong| if self.is_list(&value) { "holds several values; send one item for each".into() } else { wrong })
    }

    /// A value without what nobody sees in it.
    fn bare(self, sent: &str) -> Result<String, String> {
        let joins = |c: char| matches!(c, '\u{200c}' | '\u{200d}');
        let stays = |c: &char| match self {
            // IDNA knows where joiners belong.
            Self::DomainName | Self::Url | Self::EmailAddr => !is_invisible(*c) || joins(*c),
            Self::Other => !is_invisible(*c) || joins(*c) || matches!(*c, '\u{fe00}'..='\u{fe0f}'),
            _ => !is_invisible(*c),
        };
        let value: String = sent.chars().filter(stays).collect();
        let value = trimmed(&value);
        if !is_visible(value) {
            return Err("must have at least one character that can be seen".into());
        }
        if value.len() > 2_048 {
            return Err("must have at most 2048 bytes".into());
        }
        if value.contains(['\n', '\r']) {
            return Err("must be one value in one line".into());
        }
        if value.contains(char::is_control) {
            return Err("must have no control characters".into());
        }
        if self != Self::Other && value.starts_with(['"', '\'', '`', '\u{ab}', '\u{201c}', '\u{201e}', '\u{2018}']) {
            return Err("must stand without quotation marks".into());
        }
        Ok(value.to_owned())
    }

    fn digest(self, value: &str) -> Result<String, String> {
        let digits = self.digits();
        let lower = value.to_ascii_lowercase();
        if !lower.bytes().all(|b| b.is_ascii_hexdigit()) {
            return Err(format!("must be {digits} hexadecimal digits"));
        }
        if lower.len() == digits {
            return Ok(lower);
        }
        let other = [Self::FileMd5, Self::FileSha1, Self::FileSha256].into_iter().find(|kind| kind.digits() == lower.len());
        let hint = other.map_or_else(String::new, |kind| format!(", as {kind} has"));
        Err(format!("must be {digits} hexadecimal digits; this has {}{hint}", lower.len()))
    }

    /// How many hexadecimal digits a value of this type has; 0 where it is no digest.
    const fn digits(self) -> usize {
        match self {
            Self::FileMd5 => 32,
            Self::FileSha1 => 40,
            Self::FileSha256 => 64,
            _ => 0,
        }
    }

    /// Whether a value is several of this type, parted as in one cell of a table.
    fn is_list(self, value: &str) -> bool {
        let mut parts = value.split([' ', '\t', ',', ';', '|']).filter(|part| !part.is_empty());
        let one = |part: Option<&str>| part.is_some_and(|part| part != value && self.canonical(part).is_ok());
        one(parts.next()) && one(parts.next())
    }
}

/// An indicator in its one spelling.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Canonical {
    /// The type that was said, but of an IPv4 address in the form of IPv6, which is one of IPv4.
    pub kind: IndicatorType,
    pub value: String,
}

/// A CVE id (CVE Numbering Authority rules: the year in four digits, then four digits or more, without zeros in front of more than four).
fn cve(value: &str) -> Result<String, String> {
    const WRONG: &str = "is not one CVE id such as CVE-2024-3094: CVE, four digits, four digits or more";
    let upper = value.to_ascii_uppercase().replace(['\u{2010}', '\u{2011}', '\u{2012}', '\u{2013}', '\u{2212}'], "-");
    let digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    let right = upper.strip_prefix("CVE-").and_then(|rest| rest.split_once('-')).is_some_and(|(year, number)| {
        year.len() == 4 && digits(year) && (4..=19).contains(&number.len()) && digits(number) && (number.len() == 4 || !number.starts_with('0'))
    });
    if right { Ok(upper) } else { Err(WRONG.into()) }
}

impl fmt::Display for IndicatorType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for IndicatorType {
    type Err = String;

    /// Reads a word in any case, with blanks or underscores for its hyphens.
    fn from_str(text: &str) -> Result<Self, String> {
        let word = trimmed(text).to_ascii_lowercase().replace([' ', '_'], "-");
        Self::ALL.into_iter().find(|t| t.name() == word).ok_or_else(|| format!("must be one of {}", Self::ALL.map(Self::name).join(", ")))
    }
}

#[cfg(test)]
mod tests;
