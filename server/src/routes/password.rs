//! The form of `/account` that changes the own password.

use super::account::{back, failed};
use crate::{
    App, audit,
    auth::{
        Attempt, Browser, ClientAddress, Door, Guesser, SignedIn,
        handlers::{hash_for, not_compared},
        password::{self, Queue},
    },
    middleware::Form,
};
use axum::{extract::State, response::Response};
use serde::Deserialize;

#[derive(Deserialize)]
pub struct Change {
    current: String,
    password: String,
    again: String,
}

/// Sets another password, for who knows the one before: whoever found an open session shall not keep its owner out. All other sessions end.
pub async fn change(State(app): State<App>, who: SignedIn, ClientAddress(address): ClientAddress, browser: Browser, Form(form): Form<Change>) -> Response {
    let user = &who.user;
    if form.password != form.again {
        return back("mismatch");
    }
    if password::check_strength(&form.password).is_err() || password::mentions_account(&form.password, &user.email) {
        return back("weak");
    }
    // Of the session's own: whoever found it open gets few, and keeps nobody from signing in elsewhere.
    let attempt = match Attempt::admit(&app, Door::Password(&user.email), Guesser::Session(who.session)).await {
        Ok(Some(attempt)) => attempt,
        Ok(None) => {
            audit::sign_in_throttled(&app, &user.email, address).await;
            return back("throttled");
        }
        Err(error) => return failed(&error),
    };
    match password::verify(user.password_hash.as_deref(), &form.current, Queue::Known(user.id)).await {
        Ok(true) => {}
        Ok(false) => {
            return match audit::sign_in_failed(&app, Some(user), address).await {
                Ok(()) => back("current"),
                Err(error) => failed(&error),
            };
        }
        Err(error) => {
            attempt.forgive(&app).await;
            return not_compared(error);
        }
    }
    attempt.succeeded(&app).await;
    let hash = match hash_for(&app, user, &form.password).await {
        Ok(hash) => hash,
        Err(error) => return not_compared(error),
    };
    let before = user.password_hash.clone().unwrap_or_default();
    match app.store.hub().change_password(user.id, before, hash, who.session, app.clock.now()).await {
        Ok(true) => {
            tracing::info!(user = user.id, "changed the password");
            // By the old password it is known no more.
            match browser.remember(&app, user.id).await {
                Ok(()) => back("password"),
                Err(error) => failed(&error),
            }
        }
        Ok(false) => back("current"),
        Err(error) => failed(&error),
    }
}
