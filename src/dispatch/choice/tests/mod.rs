//! A cluster without sockets, and tables whose replicas are written down.

mod coordinators;
mod replicas;

use std::collections::BTreeSet;
use std::time::Duration;

use super::*;
use crate::balance::health::Down;
use crate::balance::moment::Moment;
use crate::balance::policy::Policy;
use crate::cluster::node::unconnected;
use crate::keys::key::{Key, PartitionKeyType, Token};
use crate::keys::partition_key::PartitionKey;
use crate::keys::replicas::{Host, HostId, Hosts, Kind, Replicas, RingRange, Tablet};
use crate::tables::{Table, TableInfo, Tables};

const POLICIES: [Policy; 2] = [Policy::PeakEwma, Policy::RoundRobin];

const NOW: Moment = Moment::from_nanos(100_000_000_000);

fn node(last: u8) -> Arc<Node> {
    unconnected(([10, 0, 0, last], 8000).into())
}

fn last(node: &Arc<Node>) -> u8 {
    match node.addr().ip() {
        std::net::IpAddr::V4(ip) => ip.octets()[3],
        std::net::IpAddr::V6(_) => 0,
    }
}

fn id(host: u8) -> String {
    format!("00000000-0000-0000-0000-0000000000{host:02}")
}

fn unknown() -> Arc<Table> {
    Tables::new(&[]).find_or_insert("orders", Moment::default()).unwrap()
}

/// A table of tablets, given as last token and replicas.
fn table(tablets: &[(i64, &[u8])]) -> Arc<Table> {
    let hosts = hosts();
    let tablets = tablets.iter().map(|(last_token, replicas)| Tablet {
        last_token: *last_token,
        replicas: replicas.iter().map(|i| (HostId::parse(&id(*i)).unwrap(), 0)).collect(),
    });
    knowing(Replicas::from_tablets(&hosts, tablets))
}

/// A table whose only range has these replicas, by rows of the ring that make such a map.
fn ring(kind: Kind, replicas: &[u8]) -> Arc<Table> {
    let row =
        |i: &u8| RingRange { start: i64::MIN, end: i64::MAX, endpoint: [10, 0, 0, *i].into() };
    knowing(Replicas::from_ring(&hosts(), kind, replicas.iter().map(row)))
}

fn hosts() -> Hosts {
    let host = |i: u8| {
        let address = [10, 0, 0, i].into();
        let host =
            Host { address, id: id(i).into(), datacenter: "dc1".into(), rack: "rack1".into() };
        (host, address)
    };
    Hosts::new((1..=20).map(host))
}

/// A table that was looked up and has these replicas.
fn knowing(replicas: Replicas) -> Arc<Table> {
    let replicas = Arc::new(replicas);
    let info = TableInfo {
        key: PartitionKey { name: "id".into(), key_type: PartitionKeyType::String },
        id: None,
        ordered: replicas.is_ordered().then(|| Arc::clone(&replicas)),
        replicas: Some(replicas),
        isolation: None,
        looked_up_at: None,
    };
    let table = unknown();
    table.set(info, Duration::from_secs(60), NOW);
    table
}

fn partition(table: &Arc<Table>, token: i64) -> Partition {
    Partition { table: Arc::clone(table), token: Some(Token(token)), hash: token }
}

fn to(aim: Aim, partitions: &[Partition]) -> Route {
    let partitions = match partitions {
        [partition] => Partitions::One(partition.clone()),
        partitions => Partitions::Many(partitions.into()),
    };
    Route { aim, partitions }
}

struct Cluster {
    near: Vec<Arc<Node>>,
    snapshot: Snapshot,
}

impl Cluster {
    fn new(near: impl IntoIterator<Item = u8>, far: impl IntoIterator<Item = u8>) -> Self {
        let near: Vec<_> = near.into_iter().map(node).collect();
        let snapshot = Snapshot::with_others(near.clone(), far.into_iter().map(node)).unwrap();
        Self { near, snapshot }
    }

    fn node(&self, last: u8) -> &Arc<Node> {
        self.snapshot.at([10, 0, 0, last].into()).unwrap()
    }

    fn take_out(&self, last: u8) {
        self.node(last).health.take_out(Down::Unreachable, Moment::default(), 0.5);
    }

    /// Returns the node for the route if those in `tried` are no candidates.
    fn next(
        &self,
        chooser: &Chooser,
        order: CoordinatorOrder,
        route: &Route,
        tried: &[u8],
    ) -> Option<u8> {
        let choice = Choice {
            snapshot: &self.snapshot,
            chooser,
            order,
            context: PickContext { now: NOW, draw: fastrand::u64(..), tried: tried.len() },
            may: |node: &Arc<Node>| !tried.contains(&last(node)),
        };
        choice.next(route).map(last)
    }

    /// Returns all nodes for the route, in their order.
    fn way(&self, policy: Policy, order: CoordinatorOrder, route: &Route) -> Vec<u8> {
        let chooser = chooser(policy);
        let mut way = Vec::new();
        while let Some(next) = self.next(&chooser, order, route, &way) {
            way.push(next);
        }
        way
    }

    /// Returns the nodes that are chosen for 200 requests.
    fn chosen(&self, policy: Policy, route: &Route) -> BTreeSet<u8> {
        let chooser = chooser(policy);
        let order = CoordinatorOrder::default();
        (0..200).filter_map(|_| self.next(&chooser, order, route, &[])).collect()
    }
}

fn chooser(policy: Policy) -> Chooser {
    Chooser::new(policy, &mut fastrand::Rng::with_seed(7))
}
