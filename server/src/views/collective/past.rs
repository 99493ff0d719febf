//! The collective's days before today. They change once a day, or when old data comes in, so that no push waits for their sum.

use crate::{
    live::board::{OrgState, collective_day},
    views::{Looking, versions},
};
use app::api::Answer;
use domain::{catalogue::Domain, scoring::Score};
use std::sync::Arc;

/// Days of history, today included.
const DAYS: i64 = 90;

/// One value for each day before today, the oldest first; `None` where nothing is known.
pub(super) struct Past {
    pub index: Vec<Option<Score>>,
    /// By [`Domain::index`].
    pub domains: [Vec<Option<f64>>; 6],
}

/// The past as one viewer may see it.
pub(super) async fn past(l: &Looking) -> Answer<Arc<Past>> {
    l.once_a_day("collective past", versions!(l, history), async { Ok(Arc::new(sum(l))) }).await
}

fn sum(l: &Looking) -> Past {
    let days = l.now.day() - DAYS + 1..l.now.day();
    let seen: Vec<_> = l.board.seen_by(l.viewer).map(|(org, _)| org).collect();
    Past {
        index: days.clone().map(|day| collective_day(&l.board, l.viewer, day)).collect(),
        domains: Domain::ALL.map(|domain| days.clone().map(|day| domain_day(l, &seen, domain, day)).collect()),
    }
}

/// The weighted mean of a domain's scores at the end of a day.
fn domain_day(l: &Looking, seen: &[&Arc<OrgState>], domain: Domain, day: i64) -> Option<f64> {
    let (mut sum, mut weight) = (0.0, 0.0);
    for org in seen {
        let row = org.day_row(l.sight(), day);
        if let Some(score) = row.and_then(|r| r.domains[domain.index()]) {
            sum += score * org.info.weight;
            weight += org.info.weight;
        }
    }
    if let Some((w, score)) = l.board.total_of(l.viewer, day).and_then(|total| total.domain_part(domain.index())) {
        sum += score.value.unwrap_or(0.0) * w;
        weight += w;
    }
    (weight > 0.0).then(|| sum / weight)
}
