//! Line ends in the head of a request: CRLF, and nothing else. hyper also takes a bare LF, which a proxy in front may read as part of a field; then
//! the two see different requests (RFC 9112, section 2.2).
//!
//! What is head and what is body is not found out a second time here: the stream hands on one head, to its empty line, and then nothing until the
//! service has been called with what hyper made of it, and so knows how long the body is. After a chunked body, whose end only hyper sees, the
//! connection must be closed (see [`Framing::follow`]).
//!
//! A head that has begun must come to its end in time, and so must the first one of a connection. How long a connection may then lie idle is another
//! matter, and hyper's: proxies and clients keep theirs for a minute or more, and would lose a request on one that is closed under them.

use std::{
    io::{self, ErrorKind, IoSlice},
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll, Waker},
    time::Duration,
};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    time::{Sleep, sleep},
};

/// What comes next on a connection; shared by the stream and the service that is called with each request.
#[derive(Clone, Default)]
pub struct Framing(Arc<Mutex<(Next, Option<Waker>)>>);

enum Next {
    Head(Line),
    /// The head is over, and nobody has been told yet what follows it.
    Unknown,
    /// So many bytes of a body.
    Body(u64),
    /// A body until the end of the connection, as far as is known here.
    Rest,
    /// A head that was refused; nothing after it counts.
    Refused,
}

/// Where in a head.
#[derive(Default)]
struct Line {
    /// Something other than empty lines has come: those in front of a request are skipped.
    begun: bool,
    /// Something has come on this line.
    filled: bool,
    after_cr: bool,
}

impl Default for Next {
    fn default() -> Self {
        Self::Head(Line::default())
    }
}

impl Next {
    /// How many of these bytes may be handed on now. In place of a bare LF stands NUL, which no head may hold: hyper answers it with 400.
    fn pass(&mut self, bytes: &mut [u8]) -> usize {
        match self {
            Self::Head(line) => {
                for (at, byte) in bytes.iter_mut().enumerate() {
                    match *byte {
                        b'\n' if !line.after_cr => {
                            *byte = 0;
                            *self = Self::Refused;
                            return at + 1;
                        }
                        b'\n' if line.begun && !line.filled => {
                            *self = Self::Unknown;
                            return at + 1;
                        }
                        b'\n' => *line = Line { begun: line.begun, ..Line::default() },
                        b'\r' if !line.after_cr => line.after_cr = true,
                        _ => *line = Line { begun: true, filled: true, after_cr: *byte == b'\r' },
                    }
                }
                bytes.len()
            }
            Self::Unknown | Self::Refused => 0,
            Self::Body(left) => {
                let passed = bytes.len().min(usize::try_from(*left).unwrap_or(usize::MAX));
                *left -= passed as u64;
                if *left == 0 {
                    *self = Self::default();
                }
                passed
            }
            Self::Rest => bytes.len(),
        }
    }
}

impl Framing {
    /// A head was read, and a body of so many bytes follows; `None` for one whose length is not known. Returns whether the connection may be used
    /// for another request after this one.
    pub fn follow(&self, body: Option<u64>) -> bool {
        let mut shared = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        shared.0 = match body {
            Some(0) => Next::default(),
            Some(length) => Next::Body(length),
            None => Next::Rest,
        };
        if let Some(waker) = shared.1.take() {
            waker.wake();
        }
        body.is_some()
    }
}

/// A stream whose heads have line ends of CRLF only.
pub struct Strict<S> {
    stream: S,
    framing: Framing,
    /// Read from the stream, but not to be handed on yet, from `at` on.
    held: Vec<u8>,
    at: usize,
    /// How long a head may take.
    within: Duration,
    /// No head has come to its end yet.
    first: bool,
    /// When the head that is under way must be over.
    end: Option<Pin<Box<Sleep>>>,
}

impl<S> Strict<S> {
    pub fn new(stream: S, framing: Framing, within: Duration) -> Self {
        Self { stream, framing, held: Vec::new(), at: 0, within, first: true, end: None }
    }

    /// Nothing came: whether that has lasted too long.
    fn wait(&mut self, next: &Next, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if !matches!(next, Next::Head(line) if line.begun || self.first) {
            return Poll::Pending;
        }
        let within = self.within;
        let late = || Err(io::Error::new(ErrorKind::TimedOut, "the head did not come in time"));
        self.end.get_or_insert_with(|| Box::pin(sleep(within))).as_mut().poll(cx).map(|()| late())
    }

