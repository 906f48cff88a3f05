//! The hosts of the cluster, as its own tables describe them.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;

use uuid::fmt::Hyphenated;

/// More hosts than a cluster has; any further ones are left out.
pub(super) const MOST_HOSTS: usize = 4096;

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

/// The id of a host: a UUID.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct HostId(Hyphenated);

impl HostId {
    /// Reads 32 digits in groups of 8, 4, 4, 4 and 12.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        text.parse().ok().map(Self)
    }
}

/// The hosts, and the names that other tables have for them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Hosts {
    hosts: Arc<[Host]>,
    by_id: HashMap<HostId, u16>,
    by_internal: HashMap<IpAddr, u16>,
}

impl Hosts {
    /// Of hosts, each with the address by which it is known to other hosts. Their order does not
    /// matter.
    pub(crate) fn new(hosts: impl IntoIterator<Item = (Host, IpAddr)>) -> Self {
        let mut all: Vec<_> = hosts.into_iter().collect();
        all.sort_by(|(a, _), (b, _)| (a.address, &a.id).cmp(&(b.address, &b.id)));
        all.dedup_by(|(a, _), (b, _)| (a.address, &a.id) == (b.address, &b.id));
        all.truncate(MOST_HOSTS);
        let mut known = Self::default();
        for (index, (host, internal)) in (0..).zip(&all) {
            if let Some(id) = HostId::parse(&host.id) {
                known.by_id.insert(id, index);
            }
            known.by_internal.insert(*internal, index);
        }
        known.hosts = all.into_iter().map(|(host, _)| host).collect();
        known
    }

    /// The same, where some releases list hosts by the address by which they know one another:
    /// before 6.1 all of them did.
    pub(crate) fn as_listed(
        hosts: impl IntoIterator<Item = (Host, IpAddr)>,
        is_listed: impl Fn(IpAddr) -> bool,
    ) -> Self {
        Self::new(hosts.into_iter().map(|(mut host, internal)| {
            if !is_listed(host.address) && is_listed(internal) {
                host.address = internal;
            }
            (host, internal)
        }))
    }

    pub(crate) fn knows(&self, id: HostId) -> bool {
        self.by_id.contains_key(&id)
    }

    pub(crate) fn knows_internal(&self, address: IpAddr) -> bool {
        self.by_internal.contains_key(&address)
    }

    /// The place of a host among all.
    pub(super) fn of_id(&self, id: HostId) -> Option<u16> {
        self.by_id.get(&id).copied()
    }

    /// The place of the host that others know by this address, and the host itself.
    pub(super) fn of_internal(&self, address: IpAddr) -> Option<(u16, &Host)> {
        let index = *self.by_internal.get(&address)?;
        Some((index, self.hosts.get(usize::from(index))?))
    }

    pub(super) fn all(&self) -> &Arc<[Host]> {
        &self.hosts
    }
}
