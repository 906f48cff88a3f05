//! Which nodes hold which tokens of a table.

use std::net::IpAddr;

use crate::key::Token;

/// A host of the cluster, as its own tables describe it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Host {
    /// What `/localnodes` calls it.
    pub(crate) address: IpAddr,
    /// Its id, a UUID in lower case; empty where it is not known.
    pub(crate) id: Box<str>,
    pub(crate) datacenter: Box<str>,
    pub(crate) rack: Box<str>,
}

/// A replica of a range of tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Replica {
    /// The place of its host in [`Replicas::hosts`].
    pub(crate) host: u16,
    pub(crate) shard: Option<u16>,
}

/// Every replica of a table.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Replicas {
    hosts: Box<[Host]>,
}

impl Replicas {
    pub(crate) fn hosts(&self) -> &[Host] {
        &self.hosts
    }

    /// The replicas of a token, the primary replica first; none where nobody is known.
    pub(crate) fn of(&self, _token: Token) -> &[Replica] {
        &[]
    }
}
