//! Which replica gets a request.

use super::*;

#[test]
fn any_replica_of_the_key_is_chosen_and_nobody_else() {
    fastrand::seed(7);
    let cluster = Cluster::new(1..=9, []);
    let table = table(&[(0, &[3, 1, 5]), (i64::MAX, &[2, 9, 4])]);
    for policy in POLICIES {
        for (token, replicas) in [(-5, [1, 3, 5]), (0, [1, 3, 5]), (1, [2, 4, 9])] {
            let route = to(Aim::Replica, &[partition(&table, token)]);
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
    let route = to(Aim::Replica, &[partition(&table, 7)]);
    let chosen = cluster.chosen(Policy::RoundRobin, &route);
    assert_eq!(chosen, [1, 3, 5].into());
}

#[test]
fn replicas_that_are_out_or_were_tried_are_passed_over_until_none_is_left() {
    fastrand::seed(7);
    let cluster = Cluster::new(1..=9, []);
    let table = table(&[(i64::MAX, &[3, 1, 5])]);
    let route = to(Aim::Replica, &[partition(&table, 7)]);
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
        let route = to(Aim::Replica, &[partition(&table, i % 3)]);
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
        let with_one = to(Aim::Replica, &[partition(&table, -1)]);
        assert_eq!(cluster.chosen(policy, &with_one), [2].into());
        let way = cluster.way(policy, CoordinatorOrder::default(), &with_one);
        assert_eq!((way[0], way.len()), (2, 3));
        let without = to(Aim::Replica, &[partition(&table, 1)]);
        assert_eq!(cluster.chosen(policy, &without), [4, 5, 7].into());
    }
}

/// Records that a node responded within `millis` milliseconds, a while ago.
fn answered(cluster: &Cluster, node: u8, millis: u64, age: Duration) {
    let (load, at) = (&cluster.node(node).load, NOW.before(age));
    load.begun(at);
    load.answered(Duration::from_millis(millis), 1, at);
}

#[test]
fn a_replica_of_another_rack_is_chosen_where_that_of_the_own_is_far_slower() {
    let table = table(&[(i64::MAX, &[4, 2])]);
    let route = to(Aim::Replica, &[partition(&table, 1)]);
    for (own, other, chosen) in [(20, 10, 2), (400, 10, 4), (4, 0, 2)] {
        let cluster = Cluster::new(1..=3, 4..=9);
        answered(&cluster, 2, own, Duration::ZERO);
        answered(&cluster, 4, other, Duration::ZERO);
        assert_eq!(cluster.chosen(Policy::PeakEwma, &route), [chosen].into());
        // These policies promise exact shares, which must not depend on latencies.
        assert_eq!(cluster.chosen(Policy::RoundRobin, &route), [2].into());
    }
}

#[test]
fn a_replica_of_another_rack_is_no_better_for_having_had_no_request_for_a_while() {
    let table = table(&[(i64::MAX, &[4, 2])]);
    let route = to(Aim::Replica, &[partition(&table, 1)]);
    let cluster = Cluster::new(1..=3, 4..=9);
    answered(&cluster, 2, 20, Duration::ZERO);
    answered(&cluster, 4, 20, Duration::from_secs(20));
    assert_eq!(cluster.chosen(Policy::PeakEwma, &route), [2].into());
    // Fast enough that no other node is considered.
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
    let partitions = [-1, 5, 11].map(|token| partition(&table, token));
    let route = to(Aim::Replica, &partitions);
    for policy in POLICIES {
        assert_eq!(cluster.chosen(policy, &route), [2, 3].into());
    }
    cluster.take_out(2);
    cluster.take_out(3);
    assert_eq!(cluster.chosen(Policy::RoundRobin, &route), [1, 4, 5].into());
}
