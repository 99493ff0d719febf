//! Behind the proxies that most hubs stand behind: Debian's nginx as it comes, with compression, and HAProxy in its shortest form.

use crate::support::*;
use domain::{MINUTE, Role};
use reqwest::{Method, RequestBuilder, header};
use std::{
    fs,
    net::{Ipv4Addr, SocketAddr, TcpListener as Listener},
    path::Path,
    process::{Child, Command, Stdio},
    time::Duration,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

/// A proxy in front of a hub; ends with the test.
struct Proxy<'a> {
    app: &'a TestApp,
    name: &'static str,
    address: SocketAddr,
    process: Child,
}

impl Drop for Proxy<'_> {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// A port that is free just now.
fn port() -> SocketAddr {
    Listener::bind((Ipv4Addr::LOCALHOST, 0)).and_then(|listener| listener.local_addr()).expect("a port")
}

fn started(program: &str, arguments: &[&str], folder: &Path) -> Child {
    let paths = [format!("/usr/sbin/{program}"), format!("/usr/local/sbin/{program}")];
    let path = paths.iter().find(|path| Path::new(path).exists()).map_or(program, String::as_str);
    let log = fs::File::create(folder.join(format!("{program}.log"))).expect("a log");
    let mut command = Command::new(path);
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::null()).stderr(log);
    command.spawn().unwrap_or_else(|error| panic!("{program} (end2end/tools/check-tools.sh proxies installs it): {error}"))
}

impl<'a> Proxy<'a> {
    /// `more` stands in the server, `to_hub` beside `proxy_pass`.
    async fn nginx(app: &'a TestApp, name: &'static str, more: &str, to_hub: &str) -> Self {
        let (address, folder) = (port(), app.folder.path().join(name));
        fs::create_dir(&folder).expect("a folder");
        let temp: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map(|kind| format!("{kind}_temp_path {}/{kind};", folder.display())).concat();
        let user = if rustix::process::getuid().is_root() { "user root;" } else { "" };
        let text = format!(
            "{user} daemon off; master_process off; pid {0}/pid; error_log stderr; events {{}} \
             http {{ access_log off; {temp} server {{ listen {address}; {more} location / {{ proxy_pass http://{1}; {to_hub} }} }} }}",
            folder.display(),
            app.address
        );
        fs::write(folder.join("nginx.conf"), text).expect("a configuration");
        let configuration = folder.join("nginx.conf");
        let process = started("nginx", &["-p", folder.to_str().expect("a path"), "-c", configuration.to_str().expect("a path")], &folder);
        Self { app, name, address, process }.up().await
    }

    async fn haproxy(app: &'a TestApp) -> Self {
        let (address, folder) = (port(), app.folder.path().join("haproxy"));
        fs::create_dir(&folder).expect("a folder");
        let text = format!(
            "defaults\n  mode http\n  timeout connect 5s\n  timeout client 30s\n  timeout server 30s\n\
             frontend people\n  bind {address}\n  default_backend hub\nbackend hub\n  server hub {}\n",
            app.address
        );
        fs::write(folder.join("haproxy.cfg"), text).expect("a configuration");
        let process = started("haproxy", &["-db", "-f", folder.join("haproxy.cfg").to_str().expect("a path")], &folder);
        Self { app, name: "haproxy", address, process }.up().await
    }

    async fn up(self) -> Self {
        eventually(self.name, async || TcpStream::connect(self.address).await.ok()).await;
        self
    }

    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.app.http.request(method, format!("http://{}{path}", self.address))
    }

    /// Sends bytes, and reads until the other end closes.
    async fn raw(&self, text: &str) -> String {
        let mut stream = TcpStream::connect(self.address).await.expect("a connection");
        stream.write_all(text.as_bytes()).await.expect("the request");
        let mut said = Vec::new();
        tokio::time::timeout(Duration::from_secs(20), stream.read_to_end(&mut said))
            .await
            .unwrap_or_else(|_| panic!("{}: no end", self.name))
            .expect("an answer");
        String::from_utf8_lossy(&said).into_owned()
    }
}

async fn all(app: &TestApp) -> [Proxy<'_>; 4] {
    [
        Proxy::nginx(app, "plain", "", "").await,
        Proxy::nginx(app, "named", "", "proxy_set_header Host $http_host; proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;").await,
        Proxy::nginx(
            app,
            "packing",
            "gzip on; gzip_min_length 20; gzip_types application/json text/event-stream;",
            "proxy_http_version 1.1; proxy_set_header Connection \"\"; proxy_set_header Accept-Encoding \"\";",
        )
        .await,
        Proxy::haproxy(app).await,
    ]
}

