//! View models: exactly what a page shows, already cut to what its viewer may see.
//!
//! Nothing may stand in one that its viewer must not read. Numbers travel raw; words for people are made by the components, except sentences that the server
//! generates. SVG markup is made on the server and inserted as it is.

mod account;
mod admin;
mod charts;
mod collective;
mod connect;
mod decisions;
mod events;
mod groups;
mod incidents;
mod indicators;
mod lists;
mod organisations;
mod policy;
mod records;
mod sharing;
mod status;

pub use account::*;
pub use admin::*;
pub use charts::*;
pub use collective::*;
pub use connect::*;
pub use decisions::*;
pub use events::*;
pub use groups::*;
pub use incidents::*;
pub use indicators::*;
pub use lists::*;
pub use organisations::*;
pub use policy::*;
pub use records::*;
pub use sharing::*;
pub use status::*;

use crate::{Role, Timestamp};
use serde::{Deserialize, Serialize};

/// What every page's frame needs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Shell {
    /// The hub's name of the alliance.
    pub alliance: String,
    /// `None` before sign-in.
    pub viewer: Option<Person>,
    /// Demo mode: the DEMO DATA bar, and the sign-ins to show on the sign-in page (empty once signed in).
    pub demo: Option<Vec<DemoAccount>>,
    pub version: String,
    /// When somebody else changed the reader's account, where the reader has not said to have seen it.
    pub account_changed_at: Option<Timestamp>,
}

/// What waits for the reader, on every page.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct WaitsForMe {
    /// Changes of people, of sharing rules and of groups that another administrator proposed.
    pub people: u32,
    pub sharing: u32,
    pub groups: u32,
    /// Decisions that the reader's organisation has not voted on.
    pub votes: u32,
}

/// Who is signed in.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Person {
    pub name: String,
    pub email: String,
    pub role: Role,
    pub org: OrgRef,
}

/// A demo sign-in, printed on the sign-in page in demo mode only.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DemoAccount {
    pub email: String,
    pub password: String,
    pub role: Role,
    pub org: String,
}

/// An organisation by name.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct OrgRef {
    pub slug: String,
    pub name: String,
}

/// What a list's number counts beside its rows, and what it does not count.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Beside {
    /// Organisations that show the viewer only how many they have, with the number that matches.
    pub counted: Vec<(OrgRef, u64)>,
    /// What those that share only totals bring in, in a sentence: in no number of the list.
    pub totals: Option<String>,
    /// Organisations that show the viewer nothing of this class.
    pub unshared: u32,
    /// Critical incidents that were open when they were last shown to the viewer, and are shown no longer.
    pub withdrawn: u32,
    /// Whether there may be more than are listed and counted.
    pub partial: bool,
}

impl Beside {
    /// Records that match and are not listed.
    #[must_use]
    pub fn number(&self) -> u64 {
        self.counted.iter().map(|(_, n)| n).sum()
    }
}

/// One choice of a facet, with the number of rows it leads to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FacetValue {
    /// The value of the query key; empty clears it.
    pub value: String,
    pub label: String,
    pub count: u64,
    pub selected: bool,
}

/// A facet: one query key with its choices.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Facet {
    pub key: String,
    pub title: String,
    pub values: Vec<FacetValue>,
}

/// What of an address its page does not know.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unclear {
    /// In a sentence.
    pub why: String,
    /// The keys that it is about; none where it is about all that is asked.
    pub keys: Vec<String>,
}

/// What the reader sees in place of a page or block that cannot be had.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Refusal {
    /// Nobody is signed in.
    SignIn,
    /// Absent, or not shared with this viewer: the same answer for both.
    NotFound,
    /// The address has a part that the page does not know.
    Unclear(Unclear),
    /// The viewer's role does not do this.
    NotAllowed,
    /// The database cannot be reached just now.
    Unavailable { at: Timestamp },
    /// A fault on our side; its detail is in the log under this id.
    Failed { id: String },
}
