//! Decisions of the alliance: what can be decided, who may propose and vote, and when it is decided. The rights are data of the hub; a decision
//! carries its own effect.
//!
//! Each organisation has one vote, cast by a person whose role may vote, or by the organisation it delegated that kind of decision to. A decision
//! is adopted as soon as more than half of all organisations are for it, and rejected as soon as half of them or more are against; otherwise at its
//! end, by those who voted, if they are as many as the quorum asks.

use crate::{ByClass, Level, OrgId, Role, catalogue::ScoringPolicy};
use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, str::FromStr};

/// What is decided together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DecisionKind {
    AlertLevel,
    ScoringPolicy,
    SuspendOrganisation,
    AdmitOrganisation,
    SharingDefault,
    AllianceKey,
}

impl DecisionKind {
    pub const ALL: [Self; 6] =
        [Self::AlertLevel, Self::ScoringPolicy, Self::SuspendOrganisation, Self::AdmitOrganisation, Self::SharingDefault, Self::AllianceKey];

    /// The word of forms and database.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::AlertLevel => "alert_level",
            Self::ScoringPolicy => "scoring_policy",
            Self::SuspendOrganisation => "suspend_organisation",
            Self::AdmitOrganisation => "admit_organisation",
            Self::SharingDefault => "sharing_default",
            Self::AllianceKey => "alliance_key",
        }
    }
}

impl FromStr for DecisionKind {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL.into_iter().find(|kind| kind.name() == text).ok_or_else(|| "is no kind of decision".to_owned())
    }
}

/// What a decision does when it is adopted.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Effect {
    AlertLevel {
        level: AlertLevel,
    },
    ScoringPolicy {
        policy: Box<ScoringPolicy>,
    },
    /// It shares nothing and is shown nothing until it is admitted again; what it pushes is kept.
    SuspendOrganisation {
        org: i64,
    },
    AdmitOrganisation {
        org: i64,
    },
    /// What organisations are asked to confirm that everyone sees of them. Those that have confirmed more are narrowed to it; to those that have confirmed
    /// less it is offered.
    SharingDefault {
        levels: ByClass<Level>,
    },
    /// Another key, under which indicators are hashed; the one before is accepted for a while.
    AllianceKey,
}

impl Effect {
    #[must_use]
    pub const fn kind(&self) -> DecisionKind {
        match self {
            Self::AlertLevel { .. } => DecisionKind::AlertLevel,
            Self::ScoringPolicy { .. } => DecisionKind::ScoringPolicy,
            Self::SuspendOrganisation { .. } => DecisionKind::SuspendOrganisation,
            Self::AdmitOrganisation { .. } => DecisionKind::AdmitOrganisation,
            Self::SharingDefault { .. } => DecisionKind::SharingDefault,
            Self::AllianceKey => DecisionKind::AllianceKey,
        }
    }
}

/// How alert the alliance is, from 1 to 5.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AlertLevel {
    #[default]
    Normal,
    Guarded,
    Elevated,
    High,
    Critical,
}

impl AlertLevel {
    pub const ALL: [Self; 5] = [Self::Normal, Self::Guarded, Self::Elevated, Self::High, Self::Critical];

    /// 1 to 5.
    #[must_use]
    pub const fn number(self) -> u8 {
        self as u8 + 1
    }

    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Self::Normal => "Normal",
            Self::Guarded => "Guarded",
            Self::Elevated => "Elevated",
            Self::High => "High",
            Self::Critical => "Critical",
        }
    }

    /// What it means.
    #[must_use]
    pub const fn meaning(self) -> &'static str {
        match self {
            Self::Normal => "Nothing is known beyond what single members report.",
            Self::Guarded => "Activity against the sector is above the usual; nothing points to a member.",
            Self::Elevated => "A credible threat to members is known, or one member has a serious incident that may spread.",
            Self::High => "Several members have related incidents, or an attack on members is about to happen.",
            Self::Critical => "An attack on the alliance is under way and disrupts what members do for others.",
        }
    }

    /// What it asks of members.
    #[must_use]
    pub const fn asks(self) -> &'static str {
        match self {
            Self::Normal => "Report as agreed.",
            Self::Guarded => "Read new indicators within a day; check that exposed systems are patched.",
            Self::Elevated => "Read new indicators within four hours; push incidents as they are found; name a contact who can be reached.",
            Self::High => "Staff around the clock; apply shared indicators at once; report twice a day.",
            Self::Critical => "Join the coordination call; put recovery plans in force; report every two hours.",
        }
    }
}