#[tokio::test]
async fn pages_are_live_at_once() {
    let app = TestApp::start().await;
    let (partner, person) = (app.partner("alpha").await, app.person(Role::Analyst).await);
    for proxy in &all(&app).await {
        let page = Answer::of(proxy.request(Method::GET, "/incidents").header(header::COOKIE, &person.cookie)).await;
        assert_eq!(page.status, 200, "{}: {}", proxy.name, page.text());
        let mut stream = Stream::open(proxy.request(Method::GET, "/live").header(header::COOKIE, &person.cookie)).await;
        assert_eq!(stream.event().await.kind, "hello", "{}", proxy.name);
        partner.push("incidents", &items([incident(proxy.name, "low", "GREEN")])).await;
        stream.until("incidents:alpha").await;
    }
}

#[tokio::test]
async fn forms_and_pushes_come_through_in_every_way_they_are_sent() {
    let app = TestApp::start().await;
    let partner = app.partner("alpha").await;
    let (_, email) = app.account("alpha", Role::Analyst).await;
    for proxy in &all(&app).await {
        let (name, host) = (proxy.name, proxy.address);
        let signed_in = {
            let _turn = SIGNING_IN.lock().await;
            let form = serde_urlencoded::to_string([("email", email.as_str()), ("password", PASSWORD)]).expect("a form");
            let request = proxy.request(Method::POST, "/auth/signin").header("sec-fetch-site", "same-origin");
            Answer::of(request.header(header::CONTENT_TYPE, "application/x-www-form-urlencoded").body(form)).await
        };
        assert_eq!((signed_in.status, signed_in.header("location")), (303, "/"), "{name}: {}", signed_in.text());
        let at = app.at(-MINUTE);
        let body = items([sample(90.0, &at)]).to_string();
        let head =
            |more: &str| format!("host: {host}\r\nauthorization: Bearer {}\r\ncontent-type: application/json\r\nconnection: close\r\n{more}\r\n", partner.key);
        let length = format!("content-length: {}\r\n", body.len());
        let chunked = format!("{:x}\r\n{body}\r\n0\r\n\r\n", body.len());
        let long = "x".repeat(6_000);
        for (how, request, status) in [
            ("as usual", format!("POST /api/v1/metrics HTTP/1.1\r\n{}{body}", head(&length)), "200"),
            ("asking first", format!("POST /api/v1/metrics HTTP/1.1\r\n{}{body}", head(&format!("expect: 100-continue\r\n{length}"))), "200"),
            ("in pieces", format!("POST /api/v1/metrics HTTP/1.1\r\n{}{chunked}", head("transfer-encoding: chunked\r\n")), "200"),
            ("an old client", format!("POST /api/v1/metrics HTTP/1.0\r\n{}{body}", head(&length)), "200"),
            ("a long address", format!("POST /api/v1/metrics?x={long} HTTP/1.1\r\n{}{body}", head(&length)), "400"),
            ("no key", format!("GET /v2/nothing HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\r\n"), "404"),
        ] {
            let said = proxy.raw(&request).await;
            let last = said.rsplit("HTTP/1.").next().unwrap_or_default();
            assert!(last.get(2..5) == Some(status), "{name}, {how}: {said}");
            assert!(status == "200" || last.contains("urn:shieldwall:problem:"), "{name}, {how}: {said}");
        }
    }
}

#[tokio::test]
async fn a_proxy_that_packs_weakens_tags_and_updates_pass_all_the_same() {
    let app = TestApp::start().await;
    let partner = app.partner("alpha").await;
    let body = |severity: &str| without(incident("x", severity, "GREEN"), "external_id");
    for proxy in &all(&app).await {
        let path = format!("/api/v1/incidents/{}", proxy.name);
        let ask = |method: Method| proxy.request(method, &path).bearer_auth(&partner.key).header(header::ACCEPT_ENCODING, "gzip");
        let made = Answer::of(ask(Method::PUT).header("if-none-match", "*").json(&body("low"))).await;
        assert_eq!(made.status, 200, "{}", proxy.name);
        let read = Answer::of(ask(Method::GET)).await;
        let tag = read.header("etag").to_owned();
        assert_eq!(tag.starts_with("W/"), proxy.name == "packing", "{}: {tag}", proxy.name);
        assert_eq!(Answer::of(ask(Method::GET).header("if-none-match", &tag)).await.status, 304, "{}", proxy.name);
        let changed = Answer::of(ask(Method::PUT).header("if-match", &tag).json(&body("high"))).await;
        assert_eq!(changed.status, 200, "{}: {tag}", proxy.name);
        assert_eq!(Answer::of(ask(Method::PUT).header("if-match", &tag).json(&body("low"))).await.status, 412, "{}: {tag}", proxy.name);
        assert_eq!(Answer::of(ask(Method::PUT).header("if-match", "*").json(&body("low"))).await.status, 200, "{}", proxy.name);
    }
}
