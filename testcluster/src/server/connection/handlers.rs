//! The handler of each route, with the faults where a server would have them.

use std::io;
use std::net::IpAddr;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::Duration;

use bytes::Bytes;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::sleep;

use super::{Connection, Outcome};
use crate::error::ApiError;
use crate::fault::{Fault, Faults, Lie, Scope};
use crate::gossip::localnodes::Query;
use crate::server::api::{self, BODY_LIMIT, Backend};
use crate::server::routes::{self, Route};
use crate::server::state::NodeState;
use crate::wire::head::Head;
use crate::wire::reply::Reply;
use crate::wire::request::{BodyError, Framing, content_length};

/// Counts a request as in flight until it is dropped.
struct InFlight<'a>(&'a AtomicUsize);

impl<'a> InFlight<'a> {
    /// Adds one, or returns how many there are if that is the limit.
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

impl<S: AsyncRead + AsyncWrite + Unpin> Connection<S> {
    /// `POST /`: the checks in the server's order, and the faults where a server would have them.
    pub(super) async fn api(
        &mut self,
        node: &NodeState,
        faults: &Faults,
        head: &Head,
        operation: &str,
    ) -> io::Result<Outcome> {
        let backend = Backend::new(node, self.socket.peer());
        let mut reply = self.new_reply(head);
        self.allow_origin(&mut reply, head);
        let refuse = |reply, error: &ApiError| Ok(Outcome::Reply(backend.refuse(reply, error)));

        let version = node.version();
        if content_length(head) > BODY_LIMIT as u64 {
            return refuse(reply, &api::too_large());
        }
        let admit = || {
            InFlight::admit(&node.in_flight, node.cluster.settings.max_concurrent)
                .map_err(api::too_many)
        };
        let admitted = match version.sheds_before_reading().then(admit).transpose() {
            Ok(admitted) => admitted,
            Err(error) => return refuse(reply, &error),
        };
        let limit = if version.limits_bodies_itself() { BODY_LIMIT } else { usize::MAX };
        let body = match self.read_body(limit).await {
            Ok(body) => body,
            Err(BodyError::TooLarge) => return refuse(reply, &api::too_large()),
            Err(BodyError::Malformed(why)) => {
                let why =
                    format!("Internal server error: seastar::httpd::bad_request_exception ({why})");
                return refuse(reply, &ApiError::internal(why));
            }
            Err(BodyError::Gone(error)) => return Err(error),
        };
        let _in_flight = match admitted.map_or_else(admit, Ok) {
            Ok(in_flight) => in_flight,
            Err(error) => return refuse(reply, &error),
        };

        self.hang(node, Scope::Data).await?;
        // Fails only where it is closed, which no node does.
        let _worker = node.workers.acquire().await;
        match faults.of_request() {
            Some(Fault::ResetAfterRequest { execute: false }) => return Ok(Outcome::Reset),
            Some(Fault::Answer(error)) => {
                delay(faults.delay_of(operation)).await;
                return refuse(reply, error);
            }
            Some(Fault::AnswerIf { error, condition }) if condition(&body) => {
                return refuse(reply, error);
            }
            Some(Fault::AnswerEncoded { encoding, body }) => {
                reply.set("Content-Encoding", encoding.clone());
                reply.set_body(api::JSON, body.clone());
                return Ok(reply.into());
            }
            _ => {}
        }
        let reply = backend.respond(reply, head, self.peer, operation, &body).await;
        if matches!(faults.of_request(), Some(Fault::ResetAfterRequest { .. })) {
            return Ok(Outcome::Reset);
        }
        delay(faults.delay_of(operation)).await;
        // A suspended process sends no reply, executed or not.
        self.hang(node, Scope::Data).await?;
        Ok(reply.into())
    }

    pub(super) async fn other(
        &mut self,
        node: &NodeState,
        faults: &Faults,
        head: &Head,
        route: &Route,
    ) -> io::Result<Outcome> {
        let _in_flight = InFlight::enter(&node.in_flight);
        self.hang(node, if *route == Route::LocalNodes { Scope::LocalNodes } else { Scope::All })
            .await?;
        delay(faults.delay()).await;
        let mut reply = self.new_reply(head);
        if matches!(route, Route::Health | Route::Preflight) {
            self.allow_origin(&mut reply, head);
        }
        Ok(match route {
            Route::Health => routes::health(reply, head).into(),
            Route::Preflight => routes::preflight(reply, head).into(),
            Route::LocalNodes => self.localnodes(node, faults, reply, head),
            Route::Api(_) | Route::NotFound => routes::not_found().into(),
        })
    }

    fn localnodes(
        &self,
        node: &NodeState,
        faults: &Faults,
        mut reply: Reply,
        head: &Head,
    ) -> Outcome {
        let query = Query::parse(&head.query());
        let list = |entries: Vec<String>| serde_json::Value::from(entries).to_string().into_bytes();
        let body = match faults.lie() {
            None | Some(Lie::Truncated) => list(node.localnodes(&query)),
            Some(Lie::Only(entries)) => list(entries.clone()),
            Some(Lie::Everyone) => list(node.everyone(&query)),
            Some(Lie::Garbage(body)) => body.clone(),
            Some(Lie::Status(status)) => {
                reply.status = *status;
                list(node.localnodes(&query))
            }
            Some(Lie::Empty) => list(Vec::new()),
            Some(Lie::Huge(count)) => list((0..*count as u32).map(imaginary).collect()),
            Some(Lie::NeverEnding) => return Outcome::Endless,
            Some(Lie::Reset) => return Outcome::Reset,
        };
        reply.set_body("application/json", body);
        if matches!(faults.lie(), Some(Lie::Truncated)) {
            Outcome::Half(reply)
        } else {
            reply.into()
        }
    }

    fn new_reply(&self, head: &Head) -> Reply {
        let mut reply = Reply::new(&self.node.cluster.settings.headers);
        match (head.keeps_alive(), &*head.version()) {
            (true, "1.0") => reply.set("Connection", "Keep-Alive"),
            (true, _) => {}
            (false, _) => reply.set("Connection", "close"),
        }
        reply
    }

    fn allow_origin(&self, reply: &mut Reply, head: &Head) {
        routes::allow_origin(reply, head, self.node.cluster.settings.routing_header);
    }

    async fn read_body(&mut self, limit: usize) -> Result<Bytes, BodyError> {
        let body = self.stream.body(self.unread, limit).await;
        self.unread = match (&body, self.unread) {
            (Ok(_), _) => Framing::Length(0),
            (Err(_), Framing::Chunked) => Framing::Lost,
            (Err(_), unread) => unread,
        };
        body
    }

    /// Waits while a fault makes requests of this scope hang, or until the client gives up.
    async fn hang(&mut self, node: &NodeState, scope: Scope) -> io::Result<()> {
        if !node.faults().hang(scope) {
            return Ok(());
        }
        self.until_faults(node, |faults| !faults.hang(scope)).await
    }
}

async fn delay(delay: Duration) {
    // Even the shortest sleep waits for the timer's next tick.
    if !delay.is_zero() {
        sleep(delay).await;
    }
}

/// Returns an address without a node.
fn imaginary(at: u32) -> String {
    IpAddr::from((0x0a00_0000 | (at & 0x00ff_ffff)).to_be_bytes()).to_string()
}
