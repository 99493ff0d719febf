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
    /// The moment of the machine's clock at which this one was held; 0 where it runs.
    held: Arc<AtomicI64>,
}

impl Clock {
    /// The current moment.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        let machine = match self.held.load(Ordering::Relaxed) {
            0 => machine(),
            held => held,
        };
        Timestamp(machine).plus(self.offset.load(Ordering::Relaxed))
    }

    /// Holds this clock, and every clone of it, so that only [`Clock::advance`] moves it.
    pub fn hold(&self) {
        self.held.store(machine(), Ordering::Relaxed);
    }

    /// Moves this clock, and every clone of it, by `micros`.
    pub fn advance(&self, micros: i64) {
        self.offset.fetch_add(micros, Ordering::Relaxed);
    }
}

/// Microseconds since 1970.
#[allow(clippy::disallowed_methods, reason = "the one place that reads the machine's clock")]
fn machine() -> i64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    since.as_micros() as i64
}
