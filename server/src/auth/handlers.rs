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
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header},
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
    let tries = match doors.tries(&app, &form.email, address).await {
        Ok(Some(tries)) => tries,
        Ok(None) => {
            tracing::warn!(?address, "sign-in refused: too many failures");
            audit::sign_in_throttled(&app, &form.email, address).await;
            return Redirect::to(&sign_in_page(Some("throttled"), next)).into_response();
        }
        Err(error) => return unavailable(&error),
    };
    // Unknown, disabled and passwordless accounts take the same way and the same time as a wrong password.
    let hashes = doors.accounts.iter().filter_map(|user| usable(user)).map(str::to_owned).collect();
    let fits = match password::verify_each(hashes, &form.password, doors.queue()).await {
        Ok(fits) => fits,
        Err(error) => {
            tries.forgive(&app).await;
            return not_compared(error);
        }
    };
    let Some(no) = doors.opened(&tries, &fits) else {
        // Not what was typed as mail address: it is sometimes the password.
        tracing::warn!(?address, "sign-in failed");
        return match doors.told(&app, &form.email, &tries, address).await {
            Ok(()) => Redirect::to(&sign_in_page(Some("credentials"), next)).into_response(),
            Err(error) => unavailable(&error),
        };
    };
    if let Err(error) = doors.told_of_guesses(&app, &form.email, &tries, no, address).await {
        return unavailable(&error);
    }
    tries.succeeded(&app, no, doors.known_by[no].is_some()).await;
    let user = &doors.accounts[no];
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
    if !app.page_time.may_sign_in(user.id, app.clock.now()) {
        return too_often(&app, user, address, next).await;
    }
    match begin::begin(&app, &session, user.id, &visitor).await {
        Ok(()) => {
            tracing::info!(user = user.id, "signed in");
            Redirect::to(next).into_response()
        }
        Err(error) => unavailable(&error),
    }
}

/// The answer to somebody who has signed in as often as they may for now: each time is a row of the trail.
pub(super) async fn too_often(app: &App, user: &UserRecord, address: Option<IpAddr>, next: &str) -> Response {
    tracing::warn!(user = user.id, "signed in too often");
    match audit::throttled(app, &user.email, Some(user), address).await {
        Ok(()) => Redirect::to(&sign_in_page(Some("throttled"), next)).into_response(),
        Err(error) => unavailable(&error),
    }
}

/// The accounts of one mail address: at most one of each organisation. What is answered must not tell who else has one.
struct Doors {
    accounts: Vec<UserRecord>,
    /// By which the browser is known, of each.
    known_by: Vec<Option<Known>>,
}

/// The tries of one sign-in.
struct Tries {
    /// A stranger's at the mail address, which every sign-in takes; `None` where strangers have none left.
    stranger: Option<Attempt>,
    /// One at each account; `None` at one that nobody from here may guess at just now, which then no password opens.
    each: Vec<Option<Attempt>>,
}

impl Doors {
    async fn of(app: &App, email: &str, visitor: &Visitor) -> Result<Self, StoreError> {
        let accounts = app.store.hub().users_by_email(email).await?;
        let mut known_by = Vec::new();
        for user in &accounts {
            known_by.push(visitor.browser.knows(app, user).await?);
        }
        Ok(Self { accounts, known_by })
    }

    /// Whether one of the accounts knows the browser.
    fn known(&self) -> bool {
        self.known_by.iter().any(Option::is_some)
    }

    /// In which queue the password waits.
    fn queue(&self) -> Queue {
        self.accounts.iter().zip(&self.known_by).find(|(_, known)| known.is_some()).map_or(Queue::Stranger, |(user, _)| Queue::Known(user.id))
    }

    /// A try at each account: where it knows the browser the browser's own, else a stranger's, whatever the other accounts know. `None`: to be refused unseen.
    /// That depends on the accounts that know the browser, where there are any, and else on what strangers at this mail address have left.
    async fn tries(&self, app: &App, email: &str, address: Option<IpAddr>) -> Result<Option<Tries>, StoreError> {
        let stranger = Attempt::admit(app, Door::Password(email), Guesser::Stranger(address)).await?;
        let mut tries = Tries { each: self.accounts.iter().map(|_| None).collect(), stranger };
        let taken = async {
            for own in [true, false] {
                for ((user, known), tried) in self.accounts.iter().zip(&self.known_by).zip(&mut tries.each).filter(|((_, known), _)| known.is_some() == own) {
                    if own || tries.stranger.is_some() {
                        *tried = Attempt::admit(app, Door::PasswordOf(user.id, email), Guesser::of(*known, address)).await?;
                    }
                }
                let refused = if self.known() { tries.each.iter().all(Option::is_none) } else { tries.stranger.is_none() };
                if own && refused {
                    return Ok(false);
                }
            }
            Ok(true)
        };
        match taken.await {
            Ok(true) => Ok(Some(tries)),
            Ok(false) => Ok(None),
            Err(error) => {
                tries.forgive(app).await;
                Err(error)
            }
        }
    }

