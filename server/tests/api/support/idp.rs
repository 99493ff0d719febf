//! An identity provider that can be made to lie. (What a real one does is tested in a browser, `end2end/tests/oidc.spec.ts`.)

use super::{Answer, TestApp};
use axum::{
    Json, Router,
    extract::{Form, State},
    http::{HeaderMap, StatusCode},
    routing::{get, post},
};
use base64::{
    Engine,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use domain::SECOND;
use openidconnect::{
    JsonWebKeyId, PrivateSigningKey,
    core::{CoreEdDsaPrivateSigningKey, CoreHmacKey, CoreJwsSigningAlgorithm as Alg},
};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, Mutex},
};
use store::OidcProvider;
use tokio::net::TcpListener;

const CLIENT: &str = "the hub";
const SECRET: &str = "a secret: of + the client";

/// A provider with one client, the hub.
pub struct Idp {
    pub issuer: String,
    inner: Arc<Inner>,
    /// Where the client's secret is.
    _folder: tempfile::TempDir,
}

struct Inner {
    issuer: String,
    key: CoreEdDsaPrivateSigningKey,
    /// Codes that were given out: what they are good for, and what the answer is.
    codes: Mutex<HashMap<String, (Asked, Value)>>,
    /// Whether it says that answers carry `iss`.
    says_iss: bool,
}

/// What the hub asked of the provider, by way of the browser.
#[derive(Clone, Debug)]
pub struct Asked {
    pub at: String,
    pub params: BTreeMap<String, String>,
    /// The browser's cookie for the way.
    pub cookie: String,
}

impl Asked {
    pub fn param(&self, name: &str) -> &str {
        self.params.get(name).map_or("", String::as_str)
    }
}

/// How an ID token is signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signed {
    Well,
    /// With a key that is not among the provider's, under the name of one that is.
    ByAnotherKey,
    /// With a key whose name is not among the provider's.
    ByUnknownKey,
    /// With the client's secret, which is no proof of anything.
    BySecret,
    Not,
}

fn key(seed: u8, id: &str) -> CoreEdDsaPrivateSigningKey {
    let mut der = vec![0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20];
    der.extend([seed; 32]);
    let pem = format!("-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n", STANDARD.encode(der));
    CoreEdDsaPrivateSigningKey::from_ed25519_pem(&pem, Some(JsonWebKeyId::new(id.into()))).expect("a key")
}

impl Idp {
    /// A provider that runs, and is an organisation's.
    pub async fn of(app: &TestApp, org: &str) -> Self {
        Self::with(app, org, false).await
    }

    pub async fn with(app: &TestApp, org: &str, says_iss: bool) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let issuer = format!("http://{}", listener.local_addr().expect("an address"));
        let inner = Arc::new(Inner { issuer: issuer.clone(), key: key(7, "one"), codes: Mutex::default(), says_iss });
        let router = Router::new()
            .route("/.well-known/openid-configuration", get(configuration))
            .route("/jwks", get(jwks))
            .route("/token", post(token))
            .with_state(Arc::clone(&inner));
        tokio::spawn(async move { axum::serve(listener, router).await });
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("secret");
        std::fs::write(&file, format!("{SECRET}\n")).expect("a file");
        let provider = OidcProvider { org: app.org(org), issuer: issuer.clone(), client_id: CLIENT.into(), secret_file: file.display().to_string() };
        app.app.store.hub().set_oidc_provider(provider, app.now()).await.expect("a provider");
        Self { issuer, inner, _folder: folder }
    }

    /// What an honest ID token says.
    pub fn claims(&self, app: &TestApp, asked: &Asked, subject: &str) -> Value {
        let now = app.now().0 / SECOND;
        json!({ "iss": self.issuer, "sub": subject, "aud": CLIENT, "exp": now + 300, "iat": now, "auth_time": now, "nonce": asked.param("nonce") })
    }

    /// A code, good for an ID token that says what it is told to say.
    pub fn code(&self, asked: &Asked, claims: &Value, signed: Signed) -> String {
        self.code_for(asked, json!({ "access_token": "a", "token_type": "Bearer", "id_token": self.token(claims, signed) }))
    }

    pub fn code_for(&self, asked: &Asked, answer: Value) -> String {
        let code = format!("code-{}", self.inner.codes.lock().expect("codes").len());
        self.inner.codes.lock().expect("codes").insert(code.clone(), (asked.clone(), answer));
        code
    }

    pub fn token(&self, claims: &Value, signed: Signed) -> String {
        let (alg, id) = match signed {
            Signed::Well | Signed::ByAnotherKey => ("EdDSA", "one"),
            Signed::ByUnknownKey => ("EdDSA", "two"),
            Signed::BySecret => ("HS256", "one"),
            Signed::Not => ("none", "one"),
        };
        let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let message = format!("{}.{}", part(&json!({ "alg": alg, "typ": "JWT", "kid": id })), part(claims));
        let signature = match signed {
            Signed::Well => self.inner.key.sign(&Alg::EdDsa, message.as_bytes()),
            Signed::ByAnotherKey | Signed::ByUnknownKey => key(8, id).sign(&Alg::EdDsa, message.as_bytes()),
            Signed::BySecret => CoreHmacKey::new(SECRET).sign(&Alg::HmacSha256, message.as_bytes()),
            Signed::Not => Ok(vec![]),
        };
        format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature.expect("a signature")))
    }
}

