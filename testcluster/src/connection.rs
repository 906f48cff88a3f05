//! One connection, one request at a time: read, answer, write, in that order, and everything that can go wrong on the way.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};
use tokio::time::sleep;

use crate::ApiError;
use crate::api::{self, BODY_LIMIT, Peer};
use crate::fault::{Fault, Faults, Lie, Scope};
use crate::head::Head;
use crate::localnodes::Query;
use crate::node::Inner;
use crate::reply::Reply;
use crate::request::{BodyError, Framing, Wire, content_length};
use crate::routes::{self, Route};
use crate::socket::Socket;

/// How a connection goes on after a request.
#[derive(Debug, PartialEq, Eq)]
enum Next {
    Request,
    Close,
    /// Close without a farewell.
    Cut,
    Reset,
}

/// What a request came to.
enum Outcome {
    Reply(Reply),
    /// A reply, of whose body only half is sent.
    Half(Reply),
    Endless,
    Reset,
}

impl From<Reply> for Outcome {
    fn from(reply: Reply) -> Self {
        Self::Reply(reply)
    }
}

/// Counts a request as in flight for as long as it is.
struct InFlight<'a>(&'a AtomicUsize);

impl<'a> InFlight<'a> {
    /// One more, unless there are as many as may be; then how many there are.
    fn admit(count: &'a AtomicUsize, limit: usize) -> Result<Self, usize> {
        count
            .fetch_update(Relaxed, Relaxed, |count| (count < limit).then(|| count + 1))
            .map(|_| Self(count))
    }

    fn enter(count: &'a AtomicUsize) -> Self {
        count.fetch_add(1, Relaxed);
        Self(count)
    }
}

impl Drop for InFlight<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Relaxed);
    }
}

