//! `/admin/policy`: the scoring policy's numbers, its versions, and the next one, which somebody prepares.

use super::{Looking, Viewing, decisions, dry_run::dry_run, failed, from_store};
use app::api::Answer;
use domain::{
    catalogue::{Faults, ScoringPolicy, Typed, differences},
    decision::DecisionKind,
    view::*,
};
use serde_json::Value;
use std::sync::Arc;
use store::{Adopted, StoreError};

/// Where a policy is prepared: the one in force, and what the viewer makes of it.
pub(crate) struct Desk {
    pub in_force: Arc<ScoringPolicy>,
    /// Only of those who may propose one.
    pub draft: Option<store::PolicyDraft>,
    pub may_change: bool,
}

impl Desk {
    pub(crate) async fn of(l: &Looking, user: i64) -> Result<Self, StoreError> {
        let may_change = decisions::right(&l.app, DecisionKind::ScoringPolicy).await?.proposers.contains(&l.viewer.role);
        let draft = if may_change { l.app.store.hub().policy_draft(user).await? } else { None };
        Ok(Self { in_force: Arc::clone(&l.board.policy), draft, may_change })
    }

    /// The one that pages show and changes begin with: the draft, else a copy of the policy in force that would be the next version.
    pub(crate) fn next(&self) -> ScoringPolicy {
        self.draft.as_ref().map_or_else(|| ScoringPolicy { version: self.in_force.version + 1, ..(*self.in_force).clone() }, |d| d.policy.clone())
    }

    pub(super) fn head(&self) -> PolicyHead {
        let drafted = self.draft.as_ref().map(|d| differences(&self.in_force, &d.policy).len() as u32);
        PolicyHead { version: self.in_force.version, may_change: self.may_change, drafted }
    }

    /// A policy as JSON says it.
    ///
    /// # Errors
    /// What is wrong, by field; without a field where it cannot be read at all.
    pub(crate) fn read_json(&self, text: &str) -> Result<ScoringPolicy, Faults> {
        let unread = |text: String| Faults::from([(String::new(), text)]);
        let value: Value = serde_json::from_str(text).map_err(|e| unread(format!("That is no JSON: {e}.")))?;
        let mut policy: ScoringPolicy = serde_json::from_str(text).map_err(|e| unread(format!("That is no scoring policy: {e}.")))?;
        policy.version = self.in_force.version + 1;
        let mut faults = policy.faults();
        let known = serde_json::to_value(&policy).unwrap_or_default();
        unknown(&value, &known, "", &mut faults);
        if faults.is_empty() { Ok(policy) } else { Err(faults) }
    }
}

/// Fields that no policy has: a slip of the pen there would otherwise go unseen.
fn unknown(said: &Value, known: &Value, path: &str, faults: &mut Faults) {
    match (said, known) {
        (Value::Object(said), Value::Object(known)) => {
            for (field, value) in said {
                let path = if path.is_empty() { field.clone() } else { format!("{path}/{field}") };
                match known.get(field) {
                    Some(known) => unknown(value, known, &path, faults),
                    None => drop(faults.insert(path, "There is no such field.".to_owned())),
                }
            }
        }
        (Value::Array(said), Value::Array(known)) => said.iter().zip(known).enumerate().for_each(|(i, (a, b))| unknown(a, b, &format!("{path}/{i}"), faults)),
        _ => {}
    }
}

/// Who looks, as a person: drafts are each person's own.
pub(super) fn user(viewing: &Viewing) -> Answer<i64> {
    viewing.who.as_ref().map(|who| who.user.id).ok_or(Refusal::SignIn)
}

/// What a form said that this very answer says to be wrong.
pub(super) fn typed(viewing: &Viewing) -> Option<Typed> {
    viewing.once.as_deref().and_then(|text| serde_urlencoded::from_str(text).ok())
}

/// The policy's own numbers, and its versions.
///
/// # Errors
/// When the database cannot be read.
pub async fn policy(viewing: &Viewing, l: &Looking) -> Answer<PolicyPage> {
    let desk = Desk::of(l, user(viewing)?).await.map_err(from_store(l.now))?;
    let versions = versions(&l.app.store.hub().policies().await.map_err(from_store(l.now))?);
    let shown = desk.next();
    let (mut numbers, mut faults, mut pasted) = (shown.numbers(), Faults::new(), None);
    if let Some(mut typed) = typed(viewing) {
        match typed.remove("policy") {
            Some(text) => pasted = Some((text.clone(), desk.read_json(&text).err().unwrap_or_default())),
            None => {
                faults = shown.with_numbers(&typed).err().unwrap_or_default();
                numbers = typed;
            }
        }
    }
    Ok(PolicyPage { head: desk.head(), typed: numbers, faults, pasted, versions })
}

/// The versions, the newest first, each with what it changed.
fn versions(adopted: &[Adopted]) -> Vec<VersionRow> {
    let row = |(i, a): (usize, &Adopted)| VersionRow {
        version: a.policy.version,
        adopted_at: a.at,
        decision: a.decision,
        lines: adopted.get(i + 1).map(|before| differences(&before.policy, &a.policy)),
    };
    adopted.iter().enumerate().map(row).collect()
}

/// One version, whole.
///
/// # Errors
/// [`Refusal::NotFound`] for one that never was; and when the database cannot be read.
pub async fn version(viewing: &Viewing, l: &Looking, version: &str) -> Answer<PolicyVersion> {
    let desk = Desk::of(l, user(viewing)?).await.map_err(from_store(l.now))?;
    let adopted = l.app.store.hub().policies().await.map_err(from_store(l.now))?;
    let row = versions(&adopted).into_iter().find(|row| row.version.to_string() == version).ok_or(Refusal::NotFound)?;
    let policy = adopted.into_iter().find(|a| a.policy.version == row.version).ok_or_else(|| failed("a version without a policy"))?.policy;
    Ok(PolicyVersion { head: desk.head(), row, policy })
}

/// What the viewer prepares.
///
/// # Errors
/// [`Refusal::NotAllowed`] where he may propose none; and when the database cannot be read.
pub async fn draft(viewing: &Viewing, l: &Looking) -> Answer<DraftPage> {
    let desk = Desk::of(l, user(viewing)?).await.map_err(from_store(l.now))?;
    if !desk.may_change {
        return Err(Refusal::NotAllowed);
    }
    let draft = match &desk.draft {
        None => None,
        Some(draft) => Some(Drafted {
            lines: differences(&desk.in_force, &draft.policy),
            changed_at: draft.changed_at,
            overtaken: overtaken(l, &draft.policy),
            dry_run: dry_run(l, &draft.policy).await?,
        }),
    };
    Ok(DraftPage { head: desk.head(), draft, has_vote: decisions::has_vote(l) })
}

/// The version that a policy to be was made on, where another is in force by now.
pub(super) fn overtaken(l: &Looking, policy: &ScoringPolicy) -> Option<u32> {
    (policy.version <= l.board.policy.version).then(|| policy.version.saturating_sub(1))
}
