//! What the store promises, tested on each database there is. A test is a function of a [`support::Fixture`], and [`on_both!`] makes the two
//! tests of it, so that none runs on one of them only.

/// Makes tests of a function: one on SQLite, one on PostgreSQL.
macro_rules! on_both {
    ($name:ident) => {
        mod $name {
            use crate::support::Fixture;

            #[tokio::test]
            async fn sqlite() {
                super::$name(Fixture::new(testing::Kind::Sqlite).await).await;
            }

            #[tokio::test]
            async fn postgres() {
                super::$name(Fixture::new(testing::Kind::Postgres).await).await;
            }
        }
    };
}

mod audit;
mod authority;
mod batches;
mod bounds;
mod catalogue;
mod closed;
mod confirmation;
mod crowds;
mod folding;
mod hiding;
mod idempotency;
mod incidents;
mod kept_forms;
mod keys;
mod moving;
mod oidc;
mod overlaps;
mod passkeys;
mod policies;
mod postgres;
mod posture;
mod reach;
mod references;
mod samples;
mod sealing;
mod sessions;
mod snapshots;
mod spellings;
mod statements;
mod support;
mod throttle;
mod upgrade;
