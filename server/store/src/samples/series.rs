//! The series of an organisation: a metric with labels, numbered in the order in which they first came.

use crate::{
    StoreError,
    db::{Conn, Rows, Scope},
};
use domain::OrgId;
use std::{collections::HashMap, sync::Arc};

/// Series of one organisation at most.
pub const MAX_SERIES: usize = 5_000;

/// Stands between metric and labels in a name; neither has it in it.
const BETWEEN: char = '\0';

/// The series of one organisation, by number and by name. They are never removed, so one that is known stays right.
#[derive(Clone, Debug, Default)]
pub(crate) struct SeriesNames {
    /// By number, with the length of the metric's key.
    list: Vec<(Arc<str>, usize)>,
    numbers: HashMap<Arc<str>, u32>,
}

impl SeriesNames {
    pub fn len(&self) -> usize {
        self.list.len()
    }

    /// Metric and labels of a series.
    pub fn of(&self, series: u32) -> Option<(&str, &str)> {
        let (name, metric) = self.list.get(series as usize)?;
        Some((&name[..*metric], &name[metric + BETWEEN.len_utf8()..]))
    }

    /// The number of a series; `name` is a place to write in.
    pub fn number(&self, metric: &str, labels: &str, name: &mut String) -> Option<u32> {
        name.clear();
        name.push_str(metric);
        name.push(BETWEEN);
        name.push_str(labels);
        self.numbers.get(name.as_str()).copied()
    }

    /// The numbers and labels of a metric's series, by the labels.
    pub fn of_metric<'n>(&'n self, metric: &str) -> Vec<(u32, &'n str)> {
        let mut all: Vec<_> =
            (0..).zip(&self.list).filter_map(|(n, _)| Some((n, self.of(n)?))).filter(|(_, (m, _))| *m == metric).map(|(n, (_, l))| (n, l)).collect();
        all.sort_unstable_by_key(|(_, labels)| *labels);
        all
    }

    /// Takes in the next series.
    pub fn push(&mut self, metric: &str, labels: &str) {
        let name: Arc<str> = format!("{metric}{BETWEEN}{labels}").into();
        let number = self.list.len() as u32;
        self.list.push((Arc::clone(&name), metric.len()));
        self.numbers.insert(name, number);
    }

    /// Takes in those of `keys` that are new, and returns from which number on; `None` where they would be too many.
    pub fn add<'k>(&mut self, keys: impl Iterator<Item = (&'k str, &'k str)>) -> Option<usize> {
        let (first, mut name) = (self.len(), String::new());
        for (metric, labels) in keys {
            if self.number(metric, labels, &mut name).is_none() {
                self.push(metric, labels);
            }
        }
        (self.len() <= MAX_SERIES).then_some(first)
    }

    /// Writes the series from a number on, which the database does not have yet. The caller holds the organisation's turn.
    pub(crate) async fn write(&self, conn: &mut Conn, org: OrgId, first: usize) -> Result<(), StoreError> {
        const WRITE: &str = "INSERT INTO series (org_id, number, metric, labels) SELECT v.org, v.number, v.metric, v.labels FROM v";
        let new: Vec<(i64, &str, &str)> =
            (first as u32..self.len() as u32).filter_map(|n| self.of(n).map(|(metric, labels)| (i64::from(n), metric, labels))).collect();
        conn.enter(Scope::Partner(org)).await?;
        let rows = Rows::of(&new).with("org", |_| org.0).with("number", |(number, ..)| *number);
        rows.with("metric", |(_, metric, _)| *metric).with("labels", |(.., labels)| *labels).execute(conn, WRITE).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn series_are_numbered_as_they_come_and_found_by_name() {
        let mut names = SeriesNames::default();
        assert_eq!(names.add([("b", ""), ("a", "x=1"), ("b", ""), ("a", "")].into_iter()), Some(0));
        assert_eq!(names.add([("a", ""), ("c", "")].into_iter()), Some(3));
        let mut name = String::new();
        assert_eq!(
            [("b", ""), ("a", "x=1"), ("a", ""), ("c", ""), ("c", "x=1")].map(|(m, l)| names.number(m, l, &mut name)),
            [Some(0), Some(1), Some(2), Some(3), None]
        );
        assert_eq!((names.of(1), names.of(4)), (Some(("a", "x=1")), None));
        assert_eq!(names.of_metric("a"), [(2, ""), (1, "x=1")]);
        let many: Vec<String> = (0..MAX_SERIES).map(|n| n.to_string()).collect();
        assert_eq!(names.add(many.iter().map(|labels| ("m", labels.as_str()))), None);
    }
}
