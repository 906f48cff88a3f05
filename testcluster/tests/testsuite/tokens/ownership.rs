//! How many replicas there are and where, and what becomes of them when tablets move and nodes come
//! and go.

use std::collections::BTreeSet;

use alternator_testcluster::{Builder, Cluster, Node};
use serde_json::json;

use crate::tokens::{create, key, nine, partition, run, table_request, text, with_table};

fn replicas(cluster: &Cluster) -> Vec<Vec<Node>> {
    (0..300).map(|n| cluster.replicas("tab", &key(&n.to_string()))).collect()
}

fn replaced(nodes: &[Node], old: &Node, new: &Node) -> Vec<Node> {
    nodes.iter().map(|node| if node == old { new } else { node }).cloned().collect()
}

/// The two ways to spread a table.
fn spreads(builder: &Builder) -> [Builder; 2] {
    [builder.clone().tablets(16), builder.clone().vnodes(16)]
}

#[test]
fn every_key_has_as_many_replicas_as_there_may_be_in_as_many_racks() {
    let two = Cluster::builder().nodes(2);
    let three = Cluster::builder().nodes(3);
    let racks = Cluster::builder().rack("dc1", "a", 4).rack("dc1", "b", 2);
    let datacenters = nine().rack("dc2", "rack1", 2);
    for (builder, expected, racks) in [
        (two.clone(), 1, 1),
        (two.replication_factor(2), 2, 1),
        (three.clone(), 3, 1),
        (three.replication_factor(5), 3, 1),
        (racks, 3, 2),
        (nine(), 3, 3),
        (datacenters, 5, 4),
    ] {
        for builder in spreads(&builder) {
            let cluster = with_table(builder);
            for replicas in replicas(&cluster) {
                let nodes: BTreeSet<_> = replicas.iter().map(Node::addr).collect();
                let found: BTreeSet<_> =
                    replicas.iter().map(|node| (node.datacenter(), node.rack())).collect();
                assert_eq!((replicas.len(), nodes.len()), (expected, expected));
                assert_eq!(found.len(), racks);
            }
        }
    }
}

#[test]
fn every_node_has_a_share_and_is_somewhere_the_primary_replica() {
    for builder in [nine().tablets(256), nine().vnodes(64)] {
        let cluster = with_table(builder);
        let replicas = replicas(&cluster);
        for node in cluster.nodes() {
            let held = replicas.iter().filter(|nodes| nodes.contains(&node));
            assert!((60..140).contains(&held.count()));
            let first = replicas.iter().filter(|nodes| nodes[0] == node);
            assert!((10..70).contains(&first.count()));
        }
    }
}

#[test]
fn numbers_and_binaries_are_keys_too() {
    let cluster = nine().start().unwrap();
    run(&cluster.node(0), "CreateTable", &table_request("tab", "N", &json!([])));
    assert_eq!(cluster.token(&json!({"N": "1"})), 8893630619691575734);
    assert_eq!(cluster.token(&json!({"N": "1.0"})), -4999075544868613750);
    assert_eq!(cluster.token(&json!({"B": "/w=="})), -4442228696663692417);
    assert_eq!(cluster.replicas("tab", &json!({"N": "1"})).len(), 3);
    assert!(cluster.replicas("tab", &json!({"N": "one"})).is_empty());
}

#[test]
fn a_moved_tablet_is_on_one_other_node_of_its_rack() {
    let cluster = with_table(nine().tablets(8));
    for _ in 0..20 {
        let before = replicas(&cluster);
        let moved = cluster.move_tablet("tab").unwrap();
        assert_ne!(moved.from, moved.to);
        assert_eq!(moved.from.rack(), moved.to.rack());
        let after = replicas(&cluster);
        let changed: Vec<_> = before.iter().zip(&after).filter(|(b, a)| b != a).collect();
        assert!(!changed.is_empty());
        for (before, after) in changed {
            assert_eq!(*after, replaced(before, &moved.from, &moved.to));
        }
    }
    assert_eq!(with_table(nine().vnodes(4)).move_tablet("tab"), None);
    assert_eq!(with_table(Cluster::builder().nodes(3)).move_tablet("tab"), None);
}

