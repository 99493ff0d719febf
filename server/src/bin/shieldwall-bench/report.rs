//! Figures: printed for people as they come, each with its target where there is one, and kept for the verdict and for machines.

use crate::{machine::Facts, options::Part, targets};
use hdrhistogram::Histogram;
use serde::Serialize;
use serde_json::{Value, json};
use std::time::Duration;

/// What a figure was measured with; what does not apply is left out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Scene {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub database: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hubs: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub organisations: Option<usize>,
    /// In the database before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub samples: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub viewers: Option<usize>,
    /// Pushes a second that were offered.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub offered: Option<usize>,
}

impl Scene {
    /// Nothing said.
    pub const ANY: Self = Self { database: None, hubs: None, organisations: None, samples: None, viewers: None, offered: None };
}

/// What a figure counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum Unit {
    #[serde(rename = "/s")]
    PerSecond,
    #[serde(rename = "ms")]
    Milliseconds,
    #[serde(rename = "s")]
    Seconds,
    #[serde(rename = "MiB")]
    Mebibytes,
    #[serde(rename = "KiB")]
    Kibibytes,
    #[serde(rename = "bytes")]
    Bytes,
    /// Of something else, 1 being as much.
    #[serde(rename = "×")]
    Times,
    #[serde(rename = "cores")]
    Cores,
    #[serde(rename = "")]
    Count,
}

impl Unit {
    /// A value for people.
    pub fn text(self, value: f64) -> String {
        match self {
            Self::PerSecond => format!("{} /s", grouped(value)),
            Self::Milliseconds => format!("{value:.1} ms"),
            Self::Seconds => format!("{value:.1} s"),
            Self::Mebibytes => format!("{} MiB", grouped(value)),
            Self::Kibibytes => format!("{} KiB", grouped(value)),
            Self::Bytes if value < 1_000.0 => format!("{value:.1} bytes"),
            Self::Bytes => format!("{} bytes", grouped(value)),
            Self::Times => format!("{value:.2} ×"),
            Self::Cores => format!("{value:.2}"),
            Self::Count => grouped(value),
        }
    }
}

/// One figure.
#[derive(Clone, Debug, Serialize)]
pub struct Figure {
    pub part: Part,
    /// A stable word for programs.
    pub measure: String,
    pub value: f64,
    pub unit: Unit,
    #[serde(flatten)]
    pub scene: Scene,
}

/// All figures of a run.
pub struct Report {
    /// Whether people read on standard error, because machines read standard output.
    aside: bool,
    machine: Value,
    figures: Vec<Figure>,
}

impl Report {
    pub const fn new(aside: bool) -> Self {
        Self { aside, machine: Value::Null, figures: vec![] }
    }

    fn say(&self, text: &str) {
        if self.aside {
            eprintln!("{text}");
        } else {
            println!("{text}");
        }
    }

    pub fn title(&self, text: &str) {
        self.say(&format!("\n{text}"));
    }

    pub fn line(&self, name: &str, value: &str) {
        self.say(&format!("  {name:<50} {value}"));
    }

