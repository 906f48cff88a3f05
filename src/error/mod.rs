//! Errors that say what to check.
//!
//! An error never repeats its source in its own text, so each cause appears once, however the chain
//! is printed.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

mod config;
mod connect;
mod explain;
mod refresh;
#[cfg(test)]
mod tests;

pub use config::ConfigError;
pub use connect::{ConnectError, FailedNode};
use explain::listed;
pub(crate) use explain::{chain, explain};
pub use refresh::{FailedContact, RefreshError};

/// A boxed error of another library.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// Why a request failed.
///
/// It is a source of the SDK's error, where [`Error::find`] finds it. Its text says what happened
/// and what to check, but not the cause, which is its [`source`](std::error::Error::source):
/// [`Error::explain`] joins them, as the SDK's `DisplayErrorContext` does.
///
/// Variants are matched with `..`, as each of them may get further fields.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The connector was made with a configuration that cannot work. Nothing was sent.
    #[error("the connector is misconfigured; check {}", self.what_to_check())]
    #[non_exhaustive]
    Config {
        /// What is wrong with the configuration.
        source: Arc<ConfigError>,
    },
    /// No node of the cluster is known. Nothing was sent.
    #[error("no node of the cluster is known; check {}", self.what_to_check())]
    #[non_exhaustive]
    NoNodes {
        /// Why the last refresh of the node list found none.
        source: Arc<RefreshError>,
    },
    /// No node could be connected within the connect budget. Nothing was sent.
    #[error(
        "no node could be reached, {} tried: {}; check {}",
        .tried.len(), listed(.tried), self.what_to_check()
    )]
    #[non_exhaustive]
    Unreachable {
        /// The nodes that were tried, in the order in which they failed.
        tried: Vec<FailedNode>,
    },
    /// The connection broke before the head of the response was complete. The request may have been
    /// executed. If the connection breaks later, that is an error of the response's body.
    #[error(
        "the connection to node {node} broke before it answered, and the request may have been executed; check {}",
        self.what_to_check()
    )]
    #[non_exhaustive]
    Unanswered {
        /// The node that the request was sent to.
        node: SocketAddr,
        /// What happened on the connection.
        source: BoxError,
    },
    /// The read timeout passed before the head of the response was complete. The request may have
    /// been executed.
    #[error(
        "node {node} did not answer within {after:?}, and the request may have been executed; check {}",
        self.what_to_check()
    )]
    #[non_exhaustive]
    ReadTimeout {
        /// The node that the request was sent to.
        node: SocketAddr,
        /// The read timeout.
        after: Duration,
    },
    /// The response stopped in the middle of its body. The request was executed, but its result is
    /// incomplete. This is an error of the response's body.
    #[error(
        "node {node} stopped in the middle of its answer, and sent nothing more for {after:?}; check {}",
        self.what_to_check()
    )]
    #[non_exhaustive]
    Stalled {
        /// The node that the request was sent to.
        node: SocketAddr,
        /// For how long no part of the body arrived.
        after: Duration,
    },
    /// The request cannot be sent as it is: its body failed, or its URI has no host. Nothing was
    /// sent.
    #[error("the request cannot be sent; check {}", self.what_to_check())]
    #[non_exhaustive]
    Request {
        /// What is wrong with the request.
        source: BoxError,
    },
    /// The request was made outside of a Tokio runtime, which connections and timers need. Nothing
    /// was sent. (A runtime without I/O or without time makes Tokio panic instead.)
    #[error("there is no Tokio runtime here; check {}", self.what_to_check())]
    #[non_exhaustive]
    NoRuntime,
    /// A request that is not for the cluster failed on its way to the address that it names. It may
    /// have been executed there.
    #[error("a request that is not for the cluster failed; check {}", self.what_to_check())]
    #[non_exhaustive]
    PassThrough {
        /// What the SDK's default client reports.
        source: BoxError,
    },
}

