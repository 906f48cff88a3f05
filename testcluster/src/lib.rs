//! An embedded multi-node ScyllaDB Alternator, for tests, examples, benchmarks and local
//! development.
//!
//! Every node is an HTTP/1.1 server on an address of its own, 127.0.0.1 and upwards, and all share
//! one port, because `/localnodes` lists addresses without ports. Behind them is one store that
//! implements the DynamoDB API; in front of it is what makes a node an Alternator node on the wire,
//! and what makes a test interesting: nodes that stop, drain, hang, reset, lie and return.
//!
//! ```
//! use alternator_testcluster::{Cluster, Fault};
//!
//! let cluster = Cluster::builder().rack("dc1", "rack1", 2).rack("dc1", "rack2", 1).start()?;
//! let node = cluster.node(0);
//! println!("{}", node.url());
//! node.inject(Fault::Refuse);
//! node.heal();
//! node.stop();
//! node.start()?;
//! # Ok::<(), std::io::Error>(())
//! ```
//!
//! Nodes own tokens as the server's do: tables have tablets or vnodes, which the cluster's own
//! tables show; requests are counted as hits or hops; tests move tablets and query where a key is.
//!
//! Linux answers at every address of 127.0.0.0/8; elsewhere 127.0.0.2 and upwards must be added to
//! the loopback interface before more than one node can start.
//!
//! The cluster runs on threads of its own and its API is synchronous, so it works under any runtime
//! and under none.

mod cluster;
mod error;
mod expression;
mod fault;
mod gossip;
mod server;
mod stats;
mod store;
mod sync;
mod system;
mod tokens;
mod version;
mod wire;

pub use cluster::Cluster;
pub use cluster::builder::Builder;
pub use cluster::node::Node;
pub use cluster::ownership::Move;
pub use error::ApiError;
pub use fault::{Delay, Fault, Lie, Scope};
pub use gossip::members::{Gossip, View};
pub use server::contention::Turn;
pub use stats::Stats;
pub use version::Version;
pub use wire::tls::Tls;
