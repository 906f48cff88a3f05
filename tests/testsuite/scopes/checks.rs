//! The checks and accessors that the first Alternator client had, with their meanings and error
//! cases.

use std::time::Duration;

use alternator_connector::{AlternatorConnector, Error, Policy, RefreshError, Scope};
use alternator_testcluster::{Cluster, Fault, Lie, Version};
use tokio::time::timeout;
use tracing::Level;

use crate::scopes::{cluster, refreshing_on_demand_from};
use crate::support::logs::{capture_logs, logged};
use crate::support::{USER, addrs, client_without_retries, data_requests, ping, routes};

fn why(outcome: Result<impl std::fmt::Debug, Error>) -> std::sync::Arc<RefreshError> {
    match outcome {
        Err(Error::NoNodes { source, .. }) => source,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn datacenter_and_rack_are_checked_against_the_cluster() {
    let cluster = cluster();
    let check = async |scope: Option<Scope>| {
        let builder = refreshing_on_demand_from(&cluster.nodes()[4..5]);
        let connector = match scope {
            Some(scope) => builder.scope(scope).fallback(Scope::Cluster),
            None => builder,
        };
        let connector = connector.build().unwrap();
        connector.check_scope().await
    };
    // Nothing to check without a datacenter.
    check(None).await.unwrap();
    check(Some(Scope::datacenter("dc1"))).await.unwrap();
    check(Some(Scope::rack("dc1", "r2"))).await.unwrap();
    for (scope, name) in [
        (Scope::datacenter("dc7"), "dc7"),
        (Scope::rack("dc7", "r1"), "dc7"),
        (Scope::rack("dc1", "r7"), "r7"),
    ] {
        let why = why(check(Some(scope)).await);
        assert!(matches!(*why, RefreshError::EmptyScope { .. }), "{why}");
        assert!(why.to_string().contains(name), "{why}");
    }
}

#[tokio::test]
async fn the_check_of_datacenter_and_rack_needs_an_answer() {
    let cluster = cluster();
    cluster.nodes().iter().for_each(|n| n.stop());
    let seed = cluster.node(0);
    let connector =
        refreshing_on_demand_from([&seed]).scope(Scope::datacenter("dc1")).build().unwrap();
    let why = why(connector.check_scope().await);
    assert!(matches!(*why, RefreshError::Unanswered { .. }), "{why}");
    assert!(why.to_string().contains(&seed.addr().to_string()), "{why}");
    seed.start().unwrap();
    connector.check_scope().await.unwrap();
}

#[tokio::test]
async fn the_checks_ask_the_seeds_when_the_known_nodes_are_dead() {
    let cluster = Cluster::builder()
        .rack("dc1", "r1", 2)
        .rack("dc2", "r1", 1)
        .failure_detection(Duration::from_secs(3600))
        .start()
        .unwrap();
    let connector = refreshing_on_demand_from(&cluster.nodes()[2..])
        .scope(Scope::datacenter("dc1"))
        .build()
        .unwrap();
    connector.refresh().await.unwrap();
    assert_eq!(routes(&connector), addrs(&cluster.nodes()[..2]));
    cluster.nodes()[..2].iter().for_each(|n| n.stop());
    connector.check_scope().await.unwrap();
    let supported = connector.supports_racks();
    assert!(supported.await.unwrap());
}

#[tokio::test]
async fn servers_that_ignore_datacenter_and_rack_are_told_from_those_that_do_not() {
    for (version, knows) in [
        (Version::V6_1, false),
        (Version::V6_2, false),
        (Version::V2025, true),
        (Version::default(), true),
    ] {
        let cluster = Cluster::builder().nodes(2).version(version).start().unwrap();
        let connector = refreshing_on_demand_from(&cluster.nodes()).build().unwrap();
        let supported = connector.supports_racks().await;
        assert_eq!(supported.unwrap(), knows, "{version:?}");
    }
}

#[tokio::test]
async fn the_check_of_the_feature_needs_an_answer_that_lists_somebody() {
    let cluster = Cluster::builder().nodes(2).start().unwrap();
    let connector = refreshing_on_demand_from(&cluster.nodes()).build().unwrap();
    for node in cluster.nodes() {
        node.inject(Fault::LocalNodes(Lie::Empty));
    }
    let error = why(connector.supports_racks().await);
    assert!(error.to_string().contains("lists no node"), "{error}");
    cluster.nodes().iter().for_each(|n| n.stop());
    let error = why(connector.supports_racks().await);
    for node in cluster.nodes() {
        assert!(error.to_string().contains(&node.addr().to_string()), "{error}");
    }
    // One node that answers is enough.
    let node = cluster.node(1);
    node.heal();
    node.start().unwrap();
    let supported = connector.supports_racks();
    assert!(supported.await.unwrap());
}

#[tokio::test]
async fn nodes_that_hang_hold_up_no_check() {
    let cluster = cluster();
    let nodes = cluster.nodes();
    for node in &nodes[..7] {
        node.inject(Fault::Hang(alternator_testcluster::Scope::LocalNodes));
    }
    let limit = Duration::from_secs(60);
    let connector = || {
        refreshing_on_demand_from(&nodes)
            .scope(Scope::datacenter("dc1"))
            .discovery_timeout(limit)
            .build()
            .unwrap()
    };
    let check = timeout(limit / 2, async {
        let connector = connector();
        connector.check_scope().await
    });
    check.await.expect("it ends").unwrap();
    let check = timeout(limit / 2, async {
        let connector = connector();
        connector.supports_racks().await
    });
    assert!(check.await.expect("it ends").unwrap());
}

#[tokio::test]
async fn the_checks_are_called_by_the_names_of_the_first_client_too() {
    let cluster = cluster();
    let check = async |scope| {
        let connector = refreshing_on_demand_from(&cluster.nodes()).scope(scope).build().unwrap();
        assert!(connector.check_if_rack_datacenter_feature_is_supported().await.unwrap());
        connector.check_if_rack_and_datacenter_set_correctly().await
    };
    check(Scope::rack("dc1", "r2")).await.unwrap();
    let why = why(check(Scope::rack("dc1", "r7")).await);
    assert!(matches!(*why, RefreshError::EmptyScope { .. }), "{why}");
}

#[tokio::test]
async fn old_servers_can_be_used_without_a_scope() {
    for version in [Version::V6_1, Version::V6_2] {
        let cluster =
            Cluster::builder().nodes(3).version(version).auth(USER.0, USER.1).start().unwrap();
        let connector = refreshing_on_demand_from([&cluster.node(0)]).build().unwrap();
        connector.refresh().await.unwrap();
        assert_eq!(routes(&connector), addrs(&cluster.nodes()));
        let client = client_without_retries(&connector).await;
        ping(&client).await.unwrap();
    }
}

#[tokio::test]
async fn the_next_node_goes_round_the_known_nodes() {
    let cluster = Cluster::builder().nodes(3).start().unwrap();
    let connector =
        refreshing_on_demand_from([&cluster.node(0)]).policy(Policy::RoundRobin).build().unwrap();
    connector.refresh().await.unwrap();
    assert_eq!(routes(&connector), addrs(&cluster.nodes()));
    let client = client_without_retries(&connector).await;
    let mut next = Vec::new();
    for _ in 0..6 {
        next.push(connector.next_node().unwrap());
        ping(&client).await.unwrap();
    }
    assert_eq!(next[..3], next[3..]);
    next.truncate(3);
    next.sort();
    assert_eq!(next, addrs(&cluster.nodes()));
}

#[tokio::test]
async fn to_look_at_the_next_node_changes_nothing_of_what_the_next_request_gets() {
    let cluster = Cluster::builder().nodes(3).start().unwrap();
    let connector =
        refreshing_on_demand_from(&cluster.nodes()).policy(Policy::RoundRobin).build().unwrap();
    let client = client_without_retries(&connector).await;
    for request in 0..6 {
        let next = connector.next_node().unwrap();
        for _ in 0..4 {
            assert_eq!(connector.next_node(), Some(next));
        }
        assert_eq!(data_requests(&cluster).iter().sum::<u64>(), request);
        let node = cluster.nodes().into_iter().find(|node| node.addr() == next).unwrap();
        let before = node.stats().data_requests();
        ping(&client).await.unwrap();
        assert_eq!(node.stats().data_requests(), before + 1);
    }
}

#[tokio::test]
async fn nodes_are_known_before_anything_was_sent_only_where_seeds_may_serve() {
    let cluster = Cluster::builder().nodes(2).start().unwrap();
    let seeds = refreshing_on_demand_from(&cluster.nodes());
    assert_eq!(routes(&seeds.clone().build().unwrap()), addrs(&cluster.nodes()));
    let scoped = seeds.scope(Scope::datacenter("dc1")).build().unwrap();
    assert_eq!(routes(&scoped), []);
    assert!(scoped.next_node().is_none());
    assert!(cluster.nodes().iter().all(|n| n.stats().connections == 0));
}

#[tokio::test]
async fn a_misconfigured_connector_says_so_and_knows_nobody() {
    let connector = AlternatorConnector::new(["ftp://nowhere"]);
    assert!(connector.known_nodes().is_empty() && connector.next_node().is_none());
    for error in [
        connector.refresh().await.unwrap_err(),
        connector.check_scope().await.unwrap_err(),
        connector.supports_racks().await.unwrap_err(),
        connector.check_if_rack_and_datacenter_set_correctly().await.unwrap_err(),
        connector.check_if_rack_datacenter_feature_is_supported().await.unwrap_err(),
    ] {
        assert!(matches!(error, Error::Config { .. }), "{error}");
        let text = Error::explain(&error);
        assert!(text.contains("ftp://nowhere"), "{text}");
    }
}

#[test]
fn seeds_that_cannot_be_used_are_logged_as_an_error_at_once() {
    capture_logs();
    let _connector = AlternatorConnector::new(["http://user:secret@10.0.0.1:8000"]);
    assert_eq!(logged(Level::ERROR, "credentials belong in the SDK's configuration"), 1);
    assert_eq!(logged(Level::ERROR, "10.0.0.1:8000"), 1);
    assert_eq!(logged(Level::ERROR, "secret"), 0);
    // The builder returns it.
    AlternatorConnector::builder().seed("ftp://10.0.0.1:8000").build().unwrap_err();
    assert_eq!(logged(Level::ERROR, ""), 1);
}

#[test]
fn without_a_runtime_the_checks_say_so() {
    let connector = AlternatorConnector::new(["http://127.0.0.1:1"]);
    let refresh = std::pin::pin!(connector.refresh());
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    let std::task::Poll::Ready(Err(error)) = refresh.poll(&mut context) else {
        panic!("it needs no runtime to say so")
    };
    assert!(matches!(error, Error::NoRuntime { .. }), "{error}");
}
