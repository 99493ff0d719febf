//! The words of access: levels, roles and who looks. Who sees what is decided by [`Sight`](crate::sharing::Sight).

use crate::{DataClass, names::OrgId};
use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};

/// How much of a class an audience sees. Ordered from nothing to everything.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    #[default]
    None,
    Aggregate,
    Summary,
    Detail,
}

impl Level {
    pub const ALL: [Self; 4] = [Self::None, Self::Aggregate, Self::Summary, Self::Detail];

    /// The number the database keeps: 0 none to 3 detail.
    #[must_use]
    pub const fn code(self) -> i64 {
        self as i64
    }

    /// The word of API and database.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Aggregate => "aggregate",
            Self::Summary => "summary",
            Self::Detail => "detail",
        }
    }
}

impl FromStr for Level {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL.into_iter().find(|level| level.name() == text).ok_or_else(|| "must be one of none, aggregate, summary, detail".to_owned())
    }
}

/// What a person does here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Reads the collective picture and may drill down.
    Executive,
    /// Reads detail, works incidents.
    Analyst,
    /// Manages the organisation's users, keys and sharing.
    OrgAdmin,
    /// Of the hub's own organisation: leads joint operations. Reads no more than others.
    Coordinator,
    /// Of the hub's own organisation: catalogue, scoring policy, onboarding. Reads no more than others.
    Steward,
    /// Of the hub's own organisation: reads the whole audit trail, and no more than others of what it speaks of.
    Auditor,
}

impl Role {
    pub const ALL: [Self; 6] = [Self::Executive, Self::Analyst, Self::OrgAdmin, Self::Coordinator, Self::Steward, Self::Auditor];
    /// Those that an organisation's administrator gives to its people. The others are given on the hub's own command line, so that no
    /// administrator makes himself more than that.
    pub const OF_AN_ORGANISATION: [Self; 3] = [Self::Executive, Self::Analyst, Self::OrgAdmin];

    /// The word of command line and database.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Executive => "executive",
            Self::Analyst => "analyst",
            Self::OrgAdmin => "org_admin",
            Self::Coordinator => "coordinator",
            Self::Steward => "steward",
            Self::Auditor => "auditor",
        }
    }

    /// Whether the role may create API keys of its own organisation.
    #[must_use]
    pub const fn manages_keys(self) -> bool {
        matches!(self, Self::OrgAdmin)
    }

    /// Whether the role invites people of its own organisation, gives them roles and takes them away.
    #[must_use]
    pub const fn manages_users(self) -> bool {
        matches!(self, Self::OrgAdmin)
    }

    /// Whether the role reads the rows of the audit trail that concern its own organisation.
    #[must_use]
    pub const fn reads_audit(self) -> bool {
        matches!(self, Self::OrgAdmin | Self::Auditor)
    }

    /// Whether the role reads the rows of the audit trail that concern any organisation.
    #[must_use]
    pub const fn reads_all_audit(self) -> bool {
        matches!(self, Self::Auditor)
    }

    /// Whether the role sees which organisations are witnesses of the audit trail: those of the hub's own organisation that answer for it.
    #[must_use]
    pub const fn sees_witnesses(self) -> bool {
        matches!(self, Self::Steward | Self::Auditor)
    }

    /// Whether a person of this role must have a second factor: those who change what others rely on.
    #[must_use]
    pub const fn needs_second_factor(self) -> bool {
        matches!(self, Self::OrgAdmin | Self::Coordinator | Self::Steward | Self::Auditor)
    }

    /// Whether the role changes what its own organisation shares.
    #[must_use]
    pub const fn manages_sharing(self) -> bool {
        matches!(self, Self::OrgAdmin)
    }

    /// Whether a person of this role can be the second one, whose agreement puts in force what another proposed: a change of what the organisation shares,
    /// of its groups, or of such an account.
    #[must_use]
    pub const fn agrees_to_changes(self) -> bool {
        self.manages_sharing() || self.manages_users()
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
        Self::ALL.into_iter().find(|r| r.name() == text).ok_or_else(|| "must be one of executive, analyst, org_admin, coordinator, steward, auditor".to_owned())
    }
}

/// Somebody who looks: one person of exactly one organisation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Viewer {
    pub org: OrgId,
    pub role: Role,
}

impl Viewer {
    /// Whether this viewer may read the raw payload of one of `owner`'s pushes, where its receipt is in his reach. A payload of posture metrics
    /// holds nothing that is marked; every other payload may hold records marked for fewer eyes, so it stays at home.
    #[must_use]
    pub fn sees_payload(&self, owner: OrgId, class: DataClass) -> bool {
        self.role.reads_raw() && (self.org == owner || class == DataClass::Posture)
    }
}
