//! What was learned of the scopes outlives the runtime that it was learned on.

use alternator_connector::Scope;
use alternator_testcluster::{Fault, Lie, Node, View};
use tokio::runtime::{Builder, Runtime};

use crate::scopes::{cluster, refreshing_on_demand_from};
use crate::support::{addrs, client_without_retries, ping, routes};

fn runtime() -> Runtime {
    Builder::new_current_thread().enable_all().build().unwrap()
}

#[test]
fn one_bad_moment_after_a_change_of_runtime_is_no_reason_to_leave_the_scope() {
    let cluster = cluster();
    let nodes = cluster.nodes();
    let (inside, outside) = nodes.split_at(2);
    let connector = refreshing_on_demand_from(&nodes)
        .scope(Scope::rack("dc1", "r1"))
        .fallback(Scope::Cluster)
        .build()
        .unwrap();
    runtime().block_on(async {
        let client = client_without_retries(&connector).await;
        ping(&client).await.unwrap();
        connector.refresh().await.unwrap();
    });
    for fault in [Fault::LocalNodes(Lie::Status(500)), Fault::LocalNodes(Lie::Empty)] {
        inside.iter().for_each(|n| n.inject(fault.clone()));
        runtime().block_on(async {
            let _ = connector.refresh().await;
            assert_eq!(routes(&connector), addrs(inside), "{fault:?}");
            inside.iter().for_each(Node::heal);
            connector.refresh().await.unwrap();
        });
    }
    assert!(outside.iter().all(|n| n.stats().data_requests() == 0));
}

#[test]
fn a_node_that_is_unlisted_after_a_change_of_runtime_does_not_go_at_once() {
    let cluster = cluster();
    let nodes = cluster.nodes();
    let inside = &nodes[..2];
    let connector =
        refreshing_on_demand_from(&nodes[..1]).scope(Scope::rack("dc1", "r1")).build().unwrap();
    runtime().block_on(async { connector.refresh().await.unwrap() });
    inside[0].set_view(View::Only(vec![]));
    inside[1].stop();
    for _ in 0..2 {
        // Misses count though each is seen on a runtime of its own.
        runtime().block_on(async { connector.refresh().await.unwrap() });
        assert_eq!(routes(&connector), addrs(inside));
    }
    runtime().block_on(async { connector.refresh().await.unwrap() });
    assert_eq!(routes(&connector), addrs(&inside[..1]));
}
