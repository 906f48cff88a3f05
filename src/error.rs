//! Errors that say what to check.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

/// An error of whatever type a dependency gave us.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// A configuration that cannot work, named by the value that makes it so.
///
/// [`ConnectorBuilder::build`](crate::ConnectorBuilder::build) returns it. A connector made by
/// [`AlternatorConnector::new`](crate::AlternatorConnector::new) reports it with the first
/// operation of each client, before anything is signed or sent.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// There is no seed to find the cluster with.
    #[error("no seed: name at least one node of the cluster, such as http://10.0.0.1:8000")]
    NoSeeds,
    /// A seed is not the URL of a node.
    #[error("seed {seed:?} {reason}; a seed looks like http://10.0.0.1:8000")]
    Seed {
        /// The seed as it was given.
        seed: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// Seeds differ in scheme or port, which all nodes of a cluster share.
    #[error("seeds {first:?} and {other:?} differ in {what}, which all nodes of a cluster share")]
    MixedSeeds {
        /// The first seed.
        first: String,
        /// The first seed that differs from it.
        other: String,
        /// `"scheme"` or `"port"`.
        what: &'static str,
    },
    /// An option that must be positive is zero.
    #[error("{option} is zero; it must be positive")]
    Zero {
        /// The option's name in the builder.
        option: &'static str,
    },
    /// The share of reads that may be sent twice is none.
    #[error(
        "a hedging budget of {budget} is no share of the reads; it must be above 0 and at most 1, such as 0.05"
    )]
    HedgingBudget {
        /// The budget as it was given.
        budget: f64,
    },
    /// A scope names a datacenter or rack that is an empty string.
    #[error("scope {scope} has an empty name; leave the rack or datacenter out instead")]
    EmptyName {
        /// The scope as it reads.
        scope: String,
    },
    /// The endpoint to which balancing is limited is not a URL of scheme, host and port alone.
    #[error(
        "only_endpoint {endpoint:?} {reason}; it looks like http://alternator.example.com:8000"
    )]
    Endpoint {
        /// The endpoint as it was given.
        endpoint: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// A user agent that is empty, or holds what a header cannot.
    #[error("user agent {text:?} cannot be a header; use visible ASCII, or UserAgent::omitted()")]
    UserAgent {
        /// The user agent as it was given.
        text: String,
    },
    /// A header to be kept that is none of those that are left out.
    #[error(
        "header {name:?} cannot be kept, as it is not one that is left out: content-type, user-agent, x-amz-user-agent, \
         amz-sdk-request, amz-sdk-invocation-id"
    )]
    KeptHeader {
        /// The header's name as it was given.
        name: String,
    },
    /// Requests are to carry no signature because of a client certificate, and there is none.
    #[error(
        "Authentication::ClientCertificate needs a client certificate: write https seeds, and give one with \
         Tls::client_identity_pem or Tls::client_identity_der"
    )]
    NoClientCertificate,
    /// Certificates or keys that cannot be used.
    #[error("TLS: {what}")]
    Tls {
        /// Which part of the TLS settings, and what to check.
        what: String,
        /// What the TLS library said.
        #[source]
        source: Option<BoxError>,
    },
}

/// Why a DynamoDB request got no answer.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The connector was made with a configuration that cannot work.
    #[error("the connector is misconfigured: {0}")]
    Config(#[source] Arc<ConfigError>),
    /// No node of the cluster is known. Nothing was sent.
    #[error("no node of the cluster is known: {0}")]
    NoNodes(#[source] Arc<RefreshError>),
    /// No node could be connected. Nothing was sent.
    #[error("no node could be reached, {} tried: {}; check {}", .tried.len(), List(.tried), what_to_check(.tried))]
    Unreachable {
        /// The nodes that were tried, in order, and how each failed.
        tried: Vec<(SocketAddr, ConnectError)>,
    },
    /// The connection broke before the head of the answer was complete. The request may have been
    /// executed. Where it breaks later, that is an error of the answer's body.
    #[error(
        "the connection to node {node} broke before it answered; the request may have been executed"
    )]
    Unanswered {
        /// The node that had the request.
        node: SocketAddr,
        /// What happened on the connection.
        #[source]
        source: BoxError,
    },
    /// The read timeout passed without the head of an answer. The request may have been executed.
    #[error("node {node} did not answer within {after:?}; the request may have been executed")]
    ReadTimeout {
        /// The node that had the request.
        node: SocketAddr,
        /// The read timeout.
        after: Duration,
    },
    /// The answer stopped in the middle of its body. The request was executed, and what it answers
    /// is not known whole. This is an error of the answer's body.
    #[error("node {node} stopped in the middle of its answer, and sent nothing more for {after:?}")]
    Stalled {
        /// The node that had the request.
        node: SocketAddr,
        /// For how long nothing came.
        after: Duration,
    },
    /// The request cannot be sent as it is: its body failed, or its URI has no host.
    #[error("the request cannot be sent: {0}")]
    Request(#[source] BoxError),
    /// The request was made outside of a Tokio runtime, which connections and timers need; it must
    /// have both I/O and time enabled, or Tokio panics.
    #[error("there is no Tokio runtime here; make requests inside of one")]
    NoRuntime,
    /// A request that is not for the cluster failed on its way to where it was addressed.
    #[error("a request that is not for the cluster failed: {0}")]
    PassThrough(#[source] BoxError),
}

/// Why one node could not be connected. Nothing was sent to it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConnectError {
    /// The network or the node refused.
    #[error("{0}")]
    Io(#[from] io::Error),
    /// The TLS handshake failed.
    #[error("TLS handshake failed: {0}")]
    Tls(#[source] io::Error),
    /// The proxy did not open a tunnel to the node.
    #[error("proxy: {0}")]
    Proxy(#[source] BoxError),
    /// Connecting took longer than the connect timeout.
    #[error("not connected within {0:?}")]
    Timeout(Duration),
    /// Every connection that the limit allows was busy for as long as the connect timeout.
    #[error(
        "all {limit} connections stayed busy; raise max_connections_per_node or send less at once"
    )]
    Busy {
        /// The limit of connections per node.
        limit: usize,
    },
    /// As many requests as may wait for a connection to the node wait already.
    #[error(
        "all connections are busy and {limit} requests wait for one; raise max_waiting_per_node or send less at once"
    )]
    QueueFull {
        /// The limit of waiting requests per node.
        limit: usize,
    },
    /// The connection was closed before anything was written to it.
    #[error("closed before the request was written: {0}")]
    Closed(#[source] BoxError),
}

