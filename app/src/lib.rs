//! What people see: pages rendered on the server, taken over ("hydrated") in the browser.
//!
//! Everything here compiles to WASM. Data comes through [`api::Pages`], which the server implements and provides as Leptos
//! context; this crate never sees a database. To add a page: a view model in `domain::view`, a method in
//! [`api::Pages`] and a server function beside it, a file in `pages`, a route in [`app`].

// Views are types as deep as the pages; the compiler's default of 128 levels does not hold them.
#![recursion_limit = "256"]

pub mod api;
pub mod app;
pub mod components;
pub mod live;
pub mod pages;

pub use app::{App, shell};
