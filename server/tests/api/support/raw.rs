//! A connection over which requests go byte by byte as they are written, which no ordinary client lets one do.

use super::{Answer, TestApp};
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use std::net::{IpAddr, SocketAddr};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpSocket, TcpStream},
};

/// A connection, kept for as many requests as the hub answers on it.
pub struct Raw {
    stream: TcpStream,
    /// Read, but not yet looked at.
    rest: Vec<u8>,
}

impl Raw {
    pub async fn open(app: &TestApp) -> Self {
        Self { stream: TcpStream::connect(app.address).await.expect("a connection"), rest: vec![] }
    }

    /// From an address of this machine.
    pub async fn from(app: &TestApp, address: [u8; 4]) -> Self {
        let socket = TcpSocket::new_v4().expect("a socket");
        socket.bind(SocketAddr::from((IpAddr::from(address), 0))).expect("an address of this machine");
        Self { stream: socket.connect(app.address).await.expect("a connection"), rest: vec![] }
    }

    pub async fn send(&mut self, text: &str) {
        // What the hub has closed is seen when its answer is read.
        let _ = self.stream.write_all(text.as_bytes()).await;
    }

    /// Whether the hub has closed the connection; nothing may be awaited on it.
    pub async fn is_closed(&mut self) -> bool {
        loop {
            match tokio::time::timeout(std::time::Duration::from_millis(1), self.stream.read_buf(&mut self.rest)).await {
                Ok(Ok(0) | Err(_)) => return true,
                // An answer that nobody read.
                Ok(Ok(_)) => {}
                Err(_) => return false,
            }
        }
    }

    /// Sends a whole request and reads its answer; `None` where the hub closes the connection without one.
    pub async fn ask(&mut self, text: &str) -> Option<Answer> {
        self.send(text).await;
        self.answer().await
    }

    /// A request without body to a path, spelled exactly so.
    pub async fn get(&mut self, method: &str, path: &str, headers: &str) -> Option<Answer> {
        self.ask(&format!("{method} {path} HTTP/1.1\r\nhost: 127.0.0.1\r\n{headers}\r\n")).await
    }

    pub async fn answer(&mut self) -> Option<Answer> {
        let head = self.until(b"\r\n\r\n").await?;
        let head = String::from_utf8(head).expect("a head of text");
        let mut headers = HeaderMap::new();
        for (name, value) in head.lines().skip(1).filter_map(|line| line.split_once(": ")) {
            let (name, value) = (name.parse::<HeaderName>().expect("a name"), value.parse::<HeaderValue>().expect("a value"));
            headers.append(name, value);
        }
        let status = head.get(9..12).and_then(|status| status.parse().ok()).unwrap_or_else(|| panic!("a status in {head}"));
        let length = headers.get("content-length").and_then(|v| v.to_str().ok()?.parse::<usize>().ok());
        let mut body = vec![];
        if let Some(length) = length {
            body = self.exactly(length).await?;
        } else if headers.get("transfer-encoding").is_some() {
            loop {
                let line = String::from_utf8(self.until(b"\r\n").await?).expect("a size");
                let size = usize::from_str_radix(line.trim(), 16).expect("a size");
                body.extend(self.exactly(size).await?);
                self.until(b"\r\n").await?;
                if size == 0 {
                    break;
                }
            }
        }
        Some(Answer { status, headers, body })
    }

    async fn until(&mut self, end: &[u8]) -> Option<Vec<u8>> {
        loop {
            if let Some(at) = self.rest.windows(end.len()).position(|w| w == end) {
                return Some(self.rest.drain(..at + end.len()).collect());
            }
            self.more().await?;
        }
    }

    async fn exactly(&mut self, length: usize) -> Option<Vec<u8>> {
        while self.rest.len() < length {
            self.more().await?;
        }
        Some(self.rest.drain(..length).collect())
    }

    async fn more(&mut self) -> Option<()> {
        matches!(self.stream.read_buf(&mut self.rest).await, Ok(size) if size > 0).then_some(())
    }
}
