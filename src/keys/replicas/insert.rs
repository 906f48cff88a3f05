//! Corrects a map by a hint.

use std::net::IpAddr;
use std::sync::Arc;

use super::hosts::MOST_HOSTS;
use super::ranges::Ranges;
use super::ring::weight;
use super::{Hint, Host, Kind, MOST_RANGES, Placement, Replicas};
use crate::keys::key::Token;

impl Hint {
    pub(crate) fn covers(&self, token: Token) -> bool {
        self.start < token.0 && token.0 <= self.end
    }

    fn lists(&self, host: &Host) -> bool {
        self.replicas.iter().any(|(ip, _)| *ip == host.address)
    }

    /// The datacenter that it is about, which is that of the node that gave it, if one of these
    /// hosts tells.
    fn datacenter<'a>(&self, mut hosts: impl Iterator<Item = &'a Host>) -> Option<&'a str> {
        let host = hosts.find(|host| self.lists(host) && !host.datacenter.is_empty());
        host.map(|host| &*host.datacenter)
    }
}

impl Replicas {
    /// The map with the hint's range in the place of what was there. `None` if it says nothing new,
    /// or there would be more ranges than a map may have.
    pub(crate) fn with_hint(&self, hint: &Hint) -> Option<Self> {
        if self.agrees_with(hint) || self.ends.len() + 2 > MOST_RANGES {
            return None;
        }
        let mut hosts = self.hosts.to_vec();
        let hinted = self.replaced_by(hint, &mut hosts);

        let mut ranges = Ranges::default();
        let mut start = i64::MIN;
        for (index, end) in self.ends.iter().enumerate() {
            let replicas = || self.range(index).iter().copied();
            if start < hint.start {
                ranges.push(start, hint.start.min(*end), replicas());
            }
            if *end > hint.end {
                ranges.push(hint.start, hint.end, hinted.iter().copied());
                ranges.push(start.max(hint.end), *end, replicas());
            }
            start = *end;
        }
        ranges.push(hint.start, hint.end, hinted);
        let hosts = match hosts.len() {
            same if same == self.hosts.len() => Arc::clone(&self.hosts),
            _ => hosts.into(),
        };
        Some(ranges.finish(hosts, self.kind))
    }

    /// Whether the hint says nothing new: of all its tokens, the replicas in its datacenter are
    /// those that it lists. Nobody promises that it lists them in their order.
    pub(crate) fn agrees_with(&self, hint: &Hint) -> bool {
        let mut index = self.ends.partition_point(|end| *end <= hint.start);
        while self.range_agrees_with(index, hint) {
            if self.ends[index] >= hint.end {
                return true;
            }
            index += 1;
        }
        false
    }

    fn range_agrees_with(&self, index: usize, hint: &Hint) -> bool {
        let hosts = self
            .range(index)
            .iter()
            .filter_map(|replica| self.hosts.get(usize::from(replica.host)));
        let here = hint.datacenter(hosts.clone());
        let is_replica = |ip: IpAddr| hosts.clone().any(|host| host.address == ip);
        hint.replicas.iter().all(|(ip, _)| is_replica(*ip))
            && hosts.clone().all(|host| hint.lists(host) || is_elsewhere(host, here))
    }

    /// The hint's replicas, with the shards that are known of them, and those of other datacenters,
    /// of which a hint says nothing.
    fn replaced_by(&self, hint: &Hint, hosts: &mut Vec<Host>) -> Vec<Placement> {
        let before = self.of(Token(hint.end));
        let hinted = hint.replicas.iter().filter_map(|(address, shard)| {
            let host = place(hosts, *address)?;
            let same = before.iter().find(|replica| replica.host == host);
            let shard = shard.or(same.and_then(|replica| replica.shard));
            Some(Placement { host, shard })
        });
        let mut replicas: Vec<_> = hinted.collect();
        let here = hint.datacenter(self.hosts.iter());
        let is_kept = |replica: &&Placement| {
            let host = self.hosts.get(usize::from(replica.host));
            host.is_some_and(|host| !hint.lists(host) && is_elsewhere(host, here))
        };
        replicas.extend(before.iter().filter(is_kept));
        if self.kind == Kind::Ring {
            // The order of every client, and not that of whoever has answered this one.
            replicas.sort_by_key(|r| weight(hint.end, hosts[usize::from(r.host)].address));
        }
        replicas
    }
}

/// Whether a host is known to live in another datacenter than this one.
fn is_elsewhere(host: &Host, here: Option<&str>) -> bool {
    !host.datacenter.is_empty() && here.is_some_and(|here| here != &*host.datacenter)
}

/// The place of the host with that address, which is new where nobody has it. There is none where
/// there are too many.
fn place(hosts: &mut Vec<Host>, address: IpAddr) -> Option<u16> {
    let known = hosts.iter().position(|host| host.address == address);
    if known.is_none() && hosts.len() < MOST_HOSTS {
        hosts.push(Host { address, id: "".into(), datacenter: "".into(), rack: "".into() });
        return u16::try_from(hosts.len() - 1).ok();
    }
    u16::try_from(known?).ok()
}
