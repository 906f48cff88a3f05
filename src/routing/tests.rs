use std::collections::BTreeSet;
use std::num::NonZeroUsize;
use std::time::Duration;

use super::*;
use crate::config::Policy;
use crate::health::Out;
use crate::key::{Key, KeyType, Token};
use crate::moment::Moment;
use crate::replicas::{Host, HostId, Hosts, Kind, Replicas, RingRange, Tablet};
use crate::table::{Known, PartitionKey, Table, Tables};
use crate::transport::{Dialer, NodeProxy, PoolLimits};

const POLICIES: [Policy; 3] = [Policy::PeakEwma, Policy::RoundRobin, Policy::Random];

const NOW: Moment = Moment::from_nanos(100_000_000_000);

const ORDERS: [CoordinatorOrder; 3] = [
    CoordinatorOrder::PrimaryReplica,
    CoordinatorOrder::Shared,
    CoordinatorOrder::RustClient,
];

fn node(last: u8) -> Arc<Node> {
    let limits = PoolLimits {
        max_connections: NonZeroUsize::MIN,
        max_waiting: 0,
        idle_timeout: Duration::from_secs(1),
        connect_timeout: Duration::from_secs(1),
    };
    let dialer = Dialer::new(None, NodeProxy::Never);
    Arc::new(Node::new(
        ([10, 0, 0, last], 8000).into(),
        None,
        &dialer,
        limits,
    ))
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
    let tables = Tables::new(&[]);
    tables.named("orders", Moment::default()).unwrap()
}

/// A table of tablets with these replicas each.
fn table(tablets: &[(i64, &[u8])]) -> Arc<Table> {
    let hosts = hosts();
    let tablets = tablets.iter().map(|(last_token, replicas)| Tablet {
        last_token: *last_token,
        replicas: replicas
            .iter()
            .map(|i| (HostId::parse(&id(*i)).unwrap(), 0))
            .collect(),
    });
    knowing(Replicas::from_tablets(&hosts, tablets))
}

/// A table whose only range has these replicas, by rows of the ring that make such a map.
fn ring(kind: Kind, replicas: &[u8]) -> Arc<Table> {
    let row = |i: &u8| RingRange {
        start: i64::MIN,
        end: i64::MAX,
        endpoint: [10, 0, 0, *i].into(),
    };
    knowing(Replicas::from_ring(
        &hosts(),
        kind,
        replicas.iter().map(row),
    ))
}

fn hosts() -> Hosts {
    let host = |i: u8| {
        let address = [10, 0, 0, i].into();
        let host = Host {
            address,
            id: id(i).into(),
            datacenter: "dc1".into(),
            rack: "rack1".into(),
        };
        (host, address)
    };
    Hosts::new((1..=20).map(host))
}

/// A table that was looked up and has these replicas.
fn knowing(replicas: Replicas) -> Arc<Table> {
    let replicas = Arc::new(replicas);
    let known = Known {
        key: PartitionKey {
            name: "id".into(),
            key_type: KeyType::String,
        },
        id: None,
        ordered: replicas.is_ordered().then(|| Arc::clone(&replicas)),
        replicas: Some(replicas),
        isolation: None,
        learned: None,
    };
    let table = unknown();
    table.set(known, Duration::from_secs(60), NOW);
    table
}

fn place(table: &Arc<Table>, token: i64) -> Place {
    Place {
        table: Arc::clone(table),
        token: Some(Token(token)),
        hash: token,
    }
}

fn to(aim: Aim, places: &[Place]) -> Route {
    let places = match places {
        [place] => Places::One(place.clone()),
        places => Places::Many(places.into()),
    };
    Route { aim, places }
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
        let node = self.node(last);
        node.health
            .take_out(Out::Unreachable, Moment::default(), 0.5);
    }

    /// The node for the route, where those in `tried` are no longer to be had.
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
            circumstances: Circumstances {
                now: NOW,
                draw: fastrand::u64(..),
                tried: tried.len(),
            },
            may: |node: &Arc<Node>| !tried.contains(&last(node)),
        };
        choice.next(route).map(last)
    }

    /// All nodes for the route, in their order.
    fn way(&self, policy: Policy, order: CoordinatorOrder, route: &Route) -> Vec<u8> {
        let chooser = chooser(policy);
        let mut way = Vec::new();
        while let Some(next) = self.next(&chooser, order, route, &way) {
            way.push(next);
        }
        way
    }

    /// Who is chosen of so many requests.
    fn chosen(&self, policy: Policy, route: &Route) -> BTreeSet<u8> {
        let chooser = chooser(policy);
        let order = CoordinatorOrder::default();
        (0..200)
            .filter_map(|_| self.next(&chooser, order, route, &[]))
            .collect()
    }
}

