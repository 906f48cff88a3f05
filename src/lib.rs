#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]

mod address;
mod balance;
mod body;
mod builder;
mod cluster;
#[cfg(feature = "dynamodb_config")]
mod compression;
mod config;
mod connector;
mod discovery;
mod dispatch;
mod dynamodb;
#[cfg(feature = "dynamodb_config")]
mod dynamodb_config;
mod error;
#[cfg(feature = "__internals")]
#[doc(hidden)]
pub mod internals;
#[cfg(feature = "dynamodb_config")]
mod keys;
mod pass_through;
mod rejection;
mod scope;
mod sdk;
mod service;
#[cfg(feature = "dynamodb_config")]
mod signing;
#[cfg(test)]
#[path = "../tests/simulator/mod.rs"]
mod simulator;
mod stats;
#[cfg(feature = "dynamodb_config")]
mod tables;
mod transport;

/// What a resolver for [`ConnectorBuilder::dns_resolver`] is made of: the SDK's own trait and
/// types.
pub mod dns {
    pub use aws_smithy_runtime_api::client::dns::{DnsFuture, ResolveDns, ResolveDnsError};
}

pub use balance::hedge::Hedging;
pub use balance::policy::Policy;
pub use body::Body;
pub use builder::ConnectorBuilder;
pub use cluster::node::{NodeState, NodeStats};
pub use connector::AlternatorConnector;
pub use error::{
    BoxError, ConfigError, ConnectError, Error, FailedContact, FailedNode, RefreshError,
};
pub use scope::Scope;
pub use service::ResponseFuture;
pub use stats::Stats;
pub use transport::{NodeProxy, Tls};

#[cfg(feature = "dynamodb_config")]
pub use {
    compression::{CompressionLevel, DecompressionError, RequestCompression, ResponseCompression},
    config::clients::{
        authentication::Authentication,
        lwt_affinity::{CoordinatorOrder, LwtAffinity},
        token_awareness::TokenAwareness,
        user_agent::UserAgent,
    },
    keys::key::PartitionKeyType,
    tables::routing::{Replica, ReplicaSource, TableRouting},
};
