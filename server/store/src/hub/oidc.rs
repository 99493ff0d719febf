//! Identity providers of organisations (OpenID Connect), who is who there, and browsers on their way there and back.

use super::{
    Hub,
    authority::{Act, record},
    identity::take_link,
    people::COULD_AGREE,
};
use crate::{
    StoreError,
    audit::{self, Action, Actor, Entry, org_of, person},
    db::{Conn, execute, on_conn, read},
    writer::Keep,
};
use domain::{OrgId, Timestamp};
use serde_json::json;

/// The identity provider of an organisation. It signs in people of this organisation and of no other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OidcProvider {
    pub org: OrgId,
    /// Its issuer identifier, letter by letter as its tokens name it.
    pub issuer: String,
    /// The hub's name at the provider.
    pub client_id: String,
    /// The path of the file with the client's secret, on each machine that runs a hub.
    pub secret_file: String,
}

/// Who somebody is at a provider: OpenID Connect's `iss` and `sub`. Never a mail address, which a provider may give to anybody.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OidcIdentity {
    pub issuer: String,
    pub subject: String,
}

/// A browser that is on its way to a provider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OidcFlow {
    /// Whose provider.
    pub org: OrgId,
    /// The hub's own JSON.
    pub data: String,
    /// Whom the provider has vouched for.
    pub proved: Option<OidcIdentity>,
}

/// What became of a link between a person and an identity.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Linked {
    Done,
    /// The person has an identity, or the identity has a person, or the provider is another one by now.
    Not,
}

const IDENTIFY: &str = "INSERT INTO oidc_identities (user_id, org_id, issuer, subject, linked_at) SELECT u.id, u.org_id, p.issuer, CAST($3 AS TEXT), CAST($4 AS BIGINT) \
     FROM users u JOIN oidc_providers p ON p.org_id = u.org_id WHERE u.id = $1 AND p.issuer = $2 AND u.disabled_at IS NULL ON CONFLICT DO NOTHING";

/// Links an identity to a person, in the transaction of what he did for it.
async fn identify(conn: &mut Conn, user: i64, identity: &OidcIdentity, at: Timestamp) -> Result<bool, StoreError> {
    let linked = execute!(conn, c => sqlx::query(IDENTIFY).bind(user).bind(&identity.issuer).bind(&identity.subject).bind(at.0).execute(&mut *c).await)? > 0;
    if linked {
        let org = org_of(conn, user).await?;
        let (actor, detail) = (Actor { org, user: Some(user) }, json!({ "issuer": identity.issuer }));
        audit::append(conn, Entry { at, actor, action: Action::IdentityLinked, org, object: person(user), detail }).await?;
    }
    Ok(linked)
}

/// Ends what hangs on an organisation's provider: its people's links to it, the sessions of those people, and who is on his way. An administrator who has no
/// other way in can be nobody's second person any more.
async fn cut_off(conn: &mut Conn, org: OrgId, actor: Actor, at: Timestamp) -> Result<u64, StoreError> {
    const PEOPLE: &str = "SELECT user_id FROM oidc_identities WHERE org_id = $1";
    const SESSIONS: &str = "DELETE FROM sessions WHERE user_id IN (SELECT user_id FROM oidc_identities WHERE org_id = $1)";
    const IDENTITIES: &str = "DELETE FROM oidc_identities WHERE org_id = $1";
    let mut could = Vec::new();
    let people: Vec<i64> = on_conn!(conn, c => sqlx::query_scalar(PEOPLE).bind(org.0).fetch_all(&mut *c).await)?;
    for user in people {
        if could_agree(conn, user, at).await? {
            could.push(user);
        }
    }
    execute!(conn, c => sqlx::query(SESSIONS).bind(org.0).execute(&mut *c).await)?;
    let ended = execute!(conn, c => sqlx::query(IDENTITIES).bind(org.0).execute(&mut *c).await)?;
    for user in could {
        if !could_agree(conn, user, at).await? {
            record(conn, Act::Removed, user, actor.into(), at).await?;
        }
    }
    Ok(ended)
}

