//! The owners of tokens, for tests to read and to change.

use serde_json::Value;

use super::Cluster;
use super::node::Node;
use crate::server::contention::Turn;
use crate::tokens::{self, Step};

/// A replica of a tablet that went from one node to another.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Move {
    /// The node that had the tablet.
    pub from: Node,
    /// The node that has it now.
    pub to: Node,
}

impl Cluster {
    /// The replicas of a key such as `{"S": "x"}` in all datacenters, in the server's order. Empty
    /// if there is no such table, or `key` is no key.
    pub fn replicas(&self, table: &str, key: &Value) -> Vec<Node> {
        let state = self.state.tokens.read();
        state
            .range(table, key)
            .into_iter()
            .flat_map(|range| &range.replicas)
            .filter_map(|replica| self.node_of(replica.node))
            .collect()
    }

    /// The token of a key such as `{"S": "x"}`.
    ///
    /// # Panics
    ///
    /// If `key` is no value of a partition key.
    pub fn token(&self, key: &Value) -> i64 {
        tokens::token(key).unwrap_or_else(|| panic!("{key} is no partition key"))
    }

    /// Moves one replica of one of a table's tablets, chosen at random but alike in every run, to
    /// another node of the same rack, or of the same datacenter if every node of the rack has the
    /// tablet. `None` if there is nothing to move.
    pub fn move_tablet(&self, table: &str) -> Option<Move> {
        let step = self.begin_move(table)?;
        self.finish_moves(table);
        Some(step)
    }

    /// Begins a move like that of [`Cluster::move_tablet`]: `system.tablets` has the new replicas,
    /// and the tablet stays where it is until [`Cluster::finish_moves`].
    pub fn begin_move(&self, table: &str) -> Option<Move> {
        let Step { from, to } = self.state.tokens.begin_move(table)?;
        Some(Move { from: self.node_of(from)?, to: self.node_of(to)? })
    }

    /// Ends every move of a table's tablets.
    pub fn finish_moves(&self, table: &str) {
        self.state.tokens.finish_moves(table);
    }

    /// Splits every tablet of a table in two, both on the same nodes.
    pub fn split_tablets(&self, table: &str) {
        self.state.tokens.split(table);
    }

    /// Lets a table share the tablets of `base`, to which `system.tablets` then refers.
    pub fn colocate(&self, table: &str, base: &str) {
        self.state.tokens.colocate(table, base);
    }

    /// The coordinators of the lightweight transactions on a key's partition, in the order in which
    /// they began. Recorded where the cluster has a contention window: the latest thousand turns,
    /// for as long as the table exists.
    pub fn coordinators(&self, table: &str, key: &Value) -> Vec<Turn> {
        tokens::token(key).map_or_else(Vec::new, |token| self.state.contention.turns(table, token))
    }

    /// Denies a user to read one of the cluster's own tables.
    pub fn deny(&self, user: &str, table: &str) {
        self.state.permissions.deny(user, table);
    }

    /// Lets a user read one of the cluster's own tables again.
    pub fn grant(&self, user: &str, table: &str) {
        self.state.permissions.grant(user, table);
    }

    fn node_of(&self, id: u64) -> Option<Node> {
        self.nodes().into_iter().find(|node| node.id() == id)
    }
}
