//! The counters that users of a connector can read.

use crate::cluster::node::NodeStats;

/// Counters of a connector and of its nodes. They are read one after the other, so they may not be
/// of exactly the same moment.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Stats {
    /// How often a request moved on to another node because one could not be connected in time.
    pub redispatched: u64,
    /// Reads that were also sent to a second node. See
    /// [`ConnectorBuilder::hedging`](crate::ConnectorBuilder::hedging).
    pub hedged: u64,
    /// The nodes in the scope that serves now. Where the scope is a rack, the known nodes of the
    /// rest of its datacenter too.
    pub nodes: Vec<NodeStats>,
}
