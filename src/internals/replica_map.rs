//! A table's replicas.

use std::net::IpAddr;

use crate::keys::key::Token;
use crate::keys::replicas::{Hint, Replicas};

/// The replicas of all tokens of a table.
#[derive(Debug, Default)]
pub struct ReplicaMap(pub(super) Replicas);

impl ReplicaMap {
    /// Returns the number of replicas of a token.
    pub fn count(&self, token: i64) -> usize {
        self.0.of(Token(token)).len()
    }

    /// Returns the address of each replica of a token, and its shard where that is known.
    ///
    /// # Panics
    ///
    /// If a replica is on none of the map's hosts.
    pub fn replicas(&self, token: i64) -> Vec<(IpAddr, Option<u16>)> {
        let hosts = self.0.hosts();
        let replicas = self.0.of(Token(token)).iter();
        replicas.map(|r| (hosts[usize::from(r.host)].address, r.shard)).collect()
    }

    /// Corrects the map by the value of a routing header. Returns whether that changed it.
    pub fn apply_hint(&mut self, header: &str) -> bool {
        let corrected = Hint::parse(header).and_then(|hint| self.0.with_hint(&hint));
        let is_changed = corrected.is_some();
        self.0 = corrected.unwrap_or_else(|| std::mem::take(&mut self.0));
        is_changed
    }
}
