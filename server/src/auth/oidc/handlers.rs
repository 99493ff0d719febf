//! The steps of signing in at an identity provider. The forms that begin answer with a page that goes to the provider; `callback` takes its answer; `finish`
//! does what the flow was begun for. Whatever goes wrong, somebody who wants to sign in is told the same.

use super::{Flow, LASTS, Purpose, Ticket, bounce::bounce, cleared, hash, provider};
use crate::{
    App, audit,
    auth::{
        Attempt, Door, Guesser, SignedIn,
        begin::{self, Visitor},
        handlers::{local_path, sign_in_page},
        links, signed_in, throttle, unavailable, verify,
    },
    card::Card,
    middleware::Form,
    routes::base_url,
};
use axum::{
    extract::{Path, Query, State},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Redirect, Response},
};
use domain::{OrgId, Timestamp};
use reqwest::Url;
use serde::Deserialize;
use store::{Linked, OidcFlow, OidcIdentity, OidcProvider, StoreError, UserRecord};
use tower_sessions::Session;

/// Where somebody is who has signed out at a provider, too.
pub const SIGNED_OUT: &str = "/auth/oidc/signed-out";
/// What people are told while a page goes on.
const TO_THE_PROVIDER: &str = "You are taken to your organisation's own sign-in.";
const BACK: &str = "Your organisation's sign-in has answered.";

#[derive(Deserialize)]
pub struct Begin {
    /// The organisation's slug. Asked for rather than offered: who the members are is not told to strangers.
    org: String,
    next: Option<String>,
}

#[derive(Deserialize)]
pub struct Join {
    token: String,
}

#[derive(Deserialize)]
pub struct Next {
    next: Option<String>,
}

/// What comes back from a provider with the browser.
#[derive(Default, Deserialize)]
pub struct Answer {
    code: Option<String>,
    state: Option<String>,
    iss: Option<String>,
    /// In place of a code: what the provider says went wrong. Not repeated anywhere: it is anybody's text.
    error: Option<String>,
}

/// Begins a sign-in.
pub async fn start(State(app): State<App>, visitor: Visitor, headers: HeaderMap, Form(form): Form<Begin>) -> Response {
    let next = local_path(form.next.as_deref().unwrap_or("/")).to_owned();
    let slug = form.org.trim().to_lowercase();
    let org = app.live.board().by_slug(&slug).map(|o| o.info.id);
    match org {
        Some(org) => send(&app, org, Purpose::SignIn, next, &visitor, &headers).await,
        // Counted alike, so that the answer to who tries too often does not tell who the members are.
        None => match may_begin(&app, &visitor).await {
            Ok(may) => Redirect::to(&sign_in_page(Some(if may { "organisation" } else { "throttled" }), &next)).into_response(),
            Err(error) => unavailable(&error),
        },
    }
}

/// Begins to sign in in place of setting a password, by a one-time link. The link is used up when the person is back.
pub async fn join(State(app): State<App>, visitor: Visitor, headers: HeaderMap, Form(form): Form<Join>) -> Response {
    let (token, hub) = (links::hash(&form.token), app.store.hub());
    let Some(id) = links::user_of(&form.token) else { return Redirect::to("/welcome/unknown?error=expired").into_response() };
    let user = match hub.signin_link(token, app.clock.now()).await {
        Ok(true) => hub.user(id).await,
        Ok(false) => Ok(None),
        Err(error) => Err(error),
    };
    match user {
        Ok(Some(user)) if !user.disabled => send(&app, user.org, Purpose::Join(token), "/".to_owned(), &visitor, &headers).await,
        Ok(_) => Redirect::to(&format!("/welcome/{}?error=expired", form.token)).into_response(),
        Err(error) => unavailable(&error),
    }
}

