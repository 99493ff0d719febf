//! The demo: a fictional alliance with two years behind it, and partners that keep pushing.
//!
//! [`load_history`] writes the metrics in bulk, [`load_records`] sends incidents, events and indicators the way pushes go,
//! [`simulate`] then pushes through the public HTTP API with keys of its own. Everything is drawn from fixed seeds relative to
//! the moment of the start. Nothing of it runs outside `shieldwall demo`.

mod cast;
mod chance;
mod history;
mod incidents;
mod indicators;
mod load;
mod simulator;
mod words;

pub use cast::{ALLIANCE, accounts};
pub use load::{STEPS, load_history, load_records, made};
pub use simulator::simulate;
