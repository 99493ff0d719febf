//! What the hub adds to the [audit trail](store::audit) by itself: refusals and exports, which change nothing that the store would write a row
//! about, and every five minutes a signed checkpoint.
//!
//! Whatever is refused or taken away is a row, or counted in one ([`refusals`]).

mod file;
pub mod memory;
mod refusals;
mod signing;

pub use file::{CheckpointFile, fingerprint, hex, kept, key_or_fingerprint, public_key};
pub use signing::{Newest, checkpoint};

use crate::{
    App,
    auth::{
        SignedIn,
        keys::{self, ApiKey},
    },
    key_file::Kind,
};
use axum::http::{HeaderMap, header};
use domain::{OrgId, Timestamp};
use refusals::{Refusals, Room, Source};
use serde_json::{Value, json};
use signing::Signing;
use std::{net::IpAddr, time::Duration};
use store::{
    StoreError, UserRecord,
    audit::{Action, Actor, AuditError, AuditRow, Entry, person},
};

/// The file of the key that signs.
pub const KEY: Kind = Kind { name: "signing key", extension: "signing-key", variable: "SHIELDWALL_SIGNING_KEY_FILE" };
/// Between two looks for refusals whose minute is over.
const LOOK: Duration = Duration::from_secs(10);

/// The hub's part of the trail. One for the whole program.
#[derive(Default)]
pub struct Trail {
    signing: Signing,
    refusals: Refusals,
}

/// What is done for the trail as long as the hub runs.
pub async fn keep(app: App) {
    let refusals = async {
        loop {
            tokio::time::sleep(LOOK).await;
            sum_up(&app, false).await;
        }
    };
    tokio::join!(signing::keep(&app), refusals);
}

/// The last words of a hub that stops: what was counted and not written yet, and a checkpoint for it.
///
/// # Errors
/// When the database fails, or the trail was cut.
pub async fn close(app: &App) -> Result<(), AuditError> {
    sum_up(app, true).await;
    signing::last_checkpoint(app).await
}

/// Writes how often refusals were repeated: those whose minute is over, or all.
pub async fn sum_up(app: &App, all: bool) {
    for (source, entry) in app.audit.refusals.due(app.clock.now(), all) {
        if let Err(error) = app.store.hub().audit(entry.clone()).await {
            tracing::warn!(%error, "the count of refusals could not be written to the audit trail; it goes into the next row");
            app.audit.refusals.put_back(&source, &entry);
        }
    }
}

/// Writes the row of a refusal that is not [counted](Refusals::counted) in another.
async fn refused(app: &App, source: Source, entry: Entry) -> Result<(), StoreError> {
    let entry = app.audit.refusals.begin(source.clone(), entry);
    let written = app.store.hub().audit(entry.clone()).await;
    if written.is_err() {
        app.audit.refusals.put_back(&source, &entry);
    }
    written
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
    let object = account.map_or_else(|| "no such account".to_owned(), |user| person(user.id));
    failed(app, account.map(|user| user.org), object, from(address)).await
}

/// An organisation's identity provider led to nothing: `why` is a word of ours. The row concerns the organisation whose provider it is.
///
/// # Errors
/// When the database fails.
pub async fn oidc_failed(app: &App, org: OrgId, account: Option<&UserRecord>, address: Option<IpAddr>, why: &str) -> Result<(), StoreError> {
    let object = account.map_or_else(|| "no linked account".to_owned(), |user| person(user.id));
    let detail = json!({ "address": address.map(|a| a.to_string()), "identity_provider": why });
    failed(app, Some(org), object, detail).await
}

async fn failed(app: &App, org: Option<OrgId>, object: String, detail: Value) -> Result<(), StoreError> {
    let at = app.clock.now();
    let source = Source::new(org.map_or(Room::Strangers("failed"), |org| Room::Accounts(org.0)), &format!("{object} {detail}"));
    if app.audit.refusals.counted(&source, at) {
        return Ok(());
    }
    refused(app, source, Entry { at, actor: Actor::default(), action: Action::SignInFailed, org, object, detail }).await
}

/// A sign-in that was refused unseen.
pub async fn sign_in_throttled(app: &App, email: &str, address: Option<IpAddr>) {
    let written = async {
        // Each organisation is told of its own account, so that none learns from a missing row of another's.
        let accounts = app.store.hub().users_by_email(email).await?;
        for account in accounts.iter().map(Some).chain(accounts.is_empty().then_some(None)) {
            throttled(app, email, account, address).await?;
        }
        Ok(())
    };
    refusal(written.await);
}

/// A sign-in at one account, or at an address that has none, that was refused unseen.
///
/// # Errors
/// When the database fails.
pub async fn throttled(app: &App, email: &str, account: Option<&UserRecord>, address: Option<IpAddr>) -> Result<(), StoreError> {
    let (at, whose) = (app.clock.now(), account.map_or(0, |user| user.id));
    // An organisation's own room: else a flood at addresses that nobody has would hide guesses at one that somebody has.
    let room = account.map_or(Room::Strangers("throttled"), |user| Room::Throttled(user.org.0));
    let source = Source::new(room, &format!("{} {address:?} {whose}", email.trim().to_lowercase()));
    if app.audit.refusals.counted(&source, at) {
        return Ok(());
    }
    let object = account.map_or_else(|| "no such account".to_owned(), |user| person(user.id));
    let (actor, action, org) = (Actor::default(), Action::SignInThrottled, account.map(|user| user.org));
    refused(app, source, Entry { at, actor, action, org, object, detail: from(address) }).await
}

