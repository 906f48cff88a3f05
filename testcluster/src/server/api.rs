//! `POST /` once its body is read: signature, decompression, the operation, and how the reply is
//! framed and compressed.

use std::borrow::Cow;
use std::net::IpAddr;

use bytes::Bytes;
use serde_json::Value;
use time::OffsetDateTime;

use super::coordination::{Coordination, Coordinator, ROUTING};
use super::state::NodeState;
use crate::error::ApiError;
use crate::store::Output;
use crate::system::{self, Source};
use crate::tokens;
use crate::version::Version;
use crate::wire::compression::{self, Encoding};
use crate::wire::head::Head;
use crate::wire::reply::Reply;
use crate::wire::sigv4;

/// The limit of a request's body, both as sent and decompressed.
pub(crate) const BODY_LIMIT: usize = 16 << 20;

/// JSON above this size is streamed.
const STREAMED_BYTES: usize = 100_000;

/// Replies to Query and Scan with at least this many items are streamed.
const STREAMED_ITEMS: usize = 256;

pub(crate) const JSON: &str = "application/x-amz-json-1.0";

pub(crate) fn too_large() -> ApiError {
    compression::too_large(BODY_LIMIT)
}

pub(crate) fn too_many(in_flight: usize) -> ApiError {
    let limit = "configured via max_concurrent_requests_per_shard";
    ApiError::new(
        "RequestLimitExceeded",
        format!("too many in-flight requests ({limit}): {in_flight}"),
    )
}

/// The sender of a request, as far as the connection identifies it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Peer {
    Unknown,
    /// Showed a certificate of the cluster's authority.
    Certified,
}

/// A node as the executor of one request.
pub(crate) struct Backend<'a> {
    node: &'a NodeState,
    /// The node's release when the request came in.
    version: Version,
    client: Option<IpAddr>,
}

impl<'a> Backend<'a> {
    pub(crate) fn new(node: &'a NodeState, client: Option<IpAddr>) -> Self {
        Self { node, version: node.version(), client }
    }

    pub(crate) async fn respond(
        &self,
        mut reply: Reply,
        head: &Head,
        peer: Peer,
        operation: &str,
        body: &Bytes,
    ) -> Reply {
        match self.result(&mut reply, head, peer, operation, body).await {
            Ok(output) => self.succeed(reply, head, output),
            Err(error) => self.refuse(reply, &error),
        }
    }

    async fn result(
        &self,
        reply: &mut Reply,
        head: &Head,
        peer: Peer,
        operation: &str,
        body: &Bytes,
    ) -> Result<Output, ApiError> {
        let settings = &self.node.cluster.settings;
        let (user, body) = self.admit(head, peer, body)?;
        let request = self.request(operation, &body);
        if let Some(request) = &request
            && let Some(table) = system::table(request)
        {
            self.node.counters.executed(operation);
            let permit = || match &user {
                Some(user) => self.node.cluster.permissions.check(user, table, self.client),
                None => Ok(()),
            };
            let source = Source {
                state: &self.node.cluster.tokens.read(),
                version: self.version,
                node: self.node.id,
                port: self.node.addr.port(),
                spread: settings.tokens.spread,
                write_isolation: &settings.write_isolation,
                enforces_authorization: settings.users.is_some(),
            };
            return system::read(&source, operation, request, table, settings.page_bytes, permit);
        }
        let coordination = self
            .coordinate(operation, request.as_ref())
            .await
            .inspect_err(|_| self.node.counters.executed(operation))?;
        let result = self.execute(head, operation, &body, request.as_ref());
        let is_value = result
            .as_ref()
            .err()
            .is_none_or(|error| error.kind == "ConditionalCheckFailedException");
        if let Some(routing) = &coordination.routing
            && is_value
        {
            reply.set(ROUTING, routing.clone());
        }
        result
    }

    pub(crate) fn refuse(&self, mut reply: Reply, error: &ApiError) -> Reply {
        reply.status = error.status;
        reply.set_body(JSON, error.body());
        reply
    }

