//! Vnodes: the ranges of a ring on which each node has many tokens, replicated as
//! `NetworkTopologyStrategy` does.

use std::collections::{BTreeMap, BTreeSet};

use super::host::Host;
use super::map::{Map, Range, Replica};

/// The replicas that one datacenter still needs.
struct Wanted<'a> {
    replicas: usize,
    /// How many may share a rack with another, because there are fewer racks than replicas.
    repeats: usize,
    racks: BTreeSet<&'a str>,
}

impl<'a> Wanted<'a> {
    fn new(hosts: &[&'a Host], factor: usize) -> Self {
        let racks: BTreeSet<_> = hosts.iter().map(|host| &host.rack).collect();
        Self {
            replicas: factor.min(hosts.len()),
            repeats: factor.saturating_sub(racks.len()),
            racks: BTreeSet::new(),
        }
    }

    fn takes(&mut self, host: &'a Host) -> bool {
        if self.replicas == 0 {
            return false;
        }
        if !self.racks.insert(&host.rack) {
            if self.repeats == 0 {
                return false;
            }
            self.repeats -= 1;
        }
        self.replicas -= 1;
        true
    }
}

/// Returns the ranges of the ring, each with `factor` replicas in every datacenter: the first nodes
/// from its end onwards, in as many racks as there are.
pub(crate) fn map(hosts: &BTreeMap<u64, Host>, factor: usize) -> Map {
    let mut ring: Vec<(i64, u64)> = hosts
        .iter()
        .flat_map(|(&node, host)| host.tokens.iter().map(move |&token| (token, node)))
        .collect();
    ring.sort_unstable();
    let mut datacenters = BTreeMap::<_, Vec<_>>::new();
    for host in hosts.values() {
        datacenters.entry(&*host.datacenter).or_default().push(host);
    }
    let replicas = |at: usize| {
        let mut wanted: BTreeMap<_, _> =
            datacenters.iter().map(|(&name, hosts)| (name, Wanted::new(hosts, factor))).collect();
        let mut replicas = Vec::<Replica>::new();
        for &(_, node) in ring[at..].iter().chain(&ring[..at]) {
            let host = &hosts[&node];
            let is_new = replicas.iter().all(|replica| replica.node != node);
            if is_new
                && let Some(datacenter) = wanted.get_mut(&*host.datacenter)
                && datacenter.takes(host)
            {
                replicas.push(Replica { node, shard: 0 });
            }
            if wanted.values().all(|wanted| wanted.replicas == 0) {
                break;
            }
        }
        replicas
    };
    Map {
        ranges: ring
            .iter()
            .enumerate()
            .map(|(at, &(token, _))| Range::new(token, replicas(at)))
            .collect(),
    }
}