/// Somebody signed in asked for what his role may not.
pub async fn denied(app: &App, who: &SignedIn, object: &str) {
    let at = app.clock.now();
    let source = Source::new(Room::Person(who.user.id), object);
    if !app.audit.refusals.counted(&source, at) {
        let detail = json!({ "role": who.user.role.name() });
        let entry = Entry { at, actor: who.actor(), action: Action::Denied, org: Some(who.user.org), object: object.to_owned(), detail };
        refusal(refused(app, source, entry).await);
    }
}

/// A key asked for what it may not.
pub async fn key_denied(app: &App, key: &ApiKey, scope: &str) {
    key_refused(app, key, json!({ "scope": scope })).await;
}

/// A key was sent from where it may not be used.
pub async fn key_elsewhere(app: &App, key: &ApiKey, address: Option<IpAddr>) {
    key_refused(app, key, from(address)).await;
}

async fn key_refused(app: &App, key: &ApiKey, detail: Value) {
    let (at, source) = (app.clock.now(), Source::new(Room::Key(key.id), &detail.to_string()));
    if !app.audit.refusals.counted(&source, at) {
        refusal(refused(app, source, of_key(at, key.org, &key.name, detail)).await);
    }
}

/// A key that was revoked or has expired was sent.
pub async fn key_ended(app: &App, headers: &HeaderMap) {
    let Some(hash) = headers.get(header::AUTHORIZATION).and_then(keys::bearer).map(keys::hash) else { return };
    let (at, source) = (app.clock.now(), Source::new(Room::EndedKey(hash), "ended"));
    if app.audit.refusals.counted(&source, at) {
        return;
    }
    let written = async {
        let Some(key) = app.store.hub().key_by_hash(hash).await? else { return Ok(()) };
        let why = if key.revoked_at.is_some() { "revoked" } else { "expired" };
        refused(app, source, of_key(at, key.org, &key.name, json!({ "key": why }))).await
    };
    refusal(written.await);
}

/// A key was sent that nobody has here. Nothing of it is written: it may be somebody's elsewhere.
pub async fn key_unknown(app: &App, address: Option<IpAddr>) {
    let (at, source) = (app.clock.now(), Source::new(Room::Strangers("keys"), &format!("{address:?}")));
    if !app.audit.refusals.counted(&source, at) {
        let entry = Entry { at, actor: Actor::default(), action: Action::Denied, org: None, object: "unknown key".into(), detail: from(address) };
        refusal(refused(app, source, entry).await);
    }
}

fn of_key(at: Timestamp, org: OrgId, name: &str, detail: Value) -> Entry {
    Entry { at, actor: Actor { org: Some(org), user: None }, action: Action::Denied, org: Some(org), object: format!("key {name}"), detail }
}

/// Somebody takes a file away, of so many rows where that is known when it begins. Written before it is sent; whoever takes the same again and again fills no
/// trail, but is counted, as refusals are.
///
/// # Errors
/// When the database fails; then nothing may be sent.
pub async fn exported(app: &App, who: &SignedIn, file: &str, rows: impl Into<Option<usize>>) -> Result<(), StoreError> {
    let rows = rows.into();
    let (at, actor, action) = (app.clock.now(), who.actor(), Action::Exported);
    let source = Source::new(Room::Files(who.user.id), &format!("{file} {rows:?}"));
    if app.audit.refusals.counted(&source, at) {
        return Ok(());
    }
    let entry = Entry { at, actor, action, org: Some(who.user.org), object: file.to_owned(), detail: json!({ "rows": rows }) };
    let entry = app.audit.refusals.begin(source.clone(), entry);
    let written = match app.store.hub().audit(entry.clone()).await {
        // A connection that the database has dropped meanwhile fails once. At worst the trail has the row twice.
        Err(StoreError::Database(_)) => app.store.hub().audit(entry).await,
        written => written,
    };
    // What was not written was not sent, and the next one must have its row.
    written.inspect_err(|_| app.audit.refusals.forget(&source))
}

/// A row as a line of JSON; `slug` names organisations. Only who reads the whole trail gets the number, which counts what everybody does, and digest and hash,
/// with which they check the chain: the hash is made of the number and nothing else that is not shown, so two neighbours would tell it. The digest's salt stays in
/// the database: should the contents be erased there, no file helps to guess them.
#[must_use]
pub fn line(row: &AuditRow, whole: bool, slug: impl Fn(OrgId) -> Option<String>) -> Value {
    // What somebody put there by hand may be no JSON; it is shown all the same.
    let detail: Value = serde_json::from_str(&row.detail).unwrap_or_else(|_| Value::String(row.detail.clone()));
    if row.erased {
        return json!({
            "no": whole.then_some(row.no), "at": row.at.rfc3339_micros(), "erased": true, "digest": whole.then(|| file::hex(&row.digest)),
            "hash": whole.then(|| file::hex(&row.hash)),
        });
    }
    json!({
        "no": whole.then_some(row.no), "at": row.at.rfc3339_micros(), "actor_organisation": row.actor.org.and_then(&slug), "actor_user": row.actor.user,
        "action": row.action, "organisation": row.org.and_then(&slug), "object": row.object, "detail": detail, "digest": whole.then(|| file::hex(&row.digest)),
        "hash": whole.then(|| file::hex(&row.hash)),
    })
}

/// What is refused stays refused, written or not.
fn refusal(written: Result<(), StoreError>) {
    if let Err(error) = written {
        tracing::error!(%error, "a refusal could not be written to the audit trail");
    }
}
