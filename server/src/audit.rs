//! What the hub adds to the [audit trail](store::audit) by itself: refusals and exports, which change nothing that the store would write a row
//! about, and every five minutes a signed checkpoint.
//!
//! Refusals are bounded: the same one of the same person, key or address is one row a minute. Keys that nobody ever had are no rows; whoever
//! guesses would write the trail.

mod file;

pub use file::CheckpointFile;

use crate::{
    App,
    auth::{
        SignedIn,
        keys::{self, ApiKey},
    },
    key_file::Kind,
};
use arc_swap::ArcSwapOption;
use axum::http::{HeaderMap, header};
use dashmap::DashMap;
use domain::{MINUTE, OrgId, Timestamp};
use serde::Serialize;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::{
    net::IpAddr,
    sync::{Arc, OnceLock},
    time::Duration,
};
use store::{
    StoreError, UserRecord,
    audit::{Action, Actor, AuditRow, Entry, Signer, person},
};
use utoipa::ToSchema;

/// The file of the key that signs.
pub const KEY: Kind = Kind { name: "signing key", extension: "signing-key", variable: "SHIELDWALL_SIGNING_KEY_FILE" };
/// Between two checkpoints. What is cut off the trail sooner than it was signed leaves no trace.
const EVERY: Duration = Duration::from_secs(5 * 60);
/// Refusals remembered at most, so that they are not written again within the minute.
const REMEMBERED: usize = 10_000;

/// The hub's part of the trail. One for the whole program.
#[derive(Default)]
pub struct Trail {
    signer: OnceLock<Arc<Signer>>,
    newest: ArcSwapOption<Newest>,
    said: DashMap<[u8; 32], Timestamp>,
}

/// The newest checkpoint of the audit trail when this was answered; `GET /api/v1/audit/checkpoint` has the signature.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Newest {
    /// The checkpoint's number.
    pub number: i64,
    /// The newest row's hash, in hex.
    pub hash: String,
}

impl Trail {
    /// Signs with this key from now on; without one there are no checkpoints.
    pub fn sign_with(&self, signer: Signer) {
        let _ = self.signer.set(Arc::new(signer));
    }

    /// What receipts name. Read from memory, because pushes wait for it.
    #[must_use]
    pub fn newest(&self) -> Option<Newest> {
        self.newest.load().as_deref().cloned()
    }

    /// Whether a refusal was not written within the last minute; it is taken to be written now.
    fn is_new(&self, what: &str, now: Timestamp) -> bool {
        let recent = |at: &Timestamp| (0..MINUTE).contains(&now.since(*at));
        if self.said.len() >= REMEMBERED {
            self.said.retain(|_, at| recent(at));
        }
        if self.said.len() >= REMEMBERED {
            // More at once than can be remembered: better too few rows than a trail that somebody fills.
            return false;
        }
        self.said.insert(Sha256::digest(what).into(), now).is_none_or(|at| !recent(&at))
    }
}

/// Signs what is new. Without a key it does nothing.
///
/// # Errors
/// When the database fails.
pub async fn checkpoint(app: &App) -> Result<(), StoreError> {
    let Some(signer) = app.audit.signer.get() else { return Ok(()) };
    let newest = app.store.hub().make_checkpoint(Arc::clone(signer), app.clock.now()).await?;
    app.audit.newest.store(newest.map(|c| Arc::new(Newest { number: c.number, hash: file::hex(&c.hash) })));
    Ok(())
}

/// Signs every five minutes, from now on.
pub async fn keep(app: App) {
    let mut ticks = tokio::time::interval(EVERY);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        if let Err(error) = checkpoint(&app).await {
            tracing::warn!(%error, "no checkpoint of the audit trail could be made");
        }
    }
}

impl SignedIn {
    /// Whom the trail names for what this person does.
    #[must_use]
    pub fn actor(&self) -> Actor {
        Actor { org: Some(self.user.org), user: Some(self.user.id) }
    }
}

fn from(address: Option<IpAddr>) -> Value {
    json!({ "address": address.map(|a| a.to_string()) })
}

/// A wrong password, or none. Of an account that does not exist the row says only that: what was typed is sometimes the password.
///
/// # Errors
/// When the database fails.
pub async fn sign_in_failed(app: &App, account: Option<&UserRecord>, address: Option<IpAddr>) -> Result<(), StoreError> {
    let (actor, action, at) = (Actor::default(), Action::SignInFailed, app.clock.now());
    let object = account.map_or_else(|| "no such account".to_owned(), |user| person(user.id));
    app.store.hub().audit(Entry { at, actor, action, org: account.map(|user| user.org), object, detail: from(address) }).await
}

/// An organisation's identity provider led to nothing: `why` is a word of ours. The row concerns the organisation whose provider it is.
///
/// # Errors
/// When the database fails.
pub async fn oidc_failed(app: &App, org: OrgId, account: Option<&UserRecord>, address: Option<IpAddr>, why: &str) -> Result<(), StoreError> {
    let (actor, action, at) = (Actor::default(), Action::SignInFailed, app.clock.now());
    let object = account.map_or_else(|| "no linked account".to_owned(), |user| person(user.id));
    let detail = json!({ "address": address.map(|a| a.to_string()), "identity_provider": why });
    app.store.hub().audit(Entry { at, actor, action, org: Some(org), object, detail }).await
}

