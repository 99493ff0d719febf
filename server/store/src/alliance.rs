//! The alliance's key: all partners have it, the hub too, and nobody else. Under it a partner hashes indicators whose values it does not tell,
//! and the same things are found all the same.

use crate::{
    Store, StoreError,
    db::{execute, on_conn},
};
use domain::indicator::IndicatorType;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use std::fmt;

/// The name among the settings of the alliance.
const KEY: &str = "alliance_key";

/// 32 random bytes, the same on all nodes.
#[derive(Clone, PartialEq, Eq)]
pub struct AllianceKey([u8; 32]);

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
    /// The alliance's key. Made when it is first asked for, so that a database nobody worked with is empty; of two nodes that ask at once, both get
    /// the same.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn alliance_key(&self) -> Result<&AllianceKey, StoreError> {
        const GET: &str = "SELECT value FROM meta WHERE key = $1";
        const MAKE: &str = "INSERT INTO meta (key, value) VALUES ($1, $2) ON CONFLICT DO NOTHING";
        let hub = self.hub();
        let read = async {
            let text = match hub.meta(KEY).await? {
                Some(text) => text,
                None => {
                    let mut made = [0_u8; 32];
                    rand::fill(&mut made);
                    let make = hub.write(move |conn| {
                        Box::pin(async move {
                            execute!(conn, c => sqlx::query(MAKE).bind(KEY).bind(hex(&made)).execute(&mut *c).await)?;
                            Ok(on_conn!(conn, c => sqlx::query_scalar(GET).bind(KEY).fetch_one(&mut *c).await)?)
                        })
                    });
                    make.await?
                }
            };
            AllianceKey::from_hex(&text).ok_or_else(|| StoreError::Internal("the alliance's key cannot be read".into()))
        };
        self.inner.alliance_key.get_or_try_init(|| read).await
    }
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
