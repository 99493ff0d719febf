//! The audit trail: who did what, to whom, when, in rows that vouch for each other.
//!
//! A row is written in the transaction of what it reports, so there is no change without its row and no row without its change. What it says is under a
//! digest with salt, and the chain of hashes goes over the digests (see [`AuditRow`]): a row that is changed, deleted or moved breaks it, and one whose
//! contents are erased does not. Whoever can write to the database could make the whole chain anew: against that, [checkpoints](Checkpoint) are signed with
//! a key that is not in the database, and given to partners, who are witnesses.
//!
//! Pushes are no rows: their receipts are kept beside them. To audit a new change: a variant of [`Action`], and [`append`] inside its write.

mod checkpoint;
mod row;
mod signer;
mod trail;
mod witnesses;

pub use checkpoint::{Checkpoint, EVERY, Kept, Occasion, Remembered};
pub use row::AuditRow;
pub(crate) use row::{RawRow, audit_columns, row};
pub use signer::{Signer, fingerprint};
pub use trail::{AuditError, Fault, KeyUse, Proofs, Verified, Vouched};

use crate::{
    Hub, Reads, StoreError,
    db::{Conn, execute, on_conn, read},
};
use domain::{OrgId, Timestamp};
use row::bytes;
use serde_json::Value;

/// Rows that are read at once, at most.
pub const CHUNK: usize = 1_000;

/// Who does something. Nobody is the program itself, the command line, or somebody whom it does not know.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Actor {
    pub org: Option<OrgId>,
    pub user: Option<i64>,
}

/// What was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    OrganisationAdded,
    OrganisationRenamed,
    UserAdded,
    UserRoleSet,
    /// May not sign in any more; open sessions ended.
    UserDisabled,
    UserEnabled,
    /// A change of an account waits for a second administrator.
    AccountProposed,
    /// It was taken back or declined.
    AccountProposalDropped,
    /// The hub lost an auditor or got one back: a row for each organisation, whose trail the auditor reads.
    AuditorChanged,
    /// A one-time link to set a password.
    LinkMade,
    /// With a one-time link, or by who knew the one before.
    PasswordSet,
    /// Somebody signed in.
    SessionStarted,
    /// Somebody signed out, or the session made way for a newer one.
    SessionEnded,
    /// A secret waits for the first code of an authenticator app.
    FactorOffered,
    /// An authenticator app is asked for from now on.
    FactorSet,
    FactorRemoved,
    PasskeyAdded,
    PasskeyRemoved,
    /// Refused: its count of uses did not grow, so that there must be a copy of it.
    PasskeyCloned,
    RecoveryCodesMade,
    RecoveryCodeUsed,
    /// An organisation's people may sign in at its identity provider.
    ProviderSet,
    ProviderRemoved,
    /// A person signs in at the provider from now on.
    IdentityLinked,
    IdentityUnlinked,
    SignInFailed,
    /// A sign-in was refused unseen, after too many failures.
    SignInThrottled,
    KeyCreated,
    KeyRevoked,
    /// A new key takes over; the old one ends some days later.
    KeyRotated,
    PolicyAdopted,
    /// Somebody changed the policy that he prepares.
    PolicyDrafted,
    PolicyDraftDiscarded,
    /// What everyone sees of organisations that have no rule for everyone.
    SharingDefaultsSet,
    /// Whom an organisation shows what: in force at once, or by the second person's agreement.
    SharingRuleSet,
    /// A rule that waits for a second person.
    SharingRuleProposed,
    /// One that was taken back or declined.
    SharingRuleDropped,
    /// A new organisation has seen and confirmed what it shares.
    SharingConfirmed,
    /// Its first administrator has; the second one does next.
    SharingConfirmationProposed,
    /// Whether an organisation takes part in comparing keyed hashes.
    HashesSet,
    DecisionRightSet,
    DecisionProposed,
    DecisionVoted,
    DecisionDelegated,
    /// By who proposed it.
    DecisionWithdrawn,
    /// By votes or time; where it was adopted, what it says is done in the same transaction.
    DecisionEnded,
    /// Another key hashes indicators from now on.
    AllianceKeyRotated,
    GroupMade,
    /// An invitation, or the consent to one, waits for a second person.
    GroupProposed,
    /// It was taken back or declined.
    GroupProposalDropped,
    GroupInvited,
    GroupJoined,
    /// Left, or its invitation declined.
    GroupLeft,
    /// Another key signs the trail's checkpoints from now on; its detail is signed by the one before.
    SigningKeyRotated,
    /// Secrets of authenticator apps are sealed under another key.
    SealingKeyRotated,
    /// What a page shows left as a file.
    Exported,
    /// Somebody known asked for what he may not.
    Denied,
}

