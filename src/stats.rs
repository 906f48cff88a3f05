//! What a connector has seen, for its users.

use crate::cluster::node::NodeStats;

/// Counters of a connector and of the nodes in its list, read one after the other and not at one
/// instant.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Stats {
    /// How often a request moved on to another node because one could not be connected, or not in
    /// time.
    pub redispatched: u64,
    /// How many reads were sent to a second node as well. See
    /// [`ConnectorBuilder::hedging`](crate::ConnectorBuilder::hedging).
    pub hedged: u64,
    /// The nodes that may serve requests now, and, where those are only a rack, what is known of
    /// the rest of its datacenter.
    pub nodes: Vec<NodeStats>,
}
