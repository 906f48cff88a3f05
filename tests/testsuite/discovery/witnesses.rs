//! One node's word is not the cluster's, and one failed refresh is no news.

use alternator_connector::Scope;
use alternator_testcluster::{Cluster, Fault, Lie, View};

use crate::discovery::{cluster, refreshing_on_demand, refreshing_on_demand_from};
use crate::support::{USER, addrs, eventually, routes};

#[tokio::test]
async fn a_node_that_sees_only_itself_does_not_narrow_the_list() {
    for scope in [Scope::Cluster, Scope::datacenter("dc1"), Scope::rack("dc1", "rack1")] {
        let cluster = cluster(5);
        let loner = cluster.node(0);
        let connector = refreshing_on_demand_from([&loner]).scope(scope.clone()).build().unwrap();
        connector.refresh().await.unwrap();
        assert_eq!(connector.known_nodes().len(), 5);
        loner.set_view(View::Only(vec![]));
        // Often enough that the loner is among the few who are asked, and by chance nearly alone.
        for _ in 0..40 {
            connector.refresh().await.unwrap();
            assert_eq!(routes(&connector), addrs(&cluster.nodes()), "{scope}");
        }
    }
}

#[tokio::test]
async fn a_connector_that_first_met_a_lonely_node_finds_the_others_through_its_seeds() {
    for scope in [Scope::Cluster, Scope::datacenter("dc1")] {
        let cluster = cluster(3);
        let loner = cluster.node(0);
        loner.set_view(View::Only(vec![]));
        for other in &cluster.nodes()[1..] {
            other.stop();
        }
        let connector = refreshing_on_demand(&cluster).scope(scope.clone()).build().unwrap();
        eventually("only the lonely node is known", async || {
            connector.refresh().await.unwrap();
            routes(&connector) == [loner.addr()]
        })
        .await;
        for other in &cluster.nodes()[1..] {
            other.start().unwrap();
        }
        // The lonely node still sees nobody else.
        connector.refresh().await.unwrap();
        assert_eq!(routes(&connector), addrs(&cluster.nodes()), "{scope}");
    }
}

#[tokio::test]
async fn one_failed_refresh_does_not_drop_a_datacenter() {
    let cluster = Cluster::builder()
        .rack("dc1", "r", 3)
        .rack("dc2", "r", 3)
        .auth(USER.0, USER.1)
        .start()
        .unwrap();
    let connector = refreshing_on_demand(&cluster).build().unwrap();
    connector.refresh().await.unwrap();
    for fault in [
        Fault::LocalNodes(Lie::Status(500)),
        Fault::LocalNodes(Lie::Empty),
        Fault::LocalNodes(Lie::Reset),
        Fault::Refuse,
    ] {
        for node in &cluster.nodes()[3..] {
            node.inject(fault.clone());
            node.close_idle();
        }
        connector.refresh().await.unwrap();
        assert_eq!(routes(&connector), addrs(&cluster.nodes()), "{fault:?}");
        for node in &cluster.nodes()[3..] {
            node.heal();
        }
        connector.refresh().await.unwrap();
        assert_eq!(routes(&connector), addrs(&cluster.nodes()), "{fault:?}");
    }
}
