//! Nothing typed is lost: over every form of the table of routes, as a browser sends it.

use crate::{pages::decision, routes, support::*};
use domain::{MINUTE, Role};
use reqwest::{Method, header};

/// Forms that keep nothing: what is typed there is secret.
const SECRET: [&str; 10] = [
    "/auth/code",
    "/auth/passkey",
    "/auth/passkey/challenge",
    "/auth/oidc/join",
    "/auth/oidc/stepup",
    "/auth/signout",
    "/auth/stepup",
    "/auth/welcome",
    "/auth/signin",
    "/auth/oidc/start",
];

/// A browser: all its cookies, and the pages that it stands on.
struct Browser<'a> {
    app: &'a TestApp,
    cookies: Vec<(String, String)>,
}

impl<'a> Browser<'a> {
    fn of(person: &Person<'a>) -> Self {
        let (name, value) = person.cookie.split_once('=').expect("a cookie");
        Self { app: person.app, cookies: vec![(name.into(), value.into())] }
    }

    fn cookie(&self) -> String {
        self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("; ")
    }

    fn take(&mut self, answer: &Answer) {
        for line in answer.headers.get_all("set-cookie") {
            let (name, value) = line.to_str().expect("text").split(';').next().and_then(|c| c.split_once('=')).expect("a cookie");
            self.cookies.retain(|(known, _)| known != name);
            if !value.is_empty() {
                self.cookies.push((name.into(), value.into()));
            }
        }
    }

    /// The session is over; what else the browser has stays.
    fn forget_session(&mut self) {
        self.cookies.retain(|(name, _)| name != "shieldwall");
    }

    async fn open(&mut self, path: &str) -> Answer {
        let request = self.app.request(Method::GET, path).header(header::COOKIE, self.cookie()).header(header::ACCEPT, "text/html");
        let answer = Answer::of(request.header("sec-fetch-site", "same-origin").header("sec-fetch-mode", "navigate")).await;
        self.take(&answer);
        answer
    }

    async fn send(&mut self, page: &str, path: &str, fields: &[(&str, &str)]) -> Answer {
        let _turn = if path.starts_with("/auth/") || path == "/account/password" { Some(SIGNING_IN.lock().await) } else { None };
        let request = self.app.form_request(path, fields, &self.cookie()).header("sec-fetch-site", "same-origin").header("sec-fetch-mode", "navigate");
        let request = request.header(header::ACCEPT, "text/html,*/*;q=0.8").header(header::REFERER, self.app.url(page));
        let answer = Answer::of(request).await;
        self.take(&answer);
        answer
    }

    async fn sign_in(&mut self, email: &str, next: &str) -> Answer {
        self.send("/signin", "/auth/signin", &[("email", email), ("password", PASSWORD), ("next", next)]).await
    }
}

/// The value of a parameter in an address.
fn param(address: &str, name: &str) -> String {
    let query = address.split_once('?').map_or("", |(_, query)| query);
    serde_urlencoded::from_str::<Vec<(String, String)>>(query).expect("a query").into_iter().find(|(key, _)| key == name).map(|(_, v)| v).unwrap_or_default()
}

/// The hidden fields of the form that a page sends again, and where to.
fn form_of(page: &str) -> (String, Vec<(String, String)>) {
    let attribute = |tag: &str, name: &str| {
        let text = tag.split(&format!("{name}=\"")).nth(1).and_then(|rest| rest.split('"').next()).unwrap_or_default();
        text.replace("&quot;", "\"").replace("&lt;", "<").replace("&gt;", ">").replace("&#39;", "'").replace("&amp;", "&")
    };
    let form = page.split("<form ").nth(1).unwrap_or_else(|| panic!("a form in {page}"));
    let fields = form.split("</form>").next().unwrap_or_default().split("<input ").skip(1);
    (attribute(form, "action"), fields.map(|input| (attribute(input, "name"), attribute(input, "value"))).collect())
}

/// What is typed into a form: its route's own fields, and something that no other has.
const TYPED: [(&str, &str); 8] = [
    ("name", "Nørd \"& Söhne\" <b>"),
    ("email", "new@alpha.example"),
    ("role", "analyst"),
    ("id", "987654"),
    ("reason", "because of\nthis"),
    ("group", "987654"),
    ("kind", "alert_level"),
    ("level", "2"),
];

#[tokio::test]
async fn a_form_after_the_sessions_end_is_sent_after_signing_in() {
    let app = TestApp::start().await;
    let (admin, decision) = (app.person(Role::OrgAdmin).await, decision(&app).await.to_string());
    let mut asked = 0;
    for route in routes::forms().into_iter().filter(|path| !SECRET.contains(path)) {
        let path = route.replace("{metric}", METRIC).replace("{id}", &decision);
        let mut browser = Browser::of(&admin);
        browser.forget_session();
        let refused = browser.send("/account", &path, &TYPED).await;
        assert_eq!(refused.status, 303, "{path}: {}", refused.text());
        let door = refused.header("location").to_owned();
        assert!(door.starts_with("/signin?error=ended"), "{path}: {door}");
        let again = param(&door, "next");
        // Whoever has only the address has nothing.
        assert!(!admin.get(&again).await.text().contains("S\u{f6}hne"), "{path}");
        assert_eq!(browser.sign_in(&admin.email, &again).await.header("location"), again, "{path}");
        let shown = browser.open(&again).await;
        assert_eq!(shown.status, 200, "{path}: {}", shown.text());
        assert!(shown.text().contains("Send it now") && !shown.text().contains("<script"), "somebody else may sit there: {}", shown.text());
        let (action, fields) = form_of(&shown.text());
        assert_eq!(action, path);
        assert_eq!(fields, TYPED.map(|(name, value)| (name.to_owned(), value.to_owned())), "{path}");
        asked += 1;
    }
    assert!(asked > 35, "{asked}");
    // And it does what it was asked.
    let mut browser = Browser::of(&admin);
    browser.forget_session();
    let fields = [("name", "Ports & Harbours")];
    let door = browser.send("/admin/groups", "/admin/groups", &fields).await;
    let again = param(door.header("location"), "next");
    browser.sign_in(&admin.email, &again).await;
    let (action, fields) = form_of(&browser.open(&again).await.text());
    let fields: Vec<_> = fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    assert_eq!(browser.send("/again", &action, &fields).await.header("location"), "/admin/groups?done=made");
    assert_eq!(app.app.store.hub().groups().await.expect("groups")[0].name, "Ports & Harbours");
}

