//! Options of tokens: how tables are spread, who may read where their keys are, and what a request
//! to a node without the key costs.

use std::time::Duration;

use super::Builder;
use crate::tokens::Spread;

impl Builder {
    /// Gives each new table `count` tablets, rounded up to a power of two, whatever the release's
    /// default. The tag `system:initial_tablets` of a table takes precedence. By default, releases
    /// since 2026.1 use 8 tablets for a table, and earlier ones vnodes.
    pub fn tablets(mut self, count: usize) -> Self {
        self.spread = Some(Spread::Tablets(count));
        self
    }

    /// Spreads new tables by vnodes, whatever the release's default, with `per_node` tokens of each
    /// node on the ring. 16 by default.
    pub fn vnodes(mut self, per_node: usize) -> Self {
        self.spread = Some(Spread::Vnodes);
        self.settings.tokens.vnodes = per_node;
        self
    }

    /// Replicas of each key of a new table in every datacenter, as far as there are nodes. By
    /// default the server's rule: 3, or 1 while the cluster has fewer than three nodes.
    pub fn replication_factor(mut self, replicas: usize) -> Self {
        self.settings.tokens.factor = Some(replicas);
        self
    }

    /// Shards of a node. 2 by default.
    pub fn shards(mut self, per_node: u32) -> Self {
        self.settings.tokens.shards = per_node.max(1);
        self
    }

    /// Gives nodes separate internal addresses, 10.0.0.1 and upwards, which the cluster's tables
    /// contain beside those that clients use. By default both are the same. Nothing listens at
    /// internal addresses, so 5.x, which lists them to clients, cannot have them.
    pub fn internal_addresses(mut self) -> Self {
        self.settings.internal_addresses = true;
        self
    }

    /// Maximum size of a page of the cluster's own tables. 1 MiB by default.
    pub fn page_bytes(mut self, bytes: usize) -> Self {
        self.settings.page_bytes = bytes;
        self
    }

    /// Added latency of a request on a node that does not hold its keys. Zero by default.
    pub fn hop_cost(mut self, cost: Duration) -> Self {
        self.settings.hop_cost = cost;
        self
    }

    /// Whether the reply of a node without the key names the key's replicas, in
    /// `X-Scylla-Alternator-Routing-V1`. Off by default, as in every release.
    pub fn routing_header(mut self, sent: bool) -> Self {
        self.settings.routing_header = sent;
        self
    }

    /// The option `alternator_write_isolation`: which writes are lightweight transactions.
    /// `only_rmw_uses_lwt` by default. A table's tag `system:write_isolation` takes precedence.
    pub fn write_isolation(mut self, mode: &str) -> Self {
        mode.clone_into(&mut self.settings.write_isolation);
        self
    }

    /// How long after a lightweight transaction one of another coordinator on the same partition
    /// contends with it. Zero, the default, turns contention off.
    pub fn contention_window(mut self, window: Duration) -> Self {
        self.settings.contention.window = window;
        self
    }

    /// Added latency of a contended transaction. 50 ms by default, about what the server waits
    /// before its next round.
    pub fn contention_retry(mut self, delay: Duration) -> Self {
        self.settings.contention.retry = delay;
        self
    }

    /// The share of contended transactions, from 0 to 1, that fail with a 500 instead and are not
    /// executed. 0 by default.
    pub fn contention_errors(mut self, share: f64) -> Self {
        self.settings.contention.errors = share;
        self
    }

    /// Denies a user to read one of the cluster's own tables, such as `system.tablets`. By default
    /// every user may read all.
    pub fn deny(mut self, user: &str, table: &str) -> Self {
        self.settings.denied.insert((user.to_owned(), table.to_owned()));
        self
    }
}