/// Begins to prove that it is still the same person, for who has no second factor; else its code is the proof.
pub async fn step_up(State(app): State<App>, who: SignedIn, visitor: Visitor, headers: HeaderMap, Form(form): Form<Next>) -> Response {
    let next = local_path(form.next.as_deref().unwrap_or("/")).to_owned();
    send(&app, who.user.org, Purpose::StepUp(who.user.id), next, &visitor, &headers).await
}

/// Begins to link the identity that the person has at the provider.
pub(crate) async fn link(app: &App, who: &SignedIn, visitor: &Visitor, headers: &HeaderMap) -> Response {
    send(app, who.user.org, Purpose::Link(who.user.id), "/account".to_owned(), visitor, headers).await
}

/// Counts that a browser begins a flow: its own count where somebody has signed in with it before, else that of its address.
async fn may_begin(app: &App, visitor: &Visitor) -> Result<bool, StoreError> {
    let known = visitor.browser.knows_anybody(app).await?;
    throttle::may_begin(app, Guesser::of(known, visitor.address.0)).await
}

/// Sends a browser to an organisation's provider.
async fn send(app: &App, org: OrgId, purpose: Purpose, next: String, visitor: &Visitor, headers: &HeaderMap) -> Response {
    let (hub, now, address) = (app.store.hub(), app.clock.now(), visitor.address.0);
    match may_begin(app, visitor).await {
        Ok(true) => {}
        Ok(false) => {
            audit::sign_in_throttled(app, &address.map(|a| a.to_string()).unwrap_or_default(), address).await;
            return failed(&purpose, Some("throttled"), &next).into_response();
        }
        Err(error) => return unavailable(&error),
    }
    let provider = match hub.oidc_provider(org).await {
        Ok(Some(provider)) => provider,
        Ok(None) => return failed(&purpose, None, &next).into_response(),
        Err(error) => return unavailable(&error),
    };
    app.live.know(org).await;
    let Some(slug) = app.live.board().org(org).map(|o| o.info.slug.clone()) else { return failed(&purpose, None, &next).into_response() };
    let redirect_uri = format!("{}/auth/oidc/callback/{slug}", base_url(app, headers));
    let way = match provider::way(app, &provider, &redirect_uri, matches!(purpose, Purpose::StepUp(_))).await {
        Ok(way) => way,
        Err(error) => {
            tracing::error!(org = slug, error = ?error.to_string(), "an identity provider cannot be used");
            return failed(&purpose, None, &next).into_response();
        }
    };
    let flow = Flow { purpose, nonce: way.nonce, verifier: way.verifier, redirect_uri, next, began_at: now.0 };
    let (ticket, data) = (Ticket::new(), serde_json::to_string(&flow).unwrap_or_default());
    match hub.begin_oidc(ticket.hash(), hash(&way.state), org, data, now.plus(LASTS), now).await {
        Ok(()) => bounce(app, way.url.as_str(), TO_THE_PROVIDER, ticket.line(app)),
        Err(error) => unavailable(&error),
    }
}