impl Error {
    /// Returns the connector's error in an error's chain of sources, if there is one: in an
    /// `SdkError` of any operation, for example.
    ///
    /// There is none if a node has answered with an error, if one of the SDK's own timeouts has
    /// passed, or if the connection broke within a response's body.
    ///
    /// ```
    /// use alternator_connector::Error;
    ///
    /// # async fn example(client: &aws_sdk_dynamodb::Client) {
    /// if let Err(error) = client.list_tables().send().await {
    ///     match Error::find(&error) {
    ///         Some(cause) => eprintln!("no answer: check {}", cause.what_to_check()),
    ///         None => eprintln!("{}", Error::explain(&error)),
    ///     }
    /// }
    /// # }
    /// ```
    pub fn find<'e>(error: &'e (dyn std::error::Error + 'static)) -> Option<&'e Self> {
        chain(error).find_map(|error| error.downcast_ref())
    }

    /// Returns an error and its causes in one line, separated by colons.
    ///
    /// This works for any error. It is the SDK's `DisplayErrorContext` without the dump of fields
    /// for debugging, and a cause that an error of another library has repeated is left out.
    pub fn explain(error: &(dyn std::error::Error + 'static)) -> String {
        explain(error)
    }

    /// Returns whether any byte of the request may have reached a node, which then may have
    /// executed it. If this is false, the request can be repeated without any risk of executing it
    /// twice.
    ///
    /// | error | | |
    /// | --- | --- | --- |
    /// | [`Config`](Self::Config) | false | no request is made |
    /// | [`NoNodes`](Self::NoNodes) | false | no connection was made for it |
    /// | [`Unreachable`](Self::Unreachable) | false | no connection was made, or each was closed before a byte was written |
    /// | [`Unanswered`](Self::Unanswered) | true | bytes were written before the connection broke |
    /// | [`ReadTimeout`](Self::ReadTimeout) | true | the request was being written, or waited for its response |
    /// | [`Stalled`](Self::Stalled) | true | the node had begun to answer |
    /// | [`Request`](Self::Request) | false | the request is complete in memory before a connection is made |
    /// | [`NoRuntime`](Self::NoRuntime) | false | no connection can be made |
    /// | [`PassThrough`](Self::PassThrough) | true | the SDK's default client does not say whether it sent the request |
    ///
    /// This is about one call of the connector, which is one attempt of the SDK. An SDK that retries
    /// returns the error of the last attempt only, and **an earlier attempt may have been executed**
    /// even if the last one was not: turn retries off where this matters. If [`find`](Self::find)
    /// finds no error of the connector, the request may have been executed, unless the node itself
    /// has refused it.
    ///
    /// ```
    /// use alternator_connector::Error;
    /// use aws_sdk_dynamodb::config::retry::RetryConfig;
    ///
    /// # async fn example(config: &aws_config::SdkConfig) {
    /// let config = aws_sdk_dynamodb::config::Builder::from(config)
    ///     .retry_config(RetryConfig::disabled())
    ///     .build();
    /// let client = aws_sdk_dynamodb::Client::from_conf(config);
    /// if let Err(error) = client.delete_table().table_name("old").send().await
    ///     && Error::find(&error).is_some_and(|cause| !cause.may_have_been_executed())
    /// {
    ///     println!("the table is as it was");
    /// }
    /// # }
    /// ```
    pub fn may_have_been_executed(&self) -> bool {
        match self {
            Self::Unanswered { .. }
            | Self::ReadTimeout { .. }
            | Self::Stalled { .. }
            | Self::PassThrough { .. } => true,
            Self::Config { .. }
            | Self::NoNodes { .. }
            | Self::Unreachable { .. }
            | Self::Request { .. }
            | Self::NoRuntime => false,
        }
    }

    /// Returns what to check first, to be read after the word "check". The error's own text ends
    /// with it.
    pub fn what_to_check(&self) -> &'static str {
        match self {
            Self::Config { .. } => "the option that the cause names",
            Self::NoNodes { source } => source.what_to_check(),
            Self::Unreachable { tried } => connect::what_to_check(tried),
            Self::Unanswered { .. } => {
                "whether the node has crashed or restarted, and the network between it and this client"
            }
            Self::ReadTimeout { .. } => {
                "whether the node is overloaded, and whether the read timeout is long enough"
            }
            Self::Stalled { .. } => {
                "whether the node is overloaded, and the network between it and this client"
            }
            Self::Request { .. } => "that its URI has a host and its body can be read",
            Self::NoRuntime => "that requests are made inside of one",
            Self::PassThrough { .. } => "that the address it names is right and can be reached",
        }
    }
}