fn chooser(policy: Policy) -> Chooser {
    Chooser::new(policy, &mut fastrand::Rng::with_seed(7))
}

#[test]
fn any_replica_of_the_key_is_chosen_and_nobody_else() {
    fastrand::seed(7);
    let cluster = Cluster::new(1..=9, []);
    let table = table(&[(0, &[3, 1, 5]), (i64::MAX, &[2, 9, 4])]);
    for policy in POLICIES {
        for (token, replicas) in [(-5, [1, 3, 5]), (0, [1, 3, 5]), (1, [2, 4, 9])] {
            let route = to(Aim::Replica, &[place(&table, token)]);
            assert_eq!(cluster.chosen(policy, &route), replicas.into());
        }
    }
}

#[test]
fn replicas_of_other_datacenters_do_not_count() {
    let cluster = Cluster::new(1..=9, []);
    // None of those from 10 on is in the list.
    let everywhere = [10, 11, 12, 13, 14, 15, 16, 17, 18, 3, 1, 5];
    let table = table(&[(i64::MAX, &everywhere)]);
    let route = to(Aim::Replica, &[place(&table, 7)]);
    let chosen = cluster.chosen(Policy::Random, &route);
    assert_eq!(chosen, [1, 3, 5].into());
}

#[test]
fn replicas_that_are_out_or_were_tried_are_passed_over_until_none_is_left() {
    fastrand::seed(7);
    let cluster = Cluster::new(1..=9, []);
    let table = table(&[(i64::MAX, &[3, 1, 5])]);
    let route = to(Aim::Replica, &[place(&table, 7)]);
    cluster.take_out(1);
    for policy in POLICIES {
        let mut way = cluster.way(policy, CoordinatorOrder::default(), &route);
        way.sort_unstable();
        assert_eq!(way, [3, 5]);
    }
}

#[test]
fn replicas_of_one_key_share_its_requests_evenly() {
    fastrand::seed(7);
    let cluster = Cluster::new(1..=9, []);
    let keys = [&[3, 1, 5][..], &[1, 5, 7], &[9, 8, 2]];
    let tablets: Vec<_> = (0..3).map(|i| (i, keys[i as usize])).collect();
    let table = table(&tablets);
    // In step with the number of replicas, which a cursor would never get out of.
    let mut counts = [[0_u32; 10]; 3];
    let chooser = chooser(Policy::RoundRobin);
    for i in 0..9000 {
        let route = to(Aim::Replica, &[place(&table, i % 3)]);
        let order = CoordinatorOrder::default();
        let next = cluster.next(&chooser, order, &route, &[]).unwrap();
        counts[i as usize % 3][usize::from(next)] += 1;
    }
    for (counts, replicas) in counts.iter().zip(keys) {
        for replica in replicas {
            let share = counts[usize::from(*replica)];
            assert!(share.abs_diff(1000) <= 20, "{counts:?}");
        }
    }
}

#[test]
fn replicas_of_the_own_rack_come_before_those_of_others() {
    fastrand::seed(7);
    let cluster = Cluster::new(1..=3, 4..=9);
    let table = table(&[(0, &[4, 2, 7]), (i64::MAX, &[4, 5, 7])]);
    for policy in POLICIES {
        let with_one = to(Aim::Replica, &[place(&table, -1)]);
        assert_eq!(cluster.chosen(policy, &with_one), [2].into());
        let way = cluster.way(policy, CoordinatorOrder::default(), &with_one);
        assert_eq!((way[0], way.len()), (2, 3));
        let without = to(Aim::Replica, &[place(&table, 1)]);
        assert_eq!(cluster.chosen(policy, &without), [4, 5, 7].into());
    }
}

/// Says that a node answered within so many milliseconds, a while ago.
fn answered(cluster: &Cluster, node: u8, millis: u64, age: Duration) {
    let (load, at) = (&cluster.node(node).load, NOW.before(age));
    load.begun(at);
    load.answered(Duration::from_millis(millis), 1, at);
}

