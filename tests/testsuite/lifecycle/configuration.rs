//! Configurations that cannot work say so, without a panic and without a request.

use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use alternator_connector::{AlternatorConnector, ConfigError, Error};
use alternator_testcluster::Cluster;
use aws_sdk_dynamodb::error::DisplayErrorContext;
use http::StatusCode;
use tokio::time::timeout;
use tower::ServiceExt;

use crate::support::direct::{get_item, send_direct};
use crate::support::{TABLE, addrs, client, routes, s};

/// Seeds that cannot be used, and what their error must name.
const BAD: [(&[&str], &str); 9] = [
    (&[], "no seed"),
    (&[""], "\"\""),
    (&["10.0.0.1"], "\"10.0.0.1\""),
    (&["ftp://10.0.0.1:8000"], "ftp://10.0.0.1:8000"),
    (&["http://"], "http://"),
    (&["http://alice:secret@10.0.0.1:8000"], "10.0.0.1:8000"),
    (&["http://10.0.0.1:8000/path"], "/path"),
    (&["http://10.0.0.1:8000", "https://10.0.0.2:8000"], "https://10.0.0.2:8000"),
    (&["http://10.0.0.1:8000", "http://10.0.0.2:8001"], "http://10.0.0.2:8001"),
];

#[test]
fn the_builder_names_what_cannot_be_used() {
    for (seeds, named) in BAD {
        let error = AlternatorConnector::builder()
            .seeds(seeds.iter().copied())
            .build()
            .unwrap_err()
            .to_string();
        assert!(error.contains(named), "{seeds:?}: {error}");
    }
}

#[tokio::test]
async fn the_first_operation_names_what_cannot_be_used() {
    for (seeds, named) in BAD {
        let connector = AlternatorConnector::new(seeds.iter().copied());
        assert!(connector.known_nodes().is_empty());
        let client = client(&connector).await;
        let get = client.get_item().table_name(TABLE).key("pk", s("x"));
        let error = DisplayErrorContext(get.send().await.unwrap_err()).to_string();
        assert!(error.contains(named), "{seeds:?}: {error}");

        for error in [
            send_direct(&connector, get_item()).await.unwrap_err(),
            connector.refresh().await.unwrap_err(),
        ] {
            assert!(matches!(error, Error::Config { .. }), "{error}");
            let text = Error::explain(&error);
            assert!(text.contains(named), "{seeds:?}: {text}");
        }
    }
}

#[test]
fn an_option_of_zero_is_named() {
    let error = AlternatorConnector::builder()
        .seed("http://10.0.0.1:8000")
        .max_connections_per_node(0)
        .build()
        .unwrap_err();
    assert!(matches!(error, ConfigError::Zero { option: "max_connections_per_node", .. }));
}

#[tokio::test]
async fn a_connector_without_any_limit_serves_and_refreshes() {
    let cluster = Cluster::builder().nodes(2).canned("GetItem", "{}").start().unwrap();
    let connector = AlternatorConnector::builder()
        .seed(cluster.node(0).url())
        .active_refresh_interval(Duration::MAX)
        .idle_refresh_interval(Duration::MAX)
        .discovery_timeout(Duration::MAX)
        .connect_timeout(Duration::MAX)
        .connect_budget(Duration::MAX)
        .read_timeout(Duration::MAX)
        .idle_connection_timeout(Duration::MAX)
        .max_connections_per_node(usize::MAX)
        .max_waiting_per_node(usize::MAX)
        .tcp_keepalive(Some(Duration::MAX))
        .build()
        .unwrap();
    // A task that ended with the first refresh would be missed by the second.
    for _ in 0..3 {
        timeout(Duration::from_secs(60), connector.refresh())
            .await
            .expect("an end within a minute")
            .unwrap();
        let (status, _) = send_direct(&connector, get_item()).await.unwrap();
        assert_eq!(status, StatusCode::OK);
    }
    assert_eq!(routes(&connector), addrs(&cluster.nodes()));
}

/// Neither making a connector nor asking it what it knows needs a runtime, and a request without
/// one is an error.
#[test]
fn outside_of_a_runtime_requests_fail_and_nothing_panics() {
    let connector = AlternatorConnector::new(["http://127.0.0.1:8000"]);
    assert_eq!(connector.stats().nodes.len(), 1);
    assert_eq!(connector.known_nodes().len(), 1);
    assert!(connector.next_node().is_some());
    let mut context = Context::from_waker(Waker::noop());
    let polled = pin!(connector.clone().oneshot(get_item())).poll(&mut context);
    assert!(matches!(polled, Poll::Ready(Err(Error::NoRuntime { .. }))));
    let polled = pin!(connector.refresh()).poll(&mut context);
    assert!(matches!(polled, Poll::Ready(Err(Error::NoRuntime { .. }))));
}
