//! The tests of `main.rs` on PostgreSQL, each in a database of its own. One module is SQLite's only: in `database`, another program locks the
//! file, or the disk under it is full.

/// The database of these tests.
const KIND: testing::Kind = testing::Kind::Postgres;

mod support;

mod access;
mod aggregates;
mod audit;
mod canaries;
mod catalogue;
mod changes;
mod clock;
mod connections;
mod contract;
mod decisions;
mod factor;
mod foreign;
mod fresh;
mod guessing;
mod hashes;
mod headers;
mod hidden;
mod hiding;
mod idempotency;
mod in_force;
mod incidents;
mod keys;
mod kinds;
mod levels;
mod limits;
mod lists;
mod live;
mod nodes;
mod numbers;
mod objects;
mod oidc;
mod one_spelling;
mod own_pages;
mod pages;
mod passkey;
mod password;
mod peers;
mod people;
mod proxies;
mod push;
mod refusals;
mod requirements;
mod roles;
mod routes;
mod sharing;
mod signin;
mod spellings;
mod streams;
mod typed;
mod unshared;

#[test]
fn no_test_of_the_api_is_left_out() {
    let modules = |text: &'static str| text.lines().filter(|line| line.starts_with("mod ")).collect::<Vec<_>>();
    let wanted: Vec<_> = modules(include_str!("main.rs")).into_iter().filter(|line| *line != "mod database;").collect();
    assert_eq!(modules(include_str!("postgres.rs")), wanted, "each `mod` of main.rs belongs here, too");
}
