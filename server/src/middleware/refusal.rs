//! In what form a refusal is told: in problem documents (RFC 9457) for machines, as a page for browsers that open an address or send a form, in a
//! sentence for everybody else. Whoever refuses says it in a sentence of plain text; [`in_kind`] gives it the form.

use crate::{
    App,
    api::problem::Problem,
    auth,
    card::{Card, escaped},
};
use axum::{
    body::to_bytes,
    extract::{Request, State},
    http::{HeaderMap, Method, StatusCode, Uri, header},
    middleware::Next,
    response::{IntoResponse, Response},
};

/// The longest sentence that is read again, in bytes.
const LONGEST: usize = 4_096;

/// On an answer that leads somebody to the sign-in: who asked may be a machine, which has no use for it.
#[derive(Clone, Copy, Debug)]
pub struct SignInFirst;

/// On a refusal, where its reader finds again what was typed.
#[derive(Clone, Debug)]
pub struct WayBack(pub String);

/// Whether a machine asks: where machines are served, with a key and no session, or for something that is no page. Decides how a refusal looks and
/// nothing else.
pub fn is_machine(app: &App, request: &Request) -> bool {
    let headers = request.headers();
    let key = headers.contains_key(header::AUTHORIZATION) && !auth::sessions::is_shown(app, headers);
    serves_machines(request.uri().path()) || key || (accepts(headers).contains("json") && !wants_page(headers))
}

/// Whether a path is where machines look for an API, here or at hubs of other makes.
pub fn serves_machines(path: &str) -> bool {
    let first = path.trim_start_matches('/').split('/').next().unwrap_or_default();
    ["api", "v1", "taxii2"].contains(&first)
}

fn accepts(headers: &HeaderMap) -> &str {
    headers.get(header::ACCEPT).and_then(|v| v.to_str().ok()).unwrap_or_default()
}

/// Whether a page is asked for: every browser names its type when it opens an address or sends a form.
pub fn wants_page(headers: &HeaderMap) -> bool {
    let accepts = accepts(headers);
    accepts.contains("text/html") || accepts.contains("application/xhtml+xml")
}

/// Gives refusals the form of who asked. With `axum::middleware::from_fn_with_state`, around everything that refuses.
pub async fn in_kind(State(app): State<App>, request: Request, next: Next) -> Response {
    let machine = is_machine(&app, &request);
    let page = !machine && wants_page(request.headers());
    let back = back_to(&request);
    let head = request.method() == Method::HEAD;
    let response = next.run(request).await;
    if machine && response.extensions().get::<SignInFirst>().is_some() {
        return Problem::sign_in().into_response();
    }
    let refused = response.status().is_client_error() || response.status().is_server_error();
    let kind = response.headers().get(header::CONTENT_TYPE).and_then(|v| v.to_str().ok()).unwrap_or_default();
    let (plain, html) = (kind.is_empty() || kind.starts_with("text/plain"), kind.starts_with("text/html"));
    if !refused || head || !(plain || html && machine) || !(machine || page) {
        return response;
    }
    let (mut parts, body) = response.into_parts();
    let text = if plain { to_bytes(body, LONGEST).await.ok().and_then(|bytes| String::from_utf8(bytes.into()).ok()) } else { None };
    let text = text.unwrap_or_default();
    let typed = parts.extensions.remove::<WayBack>().map(|to| to.0);
    let back = typed.as_deref().map(|to| (to, "Back to what you typed")).or(back.as_deref().map(|to| (to, "Back")));
    for name in [header::CONTENT_TYPE, header::CONTENT_LENGTH] {
        parts.headers.remove(name);
    }
    let answer = if machine { Problem::of_status(parts.status, text.trim()).into_response() } else { told(&app, parts.status, text.trim(), back) };
    let (dressed, body) = answer.into_parts();
    parts.headers.extend(dressed.headers);
    Response::from_parts(parts, body)
}

