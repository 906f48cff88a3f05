//! The map of a table that has tablets.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::ranges::Ranges;
use super::{HostId, Hosts, Kind, Placement, Replicas};

/// A tablet: the tokens behind those of the one before, up to and with `last_token`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Tablet {
    pub(crate) last_token: i64,
    /// Hosts and their shards, the primary replica first.
    pub(crate) replicas: Vec<(HostId, u16)>,
}

impl Replicas {
    /// Of two tablets that end at the same token, the later counts. Hosts that are not known are
    /// left out.
    pub(crate) fn from_tablets(hosts: &Hosts, tablets: impl IntoIterator<Item = Tablet>) -> Self {
        let tablets: BTreeMap<_, _> =
            tablets.into_iter().map(|tablet| (tablet.last_token, tablet.replicas)).collect();
        let mut ranges = Ranges::default();
        for (end, replicas) in tablets {
            let replicas = replicas.iter().filter_map(|(id, shard)| {
                let host = hosts.of_id(*id)?;
                let shard = Some(*shard);
                Some(Placement { host, shard })
            });
            ranges.push(ranges.covered(), end, replicas);
        }
        ranges.finish(Arc::clone(hosts.all()), Kind::Tablets)
    }
}
