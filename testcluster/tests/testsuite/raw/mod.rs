//! A client that knows nothing but bytes and sockets, so that it cannot share a mistake with the
//! server.

#![allow(unreachable_pub)]

mod request;
mod response;
mod signer;

use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::time::Duration;

use alternator_testcluster::{Builder, Cluster};

pub use request::{Request, get, operation};
pub use response::Response;
pub use signer::Signer;

/// No answer of a node in memory takes this long, however busy the machine is; only a failing test
/// waits for it.
pub const LIMIT: Duration = Duration::from_secs(60);

/// The body of the answer to [`list_tables`].
pub const NO_TABLES: &str = r#"{"TableNames":[]}"#;

/// One node, and its address.
pub fn start() -> (Cluster, SocketAddr) {
    started(Cluster::builder())
}

/// A cluster, and the address of its first node.
pub fn started(builder: Builder) -> (Cluster, SocketAddr) {
    let cluster = builder.start().unwrap();
    let node = cluster.node(0).addr();
    (cluster, node)
}

/// A request that needs no table.
pub fn list_tables() -> Request {
    operation("ListTables", "{}")
}

/// One TCP connection to a node.
pub struct Connection {
    pub stream: TcpStream,
    received: Vec<u8>,
}

impl Connection {
    pub fn open(node: SocketAddr) -> Self {
        let stream = TcpStream::connect_timeout(&node, LIMIT).unwrap();
        stream.set_read_timeout(Some(LIMIT)).unwrap();
        stream.set_write_timeout(Some(LIMIT)).unwrap();
        stream.set_nodelay(true).unwrap();
        Self { stream, received: Vec::new() }
    }

    pub fn send(&mut self, bytes: impl Into<Vec<u8>>) {
        self.stream.write_all(&bytes.into()).unwrap();
    }

    /// Sends what a server that has stopped listening may refuse to take.
    pub fn try_send(&mut self, bytes: impl AsRef<[u8]>) -> io::Result<()> {
        self.stream.write_all(bytes.as_ref())
    }

    pub fn finish_sending(&mut self) {
        self.stream.shutdown(Shutdown::Write).unwrap();
    }

    pub fn receive(&mut self) -> Response {
        Response::read(self)
    }

    pub fn ask(&mut self, request: impl Into<Vec<u8>>) -> Response {
        self.send(request);
        self.receive()
    }

    /// The next bytes up to and including `end`.
    fn read_through(&mut self, end: &[u8]) -> Vec<u8> {
        loop {
            let found = self.received.windows(end.len()).position(|window| window == end);
            if let Some(at) = found {
                return self.received.drain(..at + end.len()).collect();
            }
            assert_ne!(self.read_more().unwrap(), 0, "closed after {:?}", self.received_text());
        }
    }

    fn read_exactly(&mut self, length: usize) -> Vec<u8> {
        while self.received.len() < length {
            assert_ne!(self.read_more().unwrap(), 0, "closed after {:?}", self.received_text());
        }
        self.received.drain(..length).collect()
    }

    fn read_more(&mut self) -> io::Result<usize> {
        let mut buffer = [0; 64 * 1024];
        let count = self.stream.read(&mut buffer)?;
        self.received.extend_from_slice(&buffer[..count]);
        Ok(count)
    }

    fn received_text(&self) -> String {
        String::from_utf8_lossy(&self.received).into_owned()
    }

    /// Waits for the server to close, which may be with a reset, and fails if it says anything more
    /// before that.
    pub fn assert_closed(&mut self) {
        match self.read_more() {
            Ok(0) if self.received.is_empty() => {}
            Err(error)
                if error.kind() == ErrorKind::ConnectionReset && self.received.is_empty() => {}
            other => panic!("not closed: {other:?} {:?}", self.received_text()),
        }
    }
}

/// One request on a connection of its own.
pub fn ask(node: SocketAddr, request: impl Into<Vec<u8>>) -> Response {
    Connection::open(node).ask(request)
}

/// Whether connects to a node are refused.
pub fn refuses(node: SocketAddr) -> bool {
    let connected = TcpStream::connect_timeout(&node, LIMIT);
    connected.is_err_and(|error| error.kind() == ErrorKind::ConnectionRefused)
}

/// A request that creates the table `tab`, whose items are known by a string `p`.
pub fn create_table() -> Request {
    let table = r#"{"TableName":"tab","BillingMode":"PAY_PER_REQUEST",
        "KeySchema":[{"AttributeName":"p","KeyType":"HASH"}],
        "AttributeDefinitions":[{"AttributeName":"p","AttributeType":"S"}]}"#;
    operation("CreateTable", table)
}

/// Puts an item, and gives the request for one attribute of it that is answered with exactly
/// `length` bytes.
pub fn item_of(node: SocketAddr, length: usize) -> Request {
    let around = r#"{"Item":{"x":{"S":""}}}"#.len();
    let filler = "x".repeat(length - around);
    let put = format!(r#"{{"TableName":"tab","Item":{{"p":{{"S":"a"}},"x":{{"S":"{filler}"}}}}}}"#);
    assert_eq!(ask(node, operation("PutItem", put)).status(), 200);
    let get = r#"{"TableName":"tab","Key":{"p":{"S":"a"}},"ProjectionExpression":"x"}"#;
    operation("GetItem", get)
}
