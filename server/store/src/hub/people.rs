//! The people of an organisation: who they are, which role each has, who may sign in no more.

use super::{
    Hub,
    authority::{Act, Doers, drop_links, record, tell, undoes},
    factors::own,
    throttle::forget_browsers,
};
use crate::{
    StoreError,
    audit::{self, Action, Actor, Entry, person},
    db::{Conn, execute, on_conn, read},
    writer::Keep,
};
use domain::{OrgId, Role, Timestamp};
use serde_json::json;

/// One person, as their organisation's administrators see them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PersonRecord {
    pub id: i64,
    pub org: OrgId,
    pub email: String,
    pub name: String,
    pub role: Role,
    /// Whether he has set a password or signs in at his organisation's provider; else a one-time link waits for him, or has expired.
    pub joined: bool,
    pub disabled: bool,
    pub last_signed_in_at: Option<Timestamp>,
}

/// What became of a change of a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turned {
    Done,
    /// The organisation has nobody of this number.
    Gone,
    /// It would leave the organisation without an administrator who can sign in.
    LastAdmin,
}

type Row = (i64, i64, String, String, String, i64, Option<i64>, Option<i64>);

fn read_person((id, org, email, name, role, joined, disabled, seen): Row) -> Result<PersonRecord, StoreError> {
    Ok(PersonRecord {
        id,
        org: OrgId(org),
        email,
        name,
        role: role.parse().map_err(StoreError::Internal)?,
        joined: joined > 0,
        disabled: disabled.is_some(),
        last_signed_in_at: seen.map(Timestamp),
    })
}

impl Hub<'_> {
    /// The people of an organisation, or of all, by name.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn people(&self, org: Option<OrgId>) -> Result<Vec<PersonRecord>, StoreError> {
        const PEOPLE: &str = "SELECT id, org_id, email, name, role, CASE WHEN password_hash IS NULL AND (org_id, id) NOT IN (SELECT org_id, user_id FROM oidc_identities) \
             THEN CAST(0 AS BIGINT) ELSE CAST(1 AS BIGINT) END, disabled_at, last_signed_in_at FROM users WHERE $1 IS NULL OR org_id = $1 ORDER BY name, id";
        let rows: Vec<Row> = read!(self, c => sqlx::query_as(PEOPLE).bind(org.map(|o| o.0)).fetch_all(c).await)?;
        rows.into_iter().map(read_person).collect()
    }

    /// Gives a person of an organisation another role. What it opens and closes is in force with the next request. No second person is asked: it is the
    /// way of the hub's own command line; people's is [`Hub::change_account`], here as with [`Hub::disable_user`] and [`Hub::enable_user`].
    ///
    /// # Errors
    /// When the database fails.
    pub async fn set_role(&self, org: OrgId, id: i64, role: Role, at: Timestamp) -> Result<Turned, StoreError> {
        self.turn(org, id, Turn::Role(role), at).await
    }

    /// Keeps a person of an organisation out: sessions, open streams and one-time links end.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn disable_user(&self, org: OrgId, id: i64, at: Timestamp) -> Result<Turned, StoreError> {
        self.turn(org, id, Turn::Disable, at).await
    }

    /// Lets a person of an organisation sign in again, with the password they have.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn enable_user(&self, org: OrgId, id: i64, at: Timestamp) -> Result<Turned, StoreError> {
        self.turn(org, id, Turn::Enable, at).await
    }

    async fn turn(&self, org: OrgId, id: i64, change: Turn, at: Timestamp) -> Result<Turned, StoreError> {
        let actor = self.actor;
        let work = self.store.inner.writer.run(self.scope(), move |conn| Box::pin(turn(conn, actor, actor.into(), (org, id), change, at)));
        work.await
    }

    /// Sets a person's own password, in place of the one whose hash is `before`: all other sessions end, and one-time links that would set another.
    /// False where it was set meanwhile, or the person is disabled.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn change_password(&self, id: i64, before: String, password_hash: String, session: [u8; 32], at: Timestamp) -> Result<bool, StoreError> {
        const SET: &str = "UPDATE users SET password_hash = $3 WHERE id = $1 AND password_hash = $2 AND disabled_at IS NULL";
        const SESSIONS: &str = "DELETE FROM sessions WHERE user_id = $1 AND id_hash <> $2";
        const LINKS: &str = "DELETE FROM signin_links WHERE user_id = $1";
        self.write(move |conn| {
            Box::pin(async move {
                if execute!(conn, c => sqlx::query(SET).bind(id).bind(before).bind(password_hash).execute(&mut *c).await)? == 0 {
                    return Ok(false);
                }
                let sessions = execute!(conn, c => sqlx::query(SESSIONS).bind(id).bind(&session[..]).execute(&mut *c).await)?;
                execute!(conn, c => sqlx::query(LINKS).bind(id).execute(&mut *c).await)?;
                own(conn, Action::PasswordSet, id, json!({ "sessions_ended": sessions }), at).await?;
                Ok(true)
            })
        })
        .await
    }
}

/// A change of a person that is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Turn {
    Role(Role),
    Disable,
    Enable,
}

/// Whether a person is an administrator who can sign in.
const IS_ADMIN: &str = "SELECT count(*) FROM users WHERE id = $1 AND role = 'org_admin' AND disabled_at IS NULL \
     AND (password_hash IS NOT NULL OR (org_id, id) IN (SELECT org_id, user_id FROM oidc_identities))";

/// Whether a person counts as an administrator who could agree to something.
pub(super) const COULD_AGREE: &str = "SELECT count(*) FROM users WHERE id = $1 AND role = 'org_admin' AND disabled_at IS NULL \
     AND (password_hash IS NOT NULL OR (org_id, id) IN (SELECT org_id, user_id FROM oidc_identities) OR id IN (SELECT user_id FROM signin_links WHERE by_user IS NULL AND expires_at > $2))";

