//! The seal on secrets that the hub must be able to read again: those of authenticator apps. Whoever has a copy of the database alone makes no codes
//! with it.
//!
//! AES-256-GCM under a key in a file beside the database ([`crate::key_file`]), with a fresh nonce for each secret, and bound to its person, so that
//! nobody's secret can be put in another's place. All hubs of one database need the same key: the database keeps a hash of it, and a hub that was
//! given another does not start.

use crate::key_file::Kind;
use aes_gcm::{
    Aes256Gcm, Key, Nonce,
    aead::{Aead, KeyInit, Payload},
};
use anyhow::bail;
use arc_swap::ArcSwapOption;
use hmac::{Hmac, Mac};
use sha2::{Digest, Sha256};
use std::{
    path::{Path, PathBuf},
    sync::{Arc, OnceLock},
};
use store::{Sealed, Store, StoreError};

/// The file of the key.
pub const KEY: Kind = Kind { name: "sealing key", extension: "sealing-key", variable: "SHIELDWALL_SEALING_KEY_FILE" };

/// What to do about another key, or none.
pub const ADVICE: &str = "copy the file from another hub or from where it is kept (SHIELDWALL_SEALING_KEY_FILE names another place); where it is lost, \
                          `shieldwall admin user forget-apps` lets everybody set an authenticator app up anew";
/// Bytes of a nonce.
const NONCE: usize = 12;

/// Seals and opens. One for the whole program; until it has a key it does neither.
#[derive(Default)]
pub struct Seal {
    keys: ArcSwapOption<Keys>,
    /// Where the key is read again when the database names another.
    file: OnceLock<PathBuf>,
    /// What [`Seal::subkey`] derives from as long as there is no key.
    alone: OnceLock<[u8; 32]>,
}

struct Keys {
    cipher: Aes256Gcm,
    /// What [`Seal::subkey`] derives from.
    root: [u8; 32],
    /// As the database names it.
    name: String,
}

/// How the database names a key: by a hash of it, in hex.
#[must_use]
pub fn name(key: &[u8; 32]) -> String {
    Sha256::digest([&b"sealing key "[..], &key[..]].concat()).iter().map(|b| format!("{b:02x}")).collect()
}

impl Seal {
    /// With a key, whatever a database says.
    #[must_use]
    pub fn with(key: &[u8; 32]) -> Self {
        let seal = Self::default();
        seal.set(key);
        seal
    }

    /// Takes the key of the file for this database, which is made where the database names none yet, and seals what lies open from before.
    ///
    /// # Errors
    /// When the file cannot be read or made, or the database names another key.
    pub async fn open_with(&self, store: &Store, file: &Path) -> anyhow::Result<()> {
        let at = file.display();
        let _ = self.file.set(file.to_owned());
        let key = match store.hub().sealing_key().await? {
            None => Some(KEY.open(file)?),
            Some(named) => KEY.fitting(file, |key| name(key) == named)?,
        };
        let Some(key) = key else {
            let what = if file.exists() {
                "is not the key that secrets in the database are sealed under"
            } else {
                "is missing, and secrets in the database are sealed under it"
            };
            bail!("{at} {what}: {ADVICE}");
        };
        if !self.take(store, &key).await? {
            bail!("{at} is not the key that secrets in the database are sealed under: {ADVICE}");
        }
        Ok(())
    }

