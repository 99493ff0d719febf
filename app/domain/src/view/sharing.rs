//! `/admin/sharing`: what the viewer's organisation shows whom.

use super::OrgRef;
use crate::{ByClass, DataClass, Level, Timestamp, Tlp, catalogue::Domain};
use serde::{Deserialize, Serialize};

/// The page.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SharingRules {
    pub org: OrgRef,
    /// Whether this viewer may change rules.
    pub may_change: bool,
    /// Whether an administrator confirmed what the organisation shares; until then it shares nothing.
    pub confirmed: bool,
    /// The first of two administrators who confirm, where they saw what everyone would see now.
    pub first: Option<FirstRow>,
    /// Where the alliance's default shows more than the organisation confirmed: what everyone sees now, and what the default would show.
    pub offers: Vec<(DataClass, Level, Level)>,
    /// The rules that are set, the widest audience first; everyone always.
    pub rules: Vec<AudienceRow>,
    /// Whom a rule can speak of: the value of the form, and its words.
    pub audiences: Vec<(String, String)>,
    /// What each other organisation sees.
    pub outcome: Vec<(OrgRef, ByClass<Level>)>,
    pub disclosure: Option<Disclosure>,
    /// Changes that wait for a second administrator.
    pub waiting: Vec<WaitingRow>,
    pub compared: Compared,
    /// Since when the organisation takes part in comparing keyed hashes.
    pub hashes_since: Option<Timestamp>,
}

/// Whose indicators are compared with the organisation's own without naming it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Compared {
    /// Each with how many new ones it reported in seven days; `None` where it does not show the viewer that.
    pub by: Vec<(OrgRef, Option<u64>)>,
    /// New ones that all of them together compared over the seven days before today, in whole hundreds; `None` where they are too few to say.
    pub together: Option<u64>,
    /// New ones that one organisation may compare on a day.
    pub per_day: u64,
}

/// A confirmation that waits for a second administrator.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FirstRow {
    /// The name of who was first.
    pub by: String,
    /// Whether that was this viewer, who then cannot be the second.
    pub own: bool,
    /// Where they are the organisation's only administrator: from when on they confirm it alone.
    pub alone_from: Option<Timestamp>,
    pub expires_at: Timestamp,
}

/// What one audience sees; `None` where no rule is set for it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AudienceRow {
    pub audience: String,
    pub levels: ByClass<Option<Level>>,
}

/// A change as a form writes it: words of the API; an empty level takes the rule away.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SharingChange {
    #[serde(default)]
    pub class: String,
    /// `everyone`, `group:` with a number, or `org:` with a slug.
    #[serde(default)]
    pub audience: String,
    #[serde(default)]
    pub level: String,
}

/// Who would see what after a change, before it is saved.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Disclosure {
    pub change: SharingChange,
    pub class: DataClass,
    /// The audience in words.
    pub audience: String,
    pub level: Option<Level>,
    /// Organisations for which it changes something.
    pub rows: Vec<DisclosureRow>,
    /// Whether anybody would see more, so that a second administrator must agree.
    pub widens: bool,
    /// Real rows that it is about.
    pub examples: Vec<String>,
    /// Files with rows of this class that organisations which would see less have taken away already: who, which, when; the newest first.
    pub exports: Vec<(OrgRef, String, Timestamp)>,
}

/// One organisation for which a change changes something.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DisclosureRow {
    pub org: OrgRef,
    pub before: Level,
    pub after: Level,
    /// Whether it would see also what was handed in before it joined a group.
    pub earlier: bool,
}

/// A change that waits for a second administrator.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct WaitingRow {
    pub id: i64,
    pub class: DataClass,
    pub audience: String,
    pub level: Option<Level>,
    /// The rule as it is now; `None` where there is none.
    pub now: Option<Level>,
    /// The same change as the preview's form asks for it.
    pub asked: SharingChange,
    /// The name of who proposed it.
    pub by: String,
    /// Whether that was this viewer, who then cannot agree.
    pub own: bool,
    pub expires_at: Timestamp,
}

/// `/admin/sharing/as`: the viewer's own organisation as another one sees it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SharingAs {
    pub as_of: Timestamp,
    pub own: OrgRef,
    /// Whose eyes; `None` until one is chosen.
    pub eyes: Option<OrgRef>,
    /// Whom one can choose.
    pub others: Vec<OrgRef>,
    /// A change that is looked at before it is saved; its words are empty where the rules are those in force.
    pub asked: SharingChange,
    /// That change: its class, its audience in words, its level.
    pub change: Option<(DataClass, String, Option<Level>)>,
    /// Whether the organisation has confirmed what it shares; until then nobody sees anything.
    pub confirmed: bool,
    pub posture: PostureAs,
    /// By class: incidents, events, indicators.
    pub records: Vec<RecordsAs>,
}

/// The posture as somebody else sees it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PostureAs {
    pub level: Level,
    /// Where a group keeps earlier data from them: since when they see it.
    pub since: Option<Timestamp>,
    /// At a summary and above.
    pub score: Option<f64>,
    pub domains: Vec<(Domain, Option<f64>)>,
    /// In detail: titles and values as they are printed.
    pub values: Vec<(String, String)>,
}

/// Records of one class as somebody else sees them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RecordsAs {
    pub class: DataClass,
    pub level: Level,
    pub since: Option<Timestamp>,
    /// In detail: the first rows that they see: where it stands, its words, its marking.
    pub rows: Vec<(String, String, Tlp)>,
    /// Rows that they see, or at a summary the number that they are told.
    pub seen: u64,
    /// Own rows that neither rule nor marking lets them see.
    pub kept: u64,
}
