//! What is wrong with a configuration.

use super::BoxError;

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
    #[non_exhaustive]
    NoSeeds,
    /// A seed is not the URL of a node.
    #[error("seed {seed:?} {reason}; a seed looks like http://10.0.0.1:8000")]
    #[non_exhaustive]
    Seed {
        /// The seed as it was given, without user and password.
        seed: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// Seeds differ in scheme or port, which all nodes of a cluster share.
    #[error("seeds {first:?} and {other:?} differ in {what}, which all nodes of a cluster share")]
    #[non_exhaustive]
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
    #[non_exhaustive]
    Zero {
        /// The option's name in the builder.
        option: &'static str,
    },
    /// The share of reads that may be sent twice is not above 0 and at most 1.
    #[error(
        "a hedging budget of {budget} is no share of the reads; it must be above 0 and at most 1, such as 0.05"
    )]
    #[non_exhaustive]
    HedgingBudget {
        /// The budget as it was given.
        budget: f64,
    },
    /// A scope names a datacenter or rack that is an empty string.
    #[error("scope {scope} has an empty name; leave the rack or datacenter out instead")]
    #[non_exhaustive]
    EmptyName {
        /// The scope as it reads.
        scope: String,
    },
    /// The endpoint to which balancing is limited is not a URL of scheme, host and port alone.
    #[error(
        "only_endpoint {endpoint:?} {reason}; it looks like http://alternator.example.com:8000"
    )]
    #[non_exhaustive]
    Endpoint {
        /// The endpoint as it was given.
        endpoint: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// A user agent that is empty, or has characters that a header cannot have.
    #[error("user agent {text:?} cannot be a header; use visible ASCII, or UserAgent::omitted()")]
    #[non_exhaustive]
    UserAgent {
        /// The user agent as it was given.
        text: String,
    },
    /// A header to be kept that the connector never removes.
    #[error(
        "header {name:?} cannot be kept, as it is not one that is left out: content-type, user-agent, x-amz-user-agent, \
         amz-sdk-request, amz-sdk-invocation-id"
    )]
    #[non_exhaustive]
    KeptHeader {
        /// The header's name as it was given.
        name: String,
    },
    /// A client certificate is to take the place of signatures, and there is none.
    #[error(
        "Authentication::ClientCertificate needs a client certificate: write https seeds, and give one with \
         Tls::client_identity_pem or Tls::client_identity_der"
    )]
    #[non_exhaustive]
    NoClientCertificate,
    /// Certificates or keys that cannot be used.
    #[error("TLS: {what}")]
    #[non_exhaustive]
    Tls {
        /// Which of the TLS settings is wrong, and what to check.
        what: String,
        /// What the TLS library reports, if it was asked.
        source: Option<BoxError>,
    },
}
