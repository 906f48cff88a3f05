//! The tables of tablets, nodes, options and schemas, value by value.

use std::collections::BTreeSet;
use std::io::ErrorKind;

use alternator_testcluster::{Cluster, Version};
use serde_json::json;

use crate::tokens::{create, hosts, nine, partition, run, scan, table_request, text};

#[test]
fn tablets_divide_the_token_line_and_list_hosts_with_shards_in_order() {
    let cluster = nine().tablets(4).internal_addresses().start().unwrap();
    let id = create(&cluster, "tab");
    let hosts = hosts(&cluster);
    let rows = partition(&cluster.node(3), "system.tablets", "table_id", &id);
    let ends: Vec<_> = rows.iter().map(|row| text(row, "last_token")).collect();
    assert_eq!(ends, ["-4611686018427387905", "-1", "4611686018427387903", "9223372036854775807"]);
    for row in &rows {
        for (column, expected) in [
            ("table_id", &*id),
            ("keyspace_name", "alternator_tab"),
            ("table_name", "tab"),
            ("tablet_count", "4"),
            ("resize_type", "none"),
        ] {
            assert_eq!(text(row, column), expected);
        }
        for absent in ["base_table", "new_replicas", "stage", "transition"] {
            assert_eq!(row.get(absent), None);
        }
    }
    for n in 0..200 {
        let key = json!({"S": format!("key {n}")});
        let token = cluster.token(&key);
        let row =
            rows.iter().find(|row| token <= text(row, "last_token").parse().unwrap()).unwrap();
        let nodes: Vec<_> = text(row, "replicas")
            .split(", ")
            .map(|replica| {
                let (id, shard) = replica.split_once(':').unwrap();
                assert!(["0", "1"].contains(&shard));
                let host = hosts.iter().find(|host| host.id == id).unwrap();
                host.node.clone()
            })
            .collect();
        assert_eq!(nodes, cluster.replicas("tab", &key));
        let racks: BTreeSet<_> = nodes.iter().map(|node| node.rack().to_owned()).collect();
        assert_eq!((nodes.len(), racks.len()), (3, 3));
    }
}

#[test]
fn a_node_is_local_to_itself_and_a_peer_to_all_others() {
    let cluster = Cluster::builder()
        .rack("dc1", "a", 2)
        .rack("dc2", "b", 1)
        .internal_addresses()
        .start()
        .unwrap();
    for (at, node) in cluster.nodes().iter().enumerate() {
        let [local] = &scan(node, "system.local")[..] else {
            panic!("more than one local node");
        };
        assert_eq!(partition(node, "system.local", "key", "local"), std::slice::from_ref(local));
        let address = node.addr().ip().to_string();
        let internal = format!("10.0.0.{}", at + 1);
        for (column, expected) in [
            ("key", "local"),
            ("rpc_address", &*address),
            ("broadcast_address", &*internal),
            ("listen_address", &*internal),
            ("data_center", node.datacenter()),
            ("rack", node.rack()),
        ] {
            assert_eq!(text(local, column), expected);
        }
        assert_eq!(text(local, "tokens").split("; ").count(), 16);
        let peers: BTreeSet<_> = scan(node, "system.peers")
            .iter()
            .map(|peer| {
                let named = partition(node, "system.peers", "peer", text(peer, "peer"));
                assert_eq!(named, std::slice::from_ref(peer));
                assert!(text(peer, "peer").starts_with("10.0.0."));
                text(peer, "rpc_address").to_owned()
            })
            .collect();
        let others = cluster.nodes().into_iter().filter(|other| other != node);
        let others: BTreeSet<_> = others.map(|other| other.addr().ip().to_string()).collect();
        assert_eq!(peers, others);
    }
    let ids: BTreeSet<_> = hosts(&cluster).into_iter().map(|host| host.id).collect();
    assert_eq!(ids.len(), 3);
    for id in ids {
        let parts: Vec<_> = id.split('-').map(str::len).collect();
        assert_eq!(parts, [8, 4, 4, 4, 12], "{id}");
        assert_eq!(id, id.to_lowercase());
    }
}

