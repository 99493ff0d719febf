//! A client of the push API that does not give up early: it repeats a push that met a busy or absent hub, under the same
//! idempotency key, so that however often it arrives it is kept once.

use crate::auth::oidc::is_loopback;
use anyhow::{Context, bail};
use domain::Timestamp;
use rand::RngExt;
use reqwest::{StatusCode, Url, header};
use serde::Deserialize;
use std::time::Duration;
use store::{AllianceKey, LeftOut, Mode, NumberedKey, What};

/// A key and the hub it belongs to.
pub struct PushClient {
    http: reqwest::Client,
    base: Url,
    /// The `Authorization` header, marked sensitive so that no log shows it.
    authorization: header::HeaderValue,
    /// How often one push is sent before it counts as failed.
    attempts: u32,
}

/// How a batch is meant.
#[derive(Clone, Copy, Debug, Default)]
pub struct Intent {
    pub mode: Mode,
    /// Of a snapshot the moment it was taken.
    pub as_of: Option<Timestamp>,
    pub dry_run: bool,
    pub strict: bool,
}

/// Hears what a client is waiting for.
pub type Tell<'a> = &'a (dyn Fn(&str) + Sync);

/// The hub's answer to one push: a receipt, or the problem that kept it from one.
#[derive(Debug, Deserialize)]
pub struct Answer {
    #[serde(skip)]
    pub status: u16,
    /// The receipt's id; absent where nothing was read.
    pub id: Option<String>,
    #[serde(default)]
    pub success_count: u32,
    #[serde(default)]
    pub failure_count: u32,
    #[serde(default)]
    pub failures: Vec<Failure>,
    /// How the hub understands what it kept.
    #[serde(default)]
    pub notes: Vec<String>,
    /// Of a snapshot that changed nothing: when the newer one was taken that had been applied.
    pub outdated_by: Option<String>,
    /// Of a snapshot that was applied: what it ended.
    pub left_out: Option<LeftOut>,
    /// Of a problem (RFC 9457).
    pub title: Option<String>,
    pub detail: Option<String>,
    #[serde(default)]
    pub errors: Vec<Failure>,
    /// Of a problem that has one: all items were refused.
    pub receipt: Option<Box<Answer>>,
}

/// One refused item or field.
#[derive(Clone, Debug, Deserialize)]
pub struct Failure {
    /// Position in the push; absent in a problem, and where the push as a whole is meant.
    pub index: Option<usize>,
    #[serde(default)]
    pub pointer: String,
    #[serde(default)]
    pub detail: String,
}

impl Failure {
    /// Position of the item in the push; a problem names it by its pointer alone.
    pub fn item(&self) -> Option<usize> {
        let list = ["/items/", "/counts/"].into_iter().find_map(|list| self.pointer.strip_prefix(list));
        self.index.or_else(|| list?.split('/').next()?.parse().ok())
    }
}

impl Answer {
    /// Whether the push was accepted, be it in part.
    pub const fn accepted(&self) -> bool {
        self.status >= 200 && self.status < 300
    }
}

impl PushClient {
    /// A client for the hub at `url`.
    ///
    /// # Errors
    /// When the address or key has a wrong form, or the machine has no certificates to check an https hub by.
    pub fn new(url: &str, key: &str, user_agent: &str, attempts: u32) -> anyhow::Result<Self> {
        let base = Url::parse(url).with_context(|| format!("{url:?} is not an address"))?;
        let mut http = reqwest::Client::builder().user_agent(user_agent).timeout(Duration::from_secs(30)).redirect(reqwest::redirect::Policy::none());
        if base.scheme() == "http" {
            // No certificate will be looked at, so a machine without any will do.
            http = http.tls_certs_only([]);
        }
        if is_loopback(&base) {
            http = http.no_proxy();
        }
        let mut authorization =
            header::HeaderValue::try_from(format!("Bearer {}", key.trim())).map_err(|_| anyhow::anyhow!("the key has characters that no key has"))?;
        authorization.set_sensitive(true);
        Ok(Self { http: http.build().context("cannot set up the HTTP client")?, base, authorization, attempts })
    }

