//! The way of one DynamoDB request: plan, lease, send, observe.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::request::Parts;
use http::uri::PathAndQuery;
use http::{HeaderMap, HeaderName, HeaderValue, Request, Response, Uri, Version, header};
use http_body_util::{BodyExt, Full};
use tokio::time::{Instant, timeout};

use crate::answer::Answer;
use crate::attempts::{Attempts, Trying};
use crate::cluster::Cluster;
use crate::config::Policy;
use crate::error::{BoxError, ConnectError, Error};
use crate::node::Node;
use crate::plan::{Plan, Turns};
use crate::policy::{Choose, chooser};
use crate::transport::{ConnectionInfo, NodeBody, SendError};

/// Whether a request is DynamoDB's, and so for the cluster.
pub(crate) fn is_dynamodb(target: Option<&[u8]>) -> bool {
    target.is_some_and(|t| {
        t.starts_with(b"DynamoDB_20120810.") || t.starts_with(b"DynamoDBStreams_20120810.")
    })
}

/// The header that says which operation a request is for.
pub(crate) const TARGET: HeaderName = HeaderName::from_static("x-amz-target");

/// How long one call may wait for what.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// For a connection to one node.
    pub(crate) connect: Duration,
    /// For a connection to any node.
    pub(crate) connect_budget: Duration,
    /// For the head of the answer, once the request can be sent.
    pub(crate) read: Option<Duration>,
}

#[derive(Debug)]
pub(crate) struct Balancer {
    pub(crate) cluster: Arc<Cluster>,
    chooser: Box<dyn Choose>,
    turns: Turns,
    attempts: Arc<Attempts>,
}

/// An attempt that brought no answer.
enum Failure {
    /// Nothing was sent, and the request can go to another node.
    Unsent(Box<Parts>, ConnectError),
    Final(Error),
}

impl Balancer {
    pub(crate) fn new(cluster: Arc<Cluster>, policy: Policy, random: &mut fastrand::Rng) -> Self {
        let turns = Turns::starting_at(random.u64(..));
        Self {
            cluster,
            chooser: chooser(policy, random),
            turns,
            attempts: Arc::new(Attempts::new()),
        }
    }

    /// Sends a DynamoDB request to one node, after trying as many as it takes to find one that can be connected.
    pub(crate) async fn call<B>(
        &self,
        request: Request<B>,
        limits: Limits,
    ) -> Result<Response<Answer>, Error>
    where
        B: http_body::Body<Data = Bytes>,
        B::Error: Into<BoxError>,
    {
        let (mut head, body) = request.into_parts();
        let body = gather(body).await.map_err(Error::Request)?;
        address(&mut head)?;
        let begun = Instant::now();
        let known = timeout(limits.connect_budget, self.cluster.known()).await;
        known
            .unwrap_or_else(|_| self.cluster.last_refresh())
            .map_err(Error::NoNodes)?;

        // Requests that become ready together are then written together, rather than each waking its node by itself. That is
        // worth a seventh of the CPU time of 32 requests at once on one thread, by `cargo bench --bench overhead`.
        tokio::task::yield_now().await;

        let invocation = self.attempts.invocation(&head.headers);
        let mut plan = Plan::new(
            &self.cluster,
            &*self.chooser,
            &self.turns,
            self.attempts.earlier(&head.headers),
        );
        let mut trying = Trying::new(&self.attempts, invocation);
        let mut tried: Vec<(SocketAddr, ConnectError)> = Vec::new();
        while let Some(node) = plan.next() {
            let left = limits.connect_budget.saturating_sub(begun.elapsed());
            if left.is_zero() {
                break;
            }
            if !tried.is_empty() {
                self.cluster.note_redispatch();
            }
            let limits = Limits {
                connect: limits.connect.min(left),
                ..limits
            };
            trying.node(node.addr());
            match attempt(&node, head, &body, limits).await {
                Ok(response) => {
                    return Ok(response.map(|body| Answer::new(body, trying)));
                }
                Err(Failure::Unsent(unsent, error)) => {
                    tracing::debug!(node = %node.addr(), %error, "node not connected, trying another");
                    // A limit of our own says nothing about the cluster.
                    if !error.is_own_limit() {
                        self.cluster.want_refresh();
                    }
                    head = *unsent;
                    plan.tried(&node);
                    tried.push((node.addr(), error));
                }
                Err(Failure::Final(error)) => {
                    self.cluster.want_refresh();
                    return Err(error);
                }
            }
        }
        Err(Error::Unreachable { tried })
    }

    /// The node that a request would try first now.
    pub(crate) fn first_choice(&self) -> Option<Arc<Node>> {
        Plan::new(&self.cluster, &*self.chooser, &self.turns, Vec::new()).next()
    }
}

/// Sends the request on a connection of this node. A connection that turns out to be closed before anything was written is
/// replaced by another.
async fn attempt(
    node: &Arc<Node>,
    mut head: Parts,
    body: &Bytes,
    limits: Limits,
) -> Result<Response<NodeBody>, Failure> {
    loop {
        let mut lease = match node.pool.lease(limits.connect).await {
            Ok(lease) => lease,
            Err(error) => {
                if !error.is_own_limit() {
                    node.counters.not_connected();
                }
                return Err(Failure::Unsent(Box::new(head), error));
            }
        };
        let count = Count::new(node, lease.connection.info());
        let sending = lease
            .connection
            .send(Request::from_parts(head, Full::new(body.clone())));
        let answer = match limits.read {
            None => sending.await,
            Some(limit) => match timeout(limit, sending).await {
                Ok(answer) => answer,
                Err(_) => {
                    let (node, after) = (node.addr(), limit);
                    return Err(Failure::Final(Error::ReadTimeout { node, after }));
                }
            },
        };
        match answer {
            Ok(response) => {
                let info = count.answered();
                let status = response.status();
                let mut response = response.map(|incoming| NodeBody::new(status, incoming, lease));
                response.extensions_mut().insert(info);
                return Ok(response);
            }
            Err(SendError::Unsent(unsent, _)) if lease.reused() => head = *unsent,
            Err(SendError::Unsent(unsent, source)) => {
                node.counters.not_connected();
                return Err(Failure::Unsent(unsent, ConnectError::Closed(source)));
            }
            Err(SendError::Sent(source)) => {
                let node = node.addr();
                return Err(Failure::Final(Error::Unanswered { node, source }));
            }
        }
    }
}

