//! What the store promises, tested on a real database. Every test takes its store from [`support::Fixture`], so that the same
//! suite runs on each database there is.

mod idempotency;
mod incidents;
mod posture;
mod reach;
mod sessions;
mod support;
