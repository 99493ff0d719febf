//! A second factor: codes of authenticator apps (RFC 6238: SHA-1, six digits, thirty seconds, which all apps know), and recovery codes that
//! stand in for a lost one. A code works once, on all nodes together; so does each recovery code.

use crate::App;
use sha2::{Digest, Sha256};
use store::StoreError;
use totp_rs::{Builder, Secret, Totp};

/// Bytes of a secret: RFC 4226 recommends 160 bits.
const SECRET: usize = 20;
/// Recovery codes made at once.
const CODES: usize = 10;
/// Letters of a recovery code: 16 of these 32 are 80 bits. None looks like another.
const LETTERS: &[u8; 32] = b"ABCDEFGHJKLMNPQRSTUVWXYZ23456789";
const LETTERS_OF_A_CODE: usize = 16;

/// A new secret.
fn new_secret() -> Vec<u8> {
    let mut secret = vec![0; SECRET];
    rand::fill(&mut secret[..]);
    secret
}

/// A secret as people type it into an app, in groups of four.
#[must_use]
pub fn typed(secret: &[u8]) -> String {
    let text = Secret::from(secret).to_base32();
    text.as_bytes().chunks(4).map(|four| String::from_utf8_lossy(four).into_owned()).collect::<Vec<_>>().join(" ")
}

/// A secret as an app's camera reads it: SVG without colours of its own.
///
/// # Errors
/// Where it does not fit into a code, for an account name of thousands of letters.
pub fn picture(secret: &[u8], alliance: &str, account: &str) -> Result<String, String> {
    let (issuer, account) = (encoded(alliance), encoded(account));
    let address = format!("otpauth://totp/{issuer}:{account}?secret={}&issuer={issuer}", Secret::from(secret).to_base32());
    let code = qrcode::QrCode::new(address).map_err(|e| e.to_string())?;
    let svg = code.render::<qrcode::render::svg::Color<'_>>().min_dimensions(200, 200).build();
    // What stands before the picture itself has no place inside a page.
    Ok(svg.find("<svg").map_or_else(String::new, |at| svg[at..].to_owned()))
}

fn encoded(text: &str) -> String {
    serde_urlencoded::to_string([("", text)]).unwrap_or_default().trim_start_matches('=').replace('+', "%20")
}

fn totp(secret: &[u8]) -> Option<Totp> {
    Builder::new().with_secret(secret).with_skew(1).build().ok()
}

/// The time step of which a code is, now, just before or just after; `None` for a wrong one.
#[must_use]
pub fn step_of(secret: &[u8], code: &str, now: domain::Timestamp) -> Option<i64> {
    let code: String = code.chars().filter(|c| !c.is_whitespace()).collect();
    let seconds = u64::try_from(now.0 / domain::SECOND).ok()?;
    if code.len() != 6 || !code.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    totp(secret)?.check(&code, seconds).and_then(|step| i64::try_from(step).ok())
}

/// New recovery codes: as they are shown, once, and as they are kept.
#[must_use]
pub fn recovery_codes() -> (Vec<String>, Vec<[u8; 32]>) {
    let code = || {
        let mut bytes = [0_u8; LETTERS_OF_A_CODE];
        rand::fill(&mut bytes);
        let letters: Vec<u8> = bytes.iter().map(|b| LETTERS[usize::from(*b) % LETTERS.len()]).collect();
        letters.chunks(4).map(|four| String::from_utf8_lossy(four).into_owned()).collect::<Vec<_>>().join("-")
    };
    let codes: Vec<String> = (0..CODES).map(|_| code()).collect();
    let hashes = codes.iter().filter_map(|code| recovery_hash(code)).collect();
    (codes, hashes)
}

/// What the database knows instead of a recovery code; `None` for what is none.
fn recovery_hash(code: &str) -> Option<[u8; 32]> {
    let plain: String = code.chars().filter(|c| c.is_ascii_alphanumeric()).map(|c| c.to_ascii_uppercase()).collect();
    (plain.len() == LETTERS_OF_A_CODE).then(|| Sha256::digest(plain).into())
}

