//! SIGTERM under load: streams end, accepted work is finished, the program ends in time.

use crate::{
    hub::{Hub, client},
    load::Load,
    truth,
};
use domain::Role;
use futures::StreamExt;
use server::{auth::password, clock::Clock};
use std::{sync::Arc, time::Duration};
use store::{Settings, Store};

const STREAMS: usize = 1_000;
const PASSWORD: &str = "fjord-umbrella-11-kettle";

/// Somebody's cookie.
async fn signed_in(hub: &Hub) -> String {
    let answer = client_without_redirects()
        .post(hub.url("/auth/signin"))
        .header("sec-fetch-site", "same-origin")
        .header("content-type", "application/x-www-form-urlencoded")
        .body(format!("email=ana%40org-0.example&password={PASSWORD}"))
        .send()
        .await
        .expect("an answer");
    let cookie = answer.headers().get("set-cookie").and_then(|v| v.to_str().ok()).expect("a cookie");
    cookie.split(';').next().unwrap_or_default().to_owned()
}

fn client_without_redirects() -> reqwest::Client {
    reqwest::Client::builder().no_proxy().tls_certs_only([]).redirect(reqwest::redirect::Policy::none()).build().expect("a client")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_streams_end_within_fifteen_seconds_and_no_push_is_lost() {
    let mut hub = Hub::prepare(32).await;
    let store = Store::open(&Settings { url: hub.database.clone(), readers: 1 }).await.expect("the database opens");
    let hash = password::hash(PASSWORD).await.expect("a hash");
    store
        .hub()
        .add_user(hub.partners[0].org, "ana@org-0.example".into(), "Ana".into(), Role::Analyst, Some(hash), Clock::default().now())
        .await
        .expect("a user");
    store.close().await;
    hub.start().await;
    let (cookie, http) = (signed_in(&hub).await, client());
    let open = futures::stream::iter(0..STREAMS).map(|_| async {
        let response = http.get(hub.url("/live")).header("cookie", &cookie).send().await.expect("a stream");
        assert_eq!(response.headers().get("content-type").and_then(|v| v.to_str().ok()), Some("text/event-stream"));
        let mut events = response.bytes_stream();
        let hello = events.next().await.expect("an event").expect("the hello");
        assert!(hello.starts_with(b"event: hello"), "{hello:?}");
        events
    });
    let streams: Vec<_> = open.buffer_unordered(64).collect().await;
    let readers: Vec<_> = streams.into_iter().map(|mut events| tokio::spawn(async move { while let Some(Ok(_)) = events.next().await {} })).collect();
    let load = Arc::new(Load::new(&hub, 1, None));
    let clients = load.spawn(8);
    load.progress(50).await;
    let took = hub.terminate().await;
    assert!(took < Duration::from_secs(15), "{took:?}");
    for reader in readers {
        tokio::time::timeout(Duration::from_secs(1), reader).await.expect("every stream has ended").expect("a reader");
    }
    let acknowledged = load.acknowledged();
    assert_eq!(truth::read(&hub.database).await.lost(&acknowledged), Vec::<usize>::new(), "acknowledged and lost");
    load.stop();
    hub.start().await;
    for client in clients {
        client.await.expect("no client fails");
    }
    hub.terminate().await;
    let summary = truth::check(&truth::read(&hub.database).await, &load);
    eprintln!("{STREAMS} streams ended in {took:?}; {summary}");
}
