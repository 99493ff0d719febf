//! What a receipt says beside its numbers: how the hub understands what it kept.

use crate::encoding;
use serde::{Deserialize, de::IgnoredAny};
use std::{
    borrow::Cow,
    collections::{BTreeMap, BTreeSet},
};
use store::{Items, What};

/// Metrics named one by one.
const NAMED: usize = 10;

/// Notes on the body of a push.
#[must_use]
pub fn of(what: What, body: &[u8]) -> Vec<String> {
    if what == What::Metrics {
        labelled(body).and_then(|metrics| parts(metrics.iter().map(|metric| &**metric).collect())).into_iter().collect()
    } else {
        vec![]
    }
}

/// The same, where everything in it was kept: it need not be read again.
#[must_use]
pub fn of_kept(items: &Items) -> Vec<String> {
    let Items::Metrics(samples) = items else { return vec![] };
    parts(samples.iter().filter(|sample| !sample.labels.is_empty()).map(|sample| &*sample.metric).collect()).into_iter().collect()
}

/// The metrics that came with labels, by their keys.
fn labelled(body: &[u8]) -> Option<BTreeSet<String>> {
    #[derive(Deserialize)]
    struct Body<'a> {
        #[serde(borrow)]
        items: Vec<Item<'a>>,
    }
    #[derive(Deserialize)]
    struct Item<'a> {
        #[serde(borrow, default)]
        metric: Cow<'a, str>,
        #[serde(borrow, default)]
        labels: Option<BTreeMap<Cow<'a, str>, IgnoredAny>>,
    }
    let text = encoding::text(body).ok().filter(|text| text.contains("labels"))?;
    let body: Body<'_> = serde_json::from_str(&text).ok()?;
    let has_labels = |item: &&Item<'_>| item.labels.as_ref().is_some_and(|all| !all.is_empty());
    Some(body.items.iter().filter(has_labels).map(|item| domain::text::trimmed(&item.metric).to_lowercase()).collect())
}

/// What it means that metrics came with labels.
fn parts(labelled: BTreeSet<&str>) -> Option<String> {
    if labelled.is_empty() {
        return None;
    }
    let mut names: Vec<String> = labelled.iter().take(NAMED).map(|name| name.chars().take(64).collect()).collect();
    if labelled.len() > NAMED {
        names.push(format!("{} more", labelled.len() - NAMED));
    }
    Some(format!(
        "Values with labels are parts of {}. A metric's value is its unlabelled series; where there is none, the mean of its parts, weighted by the label assets if all carry it.",
        names.join(", ")
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::Timestamp;
    use store::Sample;

    #[test]
    fn labelled_values_are_parts() {
        let body = r#"{"items":[{"metric":"a","value":1},{"metric":"b","value":1,"labels":{"unit":"cold-storage"}},{"metric":"c","labels":{}}]}"#;
        let said = of(What::Metrics, body.as_bytes());
        assert!(said.len() == 1 && said[0].starts_with("Values with labels are parts of b. "), "{said:?}");
        let sample = |metric: &str, labels: &str| Sample { metric: metric.into(), labels: labels.into(), value: 1.0, observed_at: Timestamp(0) };
        assert_eq!(of_kept(&Items::Metrics(vec![sample("a", ""), sample("b", "unit=cold-storage"), sample("c", "")])), said);
        assert!(of(What::Incidents, body.as_bytes()).is_empty() && of(What::Metrics, b"labels").is_empty());
    }
}
