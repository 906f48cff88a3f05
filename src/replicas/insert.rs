//! Corrects a map by a hint.

use std::net::IpAddr;
use std::sync::Arc;

use super::hosts::MOST_HOSTS;
use super::ranges::Ranges;
use super::ring::weight;
use super::{Hint, Host, Kind, MOST_RANGES, Replica, Replicas};
use crate::key::Token;

impl Hint {
    pub(crate) fn covers(&self, token: Token) -> bool {
        self.start < token.0 && token.0 <= self.end
    }
}

impl Replicas {
    /// The map with the hint's range in the place of what was there. `None` if it says nothing new, or there would be more ranges
    /// than a map may have.
    pub(crate) fn with_hint(&self, hint: &Hint) -> Option<Self> {
        let mut hosts = self.hosts.to_vec();
        let hinted = hint.replicas.iter();
        let hinted = hinted.filter_map(|(address, shard)| {
            let shard = *shard;
            let host = place(&mut hosts, *address)?;
            Some(Replica { host, shard })
        });
        let mut hinted: Vec<_> = hinted.collect();
        if self.kind == Kind::Ring {
            // The order of every client, and not that of whoever has answered this one.
            hinted.sort_by_key(|r| weight(hint.end, hosts[usize::from(r.host)].address));
        }
        if self.says(hint, &hinted) || self.ends.len() + 2 > MOST_RANGES {
            return None;
        }

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

    /// Whether these are the replicas of all the hint's tokens already.
    fn says(&self, hint: &Hint, hinted: &[Replica]) -> bool {
        let index = self.ends.partition_point(|end| *end < hint.end);
        let start = match index {
            0 => i64::MIN,
            _ => self.ends[index - 1],
        };
        start <= hint.start && self.range(index) == hinted
    }
}

/// The place of the host with that address, which is new where nobody has it. There is none where there are too many.
fn place(hosts: &mut Vec<Host>, address: IpAddr) -> Option<u16> {
    let known = hosts.iter().position(|host| host.address == address);
    if known.is_none() && hosts.len() < MOST_HOSTS {
        hosts.push(Host {
            address,
            id: "".into(),
            datacenter: "".into(),
            rack: "".into(),
        });
        return u16::try_from(hosts.len() - 1).ok();
    }
    u16::try_from(known?).ok()
}
