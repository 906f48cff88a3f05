//! Changes of nodes, which join, leave and replace one another, and of what they own.

use std::net::IpAddr;

use super::host::{self, Host};
use super::map::Replica;
use super::state::{State, Tokens};
use super::table::Spread;
use super::{ring, tablets};

impl Tokens {
    /// Adds a node: the ring changes at once, and tablets stay where they are. If it replaces the
    /// node `of`, it takes over that node's tokens and tablets.
    pub(crate) fn join(
        &self,
        node: u64,
        [address, internal]: [IpAddr; 2],
        datacenter: &str,
        rack: &str,
        of: Option<u64>,
    ) {
        let state = &mut *self.write();
        let host = Host {
            id: host::uuid(&mut state.rng),
            address,
            internal,
            datacenter: datacenter.to_owned(),
            rack: rack.to_owned(),
            tokens: host::ring_tokens(&mut state.rng, self.defaults.vnodes),
        };
        state.hosts.insert(node, host);
        if let Some(old) = of {
            state.replace(old, node);
        }
        state.turn_ring();
    }

    /// Removes a node for good: its replicas move to others of its datacenter, as far as there are
    /// any.
    pub(crate) fn leave(&self, node: u64) {
        let state = &mut *self.write();
        let Some(left) = state.hosts.remove(&node) else {
            return;
        };
        for table in state.tables.values_mut().filter(|table| table.spread != Spread::Vnodes) {
            for range in &mut table.map.ranges {
                let is_there = |replica: &Replica| replica.node == node;
                let moves = range.moves_to.iter().flatten();
                if moves.chain(&range.replicas).any(is_there) {
                    // A move in progress is abandoned.
                    range.moves_to = None;
                }
                let Some(at) = range.replicas.iter().position(is_there) else {
                    continue;
                };
                let to = tablets::destination(
                    &state.hosts,
                    self.defaults.shards,
                    &mut state.rng,
                    range,
                    &left,
                );
                match to {
                    Some(to) => range.replicas[at] = to,
                    None => _ = range.replicas.remove(at),
                }
            }
        }
        state.turn_ring();
    }
}

impl State {
    fn replace(&mut self, old: u64, new: u64) {
        if let Some(left) = self.hosts.remove(&old)
            && let Some(host) = self.hosts.get_mut(&new)
        {
            host.tokens = left.tokens;
        }
        for table in self.tables.values_mut() {
            for range in &mut table.map.ranges {
                let moves = range.moves_to.iter_mut().flatten();
                let replicas = range.replicas.iter_mut().chain(moves);
                for replica in replicas.filter(|replica| replica.node == old) {
                    replica.node = new;
                }
            }
        }
    }

    /// Follows the ring where it changed.
    fn turn_ring(&mut self) {
        for table in self.tables.values_mut() {
            if table.spread == Spread::Vnodes {
                table.map = ring::map(&self.hosts, table.factor);
            }
        }
    }
}
