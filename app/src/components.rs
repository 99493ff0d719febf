//! The parts that pages are made of. Marks and numbers take plain values, for they are made anew with their row;
//! whatever keeps a state of its own (charts, menus) takes signals and lives as long as its page.

mod account;
mod blocks;
mod chart;
mod figures;
mod frame;
mod loaded;
mod marks;
mod nav;
mod page;
mod query;
mod time;

pub use account::*;
pub use blocks::*;
pub use chart::*;
pub use figures::*;
pub use frame::*;
pub use loaded::*;
pub use marks::*;
pub use nav::*;
pub use page::*;
pub use query::*;
pub use time::*;