impl Action {
    /// The word of the database.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::OrganisationAdded => "organisation.added",
            Self::OrganisationRenamed => "organisation.renamed",
            Self::UserAdded => "user.added",
            Self::UserRoleSet => "user.role_set",
            Self::UserDisabled => "user.disabled",
            Self::UserEnabled => "user.enabled",
            Self::AccountProposed => "user.proposed",
            Self::AccountProposalDropped => "user.proposal_dropped",
            Self::AuditorChanged => "auditor.changed",
            Self::LinkMade => "link.made",
            Self::PasswordSet => "password.set",
            Self::SessionStarted => "session.started",
            Self::SessionEnded => "session.ended",
            Self::FactorOffered => "factor.offered",
            Self::FactorSet => "factor.set",
            Self::FactorRemoved => "factor.removed",
            Self::PasskeyAdded => "passkey.added",
            Self::PasskeyRemoved => "passkey.removed",
            Self::PasskeyCloned => "passkey.cloned",
            Self::RecoveryCodesMade => "factor.recovery_codes_made",
            Self::RecoveryCodeUsed => "factor.recovery_code_used",
            Self::ProviderSet => "oidc.provider_set",
            Self::ProviderRemoved => "oidc.provider_removed",
            Self::IdentityLinked => "oidc.linked",
            Self::IdentityUnlinked => "oidc.unlinked",
            Self::SignInFailed => "signin.failed",
            Self::SignInThrottled => "signin.throttled",
            Self::KeyCreated => "key.created",
            Self::KeyRevoked => "key.revoked",
            Self::KeyRotated => "key.rotated",
            Self::PolicyAdopted => "policy.adopted",
            Self::PolicyDrafted => "policy.drafted",
            Self::PolicyDraftDiscarded => "policy.draft_discarded",
            Self::SharingDefaultsSet => "sharing.defaults_set",
            Self::SharingRuleSet => "sharing.rule_set",
            Self::SharingRuleProposed => "sharing.rule_proposed",
            Self::SharingRuleDropped => "sharing.rule_dropped",
            Self::SharingConfirmed => "sharing.confirmed",
            Self::SharingConfirmationProposed => "sharing.confirmation_proposed",
            Self::HashesSet => "hashes.set",
            Self::DecisionRightSet => "decision.right_set",
            Self::DecisionProposed => "decision.proposed",
            Self::DecisionVoted => "decision.voted",
            Self::DecisionDelegated => "decision.delegated",
            Self::DecisionWithdrawn => "decision.withdrawn",
            Self::DecisionEnded => "decision.ended",
            Self::AllianceKeyRotated => "alliance_key.rotated",
            Self::GroupMade => "group.made",
            Self::GroupProposed => "group.proposed",
            Self::GroupProposalDropped => "group.proposal_dropped",
            Self::GroupInvited => "group.invited",
            Self::GroupJoined => "group.joined",
            Self::GroupLeft => "group.left",
            Self::SigningKeyRotated => "signing_key.rotated",
            Self::SealingKeyRotated => "sealing_key.rotated",
            Self::Exported => "exported",
            Self::Denied => "denied",
        }
    }
}

/// A row to be written.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    pub at: Timestamp,
    pub actor: Actor,
    pub action: Action,
    /// The organisation it concerns: its people may read the row.
    pub org: Option<OrgId>,
    /// What it was done to, such as `user 12` or `key siem`.
    pub object: String,
    /// Whatever else is worth knowing, as an object of JSON; no secrets.
    pub detail: Value,
}

/// Adds a row, in the transaction of what it reports. The hub's writes take turns on all nodes, so that each finds the row before.
pub(crate) async fn append(conn: &mut Conn, entry: Entry) -> Result<(), StoreError> {
    const LAST: &str = "SELECT no, hash FROM audit ORDER BY no DESC LIMIT 1";
    const ADD: &str = concat!("INSERT INTO audit (", audit_columns!(), ") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, FALSE, $11)");
    let last: Option<(i64, Vec<u8>)> = on_conn!(conn, c => sqlx::query_as(LAST).fetch_optional(&mut *c).await)?;
    let (no, before) = match last {
        Some((no, hash)) => (no + 1, bytes(hash)?),
        None => (1, [0; 32]),
    };
    let mut row = AuditRow {
        no,
        at: entry.at,
        actor: entry.actor,
        action: entry.action.name().to_owned(),
        org: entry.org,
        object: entry.object.replace('\0', " "),
        detail: entry.detail.to_string(),
        salt: None,
        digest: [0; 32],
        erased: false,
        hash: [0; 32],
    };
    let salt: [u8; 16] = rand::random();
    row.digest = row.digest_with(&salt);
    row.hash = row.expected(&before);
    execute!(conn, c => {
        sqlx::query(ADD)
            .bind(row.no)
            .bind(row.at.0)
            .bind(row.actor.org.map(|o| o.0))
            .bind(row.actor.user)
            .bind(&row.action)
            .bind(row.org.map(|o| o.0))
            .bind(&row.object)
            .bind(&row.detail)
            .bind(&salt[..])
            .bind(&row.digest[..])
            .bind(&row.hash[..])
            .execute(&mut *c)
            .await
    })?;
    Ok(())
}

