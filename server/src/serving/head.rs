//! Line ends in the head of a request: CRLF, and nothing else. hyper also takes a bare LF, which a proxy in front may read as part of a field; then
//! the two see different requests (RFC 9112, section 2.2).
//!
//! What is head and what is body is not found out a second time here: the stream hands on one head, to its empty line, and then nothing until the
//! service has been called with what hyper made of it, and so knows how long the body is. After a chunked body, whose end only hyper sees, the
//! connection must be closed (see [`Framing::follow`]).
//!
//! How long an address and all fields together may be is seen here, too, because hyper answers what is too long for it with a status and not a word. What goes
//! beyond is read and left out, so that no head takes more memory, whatever its sender writes; the hub itself then says [what was too long](TooLong), and
//! closes the connection.
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

/// Bytes of an address. What proxies take of one at most, most of them.
pub const MAX_ADDRESS: usize = 8 << 10;
/// Bytes of all fields together.
pub const MAX_FIELDS_SIZE: usize = 32 << 10;
/// Fields. hyper takes no more than these.
pub const MAX_FIELDS: usize = 100;
/// Bytes that are read and left out. Who sends more than by mistake is not waited for.
const MAX_LEFT_OUT: usize = 1 << 20;
/// What hyper may read ahead on a connection: more than is ever handed on of one head.
pub const READ_AHEAD: usize = 64 << 10;

/// What of a head was too long, and is not there whole; as an extension of the request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TooLong {
    Address,
    Fields,
}

/// What comes next on a connection; shared by the stream and the service that is called with each request.
#[derive(Clone, Default)]
pub struct Framing(Arc<Mutex<(Next, Option<Waker>)>>);

enum Next {
    Head(Line),
    /// The head is over, and nobody has been told yet what follows it.
    Unknown(Option<TooLong>),
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
    /// Lines before this one: the first is the request's own, the others are fields.
    lines: usize,
    /// Blanks in the request's own line, between which the address stands; and bytes of the address.
    blanks: usize,
    address: usize,
    /// Bytes of fields.
    size: usize,
    /// The name of this field is over.
    named: bool,
    /// This field is one too many.
    dropped: bool,
    /// What was too long so far, and how many bytes were left out for it.
    too_long: Option<TooLong>,
    left_out: usize,
}

impl Line {
    /// Takes a byte, which is no bare LF; says whether it is handed on.
    fn take(&mut self, byte: u8) -> bool {
        match byte {
            b'\n' => {
                let kept = !self.dropped;
                let lines = self.lines + usize::from(self.filled);
                let Self { begun, size, too_long, left_out, .. } = *self;
                *self = Self { begun, lines, size, too_long, left_out, ..Self::default() };
                kept
            }
            b'\r' if !self.after_cr => {
                self.after_cr = true;
                !self.dropped
            }
            _ => {
                let begins = !self.filled;
                (self.begun, self.filled, self.after_cr) = (true, true, byte == b'\r');
                if self.lines == 0 { self.in_own_line(byte) } else { self.in_field(byte, begins) }
            }
        }
    }

    fn in_own_line(&mut self, byte: u8) -> bool {
        self.blanks += usize::from(byte == b' ');
        if self.blanks != 1 || byte == b' ' {
            return true;
        }
        self.address += 1;
        self.fits(self.address <= MAX_ADDRESS, TooLong::Address)
    }

    /// Whole fields are left out, and of the one that is too long what is no part of its form.
    fn in_field(&mut self, byte: u8, begins: bool) -> bool {
        if begins {
            self.dropped = self.lines > MAX_FIELDS || self.size >= MAX_FIELDS_SIZE;
        }
        self.size += usize::from(!self.dropped);
        let form = byte == b':' && !self.named;
        self.named |= form;
        self.fits(!self.dropped && (form || self.size <= MAX_FIELDS_SIZE), TooLong::Fields)
    }

    fn fits(&mut self, fits: bool, what: TooLong) -> bool {
        if !fits {
            self.too_long = self.too_long.or(Some(what));
            self.left_out += 1;
        }
        fits
    }
}

/// Of some bytes that came.
struct Passed {
    /// Those that were looked at; the others have to wait.
    read: usize,
    /// Those of them that may be handed on, which stand at the beginning now.
    kept: usize,
}

impl Default for Next {
    fn default() -> Self {
        Self::Head(Line::default())
    }
}

impl Next {
    /// What of these bytes may be handed on now. In place of a bare LF stands NUL, which no head may hold: hyper answers it with 400. A head that
    /// exceeds [`MAX_LEFT_OUT`] gets the same NUL, so hyper answers 400.
    fn pass(&mut self, bytes: &mut [u8]) -> Passed {
        let all = |n| Passed { read: n, kept: n };
        match self {
            Self::Head(line) => {
                let mut kept = 0;
                for at in 0..bytes.len() {
                    let byte = bytes[at];
                    if byte == b'\n' && !line.after_cr || line.left_out > MAX_LEFT_OUT {
                        bytes[kept] = 0;
                        *self = Self::Refused;
                        return Passed { read: at + 1, kept: kept + 1 };
                    }
                    let over = byte == b'\n' && line.begun && !line.filled;
                    if line.take(byte) {
                        bytes[kept] = byte;
                        kept += 1;
                    }
                    if over {
                        *self = Self::Unknown(line.too_long);
                        return Passed { read: at + 1, kept };
                    }
                }
                Passed { read: bytes.len(), kept }
            }
            Self::Unknown(_) | Self::Refused => all(0),
            Self::Body(left) => {
                let passed = bytes.len().min(usize::try_from(*left).unwrap_or(usize::MAX));
                *left -= passed as u64;
                if *left == 0 {
                    *self = Self::default();
                }
                all(passed)
            }
            Self::Rest => all(bytes.len()),
        }
    }
}