#[test]
fn a_tablet_that_moves_is_where_it_was_and_the_table_tells_where_it_goes() {
    let cluster = nine().tablets(2).start().unwrap();
    let id = create(&cluster, "tab");
    let before = replicas(&cluster);
    cluster.begin_move("tab").unwrap();
    assert_eq!(replicas(&cluster), before);
    let rows = || partition(&cluster.node(0), "system.tablets", "table_id", &id);
    let moving: Vec<_> = rows().into_iter().filter(|row| row.get("stage").is_some()).collect();
    let [row] = &moving[..] else {
        panic!("{moving:?}");
    };
    assert_eq!(text(row, "stage"), "streaming");
    assert_eq!(text(row, "transition"), "migration");
    assert_ne!(text(row, "new_replicas"), text(row, "replicas"));
    cluster.finish_moves("tab");
    assert_ne!(replicas(&cluster), before);
    let after = rows();
    assert!(after.iter().all(|row| row.get("new_replicas").is_none()));
    let arrived = after.iter().any(|other| text(other, "replicas") == text(row, "new_replicas"));
    assert!(arrived);
}

#[test]
fn a_move_is_given_up_when_either_of_its_nodes_leaves() {
    for leaves in [0, 1] {
        let cluster = with_table(nine().tablets(1));
        let begun = cluster.begin_move("tab").unwrap();
        let left = [begun.from, begun.to][leaves].clone();
        cluster.remove_node(&left);
        let before = replicas(&cluster);
        assert!(before.iter().all(|nodes| nodes.len() == 3));
        cluster.finish_moves("tab");
        assert_eq!(replicas(&cluster), before);
    }
}

#[test]
fn split_tablets_are_twice_as_many_in_the_same_places() {
    let cluster = nine().tablets(4).start().unwrap();
    let id = create(&cluster, "tab");
    let before = replicas(&cluster);
    cluster.split_tablets("tab");
    assert_eq!(replicas(&cluster), before);
    let rows = partition(&cluster.node(0), "system.tablets", "table_id", &id);
    assert_eq!(rows.len(), 8);
    assert_eq!(text(&rows[0], "tablet_count"), "8");
    assert_eq!(text(&rows[7], "last_token"), i64::MAX.to_string());
    cluster.move_tablet("tab").unwrap();
    assert_ne!(replicas(&cluster), before);
}

#[test]
fn what_a_node_held_goes_to_others_when_it_leaves() {
    for builder in spreads(&nine()) {
        let cluster = with_table(builder);
        for _ in 0..5 {
            let left = cluster.node(0);
            let before = replicas(&cluster);
            cluster.remove_node(&left);
            for (before, after) in before.iter().zip(replicas(&cluster)) {
                assert_eq!(after.len(), 3);
                assert!(!after.contains(&left));
                assert!(before.contains(&left) || *before == after);
            }
        }
        cluster.remove_node(&cluster.node(0));
        cluster.remove_node(&cluster.node(0));
        assert!(replicas(&cluster).iter().all(|nodes| nodes.len() == 2));
    }
}

#[test]
fn a_node_that_joins_has_no_tablets_but_a_part_of_the_ring() {
    for (builder, has_some) in spreads(&nine()).into_iter().zip([false, true]) {
        let cluster = with_table(builder);
        let joined = cluster.add_node("dc1", "rack1").unwrap();
        let holds = || replicas(&cluster).iter().any(|nodes| nodes.contains(&joined));
        assert_eq!(holds(), has_some);
        if !has_some {
            assert!((0..200).any(|_| {
                cluster.move_tablet("tab").unwrap();
                holds()
            }));
        }
    }
}

#[test]
fn a_replacement_holds_what_the_replaced_node_held() {
    for builder in spreads(&nine()) {
        let cluster = with_table(builder);
        let before = replicas(&cluster);
        let old = cluster.node(4);
        let new = cluster.replace_node(&old).unwrap();
        for (before, after) in before.iter().zip(replicas(&cluster)) {
            assert_eq!(after, replaced(before, &old, &new));
        }
    }
}
