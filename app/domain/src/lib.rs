//! Words and rules of Shieldwall.
//!
//! Everything here is pure: no clock, no randomness, no I/O. Time comes in as a [`Timestamp`], so that every
//! rule can be replayed for any moment.

pub mod access;
pub mod aggregate;
pub mod catalogue;
pub mod classify;
mod data_class;
pub mod decision;
pub mod freshness;
pub mod indicator;
pub mod names;
pub mod points;
pub mod query;
pub mod rsit;
pub mod scoring;
pub mod sharing;
pub mod text;
pub mod timestamp;
pub mod tlp;
pub mod verdict;
pub mod view;

pub use access::{Level, Role, Viewer};
pub use classify::{IncidentStatus, Severity};
pub use data_class::{ByClass, DataClass};
pub use freshness::Freshness;
pub use names::{OrgId, Slug};
pub use sharing::{Sharing, Sight};
pub use timestamp::{DAY, HOUR, MINUTE, SECOND, Timestamp};
pub use tlp::Tlp;
