//! SIGTERM under load: streams end, accepted work is finished, the program ends in time.

use crate::{hub::Hub, load::Load, people, truth};
use futures::StreamExt;
use std::{sync::Arc, time::Duration};

const STREAMS: usize = 1_000;
/// A session and a person have only so many.
const PER_SESSION: usize = 16;
const SESSIONS: usize = 3;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_streams_end_within_fifteen_seconds_and_no_push_is_lost() {
    let mut hub = Hub::prepare(32).await;
    let sessions = STREAMS.div_ceil(PER_SESSION);
    let analysts = people::add_analysts(&hub, sessions.div_ceil(SESSIONS)).await;
    hub.start().await;
    let mut cookies = vec![];
    for n in 0..sessions {
        cookies.push(people::sign_in_as(&hub, &analysts[n / SESSIONS]).await);
    }
    let open = futures::stream::iter(0..STREAMS).map(|n| people::Stream::open(&hub, &cookies[n / PER_SESSION]));
    let streams: Vec<_> = open.buffer_unordered(64).collect().await;
    let readers: Vec<_> = streams.into_iter().map(|stream| tokio::spawn(stream.ended())).collect();
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
