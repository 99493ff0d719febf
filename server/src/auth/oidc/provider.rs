//! What an identity provider is asked, and what is believed of its answers.
//!
//! Answers are read for what is used of them, and other fields may be anything: providers send texts for numbers, one word for a list, `"true"` for true.

use super::{
    Flow, http,
    token::{self, Wanted},
};
use crate::App;
use axum::http::{Request, StatusCode, header};
use base64::{Engine, engine::general_purpose::STANDARD};
use domain::{SECOND, Timestamp};
use openidconnect::{CsrfToken, Nonce, PkceCodeChallenge};
use reqwest::Url;
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::Value;
use std::{sync::Arc, time::Duration};
use store::{OidcIdentity, OidcProvider};

/// How long what a provider says about itself is believed where nothing is decided by it.
const KNOWN: Duration = Duration::from_secs(5 * 60);
/// How long a sign-out waits for a provider.
const PATIENCE: Duration = Duration::from_secs(3);
/// Longest `sub`, in bytes (OpenID Connect Core, section 2).
const LONGEST: usize = 255;

/// Why a provider could not be asked, or was not believed. Its texts are for the log; people see one sentence for all of them.
#[derive(Clone, Debug, thiserror::Error)]
pub enum ProviderError {
    #[error("{0}")]
    Http(String),
    #[error("the provider's answer is too large")]
    Large,
    #[error("the provider leads to {0}, which is not allowed")]
    Endpoint(String),
    #[error("what the provider says about itself: {0}")]
    Discovery(String),
    #[error("the client's secret cannot be read from its file: {0}")]
    Secret(String),
    #[error("the provider gives nothing for the code: {0}")]
    Exchange(String),
    /// Signature, issuer, audience, time, nonce.
    #[error("the ID token: {0}")]
    Token(String),
}

/// What a provider says about itself (OpenID Connect Discovery, RP-Initiated Logout, RFC 9207), as far as it is used.
#[derive(Clone, Debug, Deserialize)]
struct Metadata {
    issuer: String,
    authorization_endpoint: Url,
    token_endpoint: Url,
    jwks_uri: Url,
    #[serde(default)]
    token_endpoint_auth_methods_supported: Value,
    /// Where a browser goes to end the provider's own session.
    #[serde(default)]
    end_session_endpoint: Value,
    /// Whether answers carry `iss`.
    #[serde(default)]
    authorization_response_iss_parameter_supported: Value,
}

impl Metadata {
    /// Whether the client's secret is sent in the body: where that is said to work, and the head is not.
    fn secret_in_body(&self) -> bool {
        let says = |method: &str| match &self.token_endpoint_auth_methods_supported {
            Value::Array(all) => all.iter().any(|one| one == method),
            one => one.as_str().is_some_and(|words| words.split_whitespace().any(|word| word == method)),
        };
        says("client_secret_post") && !says("client_secret_basic")
    }

    fn gives_iss(&self) -> bool {
        let said = &self.authorization_response_iss_parameter_supported;
        *said == Value::Bool(true) || said.as_str().is_some_and(|text| text.eq_ignore_ascii_case("true"))
    }
}

/// The provider's keys.
#[derive(Deserialize)]
struct Keys {
    keys: Vec<Value>,
}

/// The answer to a code.
#[derive(Deserialize)]
struct Tokens {
    id_token: Option<String>,
}

/// What the providers said about themselves of late, so that whoever begins many flows does not have them asked as often.
pub struct Providers {
    known: moka::future::Cache<String, Arc<Metadata>>,
}

impl Default for Providers {
    fn default() -> Self {
        Self { known: moka::future::Cache::builder().max_capacity(1_000).time_to_live(KNOWN).build() }
    }
}

impl Providers {
    async fn metadata(&self, provider: &OidcProvider) -> Result<Arc<Metadata>, ProviderError> {
        let known = self.known.try_get_with(provider.issuer.clone(), async { discover(provider).await.map(Arc::new) });
        known.await.map_err(|e| ProviderError::clone(&e))
    }
}

