//! Tablets: the token line in equal parts, each of which is placed by itself and can move or be
//! split.

use std::collections::{BTreeMap, BTreeSet};

use fastrand::Rng;

use super::host::Host;
use super::map::{Map, Range, Replica};

/// Places replicas where the fewest are.
struct Placement<'a> {
    hosts: &'a BTreeMap<u64, Host>,
    shards: u32,
    load: BTreeMap<u64, usize>,
    rng: &'a mut Rng,
}

/// Returns a table's tablets: `tablets` of them, rounded up to a power of two, with `factor`
/// replicas in every datacenter. The replicas of a tablet are in as many racks as there are; the
/// order of racks differs from tablet to tablet.
pub(crate) fn map(
    hosts: &BTreeMap<u64, Host>,
    shards: u32,
    rng: &mut Rng,
    tablets: usize,
    factor: usize,
) -> Map {
    let datacenters: BTreeSet<_> = hosts.values().map(|host| &*host.datacenter).collect();
    let mut placement = Placement { hosts, shards, load: BTreeMap::new(), rng };
    let ranges = ends(tablets).into_iter().map(|last| {
        let mut replicas = Vec::new();
        for datacenter in &datacenters {
            for _ in 0..factor {
                replicas.extend(placement.next(&replicas, datacenter));
            }
        }
        Range::new(last, replicas)
    });
    Map { ranges: ranges.collect() }
}

/// Returns the last token of each of `tablets` equal parts, rounded up to a power of two.
fn ends(tablets: usize) -> Vec<i64> {
    let parts = tablets.max(1).next_power_of_two() as i128;
    let size = (1i128 << 64) / parts;
    (1..=parts).map(|end| (i128::from(i64::MIN) + end * size - 1) as i64).collect()
}

impl Placement<'_> {
    /// Returns one more replica in this datacenter: in a rack with the fewest of this tablet, there
    /// on the node with the fewest of the table. Ties are broken at random.
    fn next(&mut self, replicas: &[Replica], datacenter: &str) -> Option<Replica> {
        let in_rack = |rack: &str| {
            replicas
                .iter()
                .filter(|replica| {
                    let host = &self.hosts[&replica.node];
                    host.datacenter == datacenter && host.rack == rack
                })
                .count()
        };
        let free = self.hosts.iter().filter(|(node, host)| {
            host.datacenter == datacenter && replicas.iter().all(|other| other.node != **node)
        });
        // One draw for a rack, so that racks with more nodes do not come first more often.
        let racks: BTreeMap<_, _> =
            self.hosts.values().map(|host| (&*host.rack, self.rng.u64(..))).collect();
        let (&node, _) = free.min_by_key(|(node, host)| {
            let load = self.load.get(node).copied().unwrap_or(0);
            (in_rack(&host.rack), racks[&*host.rack], load, self.rng.u64(..))
        })?;
        let load = self.load.entry(node).or_default();
        *load += 1;
        let shard = (*load - 1) as u32 % self.shards;
        Some(Replica { node, shard })
    }
}

/// Splits each tablet in two, on the same nodes.
pub(crate) fn split(map: &mut Map) {
    let ends = ends(map.ranges.len() * 2);
    let halves = map.ranges.iter().flat_map(|range| [range, range]);
    map.ranges = halves.zip(ends).map(|(whole, last)| Range { last, ..whole.clone() }).collect();
}

/// Returns where a replica of this range may move from the node `from`: to a node of the same rack
/// without a replica, if there is one, otherwise of the same datacenter.
pub(crate) fn destination(
    hosts: &BTreeMap<u64, Host>,
    shards: u32,
    rng: &mut Rng,
    range: &Range,
    from: &Host,
) -> Option<Replica> {
    let free: Vec<_> = hosts
        .iter()
        .filter(|(node, host)| host.datacenter == from.datacenter && !range.is_on(**node))
        .collect();
    let same_rack: Vec<_> =
        free.iter().filter(|(_, host)| host.rack == from.rack).copied().collect();
    let candidates = if same_rack.is_empty() { free } else { same_rack };
    let (&node, _) = *rng.choice(&candidates)?;
    Some(Replica { node, shard: rng.u32(..shards) })
}
