//! What users see of how a table's requests are routed.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use aws_sdk_dynamodb::types::AttributeValue;

use crate::balance::moment::Moment;
use crate::keys::key::{Key, PartitionKeyType};
use crate::keys::replicas::{Kind, Replicas};
use crate::tables::TableInfo;

/// What is known of a table, and how requests about it are routed: a copy of one moment.
#[derive(Clone, Debug)]
pub struct TableRouting(pub(crate) Arc<TableInfo>);

/// The source of a table's replica map.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ReplicaSource {
    /// The table's tablets. They list replicas in an order; the first is the primary replica.
    Tablets,
    /// The ring of virtual nodes. It has no order of replicas, so the connector orders those of
    /// each range by a hash, which gives the same order in every client.
    Vnodes,
    /// What a role that may not read `system.tablets` can find out: the ring, or the routing hints
    /// of nodes. These replicas have no order that all clients share, so lightweight transactions
    /// are not routed by them.
    Unordered,
}

/// A node that holds a key.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Replica {
    /// Its address, as `/localnodes` lists it.
    pub address: IpAddr,
    /// The id of the host, a UUID; `None` while only a routing hint of a node names the replica.
    pub host_id: Option<String>,
    /// Its datacenter; `None` while only a routing hint of a node names the replica.
    pub datacenter: Option<String>,
    /// Its rack; `None` while only a routing hint of a node names the replica.
    pub rack: Option<String>,
    /// The shard that holds the key; `None` where it is not known, as always for a table without
    /// tablets. Requests are not routed by it, as a shard cannot be addressed over HTTP.
    pub shard: Option<u16>,
}

impl TableRouting {
    /// The name of the partition key's attribute.
    pub fn partition_key(&self) -> &str {
        &self.0.key.name
    }

    /// The type of the partition key.
    pub fn key_type(&self) -> PartitionKeyType {
        self.0.key.key_type
    }

    /// The source of the replica map; `None` while the replicas are not known. For a role that may
    /// not read the cluster's own tables they may never be.
    pub fn replica_source(&self) -> Option<ReplicaSource> {
        self.replicas_known().map(|replicas| match replicas.kind() {
            Kind::Tablets => ReplicaSource::Tablets,
            Kind::Ring => ReplicaSource::Vnodes,
            Kind::Unordered => ReplicaSource::Unordered,
        })
    }

    /// How long ago the table was last looked up; `None` if it never was.
    pub fn age(&self) -> Option<Duration> {
        self.0.looked_up_at.map(|at| Moment::now().since(at))
    }

    /// The nodes that hold the partition of `key`, in all datacenters. The primary replica comes
    /// first, unless the source is [unordered](ReplicaSource::Unordered). Empty if the replicas are
    /// not known, or `key` is not of the partition key's type.
    pub fn replicas(&self, key: &AttributeValue) -> Vec<Replica> {
        let token = key_of(key, self.key_type()).and_then(|key| key.token());
        let (Some(replicas), Some(token)) = (self.replicas_known(), token) else {
            return Vec::new();
        };
        let text = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        let of_token = replicas.of(token).iter();
        let info = of_token.filter_map(|replica| {
            let host = replicas.hosts().get(usize::from(replica.host))?;
            Some(Replica {
                address: host.address,
                host_id: text(&host.id),
                datacenter: text(&host.datacenter),
                rack: text(&host.rack),
                shard: replica.shard,
            })
        });
        info.collect()
    }

    fn replicas_known(&self) -> Option<&Replicas> {
        self.0.replicas.as_deref()
    }
}

/// Returns a value as the key that it is; `None` if it is of another type.
pub(crate) fn key_of(value: &AttributeValue, key_type: PartitionKeyType) -> Option<Key<'_>> {
    match (value, key_type) {
        (AttributeValue::S(text), PartitionKeyType::String) => Some(Key::String(text)),
        (AttributeValue::N(number), PartitionKeyType::Number) => Some(Key::Number(number)),
        (AttributeValue::B(bytes), PartitionKeyType::Binary) => Some(Key::Binary(bytes.as_ref())),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys::partition_key::PartitionKey;
    use crate::keys::replicas::Hint;

    #[test]
    fn of_a_replica_that_only_a_hint_names_the_address_and_shard_are_known() {
        let hint = format!("{},{},10.0.0.1/3", i64::MIN, i64::MAX);
        let replicas = Replicas::default().with_hint(&Hint::parse(&hint).unwrap());
        let key = PartitionKey { name: "pk".into(), key_type: PartitionKeyType::String };
        let info = TableInfo { replicas: replicas.map(Arc::new), ..TableInfo::configured(key) };
        let replica = Replica {
            address: [10, 0, 0, 1].into(),
            host_id: None,
            datacenter: None,
            rack: None,
            shard: Some(3),
        };
        let routing = TableRouting(Arc::new(info));
        assert_eq!(routing.replicas(&AttributeValue::S("x".to_owned())), [replica]);
        assert_eq!(routing.replicas(&AttributeValue::N("1".to_owned())), []);
    }
}
