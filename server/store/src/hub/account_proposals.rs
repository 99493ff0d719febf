//! Changes of accounts, as people make them on `/admin/users`. Where the account may agree to changes, a second administrator agrees first: else one
//! administrator could be both.
//!
//! The second one is shown the one-time link, not the one who proposed it: whoever chose the name and the address never holds the key.
//!
//! To add a change: a variant of [`AccountChange`] with its word and columns, how many people it takes in `check`, what it does in `apply`; its form in
//! the server's `routes/users.rs`, its words in `views/admin.rs` and `app/src/pages/users/waiting.rs`, and a step in `tests/contract/authority.rs`. Where
//! it leaves somebody able to use the account, it is an [`Act`](super::authority::Act) that binds.

use super::{
    Hub,
    authority::{Doers, lately_removed_by, may_approve, other_admins},
    identity::{insert_link, insert_user},
    people::{Turn, Turned, turn},
    proposals::{Approval, LIFE},
};
use crate::{
    StoreError,
    audit::{self, Action, Actor, Entry, person},
    db::{Conn, execute, on_conn, random_number, read},
    writer::Keep,
};
use domain::{OrgId, Role, Timestamp};
use serde_json::{Value, json};

/// Changes of accounts that wait at most in one organisation.
const MAX_WAITING: i64 = 50;

/// A change of an account of the own organisation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AccountChange {
    Invite {
        email: String,
        name: String,
        role: Role,
    },
    /// A one-time link.
    Link {
        user: i64,
    },
    Role {
        user: i64,
        role: Role,
    },
    Enable {
        user: i64,
    },
    Disable {
        user: i64,
    },
}

impl AccountChange {
    /// The word of the database.
    const fn name(&self) -> &'static str {
        match self {
            Self::Invite { .. } => "invite",
            Self::Link { .. } => "link",
            Self::Role { .. } => "role",
            Self::Enable { .. } => "enable",
            Self::Disable { .. } => "disable",
        }
    }

    const fn user(&self) -> Option<i64> {
        match self {
            Self::Invite { .. } => None,
            Self::Link { user } | Self::Role { user, .. } | Self::Enable { user } | Self::Disable { user } => Some(*user),
        }
    }

    const fn role(&self) -> Option<Role> {
        match self {
            Self::Invite { role, .. } | Self::Role { role, .. } => Some(*role),
            _ => None,
        }
    }
}

/// A one-time link that is made once it is known for whom.
pub struct NewLink {
    /// The hash of the token for the person of this number.
    pub hash_for: Box<dyn FnOnce(i64) -> [u8; 32] + Send>,
    pub expires_at: Timestamp,
}

/// What became of a change of an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Changed {
    Done,
    /// The link is kept; it is this person's.
    Linked(i64),
    /// For a second administrator.
    Waits,
    /// The organisation has nobody of this number, or not so that this could be done.
    Gone,
    /// It would leave the organisation without an administrator who can sign in.
    LastAdmin,
    /// That role is neither given nor taken by an organisation's administrators.
    NotHere,
    /// The organisation has somebody of this mail address.
    Exists,
    /// It takes two administrators, and there is one.
    TakesTwo,
    /// As many changes wait as may.
    Full,
}

impl From<Turned> for Changed {
    fn from(turned: Turned) -> Self {
        match turned {
            Turned::Done => Self::Done,
            Turned::Gone => Self::Gone,
            Turned::LastAdmin => Self::LastAdmin,
        }
    }
}

/// What became of an agreement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Agreed {
    /// It counts for nothing.
    Not(Approval),
    To(Changed),
}

/// A change of an account that waits for a second administrator.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountProposal {
    pub id: i64,
    pub change: AccountChange,
    /// Name and mail address of whom it is about.
    pub whom: (String, String),
    /// The user who proposed it, and their name.
    pub by: (i64, String),
    pub expires_at: Timestamp,
}

/// How many people a change takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Takes {
    One,
    /// Where the organisation has two.
    Two,
    /// Always.
    TwoAlways,
}

type Row = (String, Option<i64>, String, String, Option<String>);

