//! The sentence an executive reads first, made from the numbers and from nothing else.

use crate::{Freshness, view::Coverage};
use serde::{Deserialize, Serialize};

/// How something stands. Ordered from the best; a status, never a severity.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// ✓
    Good,
    /// !
    Watch,
    /// ✕
    Off,
    /// ◷ no current data
    Stale,
}

impl Standing {
    /// The standing of a score under the policy's thresholds.
    #[must_use]
    pub fn of(score: Option<f64>, freshness: Freshness, on_target: f64, watch: f64) -> Self {
        match score {
            _ if !freshness.counts() => Self::Stale,
            None => Self::Stale,
            // Compared as shown: 79.6 is printed as 80 and stands as 80.
            Some(s) if s.round() >= on_target => Self::Good,
            Some(s) if s.round() >= watch => Self::Watch,
            Some(_) => Self::Off,
        }
    }
}

/// The generated verdict.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verdict {
    pub standing: Standing,
    /// One word: "Steady", "Watch", "Act", "Blind".
    pub word: String,
    /// The sentence after the word.
    pub headline: String,
    /// What moved, in one or two sentences; may be empty.
    pub detail: String,
}

/// The numbers a verdict is made of.
#[derive(Clone, Copy, Debug, Default)]
pub struct Facts {
    pub coverage: Coverage,
    /// Reporting organisations below the target.
    pub off: u32,
    pub open_critical: u32,
    /// Whether the index itself is below the watch threshold.
    pub index_off: bool,
}

impl Verdict {
    /// Words for the numbers. `detail` is added by whoever knows the causes.
    #[must_use]
    pub fn of(facts: Facts, detail: String) -> Self {
        let c = facts.coverage;
        let quiet = c.silent + c.stale;
        if c.total() == 0 {
            return Self { standing: Standing::Stale, word: "Empty.".into(), headline: "No organisation has joined yet.".into(), detail };
        }
        if c.reporting() == 0 {
            let headline = if c.never == c.total() {
                "no organisation has reported yet.".to_owned()
            } else {
                format!("none of {} reports now.", organisations(c.total()))
            };
            return Self { standing: Standing::Stale, word: "Blind:".into(), headline, detail };
        }
        let mut parts = Vec::new();
        if facts.off > 0 {
            parts.push(format!("{} of {} {} off target", number(facts.off), organisations(c.total()), are(facts.off)));
        }
        if quiet > 0 {
            parts.push(if parts.is_empty() {
                format!("{} of {} {} gone silent", number(quiet), organisations(c.total()), have(quiet))
            } else {
                format!("{} {} gone silent", number(quiet), have(quiet))
            });
        }
        if parts.is_empty() {
            parts.push(match c.never {
                0 if c.total() == 1 => "the one organisation reports and is on target".to_owned(),
                0 => format!("all {} report and none is off target", organisations(c.total())),
                never => format!("{} of {} {} never reported", number(never), organisations(c.total()), have(never)),
            });
        }
        if facts.open_critical > 0 {
            parts.push(format!("{} critical {} open", number(facts.open_critical), if facts.open_critical == 1 { "incident is" } else { "incidents are" }));
        }
        let blind = c.reporting() * 2 < c.total();
        let (standing, word) = if facts.index_off || facts.open_critical > 2 {
            (Standing::Off, "Act.")
        } else if facts.off + quiet + c.never + facts.open_critical > 0 || blind {
            (Standing::Watch, "Watch.")
        } else {
            (Standing::Good, "Steady.")
        };
        Self { standing, word: word.into(), headline: sentence(&parts), detail }
    }
}

fn sentence(parts: &[String]) -> String {
    let joined = match parts {
        [] => String::new(),
        [one] => one.clone(),
        [init @ .., last] => format!("{} and {last}", init.join(", ")),
    };
    let mut chars = joined.chars();
    chars.next().map_or_else(String::new, |first| format!("{}{}.", first.to_uppercase(), chars.as_str()))
}

/// Small numbers as words, as in running text.
#[must_use]
pub fn number(n: u32) -> String {
    const WORDS: [&str; 13] = ["no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"];
    WORDS.get(n as usize).map_or_else(|| n.to_string(), |w| (*w).to_owned())
}

fn organisations(n: u32) -> String {
    format!("{} {}", number(n), if n == 1 { "organisation" } else { "organisations" })
}

fn are(n: u32) -> &'static str {
    if n == 1 { "is" } else { "are" }
}

fn have(n: u32) -> &'static str {
    if n == 1 { "has" } else { "have" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn says_what_the_numbers_say() {
        let coverage = Coverage { fresh: 10, late: 1, silent: 1, ..Coverage::default() };
        let v = Verdict::of(Facts { coverage, off: 2, ..Facts::default() }, String::new());
        assert_eq!((v.word.as_str(), v.headline.as_str()), ("Watch.", "Two of twelve organisations are off target and one has gone silent."));
        let v = Verdict::of(Facts { coverage: Coverage { silent: 123, ..Coverage::default() }, ..Facts::default() }, String::new());
        assert_eq!((v.standing, v.headline.as_str()), (Standing::Stale, "none of 123 organisations reports now."));
        let v = Verdict::of(Facts { coverage: Coverage { fresh: 3, ..Coverage::default() }, ..Facts::default() }, String::new());
        assert_eq!((v.word.as_str(), v.headline.as_str()), ("Steady.", "All three organisations report and none is off target."));
        let v = Verdict::of(Facts { coverage: Coverage { fresh: 3, ..Coverage::default() }, open_critical: 1, ..Facts::default() }, String::new());
        assert_eq!(v.headline, "All three organisations report and none is off target and one critical incident is open.");
    }
}
