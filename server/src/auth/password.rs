//! Passwords: argon2id, slow on purpose, and therefore rationed.
//!
//! Each hash takes 19 MiB and some tens of milliseconds of a core. At most two run at once and sixteen wait; whoever comes
//! then is told that the hub is busy. An account that does not exist costs the same as one that does.

pub use super::strength::{check_strength, mentions_account};

use argon2::{Algorithm, Argon2, Params, PasswordHasher, PasswordVerifier, Version, password_hash::phc::PasswordHash};
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::sync::Semaphore;

/// Hashes at once.
const AT_ONCE: usize = 2;
/// Requests that wait for their turn.
const MAY_WAIT: usize = 16;

/// Stands in for accounts without a hash: the same costs, a salt and a hash of zeros. No password is known that it fits, and
/// none would be let in.
const NOBODY: &str = "$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

static SLOTS: Semaphore = Semaphore::const_new(AT_ONCE);
static WAITING: AtomicUsize = AtomicUsize::new(0);

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
    in_turn(move || hash_now(&password)).await?
}

/// Whether a password fits the stored hash. Without a hash (no such account, no password yet, disabled) it compares with
/// one that nothing fits, so that the answer takes the same time.
///
/// # Errors
/// [`PasswordError::Busy`] when too many are waiting; [`PasswordError::Failed`] when the stored hash cannot be read.
pub async fn verify(hash: Option<&str>, password: &str) -> Result<bool, PasswordError> {
    let (hash, password) = (hash.map(str::to_owned), password.to_owned());
    in_turn(move || {
        let parsed = PasswordHash::new(hash.as_deref().unwrap_or(NOBODY)).map_err(failed)?;
        let fits = argon2()?.verify_password(password.as_bytes(), &parsed).is_ok();
        Ok(fits && hash.is_some())
    })
    .await?
}

/// OWASP's smallest argon2id setting: 19 MiB, two passes, one lane.
fn argon2() -> Result<Argon2<'static>, PasswordError> {
    let params = Params::new(19 * 1024, 2, 1, None).map_err(failed)?;
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

fn hash_now(password: &str) -> Result<String, PasswordError> {
    let mut salt = [0_u8; 16];
    rand::fill(&mut salt);
    let hash: PasswordHash = argon2()?.hash_password_with_salt(password.as_bytes(), &salt).map_err(failed)?;
    Ok(hash.to_string())
}

#[allow(clippy::needless_pass_by_value, reason = "handed to map_err")]
fn failed(error: impl ToString) -> PasswordError {
    PasswordError::Failed(error.to_string())
}

/// Runs `work` on a thread of its own when its turn comes.
async fn in_turn<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, PasswordError> {
    let permit = match SLOTS.try_acquire() {
        Ok(permit) => permit,
        Err(_) => {
            let _place = Place::take()?;
            SLOTS.acquire().await.map_err(failed)?
        }
    };
    tokio::task::spawn_blocking(move || {
        // The permit goes with the work: a client that hangs up frees no slot while the core is still busy.
        let _permit = permit;
        work()
    })
    .await
    .map_err(failed)
}

/// A place in the queue, given back when dropped.
struct Place;

impl Place {
    fn take() -> Result<Self, PasswordError> {
        if WAITING.fetch_add(1, Ordering::AcqRel) >= MAY_WAIT {
            WAITING.fetch_sub(1, Ordering::AcqRel);
            return Err(PasswordError::Busy);
        }
        Ok(Self)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        WAITING.fetch_sub(1, Ordering::AcqRel);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// ASVS 11.4.2: argon2id with 19 MiB and two passes.
    #[tokio::test]
    async fn fits_only_its_password() {
        let stored = hash("a ladder of nine herons").await.unwrap();
        assert!(stored.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{stored}");
        assert!(verify(Some(&stored), "a ladder of nine herons").await.unwrap());
        assert!(!verify(Some(&stored), "a ladder of ten herons").await.unwrap());
        assert!(!verify(None, "a ladder of nine herons").await.unwrap());
        assert!(matches!(verify(Some("not a hash"), "x").await, Err(PasswordError::Failed(_))));
    }

    /// ASVS 6.3.8: an account that does not exist takes as long.
    #[tokio::test]
    async fn the_stand_in_costs_what_a_real_hash_costs() {
        let stored = hash("a ladder of nine herons").await.unwrap();
        let costs = |text: &str| text.rsplitn(3, '$').last().map(str::to_owned);
        assert_eq!(costs(NOBODY), costs(&stored));
        assert_eq!(NOBODY.len(), stored.len());
    }

    #[tokio::test]
    async fn the_queue_is_bounded() {
        let places: Vec<_> = (0..MAY_WAIT).map_while(|_| Place::take().ok()).collect();
        assert!(matches!(Place::take(), Err(PasswordError::Busy)));
        drop(places);
        assert!(Place::take().is_ok());
    }
}
