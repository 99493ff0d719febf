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
//! To add a page:
//! 1. A view model in `domain::view`, a method in [`api::Pages`] and its implementation in the server's `views`, which refuses what a role may not see
//!    (`Refusal::NotAllowed`).
//! 2. A file in `pages` with its lines in `pages.rs`, a route in [`mod@app`], and a link in `components/frame.rs` where it belongs to the navigation; a page under
//!    `/admin` is a tab in `components/admin.rs`. So that it is live, it has a [`components::Live`] with the topics it is made of (their names are made in the
//!    server's `live/topic.rs`). Rows that the keyboard walks over carry `data-row`, their list `data-queue`.
//! 3. A row in the server's `routes/table.rs`, which says how far a session must have come to be let in there and what its address may ask, and one in
//!    `routes/roles.md`, which says who may ask for it.
//! 4. Where it shows a list, a CSV: a handler in the server's `routes/csv.rs` that takes `Verified` and `FileQuery` and ends in `file`, or in `whole` for records
//!    that are read piece by piece, by the store's `…_ids` and `…_by`. Both write the export's row of the audit trail. It has rows of its own in `table.rs` and
//!    `roles.md`.
//! 5. Its address in `end2end/support/places.ts`, where every page is looked at, and in the server's `tests/api/pages.rs`; a page of single records also in
//!    `records` of `tests/api/unshared.rs`, which looks there for what is not shared.
//!
//! To add a filter of lists:
//! 1. A field of `domain::query::PageQuery`, with its lines in KEYS, `get` and `set`.
//! 2. Its key in the rows of the page and of its file in `routes/table.rs`, and the values that it takes in the server's `routes/query.rs`;
//!    one that shows most is in `values` of `tests/api/unshared.rs`.
//! 3. Its title in FILTERS of `pages/queue.rs`, by which a list says that it is narrowed.

pub mod api;
pub mod app;
pub mod components;
pub mod pages;

pub use app::{App, shell};
