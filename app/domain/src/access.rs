//! Who may see what: the one policy type, asked by every page, list, count, stream and error.
//!
//! The rules are those of a young alliance: every organisation shares `detail` with everyone, and TLP narrows
//! record by record. Sharing rules and groups join here, and nowhere else.

use crate::{names::OrgId, tlp::Tlp};
use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};

/// The kinds of data an organisation decides about separately.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DataClass {
    Posture,
    Incidents,
    Events,
    Indicators,
}

impl DataClass {
    /// The word of API and database.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Posture => "posture",
            Self::Incidents => "incidents",
            Self::Events => "events",
            Self::Indicators => "indicators",
        }
    }
}

/// How much of a class an audience sees. Ordered from nothing to everything.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    None,
    Aggregate,
    Summary,
    Detail,
}

/// What a person does here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Reads the collective picture and may drill down.
    Executive,
    /// Reads detail, works incidents.
    Analyst,
    /// Manages the organisation's users and keys.
    OrgAdmin,
    /// Of the hub's own organisation: catalogue, scoring policy, onboarding. Reads no more than others.
    Steward,
}

impl Role {
    pub const ALL: [Self; 4] = [Self::Executive, Self::Analyst, Self::OrgAdmin, Self::Steward];

    /// The word of command line and database.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Executive => "executive",
            Self::Analyst => "analyst",
            Self::OrgAdmin => "org_admin",
            Self::Steward => "steward",
        }
    }

    /// Whether the role may create API keys of its own organisation.
    #[must_use]
    pub const fn manages_keys(self) -> bool {
        matches!(self, Self::OrgAdmin)
    }

    /// Whether the role reads raw payloads of its own organisation's pushes. Executives read receipts without them.
    #[must_use]
    pub const fn reads_raw(self) -> bool {
        !matches!(self, Self::Executive)
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Role {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL.into_iter().find(|r| r.name() == text).ok_or_else(|| "must be one of executive, analyst, org_admin, steward".to_owned())
    }
}

/// Somebody who looks: one person of exactly one organisation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Viewer {
    pub org: OrgId,
    pub role: Role,
}

impl Viewer {
    /// What this viewer sees of `owner`'s data of a class, before TLP narrows single records.
    #[must_use]
    pub fn level(&self, _owner: OrgId, _class: DataClass) -> Level {
        Level::Detail
    }

    /// Whether this viewer may see one record of `owner`, marked `tlp`, that names `recipients`.
    ///
    /// RED, AMBER+STRICT and AMBER reach the owner and the organisations named on the record; GREEN and CLEAR
    /// reach everyone (`AMBER` reaches the owner's sharing groups too, once there are groups).
    #[must_use]
    pub fn sees_record(&self, owner: OrgId, class: DataClass, tlp: Tlp, recipients: &[OrgId]) -> bool {
        self.org == owner || (self.level(owner, class) == Level::Detail && (tlp.reaches_everyone() || recipients.contains(&self.org)))
    }

    /// Whether this viewer may read the raw payload of one of `owner`'s pushes. A payload of posture metrics holds
    /// nothing that is marked; every other payload may hold records marked for fewer eyes, so it stays at home.
    #[must_use]
    pub fn sees_payload(&self, owner: OrgId, class: DataClass) -> bool {
        if self.org == owner {
            self.role.reads_raw()
        } else {
            class == DataClass::Posture && self.role.reads_raw() && self.level(owner, class) == Level::Detail
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tlp_narrows_record_by_record() {
        let (owner, named, other) = (OrgId(1), OrgId(2), OrgId(3));
        let sees = |org, tlp| Viewer { org, role: Role::Analyst }.sees_record(owner, DataClass::Incidents, tlp, &[named]);
        for tlp in Tlp::ALL {
            assert!(sees(owner, tlp));
            assert!(sees(named, tlp));
            assert_eq!(sees(other, tlp), tlp.reaches_everyone(), "{tlp}");
        }
    }

    #[test]
    fn no_role_reads_more_of_others() {
        for role in Role::ALL {
            let steward = Viewer { org: OrgId(9), role };
            assert!(!steward.sees_record(OrgId(1), DataClass::Incidents, Tlp::Red, &[]));
            assert!(!steward.sees_payload(OrgId(1), DataClass::Incidents));
        }
    }
}
