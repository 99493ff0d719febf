//! The collective's days before today. They change once a day, or when old data comes in, so that no push waits for their sum.

use crate::{
    live::hiding::Parts,
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
    let parts: Vec<Parts> = days.map(|day| l.board.parts_on(l.viewer, day)).collect();
    let index = |parts: &Parts| Some(parts.index()).filter(|whole| whole.value.is_some());
    Past {
        index: parts.iter().map(index).collect(),
        domains: Domain::ALL.map(|domain| parts.iter().map(|parts| parts.domain(domain.index()).0.value).collect()),
    }
}
