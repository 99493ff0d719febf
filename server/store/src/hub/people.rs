//! The people of an organisation: who they are, which role each has, who may sign in no more.

use super::{Hub, factors::own};
use crate::{
    StoreError,
    audit::{self, Action, Entry, person},
    db::{Conn, execute, on_conn, read},
    writer::Keep,
};
use domain::{OrgId, Role, Timestamp};
use serde_json::{Value, json};

/// One person, as his organisation's administrators see him.
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

fn record((id, org, email, name, role, joined, disabled, seen): Row) -> Result<PersonRecord, StoreError> {
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
        const PEOPLE: &str = "SELECT id, org_id, email, name, role, CASE WHEN password_hash IS NULL AND id NOT IN (SELECT user_id FROM oidc_identities) \
             THEN CAST(0 AS BIGINT) ELSE CAST(1 AS BIGINT) END, disabled_at, last_signed_in_at FROM users WHERE $1 IS NULL OR org_id = $1 ORDER BY name, id";
        let rows: Vec<Row> = read!(self, c => sqlx::query_as(PEOPLE).bind(org.map(|o| o.0)).fetch_all(c).await)?;
        rows.into_iter().map(record).collect()
    }

    /// Gives a person of an organisation another role. What it opens and closes is in force with the next request.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn set_role(&self, org: OrgId, id: i64, role: Role, at: Timestamp) -> Result<Turned, StoreError> {
        const SET: &str = "UPDATE users SET role = $3 WHERE id = $1 AND org_id = $2 AND role <> $3";
        self.turn(org, id, Action::UserRoleSet, json!({ "role": role.name() }), at, move |conn| {
            Box::pin(async move { Ok(execute!(conn, c => sqlx::query(SET).bind(id).bind(org.0).bind(role.name()).execute(&mut *c).await)?) })
        })
        .await
    }

    /// Keeps a person of an organisation out: sessions, open streams and one-time links end.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn disable_user(&self, org: OrgId, id: i64, at: Timestamp) -> Result<Turned, StoreError> {
        const DISABLE: &str = "UPDATE users SET disabled_at = $3 WHERE id = $1 AND org_id = $2 AND disabled_at IS NULL";
        const SESSIONS: &str = "DELETE FROM sessions WHERE user_id = $1";
        const LINKS: &str = "DELETE FROM signin_links WHERE user_id = $1";
        self.turn(org, id, Action::UserDisabled, json!({}), at, move |conn| {
            Box::pin(async move {
                let n = execute!(conn, c => sqlx::query(DISABLE).bind(id).bind(org.0).bind(at.0).execute(&mut *c).await)?;
                if n > 0 {
                    execute!(conn, c => sqlx::query(SESSIONS).bind(id).execute(&mut *c).await)?;
                    execute!(conn, c => sqlx::query(LINKS).bind(id).execute(&mut *c).await)?;
                }
                Ok(n)
            })
        })
        .await
    }

    /// Lets a person of an organisation sign in again, with the password he has.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn enable_user(&self, org: OrgId, id: i64, at: Timestamp) -> Result<Turned, StoreError> {
        const ENABLE: &str = "UPDATE users SET disabled_at = NULL WHERE id = $1 AND org_id = $2 AND disabled_at IS NOT NULL";
        self.turn(org, id, Action::UserEnabled, json!({}), at, move |conn| {
            Box::pin(async move { Ok(execute!(conn, c => sqlx::query(ENABLE).bind(id).bind(org.0).execute(&mut *c).await)?) })
        })
        .await
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

    /// Changes a person, with a row in the audit trail where that changes anything; undone where nobody would be left to administer.
    async fn turn(
        &self,
        org: OrgId,
        id: i64,
        action: Action,
        detail: Value,
        at: Timestamp,
        change: impl for<'c> FnOnce(&'c mut Conn) -> std::pin::Pin<Box<dyn Future<Output = Result<u64, StoreError>> + Send + 'c>> + Send + 'static,
    ) -> Result<Turned, StoreError> {
        const THERE: &str = "SELECT count(*) FROM users WHERE id = $1 AND org_id = $2";
        const ADMINS: &str = "SELECT count(*) FROM users WHERE org_id = $1 AND role = 'org_admin' AND disabled_at IS NULL \
             AND (password_hash IS NOT NULL OR id IN (SELECT user_id FROM oidc_identities))";
        let entry = Entry { at, actor: self.actor, action, org: Some(org), object: person(id), detail };
        let work = self.store.inner.writer.run(self.scope(), move |conn| {
            Box::pin(async move {
                let there: i64 = on_conn!(conn, c => sqlx::query_scalar(THERE).bind(id).bind(org.0).fetch_one(&mut *c).await)?;
                if there == 0 {
                    return Ok(Keep::No(Turned::Gone));
                }
                let before: i64 = on_conn!(conn, c => sqlx::query_scalar(ADMINS).bind(org.0).fetch_one(&mut *c).await)?;
                if change(conn).await? > 0 {
                    let after: i64 = on_conn!(conn, c => sqlx::query_scalar(ADMINS).bind(org.0).fetch_one(&mut *c).await)?;
                    if after == 0 && before > 0 {
                        return Ok(Keep::No(Turned::LastAdmin));
                    }
                    audit::append(conn, entry).await?;
                }
                Ok(Keep::Yes(Turned::Done))
            })
        });
        work.await
    }
}
