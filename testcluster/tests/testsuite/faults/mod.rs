//! Every way in which a node can be told to fail, as a client's socket sees it.

mod connects;
mod localnodes;
mod requests;

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use alternator_testcluster::{Cluster, Node};

use crate::raw::{Connection, LIMIT, ask, list_tables};

/// How long silence must last to be taken for silence.
pub(crate) const SILENCE: Duration = Duration::from_millis(150);

pub(crate) fn start() -> (Cluster, Node) {
    let cluster = Cluster::builder().nodes(3).start().unwrap();
    let node = cluster.node(0);
    (cluster, node)
}

/// Sends a request and reads to the end of the connection: what came, and how it ended.
pub(crate) fn exchange(
    addr: SocketAddr,
    request: impl Into<Vec<u8>>,
) -> (Vec<u8>, Result<(), ErrorKind>) {
    let mut received = Vec::new();
    // A reset may be quick enough to be met by any of these.
    let end = TcpStream::connect(addr).and_then(|mut stream| {
        stream.set_read_timeout(Some(LIMIT))?;
        stream.write_all(&request.into())?;
        stream.read_to_end(&mut received).map(drop)
    });
    (received, end.map_err(|error| error.kind()))
}

/// Whether connects to a node hang.
pub(crate) fn hangs(node: &Node) -> bool {
    let connected = TcpStream::connect_timeout(&node.addr(), SILENCE);
    connected.is_err_and(|error| error.kind() == ErrorKind::TimedOut)
}

pub(crate) fn is_reset(end: Result<(), ErrorKind>) -> bool {
    matches!(end, Err(ErrorKind::ConnectionReset | ErrorKind::BrokenPipe))
}

/// Whether the connection was reset.
pub(crate) fn meets_reset(connection: &mut Connection) -> bool {
    is_reset(connection.stream.read(&mut [0]).map(drop).map_err(|error| error.kind()))
}

pub(crate) fn is_silent(connection: &mut Connection) -> bool {
    let stream = &mut connection.stream;
    stream.set_read_timeout(Some(SILENCE)).unwrap();
    let read = stream.read(&mut [0]);
    stream.set_read_timeout(Some(LIMIT)).unwrap();
    read.is_err_and(|error| error.kind() == ErrorKind::WouldBlock)
}

pub(crate) fn answers(node: &Node) -> bool {
    ask(node.addr(), list_tables()).status() == 200
}

/// Waits for a condition without a cluster at hand.
pub(crate) fn wait(condition: impl Fn() -> bool) -> bool {
    let deadline = Instant::now() + LIMIT;
    while !condition() && Instant::now() < deadline {
        std::thread::yield_now();
    }
    condition()
}