    /// Figures of one part, measured with the same.
    pub fn section(&mut self, title: &str, part: Part, scene: Scene) -> Section<'_> {
        self.title(title);
        Section { report: self, part, scene }
    }

    /// The machine and what it costs to be durable on it.
    pub fn machine(&mut self, facts: &Facts) {
        let sync = |percent| millis(facts.sync.value_at_percentile(percent));
        self.say(&format!("shieldwall-bench {}", env!("CARGO_PKG_VERSION")));
        self.line("processor", &format!("{} cores, {}", facts.cores, facts.processor));
        self.line("memory, kernel", &format!("{}, {}", facts.memory, facts.kernel));
        let (p50, p99) = (sync(50.0), sync(99.0));
        self.line("4 KiB written and synced, p50 / p99", &format!("{} / {}", Unit::Milliseconds.text(p50), Unit::Milliseconds.text(p99)));
        self.machine = json!({
            "cores": facts.cores, "processor": facts.processor, "memory": facts.memory, "kernel": facts.kernel,
            "sync_p50_ms": p50, "sync_p99_ms": p99, "debug_build": cfg!(debug_assertions),
        });
        if cfg!(debug_assertions) {
            self.line("a debug build", "the figures say nothing about the product's speed");
        }
    }

    /// What was reached of what is to be reached.
    pub fn verdict(&self, took: Duration) {
        self.title("Verdict");
        let verdicts = targets::verdicts(&self.figures);
        for line in targets::lines(&verdicts) {
            self.say(&format!("  {line}"));
        }
        self.line("the run took", &Unit::Seconds.text(took.as_secs_f64()));
    }

    /// All of it, for machines.
    pub fn json(&self, took: Duration) -> Value {
        let verdicts: Vec<Value> = targets::verdicts(&self.figures).iter().map(targets::Verdict::json).collect();
        json!({ "version": env!("CARGO_PKG_VERSION"), "machine": self.machine, "seconds": took.as_secs_f64(), "figures": self.figures, "verdict": verdicts })
    }
}

/// A part of the report.
pub struct Section<'r> {
    report: &'r mut Report,
    part: Part,
    scene: Scene,
}

impl Section<'_> {
    /// What is only for people.
    pub fn line(&self, name: &str, value: &str) {
        self.report.line(name, value);
    }

    pub fn figure(&mut self, name: &str, measure: &str, value: f64, unit: Unit) {
        self.row(name, &[("", measure.to_owned(), value)], unit);
    }

    /// Percentiles of microseconds, as `measure_p95`.
    pub fn percentiles(&mut self, name: &str, measure: &str, times: &Histogram<u64>, percents: &[u8]) {
        const NAMES: [(u8, &str); 3] = [(50, "p50"), (95, "p95"), (99, "p99")];
        let wanted = NAMES.into_iter().filter(|(percent, _)| percents.contains(percent));
        let values: Vec<_> = wanted.map(|(percent, word)| (word, format!("{measure}_{word}"), millis(times.value_at_percentile(f64::from(percent))))).collect();
        let words: Vec<_> = values.iter().map(|(word, ..)| *word).collect();
        self.row(&format!("{name} {}", words.join(" / ")), &values, Unit::Milliseconds);
    }

    /// Several values in one line, each with what it is called there and for programs.
    pub fn row(&mut self, name: &str, values: &[(&str, String, f64)], unit: Unit) {
        let text: Vec<_> = values.iter().map(|(_, _, value)| unit.text(*value)).collect();
        let mut wanted = vec![];
        for (word, measure, value) in values {
            let figure = Figure { part: self.part, measure: measure.clone(), value: *value, unit, scene: self.scene };
            if let Some((limit, reached)) = targets::of(&figure) {
                let word = if word.is_empty() { String::new() } else { format!("{word} ") };
                wanted.push(format!("{word}{}: {}", limit.text(unit), if reached { "met" } else { "MISSED" }));
            }
            self.report.figures.push(figure);
        }
        let text = text.join(" / ");
        self.line(name, &if wanted.is_empty() { text } else { format!("{text:<28} target {}", wanted.join(", ")) });
    }
}

/// Microseconds in milliseconds.
pub fn millis(micros: u64) -> f64 {
    micros as f64 / 1_000.0
}

/// Bytes in mebibytes.
pub fn mebibytes(bytes: u64) -> f64 {
    bytes as f64 / 1_048_576.0
}

/// Whole numbers in groups of three.
pub fn grouped(number: f64) -> String {
    let digits = format!("{number:.0}");
    let groups: Vec<&str> = digits.as_bytes().rchunks(3).rev().filter_map(|g| std::str::from_utf8(g).ok()).collect();
    groups.join(" ")
}