/// Where a browser goes, and what must come back with it.
pub(super) struct Way {
    pub url: Url,
    pub state: String,
    pub nonce: String,
    pub verifier: String,
}

fn issuer_of(provider: &OidcProvider) -> Result<Url, ProviderError> {
    Url::parse(&provider.issuer).map_err(|e| ProviderError::Discovery(e.to_string()))
}

/// Asks for a document.
async fn read<T: DeserializeOwned>(provider: &OidcProvider, url: &str) -> Result<T, ProviderError> {
    let wrong = |e: &dyn std::fmt::Display| ProviderError::Discovery(e.to_string());
    let issuer = issuer_of(provider)?;
    let ask = http::client(&issuer)?;
    let request = Request::get(url).header(header::ACCEPT, "application/json").body(vec![]).map_err(|e| wrong(&e))?;
    let answer = ask(request).await?;
    if answer.status() != StatusCode::OK {
        return Err(wrong(&format!("{url} answers {}", answer.status())));
    }
    serde_json::from_slice(answer.body()).map_err(|e| wrong(&e))
}

async fn discover(provider: &OidcProvider) -> Result<Metadata, ProviderError> {
    let url = format!("{}/.well-known/openid-configuration", provider.issuer.trim_end_matches('/'));
    let metadata: Metadata = read(provider, &url).await?;
    if metadata.issuer == provider.issuer { Ok(metadata) } else { Err(ProviderError::Discovery("it names another issuer".to_owned())) }
}

/// The way to a provider. `again`: the person has to prove there who he is, however short a time ago he did.
pub(super) async fn way(app: &App, provider: &OidcProvider, redirect_uri: &str, again: bool) -> Result<Way, ProviderError> {
    let metadata = app.providers.metadata(provider).await?;
    let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
    let (state, nonce) = (CsrfToken::new_random_len(32), Nonce::new_random_len(32));
    let mut url = metadata.authorization_endpoint.clone();
    // No scope but `openid`: names and mail addresses are none of the hub's business.
    url.query_pairs_mut().extend_pairs([
        ("response_type", "code"),
        ("client_id", &provider.client_id),
        ("redirect_uri", redirect_uri),
        ("scope", "openid"),
        ("state", state.secret()),
        ("nonce", nonce.secret()),
        ("code_challenge", challenge.as_str()),
        ("code_challenge_method", "S256"),
    ]);
    if again {
        url.query_pairs_mut().extend_pairs([("prompt", "login"), ("max_age", "0")]);
    }
    http::check(&url, &issuer_of(provider)?)?;
    Ok(Way { url, state: state.into_secret(), nonce: nonce.secret().clone(), verifier: verifier.into_secret() })
}

/// Where a browser goes to end the provider's session too, for providers that say where (OpenID Connect RP-Initiated Logout 1.0), and from there to `back`.
pub(super) async fn end_of_session(app: &App, provider: &OidcProvider, back: &str) -> Option<Url> {
    let said = tokio::time::timeout(PATIENCE, app.providers.metadata(provider)).await;
    let metadata = said
        .map_err(|_| "it does not answer".to_owned())
        .and_then(|said| said.map_err(|error| error.to_string()))
        .inspect_err(|error| tracing::warn!(org = provider.org.0, ?error, "an identity provider was not told of a sign-out"))
        .ok()?;
    let mut url: Url = metadata.end_session_endpoint.as_str()?.parse().ok()?;
    http::check(&url, &issuer_of(provider).ok()?).ok()?;
    // No `id_token_hint`: the standard (section 2) lets `client_id` stand in for it, and the browser's cookie at the provider says whose session it is. The
    // token is a signed statement about a person, with whatever claims the provider adds. Keeping it through a session, sealed or not, would only
    // save those who sign out one question that some providers ask.
    url.query_pairs_mut().extend_pairs([("client_id", provider.client_id.as_str()), ("post_logout_redirect_uri", back)]);
    Some(url)
}