    /// Asks for the alliance's key.
    ///
    /// # Errors
    /// When the hub could not be reached, or does not give the key to this one.
    pub async fn alliance_key(&self) -> anyhow::Result<NumberedKey> {
        #[derive(Deserialize)]
        struct Said {
            id: i64,
            key: String,
        }
        let mut url = self.base.clone();
        url.path_segments_mut().map_err(|()| anyhow::anyhow!("not an http address"))?.pop_if_empty().extend(["api", "v1", "alliance-key"]);
        let request = self.http.get(url).header(header::AUTHORIZATION, self.authorization.clone());
        let response = request.send().await.map_err(|error| anyhow::anyhow!("cannot reach {}: {}", self.base.origin().ascii_serialization(), cause(&error)))?;
        if !response.status().is_success() {
            let Answer { title, detail, .. } = answer(response).await?;
            bail!("no key of the alliance: {}: {}", title.unwrap_or_default(), detail.unwrap_or_default());
        }
        let said: Said = response.json().await.map_err(|error| anyhow::anyhow!("the answer is not from a push API: {}", cause(&error)))?;
        let key = AllianceKey::from_hex(&said.key).context("the hub's answer holds no key")?;
        Ok(NumberedKey { no: said.id, key })
    }

    /// Sends one push, again where the hub was busy or away, and returns its last word. `tell` hears, in words for people, of every wait that they would
    /// notice.
    ///
    /// # Errors
    /// When the hub could not be reached, or answered with something that is no answer of the push API.
    pub async fn push(&self, what: What, body: Vec<u8>, idempotency_key: &str, intent: Intent, tell: Tell<'_>) -> anyhow::Result<Answer> {
        let mut url = self.base.clone();
        url.path_segments_mut().map_err(|()| anyhow::anyhow!("not an http address"))?.pop_if_empty().extend(["api", "v1", what.name()]);
        url.query_pairs_mut().append_pair("mode", intent.mode.name()).append_pair("dry_run", if intent.dry_run { "true" } else { "false" });
        if let Some(as_of) = intent.as_of {
            url.query_pairs_mut().append_pair("as_of", &as_of.rfc3339_micros());
        }
        let mut attempt = 0;
        loop {
            attempt += 1;
            let mut request = self
                .http
                .post(url.clone())
                .header(header::AUTHORIZATION, self.authorization.clone())
                .header(header::CONTENT_TYPE, "application/json")
                .header("idempotency-key", format!("\"{idempotency_key}\""))
                .body(body.clone());
            if intent.strict {
                request = request.header("prefer", "handling=strict");
            }
            let (wait, failed) = match request.send().await {
                Ok(response) if again(response.status()) => (retry_after(response.headers()), Ok(response)),
                Ok(response) => return answer(response).await,
                // A URL with credentials in it would stand in the error's text.
                Err(error) => (None, Err(error.without_url())),
            };
            if attempt >= self.attempts {
                return match failed {
                    Ok(response) => answer(response).await,
                    Err(error) => bail!("cannot reach {} (tried {attempt} times): {}", self.base.origin().ascii_serialization(), cause(&error)),
                };
            }
            let wait = wait.unwrap_or_else(|| backoff(attempt));
            if let Some(said) = waiting(&self.base.origin().ascii_serialization(), failed.is_ok(), wait) {
                tell(&said);
            }
            tokio::time::sleep(wait).await;
        }
    }
}

/// What is said of a wait; nothing of one shorter than a second.
fn waiting(hub: &str, reached: bool, wait: Duration) -> Option<String> {
    let trouble = if reached { format!("{hub} is busy") } else { format!("cannot reach {hub}") };
    (wait >= Duration::from_secs(1)).then(|| format!("{trouble}, trying again in {:.0} s", wait.as_secs_f64().ceil()))
}

