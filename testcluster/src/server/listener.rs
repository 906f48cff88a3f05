//! A node's listener: open, closed, so full that the kernel drops further SYNs, or blackholed
//! because its host is gone.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use socket2::{Domain, Protocol, SockRef, Socket as RawSocket, Type};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};

use crate::wire::blackhole::{drop_received, receive_again};

/// Enough for the bursts of a test or a benchmark.
const BACKLOG: i32 = 1024;

/// A handshake over loopback takes far less; one that takes longer met a full queue.
const FULL_AFTER: Duration = Duration::from_millis(100);

/// The state that a listener is to have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    Closed,
    Open,
    Full,
    Blackholed,
}

/// The state that a listener has.
#[derive(Default)]
pub(crate) enum Listener {
    #[default]
    Closed,
    Open {
        /// Dropping it ends the task, which gives the listener back.
        _stop: oneshot::Sender<()>,
        accepting: JoinHandle<TcpListener>,
    },
    Full {
        listener: TcpListener,
        /// Connections that are never accepted: they fill the queue.
        fillers: Vec<TcpStream>,
    },
    Blackholed(TcpListener),
}

impl Listener {
    /// Brings the listener into the state `wanted`; `admit` gets the accepted connections.
    pub(crate) async fn switch(
        &mut self,
        addr: SocketAddr,
        wanted: Mode,
        admit: impl Fn(TcpStream) + Send + 'static,
    ) -> io::Result<()> {
        let is = match self {
            Self::Closed => Mode::Closed,
            Self::Open { .. } => Mode::Open,
            Self::Full { .. } => Mode::Full,
            Self::Blackholed(_) => Mode::Blackholed,
        };
        if is == wanted {
            return Ok(());
        }
        let (listener, fillers) = match std::mem::take(self) {
            Self::Closed => (None, Vec::new()),
            Self::Open { _stop, accepting } => {
                drop(_stop);
                (accepting.await.ok(), Vec::new())
            }
            Self::Full { listener, fillers } => (Some(listener), fillers),
            Self::Blackholed(listener) => {
                receive_again(&SockRef::from(&listener))?;
                (Some(listener), Vec::new())
            }
        };
        *self = match wanted {
            Mode::Closed => Self::Closed,
            Mode::Open => {
                let listener = listen(listener, addr, BACKLOG)?;
                let (stop, stopped) = oneshot::channel();
                let accepting = tokio::spawn(accept(admit, listener, fillers, stopped));
                Self::Open { _stop: stop, accepting }
            }
            Mode::Full => {
                let listener = listen(listener, addr, 0)?;
                Self::Full { listener, fillers: fill(addr).await }
            }
            Mode::Blackholed => {
                let listener = listen(listener, addr, BACKLOG)?;
                drop_received(&SockRef::from(&listener))?;
                let own = addresses(&fillers);
                drop(fillers);
                // Connections in the queue must be blackholed too.
                while let Some((stream, peer)) = accept_now(&listener)? {
                    if peer.is_none_or(|peer| !own.contains(&peer)) {
                        admit(stream);
                    }
                }
                Self::Blackholed(listener)
            }
        };
        Ok(())
    }
}

/// Listens with the given backlog, which may change on a socket that listens already.
fn listen(
    listener: Option<TcpListener>,
    addr: SocketAddr,
    backlog: i32,
) -> io::Result<TcpListener> {
    let Some(listener) = listener else {
        let socket = RawSocket::new(Domain::for_address(addr), Type::STREAM, Some(Protocol::TCP))?;
        // Connections of an earlier listener may linger on the port.
        socket.set_reuse_address(true)?;
        socket.set_nonblocking(true)?;
        socket.bind(&addr.into())?;
        socket.listen(backlog)?;
        return TcpListener::from_std(socket.into());
    };
    SockRef::from(&listener).listen(backlog)?;
    Ok(listener)
}

/// Connects until the kernel no longer responds.
async fn fill(addr: SocketAddr) -> Vec<TcpStream> {
    let mut fillers = Vec::new();
    while let Ok(Ok(filler)) = timeout(FULL_AFTER, TcpStream::connect(addr)).await {
        fillers.push(filler);
    }
    fillers
}

fn addresses(fillers: &[TcpStream]) -> Vec<SocketAddr> {
    fillers.iter().filter_map(|filler| filler.local_addr().ok()).collect()
}

/// Returns a connection that the kernel has ready, even if the runtime has not been notified yet,
/// and the peer's address.
fn accept_now(listener: &TcpListener) -> io::Result<Option<(TcpStream, Option<SocketAddr>)>> {
    match SockRef::from(listener).accept() {
        Ok((socket, peer)) => {
            socket.set_nonblocking(true)?;
            Ok(Some((TcpStream::from_std(socket.into())?, peer.as_socket())))
        }
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(None),
        Err(error) => Err(error),
    }
}

async fn accept(
    admit: impl Fn(TcpStream),
    listener: TcpListener,
    fillers: Vec<TcpStream>,
    mut stopped: oneshot::Receiver<()>,
) -> TcpListener {
    let own = addresses(&fillers);
    drop(fillers);
    loop {
        tokio::select! {
            biased;
            _ = &mut stopped => return listener,
            accepted = listener.accept() => match accepted {
                Ok((_, peer)) if own.contains(&peer) => {}
                Ok((stream, _)) => admit(stream),
                Err(error) => {
                    tracing::warn!(%error, "accept failed");
                    // Most likely out of descriptors: leave time for others to be closed.
                    sleep(Duration::from_millis(10)).await;
                }
            },
        }
    }
}
