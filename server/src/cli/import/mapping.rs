//! The mapping file: how somebody else's columns and words become ours. A table, not code, so that a new source needs no build.
//!
//! For each field of ours, in this order: a `template`, a `threshold` table, a renamed `column`, a `constant`. A column that only
//! changes its name is used up; one whose value is translated, templated or measured also stays, in the source's own words.

use super::super::items::{Decimal, Row};
use crate::api::parse::syntax;
use anyhow::{Context, anyhow, bail};
use serde::Deserialize;
use std::collections::BTreeMap;

/// The whole file.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Mapping {
    pub organisations: Table,
    pub metrics: Table,
    pub incidents: Table,
}

/// How the rows of one file become ours.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Table {
    /// Field → the column it is read from.
    columns: BTreeMap<String, String>,
    /// Field → the value it has where the row gives none.
    constants: BTreeMap<String, String>,
    /// Field → text with `{column}` in it.
    templates: BTreeMap<String, String>,
    /// Field → word of the source → our word. A word that is not in the table is an error, not a guess.
    values: BTreeMap<String, BTreeMap<String, String>>,
    /// Field → steps on a number.
    thresholds: BTreeMap<String, Threshold>,
}

/// A number's way to a word.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Threshold {
    column: String,
    /// `at_least` → word; the first that fits, so the largest stands first.
    steps: Vec<Step>,
    otherwise: String,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Step {
    at_least: f64,
    is: String,
}

impl Mapping {
    /// Reads a mapping file.
    ///
    /// # Errors
    /// Names the line, or the threshold table that is out of order.
    pub fn parse(text: &str) -> anyhow::Result<Self> {
        let mapping: Self = toml::from_str(text).map_err(|wrong| {
            let line = wrong.span().map_or(1, |span| text[..span.start].matches('\n').count() + 1);
            anyhow!("line {line}: {}", syntax::settings(wrong.message()))
        })?;
        for table in [&mapping.organisations, &mapping.metrics, &mapping.incidents] {
            for (field, threshold) in &table.thresholds {
                if !threshold.steps.is_sorted_by(|a, b| a.at_least > b.at_least) {
                    bail!("the thresholds of {field} must fall from step to step");
                }
            }
        }
        Ok(mapping)
    }
}

impl Table {
    /// Our fields that rows of a file with these columns can have, with the file's own columns.
    pub fn fields(&self, head: &[String]) -> Vec<String> {
        let there = |column: &String| head.contains(column);
        let renamed = self.columns.iter().filter(|(_, column)| there(column)).map(|(field, _)| field);
        let measured = self.thresholds.iter().filter(|(_, threshold)| there(&threshold.column)).map(|(field, _)| field);
        head.iter().chain(renamed).chain(measured).chain(self.constants.keys()).chain(self.templates.keys()).cloned().collect()
    }

    /// Whether a column of the file is read as a number: by a threshold, or as a field that `is_number`.
    pub fn is_number(&self, column: &str, is_number: impl Fn(&str) -> bool) -> bool {
        let mut mapped = self.columns.iter().filter(|(_, from)| *from == column).map(|(field, _)| field.as_str());
        self.thresholds.values().any(|threshold| threshold.column == column) || mapped.any(&is_number) || (is_number(column) && !self.is_used_up(column))
    }

    /// Whether a column only changes its name, so that nothing stays under the old one.
    fn is_used_up(&self, column: &str) -> bool {
        self.columns.iter().any(|(field, from)| from == column && !self.values.contains_key(field))
    }

    /// One row in our fields.
    ///
    /// # Errors
    /// When a word is in no table, or a number is none.
    pub fn apply(&self, row: Row, decimal: Decimal) -> anyhow::Result<Row> {
        let cell = |column: &str| row.iter().find(|(c, _)| c == column).map(|(_, cell)| cell.as_str());
        let mut ours: BTreeMap<&str, String> = BTreeMap::new();
        for (field, value) in &self.constants {
            if cell(field).is_none() {
                ours.insert(field, value.clone());
            }
        }
        for (field, column) in &self.columns {
            if let Some(value) = cell(column) {
                ours.insert(field, value.to_owned());
            }
        }
        for (field, threshold) in &self.thresholds {
            if let Some(text) = cell(&threshold.column) {
                let number = decimal.value(text).with_context(|| format!("{} is no number without grouped thousands: {text:?}", threshold.column))?;
                let step = threshold.steps.iter().find(|s| number >= s.at_least);
                ours.insert(field, step.map_or_else(|| threshold.otherwise.clone(), |s| s.is.clone()));
            }
        }
        for (field, template) in &self.templates {
            ours.insert(field, fill(template, cell)?);
        }
        for (field, words) in &self.values {
            if let Some(theirs) = ours.get(field.as_str()).map(String::as_str).or_else(|| cell(field)) {
                let word = words.get(theirs).with_context(|| format!("the mapping has no {field} for {theirs:?}"))?;
                ours.insert(field, word.clone());
            }
        }
        let mut out: Row = ours.iter().map(|(field, value)| ((*field).to_owned(), value.clone())).collect();
        out.extend(row.into_iter().filter(|(column, _)| !ours.contains_key(column.as_str()) && !self.is_used_up(column)));
        Ok(out)
    }
}