/// Takes a provider's answer. The browser comes from a foreign page, so its session does not show; what is done with the answer waits for `finish`.
pub async fn callback(
    State(app): State<App>,
    visitor: Visitor,
    headers: HeaderMap,
    Path(slug): Path<String>,
    answer: Result<Query<Answer>, axum::extract::rejection::QueryRejection>,
) -> Response {
    let (hub, address) = (app.store.hub(), visitor.address.0);
    let answer = answer.map(|Query(answer)| answer).unwrap_or_default();
    let to = |address: Redirection| bounce(&app, &address.0, BACK, None);
    let Some(ticket) = Ticket::of(&app, &headers) else { return to(failed(&Purpose::SignIn, None, "/")) };
    let Some(org) = app.live.board().by_slug(&slug).map(|o| o.info.id) else { return to(failed(&Purpose::SignIn, None, "/")) };
    let state = hash(answer.state.as_deref().unwrap_or_default());
    let flow = match hub.answer_oidc(ticket.hash(), state, org, app.clock.now()).await {
        Ok(flow) => flow,
        Err(error) => return unavailable(&error),
    };
    let Some(flow) = flow.and_then(|flow| read(&flow)) else {
        match throttle::may_answer(&app, address).await {
            Ok(true) => {}
            Ok(false) => {
                audit::sign_in_throttled(&app, &address.map(|a| a.to_string()).unwrap_or_default(), address).await;
                return to(Redirection(sign_in_page(Some("throttled"), "/")));
            }
            Err(error) => return unavailable(&error),
        }
        // Not ended: somebody else may have made up this answer, while the real one is under way.
        return match audit::oidc_failed(&app, org, None, address, "state").await {
            Ok(()) => to(failed(&Purpose::SignIn, None, "/")),
            Err(error) => unavailable(&error),
        };
    };
    let attempt = match admit(&app, &ticket, address).await {
        Ok(Ok(attempt)) => attempt,
        Ok(Err(throttled)) => return to(throttled),
        Err(error) => return unavailable(&error),
    };
    let proved = match hub.oidc_provider(org).await {
        Ok(Some(provider)) => prove(&app, &provider, &flow, answer).await,
        Ok(None) => Err("provider"),
        Err(error) => return unavailable(&error),
    };
    let done = match proved {
        Ok(identity) => {
            attempt.forgive(&app).await;
            hub.prove_oidc(ticket.hash(), identity).await.map(|()| Redirection("/auth/oidc/finish".to_owned()))
        }
        Err(why) => end(&app, &ticket, org, why, &flow, &visitor).await,
    };
    match done {
        Ok(address) => to(address),
        Err(error) => unavailable(&error),
    }
}

/// Has an answer vouched for, or says in a word why not.
async fn prove(app: &App, provider: &OidcProvider, flow: &Flow, answer: Answer) -> Result<OidcIdentity, &'static str> {
    let (None, Some(code)) = (answer.error, answer.code) else { return Err("refused by the provider") };
    let again = matches!(flow.purpose, Purpose::StepUp(_));
    provider::vouched(app, provider, flow, code, answer.iss.as_deref(), again).await.map_err(|error| {
        tracing::warn!(org = provider.org.0, error = ?error.to_string(), "an identity provider's answer was not believed");
        "not believed"
    })
}

/// Ends a flow that leads nowhere.
async fn end(app: &App, ticket: &Ticket, org: OrgId, why: &str, flow: &Flow, visitor: &Visitor) -> Result<Redirection, StoreError> {
    app.store.hub().end_oidc(ticket.hash(), app.clock.now()).await?;
    audit::oidc_failed(app, org, None, visitor.address.0, why).await?;
    Ok(failed(&flow.purpose, None, &flow.next))
}

/// Does what a flow was begun for, with whom the provider has vouched for.
pub async fn finish(State(app): State<App>, session: Session, visitor: Visitor, headers: HeaderMap) -> Response {
    let address = visitor.address.0;
    let Some(ticket) = Ticket::of(&app, &headers) else { return failed(&Purpose::SignIn, None, "/").into_response() };
    let ended = match app.store.hub().end_oidc(ticket.hash(), app.clock.now()).await {
        Ok(ended) => ended,
        Err(error) => return unavailable(&error),
    };
    let proved = ended.as_ref().and_then(|ended| Some((ended.org, read(ended)?, ended.proved.clone()?)));
    let Some((org, flow, identity)) = proved else { return failed(&Purpose::SignIn, None, "/").into_response() };
    let attempt = match admit(&app, &ticket, address).await {
        Ok(Ok(attempt)) => attempt,
        Ok(Err(throttled)) => return throttled.into_response(),
        Err(error) => return unavailable(&error),
    };
    let done = match &flow.purpose {
        Purpose::SignIn => sign_in(&app, org, &identity).await,
        Purpose::Join(token) => use_link(&app, *token, identity).await,
        Purpose::Link(user) => link_to(&app, &session, *user, identity).await,
        Purpose::StepUp(user) => same(&app, &session, *user, org, &identity).await,
    };
    let mut response = match done {
        Ok(Ok(Done::In(user))) => {
            attempt.succeeded(&app).await;
            let stepped_up = matches!(flow.purpose, Purpose::StepUp(_));
            match enter(&app, &session, user, &visitor, stepped_up, &flow.next).await {
                Ok(to) => to.into_response(),
                Err(error) => return unavailable(&error),
            }
        }
        Ok(Ok(Done::Linked)) => {
            attempt.succeeded(&app).await;
            Redirect::to("/account?done=linked").into_response()
        }
        Ok(Err(Not { account, why })) => match audit::oidc_failed(&app, org, account.as_deref(), address, why).await {
            Ok(()) => failed(&flow.purpose, None, &flow.next).into_response(),
            Err(error) => return unavailable(&error),
        },
        Err(error) => return unavailable(&error),
    };
    if let Some(line) = cleared(&app) {
        response.headers_mut().append(header::SET_COOKIE, line);
    }
    response
}

