//! Pages, rendered whole on the server.

use super::{
    query,
    table::{Access, MatchedRoute},
};
use crate::{
    App,
    api::problem::Problem,
    audit,
    auth::{self, SignedIn, links},
    kept,
    middleware::{PageNonce, is_machine, malformed, wants_page},
    page_time, serving,
    views::Viewing,
};
use app::{
    api::PagesHandle,
    app::{Assets, StreamPosition},
    components::SetStatus,
};
use axum::{
    Extension,
    body::Body,
    extract::{Request, State},
    http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header},
    response::{IntoResponse, Redirect, Response},
};
use domain::view::Unclear;
use leptos::prelude::provide_context;
use std::sync::{
    Arc,
    atomic::{AtomicU16, Ordering},
};
use store::StoreError;
use tower_sessions::Session;

/// An address that is no page's.
const NO_PAGE: &str = "/no/page";

/// The page of a one-time link that works no longer.
const EXPIRED: &str = "/welcome/unknown?error=expired";

/// The first tab of the administration.
const ADMINISTRATION: &str = "/admin/sharing";

/// A page of the table.
pub async fn page(
    State(app): State<App>,
    session: Session,
    Extension(nonce): Extension<PageNonce>,
    Extension(route): Extension<MatchedRoute>,
    request: Request<Body>,
) -> Response {
    serve(app, session, nonce, Some(route), request).await
}

/// The administration has no page of its own: its first tab, which every role opens, with the range and zone that were asked for.
pub async fn administration(_: SignedIn, uri: Uri) -> Redirect {
    Redirect::to(&uri.query().map_or_else(|| ADMINISTRATION.to_owned(), |asked| format!("{ADMINISTRATION}?{asked}")))
}

/// What is at no address of the table. Leptos is asked for an address that has no page, so that it serves nothing which the table does not have.
pub async fn nothing(State(app): State<App>, session: Session, Extension(nonce): Extension<PageNonce>, request: Request<Body>) -> Response {
    // An encoded slash belongs to an id, and here is none.
    if request.uri().path().to_ascii_lowercase().contains("%2f") {
        return malformed("The path holds an encoded slash where no id is meant.");
    }
    // Machines are told at once: where a page leads to is nothing to them.
    if !wants_page(request.headers()) || is_machine(&app, &request) {
        return Problem::nothing_here().into_response();
    }
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        return StatusCode::NOT_FOUND.into_response();
    }
    serve(app, session, nonce, None, request).await
}

async fn serve(app: App, session: Session, nonce: PageNonce, route: Option<MatchedRoute>, mut request: Request<Body>) -> Response {
    // A page that refreshes itself keeps nobody signed in: only the reader's own steps do.
    let refresh = request.headers().contains_key("x-refresh");
    let who = if refresh { auth::still_signed_in(&app, &session).await } else { auth::signed_in(&app, &session).await };
    let who = match who {
        Ok(who) => who,
        Err(error) => return unavailable(&error),
    };
    if let Some(who) = &who {
        serving::identify(request.extensions(), who.party());
        if let Err(refused) = page_time::admit(&app, request.extensions(), who).await {
            return refused;
        }
    }
    let open = route.is_some_and(|route| route.access == Access::Public);
    if who.is_none() && !open {
        return auth::to_the_sign_in(&app, request.headers(), request.uri().path_and_query().map_or("/", |p| p.as_str()));
    }
    if who.as_ref().is_some_and(|who| who.must_enrol) && !open && !auth::opens_before_enrolment(route.as_ref()) {
        return Redirect::to("/account").into_response();
    }
    if route.is_some_and(|route| route.path == "/signin/code") {
        match auth::begin::waiting(&session, app.clock.now()).await {
            Ok(waiting) => request.extensions_mut().insert(Waiting(waiting)),
            Err(error) => return unavailable(&error),
        };
    }
    // A page is the same page with a form on it that its reader comes back to.
    let (asked, form) = kept::named(request.uri().path_and_query().map_or("/", |asked| asked.as_str()));
    if let (Some(_), Ok(uri)) = (&form, asked.parse()) {
        *request.uri_mut() = uri;
    }
    if let Some(uri) = with_present_slugs(&app, request.uri()) {
        *request.uri_mut() = uri;
    }
    if route.is_none() {
        *request.uri_mut() = Uri::from_static(NO_PAGE);
    }
    if unclear(&request).is_none()
        && let Some(token) = request.uri().path().strip_prefix("/welcome/")
    {
        match app.store.hub().signin_link(links::hash(token.trim_end_matches('/')), app.clock.now()).await {
            Ok(true) => {}
            // Said before a password is thought of.
            Ok(false) => *request.uri_mut() = Uri::from_static(EXPIRED),
            Err(error) => return unavailable(&error),
        }
    }
    let (headers, user) = (request.headers().clone(), who.as_ref().map(|who| who.user.id));
    let page = render(app.clone(), who, None, nonce, request).await;
    match form {
        Some(id) => kept::filled(&app, &headers, &id, user, page).await,
        None => page,
    }
}

