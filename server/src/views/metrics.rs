//! `/metrics/:metric`: one metric across organisations.

use super::{Looking, words};
use app::api::Answer;
use domain::{DataClass, Freshness, query::PageQuery, scoring::metric_score, view::*};

/// One metric of every organisation whose single values the viewer is shown.
///
/// # Errors
/// [`Refusal::NotFound`] for a metric that is absent.
pub fn metrics(l: &Looking, key: &str, query: &PageQuery) -> Answer<MetricAcross> {
    let position = l.board.policy.position(key).ok_or(Refusal::NotFound)?;
    let metric = &l.board.policy.metrics[position];
    let (sight, mut hidden) = (l.sight(), 0);
    let mut rows = Vec::new();
    for org in l.board.orgs() {
        if !sight.sees_detail(org.info.id, DataClass::Posture) {
            hidden += 1;
            continue;
        }
        let reading = org.reading_for(sight, position);
        let freshness = Freshness::at(reading.map(|r| r.at), org.info.interval, l.now);
        let score = reading.filter(|_| freshness.counts()).map(|r| metric_score(metric, r.value));
        rows.push(MetricOfOrg { org: words::org_ref(org), value: reading.map(|r| r.value), score, at: reading.map(|r| r.at), freshness });
    }
    let current = rows.iter().filter(|row| row.score.is_some()).filter_map(|row| row.value).collect();
    let (column, down) = query.sort.strip_prefix('-').map_or((query.sort.as_str(), false), |column| (column, true));
    rows.sort_by(|a, b| {
        let by_name = a.org.name.to_lowercase().cmp(&b.org.name.to_lowercase());
        let order = |a: Option<f64>, b: Option<f64>| match (a, b) {
            (Some(a), Some(b)) => (if down { b.total_cmp(&a) } else { a.total_cmp(&b) }).then(by_name),
            (a, b) => a.is_none().cmp(&b.is_none()).then(by_name),
        };
        match column {
            "name" => {
                if down {
                    by_name.reverse()
                } else {
                    by_name
                }
            }
            "value" => order(a.value, b.value),
            // The weakest first.
            _ => order(a.score, b.score),
        }
    });
    Ok(MetricAcross { as_of: l.now, policy_version: l.board.policy.version, metric: metric.clone(), rows, hidden, peers: words::peers(current) })
}
