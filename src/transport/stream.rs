//! The bytes of one connection, counted, so that "nothing was sent" is a fact and not a guess.

use std::io::{self, IoSlice};
use std::mem::MaybeUninit;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};

use socket2::SockRef;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio_rustls::client::TlsStream;

/// The state of a connection's socket, shared with its reader and writer.
#[derive(Debug)]
pub(crate) struct Socket {
    writer: OwnedWriteHalf,
    /// Bytes that the kernel has taken, TLS records included.
    written: AtomicU64,
    /// What a write held that failed before the kernel took a byte of it.
    unsent: Mutex<Vec<u8>>,
    poisoned: AtomicBool,
}

impl Socket {
    pub(crate) fn written(&self) -> u64 {
        self.written.load(Relaxed)
    }

    pub(crate) fn remote_addr(&self) -> Option<SocketAddr> {
        self.writer.peer_addr().ok()
    }

    pub(crate) fn local_addr(&self) -> Option<SocketAddr> {
        self.writer.local_addr().ok()
    }

    pub(crate) fn take_unsent(&self) -> Vec<u8> {
        std::mem::take(&mut *self.unsent.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Forbids further use of the connection.
    pub(crate) fn poison(&self) {
        self.poisoned.store(true, Relaxed);
    }

    pub(crate) fn is_poisoned(&self) -> bool {
        self.poisoned.load(Relaxed)
    }

    /// Returns whether the peer of an idle connection has neither closed it nor sent anything
    /// unasked.
    ///
    /// This asks the kernel, because the runtime may not have noticed yet. Unasked bytes on an idle
    /// connection announce its end, in clear or as a TLS alert.
    pub(crate) fn is_quiet(&self) -> bool {
        let mut byte = [MaybeUninit::uninit()];
        let peeked = SockRef::from(self.writer.as_ref()).peek(&mut byte);
        matches!(peeked, Err(e) if e.kind() == io::ErrorKind::WouldBlock)
    }

    fn keep_unsent(&self, parts: &[IoSlice<'_>]) {
        let mut unsent = self.unsent.lock().unwrap_or_else(PoisonError::into_inner);
        for part in parts {
            unsent.extend_from_slice(part);
        }
    }
}

/// TCP with its written bytes counted.
#[derive(Debug)]
pub(crate) struct Wire {
    reader: OwnedReadHalf,
    socket: Arc<Socket>,
}

impl Wire {
    pub(crate) fn new(tcp: TcpStream) -> Self {
        let (reader, writer) = tcp.into_split();
        let socket = Socket {
            writer,
            written: AtomicU64::new(0),
            unsent: Mutex::default(),
            poisoned: AtomicBool::new(false),
        };
        Self { reader, socket: Arc::new(socket) }
    }

    fn poll_write_with(
        &self,
        cx: &mut Context<'_>,
        write: impl Fn(&TcpStream) -> io::Result<usize>,
    ) -> Poll<io::Result<usize>> {
        let tcp = self.socket.writer.as_ref();
        loop {
            ready!(tcp.poll_write_ready(cx))?;
            match write(tcp) {
                Err(e) if e.kind() == io::ErrorKind::WouldBlock => {}
                result => {
                    if let Ok(n) = result {
                        self.socket.written.fetch_add(n as u64, Relaxed);
                    }
                    return Poll::Ready(result);
                }
            }
        }
    }
}

impl AsyncRead for Wire {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.reader).poll_read(cx, buf)
    }
}

impl AsyncWrite for Wire {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.poll_write_with(cx, |tcp| tcp.try_write(buf))
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.poll_write_with(cx, |tcp| tcp.try_write_vectored(bufs))
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(SockRef::from(self.socket.writer.as_ref()).shutdown(std::net::Shutdown::Write))
    }
}

/// The stream below HTTP.
#[derive(Debug)]
pub(crate) enum Stream {
    Plain(Wire),
    Tls(Box<TlsStream<Wire>>),
}

/// What both kinds of stream have in common.
trait Io: AsyncRead + AsyncWrite + Unpin {}

impl<T: AsyncRead + AsyncWrite + Unpin> Io for T {}

impl Stream {
    pub(crate) fn socket(&self) -> &Arc<Socket> {
        match self {
            Self::Plain(wire) => &wire.socket,
            Self::Tls(tls) => &tls.get_ref().0.socket,
        }
    }

    fn io(&mut self) -> Pin<&mut dyn Io> {
        match self {
            Self::Plain(wire) => Pin::new(wire),
            Self::Tls(tls) => Pin::new(&mut **tls),
        }
    }

    fn write_or_keep(
        &mut self,
        parts: &[IoSlice<'_>],
        write: impl FnOnce(Pin<&mut dyn Io>) -> Poll<io::Result<usize>>,
    ) -> Poll<io::Result<usize>> {
        let before = self.socket().written();
        let result = write(self.io());
        if matches!(result, Poll::Ready(Err(_))) && self.socket().written() == before {
            self.socket().keep_unsent(parts);
        }
        result
    }
}

impl AsyncRead for Stream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.io().poll_read(cx, buf)
    }
}

impl AsyncWrite for Stream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.write_or_keep(&[IoSlice::new(buf)], |io| io.poll_write(cx, buf))
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.write_or_keep(bufs, |io| io.poll_write_vectored(cx, bufs))
    }

    fn is_write_vectored(&self) -> bool {
        match self {
            Self::Plain(wire) => wire.is_write_vectored(),
            Self::Tls(tls) => tls.is_write_vectored(),
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.io().poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.io().poll_shutdown(cx)
    }
}
