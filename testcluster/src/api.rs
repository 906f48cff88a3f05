//! `POST /` once its body is there: signature, decompression, the operation, and how the reply is framed and compressed.

use bytes::Bytes;
use time::OffsetDateTime;

use crate::builder::Settings;
use crate::compression::{self, Encoding};
use crate::head::Head;
use crate::reply::Reply;
use crate::sigv4;
use crate::stats::Counters;
use crate::store::{self, Store};
use crate::{ApiError, Version};

/// The limit of a request's body, both as sent and decompressed.
pub(crate) const BODY_LIMIT: usize = 16 << 20;

/// JSON above this size is streamed.
const STREAMED_BYTES: usize = 100_000;

/// Answers of Query and Scan with this many items are streamed.
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

/// Who sent the request, as far as the connection tells.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Peer {
    Unknown,
    /// Showed a certificate of the cluster's authority.
    Certified,
}

/// What a request runs against.
pub(crate) struct Backend<'a> {
    pub(crate) settings: &'a Settings,
    pub(crate) version: Version,
    pub(crate) store: &'a Store,
    pub(crate) counters: &'a Counters,
}

impl Backend<'_> {
    pub(crate) fn answer(
        &self,
        mut reply: Reply,
        head: &Head,
        peer: Peer,
        operation: &str,
        body: &Bytes,
    ) -> Reply {
        match self.execute(head, peer, operation, body) {
            Ok(success) => self.succeed(reply, head, success),
            Err(error) => {
                self.refuse(&mut reply, &error);
                reply
            }
        }
    }

    pub(crate) fn refuse(&self, reply: &mut Reply, error: &ApiError) {
        reply.set_status(error.status);
        reply.set_body(&self.settings.headers, JSON, error.body());
    }

    fn execute(
        &self,
        head: &Head,
        peer: Peer,
        operation: &str,
        body: &Bytes,
    ) -> Result<Success, ApiError> {
        let certified = peer == Peer::Certified && self.version.trusts_client_certificates();
        if let Some(users) = self.settings.users.as_ref().filter(|_| !certified) {
            sigv4::verify(
                users,
                &head.method(),
                &head.fields(),
                body,
                OffsetDateTime::now_utc(),
            )?;
        }
        let encoding = head
            .get("Content-Encoding")
            .filter(|encoding| !encoding.is_empty());
        let decompressed = match encoding.filter(|_| self.version.has_compression()) {
            Some(encoding) => &compression::decompress(&encoding, body, BODY_LIMIT)?,
            None => &body[..],
        };
        if let Some(canned) = self.settings.canned.get(operation) {
            self.counters.executed(operation);
            return Ok(Success {
                body: canned.clone(),
                items: 0,
            });
        }
        let host = head
            .get("Host")
            .map(|host| String::from_utf8_lossy(&host).into_owned());
        let result = self.store.execute(operation, decompressed, host.as_deref());
        if !matches!(&result, Err(error) if error.kind == "UnknownOperationException") {
            self.counters.executed(operation);
        }
        result.map(Success::from)
    }

    fn succeed(&self, mut reply: Reply, head: &Head, Success { body, items }: Success) -> Reply {
        let streamed = body.len() > STREAMED_BYTES || items >= STREAMED_ITEMS;
        let body = match self.encoding(head, streamed, body.len()) {
            Some(encoding) => {
                reply.set("Content-Encoding", encoding.name());
                let level = self.settings.compression_level.clamp(0, 9).unsigned_abs();
                Bytes::from(compression::compress(encoding, &body, level))
            }
            None => body,
        };
        if streamed {
            reply.set_chunked();
        }
        reply.set_body(&self.settings.headers, JSON, body);
        reply
    }

    /// Streamed bodies count as larger than any threshold, even than the one that stands for "never".
    fn encoding(&self, head: &Head, streamed: bool, size: usize) -> Option<Encoding> {
        let threshold = match self.settings.compression_threshold {
            0 => return None,
            _ if self.settings.compression_level <= 0 => u32::MAX as usize,
            threshold => threshold,
        };
        let large = streamed || size >= threshold;
        if !large || !self.version.has_compression() {
            return None;
        }
        compression::negotiate(std::str::from_utf8(&head.get("Accept-Encoding")?).ok()?)
    }
}

struct Success {
    body: Bytes,
    items: usize,
}

impl From<store::Reply> for Success {
    fn from(reply: store::Reply) -> Self {
        Self {
            body: reply.body.into(),
            items: reply.items,
        }
    }
}