/// Whether a text looks like a recovery code rather than a code of an app.
#[must_use]
pub fn is_recovery_code(text: &str) -> bool {
    recovery_hash(text).is_some()
}

/// Makes a person a new secret, which counts once a code of it was right. False where one is confirmed already.
///
/// # Errors
/// When the database fails, or there is no key to seal it.
pub async fn offer(app: &App, user: i64) -> Result<bool, StoreError> {
    let (secret, at) = (new_secret(), app.clock.now());
    match app.store.hub().offer_factor(user, app.seal.seal(user, &secret)?, at).await {
        Err(StoreError::Outdated(_)) if app.seal.refresh(&app.store).await? => app.store.hub().offer_factor(user, app.seal.seal(user, &secret)?, at).await,
        offered => offered,
    }
}

/// A person's secret, and whether it was confirmed.
///
/// # Errors
/// When the database fails, or the seal does not open.
pub async fn secret(app: &App, user: i64) -> Result<Option<(Vec<u8>, bool)>, StoreError> {
    let open = async || {
        let factor = app.store.hub().factor(user).await?;
        factor.map(|f| Ok((app.seal.open(user, &f.secret)?, f.confirmed))).transpose()
    };
    match open().await {
        // It may be sealed under a key that has replaced ours.
        Err(StoreError::Internal(_)) if app.seal.refresh(&app.store).await? => open().await,
        opened => opened,
    }
}

/// Whether a code of the app, or a recovery code, is a person's and was not used before; it is used up.
///
/// # Errors
/// When the database fails; then the code counts for nothing.
pub async fn accept(app: &App, user: i64, code: &str) -> Result<bool, StoreError> {
    let (hub, now) = (app.store.hub(), app.clock.now());
    // There are recovery codes without an app, too: beside passkeys.
    if let Some(hash) = recovery_hash(code) {
        return hub.use_recovery_code(user, hash, now).await;
    }
    let Some((secret, _)) = secret(app, user).await?.filter(|(_, confirmed)| *confirmed) else { return Ok(false) };
    match step_of(&secret, code, now) {
        Some(step) => hub.use_step(user, step).await,
        None => Ok(false),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::{SECOND, Timestamp};

    #[test]
    fn codes_are_those_of_rfc_6238() {
        // Appendix B, in six digits.
        let secret = b"12345678901234567890";
        for (seconds, code) in [(59, "287082"), (1_111_111_109, "081804"), (1_234_567_890, "005924"), (20_000_000_000, "353130")] {
            let now = Timestamp(seconds * SECOND);
            assert_eq!(step_of(secret, code, now), Some(seconds / 30), "{seconds}");
            assert_eq!(step_of(secret, &format!(" {} {}", &code[..3], &code[3..]), now.plus(30 * SECOND)), Some(seconds / 30), "a clock that is a little off");
            assert_eq!(step_of(secret, code, now.plus(90 * SECOND)), None, "too old");
        }
        for wrong in ["", "28708", "2870822", "28708a", "ABCD-EFGH-JKLM-NPQR"] {
            assert_eq!(step_of(secret, wrong, Timestamp(59 * SECOND)), None);
        }
    }

    #[test]
    fn secrets_and_recovery_codes_can_be_typed() {
        assert_eq!(typed(b"12345678901234567890"), "GEZD GNBV GY3T QOJQ GEZD GNBV GY3T QOJQ");
        let (codes, hashes) = recovery_codes();
        assert_eq!((codes.len(), hashes.len()), (CODES, CODES));
        assert!(codes.iter().all(|c| c.len() == 19) && codes.iter().collect::<std::collections::BTreeSet<_>>().len() == CODES);
        assert_eq!(recovery_hash(&codes[0].to_lowercase().replace('-', " ")), Some(hashes[0]));
        assert_eq!(recovery_hash("123456"), None);
        assert!(picture(&new_secret(), "A & B", "a+b@c.example").unwrap().starts_with("<svg"));
    }
}