/// Who may propose and vote on a kind of decision, and when the votes are enough.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Right {
    pub kind: DecisionKind,
    pub proposers: Vec<Role>,
    pub voters: Vec<Role>,
    /// Per cent of the organisations that must vote for an outcome at the end.
    pub quorum: u32,
    /// Days until it ends.
    pub days: i64,
}

impl Right {
    /// What a new hub has.
    #[must_use]
    pub fn default_of(kind: DecisionKind) -> Self {
        use Role::{Coordinator, Executive, OrgAdmin, Steward};
        let (proposers, voters, quorum, days) = match kind {
            DecisionKind::AlertLevel => (vec![Coordinator, OrgAdmin], vec![Coordinator, OrgAdmin, Executive], 25, 1),
            DecisionKind::ScoringPolicy => (vec![Steward], vec![OrgAdmin, Executive], 50, 14),
            DecisionKind::SuspendOrganisation => (vec![Coordinator, Steward], vec![OrgAdmin, Executive], 50, 7),
            DecisionKind::AdmitOrganisation => (vec![Coordinator, Steward], vec![OrgAdmin, Executive], 50, 14),
            DecisionKind::SharingDefault => (vec![Steward, OrgAdmin], vec![OrgAdmin], 50, 14),
            DecisionKind::AllianceKey => (vec![Steward, OrgAdmin], vec![OrgAdmin], 25, 7),
        };
        Self { kind, proposers, voters, quorum, days }
    }
}

/// How a decision ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    Adopted,
    Rejected,
    /// Too few voted.
    Lapsed,
    /// By who proposed it.
    Withdrawn,
}

impl Outcome {
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Adopted => "adopted",
            Self::Rejected => "rejected",
            Self::Lapsed => "lapsed",
            Self::Withdrawn => "withdrawn",
        }
    }
}

impl FromStr for Outcome {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        [Self::Adopted, Self::Rejected, Self::Lapsed, Self::Withdrawn].into_iter().find(|o| o.name() == text).ok_or_else(|| "is no outcome".to_owned())
    }
}

/// Votes counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tally {
    /// Organisations for it, those that delegated their vote included.
    pub yes: u32,
    pub no: u32,
    /// All that have a vote.
    pub members: u32,
}

impl Tally {
    /// Counts: an organisation's own vote, else that of the one it delegated to, which does not delegate further.
    #[must_use]
    pub fn of(members: &[OrgId], votes: &BTreeMap<OrgId, bool>, delegates: &BTreeMap<OrgId, OrgId>) -> Self {
        let mut tally = Self { members: members.len() as u32, ..Self::default() };
        let delegated = |org: &OrgId| delegates.get(org).filter(|to| members.contains(to)).and_then(|to| votes.get(to));
        for choice in members.iter().filter_map(|org| votes.get(org).or_else(|| delegated(org))) {
            *(if *choice { &mut tally.yes } else { &mut tally.no }) += 1;
        }
        tally
    }

    /// How many more organisations must be for it, so that it is adopted at once.
    #[must_use]
    pub const fn to_adopt(self) -> u32 {
        (self.members / 2 + 1).saturating_sub(self.yes)
    }

    /// How many more organisations must vote, either way, for an outcome at the end.
    #[must_use]
    pub fn to_quorum(self, quorum: u32) -> u32 {
        (quorum * self.members).div_ceil(100).max(1).saturating_sub(self.yes + self.no)
    }

