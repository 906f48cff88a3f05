//! Which node coordinates the writes of a key.

use super::*;

const ORDERS: [CoordinatorOrder; 3] =
    [CoordinatorOrder::PrimaryReplica, CoordinatorOrder::Shared, CoordinatorOrder::RustClient];

#[test]
fn a_key_has_one_coordinator_and_the_next_serves_while_it_does_not() {
    let table = table(&[(i64::MAX, &[5, 2, 8])]);
    for order in ORDERS {
        let cluster = Cluster::new(1..=9, []);
        let route = to(Aim::Coordinator, &[partition(&table, 77)]);
        let first = cluster.way(Policy::PeakEwma, order, &route);
        assert_eq!(first.len(), 9);
        for policy in POLICIES {
            assert_eq!(cluster.way(policy, order, &route), first);
        }
        cluster.take_out(first[0]);
        cluster.take_out(first[2]);
        let others = [&first[1..2], &first[3..]].concat();
        assert_eq!(cluster.way(Policy::PeakEwma, order, &route), others);
        cluster.node(first[0]).health.bring_back(Moment::default());
        assert_eq!(cluster.way(Policy::PeakEwma, order, &route)[0], first[0]);
    }
}

#[test]
fn the_primary_replica_is_the_first_of_the_tablet_and_the_shared_order_follows_the_last() {
    let cluster = Cluster::new([1, 2, 5], 6..=9);
    let table = table(&[(i64::MAX, &[8, 2, 4])]);
    let route = to(Aim::Coordinator, &[partition(&table, 77)]);
    let way = |order| cluster.way(Policy::PeakEwma, order, &route);
    let primary = way(CoordinatorOrder::PrimaryReplica);
    let shared = way(CoordinatorOrder::Shared);
    // Node 4 is not in the snapshot.
    assert_eq!(primary[..2], [8, 2]);
    let rest: Vec<_> = shared.into_iter().filter(|n| ![8, 2].contains(n)).collect();
    assert_eq!(primary[2..], rest);
}

#[test]
fn while_the_replicas_are_not_known_the_primary_replica_is_that_of_the_shared_order() {
    let cluster = Cluster::new(1..=9, []);
    let unknown = unknown();
    let route = to(Aim::Coordinator, &[partition(&unknown, 77)]);
    let way = |order| cluster.way(Policy::PeakEwma, order, &route);
    let shared = way(CoordinatorOrder::Shared);
    assert_eq!(way(CoordinatorOrder::PrimaryReplica), shared);
    let route = to(Aim::Replica, &[partition(&unknown, 77)]);
    assert!(cluster.way(Policy::PeakEwma, CoordinatorOrder::Shared, &route).is_empty());
}

#[test]
fn replicas_in_an_order_of_their_own_do_not_decide_who_coordinates() {
    fastrand::seed(7);
    let cluster = Cluster::new(1..=9, []);
    let order = CoordinatorOrder::PrimaryReplica;
    let way = |table: &Arc<Table>, aim| {
        let route = to(aim, &[partition(table, 77)]);
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
    let route = to(Aim::Replica, &[partition(&table, 77)]);
    assert_eq!(cluster.chosen(Policy::RoundRobin, &route), [2, 5, 7].into());
    let route = to(Aim::Coordinator, &[partition(&table, 77)]);
    let order = CoordinatorOrder::PrimaryReplica;
    let way = cluster.way(Policy::PeakEwma, order, &route);
    assert_eq!(way[..3], [8, 2, 5]);
}

/// The orders of the vectors, whose nodes are `http://10.0.0.1:8000/` to `…12`.
#[test]
fn coordinators_are_those_of_the_other_clients() {
    let cluster = Cluster::new(1..=12, []);
    let unknown = unknown();
    let vectors = include_str!("../../../../tests/data/vectors/affinity-order.tsv");
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
        let partition =
            Partition { table: Arc::clone(&unknown), token: key.token(), hash: key.hash() };
        let route = to(Aim::Coordinator, &[partition]);
        for (order, expected) in
            [(CoordinatorOrder::Shared, go), (CoordinatorOrder::RustClient, rust)]
        {
            let way: Vec<_> = cluster
                .way(Policy::PeakEwma, order, &route)
                .iter()
                .map(ToString::to_string)
                .collect();
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
        let partitions: Vec<_> = tokens.iter().map(|t| partition(&table, *t)).collect();
        cluster.way(Policy::PeakEwma, order, &to(Aim::Coordinator, &partitions))[0]
    };
    assert_eq!(first(&[-1, 5, 11, 12]), 9);
    // By their URLs, with a port behind them, 10 comes before 2.
    assert_eq!(first(&[-1, 5, 11]), 10);
    assert_eq!(cluster.near.len(), 12);
}
