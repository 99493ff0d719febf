//! Time as a parameter: everything asks a [`Clock`], so that tests can move it.

use domain::Timestamp;
use std::sync::{
    Arc,
    atomic::{AtomicI64, Ordering},
};

/// Where "now" comes from. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Clock {
    /// Microseconds added to the machine's clock.
    offset: Arc<AtomicI64>,
}

impl Clock {
    /// The current moment.
    #[must_use]
    #[allow(clippy::disallowed_methods, reason = "the one place that reads the machine's clock")]
    pub fn now(&self) -> Timestamp {
        let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
        Timestamp(since.as_micros() as i64).plus(self.offset.load(Ordering::Relaxed))
    }

    /// Moves this clock, and every clone of it, by `micros`.
    pub fn advance(&self, micros: i64) {
        self.offset.fetch_add(micros, Ordering::Relaxed);
    }
}
