//! Clients of one rack: reads stay in it where it has a replica, and all racks agree on
//! coordinators.

use std::collections::BTreeSet;
use std::time::Duration;

use alternator_connector::{ConnectorBuilder, CoordinatorOrder, LwtAffinity, Scope};
use alternator_testcluster::{Cluster, Delay, Fault};
use serde_json::json;

use crate::routing::{
    client_that_knows_replicas, differences, get, hops, key, nine_nodes, requests_of_each,
    with_table,
};
use crate::support::direct::HOUR;
use crate::support::{TABLE, conditional_put, connector, eventually};

/// Of the rack with this number, counted from zero.
fn in_rack(cluster: &Cluster, rack: usize) -> ConnectorBuilder {
    let rack = cluster.node(3 * rack).rack().to_owned();
    connector(cluster).scope(Scope::rack("dc1", rack))
}

#[tokio::test]
async fn replicas_of_the_own_rack_come_before_those_of_others() {
    let cluster = with_table(nine_nodes().tablets(64).failure_detection(HOUR)).await;
    let nodes = cluster.nodes();
    let own = &nodes[3..6];
    let (_, client) = client_that_knows_replicas(&cluster, own, in_rack(&cluster, 1)).await;
    // So that they do not seem to differ by chance.
    for node in &nodes {
        node.inject(Fault::Slow(Delay::Fixed(Duration::from_millis(10))));
    }
    let before = (requests_of_each(&cluster, "GetItem"), hops(&cluster));
    for n in 0..100 {
        get(&client, n).await;
    }
    let reads = differences(&requests_of_each(&cluster, "GetItem"), &before.0);
    // The others get one each, to be measured by, and another where the own replica seems to be far
    // slower for a moment.
    assert!(reads[3..6].iter().sum::<u64>() >= 85, "{reads:?}");
    assert_eq!(hops(&cluster), before.1);

    let replicas = cluster.replicas(TABLE, &json!({ "S": key(0) }));
    replicas.iter().find(|node| own.contains(node)).unwrap().stop();
    let before = hops(&cluster);
    for _ in 0..20 {
        get(&client, 0).await;
    }
    assert_eq!(hops(&cluster), before, "other racks have replicas, too");
}

#[tokio::test]
async fn clients_of_different_racks_agree_on_one_coordinator_in_the_datacenter() {
    use CoordinatorOrder::{PrimaryReplica, RustClient, Shared};
    for order in [PrimaryReplica, Shared, RustClient] {
        let builder = nine_nodes().tablets(64).contention_window(HOUR);
        let cluster = with_table(builder.contention_retry(Duration::ZERO)).await;
        let nodes = cluster.nodes();
        let mut clients = Vec::new();
        for rack in 0..2 {
            let builder =
                in_rack(&cluster, rack).lwt_affinity(LwtAffinity::read_modify_write().order(order));
            let own = &nodes[3 * rack..3 * rack + 3];
            let (_, client) = client_that_knows_replicas(&cluster, own, builder).await;
            // It knows the rest of the datacenter once it writes there.
            eventually("every node coordinates", async || {
                let before = requests_of_each(&cluster, "PutItem");
                for n in 0..50 {
                    conditional_put(&client, &format!("other {n} of rack {rack}")).await;
                }
                let writes = differences(&requests_of_each(&cluster, "PutItem"), &before);
                writes.iter().all(|writes| *writes > 0)
            })
            .await;
            clients.push(client);
        }
        let contended = || -> u64 { nodes.iter().map(|node| node.stats().contended).sum() };
        let before = contended();
        let mut coordinators = BTreeSet::new();
        for n in 0..40 {
            for client in &clients {
                conditional_put(client, &key(n)).await;
            }
            let turns = cluster.coordinators(TABLE, &json!({ "S": key(n) }));
            assert_eq!((turns.len(), turns[0].transactions), (1, 2), "{order:?}");
            coordinators.insert(turns[0].coordinator);
        }
        assert_eq!(contended(), before, "{order:?}");
        assert!(coordinators.len() > 6, "they are in all racks");
    }
}
