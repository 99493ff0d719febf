//! Passwords: argon2id, slow on purpose, and therefore rationed.
//!
//! Each hash takes 19 MiB and some tens of milliseconds of a core. At most two run at once ([`super::hashing`]) and some wait; whoever comes
//! then is told that the hub is busy. An account that does not exist costs the same as one that does.

pub use super::{
    hashing::Queue,
    strength::{check_strength, mentions_account},
};

use super::hashing::{Memory, in_turn};
use argon2::{
    Algorithm, Argon2, Params, Version,
    password_hash::phc::{Output, ParamsString, PasswordHash, Salt},
};

/// Stands in for accounts without a hash: the same costs, a salt and a hash of zeros. No password is known that it fits, and
/// none would be let in.
const NOBODY: &str = "$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/// Why a password was neither hashed nor compared.
#[derive(Debug, thiserror::Error)]
pub enum PasswordError {
    /// Too many are waiting; worth trying again in a few seconds.
    #[error("too many sign-ins at once")]
    Busy,
    /// The hash failed, or a stored hash cannot be read.
    #[error("password hash: {0}")]
    Failed(String),
}

/// The hash of a password with a fresh salt, as a PHC string for the database.
///
/// # Errors
/// [`PasswordError::Busy`] when too many are waiting.
pub async fn hash(password: &str) -> Result<String, PasswordError> {
    let password = password.to_owned();
    in_turn(Queue::Program, move |memory| hash_now(&password, memory)).await?
}

/// Whether a password fits the stored hash. Without a hash (no such account, no password yet, disabled) it compares with
/// one that nothing fits, so that the answer takes the same time.
///
/// # Errors
/// [`PasswordError::Busy`] when too many are waiting; [`PasswordError::Failed`] when the stored hash cannot be read.
pub async fn verify(hash: Option<&str>, password: &str, queue: Queue) -> Result<bool, PasswordError> {
    let (hash, password) = (hash.map(str::to_owned), password.to_owned());
    in_turn(queue, move |memory| {
        let fits = fits(hash.as_deref().unwrap_or(NOBODY), &password, memory)?;
        Ok(fits && hash.is_some())
    })
    .await?
}

/// As [`hash`], for one of several accounts with the same mail address: with the salt of another one's hash, so that a sign-in compares with all of them
/// at the cost of one, and its time does not tell how many there are.
///
/// # Errors
/// As [`hash`]; and when the other hash cannot be read.
pub async fn hash_beside(password: &str, other: Option<String>, queue: Queue) -> Result<String, PasswordError> {
    let password = password.to_owned();
    in_turn(queue, move |memory| {
        let other = other.as_deref().map(PasswordHash::new).transpose().map_err(failed)?;
        match other.as_ref().and_then(|other| other.salt.as_ref()) {
            Some(salt) => hash_with(&password, salt, memory),
            None => hash_now(&password, memory),
        }
    })
    .await?
}

/// Which of the stored hashes of one mail address a password fits, in their order. Without any it compares with one that nothing fits.
///
/// # Errors
/// As [`verify`].
pub async fn verify_each(hashes: Vec<String>, password: &str, queue: Queue) -> Result<Vec<bool>, PasswordError> {
    let password = password.to_owned();
    in_turn(queue, move |memory| {
        if hashes.is_empty() {
            fits(NOBODY, &password, memory)?;
        }
        // By parameters and salt, which those of one address share.
        let mut computed: Vec<(&str, Output)> = Vec::new();
        let mut fitting = Vec::new();
        for hash in &hashes {
            let stored = PasswordHash::new(hash).map_err(failed)?;
            let given = hash.rsplit_once('$').map_or("", |(given, _)| given);
            let output = match computed.iter().find(|(before, _)| *before == given) {
                Some((_, output)) => *output,
                None => digest_like(&stored, &password, memory)?,
            };
            computed.push((given, output));
            // Outputs are compared in constant time.
            fitting.push(Some(output) == stored.hash);
        }
        Ok(fitting)
    })
    .await?
}

/// OWASP's smallest argon2id setting: 19 MiB, two passes, one lane.
fn params() -> Result<Params, PasswordError> {
    Params::new(19 * 1024, 2, 1, None).map_err(failed)
}

fn hash_now(password: &str, memory: &mut Memory) -> Result<String, PasswordError> {
    let mut salt = [0_u8; 16];
    rand::fill(&mut salt);
    hash_with(password, &salt, memory)
}

