//! One-time links that set a password: `/welcome/<token>`.

use crate::App;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use domain::DAY;
use sha2::{Digest, Sha256};
use store::{StoreError, audit::Actor};

/// How long a link works, in microseconds.
pub const LASTS: i64 = 7 * DAY;
/// The number of the person, and 256 random bits.
const BYTES: usize = 8 + 32;

/// Makes, on behalf of `actor`, a one-time link for a person and returns its token, which exists nowhere else.
///
/// # Errors
/// When the database fails, or there is nobody of this number who may sign in.
pub async fn new_link(app: &App, actor: Actor, user: i64) -> Result<String, StoreError> {
    let (token, now) = (token(user, &secret()), app.clock.now());
    if !app.store.hub().by(actor).add_signin_link(user, hash(&token), now.plus(LASTS), now).await? {
        return Err(StoreError::Internal(format!("user {user} may not sign in, so there is no link")));
    }
    Ok(token)
}

/// The random part of a token.
#[must_use]
pub fn secret() -> [u8; 32] {
    let mut secret = [0; 32];
    rand::fill(&mut secret);
    secret
}

/// The token for a person.
#[must_use]
pub fn token(user: i64, secret: &[u8; 32]) -> String {
    let mut bytes = [0_u8; BYTES];
    bytes[..8].copy_from_slice(&user.to_be_bytes());
    bytes[8..].copy_from_slice(secret);
    URL_SAFE_NO_PAD.encode(bytes)
}

/// What the database knows instead of a token.
#[must_use]
pub fn hash(token: &str) -> [u8; 32] {
    Sha256::digest(token).into()
}

/// The person a token is for, to be believed only when the database knows the token: the number is part of what is hashed.
#[must_use]
pub fn user_of(token: &str) -> Option<i64> {
    let bytes: [u8; BYTES] = URL_SAFE_NO_PAD.decode(token).ok()?.try_into().ok()?;
    let (user, _) = bytes.split_first_chunk::<8>()?;
    Some(i64::from_be_bytes(*user))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_whole_tokens_are_read() {
        let token = URL_SAFE_NO_PAD.encode([[0; 4].as_slice(), &[0, 0, 1, 2], &[7; 32]].concat());
        assert_eq!(user_of(&token), Some(258));
        assert_eq!(user_of(&token[1..]), None);
        assert_eq!(user_of("../../signin"), None);
        assert_eq!(user_of(""), None);
    }
}
