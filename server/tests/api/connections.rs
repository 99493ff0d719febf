//! Clients that keep the hub waiting, and too many of them.

use crate::support::*;
use domain::{MINUTE, Role};
use server::serving::Limits;
use std::time::{Duration, Instant};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpSocket, TcpStream},
};

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
    let request = format!("GET /live HTTP/1.1\r\nhost: hub\r\ncookie: {}\r\n\r\n", person.cookie);
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
async fn too_many_connections_are_told_so() {
    let limits = Limits { connections: 8, ..Limits::default() };
    let app = TestApp::start_with(Setup { limits, ..Setup::default() }).await;
    let mut open = Vec::new();
    for _ in 0..8 {
        open.push(TcpStream::connect(app.address).await.expect("a connection"));
    }
    let turned_away = eventually("one is too many", async || {
        let answer = app.get("/healthz").await;
        (answer.status == 503).then_some(answer)
    })
    .await;
    assert_eq!((turned_away.header("retry-after"), turned_away.text().trim()), ("5", "Too many connections are open. Please come again."));
    drop(open);
    eventually("there is room again", async || (app.get("/healthz").await.status == 200).then_some(())).await;
}