fn hash_with(password: &str, salt: &[u8], memory: &mut Memory) -> Result<String, PasswordError> {
    let params = params()?;
    let described = ParamsString::try_from(&params).map_err(failed)?;
    let hash = PasswordHash {
        algorithm: Algorithm::Argon2id.ident(),
        version: Some(Version::V0x13.into()),
        params: described,
        salt: Some(Salt::new(salt).map_err(failed)?),
        hash: Some(digest(Algorithm::Argon2id, Version::V0x13, params, password, salt, memory)?),
    };
    Ok(hash.to_string())
}

fn fits(stored: &str, password: &str, memory: &mut Memory) -> Result<bool, PasswordError> {
    let stored = PasswordHash::new(stored).map_err(failed)?;
    // Outputs are compared in constant time.
    Ok(Some(digest_like(&stored, password, memory)?) == stored.hash)
}

/// What a password comes to with the parameters and the salt of a stored hash.
fn digest_like(stored: &PasswordHash, password: &str, memory: &mut Memory) -> Result<Output, PasswordError> {
    let algorithm = Algorithm::try_from(stored.algorithm.as_str()).map_err(failed)?;
    let version = stored.version.map_or(Ok(Version::default()), Version::try_from).map_err(failed)?;
    let params = Params::try_from(stored).map_err(failed)?;
    let (Some(salt), Some(_)) = (&stored.salt, stored.hash) else { return Err(failed("without salt or hash")) };
    digest(algorithm, version, params, password, salt, memory)
}

fn digest(algorithm: Algorithm, version: Version, params: Params, password: &str, salt: &[u8], memory: &mut Memory) -> Result<Output, PasswordError> {
    let mut out = [0; Output::MAX_LENGTH];
    let out = &mut out[..params.output_len().unwrap_or(Params::DEFAULT_OUTPUT_LEN)];
    let blocks = memory.blocks(params.block_count());
    Argon2::new(algorithm, version, params).hash_password_into_with_memory(password.as_bytes(), salt, out, blocks).map_err(failed)?;
    Output::new(out).map_err(failed)
}

#[allow(clippy::needless_pass_by_value, reason = "handed to map_err")]
fn failed(error: impl ToString) -> PasswordError {
    PasswordError::Failed(error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// ASVS 11.4.2: argon2id with 19 MiB and two passes.
    #[tokio::test]
    async fn fits_only_its_password() {
        let stored = hash("a ladder of nine herons").await.unwrap();
        assert!(stored.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{stored}");
        assert!(verify(Some(&stored), "a ladder of nine herons", Queue::Program).await.unwrap());
        assert!(!verify(Some(&stored), "a ladder of ten herons", Queue::Program).await.unwrap());
        assert!(!verify(None, "a ladder of nine herons", Queue::Program).await.unwrap());
        assert!(matches!(verify(Some("not a hash"), "x", Queue::Program).await, Err(PasswordError::Failed(_))));
    }

    #[tokio::test]
    async fn several_of_one_address_are_compared_at_once() {
        let first = hash("a ladder of nine herons").await.unwrap();
        let second = hash_beside("a bucket of cold rivets", Some(first.clone()), Queue::Program).await.unwrap();
        let given = |hash: &str| hash.rsplit_once('$').map(|(given, _)| given.to_owned());
        assert_eq!(given(&first), given(&second), "one salt");
        let apart = hash("a bucket of cold rivets").await.unwrap();
        let all = vec![first, second, apart];
        assert_eq!(verify_each(all.clone(), "a bucket of cold rivets", Queue::Program).await.unwrap(), [false, true, true]);
        assert_eq!(verify_each(all.clone(), "a ladder of nine herons", Queue::Program).await.unwrap(), [true, false, false]);
        assert_eq!(verify_each(all, "neither", Queue::Program).await.unwrap(), [false; 3]);
        assert!(verify_each(vec![], "neither", Queue::Program).await.unwrap().is_empty());
    }

    /// ASVS 6.3.8: an account that does not exist takes as long.
    #[tokio::test]
    async fn the_stand_in_costs_what_a_real_hash_costs() {
        let stored = hash("a ladder of nine herons").await.unwrap();
        let costs = |text: &str| text.rsplitn(3, '$').last().map(str::to_owned);
        assert_eq!(costs(NOBODY), costs(&stored));
        assert_eq!(NOBODY.len(), stored.len());
    }
}
