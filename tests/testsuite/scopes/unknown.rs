//! A datacenter or rack that nobody knows is reported loudly, once, and served by nobody.

use alternator_connector::{Error, RefreshError, Scope};
use aws_sdk_dynamodb::error::SdkError;
use tracing::Level;

use crate::scopes::{cluster, connector_from, refreshing_on_demand_from};
use crate::support::logs::{forget_logs, logged};
use crate::support::{addrs, client_without_retries, data_requests, ping, routes};

#[tokio::test]
async fn an_unknown_scope_is_an_error_that_names_it_and_gets_no_traffic_anywhere() {
    forget_logs();
    for (scope, name) in [
        (Scope::datacenter("dc7"), "dc7"),
        (Scope::rack("dc1", "r7"), "r7"),
        (Scope::rack("dc7", "r1"), "dc7"),
    ] {
        let said = logged(Level::ERROR, name);
        let cluster = cluster();
        let connector = connector_from(&cluster.nodes()).scope(scope).build().unwrap();
        let client = client_without_retries(&connector).await;
        for _ in 0..5 {
            let Err(Error::NoNodes { source: why, .. }) = connector.refresh().await else {
                panic!("nobody lives there")
            };
            assert!(matches!(*why, RefreshError::EmptyScope { .. }), "{why}");
            assert!(why.to_string().contains(name), "{why}");
        }
        let error = client.list_tables().send().await.unwrap_err();
        assert!(matches!(error, SdkError::DispatchFailure(f) if !f.is_user()));
        let text = ping(&client).await.unwrap_err();
        assert!(text.contains(name), "{text}");
        assert_eq!(data_requests(&cluster), [0; 8]);
        assert_eq!(logged(Level::ERROR, name), said + 1);
    }
}

#[tokio::test]
async fn an_unknown_scope_is_reported_though_its_fallback_serves() {
    forget_logs();
    let cluster = cluster();
    let connector = refreshing_on_demand_from(&cluster.nodes())
        .scope(Scope::rack("dc1", "r7"))
        .fallback(Scope::datacenter("dc1"))
        .build()
        .unwrap();
    for _ in 0..5 {
        connector.refresh().await.unwrap();
    }
    assert_eq!(routes(&connector), addrs(&cluster.nodes()[..4]));
    assert_eq!(logged(Level::ERROR, "r7"), 1);
    assert_eq!(logged(Level::WARN, "falling back"), 1);
}

#[tokio::test]
async fn a_scope_that_comes_to_life_later_is_used() {
    let cluster = cluster();
    let connector = refreshing_on_demand_from(&cluster.nodes())
        .scope(Scope::datacenter("dc3"))
        .build()
        .unwrap();
    assert!(connector.refresh().await.is_err());
    let node = cluster.add_node("dc3", "r1").unwrap();
    connector.refresh().await.unwrap();
    assert_eq!(routes(&connector), [node.addr()]);
}

#[tokio::test]
async fn silence_is_said_aloud_once() {
    forget_logs();
    let cluster = cluster();
    let connector = refreshing_on_demand_from(&cluster.nodes()[..1]).build().unwrap();
    cluster.node(0).stop();
    for _ in 0..5 {
        assert!(connector.refresh().await.is_err());
    }
    assert_eq!(logged(Level::WARN, "could not be refreshed"), 1);
    cluster.node(0).start().unwrap();
    connector.refresh().await.unwrap();
    cluster.nodes().iter().for_each(|n| n.stop());
    for _ in 0..5 {
        assert!(connector.refresh().await.is_err());
    }
    assert_eq!(logged(Level::WARN, "could not be refreshed"), 2);
}
