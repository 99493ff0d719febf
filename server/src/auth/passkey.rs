//! Passkeys (WebAuthn): another second factor. The authenticator (a phone, a laptop, a security key) makes a key pair for this hub's address alone
//! and signs a challenge once its owner has shown finger, face or PIN; so no page elsewhere can ask for anything that would open this one.
//!
//! The protocol is webauthn-rs's. Ours is what it leaves open: a challenge waits in the database, belongs to one session and one purpose, lives
//! five minutes, and is used up by the first answer, on all nodes; an authenticator's count of uses must grow there, too.

use super::{SignedIn, factor};
use crate::App;
use domain::MINUTE;
use serde::{Serialize, de::DeserializeOwned};
use sha2::{Digest, Sha256};
use store::{Added, NewPasskey, Purpose, StoreError, Used};
use webauthn_rs::prelude::{
    CreationChallengeResponse, Passkey, PasskeyAuthentication, PasskeyRegistration, PublicKeyCredential, RegisterPublicKeyCredential, RequestChallengeResponse,
    Url, Uuid, Webauthn, WebauthnBuilder, WebauthnError,
};

/// How long an answer is waited for, in microseconds.
const LASTS: i64 = 5 * MINUTE;
/// Passkeys of one person.
pub const MOST: u32 = 10;

/// The address that passkeys of this hub belong to.
pub struct Place {
    /// As browsers write it: `https://hub.example`.
    pub origin: String,
    webauthn: Webauthn,
}

impl Place {
    /// The place of a hub that people reach under `public_url`. `None` where browsers have no passkeys: they want a name, not a number, and HTTPS, or
    /// `localhost`.
    #[must_use]
    pub fn of(public_url: &str, alliance: &str) -> Option<Self> {
        let url = Url::parse(public_url).ok()?;
        let name = url.domain()?;
        if url.scheme() != "https" && name != "localhost" {
            return None;
        }
        let origin = url.origin().ascii_serialization();
        let webauthn = WebauthnBuilder::new(name, &Url::parse(&origin).ok()?).and_then(|builder| builder.rp_name(alliance).build()).ok()?;
        Some(Self { origin, webauthn })
    }
}

/// Asks for a new passkey of somebody signed in.
///
/// # Errors
/// When the database fails.
pub async fn offer(app: &App, place: &Place, who: &SignedIn) -> Result<CreationChallengeResponse, StoreError> {
    let there = passkeys(app, who.user.id).await?.iter().map(|p| p.cred_id().clone()).collect();
    let (asked, state) = place
        .webauthn
        .start_passkey_registration(handle(who.user.id), &who.user.email, &who.user.name, Some(there))
        .map_err(|e| StoreError::Internal(format!("a passkey could not be asked for: {e}")))?;
    wait(app, who.session, who.user.id, Purpose::Register, &state).await?;
    Ok(asked)
}

/// Takes a new passkey: what became of it, and the recovery codes that go with a first second factor. `None` where the answer is not the one to the
/// challenge that waits.
///
/// # Errors
/// When the database fails.
pub async fn register(app: &App, place: &Place, who: &SignedIn, name: String, answer: &str) -> Result<Option<(Added, Vec<String>)>, StoreError> {
    let (user, now) = (who.user.id, app.clock.now());
    let Some(state) = waiting::<PasskeyRegistration>(app, who.session, user, Purpose::Register).await? else { return Ok(None) };
    let Ok(answer) = serde_json::from_str::<RegisterPublicKeyCredential>(answer) else { return Ok(None) };
    let passkey = match place.webauthn.finish_passkey_registration(&answer, &state) {
        Ok(passkey) => passkey,
        Err(error) => {
            tracing::warn!(user, %error, "a new passkey was refused");
            return Ok(None);
        }
    };
    let (codes, hashes) = factor::recovery_codes();
    let new = NewPasskey { credential_id: passkey.cred_id().to_vec(), name, credential: json(&passkey)? };
    Ok(Some((app.store.hub().add_passkey(user, new, MOST, hashes, now).await?, codes)))
}