#[test]
fn a_replica_of_another_rack_is_chosen_where_that_of_the_own_is_far_slower() {
    let table = table(&[(i64::MAX, &[4, 2])]);
    let route = to(Aim::Replica, &[place(&table, 1)]);
    for (own, other, chosen) in [(20, 10, 2), (400, 10, 4), (4, 0, 2)] {
        let cluster = Cluster::new(1..=3, 4..=9);
        answered(&cluster, 2, own, Duration::ZERO);
        answered(&cluster, 4, other, Duration::ZERO);
        assert_eq!(cluster.chosen(Policy::PeakEwma, &route), [chosen].into());
        // Who wants exact shares does not want them to depend on latencies.
        assert_eq!(cluster.chosen(Policy::RoundRobin, &route), [2].into());
    }
}

#[test]
fn a_replica_of_another_rack_is_no_better_for_having_had_no_request_for_a_while() {
    let table = table(&[(i64::MAX, &[4, 2])]);
    let route = to(Aim::Replica, &[place(&table, 1)]);
    let cluster = Cluster::new(1..=3, 4..=9);
    answered(&cluster, 2, 20, Duration::ZERO);
    answered(&cluster, 4, 20, Duration::from_secs(20));
    assert_eq!(cluster.chosen(Policy::PeakEwma, &route), [2].into());
    // Fast enough that nobody else need be looked at.
    let cluster = Cluster::new(1..=3, 4..=9);
    answered(&cluster, 2, 4, Duration::ZERO);
    assert_eq!(cluster.chosen(Policy::PeakEwma, &route), [2].into());
    // Nothing is known of the other, so it is worth a request.
    let cluster = Cluster::new(1..=3, 4..=9);
    answered(&cluster, 2, 20, Duration::ZERO);
    assert_eq!(cluster.chosen(Policy::PeakEwma, &route), [4].into());
}

#[test]
fn of_several_keys_the_nodes_that_hold_most_are_chosen_among() {
    fastrand::seed(7);
    let cluster = Cluster::new(1..=9, []);
    let table = table(&[(0, &[1, 2, 3]), (10, &[2, 3, 4]), (i64::MAX, &[3, 2, 5])]);
    let places = [-1, 5, 11].map(|token| place(&table, token));
    let route = to(Aim::Replica, &places);
    for policy in POLICIES {
        assert_eq!(cluster.chosen(policy, &route), [2, 3].into());
    }
    cluster.take_out(2);
    cluster.take_out(3);
    assert_eq!(cluster.chosen(Policy::Random, &route), [1, 4, 5].into());
}

#[test]
fn a_key_has_one_coordinator_and_the_next_serves_while_it_does_not() {
    let table = table(&[(i64::MAX, &[5, 2, 8])]);
    for order in ORDERS {
        let cluster = Cluster::new(1..=9, []);
        let route = to(Aim::Coordinator, &[place(&table, 77)]);
        let first = cluster.way(Policy::PeakEwma, order, &route);
        assert_eq!(first.len(), 9);
        for policy in POLICIES {
            assert_eq!(cluster.way(policy, order, &route), first);
        }
        cluster.take_out(first[0]);
        cluster.take_out(first[2]);
        let others = [&first[1..2], &first[3..]].concat();
        assert_eq!(cluster.way(Policy::PeakEwma, order, &route), others);
        let back = cluster.node(first[0]);
        back.health.bring_back(Moment::default());
        assert_eq!(cluster.way(Policy::PeakEwma, order, &route)[0], first[0]);
    }
}

#[test]
fn the_primary_replica_is_the_first_of_the_tablet_and_the_shared_order_follows_the_last() {
    let cluster = Cluster::new([1, 2, 5], 6..=9);
    let table = table(&[(i64::MAX, &[8, 2, 4])]);
    let route = to(Aim::Coordinator, &[place(&table, 77)]);
    let way = |order| cluster.way(Policy::PeakEwma, order, &route);
    let primary = way(CoordinatorOrder::PrimaryReplica);
    let shared = way(CoordinatorOrder::Shared);
    // Node 4 is in no list.
    assert_eq!(primary[..2], [8, 2]);
    let rest: Vec<_> = shared.into_iter().filter(|n| ![8, 2].contains(n)).collect();
    assert_eq!(primary[2..], rest);
}

#[test]
fn while_the_replicas_are_not_known_the_primary_replica_is_that_of_the_shared_order() {
    let cluster = Cluster::new(1..=9, []);
    let unknown = unknown();
    let route = to(Aim::Coordinator, &[place(&unknown, 77)]);
    let way = |order| cluster.way(Policy::PeakEwma, order, &route);
    let shared = way(CoordinatorOrder::Shared);
    assert_eq!(way(CoordinatorOrder::PrimaryReplica), shared);
    let route = to(Aim::Replica, &[place(&unknown, 77)]);
    assert!(
        cluster
            .way(Policy::PeakEwma, CoordinatorOrder::Shared, &route)
            .is_empty()
    );
}