/// What a flow came to.
enum Done {
    /// This person is let in.
    In(i64),
    Linked,
}

/// Nothing comes of a flow: whose account it was about, and why, in a word for the audit trail.
struct Not {
    account: Option<Box<UserRecord>>,
    why: &'static str,
}

type Outcome = Result<Result<Done, Not>, StoreError>;

async fn sign_in(app: &App, org: OrgId, identity: &OidcIdentity) -> Outcome {
    let hub = app.store.hub();
    let Some(id) = hub.person_of_identity(org, identity).await? else { return Ok(Err(Not { account: None, why: "not linked" })) };
    Ok(match hub.user(id).await? {
        Some(user) if !user.disabled => Ok(Done::In(id)),
        account => Err(Not { account: account.map(Box::new), why: "disabled" }),
    })
}

async fn use_link(app: &App, token: [u8; 32], identity: OidcIdentity) -> Outcome {
    let used = app.store.hub().use_signin_link_for(token, identity, app.clock.now()).await?;
    Ok(used.map(Done::In).ok_or(Not { account: None, why: "link" }))
}

/// The session must still be of the person who began.
async fn link_to(app: &App, session: &Session, user: i64, identity: OidcIdentity) -> Outcome {
    let Some(who) = signed_in(app, session).await?.filter(|who| who.user.id == user) else { return Ok(Err(Not { account: None, why: "session" })) };
    Ok(match app.store.hub().link_identity(user, identity, app.clock.now()).await? {
        Linked::Done => Ok(Done::Linked),
        Linked::Not => Err(Not { account: Some(Box::new(who.user)), why: "not to be linked" }),
    })
}

async fn same(app: &App, session: &Session, user: i64, org: OrgId, identity: &OidcIdentity) -> Outcome {
    let Some(who) = signed_in(app, session).await?.filter(|who| who.user.id == user) else { return Ok(Err(Not { account: None, why: "session" })) };
    let same = app.store.hub().person_of_identity(org, identity).await? == Some(user);
    // Who has a second factor proves it by its code.
    if same && !verify::has_factor(app, user).await? {
        Ok(Ok(Done::In(user)))
    } else {
        Ok(Err(Not { account: Some(Box::new(who.user)), why: "somebody else" }))
    }
}

/// Begins the session, or waits for the code where there is a second factor: the provider's word stands in for a password only.
async fn enter(app: &App, session: &Session, user: i64, visitor: &Visitor, stepped_up: bool, next: &str) -> Result<Redirection, StoreError> {
    begin::at_provider(session, true).await?;
    if !stepped_up && verify::has_factor(app, user).await? {
        begin::wait_for_code(session, user, app.clock.now()).await?;
        return Ok(Redirection(verify::code_page(next)));
    }
    begin::begin(app, session, user, visitor).await?;
    tracing::info!(user, "signed in at the organisation's provider");
    Ok(Redirection(local_path(next).to_owned()))
}

