//! API keys: `swk_`, 30 random digits to the base 62 (178 bits), and six digits of their CRC-32.
//!
//! The prefix lets secret scanners find a leaked key; the checksum refuses a mistyped one before the database is asked. Only
//! the SHA-256 is stored. A plain hash is enough, because what is hashed is random, and it needs no comparison in constant
//! time: the database is searched for the hash, which a caller cannot steer towards a stored one byte by byte.

pub use super::key_cache::{ApiKey, AuthFailure, KeyCache, Quota, bearer};

use rand::{CryptoRng, RngExt};
use sha2::{Digest, Sha256};

/// What a key can be allowed: to push each class, and to push data older than 30 days.
pub const SCOPES: [&str; 5] = ["metrics", "incidents", "events", "indicators", "backfill"];

const PREFIX: &str = "swk_";
const DIGITS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const SECRET: usize = 30;
const CHECK: usize = 6;

/// A new key.
pub fn generate(rng: &mut (impl CryptoRng + ?Sized)) -> String {
    let secret: String = (0..SECRET).map(|_| char::from(DIGITS[rng.random_range(0..DIGITS.len())])).collect();
    let check = check_digits(&secret);
    format!("{PREFIX}{secret}{check}")
}

/// Whether a text is a key as [`generate`] makes them; says nothing about whether anybody has it.
#[must_use]
pub fn well_formed(key: &str) -> bool {
    let Some(rest) = key.strip_prefix(PREFIX) else { return false };
    if rest.len() != SECRET + CHECK || !rest.bytes().all(|b| b.is_ascii_alphanumeric()) {
        return false;
    }
    let (secret, check) = rest.split_at(SECRET);
    check_digits(secret) == check
}

/// What the database knows instead of a key.
#[must_use]
pub fn hash(key: &str) -> [u8; 32] {
    Sha256::digest(key).into()
}

/// `swk_` and the first four digits, for people to recognise a key by; 154 bits stay secret.
#[must_use]
pub fn hint(key: &str) -> String {
    key.chars().take(PREFIX.len() + 4).collect()
}

/// The CRC-32 of the secret digits to the base 62, most significant first.
fn check_digits(secret: &str) -> String {
    let mut rest = crc32fast::hash(secret.as_bytes()) as usize;
    let mut digits = [0_u8; CHECK];
    for digit in digits.iter_mut().rev() {
        *digit = DIGITS[rest % DIGITS.len()];
        rest /= DIGITS.len();
    }
    digits.into_iter().map(char::from).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::{SeedableRng, rngs::StdRng};

    #[test]
    fn every_single_mistake_is_noticed() {
        let mut rng = StdRng::seed_from_u64(7);
        for _ in 0..50 {
            let key = generate(&mut rng);
            assert_eq!(key.len(), 40);
            assert!(well_formed(&key), "{key}");
            for at in 4..40 {
                let mut wrong = key.clone().into_bytes();
                wrong[at] = if wrong[at] == b'7' { b'8' } else { b'7' };
                assert!(!well_formed(&String::from_utf8(wrong).unwrap()));
            }
        }
    }

    #[test]
    fn other_texts_are_no_keys() {
        for text in ["", "swk_", "swk_ääääääääääääääääää", "ghp_000000000000000000000000000000000000", "swk_0000000000000000000000000000000000000"]
        {
            assert!(!well_formed(text), "{text}");
        }
    }

    #[test]
    fn the_hint_shows_four_digits() {
        assert_eq!(hint("swk_Ab3xYYYYYY"), "swk_Ab3x");
    }
}