/// What went wrong in the end, without the layers around it: `Connection refused (os error 111)`.
fn cause(error: &reqwest::Error) -> String {
    if error.is_timeout() {
        return "no answer in time".to_owned();
    }
    let innermost = std::iter::successors(Some(error as &dyn std::error::Error), |e| e.source()).last();
    innermost.map_or_else(String::new, ToString::to_string)
}

/// 409 says that the same push is still being answered.
fn again(status: StatusCode) -> bool {
    status == StatusCode::TOO_MANY_REQUESTS || status == StatusCode::CONFLICT || status == StatusCode::REQUEST_TIMEOUT || status.is_server_error()
}

/// Seconds the hub asks to wait, at most five minutes.
fn retry_after(headers: &header::HeaderMap) -> Option<Duration> {
    let seconds: u64 = headers.get(header::RETRY_AFTER)?.to_str().ok()?.trim().parse().ok()?;
    Some(Duration::from_secs(seconds.clamp(1, 300)))
}

/// A quarter of a second, doubled each time up to 15 s, with jitter so that many clients do not come back at once.
fn backoff(attempt: u32) -> Duration {
    let whole = 250_u64 << attempt.saturating_sub(1).min(6);
    Duration::from_millis(rand::rng().random_range(whole / 2..=whole).min(15_000))
}

async fn answer(response: reqwest::Response) -> anyhow::Result<Answer> {
    let status = response.status();
    let body = response.bytes().await.context("the answer broke off")?;
    let mut answer: Answer = serde_json::from_slice(&body).map_err(|_| anyhow::anyhow!("{status}, and the answer is not from a push API"))?;
    answer.status = status.as_u16();
    Ok(answer)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_as_asked_but_not_for_ever() {
        let asked = |text: &str| retry_after(&header::HeaderMap::from_iter([(header::RETRY_AFTER, header::HeaderValue::from_str(text).unwrap())]));
        assert_eq!(asked("7"), Some(Duration::from_secs(7)));
        assert_eq!(asked("86400"), Some(Duration::from_secs(300)));
        assert_eq!(asked("Wed, 21 Oct 2026 07:28:00 GMT"), None);
        assert!(backoff(1) <= Duration::from_millis(250) && backoff(99) <= Duration::from_secs(15));
    }

    #[test]
    fn a_wait_that_people_notice_is_told() {
        let told = |reached, millis| waiting("https://hub.example", reached, Duration::from_millis(millis));
        assert_eq!(told(false, 999), None);
        assert_eq!(told(false, 3_400).as_deref(), Some("cannot reach https://hub.example, trying again in 4 s"));
        assert_eq!(told(true, 30_000).as_deref(), Some("https://hub.example is busy, trying again in 30 s"));
    }

    #[tokio::test]
    async fn an_absent_hub_is_named_with_the_cause() {
        let _ = rustls::crypto::ring::default_provider().install_default();
        // A port that was free a moment ago.
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let client = PushClient::new(&format!("http://127.0.0.1:{port}"), "swk_x", "test", 2).unwrap();
        let error = client.push(What::Metrics, b"{}".to_vec(), "k", Intent::default(), &|said| panic!("a short wait, yet: {said}")).await.unwrap_err();
        let text = format!("{error:#}");
        assert!(text.starts_with(&format!("cannot reach http://127.0.0.1:{port} (tried 2 times): Connection refused")), "{text}");
    }

    #[test]
    fn reads_receipts_and_problems() {
        let receipt: Answer = serde_json::from_str(r#"{"id":"x","status":"complete","total_count":2,"success_count":1,"failure_count":1,"failures":[{"index":1,"pointer":"/items/1/value","code":"type","detail":"must be a number"}]}"#).unwrap();
        assert_eq!((receipt.success_count, receipt.failures[0].index), (1, Some(1)));
        let problem: Answer = serde_json::from_str(r#"{"type":"urn:x","title":"No","status":401,"detail":"An API key is needed"}"#).unwrap();
        assert!(problem.id.is_none() && problem.title.is_some() && !problem.accepted());
    }
}
