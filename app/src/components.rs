//! The parts that pages are made of.

mod account;
mod admin;
mod blocks;
mod chart;
mod figures;
mod frame;
mod loaded;
mod marks;
mod nav;
mod page;
mod passkey;
mod query;
mod time;

pub use account::*;
pub use admin::*;
pub use blocks::*;
pub use chart::*;
pub use figures::*;
pub use frame::*;
pub use loaded::*;
pub use marks::*;
pub use nav::*;
pub use page::*;
pub use passkey::*;
pub use query::*;
pub use time::*;
