//! The hub over HTTP, as partners and people meet it: a real listener, a real database, one hub for each test. Here on SQLite; `postgres.rs`
//! runs the same tests on PostgreSQL and has every module of this file.

/// The database of these tests.
const KIND: testing::Kind = testing::Kind::Sqlite;

mod support;

mod access;
mod aggregates;
mod audit;
mod clock;
mod connections;
mod contract;
mod database;
mod decisions;
mod factor;
mod fresh;
mod headers;
mod idempotency;
mod incidents;
mod keys;
mod limits;
mod live;
mod numbers;
mod oidc;
mod pages;
mod people;
mod push;
mod refusals;
mod routes;
mod sharing;
mod signin;
mod unshared;