    /// The account whose password it was, by its place, from what fits of the usable hashes: one that knows the browser before one that does not.
    fn opened(&self, tries: &Tries, fits: &[bool]) -> Option<usize> {
        let usable = (0..self.accounts.len()).filter(|no| usable(&self.accounts[*no]).is_some());
        let fitting: Vec<usize> = usable.zip(fits).filter(|(no, fits)| **fits && tries.each[*no].is_some()).map(|(no, _)| no).collect();
        fitting.iter().copied().find(|no| self.known_by[*no].is_some()).or_else(|| fitting.first().copied())
    }

    /// Writes a failure into the trail: each organisation is told of its own account, whichever account the browser is known by. Else somebody could guess
    /// unseen behind an account that they have of somebody's mail address.
    async fn told(&self, app: &App, email: &str, tries: &Tries, address: Option<IpAddr>) -> Result<(), StoreError> {
        for (user, tried) in self.accounts.iter().zip(&tries.each) {
            match tried {
                Some(_) => audit::sign_in_failed(app, Some(user), address).await?,
                None => audit::throttled(app, email, Some(user), address).await?,
            }
        }
        if self.accounts.is_empty() {
            audit::sign_in_failed(app, None, address).await?;
        }
        Ok(())
    }

    /// Writes into the trail that one account was opened so often that strangers have no guesses left at another: somebody may be changing the password of
    /// their own account, and signing in with it as a stranger, to find out whether the other's is the same. The few sign-ins before that are let be, because
    /// people with an account at two organisations sign in at new browsers, too. A browser that the opened account knows has made no guess.
    async fn told_of_guesses(&self, app: &App, email: &str, tries: &Tries, opened: usize, address: Option<IpAddr>) -> Result<(), StoreError> {
        if self.known_by[opened].is_some() {
            return Ok(());
        }
        for (user, _) in self.accounts.iter().zip(&tries.each).filter(|(_, tried)| tried.is_none()) {
            audit::throttled(app, email, Some(user), address).await?;
        }
        Ok(())
    }
}

impl Tries {
    /// None of it came as far as a password.
    async fn forgive(self, app: &App) {
        for tried in self.each.into_iter().chain([self.stranger]).flatten() {
            tried.forgive(app).await;
        }
    }

    /// One account was opened. Where it knows the browser, nobody has learnt whether the password is another account's, too; else the tries at the others stay
    /// counted: a right password of one is a guess at the others.
    async fn succeeded(self, app: &App, opened: usize, known: bool) {
        for (no, tried) in self.each.into_iter().enumerate() {
            match tried {
                Some(tried) if no == opened => tried.succeeded(app).await,
                Some(tried) if known => tried.forgive(app).await,
                _ => {}
            }
        }
        if let Some(stranger) = self.stranger {
            stranger.forgive(app).await;
        }
    }
}

/// The hash that a password is compared with; none of somebody who may not sign in with one.
fn usable(user: &UserRecord) -> Option<&str> {
    user.password_hash.as_deref().filter(|_| !user.disabled)
}

/// The hash of a password for somebody's account; with the salt of another account of the same mail address, where there is one.
pub(crate) async fn hash_for(app: &App, user: &UserRecord, password: &str) -> Result<String, PasswordError> {
    let others = app.store.hub().users_by_email(&user.email).await.map_err(|error| PasswordError::Failed(error.to_string()))?;
    let beside = others.into_iter().filter(|other| other.id != user.id).find_map(|other| other.password_hash);
    password::hash_beside(password, beside, Queue::Known(user.id)).await
}

/// Ends the session, and leads to where the organisation's provider ends its own, where the session began there.
pub async fn sign_out(State(app): State<App>, session: Session, headers: HeaderMap) -> Response {
    let there = match oidc::handlers::end_of_session(&app, &session, &headers).await {
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
