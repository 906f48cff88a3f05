//! A connector that finds nobody says so, keeps looking, and needs no restart.

use std::time::Duration;

use alternator_connector::{Error, Scope};
use alternator_testcluster::{Cluster, Fault};
use aws_sdk_dynamodb::error::SdkError;

use crate::discovery::cluster;
use crate::discovery::names::{Record, Script, by_name};
use crate::support::{client_without_retries, connector, eventually, eventually_routes_to, ping};

async fn comes_up_later(
    cluster: &Cluster,
    builder: alternator_connector::ConnectorBuilder,
    said: &[String],
    before_start: impl Fn(),
) {
    for node in cluster.nodes() {
        node.stop();
    }
    let connector = builder.active_refresh_interval(Duration::from_millis(50)).build().unwrap();
    let once = client_without_retries(&connector).await;
    for _ in 0..3 {
        let error = once.list_tables().send().await.unwrap_err();
        // What a retry of the SDK would be made for.
        let SdkError::DispatchFailure(failure) = error else { panic!("{error:?}") };
        assert!(!failure.is_user(), "{failure:?}");
        let text = ping(&once).await.unwrap_err();
        for part in said {
            assert!(text.contains(part), "{part} in {text}");
        }
    }
    before_start();
    for node in cluster.nodes() {
        node.start().unwrap();
    }
    eventually("requests succeed", async || ping(&once).await.is_ok()).await;
    eventually_routes_to(&connector, &cluster.nodes()).await;
}

#[tokio::test]
async fn seeds_that_are_all_down_are_named_and_used_when_they_are_up() {
    for scope in [Scope::Cluster, Scope::datacenter("dc1")] {
        let cluster = cluster(2);
        let said: Vec<_> = cluster.nodes().iter().map(|n| n.addr().to_string()).collect();
        let builder = connector(&cluster).scope(scope);
        comes_up_later(&cluster, builder, &said, || {}).await;
    }
}

#[tokio::test]
async fn a_name_whose_addresses_are_all_down_is_used_when_they_are_up() {
    let cluster = cluster(2);
    let script = Script::new(Record::of(&cluster.nodes()));
    let said: Vec<_> = cluster.nodes().iter().map(|n| n.addr().to_string()).collect();
    let builder = by_name(&cluster, &script);
    comes_up_later(&cluster, builder, &said, || {}).await;
}

#[tokio::test]
async fn a_name_that_does_not_resolve_is_named_and_used_when_it_does() {
    for record in [Record::Fails, Record::Addresses(vec![]), Record::Hangs] {
        let cluster = cluster(2);
        let script = Script::new(record);
        let builder = by_name(&cluster, &script);
        comes_up_later(&cluster, builder, &["alternator.test".into()], || {
            script.set(Record::of(&cluster.nodes()));
        })
        .await;
    }
}

#[tokio::test]
async fn seeds_that_hang_are_named() {
    let cluster = cluster(2);
    for node in cluster.nodes() {
        node.inject(Fault::Hang(alternator_testcluster::Scope::All));
    }
    let connector = crate::discovery::refreshing_on_demand(&cluster).build().unwrap();
    let error = Error::explain(&connector.refresh().await.unwrap_err());
    for node in cluster.nodes() {
        assert!(error.contains(&node.addr().to_string()), "{error}");
    }
}