/// The page of the hub that a request came from, for a way back.
pub fn back_to<B>(request: &Request<B>) -> Option<String> {
    let host = request.headers().get(header::HOST)?.to_str().ok()?;
    let from: Uri = request.headers().get(header::REFERER)?.to_str().ok()?.parse().ok()?;
    let own = from.authority().is_some_and(|authority| authority.as_str().eq_ignore_ascii_case(host));
    let path = auth::handlers::local_path(from.path_and_query().filter(|_| own)?.as_str()).to_owned();
    Some(path)
}

/// A refusal as a page.
fn told(app: &App, status: StatusCode, text: &str, back: Option<(&str, &str)>) -> Response {
    let (title, usual) = words(status);
    let back = back.map(|(to, word)| format!("<a class=\"button\" href=\"{}\">{word}</a> ", escaped(to))).unwrap_or_default();
    let text = if text.is_empty() { usual } else { text };
    Card { title, go_on: None, body: format!("<p>{}</p><p>{back}<a href=\"/\">Overview</a></p>", escaped(text)) }.answer(app, status)
}

/// What a status is called, and what stands where nothing else is said.
fn words(status: StatusCode) -> (&'static str, &'static str) {
    match status {
        StatusCode::BAD_REQUEST => ("This cannot be read", "The request cannot be read. Nothing was changed."),
        StatusCode::UNAUTHORIZED => ("Sign in first", "Sign in first."),
        StatusCode::FORBIDDEN => ("Not allowed", "Your role does not open this."),
        StatusCode::NOT_FOUND => ("Not found", "There is nothing at this address, or it is not shared with you."),
        StatusCode::METHOD_NOT_ALLOWED => ("Nothing to open here", "This address takes forms of the hub's pages; there is nothing to open."),
        StatusCode::URI_TOO_LONG => ("The address is too long", "The address is longer than the hub reads. Nothing was changed."),
        StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE => {
            ("Too many header fields", "The request has more header fields than the hub reads. Nothing was changed.")
        }
        StatusCode::PAYLOAD_TOO_LARGE => ("Too much at once", "What was sent is longer than a form may be. Nothing was changed."),
        StatusCode::MISDIRECTED_REQUEST => ("Sign-in cannot work here", "The hub is reached by an address that it does not serve."),
        StatusCode::TOO_MANY_REQUESTS => ("Too much in a short time", "Nothing was changed. Try again in a moment."),
        StatusCode::SERVICE_UNAVAILABLE => ("Not available just now", "The hub cannot reach its database. Nothing was changed; try again in a moment."),
        status if status.is_server_error() => ("A fault on our side", "The hub failed at this request. The failure is in its log."),
        _ => ("Not done", "This was not done. Nothing was changed."),
    }
}

/// 400 with what is wrong.
pub fn malformed(why: impl Into<String>) -> Response {
    (StatusCode::BAD_REQUEST, why.into() + "\n").into_response()
}

/// A request's path as it may stand in the log: a one-time link is an address, so its secret is left out, and so is everything that is not in its plain
/// form. Queries, which hold what people look for, never stand there.
pub fn logged_path(request: &Request) -> &str {
    let path = request.uri().path();
    if super::plain::unclear_path(path).is_some() {
        return "not in plain form";
    }
    if path.starts_with("/welcome/") { "/welcome/…" } else { path }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::body::Body;

    #[test]
    fn a_browser_names_pages_and_a_program_does_not() {
        let of = |accept: &str| wants_page(&HeaderMap::from_iter([(header::ACCEPT, accept.parse().unwrap())]));
        assert!(of("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"));
        for program in ["*/*", "application/json", "image/avif,image/webp,*/*;q=0.8", "application/taxii+json;version=2.1"] {
            assert!(!of(program), "{program}");
        }
        assert!(!wants_page(&HeaderMap::new()));
    }

    #[test]
    fn the_way_back_is_the_hubs_own() {
        let from = |referer: &str| back_to(&Request::post("/x").header("host", "hub.example").header("referer", referer).body(Body::empty()).unwrap());
        assert_eq!(from("https://hub.example/admin/users?range=7d").as_deref(), Some("/admin/users?range=7d"));
        assert_eq!(from("https://evil.example/admin/users"), None);
        assert_eq!(from("/admin/users"), None);
    }
}
