//! The probe whether nodes understand compressed requests, which costs them almost nothing.

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use bytes::Bytes;
use futures_util::{StreamExt, stream};
use http::request::Parts;
use http::{Request, StatusCode};

use super::localnodes::BODY_LIMIT;
use crate::cluster::Cluster;
use crate::cluster::exchange::{Limits, exchange};
use crate::cluster::node::Node;
use crate::dynamodb::host::address;
use crate::error::BoxError;

/// Maximum number of nodes probed in parallel.
const MAX_PARALLEL: usize = 16;

/// Part of the 400 response of a server that parsed the compressed bytes as JSON. With quotes,
/// which an item in a response cannot contain unescaped.
const MISTAKEN: &[u8] = br#""message":"Parsing JSON failed"#;

/// Part of the 400 response of a server that has understood the probe and is configured to refuse
/// it.
const DISABLED: &[u8] = b"disabled by configuration";

/// A compressed request for an operation that touches no data, signed with the identity of the
/// request that it came with.
#[derive(Clone, Debug)]
pub(crate) struct CompressionProbe {
    head: Parts,
}

impl CompressionProbe {
    /// The operation of the probe.
    pub(crate) const TARGET: &str = "DynamoDB_20120810.DescribeEndpoints";

    /// An empty JSON object, compressed with gzip.
    pub(crate) const BODY: &[u8] =
        b"\x1f\x8b\x08\0\0\0\0\0\0\xff\xab\xae\x05\0\x43\xbf\xa6\xa3\x02\0\0\0";

    /// `None` if the request has no host.
    pub(crate) fn new<B>(request: Request<B>) -> Option<Self> {
        let (mut head, _) = request.into_parts();
        address(&mut head).ok()?;
        Some(Self { head })
    }

    /// Probes all nodes that are not known to understand compressed requests.
    pub(crate) async fn ask(self, cluster: Arc<Cluster>, limit: Duration) {
        let (probe, cluster) = (&self, &cluster);
        let ask = async |node: Arc<Node>| {
            if node.understands_compression.load(Relaxed) {
                return;
            }
            match probe.ask_one(&node, limit).await {
                Ok((status, body)) => match understands_compression(status, &body) {
                    Some(understands) => cluster.probed(&node, understands),
                    None => cluster.probe_failed(&node, &format!("it answered {status}")),
                },
                Err(error) => cluster.probe_failed(&node, &error.to_string()),
            }
        };
        stream::iter(cluster.all_nodes()).for_each_concurrent(MAX_PARALLEL, ask).await;
    }

    async fn ask_one(&self, node: &Node, limit: Duration) -> Result<(StatusCode, Bytes), BoxError> {
        let request = Request::from_parts(self.head.clone(), Bytes::from_static(Self::BODY));
        exchange(&node.pool, request, Limits { time: limit, body: BODY_LIMIT }).await
    }
}

/// Returns whether a node that has sent this response to a compressed request understands it. A
/// response sent before the body was read, such as a refused signature, says nothing.
pub(crate) fn understands_compression(status: StatusCode, body: &[u8]) -> Option<bool> {
    let says = |what: &[u8]| body.windows(what.len()).any(|window| window == what);
    match status {
        StatusCode::OK => Some(true),
        StatusCode::BAD_REQUEST if says(MISTAKEN) => Some(false),
        StatusCode::BAD_REQUEST if says(DISABLED) => Some(true),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_body_is_an_empty_object() {
        let body = flate2::read::GzDecoder::new(CompressionProbe::BODY);
        assert_eq!(std::io::read_to_string(body).unwrap(), "{}");
    }

    #[test]
    fn only_an_answer_of_whoever_has_read_the_body_says_anything() {
        let error = |kind: &str, message: &str| {
            format!(
                r#"{{"__type":"com.amazonaws.dynamodb.v20120810#{kind}","message":"{message}"}}"#
            )
        };
        let invalid = "ValidationException";
        let disabled =
            "DescribeEndpoints disabled by configuration (alternator_describe_endpoints=disabled)";
        let cases = [
            (200, r#"{"Endpoints":[]}"#.to_owned(), Some(true)),
            (400, error(invalid, "Parsing JSON failed: Invalid value. at 0"), Some(false)),
            (400, error("UnknownOperationException", disabled), Some(true)),
            (400, error("UnknownOperationException", "Unsupported operation X"), None),
            (400, error(invalid, "Incorrect credential information format"), None),
            (
                400,
                error("MissingAuthenticationTokenException", "Authorization header is mandatory"),
                None,
            ),
            (400, error("UnrecognizedClientException", "User not found: X"), None),
            (400, error("RequestLimitExceeded", "too many in-flight requests"), None),
            (500, error("InternalServerError", "Truncated gzip in request body"), None),
            (404, r#"{"message": "Not found", "code": 404}"#.to_owned(), None),
        ];
        for (status, body, expected) in cases {
            let status = StatusCode::from_u16(status).unwrap();
            assert_eq!(understands_compression(status, body.as_bytes()), expected, "{body}");
        }
    }
}