async fn configuration(State(idp): State<Arc<Inner>>) -> Json<Value> {
    let at = |path: &str| format!("{}{path}", idp.issuer);
    Json(json!({
        "issuer": idp.issuer, "authorization_endpoint": at("/authorize"), "token_endpoint": at("/token"), "jwks_uri": at("/jwks"),
        "response_types_supported": ["code"], "subject_types_supported": ["public"], "id_token_signing_alg_values_supported": ["EdDSA", "HS256", "none"],
        "authorization_response_iss_parameter_supported": idp.says_iss, "end_session_endpoint": at("/logout?from=hub"),
        // As some providers write it.
        "token_endpoint_auth_methods_supported": "client_secret_basic client_secret_post", "claims_parameter_supported": "false", "ui_locales_supported": "en",
    }))
}

async fn jwks(State(idp): State<Arc<Inner>>) -> Json<Value> {
    Json(json!({ "keys": [idp.key.as_verification_key()] }))
}

/// Gives what was made ready for a code, once, to the hub, for the right verifier.
async fn token(State(idp): State<Arc<Inner>>, headers: HeaderMap, Form(form): Form<HashMap<String, String>>) -> (StatusCode, Json<Value>) {
    let refused = |error: &str| (StatusCode::BAD_REQUEST, Json(json!({ "error": error })));
    let encoded = |text: &str| serde_urlencoded::to_string([("", text)]).expect("text").trim_start_matches('=').to_owned();
    let basic = format!("Basic {}", STANDARD.encode(format!("{}:{}", encoded(CLIENT), encoded(SECRET))));
    if headers.get("authorization").is_none_or(|given| given != basic.as_str()) {
        return refused("invalid_client");
    }
    let of = |name: &str| form.get(name).cloned().unwrap_or_default();
    let Some((asked, answer)) = idp.codes.lock().expect("codes").remove(&of("code")) else { return refused("invalid_grant") };
    let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(of("code_verifier")));
    if asked.param("code_challenge_method") != "S256" || challenge != asked.param("code_challenge") || of("redirect_uri") != asked.param("redirect_uri") {
        return refused("invalid_grant");
    }
    (StatusCode::OK, Json(answer))
}

impl TestApp {
    /// Sends a form that leads to a provider.
    pub async fn to_the_provider(&self, path: &str, fields: &[(&str, &str)], cookie: &str) -> Asked {
        let answer = self.form(path, fields, cookie).await;
        assert_eq!((answer.status, answer.header("location")), (200, ""), "{path}: {}", answer.text());
        let to = goes_to(&answer);
        let url = reqwest::Url::parse(&to).expect("an address");
        Asked { at: to, params: url.query_pairs().into_owned().collect(), cookie: super::cookie_of(&answer) }
    }

    /// The browser comes back from a provider, without the session's cookie; says where the page goes on to.
    pub async fn back_from_the_provider(&self, org: &str, query: &[(&str, &str)], cookie: &str) -> String {
        let query = serde_urlencoded::to_string(query).expect("a query");
        let answer = self.visit(&format!("/auth/oidc/callback/{org}?{query}"), cookie).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        goes_to(&answer)
    }

    /// The whole way of a browser that has asked: there as `subject`, and back.
    pub async fn vouched(&self, idp: &Idp, org: &str, asked: &Asked, subject: &str, session: &str) -> Answer {
        let code = idp.code(asked, &idp.claims(self, asked, subject), Signed::Well);
        let to = self.back_from_the_provider(org, &[("code", &code), ("state", asked.param("state")), ("iss", &idp.issuer)], &asked.cookie).await;
        assert_eq!(to, "/auth/oidc/finish");
        self.visit(&to, &format!("{}; {session}", asked.cookie)).await
    }

    /// Signs in at an organisation's provider.
    pub async fn sign_in_at(&self, idp: &Idp, org: &str, subject: &str) -> Answer {
        let asked = self.to_the_provider("/auth/oidc/start", &[("org", org), ("next", "/orgs")], "").await;
        self.vouched(idp, org, &asked, subject, "").await
    }
}

/// Where a page that goes on by itself goes.
pub fn goes_to(answer: &Answer) -> String {
    let page = answer.text();
    let to = page.split("content=\"0;url=").nth(1).and_then(|rest| rest.split('"').next()).unwrap_or_else(|| panic!("goes nowhere: {page}"));
    to.replace("&amp;", "&")
}

/// The session's cookie that an answer sets.
pub fn session_of(answer: &Answer) -> String {
    let mut lines = answer.headers.get_all("set-cookie").iter().map(|line| line.to_str().expect("text"));
    lines.rfind(|line| line.starts_with("shieldwall=")).map_or_else(String::new, |line| line.split(';').next().unwrap_or_default().to_owned())
}