#[test]
fn replicas_in_an_order_of_their_own_do_not_decide_who_coordinates() {
    fastrand::seed(7);
    let cluster = Cluster::new(1..=9, []);
    let order = CoordinatorOrder::PrimaryReplica;
    let way = |table: &Arc<Table>, aim| {
        let route = to(aim, &[place(table, 77)]);
        cluster.way(Policy::PeakEwma, order, &route)
    };
    let shared = way(&unknown(), Aim::Coordinator);
    let hinted = knowing(Replicas::default());
    hinted.hint(b"0,100,10.0.0.8,10.0.0.2,10.0.0.5", Token(77));
    let others = [2, 5, 8].into_iter().collect::<BTreeSet<_>>();
    for table in [ring(Kind::Unordered, &[8, 2, 5]), hinted] {
        assert_eq!(way(&table, Aim::Coordinator), shared);
        let replicas = way(&table, Aim::Replica).into_iter();
        assert_eq!(replicas.collect::<BTreeSet<_>>(), others);
    }
    let vnodes = way(&ring(Kind::Ring, &[8, 2, 5]), Aim::Coordinator);
    let first = vnodes[..3].iter().copied();
    assert_eq!(first.collect::<BTreeSet<_>>(), others);
}

/// Other clients do not get the same hints.
#[test]
fn a_hint_changes_who_is_a_replica_and_not_who_coordinates() {
    fastrand::seed(7);
    let cluster = Cluster::new(1..=9, []);
    let table = table(&[(i64::MAX, &[8, 2, 5])]);
    table.hint(b"0,100,10.0.0.7,10.0.0.2,10.0.0.5", Token(77));
    let route = to(Aim::Replica, &[place(&table, 77)]);
    assert_eq!(cluster.chosen(Policy::Random, &route), [2, 5, 7].into());
    let route = to(Aim::Coordinator, &[place(&table, 77)]);
    let order = CoordinatorOrder::PrimaryReplica;
    let way = cluster.way(Policy::PeakEwma, order, &route);
    assert_eq!(way[..3], [8, 2, 5]);
}

/// The orders of the vectors, whose nodes are `http://10.0.0.1:8000/` to `…12`.
#[test]
fn coordinators_are_those_of_the_other_clients() {
    let cluster = Cluster::new(1..=12, []);
    let unknown = unknown();
    let vectors = include_str!("../../tests/data/vectors/affinity-order.tsv");
    let mut seen = 0;
    for line in vectors.lines().skip(1) {
        let [kind, encoding, payload, _, go, rust] = line.split('\t').collect::<Vec<_>>()[..]
        else {
            panic!("{line}");
        };
        let bytes: Vec<u8> = match encoding {
            "hex" => (0..payload.len() / 2)
                .map(|i| u8::from_str_radix(&payload[2 * i..2 * i + 2], 16).unwrap())
                .collect(),
            _ => payload.into(),
        };
        let key = match kind {
            "S" => Key::String(payload),
            "N" => Key::Number(payload),
            _ => Key::Binary(&bytes),
        };
        let place = Place {
            table: Arc::clone(&unknown),
            token: key.token(),
            hash: key.hash(),
        };
        let route = to(Aim::Coordinator, &[place]);
        for (order, expected) in [
            (CoordinatorOrder::Shared, go),
            (CoordinatorOrder::RustClient, rust),
        ] {
            let way = cluster.way(Policy::PeakEwma, order, &route);
            let way: Vec<_> = way.iter().map(ToString::to_string).collect();
            assert_eq!(way.join(","), expected, "{line}");
        }
        seen += 1;
    }
    assert_eq!(seen, 14);
}

#[test]
fn of_several_keys_the_coordinator_of_most_is_chosen_and_of_equals_the_url_that_sorts_first() {
    let cluster = Cluster::new(1..=12, []);
    let table = table(&[(0, &[2]), (10, &[10]), (i64::MAX, &[9])]);
    let order = CoordinatorOrder::PrimaryReplica;
    let first = |tokens: &[i64]| {
        let places: Vec<_> = tokens.iter().map(|t| place(&table, *t)).collect();
        cluster.way(Policy::PeakEwma, order, &to(Aim::Coordinator, &places))[0]
    };
    assert_eq!(first(&[-1, 5, 11, 12]), 9);
    // By their URLs, with a port behind them, 10 comes before 2.
    assert_eq!(first(&[-1, 5, 11]), 10);
    assert_eq!(cluster.near.len(), 12);
}