impl Framing {
    /// What was too long of the head that was read, if anything.
    pub fn too_long(&self) -> Option<TooLong> {
        let shared = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Next::Unknown(too_long) = shared.0 { too_long } else { None }
    }

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
            Next::Unknown(_) => {
                shared.1 = Some(cx.waker().clone());
                return Poll::Pending;
            }
            Next::Refused => return Poll::Ready(Ok(())),
            _ => {}
        }
        let before = buf.filled().len();
        // Until there is something to hand on: nothing would be the end of the stream.
        loop {
            let came = if this.at < this.held.len() {
                let size = buf.remaining().min(this.held.len() - this.at);
                buf.put_slice(&this.held[this.at..this.at + size]);
                let passed = shared.0.pass(&mut buf.filled_mut()[before..]);
                this.at += passed.read;
                buf.set_filled(before + passed.kept);
                if this.at == this.held.len() {
                    (this.held, this.at) = (Vec::new(), 0);
                }
                size
            } else {
                match Pin::new(&mut this.stream).poll_read(cx, buf) {
                    Poll::Pending => return this.wait(&shared.0, cx),
                    Poll::Ready(read) => read?,
                }
                let came = buf.filled().len() - before;
                let passed = shared.0.pass(&mut buf.filled_mut()[before..]);
                this.held.extend_from_slice(&buf.filled()[before + passed.read..]);
                buf.set_filled(before + passed.kept);
                came
            };
            this.moved(&shared.0);
            if came == 0 || buf.filled().len() > before {
                return Poll::Ready(Ok(()));
            }
        }
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
            let ended = matches!(framing.0.lock().unwrap().0, Next::Unknown(_));
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
    async fn what_is_too_long_is_left_out_and_known() {
        let long = |n: usize| "x".repeat(n);
        let fields = |n: usize| (0..n).map(|n| format!("f{n}: v\r\n")).collect::<String>();
        for (sent, kept, too_long) in [
            (format!("GET /{} HTTP/1.1\r\n\r\n", long(8_191)), None, None),
            (
                format!("GET /{} HTTP/1.1\r\nhost: hub\r\n\r\n", long(99_999)),
                Some(format!("GET /{} HTTP/1.1\r\nhost: hub\r\n\r\n", long(8_191))),
                Some(TooLong::Address),
            ),
            (format!("GET / HTTP/1.1\r\n{}\r\n", fields(100)), None, None),
            (format!("GET / HTTP/1.1\r\n{}\r\n", fields(999)), Some(format!("GET / HTTP/1.1\r\n{}\r\n", fields(100))), Some(TooLong::Fields)),
            (format!("GET / HTTP/1.1\r\na:{}\r\n\r\n", long(32_766)), None, None),
            (
                format!("GET / HTTP/1.1\r\na:{}:\r\nb: c\r\n\r\n", long(99_999)),
                Some(format!("GET / HTTP/1.1\r\na:{}\r\n\r\n", long(32_766))),
                Some(TooLong::Fields),
            ),
            // A name may be that long as well, and still ends.
            (format!("GET / HTTP/1.1\r\n{}: b\r\n\r\n", long(99_999)), Some(format!("GET / HTTP/1.1\r\n{}:\r\n\r\n", long(32_768))), Some(TooLong::Fields)),
        ] {
            for buffer in [1, 7, 4_096, 1 << 20] {
                let framing = Framing::default();
                let mut stream = Strict::new(sent.as_bytes(), framing.clone(), Duration::from_secs(60));
                let (mut head, mut bytes) = (vec![], vec![0; buffer]);
                while !matches!(framing.0.lock().unwrap().0, Next::Unknown(_)) {
                    let size = stream.read(&mut bytes).await.unwrap();
                    assert!(size > 0, "the head ends");
                    head.extend_from_slice(&bytes[..size]);
                }
                assert!(String::from_utf8(head).unwrap() == *kept.as_ref().unwrap_or(&sent), "{too_long:?} {buffer}");
                assert_eq!(framing.too_long(), too_long);
                framing.follow(Some(0));
                assert_eq!(framing.too_long(), None);
            }
        }
        // What follows it on the connection is not lost, and a bare line feed in what is left out is none.
        let sent = format!("GET /{} HTTP/1.1\r\n\r\nGET / HTTP/1.1\r\n\r\n", long(20_000));
        let parts = read(sent.as_bytes(), 64, &[Some(0), Some(0)]).await;
        assert_eq!(parts[1..], [b"GET / HTTP/1.1\r\n\r\n".to_vec(), vec![]]);
        let parts = read(format!("GET / HTTP/1.1\r\na:{}\nb\r\n\r\n", long(50_000)).as_bytes(), 64, &[]).await;
        assert!(parts.len() == 1 && parts[0].ends_with(b"x\0"));
        // What never ends does, though it comes faster than a clock is looked at.
        let mut endless = Strict::new((&b"GET /"[..]).chain(tokio::io::repeat(b'x')), Framing::default(), Duration::from_secs(60));
        let mut head = vec![];
        endless.read_to_end(&mut head).await.unwrap();
        assert!(head.len() == 5 + MAX_ADDRESS && head.ends_with(b"x\0"), "{}", head.len());
        const { assert!(READ_AHEAD > MAX_ADDRESS + MAX_FIELDS_SIZE + 4 * MAX_FIELDS) };
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