fn change_of((word, user, email, name, role): Row) -> Result<AccountChange, StoreError> {
    let role: Option<Role> = role.map(|role| role.parse()).transpose().map_err(StoreError::Internal)?;
    match (word.as_str(), user, role) {
        ("invite", None, Some(role)) => Ok(AccountChange::Invite { email, name, role }),
        ("link", Some(user), None) => Ok(AccountChange::Link { user }),
        ("role", Some(user), Some(role)) => Ok(AccountChange::Role { user, role }),
        ("enable", Some(user), None) => Ok(AccountChange::Enable { user }),
        ("disable", Some(user), None) => Ok(AccountChange::Disable { user }),
        _ => Err(StoreError::Internal(format!("an account's change {word:?} cannot be read"))),
    }
}

impl Hub<'_> {
    /// Changes an account of an organisation on behalf of one of its administrators, or keeps the change for a second one: where the account may agree
    /// to changes, or lately did, and the organisation has a second one. Keeping out whoever has one of the hub's own roles always takes two. `link` is used where it is done at once
    /// and makes a link.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn change_account(&self, org: OrgId, change: AccountChange, by: i64, link: NewLink, at: Timestamp) -> Result<Changed, StoreError> {
        let actor = self.actor;
        let work = self.store.inner.writer.run(self.scope(), move |conn| {
            Box::pin(async move {
                let takes = match check(conn, org, &change, by, at).await? {
                    Ok(takes) => takes,
                    Err(refused) => return Ok(Keep::No(refused)),
                };
                if takes == Takes::One {
                    return apply(conn, actor, Doers { by: Some(by), second: None }, org, change, link, at).await;
                }
                match (other_admins(conn, org, by, at).await?, takes) {
                    (0, Takes::TwoAlways) => Ok(Keep::No(Changed::TakesTwo)),
                    (0, _) => apply(conn, actor, Doers { by: Some(by), second: None }, org, change, link, at).await,
                    _ => propose(conn, actor, org, change, by, at).await,
                }
            })
        });
        work.await
    }

    /// The changes of an organisation's accounts that wait, the oldest first.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn account_proposals(&self, org: OrgId, now: Timestamp) -> Result<Vec<AccountProposal>, StoreError> {
        const WAITING: &str = "SELECT p.id, p.change, p.user_id, p.email, p.name, p.role, coalesce(t.name, p.name), coalesce(t.email, p.email), p.proposed_by, u.name, \
             p.expires_at FROM account_proposals p JOIN users u ON u.org_id = p.org_id AND u.id = p.proposed_by LEFT JOIN users t ON t.org_id = p.org_id AND t.id = p.user_id \
             WHERE p.org_id = $1 AND p.expires_at > $2 AND u.role = 'org_admin' AND u.disabled_at IS NULL ORDER BY p.expires_at, p.id";
        type Waiting = (i64, String, Option<i64>, String, String, Option<String>, String, String, i64, String, i64);
        let rows: Vec<Waiting> = read!(self, c => sqlx::query_as(WAITING).bind(org.0).bind(now.0).fetch_all(c).await)?;
        let proposal = |(id, word, user, email, name, role, whom, address, by, by_name, expires): Waiting| {
            let change = change_of((word, user, email, name, role))?;
            Ok(AccountProposal { id, change, whom: (whom, address), by: (by, by_name), expires_at: Timestamp(expires) })
        };
        rows.into_iter().map(proposal).collect()
    }

    /// Agrees to a change of an account of the own organisation, which is done at once. A link that it makes is for the one who agrees to hand over.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn approve_account(&self, id: i64, org: OrgId, by: i64, link: NewLink, at: Timestamp) -> Result<Agreed, StoreError> {
        // A proposal is worth what its proposer's word is worth now.
        const FIND: &str = "SELECT p.change, p.user_id, p.email, p.name, p.role, p.proposed_by FROM account_proposals p JOIN users u ON u.org_id = p.org_id AND u.id = p.proposed_by \
             WHERE p.id = $1 AND p.org_id = $2 AND p.expires_at > $3 AND u.role = 'org_admin' AND u.disabled_at IS NULL";
        const DONE: &str = "DELETE FROM account_proposals WHERE org_id = $1 AND id = $2";
        type Found = (String, Option<i64>, String, String, Option<String>, i64);
        let actor = self.actor;
        let work = self.store.inner.writer.run(self.scope(), move |conn| {
            Box::pin(async move {
                let row: Option<Found> = on_conn!(conn, c => sqlx::query_as(FIND).bind(id).bind(org.0).bind(at.0).fetch_optional(&mut *c).await)?;
                let Some((word, user, email, name, role, proposer)) = row else { return Ok(Keep::No(Agreed::Not(Approval::Gone))) };
                if proposer == by {
                    return Ok(Keep::No(Agreed::Not(Approval::Own)));
                }
                if !may_approve(conn, org, proposer, by, at).await? {
                    return Ok(Keep::No(Agreed::Not(Approval::Related)));
                }
                let change = change_of((word, user, email, name, role))?;
                if let Err(refused) = check(conn, org, &change, by, at).await? {
                    return Ok(Keep::No(Agreed::To(refused)));
                }
                execute!(conn, c => sqlx::query(DONE).bind(org.0).bind(id).execute(&mut *c).await)?;
                let who = Doers { by: Some(proposer), second: Some(by) };
                Ok(match apply(conn, actor, who, org, change, link, at).await? {
                    Keep::Yes(changed) => Keep::Yes(Agreed::To(changed)),
                    Keep::No(changed) => Keep::No(Agreed::To(changed)),
                })
            })
        });
        work.await
    }

    /// Takes back or declines a change of an account of the own organisation.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn drop_account_proposal(&self, id: i64, org: OrgId, at: Timestamp) -> Result<(), StoreError> {
        const DROP: &str = "DELETE FROM account_proposals WHERE id = $1 AND org_id = $2 RETURNING change, user_id, email, name, role";
        let actor = self.actor;
        self.write(move |conn| {
            Box::pin(async move {
                let dropped: Option<Row> = on_conn!(conn, c => sqlx::query_as(DROP).bind(id).bind(org.0).fetch_optional(&mut *c).await)?;
                if let Some(row) = dropped {
                    audit::append(conn, entry(Action::AccountProposalDropped, actor, org, &change_of(row)?, at)).await?;
                }
                Ok(())
            })
        })
        .await
    }
}