#[test]
fn options_are_json_so_that_texts_are_in_quotes() {
    let cluster = Cluster::builder().write_isolation("always").vnodes(4).start().unwrap();
    let node = cluster.node(0);
    let value = |name: &str| {
        let [row] = &partition(&node, "system.config", "name", name)[..] else {
            panic!("no {name}");
        };
        text(row, "value").to_owned()
    };
    assert_eq!(value("alternator_write_isolation"), r#""always""#);
    assert_eq!(value("tablets_mode_for_new_keyspaces"), r#""disabled""#);
    assert_eq!(value("alternator_port"), cluster.port().to_string());
    assert_eq!(value("alternator_enforce_authorization"), "false");
    assert!(Cluster::builder().write_isolation("sometimes").start().is_err());
}

#[test]
fn a_boolean_is_a_string_that_is_called_a_boolean() {
    let cluster = nine().tablets(2).start().unwrap();
    let id = create(&cluster, "tab");
    let node = cluster.node(1);
    let row = &partition(&node, "system_schema.keyspaces", "keyspace_name", "alternator_tab")[0];
    assert_eq!(
        *row,
        json!({
            "keyspace_name": {"S": "alternator_tab"},
            "durable_writes": {"BOOL": "true"},
            "replication": {"S": "({class : org.apache.cassandra.locator.NetworkTopologyStrategy}, {dc1 : 3})"},
        })
    );
    assert_eq!(
        scan(&node, "system_schema.tables"),
        [json!({
            "keyspace_name": {"S": "alternator_tab"}, "table_name": {"S": "tab"}, "id": {"S": id},
        })]
    );
    assert_eq!(
        scan(&node, "system_schema.scylla_keyspaces"),
        [json!({"keyspace_name": {"S": "alternator_tab"}, "initial_tablets": {"S": "2"}})]
    );
}

#[test]
fn a_table_that_shares_tablets_has_none_of_its_own() {
    let cluster = nine().start().unwrap();
    let base = create(&cluster, "base");
    let id = create(&cluster, "shared");
    cluster.colocate("shared", "base");
    let rows = partition(&cluster.node(0), "system.tablets", "table_id", &id);
    assert_eq!(rows.len(), 1);
    assert_eq!(text(&rows[0], "base_table"), base);
    assert_eq!(rows[0].get("last_token"), None);
    assert_eq!(rows[0].get("replicas"), None);
    for n in 0..50 {
        let key = json!({"S": n.to_string()});
        assert_eq!(cluster.replicas("shared", &key), cluster.replicas("base", &key));
    }
}

#[test]
fn a_table_has_another_id_when_it_is_created_again() {
    let cluster = nine().start().unwrap();
    let node = cluster.node(4);
    let first = create(&cluster, "tab");
    let described = run(&node, "DescribeTable", &json!({"TableName": "tab"}));
    assert_eq!(described["Table"]["TableId"], first);
    run(&node, "DeleteTable", &json!({"TableName": "tab"}));
    assert!(partition(&node, "system.tablets", "table_id", &first).is_empty());
    assert!(cluster.replicas("tab", &json!({"S": "a"})).is_empty());
    run(&node, "CreateTable", &table_request("tab", "N", &json!([])));
    let described = run(&node, "DescribeTable", &json!({"TableName": "tab"}));
    let second = described["Table"]["TableId"].as_str().unwrap();
    assert_ne!(first, second);
    assert_eq!(partition(&node, "system.tablets", "table_id", second).len(), 8);
}

#[test]
fn a_release_that_would_tell_clients_of_internal_addresses_has_none() {
    let refused = nine().version(Version::V5).internal_addresses().start();
    assert_eq!(refused.err().unwrap().kind(), ErrorKind::InvalidInput);
    let later = nine().version(Version::V6_1).internal_addresses();
    assert!(later.start().is_ok());
}
