//! The parts that pages are made of.

mod account;
mod admin;
mod blocks;
mod chart;
mod fields;
mod figures;
mod frame;
mod loaded;
mod marks;
mod nav;
mod page;
mod passkey;
mod policy;
mod query;
mod second_person;
mod sight;
mod time;

pub use account::*;
pub use admin::*;
pub use blocks::*;
pub use chart::*;
pub use fields::*;
pub use figures::*;
pub use frame::*;
pub use loaded::*;
pub use marks::*;
pub use nav::*;
pub use page::*;
pub use passkey::*;
pub use policy::*;
pub use query::*;
pub use second_person::*;
pub use sight::*;
pub use time::*;