/// Whom the provider vouches for in exchange for a code. `iss` is what came with the code (RFC 9207).
pub(super) async fn vouched(
    app: &App,
    provider: &OidcProvider,
    flow: &Flow,
    code: String,
    iss: Option<&str>,
    again: bool,
) -> Result<OidcIdentity, ProviderError> {
    let refused = |what: &str| ProviderError::Token(what.to_owned());
    if iss.is_some_and(|iss| iss != provider.issuer) {
        return Err(refused("the answer is another issuer's"));
    }
    // Asked anew: a key may have been replaced, or withdrawn.
    let metadata = discover(provider).await?;
    if iss.is_none() && metadata.gives_iss() {
        return Err(refused("the answer lacks iss, which the provider says to give"));
    }
    let keys: Keys = read(provider, metadata.jwks_uri.as_str()).await?;
    let token = exchange(provider, &metadata, flow, &code).await?.id_token.ok_or_else(|| refused("there is none"))?;
    let Timestamp(now) = app.clock.now();
    let wanted = Wanted {
        issuer: &provider.issuer,
        client: &provider.client_id,
        nonce: &flow.nonce,
        now: now / SECOND,
        proved_since: again.then_some(flow.began_at / SECOND),
    };
    let subject = token::subject(&token, &keys.keys, &wanted)?;
    if subject.is_empty() || subject.len() > LONGEST || subject.contains(char::is_control) {
        return Err(refused("its subject is none"));
    }
    Ok(OidcIdentity { issuer: provider.issuer.clone(), subject })
}

/// Exchanges a code (RFC 6749, section 4.1.3; RFC 7636, section 4.5).
async fn exchange(provider: &OidcProvider, metadata: &Metadata, flow: &Flow, code: &str) -> Result<Tokens, ProviderError> {
    let wrong = |e: &dyn std::fmt::Display| ProviderError::Exchange(e.to_string());
    let secret = secret(&provider.secret_file).await?;
    let mut form = vec![("grant_type", "authorization_code"), ("code", code), ("redirect_uri", &flow.redirect_uri), ("code_verifier", &flow.verifier)];
    let mut request = Request::post(metadata.token_endpoint.as_str())
        .header(header::ACCEPT, "application/json")
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
    if metadata.secret_in_body() {
        form.extend([("client_id", provider.client_id.as_str()), ("client_secret", &secret)]);
    } else {
        // RFC 6749, section 2.3.1: both are encoded as in a form first.
        let encoded = |text: &str| url_encoded(text);
        let basic = STANDARD.encode(format!("{}:{}", encoded(&provider.client_id), encoded(&secret)));
        request = request.header(header::AUTHORIZATION, format!("Basic {basic}"));
    }
    let body = serde_urlencoded::to_string(form).map_err(|e| wrong(&e))?;
    let issuer = issuer_of(provider)?;
    let answer = http::client(&issuer)?(request.body(body.into_bytes()).map_err(|e| wrong(&e))?).await?;
    if answer.status() != StatusCode::OK {
        let said: Value = serde_json::from_slice(answer.body()).unwrap_or_default();
        return Err(wrong(&format!("{} {}", answer.status(), said["error"].as_str().unwrap_or_default())));
    }
    serde_json::from_slice(answer.body()).map_err(|e| wrong(&e))
}

fn url_encoded(text: &str) -> String {
    serde_urlencoded::to_string([("", text)]).unwrap_or_default().strip_prefix('=').unwrap_or_default().to_owned()
}

/// Reads a client's secret, anew each time, so that it can be replaced without a restart.
async fn secret(file: &str) -> Result<String, ProviderError> {
    let text = tokio::fs::read_to_string(file).await.map_err(|e| ProviderError::Secret(e.to_string()))?;
    let text = text.trim();
    if text.is_empty() { Err(ProviderError::Secret("it is empty".into())) } else { Ok(text.to_owned()) }
}
