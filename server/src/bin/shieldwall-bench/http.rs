//! As much HTTP/1.1 as a load generator needs, and cheap, because it shares the machine's cores with the server: prepared
//! requests out, status and body in, over one kept connection.

use anyhow::{Context, bail};
use std::{
    net::{Ipv4Addr, SocketAddr},
    time::Duration,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpSocket, TcpStream},
    time::{Instant, timeout},
};

/// Longest wait for one answer.
const PATIENCE: Duration = Duration::from_secs(30);

/// One kept connection.
pub struct Connection {
    stream: TcpStream,
    /// Read, but not yet used.
    buffer: Vec<u8>,
}

/// The head of an answer.
pub struct Head {
    pub status: u16,
    /// When its first byte was here.
    pub first_byte: Instant,
    text: String,
    length: Length,
}

#[derive(Clone, Copy)]
enum Length {
    Known(usize),
    Chunked,
}

/// A whole answer.
pub struct Answer {
    pub head: Head,
    pub body: Vec<u8>,
}

impl Head {
    /// The first header of a name, which must be given in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        header(&self.text, name)
    }
}

fn header<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    text.lines().skip(1).filter_map(|line| line.split_once(':')).find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim())
}

impl Connection {
    pub async fn open(address: SocketAddr) -> anyhow::Result<Self> {
        let stream = TcpStream::connect(address).await.with_context(|| format!("cannot connect to {address}"))?;
        Self::of(stream)
    }

    /// From one of this machine's addresses, as one of many browsers.
    pub async fn open_from(address: SocketAddr, source: Ipv4Addr) -> anyhow::Result<Self> {
        Self::of(Self::from(address, source).await.with_context(|| format!("cannot connect to {address} from {source}"))?)
    }

    /// The bare connection.
    pub async fn from(address: SocketAddr, source: Ipv4Addr) -> std::io::Result<TcpStream> {
        let socket = TcpSocket::new_v4()?;
        socket.bind(SocketAddr::from((source, 0)))?;
        socket.connect(address).await
    }

    fn of(stream: TcpStream) -> anyhow::Result<Self> {
        stream.set_nodelay(true)?;
        Ok(Self { stream, buffer: Vec::with_capacity(16 * 1024) })
    }

    /// Sends a request and reads the whole answer.
    pub async fn exchange(&mut self, request: &[u8]) -> anyhow::Result<Answer> {
        timeout(PATIENCE, async {
            let head = self.ask(request).await?;
            let mut body = Vec::new();
            match head.length {
                Length::Known(length) => {
                    self.fill(length).await?;
                    body.extend(self.buffer.drain(..length));
                }
                Length::Chunked => while self.chunk(&mut body).await? {},
            }
            Ok(Answer { head, body })
        })
        .await
        .context("the server did not answer in time")?
    }

    /// Sends a request and reads the answer up to the end of the connection, as HTTP/1.0 has it.
    pub async fn exchange_to_end(&mut self, request: &[u8]) -> anyhow::Result<Answer> {
        let head = self.ask(request).await?;
        while self.stream.read_buf(&mut self.buffer).await? > 0 {}
        Ok(Answer { head, body: std::mem::take(&mut self.buffer) })
    }

    /// Sends a request and reads the head of the answer only.
    pub async fn ask(&mut self, request: &[u8]) -> anyhow::Result<Head> {
        self.stream.write_all(request).await?;
        self.fill(1).await?;
        let first_byte = Instant::now();
        let end = loop {
            if let Some(at) = find(&self.buffer, b"\r\n\r\n") {
                break at + 4;
            }
            self.fill(self.buffer.len() + 1).await?;
        };
        let text = String::from_utf8(self.buffer.drain(..end).collect()).context("the head of an answer is not text")?;
        let status = text.get(9..12).and_then(|s| s.parse().ok()).context("an answer without status")?;
        let chunked = header(&text, "transfer-encoding").is_some_and(|v| v.eq_ignore_ascii_case("chunked"));
        let length = match header(&text, "content-length") {
            _ if chunked => Length::Chunked,
            Some(length) => Length::Known(length.parse().context("content-length")?),
            None => Length::Known(0),
        };
        Ok(Head { status, first_byte, text, length })
    }

    /// Appends the next chunk of a chunked body; false after the last one.
    pub async fn chunk(&mut self, body: &mut Vec<u8>) -> anyhow::Result<bool> {
        let line = loop {
            if let Some(at) = find(&self.buffer, b"\r\n") {
                break at;
            }
            self.fill(self.buffer.len() + 1).await?;
        };
        let size = std::str::from_utf8(&self.buffer[..line])
            .ok()
            .and_then(|s| usize::from_str_radix(s.split(';').next()?.trim(), 16).ok())
            .context("a chunk without size")?;
        let start = line + 2;
        self.fill(start + size + 2).await?;
        body.extend_from_slice(&self.buffer[start..start + size]);
        self.buffer.drain(..start + size + 2);
        Ok(size > 0)
    }

    /// Reads until at least `length` bytes are in the buffer.
    async fn fill(&mut self, length: usize) -> anyhow::Result<()> {
        while self.buffer.len() < length {
            if self.stream.read_buf(&mut self.buffer).await? == 0 {
                bail!("the server closed the connection");
            }
        }
        Ok(())
    }
}

fn find(bytes: &[u8], what: &[u8]) -> Option<usize> {
    bytes.windows(what.len()).position(|w| w == what)
}
