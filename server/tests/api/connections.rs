//! Clients that keep the hub waiting, and too many of them.

use crate::support::*;
use domain::{MINUTE, Role};
use server::serving::Limits;
use std::time::{Duration, Instant};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpSocket, TcpStream},
};

/// The head of a form, but for its last line: who sends no more than this and a little of the form keeps the hub waiting.
const SLOW_FORM: &str = "POST /auth/signin HTTP/1.1\r\nhost: 127.0.0.1\r\nsec-fetch-site: same-origin\r\ncontent-type: application/x-www-form-urlencoded\r\n\
    content-length: 9\r\n";

/// Sends one byte after the other, until the hub has had enough or the text is over; then reads what it said.
async fn drip(app: &TestApp, head: &str, text: &str) -> (Duration, String) {
    let began = Instant::now();
    let mut stream = TcpStream::connect(app.address).await.expect("a connection");
    stream.write_all(head.as_bytes()).await.expect("the first bytes");
    let (mut reader, mut writer) = stream.into_split();
    let text = text.to_owned();
    let writing = tokio::spawn(async move {
        for byte in text.bytes() {
            if writer.write_all(&[byte]).await.is_err() {
                break;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        writer
    });
    let mut said = Vec::new();
    // A reset is an end, too.
    let _ = tokio::time::timeout(Duration::from_secs(10), reader.read_to_end(&mut said)).await.expect("the hub ends it");
    writing.abort();
    (began.elapsed(), String::from_utf8_lossy(&said).into_owned())
}

#[tokio::test]
async fn a_head_that_never_ends_is_cut() {
    let limits = Limits { head: Duration::from_millis(500), ..Limits::default() };
    let app = TestApp::start_with(Setup { limits, ..Setup::default() }).await;
    let slow = "x".repeat(1_000);
    let (slow, idle, others) = tokio::join!(drip(&app, "GET / HTTP/1.1\r\nx-slow: ", &slow), drip(&app, "", ""), app.get("/healthz"));
    assert_eq!(others.status, 200, "nobody else notices");
    for (took, said) in [slow, idle] {
        assert!((Duration::from_millis(400)..Duration::from_secs(5)).contains(&took), "{took:?}: {said}");
    }
}

/// Proxies and clients keep an idle connection for a minute; one that is closed under them costs them a request.
#[tokio::test]
async fn an_idle_connection_is_held_longer_than_a_head_may_take() {
    assert!(Limits::default().idle > Duration::from_secs(90));
    let limits = Limits { head: Duration::from_millis(200), idle: Duration::from_secs(4), ..Limits::default() };
    let app = TestApp::start_with(Setup { limits, ..Setup::default() }).await;
    let mut raw = Raw::open(&app).await;
    for _ in 0..3 {
        let answer = raw.get("GET", "/healthz", "").await.expect("an answer");
        assert_eq!((answer.status, answer.header("keep-alive")), (200, "timeout=4"));
        tokio::time::sleep(Duration::from_millis(600)).await;
    }
    // A stream is no head that never ends, and a head that has begun must end.
    let person = app.person(Role::Analyst).await;
    let mut stream = person.stream(None).await;
    stream.event().await;
    raw.send("GET / HT").await;
    let began = Instant::now();
    assert!(raw.answer().await.is_none() && began.elapsed() < Duration::from_secs(3), "{:?}", began.elapsed());
    let partner = app.partner("alpha").await;
    partner.push("incidents", &items([incident("a", "low", "GREEN")])).await;
    stream.until("incidents:alpha").await;
}

#[tokio::test]
async fn a_body_that_drips_is_refused_in_time() {
    let limits = Limits { body: Duration::from_millis(500), ..Limits::default() };
    let app = TestApp::start_with(Setup { limits, ..Setup::default() }).await;
    let (partner, before) = (app.partner("alpha").await, app.rows().await);
    let head = format!(
        "POST /api/v1/metrics HTTP/1.1\r\nhost: hub\r\nauthorization: Bearer {}\r\ncontent-type: application/json\r\ncontent-length: 1000\r\n\r\n",
        partner.key
    );
    let (took, said) = drip(&app, &head, &" ".repeat(1_000)).await;
    assert!((Duration::from_millis(400)..Duration::from_secs(5)).contains(&took), "{took:?}");
    assert!(said.starts_with("HTTP/1.1 408 ") && said.contains("urn:shieldwall:problem:late"), "{said}");
    assert_eq!(app.gained(&before).await, Default::default());
    partner.push("metrics", &items([sample(90.0, &app.at(-MINUTE))])).await;
}

#[tokio::test]
async fn a_page_that_stops_reading_its_stream_is_cut_and_others_go_on() {
    let limits = Limits { write: Duration::from_secs(2), ..Limits::default() };
    let app = TestApp::start_with(Setup { limits, buffer: Some(4_096), ..Setup::default() }).await;
    let (partner, person) = (app.partner("alpha").await, app.person(Role::Analyst).await);
    let mut reader = person.stream(None).await;
    reader.event().await;
    let socket = TcpSocket::new_v4().expect("a socket");
    socket.set_recv_buffer_size(2_048).expect("a small buffer");
    let mut stalled = socket.connect(app.address).await.expect("a connection");
    let request = format!("GET /live HTTP/1.1\r\nhost: 127.0.0.1\r\ncookie: {}\r\n\r\n", person.cookie);
    stalled.write_all(request.as_bytes()).await.expect("the request");
    eventually("both streams are open", async || (app.app.live.streams() == 2).then_some(())).await;
    let began = Instant::now();
    let mut pushes = 0;
    while app.app.live.streams() == 2 {
        assert!(began.elapsed() < Duration::from_secs(30), "who does not read is cut, after {pushes} pushes");
        // A quota's worth of pushes would be over before the buffers are full.
        app.app.clock.advance(MINUTE / 100);
        partner.push("metrics", &items([sample(90.0, &app.at(-MINUTE))])).await;
        pushes += 1;
        reader.until("posture:alpha").await;
    }
    assert!(began.elapsed() > Duration::from_secs(2), "not at once: {:?}", began.elapsed());
    partner.push("incidents", &items([incident("a", "low", "GREEN")])).await;
    reader.until("incidents:alpha").await;
}

#[tokio::test]
async fn the_idlest_connection_makes_room_for_the_next() {
    let limits = Limits { connections: 16, anonymous: 8, per_address: 8, ..Limits::default() };
    let app = TestApp::start_with(Setup { limits, ..Setup::default() }).await;
    let mut open = Vec::new();
    for _ in 0..8 {
        open.push(Raw::open(&app).await);
    }
    // The first is used, so the second is the idlest.
    assert_eq!(open[0].get("GET", "/healthz", "").await.expect("an answer").status, 200);
    tokio::time::sleep(Duration::from_millis(5)).await;
    assert_eq!(open[0].get("GET", "/healthz", "").await.expect("an answer").status, 200);
    let mut newcomer = Raw::open(&app).await;
    assert_eq!(newcomer.get("GET", "/healthz", "").await.expect("an answer").status, 200);
    let closed = eventually("one is closed", async || {
        let mut closed = vec![];
        for (place, raw) in open.iter_mut().enumerate() {
            if raw.is_closed().await {
                closed.push(place);
            }
        }
        (!closed.is_empty()).then_some(closed)
    })
    .await;
    assert_eq!(closed, [1]);
}

/// A client whose connection has to make room while its request is worked on is told so: it knows that nothing was acknowledged, and when to come again.
#[tokio::test]
async fn a_request_whose_connection_makes_room_is_answered() {
    let limits = Limits { connections: 16, anonymous: 8, per_address: 8, ..Limits::default() };
    let app = TestApp::start_with(Setup { limits, ..Setup::default() }).await;
    let mut at_work = TcpStream::connect(app.address).await.expect("a connection");
    at_work.write_all(format!("{SLOW_FORM}\r\nemail").as_bytes()).await.expect("the head");
    // So the hub is at it, and waits for the body.
    tokio::time::sleep(Duration::from_millis(50)).await;
    let mut newcomers = vec![];
    for _ in 0..8 {
        newcomers.push(Raw::open(&app).await);
    }
    let mut said = String::new();
    tokio::time::timeout(Duration::from_secs(5), at_work.read_to_string(&mut said)).await.expect("the connection ends").expect("an answer");
    assert!(said.starts_with("HTTP/1.1 503 ") && said.contains("retry-after: 5"), "{said}");
    for newcomer in &mut newcomers {
        assert_eq!(newcomer.get("GET", "/healthz", "").await.expect("an answer").status, 200);
    }
}

/// Far more connections than there is room for, from many addresses, idle and dripping: who is signed in, a partner, and a health check go on.
#[tokio::test]
async fn a_flood_of_connections_keeps_nobody_out() {
    server::serving::raise_open_files();
    let limits = Limits { connections: 160, anonymous: 80, per_address: 8, per_member: 8, ..Limits::default() };
    let app = TestApp::start_with(Setup { limits, ..Setup::default() }).await;
    let (person, partner) = (app.person(Role::Analyst).await, app.partner("alpha").await);
    let mut reader = person.stream(None).await;
    reader.event().await;
    let cookie = format!("cookie: {}\r\n", person.cookie);
    let mut kept = Raw::open(&app).await;
    assert_eq!(kept.get("GET", "/status", &cookie).await.expect("a page").status, 200);
    let (mut hostile, mut waits) = (Vec::new(), Vec::new());
    for round in 0..25_u8 {
        for address in 0..32_u8 {
            let mut raw = Raw::from(&app, [127, 0, 1, address + 1]).await;
            match round % 3 {
                0 => {}
                1 => raw.send("GET / HTTP/1.1\r\nx-slow: ").await,
                _ => raw.send(&format!("{SLOW_FORM}\r\na")).await,
            }
            hostile.push(raw);
        }
        // A new connection, and one that was kept.
        let began = Instant::now();
        let mut new = Raw::open(&app).await;
        assert_eq!(new.get("GET", "/status", &cookie).await.map(|a| a.status), Some(200), "round {round}");
        assert_eq!(kept.get("GET", "/status", &cookie).await.map(|a| a.status), Some(200), "round {round}");
        waits.push(began.elapsed());
        assert_eq!(Raw::open(&app).await.get("GET", "/healthz", "").await.map(|a| a.status), Some(200), "round {round}");
    }
    partner.push("metrics", &items([sample(90.0, &app.at(-MINUTE))])).await;
    reader.until("posture:alpha").await;
    let mut left = 0;
    for raw in &mut hostile {
        left += usize::from(!raw.is_closed().await);
    }
    assert!(hostile.len() == 800 && left <= 80, "{left} of them are left");
    assert!(waits.iter().all(|wait| *wait < Duration::from_secs(5)), "{waits:?}");
}

#[tokio::test]
async fn a_session_has_so_many_streams_and_another_its_own() {
    let app = TestApp::start().await;
    let (person, other) = (app.person(Role::Analyst).await, app.person(Role::Analyst).await);
    let mut streams = Vec::new();
    for _ in 0..16 {
        streams.push(person.stream(None).await);
    }
    let refused = Answer::of(app.request(reqwest::Method::GET, "/live").header("cookie", &person.cookie)).await;
    assert_eq!((refused.status, refused.text().trim()), (429, "You have too many pages open."));
    other.stream(None).await.event().await;
    streams.pop();
    eventually("one is free again", async || {
        let request = app.request(reqwest::Method::GET, "/live").header("cookie", &person.cookie);
        (request.send().await.expect("an answer").status() == 200).then_some(())
    })
    .await;
}

/// A proxy's connections are many people's: each of those has a share, and none of them the proxy's.
#[tokio::test]
async fn behind_a_trusted_proxy_each_client_has_its_own_share() {
    let limits = Limits { connections: 200, anonymous: 16, per_address: 4, ..Limits::default() };
    let app = TestApp::start_with(Setup { limits, proxies: &["127.0.0.1/32"], ..Setup::default() }).await;
    let person = app.person(Role::Analyst).await;
    let mut held = Vec::new();
    for _ in 0..40 {
        let mut raw = Raw::open(&app).await;
        raw.send(&format!("{SLOW_FORM}x-forwarded-for: 203.0.113.9, 192.0.2.7\r\n\r\na")).await;
        held.push(raw);
    }
    let ask = async |headers: &str| Raw::open(&app).await.get("GET", "/signin", headers).await.expect("an answer").status;
    eventually("so many of one client", async || (ask("x-forwarded-for: 192.0.2.7\r\n").await == 429).then_some(())).await;
    assert_eq!(ask("x-forwarded-for: 192.0.2.7, 192.0.2.8\r\n").await, 200, "another client");
    assert_eq!(ask("forwarded: for=\"[2001:db8::1]:4711\"\r\n").await, 200);
    // Who is signed in has a stream without a seat of the address, which a crowded office has in common.
    let mut streams = Vec::new();
    for _ in 0..8 {
        let request = app.request(reqwest::Method::GET, "/live").header("cookie", &person.cookie).header("x-forwarded-for", "192.0.2.9");
        streams.push(Stream::open(request).await);
    }
    assert_eq!(ask("x-forwarded-for: 192.0.2.9\r\n").await, 200);
    // What is closed, where connections run short, is no connection of the proxy.
    for _ in 0..20 {
        held.push(Raw::from(&app, [127, 0, 0, 2]).await);
    }
    let mut waiting = Vec::new();
    for (place, raw) in held.iter_mut().take(40).enumerate() {
        if !raw.is_closed().await {
            waiting.push(place);
        }
    }
    assert!(waiting.len() >= 4, "{waiting:?}");
    drop(streams);
}

#[tokio::test]
async fn an_address_that_no_trusted_proxy_named_is_ignored() {
    let app = TestApp::start().await;
    let admin = app.person(Role::OrgAdmin).await;
    for (name, value) in [("x-forwarded-for", "192.0.2.7"), ("forwarded", "for=192.0.2.7")] {
        app.form_request("/auth/signin", &[("email", "x@y.example"), ("password", "wrong")], "")
            .header("sec-fetch-site", "same-origin")
            .header(name, value)
            .send()
            .await
            .expect("an answer");
    }
    let rows = app.app.store.hub().audit_after(0).await.expect("the trail");
    let failed: Vec<_> = rows.iter().filter(|row| row.action == "session.failed" || row.detail.contains("address")).collect();
    assert!(!failed.is_empty() && failed.iter().all(|row| row.detail.contains("127.0.0.1") && !row.detail.contains("192.0.2.7")), "{failed:?}");
    drop(admin);
}

#[tokio::test]
async fn a_request_says_clearly_which_host_it_means() {
    let app = TestApp::start().await;
    for (head, status) in [
        ("GET /healthz HTTP/1.1\r\nhost: hub.example\r\n\r\n", 200),
        ("GET /healthz HTTP/1.0\r\n\r\n", 200),
        ("GET http://hub.example/healthz HTTP/1.1\r\nhost: hub.example\r\n\r\n", 200),
        ("GET /healthz HTTP/1.1\r\n\r\n", 400),
        ("GET /healthz HTTP/1.1\r\nhost: hub.example\r\nhost: hub.example\r\n\r\n", 400),
        ("GET /healthz HTTP/1.1\r\nhost: hub.example\r\nHost: evil.example\r\n\r\n", 400),
        ("GET http://evil.example/healthz HTTP/1.1\r\nhost: hub.example\r\n\r\n", 400),
        ("GET http://hub.example/healthz HTTP/1.1\r\n\r\n", 400),
        ("GET /healthz HTTP/1.1\r\nhost: a@hub.example\r\n\r\n", 400),
        ("GET /healthz HTTP/1.1\r\nhost:\r\n\r\n", 400),
        ("OPTIONS * HTTP/1.1\r\nhost: hub.example\r\n\r\n", 400),
    ] {
        let answer = Raw::open(&app).await.ask(head).await.unwrap_or_else(|| panic!("no answer to {head:?}"));
        assert_eq!(answer.status, status, "{head:?}: {}", answer.text());
    }
    let answer = Raw::open(&app).await.ask("GET /api/v1/whoami HTTP/1.1\r\n\r\n").await.expect("an answer");
    assert_eq!(answer.problem()["detail"], "The header Host is missing.");
}

/// Whatever its length: a machine reads a problem, a person a page, and everybody else a sentence; the connection ends with it.
#[tokio::test]
async fn what_is_too_long_in_a_head_is_said() {
    let app = TestApp::start().await;
    let long = |size: usize| "x".repeat(size);
    let fields = |size: usize| (0..size).map(|no| format!("x-{no}: y\r\n")).collect::<String>();
    const MACHINE: &str = "accept: application/json\r\n";
    const PERSON: &str = "accept: text/html\r\n";
    for size in [8_193, 60_000, 70_000, 1_000_000] {
        for (path, accept) in [("/api/v1/whoami", ""), ("/incidents", MACHINE), ("/incidents", PERSON), ("/healthz", "")] {
            let query = long(size - path.len() - 3);
            let mut raw = Raw::open(&app).await;
            let answer = raw.get("GET", &format!("{path}?q={query}"), accept).await.unwrap_or_else(|| panic!("no answer to {size} at {path}"));
            assert_eq!((answer.status, answer.header("connection")), (414, "close"), "{size} at {path}");
            said(&answer, path.starts_with("/api/") || accept == MACHINE, accept == PERSON, "An address may have 8 KiB.");
            assert!(raw.get("GET", "/healthz", "").await.is_none());
        }
    }
    for more in [fields(100), fields(5_000), format!("x: {}\r\n", long(32_768)), format!("x: {}\r\n", long(1_000_000)), format!("{}: x\r\n", long(100_000))] {
        for (path, accept) in [("/api/v1/whoami", ""), ("/incidents", MACHINE), ("/incidents", PERSON), ("/healthz", "")] {
            let mut raw = Raw::open(&app).await;
            let answer = raw.get("GET", path, &format!("{accept}{more}")).await.unwrap_or_else(|| panic!("no answer to {} at {path}", more.len()));
            assert_eq!((answer.status, answer.header("connection")), (431, "close"), "{} at {path}", more.len());
            said(&answer, path.starts_with("/api/") || accept == MACHINE, accept == PERSON, "A request may have 100 header fields, of 32 KiB together.");
            assert!(raw.get("GET", "/healthz", "").await.is_none());
        }
    }
    // As long as it may be, on one connection.
    let mut raw = Raw::open(&app).await;
    for (path, more) in
        [(format!("/healthz?q={}", long(8_192 - 11)), String::new()), ("/healthz".into(), fields(99)), ("/healthz".into(), format!("x: {}\r\n", long(32_000)))]
    {
        assert_eq!(raw.get("GET", &path, &more).await.map(|answer| answer.status), Some(200), "{} {}", path.len(), more.len());
    }
}

/// A refusal, in the form of who asked.
fn said(answer: &Answer, machine: bool, person: bool, sentence: &str) {
    if machine {
        let problem = answer.problem();
        assert!(problem["type"] == "urn:shieldwall:problem:too-large" && problem["detail"].as_str().is_some_and(|d| d.contains(sentence)), "{problem}");
    } else {
        assert!(answer.text().contains(sentence) && answer.text().contains("<h1>") == person, "{}", answer.text());
    }
}

#[tokio::test]
async fn a_head_has_lines_that_end_in_crlf() {
    let app = TestApp::start().await;
    let partner = app.partner("alpha").await;
    for head in [
        "GET /healthz HTTP/1.1\nhost: hub\r\n\r\n",
        "GET /healthz HTTP/1.1\r\nhost: hub\n\r\n",
        "GET /healthz HTTP/1.1\r\nhost: hub\r\nx: a\nb: c\r\n\r\n",
        "GET /healthz HTTP/1.1\r\nhost: hub\r\n\n",
        "GET /healthz HTTP/1.1\nhost: hub\n\n",
        "\nGET /healthz HTTP/1.1\r\nhost: hub\r\n\r\n",
    ] {
        let answer = Raw::open(&app).await.ask(head).await.unwrap_or_else(|| panic!("no answer to {head:?}"));
        assert_eq!(answer.status, 400, "{head:?}");
        // In the second request of a connection, too, sent together with the first.
        let mut raw = Raw::open(&app).await;
        let first = raw.ask(&format!("GET /healthz HTTP/1.1\r\nhost: hub\r\n\r\n{head}")).await.expect("an answer");
        assert_eq!((first.status, raw.answer().await.map(|a| a.status)), (200, Some(400)), "{head:?}");
    }
    // A body is the sender's own, and what follows it is a request again: several in one piece, and cut anywhere.
    let body = items([sample(90.0, &app.at(-MINUTE))]).to_string().replace(',', ",\n\n");
    let push = format!(
        "\r\nPOST /api/v1/metrics HTTP/1.1\r\nhost: hub\r\nauthorization: Bearer {}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        partner.key,
        body.len()
    );
    let ask = "GET /healthz HTTP/1.1\r\nhost: hub\r\n\r\n";
    let mut raw = Raw::open(&app).await;
    raw.send(&[&push, ask, &push, ask].concat()).await;
    for _ in 0..4 {
        assert_eq!(raw.answer().await.map(|a| a.status), Some(200));
    }
    for byte in push.as_bytes().chunks(7) {
        raw.send(std::str::from_utf8(byte).expect("ASCII")).await;
    }
    assert_eq!(raw.answer().await.map(|a| a.status), Some(200));
    // Where a body ends that is chunked is not looked for, so its connection ends with it.
    let chunked =
        format!("{}transfer-encoding: chunked\r\n\r\n{:x}\r\n{body}\r\n0\r\n\r\n", push[2..].split("content-length").next().expect("a head"), body.len());
    let answer = raw.ask(&chunked).await.expect("an answer");
    assert_eq!((answer.status, answer.header("connection")), (200, "close"), "{}", answer.text());
    assert!(raw.get("GET", "/healthz", "").await.is_none());
}

/// A hub that was told neither of HTTPS nor of a proxy hands no session to what came through one, or by another name.
#[tokio::test]
async fn plain_http_is_for_this_machine_alone() {
    let app = TestApp::start().await;
    let (_, email) = app.account("alpha", Role::Analyst).await;
    let sign_in = async |host: &str, header: &str| {
        let _turn = SIGNING_IN.lock().await;
        let body = serde_urlencoded::to_string([("email", &*email), ("password", PASSWORD)]).expect("a form");
        let head = format!("POST /auth/signin HTTP/1.1\r\nhost: {host}\r\n{header}sec-fetch-site: same-origin\r\n");
        let kind = "content-type: application/x-www-form-urlencoded\r\ncontent-length: ";
        Raw::open(&app).await.ask(&format!("{head}{kind}{}\r\n\r\n{body}", body.len())).await.expect("an answer")
    };
    for (host, header) in
        [("hub.example", ""), ("192.0.2.7:3000", ""), ("localhost", "x-forwarded-proto: https\r\n"), ("127.0.0.1", "forwarded: proto=https\r\n")]
    {
        let answer = sign_in(host, header).await;
        assert_eq!((answer.status, answer.header("set-cookie")), (421, ""), "{host} {header}");
        assert!(answer.text().contains("--public-url"), "{}", answer.text());
    }
    for host in ["localhost:3000", "127.0.0.1", "[::1]:3000", "hub.localhost"] {
        let answer = sign_in(host, "").await;
        assert!(answer.status == 303 && answer.header("set-cookie").starts_with("shieldwall="), "{host}: {}", answer.text());
    }
    // With its address it is any name's, and its cookies and answers are for HTTPS alone.
    let https = TestApp::start_as(false).await;
    let answer = Raw::open(&https).await.ask("GET /signin HTTP/1.1\r\nhost: hub.example\r\nx-forwarded-proto: https\r\n\r\n").await.expect("an answer");
    assert_eq!((answer.status, answer.header("strict-transport-security")), (200, "max-age=31536000; includeSubDomains"));
}

/// Signing in again makes nobody more than one person.
#[tokio::test]
async fn a_person_has_so_many_sessions_and_streams_however_often_they_sign_in() {
    let app = TestApp::start().await;
    let (person, other) = (app.person(Role::Analyst).await, app.person(Role::Analyst).await);
    let mut cookies = vec![person.cookie.clone()];
    for _ in 0..20 {
        let _turn = SIGNING_IN.lock().await;
        cookies.push(cookie_of(&app.form("/auth/signin", &[("email", &person.email), ("password", PASSWORD)], "").await));
    }
    let mut status = vec![];
    for cookie in &cookies {
        status.push(app.visit("/status", cookie).await.status);
    }
    assert_eq!(status, [vec![303], vec![200; 20]].concat(), "the oldest has ended");
    let mut streams = vec![];
    for cookie in &cookies[1..4] {
        for _ in 0..16 {
            streams.push(Stream::open(app.request(reqwest::Method::GET, "/live").header("cookie", cookie)).await);
        }
    }
    let refused = Answer::of(app.request(reqwest::Method::GET, "/live").header("cookie", &cookies[4])).await;
    assert_eq!(refused.status, 429, "{}", refused.text());
    other.stream(None).await.event().await;
}
