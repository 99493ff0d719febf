//! Somebody with a browser.

use crate::hub::{Hub, client};
use domain::Role;
use futures::StreamExt;
use reqwest::{RequestBuilder, Response, redirect::Policy};
use serde_json::Value;
use server::{auth::password, clock::Clock};
use std::{
    pin::Pin,
    time::{Duration, Instant},
};
use store::{Settings, Store};

const EMAIL: &str = "ana@org-0.example";
const PASSWORD: &str = "fjord-umbrella-11-kettle";

/// Adds Ana, of the first organisation, to the database of a hub that may run or not.
pub async fn add(hub: &Hub, role: Role) {
    let store = Store::open(&Settings { url: hub.database.clone(), readers: 1 }).await.expect("the database opens");
    let hash = password::hash(PASSWORD).await.expect("a hash");
    store.hub().add_user(hub.partners[0].org, EMAIL.into(), "Ana".into(), role, Some(hash), Clock::default().now()).await.expect("a user");
    store.close().await;
}

/// Adds so many analysts to the database of a hub, dealt out over its organisations, and returns their mail addresses.
pub async fn add_analysts(hub: &Hub, number: usize) -> Vec<String> {
    let store = Store::open(&Settings { url: hub.database.clone(), readers: 1 }).await.expect("the database opens");
    let hash = password::hash(PASSWORD).await.expect("a hash");
    let mut emails = vec![];
    for n in 0..number {
        let (org, email) = (hub.partners[n % hub.partners.len()].org, format!("analyst-{n}@example.org"));
        store.hub().add_user(org, email.clone(), format!("Analyst {n}"), Role::Analyst, Some(hash.clone()), Clock::default().now()).await.expect("a user");
        emails.push(email);
    }
    store.close().await;
    emails
}

/// Ana's cookie, from signing in at a hub.
pub async fn sign_in(hub: &Hub) -> String {
    sign_in_as(hub, EMAIL).await
}

/// Somebody's cookie, from signing in at a hub.
pub async fn sign_in_as(hub: &Hub, email: &str) -> String {
    let answer = form(hub, "/auth/signin", "", &[("email", email), ("password", PASSWORD)]).await;
    let cookie = answer.headers().get("set-cookie").and_then(|v| v.to_str().ok()).expect("a cookie");
    cookie.split(';').next().unwrap_or_default().to_owned()
}

/// Sends a form as a page of the hub does; redirects are not followed.
pub async fn form(hub: &Hub, path: &str, cookie: &str, fields: &[(&str, &str)]) -> Response {
    let http = reqwest::Client::builder().no_proxy().tls_certs_only([]).redirect(Policy::none()).build().expect("a client");
    let body = serde_urlencoded::to_string(fields).expect("a form");
    let request = http.post(hub.url(path)).header("sec-fetch-site", "same-origin").header("content-type", "application/x-www-form-urlencoded");
    request.header("cookie", cookie).body(body).send().await.expect("an answer")
}

/// A page or file that must be there.
pub async fn page(hub: &Hub, path: &str, cookie: &str) -> String {
    let answer = client().get(hub.url(path)).header("cookie", cookie).send().await.expect("an answer");
    assert_eq!(answer.status(), 200, "{path}");
    answer.text().await.expect("text")
}

/// Waits until all hubs show the same lists.
pub async fn see_the_same(hubs: &[Hub], cookie: &str) {
    const LISTS: [&str; 4] = ["/csv/orgs", "/csv/incidents?org=org-0", "/csv/indicators?org=org-1", "/csv/collective"];
    let end = Instant::now() + Duration::from_secs(6);
    for list in LISTS {
        loop {
            let mut seen = Vec::new();
            for hub in hubs {
                seen.push(page(hub, list, cookie).await);
            }
            if seen.iter().all(|text| *text == seen[0]) {
                break;
            }
            assert!(Instant::now() < end, "{list} differs");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}

/// An open live stream.
pub struct Stream {
    chunks: Pin<Box<dyn futures::Stream<Item = reqwest::Result<Vec<u8>>> + Send>>,
    text: String,
}

impl Stream {
    /// Opens one and waits for its greeting.
    pub async fn open(hub: &Hub, cookie: &str) -> Self {
        Self::of(client().get(hub.url("/live")).timeout(Duration::from_secs(600)).header("cookie", cookie)).await
    }

    async fn of(request: RequestBuilder) -> Self {
        let response = request.send().await.expect("a stream");
        assert_eq!(response.headers().get("content-type").and_then(|v| v.to_str().ok()), Some("text/event-stream"));
        let mut stream = Self { chunks: Box::pin(response.bytes_stream().map(|c| c.map(|b| b.to_vec()))), text: String::new() };
        assert!(stream.read().await && stream.text.starts_with("event: hello"), "{}", stream.text);
        stream
    }

    /// Reads on; false at the end of the stream.
    async fn read(&mut self) -> bool {
        let Some(Ok(chunk)) = self.chunks.next().await else { return false };
        self.text.push_str(&String::from_utf8_lossy(&chunk));
        true
    }

    /// Reads until the end.
    pub async fn ended(mut self) {
        while self.read().await {}
    }

    /// Waits for a topic, as long as it may take; returns how long it took.
    pub async fn until(&mut self, topic: &str, patience: Duration) -> Duration {
        let began = Instant::now();
        let told = async {
            while !self.topics().iter().any(|t| t == topic) {
                assert!(self.read().await, "the stream ends before {topic}");
            }
        };
        tokio::time::timeout(patience, told).await.unwrap_or_else(|_| panic!("{topic} is not told within {patience:?}"));
        self.text.clear();
        began.elapsed()
    }

    /// The topics that came and were not asked for yet.
    fn topics(&self) -> Vec<String> {
        let data = self.text.lines().filter_map(|line| serde_json::from_str::<Value>(line.strip_prefix("data:")?.trim()).ok());
        data.flat_map(|d| d["topics"].as_array().cloned().unwrap_or_default()).filter_map(|t| t.as_str().map(str::to_owned)).collect()
    }
}
