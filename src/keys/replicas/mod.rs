//! Which nodes hold which tokens of a table. Tablets and vnodes have one form: the last tokens of
//! the ranges in order, so that a token is looked up by one binary search.

mod hint;
mod hosts;
mod insert;
mod ranges;
mod ring;
mod tablets;
#[cfg(test)]
mod tests;

use std::net::IpAddr;
use std::sync::Arc;

use crate::keys::key::Token;
pub(crate) use hint::Hint;
pub(crate) use hosts::{Host, HostId, Hosts};
pub(crate) use ring::RingRange;
pub(crate) use tablets::Tablet;

/// The most ranges that a map may have: more than the tablets of any table, and 4 MiB with three
/// replicas each.
pub(crate) const MOST_RANGES: usize = 1 << 17;

/// A replica of a range of tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Placement {
    /// The place of its host in [`Replicas::hosts`].
    pub(crate) host: u16,
    pub(crate) shard: Option<u16>,
}

/// What a map of replicas was made of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Kind {
    /// The table's tablets, each with its replicas in the server's order.
    Tablets,
    /// The ring of tokens, in which a range has its replicas in no order. They get one that every
    /// client makes alike.
    Ring,
    /// What shows of tablets to those who may not read them: replicas in no order that other
    /// clients know of, and maybe not those of all tokens.
    #[default]
    Unordered,
}

/// Every replica of a table.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Replicas {
    hosts: Arc<[Host]>,
    kind: Kind,
    /// The last token of each range, ascending. A range begins behind the last token of the one
    /// before.
    ends: Box<[i64]>,
    /// Where the replicas of each range end among all.
    until: Box<[u32]>,
    replicas: Box<[Placement]>,
}

impl Replicas {
    pub(crate) fn hosts(&self) -> &[Host] {
        &self.hosts
    }

    pub(crate) fn kind(&self) -> Kind {
        self.kind
    }

    /// Whether the first replica of a token is the same to every client that has such a map.
    pub(crate) fn is_ordered(&self) -> bool {
        self.kind != Kind::Unordered
    }

    /// Whether requests are routed alike by both. What else is known of hosts does not count.
    pub(crate) fn routes_like(&self, other: &Self) -> bool {
        self.ends == other.ends
            && self.until == other.until
            && self.addresses().eq(other.addresses())
    }

    fn addresses(&self) -> impl Iterator<Item = Option<IpAddr>> {
        self.replicas.iter().map(|replica| Some(self.hosts.get(usize::from(replica.host))?.address))
    }

    /// The replicas of a token, the primary replica first; none where nobody is known.
    pub(crate) fn of(&self, token: Token) -> &[Placement] {
        self.range(self.ends.partition_point(|end| *end < token.0))
    }

    /// The replicas of a range; none behind the last one.
    fn range(&self, index: usize) -> &[Placement] {
        let Some(until) = self.until.get(index) else {
            return &[];
        };
        let from = match index {
            0 => 0,
            _ => self.until[index - 1],
        };
        &self.replicas[from as usize..*until as usize]
    }
}
