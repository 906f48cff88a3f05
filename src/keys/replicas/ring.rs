//! The map of a table that is spread over the ring of tokens.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;

use super::ranges::Ranges;
use super::{Hosts, Kind, Placement, Replicas};

/// One replica of the tokens behind `start`, up to and with `end`; behind the last token is the
/// first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct RingRange {
    pub(crate) start: i64,
    pub(crate) end: i64,
    /// The address by which other hosts know it.
    pub(crate) endpoint: IpAddr,
}

impl Replicas {
    /// In whatever order they come, and however often. Hosts that are not known are left out. It is
    /// of the kind that the rows make, which are those of the ring itself, or those by which
    /// tablets show in it.
    pub(crate) fn from_ring(
        hosts: &Hosts,
        kind: Kind,
        rows: impl IntoIterator<Item = RingRange>,
    ) -> Self {
        let mut by_end: BTreeMap<i64, (i64, Vec<IpAddr>)> = BTreeMap::new();
        for row in rows {
            let (_, endpoints) = by_end.entry(row.end).or_insert_with(|| (row.start, Vec::new()));
            endpoints.push(row.endpoint);
        }
        let mut ranges = Ranges::default();
        let mut around = None;
        for (end, (start, endpoints)) in by_end {
            let replicas = ordered(hosts, end, endpoints);
            if start < end {
                ranges.push(start, end, replicas);
            } else {
                ranges.push(i64::MIN, end, replicas.iter().copied());
                around = Some((start, replicas));
            }
        }
        if let Some((start, replicas)) = around {
            ranges.push(start, i64::MAX, replicas);
        }
        ranges.finish(Arc::clone(hosts.all()), kind)
    }
}

/// The hosts of these endpoints, in the order that belongs to the end of their range.
fn ordered(hosts: &Hosts, end: i64, endpoints: Vec<IpAddr>) -> Vec<Placement> {
    let weigh = |endpoint: IpAddr| {
        let (host, known) = hosts.of_internal(endpoint)?;
        Some((weight(end, known.address), host))
    };
    let mut weighed: Vec<_> = endpoints.into_iter().filter_map(weigh).collect();
    weighed.sort_unstable();
    let replica = |(_, host)| Placement { host, shard: None };
    weighed.into_iter().map(replica).collect()
}

/// By how much a host comes later among the replicas of a range. It depends on these two alone
/// (rendezvous hashing), so that all clients agree whatever else they know, and each host is first
/// in its share of its ranges.
pub(super) fn weight(end: i64, address: IpAddr) -> u64 {
    let bits = match address {
        IpAddr::V4(ip) => ip.to_ipv6_mapped().to_bits(),
        IpAddr::V6(ip) => ip.to_bits(),
    };
    let high = mixed(end as u64) ^ (bits >> 64) as u64;
    mixed(mixed(high) ^ bits as u64)
}

/// The output function of SplitMix64 (Steele, Lea and Flood, "Fast splittable pseudorandom number
/// generators").
fn mixed(state: u64) -> u64 {
    let x = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}
