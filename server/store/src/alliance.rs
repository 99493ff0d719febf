//! The alliance's key: the partners that compare keyed hashes have it, the hub too, and nobody else. Under it a partner hashes indicators whose values it does
//! not tell, and the same things are found all the same.
//!
//! A decision of the alliance replaces it. The one before is accepted for [`OVERLAP`] more, so that partners can push under the new one what they hashed: the
//! hub knows no values of these. What it was told the value of it digests anew itself.

use crate::{
    Store, StoreError,
    audit::{self, Action, Actor, Entry},
    db::{Conn, execute, on_conn},
};
use domain::{DAY, Timestamp, indicator::IndicatorType};
use hmac::{Hmac, KeyInit, Mac};
use serde::{Deserialize, Serialize};
use sha2::Sha256;
use std::fmt;

/// The name among the settings of the alliance.
const KEYS: &str = "alliance_keys";
const GET: &str = "SELECT value FROM meta WHERE key = $1";
const SET: &str = "INSERT INTO meta (key, value) VALUES ($1, $2) ON CONFLICT (key) DO UPDATE SET value = excluded.value";
/// How long a key is accepted after another one took its place, in microseconds.
pub const OVERLAP: i64 = 30 * DAY;

/// 32 random bytes, the same on all nodes.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct AllianceKey([u8; 32]);

impl TryFrom<String> for AllianceKey {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::from_hex(&text).ok_or("no key")
    }
}

impl From<AllianceKey> for String {
    fn from(key: AllianceKey) -> Self {
        key.hex()
    }
}

/// A key by its number.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NumberedKey {
    /// From 1.
    pub no: i64,
    pub key: AllianceKey,
}

/// The keys under which hashes are accepted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AllianceKeys {
    pub current: NumberedKey,
    /// The one before, and until when it is accepted, in microseconds since 1970.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    former: Option<(NumberedKey, i64)>,
    /// Whether indicators may lack their digest under the current key.
    #[serde(default)]
    pub(crate) undigested: bool,
}

impl AllianceKeys {
    /// The key before the current one and the moment its acceptance ends, while it is accepted.
    #[must_use]
    pub fn former(&self, now: Timestamp) -> Option<(&NumberedKey, Timestamp)> {
        self.former.as_ref().map(|(key, until)| (key, Timestamp(*until))).filter(|(_, until)| now < *until)
    }

    /// The numbers of all that are accepted, the current one first.
    #[must_use]
    pub fn numbers(&self, now: Timestamp) -> Vec<i64> {
        self.accepted(now).map(|key| key.no).collect()
    }

    /// All that are accepted, the current one first.
    pub(crate) fn accepted(&self, now: Timestamp) -> impl Iterator<Item = &NumberedKey> {
        [&self.current].into_iter().chain(self.former(now).map(|(key, _)| key))
    }

    /// Whether the time of the former key is over and its digests are still there.
    pub(crate) fn is_over(&self, now: Timestamp) -> bool {
        self.former.as_ref().is_some_and(|(_, until)| *until <= now.0)
    }
}

/// It stands in no log.
impl fmt::Debug for AllianceKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AllianceKey(…)")
    }
}

impl AllianceKey {
    /// From 64 hexadecimal digits; `None` where the text is something else.
    #[must_use]
    pub fn from_hex(text: &str) -> Option<Self> {
        from_hex(text).map(Self)
    }

    /// As 64 lower-case hexadecimal digits.
    #[must_use]
    pub fn hex(&self) -> String {
        hex(&self.0)
    }

    /// The keyed hash of an indicator, as 64 lower-case hexadecimal digits: HMAC-SHA-256 over its type's name, a colon and its value in canonical
    /// spelling ([`IndicatorType::canonical`]).
    #[must_use]
    pub fn hmac(&self, kind: IndicatorType, value: &str) -> String {
        hex(&self.digest(kind, value))
    }

