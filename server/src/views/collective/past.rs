//! The collective's days before today. They change once a day, or when old data comes in, so that no push waits for their sum.

use crate::views::{Looking, versions};
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
    let mut past = Past { index: vec![], domains: Default::default() };
    for day in l.now.day() - DAYS + 1..l.now.day() {
        // One day after the other: those of all days together would take 200 MB of 5,000 organisations.
        let parts = l.board.parts_on(l.viewer, day);
        past.index.push(Some(parts.index()).filter(|whole| whole.value.is_some()));
        for (values, domain) in past.domains.iter_mut().zip(Domain::ALL) {
            values.push(parts.domain(domain.index()).0.value);
        }
    }
    past
}
