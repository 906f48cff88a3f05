//! What is known follows the cluster.

use std::time::Duration;

use alternator_connector::{AlternatorConnector, CoordinatorOrder, LwtAffinity, Scope};
use alternator_testcluster::Cluster;
use aws_sdk_dynamodb::Client;

use crate::routing::{
    KEYS, client_that_knows_replicas, get, hops, key, known_replicas, knows_the_order, nine_nodes,
    put, reading_until, requests_of, with_table,
};
use crate::support::{
    TABLE, USER, alternator_client_with_table, connector, eventually_routes_to, s, within,
};

/// So short that a test can wait for it.
const SOON: Duration = Duration::from_millis(200);

async fn learned(cluster: &Cluster, refresh: Duration) -> (AlternatorConnector, Client) {
    let (connector, client) =
        alternator_client_with_table(connector(cluster).table_refresh_interval(refresh)).await;
    eventually_routes_to(&connector, &cluster.nodes()).await;
    reading_until(&client, "the replicas are known", || knows_the_order(&connector, cluster)).await;
    (connector, client)
}

#[tokio::test]
async fn tablets_that_move_or_are_split_are_followed() {
    let cluster = nine_nodes().tablets(16).start().unwrap();
    let (connector, client) = learned(&cluster, SOON).await;
    for _ in 0..3 {
        assert!(cluster.move_tablet(TABLE).is_some());
        cluster.split_tablets(TABLE);
        reading_until(&client, "the move is known", || knows_the_order(&connector, &cluster)).await;
    }
}

#[tokio::test]
async fn a_tablet_on_its_way_is_where_it_was_until_it_has_arrived() {
    let cluster = nine_nodes().start().unwrap();
    let (connector, client) = learned(&cluster, SOON).await;
    assert!(cluster.begin_move(TABLE).is_some());
    let before = requests_of(&cluster, "DescribeTable");
    reading_until(&client, "it was looked up twice", || {
        requests_of(&cluster, "DescribeTable") >= before + 2
    })
    .await;
    assert!(knows_the_order(&connector, &cluster));
    cluster.finish_moves(TABLE);
    reading_until(&client, "the move is known", || knows_the_order(&connector, &cluster)).await;
}

#[tokio::test]
async fn a_change_of_the_node_list_has_tables_looked_up_again() {
    let cluster = nine_nodes().start().unwrap();
    let (connector, client) = learned(&cluster, Duration::from_secs(3600)).await;
    // They come after one second, two, and four; the next would come after eight.
    reading_until(&client, "lookups have become rare", || {
        let age = connector.routing(TABLE).and_then(|routing| routing.age());
        let has_ended = age.is_some_and(|age| age < Duration::from_secs(1));
        requests_of(&cluster, "DescribeTable") == 4 && has_ended
    })
    .await;
    let gone = cluster.node(3);
    let before = requests_of(&cluster, "DescribeTable") - gone.stats().requests_of("DescribeTable");
    cluster.remove_node(&gone);
    within(Duration::from_secs(5), "it is looked up again", async || {
        get(&client, 0).await;
        requests_of(&cluster, "DescribeTable") > before
    })
    .await;
    reading_until(&client, "the replicas of the node are elsewhere", || {
        knows_the_order(&connector, &cluster)
    })
    .await;
    let new = cluster.replace_node(&cluster.node(0)).unwrap();
    reading_until(&client, "the new node is known", || {
        knows_the_order(&connector, &cluster)
            && (0..KEYS).any(|n| known_replicas(&connector, n).contains(&new.addr().ip()))
    })
    .await;
}

#[tokio::test]
async fn a_move_is_learned_from_the_answer_of_a_node_that_has_lost_the_key() {
    let cluster = nine_nodes().routing_header(true).start().unwrap();
    let (connector, client) = learned(&cluster, Duration::from_secs(3600)).await;
    for table in ["system.tablets", "system.token_ring", "system.peers"] {
        cluster.deny(USER.0, table);
    }
    for _ in 0..5 {
        assert!(cluster.move_tablet(TABLE).is_some());
    }
    within(Duration::from_secs(60), "answers have told of all moves", async || {
        for n in 0..KEYS {
            get(&client, n).await;
        }
        let before = hops(&cluster);
        for n in 0..KEYS {
            get(&client, n).await;
        }
        hops(&cluster) == before
    })
    .await;
    assert!(connector.routing(TABLE).is_some());
}

#[tokio::test]
async fn answers_that_confirm_what_is_known_take_nothing_from_it() {
    let datacenters = nine_nodes().rack("dc2", "rack1", 3).tablets(16);
    let cluster = with_table(datacenters.routing_header(true)).await;
    // Most coordinators hold no replica of the key, and say so.
    let affinity = LwtAffinity::every_write().order(CoordinatorOrder::Shared);
    let builder = connector(&cluster).lwt_affinity(affinity).scope(Scope::datacenter("dc1"));
    let nodes = &cluster.nodes()[..9];
    let (connector, client) = client_that_knows_replicas(&cluster, nodes, builder).await;
    let before = hops(&cluster);
    for n in 0..KEYS {
        put(&client, n).await;
        let replicas = connector.routing(TABLE).unwrap().replicas(&s(key(n)));
        assert_eq!(replicas.len(), 6);
        assert!(replicas.iter().all(|replica| replica.shard.is_some()));
    }
    assert!(hops(&cluster) > before + KEYS as u64 / 3);
}
