//! What users see of how a table's requests are routed.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use aws_sdk_dynamodb::types::AttributeValue;

use crate::balance::moment::Moment;
use crate::keys::key::{Key, PartitionKeyType};
use crate::keys::replicas::{Kind, Replicas};
use crate::tables::TableInfo;

/// What is known of a table, and what requests about it are routed by: a copy of one moment.
#[derive(Clone, Debug)]
pub struct TableRouting(Arc<TableInfo>);

/// What a table's replicas are known from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ReplicaSource {
    /// Its tablets, which have an order of replicas: the first is the primary replica.
    Tablets,
    /// The ring of virtual nodes. The ring has no order of replicas; the connector gives each range
    /// one, the same in every client.
    Vnodes,
    /// What shows of tablets to a role that may not read `system.tablets`: by the ring, or by what
    /// nodes have answered. Their replicas have no order that all clients know, so lightweight
    /// transactions do not go by them.
    Unordered,
}

/// A node that holds a key.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Replica {
    /// Its address, as `/localnodes` tells it.
    pub address: IpAddr,
    /// The id of the host, a UUID; empty where only a node's hint is known.
    pub host_id: String,
    /// Its datacenter; empty where only a node's hint is known.
    pub datacenter: String,
    /// Its rack; empty where only a node's hint is known.
    pub rack: String,
    /// The shard that holds the key, where the table has tablets. Alternator has no way to be asked
    /// for a shard over HTTP, so requests are not routed by it.
    pub shard: Option<u16>,
}

impl TableRouting {
    pub(crate) fn new(info: Arc<TableInfo>) -> Self {
        Self(info)
    }

    /// The name of the partition key's attribute.
    pub fn partition_key(&self) -> &str {
        &self.0.key.name
    }

    /// The type of the partition key.
    pub fn key_type(&self) -> PartitionKeyType {
        self.0.key.key_type
    }

    /// What the replicas are known from; `None` while they are not known, which is so for a role
    /// that may not read the cluster's own tables, too.
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

    /// The nodes that hold a partition, in all datacenters, in the order of the
    /// [map](Self::replica_source), in which the primary replica comes first, unless it is
    /// [unordered](ReplicaSource::Unordered); none where they are not known, or `key` is no key of
    /// the table.
    pub fn replicas(&self, key: &AttributeValue) -> Vec<Replica> {
        let key = match (key, self.key_type()) {
            (AttributeValue::S(text), PartitionKeyType::String) => Key::String(text),
            (AttributeValue::N(number), PartitionKeyType::Number) => Key::Number(number),
            (AttributeValue::B(bytes), PartitionKeyType::Binary) => Key::Binary(bytes.as_ref()),
            _ => return Vec::new(),
        };
        let (Some(replicas), Some(token)) = (self.replicas_known(), key.token()) else {
            return Vec::new();
        };
        let of_token = replicas.of(token).iter();
        let info = of_token.filter_map(|replica| {
            let host = replicas.hosts().get(usize::from(replica.host))?;
            Some(Replica {
                address: host.address,
                host_id: host.id.clone().into(),
                datacenter: host.datacenter.clone().into(),
                rack: host.rack.clone().into(),
                shard: replica.shard,
            })
        });
        info.collect()
    }

    fn replicas_known(&self) -> Option<&Replicas> {
        self.0.replicas.as_deref()
    }
}
