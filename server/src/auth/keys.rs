//! API keys: `swk_`, 47 random digits to the base 62, and six digits of their CRC-32. Four of them are shown for people to recognise a key by; the other
//! 43 are 256 bits. Keys that were made with 30 digits (178 bits) go on working.
//!
//! The prefix lets secret scanners find a leaked key; the checksum refuses a mistyped one before the database is asked. Only
//! the SHA-256 is stored. A plain hash is enough, because what is hashed is random, and it needs no comparison in constant
//! time: the database is searched for the hash, which a caller cannot steer towards a stored one byte by byte.

pub use super::key_cache::{ApiKey, AuthFailure, KeyCache, PerMinute, Quota, bearer};

use ipnet::IpNet;
use rand::{CryptoRng, RngExt};
use sha2::{Digest, Sha256};
use std::net::IpAddr;

/// What a key can be allowed: to push each class, and to push data older than 30 days. To add a scope: here, in [`USUAL`] where most keys need it, in the form of `routes/keys.rs` and its page
/// (`app/src/pages/keys.rs`), and in the second table of `routes/roles.md`, which a test holds the API to.
pub const SCOPES: [&str; 5] = ["metrics", "incidents", "events", "indicators", "backfill"];
/// The scopes of a key for which nobody chose others.
pub const USUAL: [&str; 4] = ["metrics", "incidents", "events", "indicators"];

const PREFIX: &str = "swk_";
const DIGITS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const SECRET: usize = 47;
/// What older keys have.
const OLD_SECRET: usize = 30;
const CHECK: usize = 6;
/// Digits of the hint.
const HINT: usize = 4;

/// Letters of a new key.
pub const LENGTH: usize = PREFIX.len() + SECRET + CHECK;

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
    let Some(digits) = rest.len().checked_sub(CHECK).filter(|digits| [SECRET, OLD_SECRET].contains(digits)) else { return false };
    if !rest.bytes().all(|b| b.is_ascii_alphanumeric()) {
        return false;
    }
    let (secret, check) = rest.split_at(digits);
    check_digits(secret) == check
}

/// Networks in CIDR or single addresses, separated by blanks or commas.
///
/// # Errors
/// With the first that is neither, in words.
pub fn networks(text: &str) -> Result<Vec<IpNet>, String> {
    let network = |word: &str| {
        let one = || word.parse::<IpAddr>().map(IpNet::from);
        word.parse::<IpNet>().map(|net| net.trunc()).or_else(|_| one()).map_err(|_| format!("{word:?} is no network such as 192.0.2.0/24"))
    };
    text.split([' ', ',', '\n', '\r', '\t']).filter(|word| !word.is_empty()).map(network).collect()
}

/// What the database knows instead of a key.
#[must_use]
pub fn hash(key: &str) -> [u8; 32] {
    Sha256::digest(key).into()
}

/// `swk_` and the first four digits, for people to recognise a key by; 256 bits stay secret.
#[must_use]
pub fn hint(key: &str) -> String {
    key.chars().take(PREFIX.len() + HINT).collect()
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

    /// A new scope is given to keys for which nobody chose, or not, but not forgotten.
    #[test]
    fn usual_keys_push_every_class() {
        let others = SCOPES.into_iter().filter(|scope| !USUAL.contains(scope));
        assert!(USUAL.iter().all(|scope| SCOPES.contains(scope)) && others.eq(["backfill"]));
    }

    #[test]
    fn every_single_mistake_is_noticed() {
        let mut rng = StdRng::seed_from_u64(7);
        for _ in 0..50 {
            let key = generate(&mut rng);
            assert_eq!(key.len(), LENGTH);
            assert!(well_formed(&key), "{key}");
            for at in PREFIX.len()..LENGTH {
                let mut wrong = key.clone().into_bytes();
                wrong[at] = if wrong[at] == b'7' { b'8' } else { b'7' };
                assert!(!well_formed(&String::from_utf8(wrong).unwrap()));
            }
        }
    }

    #[test]
    fn a_key_has_256_bits_that_nobody_is_shown_and_older_keys_stay_keys() {
        assert!((SECRET - HINT) as f64 * (DIGITS.len() as f64).log2() >= 256.0);
        let old = "A7dqK2mXz0PbYtR4vCn9WsLhE3uGjQ";
        assert_eq!(old.len(), OLD_SECRET);
        assert!(well_formed(&format!("swk_{old}{}", check_digits(old))) && !well_formed(&format!("swk_{old}000000")));
    }

    #[test]
    fn other_texts_are_no_keys() {
        for text in ["", "swk_", "swk_ääääääääääääääääää", "ghp_000000000000000000000000000000000000", "swk_0000000000000000000000000000000000000"]
        {
            assert!(!well_formed(text), "{text}");
        }
    }

    #[test]
    fn networks_are_written_in_many_ways_and_read_in_one() {
        let nets = networks("192.0.2.7/24, 198.51.100.1\n2001:db8::/32").unwrap();
        assert_eq!(nets.iter().map(ToString::to_string).collect::<Vec<_>>(), ["192.0.2.0/24", "198.51.100.1/32", "2001:db8::/32"]);
        assert_eq!(networks(" "), Ok(vec![]));
        assert!(networks("192.0.2.0/24 example.org").unwrap_err().contains("example.org") && networks("192.0.2.0/40").is_err());
        let key = ApiKey { id: 1, org: domain::OrgId(1), name: String::new(), scopes: vec![], addresses: nets };
        for (from, may) in
            [(Some("192.0.2.200"), true), (Some("::ffff:192.0.2.3"), true), (Some("192.0.3.1"), false), (Some("2001:db8:1::5"), true), (None, false)]
        {
            assert_eq!(key.from_here(from.map(|ip| ip.parse().unwrap())), may, "{from:?}");
        }
    }

    #[test]
    fn the_hint_shows_four_digits() {
        assert_eq!(hint("swk_Ab3xYYYYYY"), "swk_Ab3x");
    }
}
