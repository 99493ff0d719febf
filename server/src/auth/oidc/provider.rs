//! What an identity provider is asked, and what is believed of its answers.

use super::{Flow, http};
use crate::{App, clock::Clock};
use domain::{SECOND, Timestamp};
use openidconnect::{
    AdditionalProviderMetadata, AuthType, AuthenticationFlow, AuthorizationCode, ClientId, ClientSecret, CsrfToken, IssuerUrl, Nonce, PkceCodeChallenge,
    PkceCodeVerifier, ProviderMetadata, RedirectUrl, TokenResponse,
    core::{
        CoreAuthDisplay, CoreAuthPrompt, CoreClaimName, CoreClaimType, CoreClient, CoreClientAuthMethod, CoreGrantType, CoreIdTokenVerifier, CoreJsonWebKey,
        CoreJweContentEncryptionAlgorithm, CoreJweKeyManagementAlgorithm, CoreJwsSigningAlgorithm as Alg, CoreResponseMode, CoreResponseType,
        CoreSubjectIdentifierType,
    },
};
use reqwest::Url;
use serde::{Deserialize, Serialize};
use std::{
    sync::Arc,
    time::{Duration, UNIX_EPOCH},
};
use store::{OidcIdentity, OidcProvider};

/// How long what a provider says about itself is believed where nothing is decided by it.
const KNOWN: Duration = Duration::from_secs(5 * 60);
/// Signatures that are believed: with a key of the provider's, never with the secret that the hub knows too, never none.
const SIGNATURES: [Alg; 9] = [
    Alg::RsaSsaPkcs1V15Sha256,
    Alg::RsaSsaPkcs1V15Sha384,
    Alg::RsaSsaPkcs1V15Sha512,
    Alg::RsaSsaPssSha256,
    Alg::RsaSsaPssSha384,
    Alg::RsaSsaPssSha512,
    Alg::EcdsaP256Sha256,
    Alg::EcdsaP384Sha384,
    Alg::EdDsa,
];
/// How much a provider's clock may be behind ours, in microseconds.
const SKEW: i64 = 60 * SECOND;
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

/// What a provider says about itself, beyond what the crate knows.
#[derive(Clone, Debug, Deserialize, Serialize)]
struct Extra {
    /// Whether answers carry `iss` (RFC 9207).
    #[serde(default)]
    authorization_response_iss_parameter_supported: bool,
}

impl AdditionalProviderMetadata for Extra {}

type Metadata = ProviderMetadata<
    Extra,
    CoreAuthDisplay,
    CoreClientAuthMethod,
    CoreClaimName,
    CoreClaimType,
    CoreGrantType,
    CoreJweContentEncryptionAlgorithm,
    CoreJweKeyManagementAlgorithm,
    CoreJsonWebKey,
    CoreResponseMode,
    CoreResponseType,
    CoreSubjectIdentifierType,
>;

/// What the providers said about themselves of late, so that whoever begins many flows does not have them asked as often.
pub struct Providers {
    known: moka::future::Cache<String, Arc<Metadata>>,
}

impl Default for Providers {
    fn default() -> Self {
        Self { known: moka::future::Cache::builder().max_capacity(1_000).time_to_live(KNOWN).build() }
    }
}

/// Where a browser goes, and what must come back with it.
pub(super) struct Way {
    pub url: Url,
    pub state: String,
    pub nonce: String,
    pub verifier: String,
}

fn issuer_of(provider: &OidcProvider) -> Result<(IssuerUrl, Url), ProviderError> {
    let wrong = |e: &dyn std::fmt::Display| ProviderError::Discovery(e.to_string());
    let url = Url::parse(&provider.issuer).map_err(|e| wrong(&e))?;
    Ok((IssuerUrl::new(provider.issuer.clone()).map_err(|e| wrong(&e))?, url))
}

async fn discover(provider: &OidcProvider) -> Result<Metadata, ProviderError> {
    let (issuer, url) = issuer_of(provider)?;
    let http = http::client(&url)?;
    Metadata::discover_async(issuer, &http).await.map_err(|e| ProviderError::Discovery(causes(&e)))
}