/// Counts an answer to a flow, before the provider is asked. How many flows there are was counted when they began.
async fn admit(app: &App, ticket: &Ticket, address: Option<std::net::IpAddr>) -> Result<Result<Attempt, Redirection>, StoreError> {
    match Attempt::admit(app, Door::Flow(ticket.hash()), Guesser::Stranger(address)).await? {
        Some(attempt) => Ok(Ok(attempt)),
        None => {
            audit::sign_in_throttled(app, &address.map(|a| a.to_string()).unwrap_or_default(), address).await;
            Ok(Err(Redirection(sign_in_page(Some("throttled"), "/"))))
        }
    }
}

fn read(flow: &OidcFlow) -> Option<Flow> {
    serde_json::from_str(&flow.data).inspect_err(|error| tracing::error!(%error, "a flow cannot be read")).ok()
}

/// An address of the hub's own.
struct Redirection(String);

impl IntoResponse for Redirection {
    fn into_response(self) -> Response {
        Redirect::to(&self.0).into_response()
    }
}

/// Where somebody is told that it did not work, always in the same words.
fn failed(purpose: &Purpose, error: Option<&str>, next: &str) -> Redirection {
    Redirection(match purpose {
        Purpose::SignIn | Purpose::Join(_) => sign_in_page(Some(error.unwrap_or("organisation")), next),
        Purpose::Link(_) => format!("/account?done={}", error.unwrap_or("not-linked")),
        Purpose::StepUp(_) => verify::step_up_page(Some(error.unwrap_or("organisation")), next),
    })
}

/// Where somebody who signs out ends the provider's session, too: where this session began there, and the provider says where.
///
/// # Errors
/// When the database fails.
pub async fn end_of_session(app: &App, session: &Session, headers: &HeaderMap) -> Result<Option<Url>, StoreError> {
    if !begin::began_at_provider(session).await? {
        return Ok(None);
    }
    let Some(who) = signed_in(app, session).await? else { return Ok(None) };
    let Some(provider) = app.store.hub().oidc_provider(who.user.org).await? else { return Ok(None) };
    Ok(provider::end_of_session(app, &provider, &format!("{}{SIGNED_OUT}", base_url(app, headers))).await)
}

/// Where a provider sends a browser once it has ended its own session. It says so and nothing else: the session here ended before, and what a provider
/// adds to the address is not read.
pub async fn signed_out(State(app): State<App>, session: Session) -> Response {
    match signed_in(&app, &session).await {
        Ok(None) => {
            let body = "<p>You are signed out here and at your organisation's sign-in.</p><p><a class=\"button\" href=\"/signin\">Sign in again</a></p>";
            Card { title: "Signed out", go_on: None, body: body.to_owned() }.answer(&app, StatusCode::OK)
        }
        // The address was opened by itself.
        Ok(Some(_)) => Redirect::to("/").into_response(),
        Err(error) => unavailable(&error),
    }
}

/// Whether a flow can be begun at all: for pages that offer it.
///
/// # Errors
/// When the database fails.
pub async fn offered(app: &App) -> Result<bool, StoreError> {
    Ok(!app.store.hub().oidc_providers().await?.is_empty())
}

/// The organisation of the person behind a one-time link that still works, where it has a provider.
///
/// # Errors
/// When the database fails.
pub async fn offered_to(app: &App, token: &str, now: Timestamp) -> Result<Option<OrgId>, StoreError> {
    let hub = app.store.hub();
    let Some(id) = links::user_of(token) else { return Ok(None) };
    if !hub.signin_link(links::hash(token), now).await? {
        return Ok(None);
    }
    let Some(user) = hub.user(id).await?.filter(|user| !user.disabled) else { return Ok(None) };
    Ok(hub.oidc_provider(user.org).await?.map(|provider| provider.org))
}