/// How many people a change takes that `by` asks for, by what the account is now; or why nobody makes it here.
async fn check(conn: &mut Conn, org: OrgId, change: &AccountChange, by: i64, at: Timestamp) -> Result<Result<Takes, Changed>, StoreError> {
    const FIND: &str = "SELECT role, disabled_at IS NOT NULL FROM users WHERE id = $1 AND org_id = $2";
    let ours = |role: Role| Role::OF_AN_ORGANISATION.contains(&role);
    if change.role().is_some_and(|role| !ours(role)) {
        return Ok(Err(Changed::NotHere));
    }
    let two = |two: bool| if two { Takes::Two } else { Takes::One };
    let Some(user) = change.user() else { return Ok(Ok(two(change.role().is_some_and(Role::agrees_to_changes)))) };
    let row: Option<(String, bool)> = on_conn!(conn, c => sqlx::query_as(FIND).bind(user).bind(org.0).fetch_optional(&mut *c).await)?;
    let Some((role, disabled)) = row else { return Ok(Err(Changed::Gone)) };
    let role: Role = role.parse().map_err(StoreError::Internal)?;
    // Somebody who was an administrator until lately may be one again.
    let removed_by = lately_removed_by(conn, user, at).await?;
    let agrees = role.agrees_to_changes() || removed_by.is_some();
    Ok(match change {
        AccountChange::Invite { .. } => Err(Changed::Gone),
        // A link is worth as much as the person's role, so those of the hub's own roles are made where the roles are given.
        AccountChange::Link { .. } if disabled || !ours(role) => Err(Changed::Gone),
        AccountChange::Link { .. } => Ok(two(agrees)),
        AccountChange::Role { .. } if !ours(role) => Err(Changed::NotHere),
        AccountChange::Role { role: new, .. } => Ok(two(new.agrees_to_changes() && *new != role)),
        // Whoever disabled somebody may take that back: nothing is won by it.
        AccountChange::Enable { .. } => Ok(two(disabled && (agrees || !ours(role)) && removed_by != Some(by))),
        // An auditor and a steward see what is done to all organisations.
        AccountChange::Disable { .. } if !ours(role) && !disabled => Ok(Takes::TwoAlways),
        AccountChange::Disable { .. } => Ok(Takes::One),
    })
}