    pub(crate) fn digest(&self, kind: IndicatorType, value: &str) -> [u8; 32] {
        // A key of any length will do.
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(&self.0) else { return [0; 32] };
        mac.update(kind.name().as_bytes());
        mac.update(b":");
        mac.update(value.as_bytes());
        mac.finalize().into_bytes().into()
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

pub(crate) fn from_hex(text: &str) -> Option<[u8; 32]> {
    let mut bytes = [0; 32];
    if text.len() != 64 || !text.bytes().all(|b| b.is_ascii_hexdigit()) {
        return None;
    }
    for (i, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(&text[2 * i..2 * i + 2], 16).ok()?;
    }
    Some(bytes)
}

impl Store {
    /// The alliance's keys. The first is made when it is first asked for, so that a database nobody worked with is empty; of two nodes that ask at once, both
    /// get the same.
    pub async fn alliance_keys(&self) -> Result<AllianceKeys, StoreError> {
        const MAKE: &str = "INSERT INTO meta (key, value) VALUES ($1, $2) ON CONFLICT DO NOTHING";
        let hub = self.hub();
        if let Some(text) = hub.meta(KEYS).await? {
            return read(&text);
        }
        let made = AllianceKeys { current: NumberedKey { no: 1, key: random() }, former: None, undigested: false };
        let made = text_of(&made)?;
        let make = hub.write(move |conn| {
            Box::pin(async move {
                execute!(conn, c => sqlx::query(MAKE).bind(KEYS).bind(made).execute(&mut *c).await)?;
                let text: String = on_conn!(conn, c => sqlx::query_scalar(GET).bind(KEYS).fetch_one(&mut *c).await)?;
                read(&text)
            })
        });
        make.await
    }

    /// The alliance's current key.
    pub async fn alliance_key(&self) -> Result<AllianceKey, StoreError> {
        Ok(self.alliance_keys().await?.current.key)
    }
}

/// Puts a new key in the place of the current one, which is accepted for [`OVERLAP`] more. Where an earlier one is still accepted, that ends now.
pub(crate) async fn rotate(conn: &mut Conn, decision: i64, at: Timestamp) -> Result<(), StoreError> {
    let text: Option<String> = on_conn!(conn, c => sqlx::query_scalar(GET).bind(KEYS).fetch_optional(&mut *c).await)?;
    let before = text.map(|text| read(&text)).transpose()?.map(|keys| keys.current);
    let no = before.as_ref().map_or(0, |key| key.no) + 1;
    let until = at.plus(OVERLAP);
    let keys = AllianceKeys { current: NumberedKey { no, key: random() }, former: before.map(|key| (key, until.0)), undigested: true };
    put(conn, &keys).await?;
    let detail = serde_json::json!({ "decision": decision, "former_until": until.rfc3339() });
    audit::append(conn, Entry { at, actor: Actor::default(), action: Action::AllianceKeyRotated, org: None, object: format!("alliance key {no}"), detail })
        .await
}

/// Notes that every indicator has its digest under the current key, or that the one before is gone, if the keys are still these.
pub(crate) async fn settle(conn: &mut Conn, seen: &AllianceKeys, digested: bool) -> Result<(), StoreError> {
    let text: Option<String> = on_conn!(conn, c => sqlx::query_scalar(GET).bind(KEYS).fetch_optional(&mut *c).await)?;
    let mut keys = seen.clone();
    if text.map(|text| read(&text)).transpose()?.as_ref() == Some(seen) {
        if digested {
            keys.undigested = false;
        } else {
            keys.former = None;
        }
        put(conn, &keys).await?;
    }
    Ok(())
}

async fn put(conn: &mut Conn, keys: &AllianceKeys) -> Result<(), StoreError> {
    let text = text_of(keys)?;
    execute!(conn, c => sqlx::query(SET).bind(KEYS).bind(text).execute(&mut *c).await)?;
    Ok(())
}

fn random() -> AllianceKey {
    let mut made = [0_u8; 32];
    rand::fill(&mut made);
    AllianceKey(made)
}

/// Without a word of what it holds.
fn read(text: &str) -> Result<AllianceKeys, StoreError> {
    serde_json::from_str(text).map_err(|_| StoreError::Internal("the alliance's keys cannot be read".into()))
}

fn text_of(keys: &AllianceKeys) -> Result<String, StoreError> {
    serde_json::to_string(keys).map_err(|_| StoreError::Internal("the alliance's keys cannot be written".into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The documentation of the API has the same, made by openssl.
    #[test]
    fn the_hash_is_what_openssl_says() {
        let key = AllianceKey::from_hex("000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f").unwrap();
        assert_eq!(key.hmac(IndicatorType::DomainName, "login.example.net"), "11c2278bf6fa39a33ee262ac02c1dd9b90090472ce07acb51bc3ead821488bc3");
        assert_eq!(format!("{key:?}"), "AllianceKey(…)");
        assert_eq!(AllianceKey::from_hex(&key.hex()), Some(key));
    }

    #[test]
    fn what_is_no_key_is_none() {
        for text in ["", "00", &"g".repeat(64), &"é".repeat(32), &"0".repeat(63)] {
            assert_eq!(AllianceKey::from_hex(text), None, "{text}");
        }
    }
}
