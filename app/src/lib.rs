//! What people see: pages, rendered on the server by Leptos.
//!
//! A page is HTML and readable as such. The browser keeps it live with a small client of its own (`app/client`, Rust compiled to
//! WASM): when the event stream says that something changed under the page's topics, it fetches the page again and changes
//! what differs, in place. So nothing is sent twice as data, what a page shows is computed on the server alone, and the
//! browser's part stays small: hydrating these pages took 1.1 MB of compressed WASM.
//!
//! Data comes through [`api::Pages`], which the server implements and provides as Leptos context; this crate never sees a
//! database. Components take signals where Leptos' own do, but nothing reacts: a page is rendered once.
//!
//! To add a page: a view model in `domain::view`, a method in [`api::Pages`] and its implementation in the server's
//! `views`, a file in `pages` with its
//! lines in `pages.rs` and, so that it is live, a [`components::Live`] with the topics it is made of (their names are made in the
//! server's `live/topic.rs`), a route in [`mod@app`] and its row in the server's
//! `routes/table.rs`, which says how far a session must have come to be let in there and what its address may ask, a link in `components/frame.rs` where it belongs to the navigation, where it shows a list a CSV (a handler in the server's
//! `routes/csv.rs` that takes `Verified` and ends in `file`, which writes the export's row of the audit trail; rows in `table.rs` and `roles.md`), and its address in `end2end/support/places.ts`, where every page is looked at, and in the server's
//! `tests/api/pages.rs`; a list or file of records is also named in `tests/api/unshared.rs`, which looks there for what is not shared. Who may ask
//! for it is a row in the server's `routes/roles.md`, and what a role may not see is refused by the view (`Refusal::NotAllowed`); a page under `/admin` is a
//! tab in `components/admin.rs`. What its address may ask stands in its row of the
//! table, the values that a key takes in the server's `routes/query.rs`, and a filter of its own is a field of `domain::query::PageQuery`, with its lines in KEYS, `get` and `set`. Rows that the keyboard walks over carry `data-row`, their list `data-queue`.

pub mod api;
pub mod app;
pub mod components;
pub mod pages;

pub use app::{App, shell};
