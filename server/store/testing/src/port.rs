//! Ports for programs under test.

use std::{
    net::{Ipv4Addr, TcpListener},
    ops::Range,
    sync::atomic::{AtomicU16, Ordering},
};

/// Below those that Linux and macOS hand out to connections: a port "free a moment ago" from there can be a client's by the time the
/// program listens, or while it is stopped to be started again.
const PORTS: Range<u16> = 10_240..32_768;

/// A free loopback port that nobody is given by chance, and this test program only once.
///
/// # Panics
/// When no port at all is free.
#[must_use]
pub fn free_port() -> u16 {
    static TAKEN: AtomicU16 = AtomicU16::new(0);
    // Programs that run side by side begin far apart.
    let begin = std::process::id().wrapping_mul(7919) as u16;
    (0..PORTS.len())
        .map(|_| PORTS.start + begin.wrapping_add(TAKEN.fetch_add(1, Ordering::Relaxed)) % PORTS.len() as u16)
        .find(|port| TcpListener::bind((Ipv4Addr::LOCALHOST, *port)).is_ok())
        .expect("a free port")
}