/// Asks for the use of one of a person's passkeys; `None` where there is none.
///
/// # Errors
/// When the database fails.
pub async fn ask(app: &App, place: &Place, session: [u8; 32], user: i64, purpose: Purpose) -> Result<Option<RequestChallengeResponse>, StoreError> {
    let passkeys = passkeys(app, user).await?;
    if passkeys.is_empty() {
        return Ok(None);
    }
    let (asked, state) =
        place.webauthn.start_passkey_authentication(&passkeys).map_err(|e| StoreError::Internal(format!("a passkey could not be asked for: {e}")))?;
    wait(app, session, user, purpose, &state).await?;
    Ok(Some(asked))
}

/// Whether an answer is of one of a person's passkeys, to the challenge that waits; the challenge is used up either way.
///
/// # Errors
/// When the database fails; then the answer counts for nothing.
pub async fn accept(app: &App, place: &Place, session: [u8; 32], user: i64, purpose: Purpose, answer: &str) -> Result<bool, StoreError> {
    let (hub, now) = (app.store.hub(), app.clock.now());
    let Some(state) = waiting::<PasskeyAuthentication>(app, session, user, purpose).await? else { return Ok(false) };
    let Ok(answer) = serde_json::from_str::<PublicKeyCredential>(answer) else { return Ok(false) };
    let used = match place.webauthn.finish_passkey_authentication(&answer, &state) {
        Ok(proved) => {
            // As it is now: it may have been removed, or used elsewhere, while the challenge waited.
            let Some(mut passkey) = passkeys(app, user).await?.into_iter().find(|p| p.cred_id() == proved.cred_id()) else { return Ok(false) };
            passkey.update_credential(&proved);
            hub.use_passkey(user, proved.cred_id().to_vec(), json(&passkey)?, proved.counter(), now).await?
        }
        Err(WebauthnError::CredentialPossibleCompromise) => hub.passkey_cloned(user, answer.raw_id, now).await?,
        Err(error) => {
            tracing::warn!(user, %error, "a passkey was refused");
            Used::Gone
        }
    };
    if used == Used::Cloned {
        tracing::warn!(user, "a passkey was refused: there must be a copy of it");
    }
    Ok(used == Used::Yes)
}

/// By what authenticators tell people of a hub apart. It goes to each of them, so it is neither a name nor our number.
fn handle(user: i64) -> Uuid {
    let hash: [u8; 32] = Sha256::digest(format!("passkeys of user {user}")).into();
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&hash[..16]);
    uuid::Builder::from_custom_bytes(bytes).into_uuid()
}

async fn passkeys(app: &App, user: i64) -> Result<Vec<Passkey>, StoreError> {
    app.store.hub().passkeys(user).await?.iter().map(|record| read(&record.credential)).collect()
}

async fn wait(app: &App, session: [u8; 32], user: i64, purpose: Purpose, state: &impl Serialize) -> Result<(), StoreError> {
    app.store.hub().keep_challenge(session, user, purpose, json(state)?, app.clock.now().plus(LASTS)).await
}

async fn waiting<T: DeserializeOwned>(app: &App, session: [u8; 32], user: i64, purpose: Purpose) -> Result<Option<T>, StoreError> {
    app.store.hub().take_challenge(session, user, purpose, app.clock.now()).await?.map(|state| read(&state)).transpose()
}

fn json(value: &impl Serialize) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(|e| StoreError::Internal(format!("a passkey cannot be written: {e}")))
}

fn read<T: DeserializeOwned>(text: &str) -> Result<T, StoreError> {
    serde_json::from_str(text).map_err(|e| StoreError::Internal(format!("a passkey cannot be read: {e}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passkeys_belong_to_a_name_over_https_or_to_localhost() {
        for (url, origin) in [
            ("https://hub.example", "https://hub.example"),
            ("https://hub.example:8443/shield", "https://hub.example:8443"),
            ("http://localhost:3000", "http://localhost:3000"),
        ] {
            assert_eq!(Place::of(url, "A").map(|place| place.origin).as_deref(), Some(origin), "{url}");
        }
        for url in ["http://127.0.0.1:3000", "https://192.0.2.7", "https://[2001:db8::1]", "http://hub.example", "hub.example", ""] {
            assert!(Place::of(url, "A").is_none(), "{url}");
        }
    }

    #[test]
    fn a_handle_stays_and_says_nothing() {
        assert_eq!(handle(7), handle(7));
        assert_ne!(handle(7), handle(8));
    }
}