/// An address with an organisation's present slug where its query has a former one, so that what is narrowed to it is shown so, and every link and file of
/// the page goes on with it; `None` where there is nothing to put in place.
fn with_present_slugs(app: &App, uri: &Uri) -> Option<Uri> {
    let mut pairs: Vec<(String, String)> = serde_urlencoded::from_str(uri.query()?).ok()?;
    let board = app.live.board();
    let mut any = false;
    for (key, value) in &mut pairs {
        let (kind, slug) = match key.as_str() {
            "org" => ("", value.as_str()),
            "audience" => ("org:", value.strip_prefix("org:").unwrap_or_default()),
            _ => continue,
        };
        let Some(now) = board.by_slug(slug).map(|org| &org.info.slug).filter(|now| *now != slug) else { continue };
        (*value, any) = (format!("{kind}{now}"), true);
    }
    any.then(|| format!("{}?{}", uri.path(), serde_urlencoded::to_string(pairs).unwrap_or_default()).parse().ok())?
}

/// Whose second factor a page asks for.
#[derive(Clone, Copy)]
struct Waiting(Option<i64>);

fn unavailable(error: &StoreError) -> Response {
    tracing::error!(%error, "page");
    (StatusCode::SERVICE_UNAVAILABLE, [(header::RETRY_AFTER, "5")], "The database does not answer just now. Please try again.\n").into_response()
}

/// Renders the page of a request for somebody.
pub async fn render(app: App, who: Option<SignedIn>, once: Option<String>, nonce: PageNonce, request: Request<Body>) -> Response {
    let asked = who.clone().zip(request.extensions().get::<MatchedRoute>().copied()).map(|(who, route)| (app.clone(), who, route.path));
    let status = Arc::new(AtomicU16::new(200));
    let set = Arc::clone(&status);
    // Taken before any data is read: the page's stream begins here, and nothing is missed in between.
    let position = who.as_ref().map(|who| app.live.positions(&app.seal).write(who.viewer.org, app.live.frames().position(who.viewer.org)));
    let viewing: PagesHandle = Arc::new(viewing(app.clone(), who, once, &request));
    let base = app.live.assets_base();
    let context = move || {
        nonce.provide();
        provide_context(Arc::clone(&viewing));
        provide_context(Assets { base: base.clone() });
        if let Some(position) = position.clone() {
            provide_context(StreamPosition(position));
        }
        let set = Arc::clone(&set);
        provide_context(SetStatus(Arc::new(move |code| set.store(code, Ordering::Relaxed))));
    };
    let mut response = leptos_axum::render_app_async_with_context(context, app::shell)(request).await.into_response();
    if let Ok(code) = StatusCode::from_u16(status.load(Ordering::Relaxed))
        && response.status() == StatusCode::OK
    {
        *response.status_mut() = code;
    }
    if response.status() == StatusCode::FORBIDDEN
        && let Some((app, who, path)) = asked
    {
        audit::denied(&app, &who, path).await;
    }
    if response.status() == StatusCode::SERVICE_UNAVAILABLE {
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("5"));
    }
    response
}

fn viewing(app: App, who: Option<SignedIn>, once: Option<String>, request: &Request<Body>) -> Viewing {
    let base_url = base_url(&app, request.headers());
    let waiting = request.extensions().get::<Waiting>().and_then(|waiting| waiting.0);
    Viewing { app, who, waiting, base_url, once, unclear: unclear(request) }
}

/// What of an address its page does not know.
fn unclear(request: &Request<Body>) -> Option<Unclear> {
    query::read(request.extensions().get::<MatchedRoute>()?, request.uri().query().unwrap_or_default()).err()
}

/// The address under which people reach the hub, without a slash at the end: the one that its operator named. Where none was named, the one by which
/// the browser reached it.
pub(crate) fn base_url(app: &App, headers: &HeaderMap) -> String {
    if app.config.public_url_given {
        return app.config.public_url.clone();
    }
    let scheme = if app.config.insecure_cookies { "http" } else { "https" };
    let host = headers.get(header::HOST).and_then(|h| h.to_str().ok()).filter(|h| h.bytes().all(|b| b.is_ascii_alphanumeric() || b".-:[]".contains(&b)));
    format!("{scheme}://{}", host.map_or_else(|| app.config.listen.to_string(), str::to_owned))
}