    /// Returns the user, where requests are signed, and the decompressed body.
    fn admit<'b>(
        &self,
        head: &Head,
        peer: Peer,
        body: &'b Bytes,
    ) -> Result<(Option<String>, Cow<'b, [u8]>), ApiError> {
        let certified = peer == Peer::Certified && self.version.trusts_client_certificates();
        let users = self.node.cluster.settings.users.as_ref();
        let user = match users.filter(|_| !certified) {
            Some(users) => Some(sigv4::verify(users, head, body, OffsetDateTime::now_utc())?),
            None => None,
        };
        let encoding = head.get("Content-Encoding").filter(|encoding| !encoding.is_empty());
        let body = match encoding.filter(|_| self.version.has_compression()) {
            Some(encoding) => compression::decompress(&encoding, body, BODY_LIMIT)?.into(),
            None => Cow::Borrowed(&body[..]),
        };
        Ok((user, body))
    }

    /// Returns the parsed request, if anything but the store needs its content.
    fn request(&self, operation: &str, body: &[u8]) -> Option<Value> {
        let tokens = &self.node.cluster.tokens;
        let concerns = tokens::changes(operation)
            || (tokens::concerns(operation) && !tokens.read().tables.is_empty())
            || system::may_concern(operation, body);
        // Errors in it are left to the store.
        concerns.then(|| serde_json::from_slice(body).ok())?
    }

    async fn coordinate(
        &self,
        operation: &str,
        request: Option<&Value>,
    ) -> Result<Coordination<'a>, ApiError> {
        let Some(request) = request else {
            return Ok(Coordination::default());
        };
        self.node.cluster.tokens.check(operation, request)?;
        Coordinator(self.node).coordinate(operation, request).await
    }

    fn execute(
        &self,
        head: &Head,
        operation: &str,
        body: &[u8],
        request: Option<&Value>,
    ) -> Result<Output, ApiError> {
        if let Some(canned) = self.node.cluster.settings.canned.get(operation) {
            self.node.counters.executed(operation);
            return Ok(Output { body: canned.clone(), items: 0 });
        }
        let host = head.get("Host").map(|host| String::from_utf8_lossy(&host).into_owned());
        let result = self.node.cluster.store.execute(operation, body, host.as_deref());
        if !matches!(&result, Err(error) if error.kind == "UnknownOperationException") {
            self.node.counters.executed(operation);
        }
        if let (Ok(reply), Some(request)) = (&result, request)
            && tokens::changes(operation)
        {
            self.node.cluster.tokens.follow(operation, request, &reply.body)?;
            if let ("DeleteTable", Some(table)) = (operation, request["TableName"].as_str()) {
                self.node.cluster.contention.forget(table);
            }
        }
        result
    }

    fn succeed(&self, mut reply: Reply, head: &Head, Output { body, items }: Output) -> Reply {
        let streamed = body.len() > STREAMED_BYTES || items >= STREAMED_ITEMS;
        let body = match self.encoding(head, streamed, body.len()) {
            Some(encoding) => {
                reply.set("Content-Encoding", encoding.name());
                let level = self.node.cluster.settings.compression_level.clamp(0, 9).unsigned_abs();
                Bytes::from(compression::compress(encoding, &body, level))
            }
            None => body,
        };
        reply.chunked = streamed;
        reply.set_body(JSON, body);
        reply
    }

    /// Streamed bodies count as larger than any threshold, even than the one that stands for
    /// "never".
    fn encoding(&self, head: &Head, streamed: bool, size: usize) -> Option<Encoding> {
        let threshold = match self.node.cluster.settings.compression_threshold {
            0 => return None,
            _ if self.node.cluster.settings.compression_level <= 0 => u32::MAX as usize,
            threshold => threshold,
        };
        let large = streamed || size >= threshold;
        if !large || !self.version.has_compression() {
            return None;
        }
        compression::negotiate(std::str::from_utf8(&head.get("Accept-Encoding")?).ok()?)
    }
}
