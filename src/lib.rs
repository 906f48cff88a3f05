#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]

mod address;
mod affinity;
mod answer;
mod attempts;
mod authentication;
mod awareness;
mod balancer;
mod body;
mod builder;
mod client;
mod cluster;
mod compression;
mod config;
mod connector;
mod discovery;
mod error;
mod headers;
mod health;
mod hedge;
mod hedged;
mod host;
mod key;
mod learning;
mod load;
mod moment;
mod node;
mod operation;
mod order;
mod outcome;
mod pass_through;
mod plan;
mod policy;
mod prepared;
mod race;
mod replicas;
mod resolver;
mod route;
mod routing;
mod scope;
mod sdk;
mod seed;
mod signing;
mod stats;
mod sync;
mod table;
mod table_routing;
mod transport;
mod user_agent;

/// What a resolver for [`Builder::dns_resolver`] is made of: the SDK's own trait and types.
pub mod dns {
    pub use aws_smithy_runtime_api::client::dns::{DnsFuture, ResolveDns, ResolveDnsError};
}

pub use affinity::{CoordinatorOrder, LwtAffinity};
pub use authentication::Authentication;
pub use awareness::TokenAwareness;
pub use body::Body;
pub use builder::Builder;
pub use compression::{DecodeError, Level, RequestCompression, ResponseCompression};
pub use config::Policy;
pub use connector::AlternatorConnector;
pub use error::{BoxError, ConfigError, ConnectError, Error, RefreshError};
pub use hedge::Hedging;
pub use key::KeyType;
pub use node::{Node, NodeState, NodeStats};
pub use scope::Scope;
pub use stats::Stats;
pub use table_routing::{Replica, ReplicaMap, TableRouting};
pub use transport::{NodeProxy, Tls};
pub use user_agent::UserAgent;
