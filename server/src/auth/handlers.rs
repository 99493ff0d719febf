//! The forms of sign-in, sign-out and the first password. Plain POSTs that answer 303, so that they work without WASM; the
//! origin check in front of them is [`crate::middleware::same_origin`].

use super::{
    Attempt, Door, Guesser,
    begin::{self, Visitor},
    browser::Known,
    links, oidc, password, unavailable, verify,
};
use crate::{
    App, audit,
    auth::password::{PasswordError, Queue},
    card,
    middleware::{Form, unclear_path},
};
use axum::{
    extract::State,
    http::{HeaderName, HeaderValue, StatusCode, header},
    response::{IntoResponse, Redirect, Response},
};
use serde::Deserialize;
use std::net::IpAddr;
use store::{StoreError, UserRecord};
use tower_sessions::Session;

#[derive(Deserialize)]
pub struct SignIn {
    email: String,
    password: String,
    next: Option<String>,
}

pub async fn sign_in(State(app): State<App>, session: Session, visitor: Visitor, Form(form): Form<SignIn>) -> Response {
    let address = visitor.address.0;
    let next = local_path(form.next.as_deref().unwrap_or("/"));
    let doors = match Doors::of(&app, &form.email, &visitor).await {
        Ok(doors) => doors,
        Err(error) => return unavailable(&error),
    };
    let (known, accounts) = (doors.known, &doors.accounts);
    let (attempt, tries) = tokio::join!(Attempt::admit(&app, Door::Password(&form.email), Guesser::of(known, address)), doors.tries(&app, address));
    let attempt = match attempt {
        Ok(Some(attempt)) => attempt,
        Ok(None) => {
            tracing::warn!(?address, "sign-in refused: too many failures");
            audit::sign_in_throttled(&app, &form.email, address).await;
            return Redirect::to(&sign_in_page(Some("throttled"), next)).into_response();
        }
        Err(error) => return unavailable(&error),
    };
    let tries = match tries {
        Ok(tries) => tries,
        Err(error) => {
            attempt.forgive(&app).await;
            return unavailable(&error);
        }
    };
    let queue = if known.is_some() { Queue::Known } else { Queue::Stranger };
    // Unknown, disabled and passwordless accounts take the same way and the same time as a wrong password.
    let hashes = accounts.iter().filter_map(|user| usable(user)).map(str::to_owned).collect();
    let fits = match password::verify_each(hashes, &form.password, queue).await {
        Ok(fits) => fits,
        Err(error) => {
            for tried in [attempt].into_iter().chain(tries.into_iter().flatten()) {
                tried.forgive(&app).await;
            }
            return not_compared(error);
        }
    };
    let user = opened(&app, accounts, tries, &fits).await;
    let Some(user) = user else {
        // Not what was typed as mail address: it is sometimes the password.
        tracing::warn!(?address, "sign-in failed");
        for account in doors.concerned() {
            if let Err(error) = audit::sign_in_failed(&app, account, address).await {
                return unavailable(&error);
            }
        }
        return Redirect::to(&sign_in_page(Some("credentials"), next)).into_response();
    };
    attempt.succeeded(&app).await;
    if let Err(error) = begin::at_provider(&session, false).await {
        return unavailable(&error);
    }
    match verify::has_factor(&app, user.id).await {
        Ok(true) => {
            return match begin::wait_for_code(&session, user.id, app.clock.now()).await {
                Ok(()) => Redirect::to(&verify::code_page(next)).into_response(),
                Err(error) => unavailable(&error),
            };
        }
        Ok(false) => {}
        Err(error) => return unavailable(&error),
    }
    match begin::begin(&app, &session, user.id, &visitor).await {
        Ok(()) => {
            tracing::info!(user = user.id, "signed in");
            Redirect::to(next).into_response()
        }
        Err(error) => unavailable(&error),
    }
}

/// The accounts of one mail address: at most one of each organisation.
struct Doors {
    accounts: Vec<UserRecord>,
    /// By which the browser is known, of each.
    known_by: Vec<Option<Known>>,
    /// By which it is known at all.
    known: Option<Known>,
}

impl Doors {
    async fn of(app: &App, email: &str, visitor: &Visitor) -> Result<Self, StoreError> {
        let accounts = app.store.hub().users_by_email(email).await?;
        let mut known_by = Vec::new();
        for user in &accounts {
            known_by.push(visitor.browser.knows(app, user).await?);
        }
        let known = known_by.iter().flatten().next().copied();
        Ok(Self { accounts, known_by, known })
    }