async fn could_agree(conn: &mut Conn, user: i64, at: Timestamp) -> Result<bool, StoreError> {
    let n: i64 = on_conn!(conn, c => sqlx::query_scalar(COULD_AGREE).bind(user).bind(at.0).fetch_one(&mut *c).await)?;
    Ok(n > 0)
}

impl Hub<'_> {
    /// The providers there are, by organisation.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn oidc_providers(&self) -> Result<Vec<OidcProvider>, StoreError> {
        const LIST: &str = "SELECT org_id, issuer, client_id, secret_file FROM oidc_providers ORDER BY org_id";
        let rows: Vec<(i64, String, String, String)> = read!(self, c => sqlx::query_as(LIST).fetch_all(c).await)?;
        let provider = |(org, issuer, client_id, secret_file)| OidcProvider { org: OrgId(org), issuer, client_id, secret_file };
        Ok(rows.into_iter().map(provider).collect())
    }

    /// The provider of an organisation.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn oidc_provider(&self, org: OrgId) -> Result<Option<OidcProvider>, StoreError> {
        const FIND: &str = "SELECT issuer, client_id, secret_file FROM oidc_providers WHERE org_id = $1";
        let row: Option<(String, String, String)> = read!(self, c => sqlx::query_as(FIND).bind(org.0).fetch_optional(c).await)?;
        Ok(row.map(|(issuer, client_id, secret_file)| OidcProvider { org, issuer, client_id, secret_file }))
    }

    /// Gives an organisation a provider, in place of the one it has. Another issuer knows nobody yet: links to the old one end, and with them the
    /// sessions of their people. Says how many links ended.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn set_oidc_provider(&self, provider: OidcProvider, at: Timestamp) -> Result<u64, StoreError> {
        const BEFORE: &str = "SELECT issuer FROM oidc_providers WHERE org_id = $1";
        const SET: &str = "INSERT INTO oidc_providers (org_id, issuer, client_id, secret_file) VALUES ($1, $2, $3, $4) \
             ON CONFLICT (org_id) DO UPDATE SET issuer = excluded.issuer, client_id = excluded.client_id, secret_file = excluded.secret_file";
        const FLOWS: &str = "DELETE FROM oidc_flows WHERE org_id = $1";
        let actor = self.actor;
        self.write(move |conn| {
            Box::pin(async move {
                let OidcProvider { org, issuer, client_id, secret_file } = provider;
                let before: Option<String> = on_conn!(conn, c => sqlx::query_scalar(BEFORE).bind(org.0).fetch_optional(&mut *c).await)?;
                let ended = if before.is_some_and(|before| before != issuer) { cut_off(conn, org, actor, at).await? } else { 0 };
                execute!(conn, c => sqlx::query(FLOWS).bind(org.0).execute(&mut *c).await)?;
                execute!(conn, c => sqlx::query(SET).bind(org.0).bind(&issuer).bind(&client_id).bind(secret_file).execute(&mut *c).await)?;
                let detail = json!({ "issuer": issuer, "client_id": client_id, "links_ended": ended });
                audit::append(conn, Entry { at, actor, action: Action::ProviderSet, org: Some(org), object: "identity provider".into(), detail }).await?;
                Ok(ended)
            })
        })
        .await
    }

    /// Takes an organisation's provider away, with the links to it and the sessions of their people. `None` where there is none; else how many links
    /// ended.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn remove_oidc_provider(&self, org: OrgId, at: Timestamp) -> Result<Option<u64>, StoreError> {
        const REMOVE: &str = "DELETE FROM oidc_providers WHERE org_id = $1 RETURNING issuer";
        const FLOWS: &str = "DELETE FROM oidc_flows WHERE org_id = $1";
        let actor = self.actor;
        self.write(move |conn| {
            Box::pin(async move {
                let issuer: Option<String> = on_conn!(conn, c => sqlx::query_scalar(REMOVE).bind(org.0).fetch_optional(&mut *c).await)?;
                let Some(issuer) = issuer else { return Ok(None) };
                let ended = cut_off(conn, org, actor, at).await?;
                execute!(conn, c => sqlx::query(FLOWS).bind(org.0).execute(&mut *c).await)?;
                let detail = json!({ "issuer": issuer, "links_ended": ended });
                audit::append(conn, Entry { at, actor, action: Action::ProviderRemoved, org: Some(org), object: "identity provider".into(), detail }).await?;
                Ok(Some(ended))
            })
        })
        .await
    }

    /// Remembers a browser that goes to a provider, by the hashes of its cookie's value and of `state`. Forgets those whose time is over.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn begin_oidc(
        &self,
        hash: [u8; 32],
        state_hash: [u8; 32],
        org: OrgId,
        data: String,
        expires_at: Timestamp,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        const OVER: &str = "DELETE FROM oidc_flows WHERE expires_at <= $1";
        const BEGIN: &str = "INSERT INTO oidc_flows (hash, state_hash, org_id, data, expires_at) VALUES ($1, $2, $3, $4, $5)";
        self.write(move |conn| {
            Box::pin(async move {
                execute!(conn, c => sqlx::query(OVER).bind(now.0).execute(&mut *c).await)?;
                execute!(conn, c => sqlx::query(BEGIN).bind(&hash[..]).bind(&state_hash[..]).bind(org.0).bind(data).bind(expires_at.0).execute(&mut *c).await)?;
                Ok(())
            })
        })
        .await
    }

    /// Takes the answer of an organisation's provider for a browser, once: `None` where `state` is not what this very browser was sent with, where it
    /// was sent to another organisation's provider, where the answer came before, or too late.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn answer_oidc(&self, hash: [u8; 32], state_hash: [u8; 32], org: OrgId, now: Timestamp) -> Result<Option<OidcFlow>, StoreError> {
        const ANSWER: &str = "UPDATE oidc_flows SET answered_at = $4 WHERE hash = $1 AND state_hash = $2 AND org_id = $3 AND answered_at IS NULL AND expires_at > $4 \
             RETURNING data";
        self.write(move |conn| {
            Box::pin(async move {
                let data: Option<String> = on_conn!(conn, c => {
                    sqlx::query_scalar(ANSWER).bind(&hash[..]).bind(&state_hash[..]).bind(org.0).bind(now.0).fetch_optional(&mut *c).await
                })?;
                Ok(data.map(|data| OidcFlow { org, data, proved: None }))
            })
        })
        .await
    }

    /// Notes whom the provider has vouched for.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn prove_oidc(&self, hash: [u8; 32], identity: OidcIdentity) -> Result<(), StoreError> {
        const PROVE: &str = "UPDATE oidc_flows SET issuer = $2, subject = $3 WHERE hash = $1 AND answered_at IS NOT NULL AND subject IS NULL";
        self.write(move |conn| {
            Box::pin(async move {
                execute!(conn, c => sqlx::query(PROVE).bind(&hash[..]).bind(identity.issuer).bind(identity.subject).execute(&mut *c).await)?;
                Ok(())
            })
        })
        .await
    }

    /// Takes a browser's flow out, proved or not: it ends here.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn end_oidc(&self, hash: [u8; 32], now: Timestamp) -> Result<Option<OidcFlow>, StoreError> {
        const END: &str = "DELETE FROM oidc_flows WHERE hash = $1 AND expires_at > $2 RETURNING org_id, data, issuer, subject";
        type Row = (i64, String, Option<String>, Option<String>);
        self.write(move |conn| {
            Box::pin(async move {
                let row: Option<Row> = on_conn!(conn, c => sqlx::query_as(END).bind(&hash[..]).bind(now.0).fetch_optional(&mut *c).await)?;
                Ok(row.map(|(org, data, issuer, subject)| {
                    let proved = issuer.zip(subject).map(|(issuer, subject)| OidcIdentity { issuer, subject });
                    OidcFlow { org: OrgId(org), data, proved }
                }))
            })
        })
        .await
    }

    /// The number of the person of an organisation who has an identity.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn person_of_identity(&self, org: OrgId, identity: &OidcIdentity) -> Result<Option<i64>, StoreError> {
        const FIND: &str = "SELECT i.user_id FROM oidc_identities i JOIN users u ON u.org_id = i.org_id AND u.id = i.user_id \
             JOIN oidc_providers p ON p.org_id = i.org_id AND p.issuer = i.issuer WHERE i.org_id = $1 AND i.issuer = $2 AND i.subject = $3";
        Ok(read!(self, c => sqlx::query_scalar(FIND).bind(org.0).bind(&identity.issuer).bind(&identity.subject).fetch_optional(c).await)?)
    }

    /// The identity of a person, and since when.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn identity_of(&self, user: i64) -> Result<Option<(OidcIdentity, Timestamp)>, StoreError> {
        const FIND: &str = "SELECT issuer, subject, linked_at FROM oidc_identities WHERE user_id = $1";
        let row: Option<(String, String, i64)> = read!(self, c => sqlx::query_as(FIND).bind(user).fetch_optional(c).await)?;
        Ok(row.map(|(issuer, subject, at)| (OidcIdentity { issuer, subject }, Timestamp(at))))
    }

    /// Links an identity to a person, who asked for it. Only where his organisation's provider is its issuer.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn link_identity(&self, user: i64, identity: OidcIdentity, at: Timestamp) -> Result<Linked, StoreError> {
        self.write(move |conn| Box::pin(async move { Ok(if identify(conn, user, &identity, at).await? { Linked::Done } else { Linked::Not }) })).await
    }

    /// Uses a one-time link up, for an identity in place of a password: the one there was opens nothing any more, and the person's sessions end. `None`
    /// when the link does not work (any more), or the identity cannot be this person's; then nothing changes.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn use_signin_link_for(&self, token_hash: [u8; 32], identity: OidcIdentity, now: Timestamp) -> Result<Option<i64>, StoreError> {
        const NO_PASSWORD: &str = "UPDATE users SET password_hash = NULL WHERE id = $1";
        const END: &str = "DELETE FROM sessions WHERE user_id = $1";
        const BEFORE: &str = "DELETE FROM oidc_identities WHERE user_id = $1";
        let work = self.store.inner.writer.run(self.scope(), move |conn| {
            Box::pin(async move {
                let Some(id) = take_link(conn, token_hash, now).await? else { return Ok(Keep::No(None)) };
                execute!(conn, c => sqlx::query(BEFORE).bind(id).execute(&mut *c).await)?;
                if !identify(conn, id, &identity, now).await? {
                    return Ok(Keep::No(None));
                }
                execute!(conn, c => sqlx::query(NO_PASSWORD).bind(id).execute(&mut *c).await)?;
                execute!(conn, c => sqlx::query(END).bind(id).execute(&mut *c).await)?;
                Ok(Keep::Yes(Some(id)))
            })
        });
        work.await
    }

    /// Takes a person's identity away, on his own behalf. False where there is none, or where he has no password to sign in with instead.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn unlink_identity(&self, user: i64, at: Timestamp) -> Result<bool, StoreError> {
        const UNLINK: &str = "DELETE FROM oidc_identities WHERE user_id = $1 AND EXISTS (SELECT 1 FROM users WHERE id = $1 AND password_hash IS NOT NULL)";
        self.write(move |conn| {
            Box::pin(async move {
                let gone = execute!(conn, c => sqlx::query(UNLINK).bind(user).execute(&mut *c).await)? > 0;
                if gone {
                    let org = org_of(conn, user).await?;
                    let actor = Actor { org, user: Some(user) };
                    audit::append(conn, Entry { at, actor, action: Action::IdentityUnlinked, org, object: person(user), detail: json!({}) }).await?;
                }
                Ok(gone)
            })
        })
        .await
    }
}