impl ConnectError {
    /// Whether it says nothing about the node: a limit of the connector's own was met, or one of
    /// this machine.
    pub(crate) fn is_not_the_nodes(&self) -> bool {
        // EMFILE and ENFILE have no kind; they are the same number on every Unix.
        const TOO_MANY_FILES: [i32; 2] = [24, 23];
        self.is_own_limit()
            || matches!(self, Self::Io(e) if e.kind() == io::ErrorKind::AddrNotAvailable
                || cfg!(unix) && e.raw_os_error().is_some_and(|code| TOO_MANY_FILES.contains(&code)))
    }

    fn is_own_limit(&self) -> bool {
        matches!(self, Self::Busy { .. } | Self::QueueFull { .. })
    }
}

/// Why the node list could not be refreshed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RefreshError {
    /// No refresh has ended yet.
    #[error("the first refresh of the node list has not ended")]
    Pending,
    /// Nobody answered `/localnodes`.
    #[error("no node answered /localnodes: {}", ContactList(.0))]
    Unanswered(Vec<(String, String)>),
    /// Nodes answered, but none lives in any of the scopes.
    #[error(
        "no node lives in {scopes}; check the names of datacenter and rack, or add a fallback scope"
    )]
    EmptyScope {
        /// The scopes that were asked for.
        scopes: String,
    },
}

fn what_to_check(tried: &[(SocketAddr, ConnectError)]) -> &'static str {
    let all = |is: fn(&ConnectError) -> bool| {
        !tried.is_empty() && tried.iter().all(|(_, error)| is(error))
    };
    if all(|error| matches!(error, ConnectError::Tls(_))) {
        "that they speak TLS, the CA, the names that their certificates are for, and the client certificate if they want one"
    } else if all(ConnectError::is_own_limit) {
        "how many requests are sent at once, and how long they take"
    } else {
        "that they are running and reachable"
    }
}

/// An error with its causes, which is where HTTP and TLS libraries say what has really happened.
pub(crate) fn explain(error: &(dyn std::error::Error + 'static)) -> String {
    let mut text = error.to_string();
    for cause in std::iter::successors(error.source(), |error| error.source()) {
        let cause = cause.to_string();
        // Some errors tell their cause themselves.
        if !text.ends_with(&cause) {
            text = format!("{text}: {cause}");
        }
    }
    text
}

struct List<'a>(&'a [(SocketAddr, ConnectError)]);

impl fmt::Display for List<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        join(f, self.0.iter().map(|(node, error)| (node, explain(error))))
    }
}

struct ContactList<'a>(&'a [(String, String)]);

impl fmt::Display for ContactList<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        join(f, self.0.iter().map(|(contact, error)| (contact, error)))
    }
}

fn join<A: fmt::Display, B: fmt::Display>(
    f: &mut fmt::Formatter<'_>,
    pairs: impl Iterator<Item = (A, B)>,
) -> fmt::Result {
    for (i, (who, why)) in pairs.enumerate() {
        let comma = if i == 0 { "" } else { ", " };
        write!(f, "{comma}{who} ({why})")?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cause_is_told_once() {
        #[derive(Debug, thiserror::Error)]
        #[error("connection error")]
        struct Mute(#[source] io::Error);

        let refused = || io::Error::other("certificate required");
        let closed = ConnectError::Closed(Mute(refused()).into());
        assert_eq!(
            explain(&closed),
            "closed before the request was written: connection error: certificate required"
        );
        assert_eq!(
            explain(&ConnectError::Tls(refused())),
            "TLS handshake failed: certificate required"
        );
    }
}