    /// What came changed where the connection is.
    fn moved(&mut self, next: &Next) {
        self.first &= matches!(next, Next::Head(_));
        if !matches!(next, Next::Head(line) if line.begun || self.first) {
            self.end = None;
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Strict<S> {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let shared = Arc::clone(&this.framing.0);
        let mut shared = shared.lock().unwrap_or_else(PoisonError::into_inner);
        match shared.0 {
            Next::Unknown => {
                shared.1 = Some(cx.waker().clone());
                return Poll::Pending;
            }
            Next::Refused => return Poll::Ready(Ok(())),
            _ => {}
        }
        let before = buf.filled().len();
        if this.at < this.held.len() {
            let size = buf.remaining().min(this.held.len() - this.at);
            buf.put_slice(&this.held[this.at..this.at + size]);
            let passed = shared.0.pass(&mut buf.filled_mut()[before..]);
            this.at += passed;
            buf.set_filled(before + passed);
            this.moved(&shared.0);
            if this.at == this.held.len() {
                (this.held, this.at) = (Vec::new(), 0);
            }
            return Poll::Ready(Ok(()));
        }
        match Pin::new(&mut this.stream).poll_read(cx, buf) {
            Poll::Pending => return this.wait(&shared.0, cx),
            Poll::Ready(read) => read?,
        }
        let passed = shared.0.pass(&mut buf.filled_mut()[before..]);
        this.moved(&shared.0);
        this.held.extend_from_slice(&buf.filled()[before + passed..]);
        buf.set_filled(before + passed);
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Strict<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, buf)
    }

    fn poll_write_vectored(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bufs: &[IoSlice<'_>]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    /// Reads with a buffer of this size until nothing comes; after each head a body of this length follows.
    async fn read(sent: &[u8], buffer: usize, bodies: &[Option<u64>]) -> Vec<Vec<u8>> {
        let framing = Framing::default();
        let mut stream = Strict::new(sent, framing.clone(), Duration::from_secs(60));
        let (mut parts, mut bodies) = (vec![vec![]], bodies.iter());
        loop {
            let mut bytes = vec![0; buffer];
            let ended = matches!(framing.0.lock().unwrap().0, Next::Unknown);
            if ended {
                framing.follow(*bodies.next().expect("a body for each head"));
                parts.push(vec![]);
            }
            let size = stream.read(&mut bytes).await.unwrap();
            if size == 0 {
                return parts;
            }
            parts.last_mut().unwrap().extend_from_slice(&bytes[..size]);
        }
    }

    #[tokio::test]
    async fn requests_pass_as_they_are_however_they_are_cut() {
        let (first, body, second) = (&b"\r\nPOST / HTTP/1.1\r\nhost: hub\r\n\r\n"[..], &b"a\nb\n\n\r\n\r\nc"[..], &b"GET /x HTTP/1.1\r\nhost: hub\r\n\r\n"[..]);
        let sent = [first, body, second, second].concat();
        for buffer in [1, 2, 3, 7, 16, 30, 33, 64, 1_024] {
            let parts = read(&sent, buffer, &[Some(body.len() as u64), Some(0), Some(0)]).await;
            assert_eq!(parts, [first.to_vec(), [body, second].concat(), second.to_vec(), vec![]], "{buffer}");
        }
        let chunked = [first, b"2\r\na\n\r\n0\r\n\r\nGET /\n"].concat();
        assert_eq!(read(&chunked, 8, &[None]).await.concat(), chunked, "what follows a chunked body is not looked at");
    }

    #[tokio::test]
    async fn a_head_is_waited_for_and_what_lies_between_two_is_not() {
        let (mut sender, receiver) = tokio::io::duplex(1_024);
        let (framing, within) = (Framing::default(), Duration::from_millis(50));
        let mut stream = Strict::new(receiver, framing.clone(), within);
        sender.write_all(b"GET / HTTP/1.1\r\n\r\n").await.unwrap();
        let mut bytes = [0; 1_024];
        assert_eq!(stream.read(&mut bytes).await.unwrap(), 18);
        framing.follow(Some(0));
        assert!(tokio::time::timeout(4 * within, stream.read(&mut bytes)).await.is_err(), "idle is not late");
        sender.write_all(b"GET").await.unwrap();
        assert_eq!(stream.read(&mut bytes).await.unwrap(), 3);
        let late = stream.read(&mut bytes).await;
        assert_eq!(late.unwrap_err().kind(), ErrorKind::TimedOut);
        let (_silent, receiver) = tokio::io::duplex(1_024);
        let mut stream = Strict::new(receiver, Framing::default(), within);
        let late = stream.read(&mut bytes).await;
        assert_eq!(late.unwrap_err().kind(), ErrorKind::TimedOut, "who connects and says nothing");
    }

    #[tokio::test]
    async fn a_bare_line_feed_in_a_head_becomes_what_no_head_may_hold() {
        for head in
            ["\nGET / HTTP/1.1\r\n\r\n", "GET / HTTP/1.1\nhost: hub\r\n\r\n", "GET / HTTP/1.1\r\nhost: hub\nx: y\r\n\r\n", "GET / HTTP/1.1\r\nhost: hub\r\n\n"]
        {
            for buffer in [1, 5, 1_024] {
                let parts = read(head.as_bytes(), buffer, &[]).await;
                let bare = (0..head.len()).find(|at| head.as_bytes()[*at] == b'\n' && (*at == 0 || head.as_bytes()[at - 1] != b'\r')).unwrap();
                assert_eq!(parts, [[&head.as_bytes()[..bare], b"\0"].concat()], "{head:?}");
            }
        }
        // Also in the second of two.
        let sent = b"POST / HTTP/1.1\r\n\r\nabGET / HTTP/1.1\nhost: hub\r\n\r\n";
        assert_eq!(read(sent, 1_024, &[Some(2)]).await[1], b"abGET / HTTP/1.1\0");
    }
}