    /// The outcome, if there is one already; `over` says that the time is.
    #[must_use]
    pub fn outcome(self, quorum: u32, over: bool) -> Option<Outcome> {
        let Self { yes, no, members } = self;
        if 2 * yes > members {
            Some(Outcome::Adopted)
        } else if members > 0 && 2 * no >= members {
            Some(Outcome::Rejected)
        } else if !over {
            None
        } else if (yes + no) * 100 < quorum * members || yes + no == 0 {
            Some(Outcome::Lapsed)
        } else {
            Some(if yes > no { Outcome::Adopted } else { Outcome::Rejected })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Outcome::{Adopted, Lapsed, Rejected};

    fn tally(yes: u32, no: u32, members: u32) -> Tally {
        Tally { yes, no, members }
    }

    #[test]
    fn a_sharing_default_from_before_there_was_a_class_shows_none_of_it() {
        let kept = r#"{"kind":"sharing_default","levels":{"posture":"detail","events":"summary"}}"#;
        let levels = ByClass::from_fn(|class| match class.name() {
            "posture" => Level::Detail,
            "events" => Level::Summary,
            _ => Level::None,
        });
        assert_eq!(serde_json::from_str::<Effect>(kept).unwrap(), Effect::SharingDefault { levels });
        let unknown = serde_json::from_str::<Effect>(&kept.replace("events", "weather")).unwrap_err();
        assert!(unknown.to_string().contains(r#""weather" is no class of data"#), "{unknown}");
    }

    #[test]
    fn a_majority_of_all_decides_at_once_and_of_those_who_voted_at_the_end() {
        for (t, quorum, early, late) in [
            (tally(6, 0, 11), 50, Some(Adopted), Adopted),
            (tally(5, 0, 11), 50, None, Lapsed),
            (tally(5, 1, 11), 50, None, Adopted),
            (tally(3, 3, 11), 50, None, Rejected),
            (tally(0, 6, 12), 50, Some(Rejected), Rejected),
            (tally(1, 0, 11), 5, None, Adopted),
            (tally(0, 0, 11), 0, None, Lapsed),
            (tally(0, 0, 0), 0, None, Lapsed),
        ] {
            assert_eq!((t.outcome(quorum, false), t.outcome(quorum, true)), (early, Some(late)), "{t:?}");
        }
    }

    #[test]
    fn what_is_missing_is_just_enough() {
        for members in 1..=24 {
            for (yes, no) in (0..=members).flat_map(|yes| (0..=members - yes).map(move |no| (yes, no))) {
                let t = tally(yes, no, members);
                let more = t.to_adopt();
                assert_eq!(tally(yes + more, 0, members).outcome(0, false), Some(Adopted), "{t:?}");
                assert!(more == 0 || tally(yes + more - 1, 0, members).outcome(0, false) != Some(Adopted), "{t:?}");
                for quorum in [0, 5, 25, 50, 51, 100] {
                    let needed = t.to_quorum(quorum);
                    match t.outcome(quorum, true) {
                        Some(Lapsed) => {
                            assert!(needed > 0 && tally(yes + needed, no, members).outcome(quorum, true) != Some(Lapsed), "{t:?} {quorum}");
                            let fewer = tally(yes + needed - 1, no, members);
                            assert!(2 * fewer.yes > members || fewer.outcome(quorum, true) == Some(Lapsed), "{t:?} {quorum}");
                        }
                        // A majority of all needs no quorum.
                        _ => assert!(needed == 0 || 2 * yes > members || 2 * no >= members, "{t:?} {quorum}"),
                    }
                }
            }
        }
    }

    #[test]
    fn who_votes_speaks_for_himself_and_who_does_not_by_his_delegate() {
        let members: Vec<OrgId> = (1..=4).map(OrgId).collect();
        let votes = BTreeMap::from([(OrgId(1), true), (OrgId(2), false), (OrgId(9), true)]);
        // 3 delegates to 1; 2 to 1 but votes; 4 to 3, who does not vote; nobody outside has a voice.
        let delegates = BTreeMap::from([(OrgId(3), OrgId(1)), (OrgId(2), OrgId(1)), (OrgId(4), OrgId(3))]);
        assert_eq!(Tally::of(&members, &votes, &delegates), tally(2, 1, 4));
        assert_eq!(Tally::of(&members, &votes, &BTreeMap::from([(OrgId(3), OrgId(9))])), tally(1, 1, 4));
    }
}
