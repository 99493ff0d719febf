//! People with a browser's cookie.

use super::{Answer, Stream, TestApp};
use domain::Role;
use reqwest::{Method, RequestBuilder, header};
use tokio::sync::{Mutex, OnceCell};

/// Everybody's password.
pub const PASSWORD: &str = "fjord-umbrella-11-kettle";

/// The hub hashes few passwords at once and turns the others away, so tests sign in one after the other.
pub static SIGNING_IN: Mutex<()> = Mutex::const_new(());

/// A browser.
pub struct Person<'a> {
    pub app: &'a TestApp,
    pub id: i64,
    pub email: String,
    pub cookie: String,
}

/// The hash of [`PASSWORD`], made once: it is slow on purpose.
async fn hash() -> String {
    static HASH: OnceCell<String> = OnceCell::const_new();
    HASH.get_or_init(async || server::auth::password::hash(PASSWORD).await.expect("a hash")).await.clone()
}

impl TestApp {
    /// Somebody of an organisation, who exists and has a password.
    pub async fn account(&self, org: &str, role: Role) -> (i64, String) {
        let _turn = SIGNING_IN.lock().await;
        let email = format!("{}-{}@{org}.example", role.name(), self.number());
        let id = self.app.store.hub().add_user(self.org(org), email.clone(), "Mira".into(), role, Some(hash().await), self.now()).await.expect("a user");
        (id, email)
    }

    /// Somebody of an organisation, signed in.
    pub async fn person_of(&self, org: &str, role: Role) -> Person<'_> {
        let (id, email) = self.account(org, role).await;
        let answer = {
            let _turn = SIGNING_IN.lock().await;
            self.form("/auth/signin", &[("email", &email), ("password", PASSWORD)], "").await
        };
        assert_eq!((answer.status, answer.header("location")), (303, "/"), "{}", answer.text());
        Person { app: self, id, email, cookie: cookie_of(&answer) }
    }

    /// Sends a form as a page of the hub does.
    pub async fn form(&self, path: &str, fields: &[(&str, &str)], cookie: &str) -> Answer {
        Answer::of(self.form_request(path, fields, cookie).header("sec-fetch-site", "same-origin")).await
    }

    /// A form without a word about where it comes from.
    pub fn form_request(&self, path: &str, fields: &[(&str, &str)], cookie: &str) -> RequestBuilder {
        let body = serde_urlencoded::to_string(fields).expect("a form");
        self.request(Method::POST, path).header(header::COOKIE, cookie).header(header::CONTENT_TYPE, "application/x-www-form-urlencoded").body(body)
    }

    /// Opens an address with a cookie.
    pub async fn visit(&self, path: &str, cookie: &str) -> Answer {
        Answer::of(self.request(Method::GET, path).header(header::COOKIE, cookie)).await
    }
}

/// The cookie that an answer sets, as a browser sends it back.
pub fn cookie_of(answer: &Answer) -> String {
    answer.header("set-cookie").split(';').next().unwrap_or_default().to_owned()
}

/// The cookie that makes a browser known to an account, as a browser sends it back; empty where none is set.
pub fn browser_of(answer: &Answer) -> String {
    let lines = answer.headers.get_all("set-cookie").iter().filter_map(|line| line.to_str().ok());
    lines.filter_map(|line| line.split(';').next()).find(|cookie| cookie.contains("shieldwall-browser=")).unwrap_or_default().to_owned()
}

impl Person<'_> {
    pub async fn get(&self, path: &str) -> Answer {
        self.app.visit(path, &self.cookie).await
    }

    /// Opens an address as a browser does, which says that it wants a page.
    pub async fn open(&self, path: &str) -> Answer {
        let request = self.app.request(Method::GET, path).header(header::COOKIE, &self.cookie);
        Answer::of(request.header(header::ACCEPT, "text/html,*/*;q=0.8")).await
    }

    /// A page that must be there.
    pub async fn page(&self, path: &str) -> String {
        let answer = self.get(path).await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.text());
        answer.text()
    }

    pub async fn post(&self, path: &str, fields: &[(&str, &str)]) -> Answer {
        self.app.form(path, fields, &self.cookie).await
    }

    /// Opens the live stream, as a new tab or as one that was away.
    pub async fn stream(&self, last_event_id: Option<&str>) -> Stream {
        let mut request = self.app.request(Method::GET, "/live").header(header::COOKIE, &self.cookie);
        if let Some(id) = last_event_id {
            request = request.header("last-event-id", id);
        }
        Stream::open(request).await
    }
}
