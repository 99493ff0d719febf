//! Numbers that a file's own writing leaves open. The hub refuses them without having seen the file; here is what the file says of them.

use super::{Writing, field, is_number};
use std::collections::BTreeMap;
use store::What;

/// What is said of them, by line and field.
#[derive(Debug, Default)]
pub struct Doubts(BTreeMap<(u64, String), String>);

impl Doubts {
    /// Notes those of a row.
    pub fn note(&mut self, what: What, place: u64, row: &[(String, String)], writing: &Writing) {
        for (column, cell) in row.iter().filter(|(column, _)| is_number(what, column)) {
            if let Some(said) = writing.doubt(cell) {
                self.0.insert((place, field(what, column)), said);
            }
        }
    }

    /// What to say in place of the hub's words about a field, which its pointer into the push names.
    pub fn of(&self, place: u64, pointer: &str) -> Option<&str> {
        let field = pointer.splitn(4, '/').nth(3)?;
        self.0.get(&(place, field.to_owned())).map(String::as_str)
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Format, read};
    use super::*;

    fn said(text: &str, place: u64) -> Option<String> {
        read(What::Metrics, Format::Csv, text).unwrap().doubts.of(place, "/items/1/value").map(str::to_owned)
    }

    #[test]
    fn the_file_says_what_it_leaves_open() {
        let commas = "metric;value;observed_at\nhsts_pct;93,5;2026-01-02\nmean_time_to_detect_hours;1.234;2026-01-02\n";
        assert_eq!(said(commas, 3).unwrap(), "this file writes decimals with a comma (line 2: 93,5), so 1.234 could mean 1234: write 1234 or 1,234.");
        assert_eq!(said(commas, 2), None);
        let points = "metric;value;observed_at\nmean_time_to_detect_hours;1,234;2026-01-02\nhsts_pct;93.5;2026-01-02\n";
        assert_eq!(said(points, 2).unwrap(), "this file writes decimals with a point (line 3: 93.5), so 1,234 could mean 1234: write 1234 or 1.234.");
        let neither = "metric;value;observed_at\nmean_time_to_detect_hours;1.234;2026-01-02\n";
        assert_eq!(said(neither, 2).unwrap(), "where semicolons part the cells, decimals have a comma, so 1.234 could mean 1234: write 1234 or 1,234.");
        let neither = "metric,value,observed_at\nmean_time_to_detect_hours,\"1,234\",2026-01-02\n";
        assert_eq!(said(neither, 2).unwrap(), "decimals have a point, so 1,234 could mean 1234: write 1234 or 1.234.");
    }

    #[test]
    fn only_the_field_itself_is_meant() {
        let mut doubts = Doubts::default();
        let comma = Writing { decimal: super::super::Decimal::Comma, shown: None };
        doubts.note(What::IndicatorCounts, 7, &[("Count".to_owned(), "1.234".to_owned()), ("type".to_owned(), "1.234".to_owned())], &comma);
        assert!(doubts.of(7, "/counts/0/count").is_some());
        for (place, pointer) in [(8, "/counts/0/count"), (7, "/counts/0/type"), (7, "/counts/0"), (7, "/count"), (7, "/counts/0/labels/count")] {
            assert_eq!(doubts.of(place, pointer), None, "{place} {pointer}");
        }
    }
}
