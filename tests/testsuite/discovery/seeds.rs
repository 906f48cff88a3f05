//! Every seed counts: each datacenter is known through its own.

use alternator_testcluster::{Cluster, View};

use crate::discovery::{cluster, refreshing_on_demand_from};
use crate::support::{USER, addrs, eventually, localnodes_requests, routes};

#[tokio::test]
async fn the_cluster_is_the_union_of_what_the_seeds_know() {
    let cluster = Cluster::builder()
        .rack("dc1", "r", 4)
        .rack("dc2", "r", 3)
        .auth(USER.0, USER.1)
        .start()
        .unwrap();
    let seeds = [cluster.node(0), cluster.node(4)];
    let connector = refreshing_on_demand_from(&seeds).build().unwrap();
    for _ in 0..20 {
        connector.refresh().await.unwrap();
        assert_eq!(routes(&connector), addrs(&cluster.nodes()));
    }
}

#[tokio::test]
async fn a_datacenter_whose_seed_comes_up_later_is_added() {
    let cluster = Cluster::builder()
        .rack("dc1", "r", 2)
        .rack("dc2", "r", 2)
        .rack("dc3", "r", 2)
        .auth(USER.0, USER.1)
        .start()
        .unwrap();
    let seeds = [cluster.node(0), cluster.node(2), cluster.node(4)];
    seeds[2].stop();
    let connector = refreshing_on_demand_from(&seeds).build().unwrap();
    eventually("the dead seed is dropped", async || {
        connector.refresh().await.unwrap();
        routes(&connector) == addrs(&cluster.nodes()[..4])
    })
    .await;
    seeds[2].start().unwrap();
    connector.refresh().await.unwrap();
    assert_eq!(routes(&connector), addrs(&cluster.nodes()));
}

#[tokio::test]
async fn every_seed_is_asked_though_they_know_nothing_of_each_other() {
    let cluster = cluster(6);
    for node in cluster.nodes() {
        node.set_view(View::Only(vec![]));
    }
    let connector = refreshing_on_demand_from(&cluster.nodes()).build().unwrap();
    connector.refresh().await.unwrap();
    assert_eq!(routes(&connector), addrs(&cluster.nodes()));
    assert!(localnodes_requests(&cluster).iter().all(|n| *n > 0));
}