/// Changes a person of an organisation, with what `who` did in the trail and among the acts; undone where nobody would be left to administer.
pub(super) async fn turn(conn: &mut Conn, actor: Actor, who: Doers, (org, id): (OrgId, i64), change: Turn, at: Timestamp) -> Result<Keep<Turned>, StoreError> {
    const FIND: &str = "SELECT role, disabled_at FROM users WHERE id = $1 AND org_id = $2";
    const ADMINS: &str = "SELECT count(*) FROM users WHERE org_id = $1 AND role = 'org_admin' AND disabled_at IS NULL \
         AND (password_hash IS NOT NULL OR (org_id, id) IN (SELECT org_id, user_id FROM oidc_identities))";
    const SESSIONS: &str = "DELETE FROM sessions WHERE user_id = $1";
    let found: Option<(String, Option<i64>)> = on_conn!(conn, c => sqlx::query_as(FIND).bind(id).bind(org.0).fetch_optional(&mut *c).await)?;
    let Some((role, disabled_at)) = found else { return Ok(Keep::No(Turned::Gone)) };
    let role: Role = role.parse().map_err(StoreError::Internal)?;
    let was_admin: i64 = on_conn!(conn, c => sqlx::query_scalar(IS_ADMIN).bind(id).fetch_one(&mut *c).await)?;
    let could_agree: i64 = on_conn!(conn, c => sqlx::query_scalar(COULD_AGREE).bind(id).bind(at.0).fetch_one(&mut *c).await)?;
    if write_turn(conn, id, change, at).await? == 0 {
        return Ok(Keep::Yes(Turned::Done));
    }
    let left: i64 = on_conn!(conn, c => sqlx::query_scalar(ADMINS).bind(org.0).fetch_one(&mut *c).await)?;
    if was_admin > 0 && left == 0 {
        return Ok(Keep::No(Turned::LastAdmin));
    }
    // A link is worth as much as the role it was made for.
    drop_links(conn, id, role, at).await?;
    let can_agree: i64 = on_conn!(conn, c => sqlx::query_scalar(COULD_AGREE).bind(id).bind(at.0).fetch_one(&mut *c).await)?;
    if could_agree > 0 && can_agree == 0 {
        record(conn, Act::Removed, id, who, at).await?;
    }
    let (action, detail) = match change {
        Turn::Role(new) => {
            if new.agrees_to_changes() {
                record(conn, Act::Promoted, id, who, at).await?;
            }
            (Action::UserRoleSet, json!({ "role": new.name() }))
        }
        Turn::Disable => {
            forget_browsers(conn, id, at).await?;
            execute!(conn, c => sqlx::query(SESSIONS).bind(id).execute(&mut *c).await)?;
            (Action::UserDisabled, json!({}))
        }
        Turn::Enable => {
            if !undoes(conn, id, who, disabled_at).await? {
                record(conn, Act::Enabled, id, who, at).await?;
            }
            (Action::UserEnabled, json!({}))
        }
    };
    tell(conn, id, who, at).await?;
    audit::append(conn, Entry { at, actor, action, org: Some(org), object: person(id), detail: who.named_in(detail) }).await?;
    auditor_changed(conn, actor, who, (id, role), change, at).await?;
    Ok(Keep::Yes(Turned::Done))
}

async fn write_turn(conn: &mut Conn, id: i64, change: Turn, at: Timestamp) -> Result<u64, StoreError> {
    const ROLE: &str = "UPDATE users SET role = $2 WHERE id = $1 AND role <> $2";
    const DISABLE: &str = "UPDATE users SET disabled_at = $2 WHERE id = $1 AND disabled_at IS NULL";
    const ENABLE: &str = "UPDATE users SET disabled_at = NULL WHERE id = $1 AND disabled_at IS NOT NULL";
    Ok(execute!(conn, c => match change {
        Turn::Role(role) => sqlx::query(ROLE).bind(id).bind(role.name()).execute(&mut *c).await,
        Turn::Disable => sqlx::query(DISABLE).bind(id).bind(at.0).execute(&mut *c).await,
        Turn::Enable => sqlx::query(ENABLE).bind(id).execute(&mut *c).await,
    })?)
}

/// Tells all organisations where the hub loses or gets back an auditor, who sees what is done to all of them.
async fn auditor_changed(conn: &mut Conn, actor: Actor, who: Doers, (id, before): (i64, Role), change: Turn, at: Timestamp) -> Result<(), StoreError> {
    const ORGS: &str = "SELECT id FROM organisations ORDER BY id";
    let (act, what) = match (change, before) {
        (Turn::Role(Role::Auditor), _) => (Act::AuditorBack, "given the role"),
        (Turn::Role(_), Role::Auditor) => (Act::AuditorRemoved, "given another role"),
        (Turn::Disable, Role::Auditor) => (Act::AuditorRemoved, "disabled"),
        (Turn::Enable, Role::Auditor) => (Act::AuditorBack, "enabled"),
        _ => return Ok(()),
    };
    record(conn, act, id, who, at).await?;
    let orgs: Vec<i64> = on_conn!(conn, c => sqlx::query_scalar(ORGS).fetch_all(&mut *c).await)?;
    for org in orgs {
        let (action, detail) = (Action::AuditorChanged, who.named_in(json!({ "auditor": what })));
        audit::append(conn, Entry { at, actor, action, org: Some(OrgId(org)), object: person(id), detail }).await?;
    }
    Ok(())
}
