//! A connection's socket, shared by the task that serves it and by the node, which may cut it off
//! at any moment while the task runs.

use std::io::{self, ErrorKind, Read};
use std::net::{IpAddr, Shutdown};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use socket2::SockRef;
use tokio::io::{AsyncRead, AsyncWrite, Interest, ReadBuf};
use tokio::net::TcpStream;

use super::blackhole::{drop_received, stop_retransmitting};
use crate::stats::Counters;

/// How much is read by one call.
const AT_ONCE: usize = 64 << 10;

#[derive(Clone)]
pub(crate) struct Socket(Arc<Inner>);

struct Inner {
    stream: TcpStream,
    counters: Arc<Counters>,
    idle: AtomicBool,
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.counters.open.fetch_sub(1, Relaxed);
    }
}

impl Socket {
    pub(crate) fn new(stream: TcpStream, counters: Arc<Counters>) -> Self {
        // Only a socket that is already broken refuses, and that shows at the first read.
        let _ = stream.set_nodelay(true);
        counters.connections.fetch_add(1, Relaxed);
        counters.open.fetch_add(1, Relaxed);
        Self(Arc::new(Inner { stream, counters, idle: AtomicBool::new(true) }))
    }

    /// The client's address, unless the client is gone.
    pub(crate) fn peer(&self) -> Option<IpAddr> {
        self.0.stream.peer_addr().ok().map(|addr| addr.ip())
    }

    /// Sets whether the connection is between requests and nothing of the next one has arrived.
    pub(crate) fn set_idle(&self, idle: bool) {
        self.0.idle.store(idle, Relaxed);
    }

    pub(crate) fn is_idle(&self) -> bool {
        self.0.idle.load(Relaxed)
    }

    /// Ends both directions at once; the task that serves the connection notices at the next read
    /// or write.
    pub(crate) fn shut_down(&self) {
        // Fails only where the client was first.
        let _ = SockRef::from(&self.0.stream).shutdown(Shutdown::Both);
    }

    /// Drops whatever arrives from now on, and soon sends nothing more. The close that follows is a
    /// reset, with which a host responds to segments of an unknown connection.
    pub(crate) fn lose(&self) {
        let socket = SockRef::from(&self.0.stream);
        // Fails only where there is nothing left to be dropped.
        let _ = drop_received(&socket).and_then(|()| stop_retransmitting(&socket));
        self.reset_on_close();
    }

    /// Makes the close that follows a reset.
    pub(crate) fn reset_on_close(&self) {
        let _ = SockRef::from(&self.0.stream).set_linger(Some(Duration::ZERO));
    }
}

impl AsyncRead for Socket {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let Inner { stream, counters, .. } = &*self.0;
        loop {
            ready!(stream.poll_read_ready(cx))?;
            let room = buf.remaining().min(AT_ONCE);
            let space = buf.initialize_unfilled_to(room);
            let mut read = None;
            let result = stream.try_io(Interest::READABLE, || {
                let length = (&*SockRef::from(stream)).read(space)?;
                read = Some(length);
                // A short read emptied the socket: reporting that saves the call that would find
                // nothing.
                if 0 < length && length < room { Err(ErrorKind::WouldBlock.into()) } else { Ok(()) }
            });
            if let Some(length) = read {
                buf.advance(length);
                counters.bytes_in.fetch_add(length as u64, Relaxed);
                return Poll::Ready(Ok(()));
            }
            match result {
                Err(error) if error.kind() != ErrorKind::WouldBlock => {
                    return Poll::Ready(Err(error));
                }
                _ => {}
            }
        }
    }
}

impl AsyncWrite for Socket {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        loop {
            ready!(self.0.stream.poll_write_ready(cx))?;
            match self.0.stream.try_write(buf) {
                Ok(written) => {
                    self.0.counters.bytes_out.fetch_add(written as u64, Relaxed);
                    return Poll::Ready(Ok(written));
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                Err(error) => return Poll::Ready(Err(error)),
            }
        }
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(SockRef::from(&self.0.stream).shutdown(Shutdown::Write))
    }
}
