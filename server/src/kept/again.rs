//! `GET /again`: a form that was kept, to be sent once more.

use super::{found, hash, with_form};
use crate::{
    App,
    auth::{SignedIn, begin},
    card::{Card, escaped},
    middleware::PageNonce,
};
use axum::{
    Extension,
    extract::{Query, State},
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
};
use serde::Deserialize;
use std::fmt::Write;

/// Letters of a field's value that are shown.
const SHOWN: usize = 200;

#[derive(Deserialize)]
pub struct Which {
    #[serde(default)]
    form: String,
}

pub const PATH: &str = "/again";

/// Where a kept form is sent once more.
#[must_use]
pub fn address(id: &str) -> String {
    format!("{PATH}?form={id}")
}

/// Shows what was typed, with a button that sends it. Who has just proved to be the person that sent it has said already what they want: then a script
/// presses the button, once.
pub async fn again(State(app): State<App>, who: SignedIn, headers: HeaderMap, Extension(nonce): Extension<PageNonce>, Query(which): Query<Which>) -> Response {
    let unavailable = |error| {
        tracing::error!(%error, "a kept form could not be read");
        StatusCode::SERVICE_UNAVAILABLE.into_response()
    };
    let form = match found(&app, &headers, &which.form, Some(who.user.id)).await {
        Ok(form) => form,
        Err(error) => return unavailable(error),
    };
    let Some(form) = form else {
        let body = "<p>What you typed was sent already, or is kept no longer.</p><p><a class=\"button\" href=\"/\">Overview</a></p>".to_owned();
        return Card { title: "Nothing is waiting here", go_on: None, body }.answer(&app, StatusCode::GONE);
    };
    let proved = form.user == Some(who.user.id) && (0..begin::FRESH).contains(&app.clock.now().since(who.verified_at));
    let by_itself = proved && form.whole;
    if by_itself {
        match app.store.hub().take_form(hash(&which.form)).await {
            Ok(_) => {}
            Err(error) => return unavailable(error),
        }
    }
    let fields: Vec<(String, String)> = serde_urlencoded::from_str(&form.fields).unwrap_or_default();
    let mut body = format!(
        "<p>Nothing was done yet. This is what you typed, {}.</p><dl class=\"kept\">",
        escaped(&format!("{} of {}", who.user.name, app.live.board().org(who.user.org).map_or("", |org| &org.info.name)))
    );
    for (name, value) in &fields {
        let short: String = value.chars().take(SHOWN).collect();
        let more = if short.len() < value.len() { "…" } else { "" };
        let _ = write!(body, "<dt>{}</dt><dd>{}{more}</dd>", escaped(&name.replace('_', " ")), escaped(&short));
    }
    body.push_str("</dl>");
    if form.whole {
        let _ = write!(body, "<form method=\"post\" action=\"{}\">", escaped(&form.action));
        for (name, value) in &fields {
            let _ = write!(body, "<input type=\"hidden\" name=\"{}\" value=\"{}\"/>", escaped(name), escaped(value));
        }
        body.push_str("<button class=\"primary\">Send it now</button></form>");
    } else {
        body.push_str("<p>Passwords and codes are not kept: type them again on the page.</p>");
    }
    if by_itself {
        let _ = write!(body, "<script nonce=\"{}\">document.forms[0].submit()</script>", nonce.0);
    } else {
        let _ = write!(body, "<p><a class=\"button\" href=\"{}\">Back to the page</a></p>", escaped(&with_form(&form.page, &which.form)));
    }
    Card { title: "What you typed is here", go_on: None, body }.answer(&app, StatusCode::OK)
}