/// An error with what it came from: the crate's own texts leave that out. Their sources never hold what was sent.
fn causes(error: &dyn std::error::Error) -> String {
    std::iter::successors(Some(error), |e| e.source()).map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

/// The way to a provider. `again`: the person has to prove there who he is, however short a time ago he did.
pub(super) async fn way(app: &App, provider: &OidcProvider, redirect_uri: &str, again: bool) -> Result<Way, ProviderError> {
    let known = app.providers.known.try_get_with(provider.issuer.clone(), async { discover(provider).await.map(Arc::new) });
    let metadata = known.await.map_err(|e| ProviderError::clone(&e))?;
    let redirect = RedirectUrl::new(redirect_uri.to_owned()).map_err(|e| ProviderError::Discovery(e.to_string()))?;
    let client = CoreClient::from_provider_metadata(Metadata::clone(&metadata), ClientId::new(provider.client_id.clone()), None).set_redirect_uri(redirect);
    let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
    // No scope but `openid`, which is added by itself: names and mail addresses are none of the hub's business.
    let asked = client.authorize_url(AuthenticationFlow::<CoreResponseType>::AuthorizationCode, || CsrfToken::new_random_len(32), || Nonce::new_random_len(32));
    let asked = asked.set_pkce_challenge(challenge);
    let asked = if again { asked.add_prompt(CoreAuthPrompt::Login).set_max_age(Duration::ZERO) } else { asked };
    let (url, state, nonce) = asked.url();
    http::check(&url, &issuer_of(provider)?.1)?;
    Ok(Way { url, state: state.into_secret(), nonce: nonce.secret().clone(), verifier: verifier.into_secret() })
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
    if iss.is_none() && metadata.additional_metadata().authorization_response_iss_parameter_supported {
        return Err(refused("the answer lacks iss, which the provider says to give"));
    }
    let (issuer, url) = issuer_of(provider)?;
    let (id, secret) = (ClientId::new(provider.client_id.clone()), secret(&provider.secret_file).await?);
    let methods = metadata.token_endpoint_auth_methods_supported();
    let in_body = methods.is_some_and(|m| m.contains(&CoreClientAuthMethod::ClientSecretPost) && !m.contains(&CoreClientAuthMethod::ClientSecretBasic));
    let keys = metadata.jwks().clone();
    let exchange = |e: &dyn std::error::Error| ProviderError::Exchange(causes(e));
    let redirect = RedirectUrl::new(flow.redirect_uri.clone()).map_err(|e| exchange(&e))?;
    let client = CoreClient::from_provider_metadata(metadata, id.clone(), Some(ClientSecret::new(secret)))
        .set_redirect_uri(redirect)
        .set_auth_type(if in_body { AuthType::RequestBody } else { AuthType::BasicAuth });
    let http = http::client(&url)?;
    let request = client.exchange_code(AuthorizationCode::new(code)).map_err(|e| exchange(&e))?;
    let answer = request.set_pkce_verifier(PkceCodeVerifier::new(flow.verifier.clone())).request_async(&http).await.map_err(|e| exchange(&e))?;
    let token = answer.id_token().ok_or_else(|| refused("there is none"))?;
    let now = app.clock.clone();
    let verifier = CoreIdTokenVerifier::new_public_client(id.clone(), issuer, keys).set_allowed_algs(SIGNATURES).set_time_fn(move || moment(&now).into());
    let claims = token.claims(&verifier, &Nonce::new(flow.nonce.clone())).map_err(|e| ProviderError::Token(causes(&e)))?;
    if claims.authorized_party().is_some_and(|party| *party != id) {
        return Err(refused("it was made for another client"));
    }
    let fresh = claims.auth_time().is_some_and(|at| at.timestamp_micros() >= flow.began_at - SKEW);
    if again && !fresh {
        return Err(refused("nobody proved anything at the provider just now"));
    }
    let subject = claims.subject().as_str();
    if subject.is_empty() || subject.len() > LONGEST || subject.contains(char::is_control) {
        return Err(refused("its subject is none"));
    }
    Ok(OidcIdentity { issuer: provider.issuer.clone(), subject: subject.to_owned() })
}

/// The hub's time as the standard library has it, which the crate can read.
fn moment(clock: &Clock) -> std::time::SystemTime {
    let Timestamp(micros) = clock.now();
    UNIX_EPOCH + Duration::from_micros(u64::try_from(micros).unwrap_or(0))
}

/// Reads a client's secret, anew each time, so that it can be replaced without a restart.
async fn secret(file: &str) -> Result<String, ProviderError> {
    let text = tokio::fs::read_to_string(file).await.map_err(|e| ProviderError::Secret(e.to_string()))?;
    let text = text.trim();
    if text.is_empty() { Err(ProviderError::Secret("it is empty".into())) } else { Ok(text.to_owned()) }
}
