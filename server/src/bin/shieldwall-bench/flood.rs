//! Pages of somebody who is signed in, and health checks, while strangers open far more connections than there is room for.

use crate::{data, http::Connection, machine, stage::Stage};
use anyhow::ensure;
use hdrhistogram::Histogram;
use std::{
    net::Ipv4Addr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    sync::watch,
    task::JoinSet,
    time::{Instant, sleep},
};

/// Addresses that the strangers come from.
pub const ADDRESSES: u8 = 50;
/// Strangers' tasks that open connections at once.
const OPENERS: usize = 10;
/// Lines of a head that wants more than comes.
const FORM: &str = "content-type: application/x-www-form-urlencoded\r\ncontent-length: 9\r\n";
/// Between two pages.
const BEAT: Duration = Duration::from_millis(10);

/// What was measured.
pub struct Figures {
    pub offered: usize,
    pub period: Duration,
    /// Microseconds of whole pages over a kept connection, over new ones from connecting on, and of health checks over new ones.
    pub kept: Histogram<u64>,
    pub new: Histogram<u64>,
    pub health: Histogram<u64>,
    /// Of these, those that were not answered with 200.
    pub failed: usize,
}

/// Offers so many connections, and asks for pages until the last one was opened, and for `period` after that.
pub async fn run(stage: &Stage<'_>, offered: usize, period: Duration) -> anyhow::Result<Figures> {
    server::serving::raise_open_files();
    let address = stage.first().address;
    let cookie = data::sign_in(stage.first(), &stage.alliance).await?;
    let page = format!("GET /status HTTP/1.1\r\nhost: {address}\r\ncookie: {cookie}\r\naccept-encoding: gzip, br\r\n\r\n");
    let health = format!("GET /healthz HTTP/1.1\r\nhost: {address}\r\n\r\n");
    let (opened, (end, ended)) = (Arc::new(AtomicUsize::new(0)), watch::channel(false));
    let mut strangers = JoinSet::new();
    for opener in 0..OPENERS {
        let (opened, mut ended) = (Arc::clone(&opened), ended.clone());
        strangers.spawn(async move {
            let mut held = JoinSet::new();
            for no in (opener..offered).step_by(OPENERS) {
                let source = Ipv4Addr::new(127, 0, 2, (no % usize::from(ADDRESSES)) as u8 + 1);
                if let Ok(stream) = stranger(address, source, no).await {
                    held.spawn(hold(stream));
                }
                opened.fetch_add(1, Ordering::Relaxed);
            }
            let _ = ended.wait_for(|e| *e).await;
        });
    }
    let mut kept = Connection::open(address).await?;
    let (mut figures, began) =
        (Figures { offered, period, kept: machine::histogram()?, new: machine::histogram()?, health: machine::histogram()?, failed: 0 }, Instant::now());
    let mut all_there = None;
    loop {
        let asked = Instant::now();
        let answered = kept.exchange(page.as_bytes()).await.is_ok_and(|a| a.head.status == 200);
        figures.kept.record(machine::micros(asked.elapsed()))?;
        figures.failed += usize::from(!answered);
        for (request, times) in [(&page, &mut figures.new), (&health, &mut figures.health)] {
            let asked = Instant::now();
            let answered = async { Connection::open(address).await?.exchange(request.as_bytes()).await };
            figures.failed += usize::from(!answered.await.is_ok_and(|a| a.head.status == 200));
            times.record(machine::micros(asked.elapsed()))?;
        }
        if opened.load(Ordering::Relaxed) >= offered && all_there.is_none() {
            all_there = Some(Instant::now());
        }
        if all_there.is_some_and(|at| at.elapsed() >= period) {
            break;
        }
        ensure!(began.elapsed() < Duration::from_secs(300), "the strangers' connections were not opened in time: {}", opened.load(Ordering::Relaxed));
        sleep(BEAT).await;
    }
    figures.period = began.elapsed();
    end.send_replace(true);
    while strangers.join_next().await.is_some() {}
    Ok(figures)
}

/// Keeps a connection for as long as the hub does.
async fn hold(mut stream: TcpStream) {
    let mut unread = [0; 256];
    while stream.read(&mut unread).await.is_ok_and(|size| size > 0) {}
}

/// A connection that says nothing, the beginning of a head, or that of a form.
async fn stranger(address: std::net::SocketAddr, source: Ipv4Addr, no: usize) -> std::io::Result<TcpStream> {
    let mut stream = Connection::from(address, source).await?;
    match no % 3 {
        0 => {}
        1 => stream.write_all(b"GET / HTTP/1.1\r\nx-slow: ").await?,
        _ => {
            let head = format!("POST /auth/signin HTTP/1.1\r\nhost: {address}\r\nsec-fetch-site: same-origin\r\n{FORM}\r\na");
            stream.write_all(head.as_bytes()).await?;
        }
    }
    Ok(stream)
}