    /// Takes a key. False where the database has another.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn take(&self, store: &Store, key: &[u8; 32]) -> Result<bool, StoreError> {
        if store.hub().first_sealing_key(name(key)).await? != name(key) {
            return Ok(false);
        }
        self.set(key);
        for (user, secret) in store.hub().open_secrets().await? {
            let sealed = self.seal(user, &secret)?;
            store.hub().seal_secret(user, secret, sealed).await?;
        }
        Ok(true)
    }

    fn set(&self, key: &[u8; 32]) {
        self.keys.store(Some(Arc::new(Keys { cipher: Aes256Gcm::new(&Key::<Aes256Gcm>::from(*key)), root: *key, name: name(key) })));
    }

    /// Takes the key that the database names now, where another has replaced it. True where there is another now; then trying again helps.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn refresh(&self, store: &Store) -> Result<bool, StoreError> {
        let (Some(file), Some(named)) = (self.file.get(), store.hub().sealing_key().await?) else { return Ok(false) };
        if self.keys.load().as_ref().is_some_and(|keys| keys.name == named) {
            return Ok(false);
        }
        match KEY.fitting(file, |key| name(key) == named) {
            Ok(Some(key)) => {
                self.set(&key);
                return Ok(true);
            }
            Ok(None) => tracing::error!(file = %file.display(), "this hub has not the sealing key that the database names; {ADVICE}"),
            Err(error) => tracing::error!(error = format!("{error:#}"), "the sealing key cannot be read"),
        }
        Ok(false)
    }

    /// A key for something else that all hubs of the database do alike, by HMAC-SHA-256 of a label that says what. Without a sealing key it is a random
    /// one, which is this program's alone.
    #[must_use]
    pub fn subkey(&self, label: &str) -> [u8; 32] {
        let root = self.keys.load().as_ref().map_or_else(|| *self.alone.get_or_init(rand::random), |keys| keys.root);
        // A key of any length will do.
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(&root) else { return rand::random() };
        mac.update(label.as_bytes());
        mac.finalize().into_bytes().into()
    }

    /// A person's secret as the database keeps it.
    ///
    /// # Errors
    /// When there is no key.
    pub fn seal(&self, user: i64, secret: &[u8]) -> Result<Sealed, StoreError> {
        let keys = self.keys()?;
        let nonce: [u8; NONCE] = rand::random();
        let payload = Payload { msg: secret, aad: &user.to_be_bytes() };
        let sealed = keys.cipher.encrypt(&Nonce::from(nonce), payload).map_err(|_| StoreError::Internal("a secret could not be sealed".into()))?;
        Ok(Sealed { key: keys.name.clone(), secret: [&nonce[..], &sealed].concat() })
    }

    /// A person's secret again.
    ///
    /// # Errors
    /// When there is no key, or it is not what was sealed for this person.
    pub fn open(&self, user: i64, sealed: &[u8]) -> Result<Vec<u8>, StoreError> {
        let wrong = || StoreError::Internal(format!("the secret of user {user} is not what was sealed"));
        let (nonce, sealed) = sealed.split_first_chunk::<NONCE>().ok_or_else(wrong)?;
        self.keys()?.cipher.decrypt(&Nonce::from(*nonce), Payload { msg: sealed, aad: &user.to_be_bytes() }).map_err(|_| wrong())
    }

    fn keys(&self) -> Result<Arc<Keys>, StoreError> {
        self.keys.load_full().ok_or_else(|| StoreError::Internal("there is no sealing key".into()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_opens_under_its_key_for_its_person_only() {
        let with = |key: u8| Seal::with(&[key; 32]);
        let (seal, secret) = (with(1), [7; 20]);
        let Sealed { key, secret: sealed } = seal.seal(3, &secret).unwrap();
        assert_eq!(key, name(&[1; 32]));
        assert_eq!(seal.open(3, &sealed).unwrap(), secret);
        assert_ne!(seal.seal(3, &secret).unwrap().secret, sealed, "never the same twice");
        assert!(!sealed.windows(4).any(|w| w == [7; 4]));
        let mut changed = sealed.clone();
        changed[20] ^= 1;
        for (seal, user, sealed) in [(&with(2), 3, &sealed[..]), (&seal, 4, &sealed[..]), (&seal, 3, &changed[..]), (&seal, 3, &sealed[1..]), (&seal, 3, &[])] {
            assert!(seal.open(user, sealed).is_err());
        }
        assert!(Seal::default().seal(3, &secret).is_err());
        assert_eq!(with(1).subkey("a"), with(1).subkey("a"), "the same on every hub");
        assert_ne!(with(1).subkey("a"), with(1).subkey("b"));
        assert_ne!(with(1).subkey("a"), with(2).subkey("a"));
        let alone = Seal::default();
        assert_eq!(alone.subkey("a"), alone.subkey("a"));
        assert_ne!(alone.subkey("a"), Seal::default().subkey("a"));
    }
}