#[tokio::test]
async fn a_form_after_an_old_proof_is_sent_by_itself_after_the_new_one() {
    let app = TestApp::start().await;
    let decision = decision(&app).await.to_string();
    let (admin, other) = (app.person(Role::OrgAdmin).await, app.person(Role::OrgAdmin).await);
    let (mut browser, mut asked) = (Browser::of(&admin), 0);
    app.app.clock.advance(16 * MINUTE);
    for route in routes::forms().into_iter().filter(|path| !SECRET.contains(path)) {
        let path = route.replace("{metric}", METRIC).replace("{id}", &decision);
        let refused = browser.send("/admin/users", &path, &TYPED).await;
        let to = refused.header("location").to_owned();
        if !to.starts_with("/stepup") {
            continue;
        }
        let again = param(&to, "next");
        assert!(again.starts_with("/again?form="), "{path}: {to}");
        // Another person of the same browser has nothing of it.
        let mut same = Browser::of(&other);
        same.cookies.extend(browser.cookies.iter().filter(|(name, _)| name.ends_with("forms")).cloned());
        assert_eq!(same.open(&again).await.status, 410, "{path}");
        assert!(!browser.open(&again).await.text().contains("<script"), "not before the proof");
        assert_eq!(browser.send("/stepup", "/auth/stepup", &[("proof", PASSWORD), ("next", &again)]).await.header("location"), again, "{path}");
        let shown = browser.open(&again).await;
        let nonce = shown.header("content-security-policy").split("'nonce-").nth(1).and_then(|rest| rest.split('\'').next()).expect("a nonce").to_owned();
        assert!(shown.text().contains(&format!("<script nonce=\"{nonce}\">document.forms[0].submit()</script>")), "{path}: {}", shown.text());
        let (action, fields) = form_of(&shown.text());
        assert_eq!((action, fields.len()), (path.clone(), TYPED.len()));
        assert_eq!(browser.open(&again).await.status, 410, "{path}: once");
        app.app.clock.advance(16 * MINUTE);
        asked += 1;
    }
    assert!(asked > 15, "{asked}");
}

#[tokio::test]
async fn a_refused_form_comes_back_as_it_was_with_what_is_wrong() {
    let app = TestApp::start().await;
    let admin = app.person(Role::OrgAdmin).await;
    let mut browser = Browser::of(&admin);
    let fields = [("name", "Ada \"the <first>\""), ("email", "no address"), ("role", "executive")];
    let refused = browser.send("/admin/users?range=7d", "/admin/users", &fields).await;
    let to = refused.header("location").to_owned();
    assert!(refused.status == 303 && to.starts_with("/admin/users?done=address&kept="), "{to}");
    let page = browser.open(&to).await;
    let text = page.text();
    assert!(page.status == 200 && text.contains("value=\"Ada &quot;the &lt;first&gt;&quot;\"") && text.contains("value=\"no address\""), "{text}");
    let option = text.split("<option ").find(|option| option.contains("value=\"executive\"")).expect("the role");
    assert!(option.split('>').next().is_some_and(|tag| tag.contains("selected")), "{option}");
    // Another browser sees the page alone.
    assert!(!admin.get(&to).await.text().contains("no address"));
    // Boxes that were ticked, several fields, a long text.
    let key = [("name", "siem"), ("days", "90"), ("addresses", "192.0.2.0/24 nonsense"), ("incidents", "yes")];
    let to = browser.send("/admin/keys", "/admin/keys", &key).await.header("location").to_owned();
    let text = browser.open(&to).await.text();
    assert!(text.contains("192.0.2.0/24 nonsense") && text.contains("value=\"siem\""), "{to}: {text}");
    // Refused in a sentence: a page with the way back to what was typed.
    let told = browser.send("/connect", "/connect", &[("name", " "), ("note", "x")]).await;
    assert_eq!((told.status, told.header("content-type")), (422, "text/html; charset=utf-8"));
    assert!(told.text().contains("A key needs a name.") && told.text().contains("href=\"/connect?kept="), "{}", told.text());
    // A wrong password takes no mail address away, and is not kept.
    let mut stranger = Browser { app: &app, cookies: vec![] };
    let wrong = stranger.send("/signin", "/auth/signin", &[("email", "mira@alpha.example"), ("password", "wrong-horse-battery")]).await;
    let page = stranger.open(wrong.header("location")).await.text();
    assert!(page.contains("value=\"mira@alpha.example\"") && page.contains("is wrong"), "{page}");
    let kept = app.contents().await.concat();
    let has = |text: &str| kept.windows(text.len()).any(|w| w == text.as_bytes());
    assert!(!has("wrong-horse-battery"));
    // What was done is not typed again.
    let done = browser.send("/admin/groups", "/admin/groups", &[("name", "Ports")]).await;
    assert_eq!(done.header("location"), "/admin/groups?done=made");
}