/// The template with each `{column}` replaced by the row's cell, empty where the row has none.
fn fill<'a>(template: &str, cell: impl Fn(&str) -> Option<&'a str>) -> anyhow::Result<String> {
    let mut out = String::new();
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('{') {
        let (column, after) = after.split_once('}').with_context(|| format!("the template {template:?} has a {{ without a }}"))?;
        out.push_str(before);
        out.push_str(cell(column).unwrap_or_default());
        rest = after;
    }
    Ok(out + rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = r#"
        [incidents.columns]
        opened_at = "seen"
        class = "kind"
        [incidents.constants]
        tlp = "CLEAR"
        [incidents.templates]
        title = "{kind} at {place}"
        [incidents.values.class]
        "Break-in" = "intrusions/burglary"
        [incidents.thresholds.severity]
        column = "people"
        steps = [{ at_least = 1000, is = "critical" }, { at_least = 10, is = "high" }]
        otherwise = "low"
    "#;

    fn applied(cells: &[(&str, &str)]) -> anyhow::Result<BTreeMap<String, String>> {
        let row = cells.iter().map(|(c, v)| ((*c).to_owned(), (*v).to_owned())).collect();
        Ok(Mapping::parse(TEXT)?.incidents.apply(row, Decimal::Point)?.into_iter().collect())
    }

    #[test]
    fn renames_translates_measures_and_fills() {
        let row = applied(&[("seen", "2024-01-02"), ("kind", "Break-in"), ("place", "Dock"), ("people", "10")]).unwrap();
        let expected = [
            ("class", "intrusions/burglary"),
            ("kind", "Break-in"),
            ("opened_at", "2024-01-02"),
            ("people", "10"),
            ("place", "Dock"),
            ("severity", "high"),
            ("title", "Break-in at Dock"),
            ("tlp", "CLEAR"),
        ];
        assert_eq!(row, expected.map(|(c, v)| (c.to_owned(), v.to_owned())).into());
        assert_eq!(applied(&[("tlp", "RED"), ("people", "9")]).unwrap()["tlp"], "RED");
        let fields = Mapping::parse(TEXT).unwrap().incidents.fields(&["seen".to_owned(), "people".to_owned()]);
        assert_eq!(fields, ["seen", "people", "opened_at", "severity", "tlp", "title"]);
    }

    #[test]
    fn guesses_nothing() {
        assert!(applied(&[("kind", "Fire")]).unwrap_err().to_string().contains("Fire"));
        assert!(applied(&[("people", "some")]).is_err());
        let grouped = vec![("people".to_owned(), "1.234".to_owned())];
        assert!(Mapping::parse(TEXT).unwrap().incidents.apply(grouped, Decimal::Comma).unwrap_err().to_string().contains("grouped thousands"));
        for (text, said) in [
            ("[incidents]\ncolums = {}", "line 2: colums is not known here; there are columns, constants, templates, values, thresholds"),
            ("[incidents]\ncolumns = 5", "line 2: this is of another type than it must be"),
            ("[incidents.thresholds.severity]\ncolumn = \"a\"", "steps is missing"),
            ("[incidents", "line 1: this is not TOML"),
        ] {
            let error = Mapping::parse(text).unwrap_err().to_string();
            assert!(error.contains(said), "{error}");
            crate::api::parse::is_for_people(&error, text);
        }
        assert!(Mapping::parse(&TEXT.replace("1000", "1")).is_err());
    }

    #[test]
    fn the_example_is_sound() {
        let example = Mapping::parse(include_str!("../../../examples/import/hhs-breaches.toml")).unwrap();
        let words = &example.incidents.values["class"];
        assert_eq!(words.len(), 5);
        assert!(words.values().all(|word| domain::rsit::is_known(word)));
    }
}
