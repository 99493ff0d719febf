//! The hub over HTTP, as partners and people meet it: a real listener, a real database, one hub for each test. Here on SQLite; `postgres.rs`
//! runs the same tests on PostgreSQL and has every module of this file.

/// The database of these tests.
const KIND: testing::Kind = testing::Kind::Sqlite;

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
mod database;
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