async fn apply(
    conn: &mut Conn,
    actor: Actor,
    who: Doers,
    org: OrgId,
    change: AccountChange,
    link: NewLink,
    at: Timestamp,
) -> Result<Keep<Changed>, StoreError> {
    let (user, turned) = match change {
        AccountChange::Invite { email, name, role } => {
            let Some(user) = insert_user(conn, actor, who, (org, email, name, role), None, at).await? else { return Ok(Keep::No(Changed::Exists)) };
            (user, None)
        }
        AccountChange::Link { user } => (user, None),
        AccountChange::Role { user, role } => (user, Some(Turn::Role(role))),
        AccountChange::Enable { user } => (user, Some(Turn::Enable)),
        AccountChange::Disable { user } => (user, Some(Turn::Disable)),
    };
    if let Some(change) = turned {
        return Ok(match turn(conn, actor, who, (org, user), change, at).await? {
            Keep::Yes(turned) => Keep::Yes(turned.into()),
            Keep::No(turned) => Keep::No(turned.into()),
        });
    }
    let made = insert_link(conn, actor, who, user, ((link.hash_for)(user), link.expires_at), at).await?;
    Ok(if made { Keep::Yes(Changed::Linked(user)) } else { Keep::No(Changed::Gone) })
}

/// Keeps a change until a second administrator agrees; the same kind of change of the same account is replaced, and so is its number: whoever agrees
/// means what they saw.
async fn propose(conn: &mut Conn, actor: Actor, org: OrgId, change: AccountChange, by: i64, at: Timestamp) -> Result<Keep<Changed>, StoreError> {
    const OLD: &str = "DELETE FROM account_proposals WHERE org_id = $1 AND (expires_at <= $5 OR (change = $2 AND coalesce(user_id, 0) = $3 AND email = $4))";
    const WAITING: &str = "SELECT count(*) FROM account_proposals WHERE org_id = $1";
    const PROPOSE: &str =
        "INSERT INTO account_proposals (id, org_id, change, user_id, email, name, role, proposed_by, expires_at) VALUES ($9, $1, $2, $3, $4, $5, $6, $7, $8)";
    const TAKEN: &str = "SELECT count(*) FROM users WHERE org_id = $1 AND email = $2";
    let (email, name) = match &change {
        AccountChange::Invite { email, name, .. } => (email.trim().to_lowercase(), name.clone()),
        _ => (String::new(), String::new()),
    };
    let taken: i64 = on_conn!(conn, c => sqlx::query_scalar(TAKEN).bind(org.0).bind(&email).fetch_one(&mut *c).await)?;
    if taken > 0 {
        return Ok(Keep::No(Changed::Exists));
    }
    let user = change.user();
    execute!(conn, c => {
        let old = sqlx::query(OLD).bind(org.0).bind(change.name()).bind(user.unwrap_or(0)).bind(&email);
        old.bind(at.0).execute(&mut *c).await
    })?;
    let waiting: i64 = on_conn!(conn, c => sqlx::query_scalar(WAITING).bind(org.0).fetch_one(&mut *c).await)?;
    if waiting >= MAX_WAITING {
        return Ok(Keep::No(Changed::Full));
    }
    execute!(conn, c => {
        let propose = sqlx::query(PROPOSE).bind(org.0).bind(change.name()).bind(user).bind(&email).bind(&name);
        propose.bind(change.role().map(Role::name)).bind(by).bind(at.plus(LIFE).0).bind(random_number()).execute(&mut *c).await
    })?;
    audit::append(conn, entry(Action::AccountProposed, actor, org, &change, at)).await?;
    Ok(Keep::Yes(Changed::Waits))
}

/// What the trail says of a change that waits. Nobody who was never here is named in it.
fn entry(action: Action, actor: Actor, org: OrgId, change: &AccountChange, at: Timestamp) -> Entry {
    let mut detail: Value = json!({ "change": change.name() });
    if let Some(role) = change.role() {
        detail["role"] = role.name().into();
    }
    let object = change.user().map_or_else(|| "an invitation".to_owned(), person);
    Entry { at, actor, action, org: Some(org), object, detail }
}