/// The organisation of a person, for the row of what he did or was done to him.
pub(crate) async fn org_of(conn: &mut Conn, user: i64) -> Result<Option<OrgId>, StoreError> {
    const FIND: &str = "SELECT org_id FROM users WHERE id = $1";
    let org: Option<i64> = on_conn!(conn, c => sqlx::query_scalar(FIND).bind(user).fetch_optional(&mut *c).await)?;
    Ok(org.map(OrgId))
}

/// How rows name a person: by a number, which says nothing to whoever finds it once the person is gone.
#[must_use]
pub fn person(user: i64) -> String {
    format!("user {user}")
}

impl Hub<'_> {
    /// Writes a row about something that changed nothing: a refusal, an export.
    ///
    /// # Errors
    /// When the database fails; then what the row reports should not happen either.
    pub async fn audit(&self, entry: Entry) -> Result<(), StoreError> {
        self.write(move |conn| Box::pin(append(conn, entry))).await
    }

    /// The newest rows about files that were taken away, at most 1,000: who shows less asks what has left already.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn exports(&self) -> Result<Vec<AuditRow>, StoreError> {
        const EXPORTS: &str = concat!("SELECT ", audit_columns!(), " FROM audit WHERE action = 'exported' ORDER BY no DESC LIMIT $1");
        let rows: Vec<RawRow> = read!(self, c => sqlx::query_as(EXPORTS).bind(CHUNK as i64).fetch_all(c).await)?;
        rows.into_iter().map(row).collect()
    }

    /// Rows after a number, oldest first, at most 1,000.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn audit_after(&self, no: i64) -> Result<Vec<AuditRow>, StoreError> {
        const AFTER: &str = concat!("SELECT ", audit_columns!(), " FROM audit WHERE no > $1 ORDER BY no LIMIT $2");
        let rows: Vec<RawRow> = read!(self, c => sqlx::query_as(AFTER).bind(no).bind(CHUNK as i64).fetch_all(c).await)?;
        rows.into_iter().map(row).collect()
    }
}

/// What to list of the trail.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AuditFilter {
    /// The organisation that rows concern. Who reads the own organisation's only gets those, whatever stands here.
    pub org: Option<OrgId>,
    /// The beginning of the action's name, such as `key.`; empty: any.
    pub action: String,
    /// Rows before this number; `None`: the newest.
    pub before: Option<i64>,
}

impl Reads<'_> {
    /// Rows of the trail, newest first, at most `most` and 1,000: all of them for an auditor, those that concern the own organisation for others.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn audit(&self, filter: &AuditFilter, most: usize) -> Result<Vec<AuditRow>, StoreError> {
        const LIST: &str = concat!(
            "SELECT ",
            audit_columns!(),
            " FROM audit WHERE no < $1 AND ($2 IS NULL OR org_id = $2) AND action LIKE $3 ESCAPE '\\' ORDER BY no DESC LIMIT $4"
        );
        const OWN: &str =
            concat!("SELECT ", audit_columns!(), " FROM audit WHERE no < $1 AND org_id = $2 AND action LIKE $3 ESCAPE '\\' ORDER BY no DESC LIMIT $4");
        let whole = self.viewer.role.reads_all_audit();
        let (sql, org) = if whole { (LIST, filter.org) } else { (OWN, Some(self.viewer.org)) };
        let action = format!("{}%", like(&filter.action));
        let (before, most) = (filter.before.unwrap_or(i64::MAX), most.min(CHUNK) as i64);
        macro_rules! rows {
            ($scope:expr) => {
                read!($scope, c => {
                    sqlx::query_as(sql).bind(before).bind(org.map(|o| o.0)).bind(&action).bind(most).fetch_all(c).await
                })?
            };
        }
        let hub = self.store.hub();
        // It is the role that opens the trail to an auditor, not his organisation.
        let rows: Vec<RawRow> = if whole { rows!(hub) } else { rows!(self) };
        rows.into_iter().map(row).collect()
    }
}

/// Text that stands for itself in a pattern.
fn like(text: &str) -> String {
    text.chars().flat_map(|c| if matches!(c, '%' | '_' | '\\') { vec!['\\', c] } else { vec![c] }).collect()
}
