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

    /// The same where something that could lower the score is not shown: never on target.
    #[must_use]
    pub fn where_hidden(self, hidden: bool) -> Self {
        if hidden { self.max(Self::Watch) } else { self }
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
    /// Reporting organisations below the watch threshold, where something is hidden by the lower end of their scores.
    pub off: u32,
    /// Those among them that are off target only if they have a critical incident that is not shown.
    pub perhaps_off: u32,
    /// Reporting organisations between the watch threshold and the target.
    pub below: u32,
    /// Open critical incidents that the reader may count.
    pub open_critical: u32,
    /// Those that were open when they were last shown, and are shown no longer.
    pub withdrawn_critical: u32,
    /// Organisations that show not all of their incidents.
    pub incidents_hidden: u32,
    /// How the index itself stands, with what is hidden at 0.
    pub index: Option<Standing>,
    /// The share of the index that nothing current is known of, 0 to 1.
    pub unknown: f64,
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
            let headline = if c.hidden == c.total() {
                "no organisation shares its posture with you.".to_owned()
            } else if c.never == c.total() {
                "no organisation has reported yet.".to_owned()
            } else if c.hidden > 0 {
                format!(
                    "none of {} that {} posture with you reports now.",
                    organisations(c.total() - c.hidden),
                    if c.total() - c.hidden == 1 { "shares its" } else { "share their" }
                )
            } else {
                format!("none of {} reports now.", organisations(c.total()))
            };
            // Of what nobody tells there is no story.
            let detail = if c.never == c.total() { String::new() } else { detail };
            return Self { standing: Standing::Stale, word: "Blind:".into(), headline, detail };
        }
        // Signs of life are no posture: partners may push incidents and nothing that is scored.
        if facts.index.is_none() && facts.unknown >= 1.0 {
            let headline = format!(
                "{} {}, but no current value of any metric is known.",
                organisations(c.reporting()),
                if c.reporting() == 1 { "reports" } else { "report" }
            );
            return Self { standing: Standing::Stale, word: "Blind:".into(), headline, detail };
        }
        let mut parts = Vec::new();
        if facts.off > 0 {
            let only = match (facts.perhaps_off, facts.off) {
                (0, _) => String::new(),
                (perhaps, off) if perhaps == off => " depending on incidents that are not shared".to_owned(),
                (perhaps, _) => format!(" ({} of them depending on incidents that are not shared)", number(perhaps)),
            };
            parts.push(format!("{} {} off target{only}", share(facts.off, c.total()), are(facts.off)));
        }
        if quiet > 0 {
            parts.push(if parts.is_empty() {
                format!("{} {} gone silent", share(quiet, c.total()), have(quiet))
            } else {
                format!("{} {} gone silent", number(quiet), have(quiet))
            });
        }
        if facts.off == 0 && facts.below > 0 {
            parts.push(format!("{} {} below target", share(facts.below, c.total()), are(facts.below)));
        }
        if c.hidden > 0 {
            let does = if c.hidden == 1 { "does not share its posture by name" } else { "do not share their posture by name" };
            parts.push(if parts.is_empty() { format!("{} {does}", share(c.hidden, c.total())) } else { format!("{} {does}", number(c.hidden)) });
        }
        if parts.is_empty() {
            parts.push(match c.never {
                0 if c.total() == 1 => "the one organisation reports and is on target".to_owned(),
                0 => format!("all {} report and none is off target", organisations(c.total())),
                never => format!("{} {} never reported", share(never, c.total()), have(never)),
            });
        }
        let critical = facts.open_critical + facts.withdrawn_critical;
        let partly = facts.incidents_hidden + facts.withdrawn_critical > 0;
        if critical > 0 {
            let least = if partly { "at least " } else { "" };
            parts.push(format!("{least}{} critical {} open", number(critical), if critical == 1 { "incident is" } else { "incidents are" }));
        }
        if facts.incidents_hidden > 0 {
            let does = if facts.incidents_hidden == 1 { "does not share all of its incidents" } else { "do not share all of their incidents" };
            parts.push(format!("{} {does}", number(facts.incidents_hidden)));
        }
        // Said only where the organisations themselves report: of silent ones it was said already.
        let unknown = facts.unknown > 0.5;
        if unknown && c.reporting() * 2 >= c.total() {
            parts.push(format!("{:.0} % of what is measured is unknown", facts.unknown * 100.0));
        }
        let blind = c.reporting() * 2 < c.total() || unknown;
        let low = facts.index == Some(Standing::Watch);
        let (standing, word) = if facts.index == Some(Standing::Off) || critical > 2 {
            (Standing::Off, "Act.")
        } else if facts.off + facts.below + quiet + c.never + c.hidden + critical > 0 || partly || low || blind {
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

fn share(n: u32, total: u32) -> String {
    if total == 1 { "the one organisation".into() } else { format!("{} of {}", number(n), organisations(total)) }
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
        let v = Verdict::of(Facts { coverage: Coverage { fresh: 1, ..Coverage::default() }, below: 1, unknown: 0.93, ..Facts::default() }, String::new());
        assert_eq!((v.word.as_str(), v.headline.as_str()), ("Watch.", "The one organisation is below target and 93 % of what is measured is unknown."));
        let blind = Facts { coverage: Coverage { fresh: 2, never: 1, ..Coverage::default() }, unknown: 1.0, ..Facts::default() };
        let v = Verdict::of(blind, String::new());
        assert_eq!(
            (v.standing, v.word.as_str(), v.headline.as_str()),
            (Standing::Stale, "Blind:", "two organisations report, but no current value of any metric is known.")
        );
        let low = Facts { coverage: Coverage { fresh: 3, ..Coverage::default() }, index: Some(Standing::Watch), ..Facts::default() };
        assert_eq!(Verdict::of(low, String::new()).word, "Watch.", "never steady while the index is below its target");
        let v = Verdict::of(Facts { coverage: Coverage { fresh: 3, ..Coverage::default() }, open_critical: 1, ..Facts::default() }, String::new());
        assert_eq!(v.headline, "All three organisations report and none is off target and one critical incident is open.");
    }

    #[test]
    fn says_what_is_hidden() {
        let coverage = Coverage { fresh: 4, hidden: 2, ..Coverage::default() };
        let v = Verdict::of(Facts { coverage, withdrawn_critical: 1, incidents_hidden: 2, ..Facts::default() }, String::new());
        let words =
            "Two of six organisations do not share their posture by name, at least one critical incident is open and two do not share all of their incidents.";
        assert_eq!((v.word.as_str(), v.headline.as_str()), ("Watch.", words));
        let coverage = Coverage { fresh: 3, ..Coverage::default() };
        let v = Verdict::of(Facts { coverage, off: 2, perhaps_off: 1, incidents_hidden: 1, ..Facts::default() }, String::new());
        let words =
            "Two of three organisations are off target (one of them depending on incidents that are not shared) and one does not share all of its incidents.";
        assert_eq!(v.headline, words);
        let v = Verdict::of(Facts { coverage: Coverage { hidden: 3, ..Coverage::default() }, ..Facts::default() }, String::new());
        assert_eq!((v.standing, v.headline.as_str()), (Standing::Stale, "no organisation shares its posture with you."));
        assert_eq!(Standing::Good.where_hidden(true), Standing::Watch);
        assert_eq!(Standing::Off.where_hidden(true), Standing::Off);
    }
}
