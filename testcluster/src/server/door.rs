//! A node's listener: open, shut, so full that the kernel drops further SYNs, or deaf because its
//! host is gone.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use socket2::{Domain, Protocol, SockRef, Socket as RawSocket, Type};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};

use crate::wire::deafness::{deafen, undeafen};

/// Enough for the bursts of a test or a benchmark.
const BACKLOG: i32 = 1024;

/// A handshake over loopback takes far less; one that takes longer met a full queue.
const FULL_AFTER: Duration = Duration::from_millis(100);

/// The state that a door is to have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Position {
    Shut,
    Open,
    Full,
    Deaf,
}

/// The state that a door has.
#[derive(Default)]
pub(crate) enum Door {
    #[default]
    Shut,
    Open {
        /// Dropping it ends the task, which gives the listener back.
        _stop: oneshot::Sender<()>,
        accepting: JoinHandle<TcpListener>,
    },
    Full {
        listener: TcpListener,
        /// Connections that nobody accepts: they fill the queue.
        fillers: Vec<TcpStream>,
    },
    Deaf(TcpListener),
}

impl Door {
    /// Brings the door into the state `wanted`; `admit` gets the connections that are accepted.
    pub(crate) async fn turn(
        &mut self,
        addr: SocketAddr,
        wanted: Position,
        admit: impl Fn(TcpStream) + Send + 'static,
    ) -> io::Result<()> {
        let is = match self {
            Self::Shut => Position::Shut,
            Self::Open { .. } => Position::Open,
            Self::Full { .. } => Position::Full,
            Self::Deaf(_) => Position::Deaf,
        };
        if is == wanted {
            return Ok(());
        }
        let (listener, fillers) = match std::mem::take(self) {
            Self::Shut => (None, Vec::new()),
            Self::Open { _stop, accepting } => {
                drop(_stop);
                (accepting.await.ok(), Vec::new())
            }
            Self::Full { listener, fillers } => (Some(listener), fillers),
            Self::Deaf(listener) => {
                undeafen(&SockRef::from(&listener))?;
                (Some(listener), Vec::new())
            }
        };
        *self = match wanted {
            Position::Shut => Self::Shut,
            Position::Open => {
                let listener = listen(listener, addr, BACKLOG)?;
                let (stop, stopped) = oneshot::channel();
                let accepting = tokio::spawn(accept(admit, listener, fillers, stopped));
                Self::Open { _stop: stop, accepting }
            }
            Position::Full => {
                let listener = listen(listener, addr, 0)?;
                Self::Full { listener, fillers: fill(addr).await }
            }
            Position::Deaf => {
                let listener = listen(listener, addr, BACKLOG)?;
                deafen(&SockRef::from(&listener))?;
                let own = addresses(&fillers);
                drop(fillers);
                // Those that are connected already, but not yet accepted, must go deaf too.
                while let Some((stream, peer)) = accept_now(&listener)? {
                    if peer.is_none_or(|peer| !own.contains(&peer)) {
                        admit(stream);
                    }
                }
                Self::Deaf(listener)
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

/// Connects until the kernel answers no more.
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

/// A connection that the kernel has ready, whether or not the runtime has heard of it, and the
/// peer's address.
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
                    // Out of descriptors, most likely: time for others to be closed.
                    sleep(Duration::from_millis(10)).await;
                }
            },
        }
    }
}