/// A sign-in that was refused unseen.
pub async fn sign_in_throttled(app: &App, email: &str, address: Option<IpAddr>) {
    let at = app.clock.now();
    // Both are remembered, whichever is new.
    let new = [format!("throttled {}", email.trim().to_lowercase()), format!("throttled from {address:?}")].map(|what| app.audit.is_new(&what, at));
    if new != [true, true] {
        return;
    }
    let written = async {
        let account = app.store.hub().user_by_email(email).await?;
        let object = account.as_ref().map_or_else(|| "no such account".to_owned(), |user| person(user.id));
        let (actor, action, org) = (Actor::default(), Action::SignInThrottled, account.map(|user| user.org));
        app.store.hub().audit(Entry { at, actor, action, org, object, detail: from(address) }).await
    };
    refusal(written.await);
}

/// Somebody signed in asked for what his role may not.
pub async fn denied(app: &App, who: &SignedIn, object: &str) {
    let at = app.clock.now();
    if app.audit.is_new(&format!("denied {} {object}", who.user.id), at) {
        let detail = json!({ "role": who.user.role.name() });
        let entry = Entry { at, actor: who.actor(), action: Action::Denied, org: Some(who.user.org), object: object.to_owned(), detail };
        refusal(app.store.hub().audit(entry).await);
    }
}

/// A key asked for what it may not.
pub async fn key_denied(app: &App, key: &ApiKey, scope: &str) {
    let at = app.clock.now();
    if app.audit.is_new(&format!("key {} {scope}", key.id), at) {
        refusal(app.store.hub().audit(of_key(at, key.org, &key.name, json!({ "scope": scope }))).await);
    }
}

/// A key was sent from where it may not be used.
pub async fn key_elsewhere(app: &App, key: &ApiKey, address: Option<IpAddr>) {
    let at = app.clock.now();
    if app.audit.is_new(&format!("elsewhere {} {address:?}", key.id), at) {
        refusal(app.store.hub().audit(of_key(at, key.org, &key.name, from(address))).await);
    }
}

/// A key that was revoked or has expired was sent.
pub async fn key_ended(app: &App, headers: &HeaderMap) {
    let (at, sent) = (app.clock.now(), headers.get(header::AUTHORIZATION).and_then(keys::bearer));
    let Some(hash) = sent.map(keys::hash).filter(|hash| app.audit.is_new(&format!("ended {hash:?}"), at)) else { return };
    let written = async {
        let Some(key) = app.store.hub().key_by_hash(hash).await? else { return Ok(()) };
        let why = if key.revoked_at.is_some() { "revoked" } else { "expired" };
        app.store.hub().audit(of_key(at, key.org, &key.name, json!({ "key": why }))).await
    };
    refusal(written.await);
}

fn of_key(at: Timestamp, org: OrgId, name: &str, detail: Value) -> Entry {
    Entry { at, actor: Actor { org: Some(org), user: None }, action: Action::Denied, org: Some(org), object: format!("key {name}"), detail }
}

/// Somebody takes a file away. Written before it is sent.
///
/// # Errors
/// When the database fails; then nothing may be sent.
pub async fn exported(app: &App, who: &SignedIn, file: &str, rows: usize) -> Result<(), StoreError> {
    let (at, actor, action) = (app.clock.now(), who.actor(), Action::Exported);
    let entry = Entry { at, actor, action, org: Some(who.user.org), object: file.to_owned(), detail: json!({ "rows": rows }) };
    match app.store.hub().audit(entry.clone()).await {
        // A connection that the database has dropped meanwhile fails once. At worst the trail has the row twice.
        Err(StoreError::Database(_)) => app.store.hub().audit(entry).await,
        written => written,
    }
}

/// A row as a line of JSON; `slug` names organisations.
#[must_use]
pub fn line(row: &AuditRow, slug: impl Fn(OrgId) -> Option<String>) -> Value {
    // What somebody put there by hand may be no JSON; it is shown all the same.
    let detail: Value = serde_json::from_str(&row.detail).unwrap_or_else(|_| Value::String(row.detail.clone()));
    json!({
        "no": row.no, "at": row.at.rfc3339_micros(), "actor_organisation": row.actor.org.and_then(&slug), "actor_user": row.actor.user,
        "action": row.action, "organisation": row.org.and_then(&slug), "object": row.object, "detail": detail, "hash": file::hex(&row.hash),
    })
}

/// What is refused stays refused, written or not.
fn refusal(written: Result<(), StoreError>) {
    if let Err(error) = written {
        tracing::error!(%error, "a refusal could not be written to the audit trail");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_is_written_once_a_minute_and_never_without_bound() {
        let (trail, now) = (Trail::default(), Timestamp(20_000 * domain::DAY));
        assert!(trail.is_new("a", now) && trail.is_new("b", now));
        assert!(!trail.is_new("a", now.plus(MINUTE - 1)));
        assert!(trail.is_new("a", now.plus(2 * MINUTE)));
        let written = (0..2 * REMEMBERED).filter(|n| trail.is_new(&n.to_string(), now.plus(3 * MINUTE))).count();
        assert!(written <= REMEMBERED && trail.said.len() <= REMEMBERED, "{written}");
        assert!(trail.is_new("0", now.plus(5 * MINUTE)));
    }
}