pub(crate) struct Connection<S> {
    node: Arc<Inner>,
    socket: Socket,
    wire: Wire<S>,
    peer: Peer,
    /// The body of the present request, until it is read.
    unread: Framing,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Connection<S> {
    pub(crate) fn new(node: Arc<Inner>, socket: Socket, stream: S, peer: Peer) -> Self {
        let tape = node
            .shared
            .settings
            .record
            .then(|| node.records.new_stream());
        Self {
            node,
            socket,
            wire: Wire::new(stream, tape),
            peer,
            unread: Framing::Length(0),
        }
    }

    pub(crate) async fn serve(mut self) {
        loop {
            // An error means that the client is gone, or that the node was told to cut it off: there is nobody to tell.
            match self.next_request().await.unwrap_or(Next::Cut) {
                Next::Request => {}
                Next::Close => {
                    let _ = self.wire.stream.shutdown().await;
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
        match self
            .wire
            .head(&self.node.records, || socket.set_idle(false))
            .await?
        {
            Ok(Some(head)) => self.exchange(&head).await,
            Ok(None) => Ok(Next::Close),
            Err(malformed) => {
                let version = malformed.0.as_deref().unwrap_or("1.1");
                self.refuse_and_close(version, 400, "Can't parse the request".into())
                    .await
            }
        }
    }

    async fn exchange(&mut self, head: &Head) -> io::Result<Next> {
        let node = Arc::clone(&self.node);
        let (counters, settings) = (&node.counters, &node.shared.settings);
        let route = Route::of(head);
        route.count(head, |name| counters.requested(name));

        let length = content_length(head);
        if length > BODY_LIMIT as u64 && !settings.version.limits_bodies_itself() {
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
            go_on.set_status(100);
            self.wire
                .stream
                .write_all(&go_on.encode("1.1").bytes)
                .await?;
        }

        self.unread = Framing::of(head);
        let outcome = match &route {
            Route::Api(operation) => self.api(&node, &faults, head, operation).await?,
            _ => self.other(&node, &faults, head, &route).await?,
        };
        let sent = match outcome {
            Outcome::Reply(reply) => self.send(&reply, &head.version(), &faults, is_data).await?,
            Outcome::Half(reply) => {
                let encoded = reply.encode(&head.version());
                self.send_part(&encoded.bytes, (encoded.body + encoded.bytes.len()) / 2)
                    .await?
            }
            Outcome::Endless => self.send_without_end(&head.version()).await?,
            Outcome::Reset => return Ok(Next::Reset),
        };
        // A body that no handler read would be taken for the next request.
        let unread = match sent {
            Next::Request => self.wire.has_body(&node.records, self.unread).await,
            Next::Close | Next::Cut | Next::Reset => return Ok(sent),
        };
        Ok(if head.keeps_alive() && matches!(unread, Ok(false)) {
            Next::Request
        } else {
            Next::Close
        })
    }

    /// `POST /`: the checks in the server's order, and the faults where a server would have them.
    async fn api(
        &mut self,
        node: &Inner,
        faults: &Faults,
        head: &Head,
        operation: &str,
    ) -> io::Result<Outcome> {
        let backend = node.backend();
        let mut reply = self.new_reply(head);
        routes::allow_origin(&mut reply, head);
        let refuse = |mut reply: Reply, error: &ApiError| {
            backend.refuse(&mut reply, error);
            Ok(Outcome::Reply(reply))
        };

        let version = node.shared.settings.version;
        if content_length(head) > BODY_LIMIT as u64 {
            return refuse(reply, &api::too_large());
        }
        let admit = || {
            InFlight::admit(&node.in_flight, node.shared.settings.max_concurrent)
                .map_err(api::too_many)
        };
        let admitted = match version.sheds_before_reading().then(admit).transpose() {
            Ok(admitted) => admitted,
            Err(error) => return refuse(reply, &error),
        };
        let limit = if version.limits_bodies_itself() {
            BODY_LIMIT
        } else {
            usize::MAX
        };
        let body = match self.read_body(node, limit).await {
            Ok(body) => body,
            Err(BodyError::TooLarge) => return refuse(reply, &api::too_large()),
            Err(BodyError::Malformed(why)) => {
                let why =
                    format!("Internal server error: seastar::httpd::bad_request_exception ({why})");
                return refuse(reply, &ApiError::new("InternalServerError", why));
            }
            Err(BodyError::Gone(error)) => return Err(error),
        };
        let _in_flight = match admitted.map_or_else(admit, Ok) {
            Ok(in_flight) => in_flight,
            Err(error) => return refuse(reply, &error),
        };

        self.hang(node, Scope::Data).await?;
        match faults.of_request() {
            Some(Fault::ResetAfterRequest { execute: false }) => return Ok(Outcome::Reset),
            Some(Fault::Answer(error)) => {
                sleep(faults.delay()).await;
                return refuse(reply, error);
            }
            _ => {}
        }
        let reply = backend.answer(reply, head, self.peer, operation, &body);
        if matches!(faults.of_request(), Some(Fault::ResetAfterRequest { .. })) {
            return Ok(Outcome::Reset);
        }
        let delay = faults.delay();
        if !delay.is_zero() {
            sleep(delay).await;
        }
        Ok(reply.into())
    }

    async fn other(
        &mut self,
        node: &Inner,
        faults: &Faults,
        head: &Head,
        route: &Route,
    ) -> io::Result<Outcome> {
        let _in_flight = InFlight::enter(&node.in_flight);
        self.hang(
            node,
            if *route == Route::LocalNodes {
                Scope::LocalNodes
            } else {
                Scope::All
            },
        )
        .await?;
        let delay = faults.delay();
        if !delay.is_zero() {
            sleep(delay).await;
        }
        let standard = &node.shared.settings.headers;
        let mut reply = self.new_reply(head);
        if matches!(route, Route::Health | Route::Preflight) {
            routes::allow_origin(&mut reply, head);
        }
        Ok(match route {
            Route::Health => routes::health(standard, reply, head).into(),
            Route::Preflight => routes::preflight(standard, reply, head).into(),
            Route::LocalNodes => self.localnodes(node, faults, reply, head),
            Route::Api(_) | Route::NotFound => routes::not_found().into(),
        })
    }

    fn localnodes(&self, node: &Inner, faults: &Faults, mut reply: Reply, head: &Head) -> Outcome {
        let standard = &node.shared.settings.headers;
        let query = Query::parse(&head.query());
        let list = |entries: Vec<String>| serde_json::Value::from(entries).to_string().into_bytes();
        let body = match faults.lie() {
            None | Some(Lie::Truncated) => list(node.localnodes(&query)),
            Some(Lie::Only(entries)) => list(entries.clone()),
            Some(Lie::Everyone) => list(node.everyone(&query)),
            Some(Lie::Garbage(body)) => body.clone(),
            Some(Lie::Status(status)) => {
                reply.set_status(*status);
                list(node.localnodes(&query))
            }
            Some(Lie::Empty) => list(Vec::new()),
            Some(Lie::Huge(count)) => {
                list((0..*count as u32).map(|at| node.imaginary(at)).collect())
            }
            Some(Lie::NeverEnding) => return Outcome::Endless,
            Some(Lie::Reset) => return Outcome::Reset,
        };
        reply.set_body(standard, "application/json", body);
        if matches!(faults.lie(), Some(Lie::Truncated)) {
            Outcome::Half(reply)
        } else {
            reply.into()
        }
    }

    fn new_reply(&self, head: &Head) -> Reply {
        let mut reply = Reply::new(&self.node.shared.settings.headers);
        match (head.keeps_alive(), &*head.version()) {
            (true, "1.0") => reply.set("Connection", "Keep-Alive"),
            (true, _) => {}
            (false, _) => reply.set("Connection", "close"),
        }
        reply
    }

    async fn read_body(&mut self, node: &Inner, limit: usize) -> Result<bytes::Bytes, BodyError> {
        let body = self.wire.body(&node.records, self.unread, limit).await;
        if body.is_ok() {
            self.unread = Framing::Length(0);
        }
        body
    }

    /// Waits for as long as requests of this kind are not answered, or until the client gives up.
    async fn hang(&mut self, node: &Inner, scope: Scope) -> io::Result<()> {
        if !node.faults().hang(scope) {
            return Ok(());
        }
        tokio::select! {
            () = node.until_faults(|faults| !faults.hang(scope)) => Ok(()),
            () = self.wire.closed(&node.records) => Err(io::ErrorKind::ConnectionAborted.into()),
        }
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
        match fault {
            Some(Fault::CloseMidHead) => self.send_part(&encoded.bytes, encoded.body / 2).await,
            Some(Fault::Truncate) => {
                self.send_part(&encoded.bytes, (encoded.body + encoded.bytes.len()) / 2)
                    .await
            }
            _ => {
                self.wire.stream.write_all(&encoded.bytes).await?;
                self.wire.stream.flush().await?;
                Ok(if matches!(fault, Some(Fault::CloseAfterResponse)) {
                    Next::Close
                } else {
                    Next::Request
                })
            }
        }
    }

    async fn send_part(&mut self, bytes: &[u8], length: usize) -> io::Result<Next> {
        self.wire.stream.write_all(&bytes[..length]).await?;
        self.wire.stream.flush().await?;
        Ok(Next::Cut)
    }

    async fn send_without_end(&mut self, version: &str) -> io::Result<Next> {
        let mut reply = Reply::new(&self.node.shared.settings.headers);
        reply.set_body(&self.node.shared.settings.headers, "application/json", "[");
        reply.set_chunked();
        let mut start = reply.encode(version).bytes;
        // Everything but the last chunk, which is the end.
        start.truncate(start.len() - b"0\r\n\r\n".len());
        self.wire.stream.write_all(&start).await?;
        let entries = r#""127.0.0.1","#.repeat(300);
        let chunk = format!("{:x}\r\n{entries}\r\n", entries.len());
        loop {
            self.wire.stream.write_all(chunk.as_bytes()).await?;
            self.wire.stream.flush().await?;
            sleep(std::time::Duration::from_millis(1)).await;
        }
    }

    /// What Seastar answers by itself, before any handler.
    async fn refuse_and_close(
        &mut self,
        version: &str,
        status: u16,
        why: String,
    ) -> io::Result<Next> {
        let mut reply = Reply::bare(status, why);
        reply.set("Connection", "close");
        self.wire
            .stream
            .write_all(&reply.encode(version).bytes)
            .await?;
        Ok(Next::Close)
    }
}