/// Counts a request on its node, if anything of it was written, however it ends: also if the call is dropped.
struct Count<'a> {
    node: &'a Node,
    connection: ConnectionInfo,
    written_before: u64,
    answered: bool,
}

impl<'a> Count<'a> {
    fn new(node: &'a Node, connection: ConnectionInfo) -> Self {
        let written_before = connection.written();
        Self {
            node,
            connection,
            written_before,
            answered: false,
        }
    }

    fn answered(mut self) -> ConnectionInfo {
        self.answered = true;
        self.connection.clone()
    }
}

impl Drop for Count<'_> {
    fn drop(&mut self) {
        if self.answered {
            self.node.counters.sent();
        } else if self.connection.written() > self.written_before {
            self.node.counters.sent();
            self.node.counters.failed();
        }
    }
}

/// The whole body as shared bytes. The bodies of DynamoDB are in memory, so this is one poll that copies nothing; it also
/// tells the SDK's watch over stalled uploads that the upload is done.
async fn gather<B>(body: B) -> Result<Bytes, BoxError>
where
    B: http_body::Body<Data = Bytes>,
    B::Error: Into<BoxError>,
{
    let mut body = std::pin::pin!(body);
    let Some(first) = body.frame().await else {
        return Ok(Bytes::new());
    };
    let first = first.map_err(Into::into)?.into_data().unwrap_or_default();
    if body.is_end_stream() {
        return Ok(first);
    }
    let mut whole = Vec::from(first);
    whole.extend_from_slice(&body.collect().await.map_err(Into::into)?.to_bytes());
    Ok(whole.into())
}

/// Turns the URI into what a server expects, and keeps the host that was signed in the Host header.
fn address(head: &mut Parts) -> Result<(), Error> {
    if !head.headers.contains_key(header::HOST) {
        let host =
            signed_host(&head.uri).ok_or_else(|| Error::Request("its URI has no host".into()))?;
        head.headers.insert(header::HOST, host);
    }
    let path = head
        .uri
        .path_and_query()
        .cloned()
        .unwrap_or_else(|| PathAndQuery::from_static("/"));
    head.uri = Uri::from(path);
    head.version = Version::HTTP_11;
    Ok(())
}

/// The host as SigV4 signs it: the port is left out where it is the scheme's own.
fn signed_host(uri: &Uri) -> Option<HeaderValue> {
    let authority = uri.authority()?;
    let default = match uri.scheme_str() {
        Some("http") => Some(80),
        Some("https") => Some(443),
        _ => None,
    };
    let host = if authority.port_u16().is_some() && authority.port_u16() == default {
        authority.host()
    } else {
        authority.as_str()
    };
    HeaderValue::from_str(host).ok()
}

/// Whether the headers say that a request is DynamoDB's.
pub(crate) fn has_dynamodb_target(headers: &HeaderMap) -> bool {
    is_dynamodb(headers.get(TARGET).map(HeaderValue::as_bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_two_dynamodb_services_are_ours() {
        assert!(is_dynamodb(Some(b"DynamoDB_20120810.GetItem")));
        assert!(is_dynamodb(Some(b"DynamoDBStreams_20120810.GetRecords")));
        for other in [
            &b"DynamoDB_20120810"[..],
            b"",
            b"AWSSecurityTokenService.X",
            b"dynamodb_20120810.GetItem",
        ] {
            assert!(!is_dynamodb(Some(other)));
        }
        assert!(!is_dynamodb(None));
    }

    #[test]
    fn the_host_is_the_one_that_was_signed() {
        let host = |uri: &str| {
            let (mut head, ()) = Request::builder().uri(uri).body(()).unwrap().into_parts();
            address(&mut head).unwrap();
            assert_eq!(head.uri, "/");
            head.headers[header::HOST].to_str().unwrap().to_owned()
        };
        assert_eq!(
            host("https://dynamodb.us-east-1.amazonaws.com/"),
            "dynamodb.us-east-1.amazonaws.com"
        );
        assert_eq!(host("http://a:80/"), "a");
        assert_eq!(host("https://a:443"), "a");
        assert_eq!(host("http://a:443"), "a:443");
        assert_eq!(host("https://a:80"), "a:80");
        assert_eq!(host("http://[::1]:8000/"), "[::1]:8000");
    }

    #[test]
    fn a_host_header_that_is_there_already_stays() {
        let request = Request::builder()
            .uri("http://a:1/")
            .header("host", "signed")
            .body(())
            .unwrap();
        let (mut head, ()) = request.into_parts();
        address(&mut head).unwrap();
        assert_eq!(head.headers[header::HOST], "signed");
    }

    #[test]
    fn a_request_without_any_host_is_an_error() {
        let (mut head, ()) = Request::builder().uri("/").body(()).unwrap().into_parts();
        assert!(matches!(address(&mut head), Err(Error::Request(_))));
    }
}
