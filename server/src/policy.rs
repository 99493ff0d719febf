//! The scoring policy a new hub starts with. It is data (`default_policy.json`); what a hub has adopted lives in its database, so a metric
//! added to the file reaches new hubs only.
//!
//! To add a metric: an entry with all its fields; a key that ends in `_pct` is in percent, and one in `_age_days` grows by itself in the demo. Nothing else
//! asks for it. The demo's stories (`demo/history.rs`) name metrics by their keys and tell of bounds that the mean keeps, which a new one may move.

use domain::catalogue::ScoringPolicy;

/// The starting catalogue with its targets, floors and weights, as version 1.
///
/// # Panics
/// Never in a built program: a test reads the same file.
#[must_use]
pub fn default_policy() -> ScoringPolicy {
    serde_json::from_str(include_str!("default_policy.json")).expect("default_policy.json is a scoring policy")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_policy_is_sound() {
        let policy = default_policy();
        assert_eq!(policy.check(), Ok(()));
        assert_eq!(policy.version, 1);
    }
}