    /// Whose organisations are told of a failure: where the browser is known by some of the accounts, those; else all, so that none learns from a missing
    /// row that there is another's. Nobody where there is no account.
    fn concerned(&self) -> Vec<Option<&UserRecord>> {
        let known = |known: &Option<Known>| self.known.is_none() || known.is_some();
        let concerned: Vec<_> = self.accounts.iter().zip(&self.known_by).filter(|(_, by)| known(by)).map(|(user, _)| Some(user)).collect();
        if concerned.is_empty() { vec![None] } else { concerned }
    }

    /// Where there are several accounts, a try at each: a right password of one is a guess at the others. `None` for one that nobody may guess at just now,
    /// which then no password opens.
    async fn tries(&self, app: &App, address: Option<IpAddr>) -> Result<Vec<Option<Attempt>>, StoreError> {
        if self.accounts.len() < 2 {
            return Ok(vec![]);
        }
        let tries = self.accounts.iter().zip(&self.known_by).map(|(user, known)| Attempt::admit(app, Door::PasswordOf(user.id), Guesser::of(*known, address)));
        futures::future::try_join_all(tries).await
    }
}

/// The hash that a password is compared with; none of somebody who may not sign in with one.
fn usable(user: &UserRecord) -> Option<&str> {
    user.password_hash.as_deref().filter(|_| !user.disabled)
}

/// Whose password it was, by what fits of the usable hashes. The tries at the others stay counted.
async fn opened(app: &App, accounts: &[UserRecord], tries: Vec<Option<Attempt>>, fits: &[bool]) -> Option<UserRecord> {
    let fitting: Vec<i64> = accounts.iter().filter(|user| usable(user).is_some()).zip(fits).filter(|(_, fits)| **fits).map(|(user, _)| user.id).collect();
    if tries.is_empty() {
        return accounts.iter().find(|user| fitting.contains(&user.id)).cloned();
    }
    let mut opened = None;
    for (user, tried) in accounts.iter().zip(tries) {
        if let Some(tried) = tried.filter(|_| fitting.contains(&user.id)) {
            tried.succeeded(app).await;
            opened = opened.or_else(|| Some(user.clone()));
        }
    }
    opened
}

/// The hash of a password for somebody's account; with the salt of another account of the same mail address, where there is one.
pub(crate) async fn hash_for(app: &App, user: &UserRecord, password: &str) -> Result<String, PasswordError> {
    let others = app.store.hub().users_by_email(&user.email).await.map_err(|error| PasswordError::Failed(error.to_string()))?;
    let beside = others.into_iter().filter(|other| other.id != user.id).find_map(|other| other.password_hash);
    password::hash_beside(password, beside).await
}

/// Ends the session, and leads to where the organisation's provider ends its own, where the session began there.
pub async fn sign_out(State(app): State<App>, session: Session) -> Response {
    let there = match oidc::handlers::end_of_session(&app, &session).await {
        Ok(there) => there,
        Err(error) => return unavailable(&error),
    };
    if let Err(error) = session.flush().await {
        return unavailable(&begin::store_error(&error));
    }
    const CLEAR: HeaderName = HeaderName::from_static("clear-site-data");
    let answer = match there {
        Some(url) => card::bounce(&app, url.as_str(), "You are signed out here. Going on to your organisation's sign-in, to sign out there, too."),
        None => Redirect::to("/signin").into_response(),
    };
    ([(CLEAR, HeaderValue::from_static("\"cache\", \"storage\""))], answer).into_response()
}

#[derive(Deserialize)]
pub struct Welcome {
    token: String,
    password: String,
    again: String,
}

