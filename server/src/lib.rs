//! The server: push API, live view, pages, command line.
//!
//! The way of a push: [`api`] reads and validates it at the edge → [`store`] keeps data, receipt and outbox row in one
//! transaction → [`live`] sees the commit, refreshes the [`live::board`] of the organisations concerned and tells the open
//! streams which topics changed → browsers fetch their page again, made from a view model that [`views`] computes once per audience.

pub mod api;
pub mod audit;
pub mod auth;
mod card;
pub mod charts;
pub mod cli;
pub mod clock;
pub mod csv;
pub mod demo;
pub mod encoding;
pub mod json_text;
mod kept;
pub mod key_file;
pub mod live;
pub mod middleware;
mod page_time;
pub mod policy;
pub mod quotas;
pub mod routes;
pub mod serving;
pub mod state;
pub mod views;

pub use state::App;
