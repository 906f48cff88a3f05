//! One connection, one request at a time: read, execute, write, and everything that can go wrong on
//! the way.

mod handlers;

use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};
use tokio::time::sleep;

use crate::fault::{Fault, Faults};
use crate::server::api::{BODY_LIMIT, Peer};
use crate::server::routes::Route;
use crate::server::state::NodeState;
use crate::wire::head::Head;
use crate::wire::reply::Reply;
use crate::wire::request::{BufferedStream, Framing, content_length};
use crate::wire::socket::Socket;

/// What a connection does after a request.
#[derive(Debug, PartialEq, Eq)]
enum Next {
    Request,
    Close,
    /// Close without a TLS or TCP shutdown first.
    Cut,
    Reset,
}

/// The result of a request.
enum Outcome {
    Reply(Reply),
    /// A reply of which only half the body is sent.
    Half(Reply),
    Endless,
    Reset,
}

impl From<Reply> for Outcome {
    fn from(reply: Reply) -> Self {
        Self::Reply(reply)
    }
}

pub(crate) struct Connection<S> {
    node: Arc<NodeState>,
    socket: Socket,
    stream: BufferedStream<S>,
    peer: Peer,
    /// The body of the current request, until it is read.
    unread: Framing,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Connection<S> {
    pub(crate) fn new(node: Arc<NodeState>, socket: Socket, stream: S, peer: Peer) -> Self {
        let tape = node.cluster.settings.record.then(|| node.records.new_stream());
        Self {
            node,
            socket,
            stream: BufferedStream::new(stream, tape),
            peer,
            unread: Framing::Length(0),
        }
    }

    pub(crate) async fn serve(mut self) {
        loop {
            // An error means that the client is gone or was cut off: there is no one to report it
            // to.
            match self.next_request().await.unwrap_or(Next::Cut) {
                Next::Request => {}
                Next::Close => {
                    let _ = self.stream.inner.shutdown().await;
                    return;
                }
                Next::Cut => return,
                Next::Reset => return self.socket.reset_on_close(),
            }
        }
    }

    async fn next_request(&mut self) -> io::Result<Next> {
        self.socket.set_idle(true);
        let socket = self.socket.clone();
        match self.stream.head(|| socket.set_idle(false)).await? {
            Ok(Some(head)) => self.exchange(&head).await,
            Ok(None) => Ok(Next::Close),
            Err(malformed) => {
                let version = malformed.0.as_deref().unwrap_or("1.1");
                self.refuse_and_close(version, 400, "Can't parse the request".into()).await
            }
        }
    }

    async fn exchange(&mut self, head: &Head) -> io::Result<Next> {
        let node = Arc::clone(&self.node);
        let (counters, settings) = (&node.counters, &node.cluster.settings);
        let route = Route::of(head);
        route.count(head, |name| counters.requested(name));

        let length = content_length(head);
        if length > BODY_LIMIT as u64 && !node.version().limits_bodies_itself() {
            let why = format!("Content length limit ({BODY_LIMIT}) exceeded: {length}");
            return self.refuse_and_close(&head.version(), 413, why).await;
        }
        let encoding = head.get_text("Transfer-Encoding");
        if !encoding.is_empty() && !encoding.eq_ignore_ascii_case("chunked") {
            let only = "Encodings other than \"chunked\" are not implemented";
            let why = format!("{only} (received encoding: \"{encoding}\")");
            return self.refuse_and_close(&head.version(), 501, why).await;
        }
        let faults = node.faults();
        let is_data = matches!(route, Route::Api(_));
        if is_data && matches!(faults.of_request(), Some(Fault::ResetAfterHead)) {
            return Ok(Next::Reset);
        }
        if head.version() == "1.1" && head.get_text("Expect").eq_ignore_ascii_case("100-continue") {
            let mut go_on = Reply::new(&settings.headers);
            go_on.status = 100;
            self.write(&go_on.encode("1.1").bytes).await?;
        }

        self.unread = Framing::of(head);
        let outcome = match &route {
            Route::Api(operation) => self.api(&node, &faults, head, operation).await?,
            _ => self.other(&node, &faults, head, &route).await?,
        };
        let sent = match outcome {
            Outcome::Reply(reply) => self.send(&reply, &head.version(), &faults, is_data).await?,
            Outcome::Half(reply) => {
                self.write(reply.encode(&head.version()).half()).await?;
                Next::Cut
            }
            Outcome::Endless => self.send_without_end(&head.version()).await?,
            Outcome::Reset => return Ok(Next::Reset),
        };
        // A body that no handler read would be taken for the next request.
        let unread = match sent {
            Next::Request => self.stream.has_body(self.unread).await,
            Next::Close | Next::Cut | Next::Reset => return Ok(sent),
        };
        Ok(if head.keeps_alive() && matches!(unread, Ok(false)) {
            Next::Request
        } else {
            Next::Close
        })
    }

    async fn send(
        &mut self,
        reply: &Reply,
        version: &str,
        faults: &Faults,
        is_data: bool,
    ) -> io::Result<Next> {
        let encoded = reply.encode(version);
        let fault = faults.of_reply().filter(|_| is_data);
        let part = match fault {
            Some(Fault::CloseMidHead) => &encoded.bytes[..encoded.body / 2],
            Some(Fault::Truncate | Fault::StopMidBody) => encoded.half(),
            _ => &encoded.bytes,
        };
        self.write(part).await?;
        Ok(match fault {
            Some(Fault::CloseMidHead | Fault::Truncate) => Next::Cut,
            Some(Fault::StopMidBody) => {
                let node = Arc::clone(&self.node);
                self.until_faults(&node, |faults| !faults.stops_mid_body()).await?;
                self.write(&encoded.bytes[part.len()..]).await?;
                Next::Request
            }
            Some(Fault::CloseAfterResponse) => Next::Close,
            _ => Next::Request,
        })
    }

    async fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.stream.inner.write_all(bytes).await?;
        self.stream.inner.flush().await
    }

    /// Waits until the node's faults satisfy the condition, or the client gives up.
    async fn until_faults(
        &mut self,
        node: &NodeState,
        wanted: impl FnMut(&Faults) -> bool,
    ) -> io::Result<()> {
        tokio::select! {
            () = node.until_faults(wanted) => Ok(()),
            () = self.stream.closed() => Err(io::ErrorKind::ConnectionAborted.into()),
        }
    }

    async fn send_without_end(&mut self, version: &str) -> io::Result<Next> {
        let mut reply = Reply::new(&self.node.cluster.settings.headers);
        reply.set_body("application/json", "[");
        reply.chunked = true;
        let mut start = reply.encode(version).bytes;
        // Everything except the last chunk, which is the end.
        start.truncate(start.len() - b"0\r\n\r\n".len());
        self.write(&start).await?;
        let entries = r#""127.0.0.1","#.repeat(300);
        let chunk = format!("{:x}\r\n{entries}\r\n", entries.len());
        loop {
            self.write(chunk.as_bytes()).await?;
            sleep(Duration::from_millis(1)).await;
        }
    }

    /// Sends Seastar's own error reply, before any handler.
    async fn refuse_and_close(
        &mut self,
        version: &str,
        status: u16,
        why: String,
    ) -> io::Result<Next> {
        let mut reply = Reply::bare(status, why);
        reply.set("Connection", "close");
        self.write(&reply.encode(version).bytes).await?;
        Ok(Next::Close)
    }
}