pub async fn welcome(State(app): State<App>, session: Session, visitor: Visitor, Form(form): Form<Welcome>) -> Response {
    let back = |error: &str| Redirect::to(&format!("/welcome/{}?error={error}", form.token)).into_response();
    let (hash, hub) = (links::hash(&form.token), app.store.hub());
    let Some(id) = links::user_of(&form.token) else {
        // Not echoed into an address: it is nothing this hub ever made.
        return Redirect::to("/welcome/unknown?error=expired").into_response();
    };
    // Before anything costly: a token that was never given out buys no hashing.
    match hub.signin_link(hash, app.clock.now()).await {
        Ok(true) => (),
        Ok(false) => return back("expired"),
        Err(error) => return unavailable(&error),
    }
    if form.password != form.again {
        return back("mismatch");
    }
    let account = match hub.user(id).await {
        Ok(Some(user)) if !user.disabled => user,
        Ok(_) => return back("expired"),
        Err(error) => return unavailable(&error),
    };
    if password::check_strength(&form.password).is_err() || password::mentions_account(&form.password, &account.email) {
        return back("weak");
    }
    let stored = match hash_for(&app, &account, &form.password).await {
        Ok(stored) => stored,
        Err(error) => return not_compared(error),
    };
    let user = match hub.use_signin_link(hash, stored, app.clock.now()).await {
        Ok(Some(user)) => user,
        Ok(None) => return back("expired"),
        Err(error) => return unavailable(&error),
    };
    // A link sets a password; it is no second factor.
    match verify::has_factor(&app, user).await {
        Ok(true) => {
            return match begin::wait_for_code(&session, user, app.clock.now()).await {
                Ok(()) => Redirect::to(&verify::code_page("/")).into_response(),
                Err(error) => unavailable(&error),
            };
        }
        Ok(false) => {}
        Err(error) => return unavailable(&error),
    }
    match begin::begin(&app, &session, user, &visitor).await {
        Ok(()) => {
            tracing::info!(user, "set a password and signed in");
            Redirect::to("/").into_response()
        }
        Err(error) => unavailable(&error),
    }
}

/// The answer when no password was looked at.
pub(crate) fn not_compared(error: PasswordError) -> Response {
    match error {
        PasswordError::Busy => {
            let retry = [(header::RETRY_AFTER, HeaderValue::from_static("5"))];
            (StatusCode::TOO_MANY_REQUESTS, retry, "Too many people are signing in at this moment. Go back and try again in a few seconds.\n").into_response()
        }
        PasswordError::Failed(text) => unavailable(&StoreError::Internal(text)),
    }
}

/// The address of the sign-in page, with what went wrong and where to go afterwards.
#[must_use]
pub fn sign_in_page(error: Option<&str>, next: &str) -> String {
    let next = Some(local_path(next)).filter(|n| *n != "/");
    let query: Vec<(&str, &str)> = [("error", error), ("next", next)].into_iter().filter_map(|(k, v)| Some((k, v?))).collect();
    let query = serde_urlencoded::to_string(query).unwrap_or_default();
    if query.is_empty() { "/signin".to_owned() } else { format!("/signin?{query}") }
}

/// `next` when it is a path of this hub, in its plain form, that can be shown, else `/`. Browsers read `//`, `/\` and, after dropping tabs and
/// line ends, `/⇥/` as the beginning of a foreign host.
#[must_use]
pub fn local_path(next: &str) -> &str {
    let path = next.split(['?', '#']).next().unwrap_or_default();
    let plain = next.len() <= 2_048 && next.bytes().all(|b| b.is_ascii_graphic() && b != b'\\') && unclear_path(path).is_none();
    let local = next.starts_with('/') && !next.starts_with("//");
    let page = !["/signin", "/auth/", "/welcome/", "/ui/", "/api/", "/live", "/stepup"].iter().any(|p| next.starts_with(p));
    if plain && local && page { next } else { "/" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn next_stays_at_home() {
        for good in ["/", "/orgs/north?range=90d&tz=local", "/incidents#row", "/orgs?next=/../x"] {
            assert_eq!(local_path(good), good);
        }
        for bad in [
            "",
            "orgs",
            "//evil.example",
            "/\\evil.example",
            "/\t/evil.example",
            "https://evil.example",
            "/a\r\nSet-Cookie: x",
            "javascript:alert(1)",
            "/é",
            "/signin",
            "/auth/signout",
            "/orgs//x",
            "/./auth/signout",
            "/account/%2e%2e/welcome/x",
        ] {
            assert_eq!(local_path(bad), "/", "{bad:?}");
        }
    }

    #[test]
    fn the_sign_in_address_carries_what_it_needs() {
        assert_eq!(sign_in_page(None, "/"), "/signin");
        assert_eq!(sign_in_page(Some("credentials"), "/orgs?sort=score"), "/signin?error=credentials&next=%2Forgs%3Fsort%3Dscore");
        assert_eq!(sign_in_page(Some("throttled"), "//evil.example"), "/signin?error=throttled");
    }
}
