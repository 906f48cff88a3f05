//! DynamoDB requests go to the cluster or nowhere, unless balancing is limited to one endpoint.

use std::net::{SocketAddr, TcpListener};

use alternator_connector::{AlternatorConnector, Error, Policy};
use alternator_testcluster::Cluster;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::DisplayErrorContext;
use aws_smithy_runtime_api::client::dns::{DnsFuture, ResolveDns, ResolveDnsError};

use crate::support::server::Server;
use crate::support::{USER, connector, data_requests, eventually_routes_to, sdk_config};

/// A client for this endpoint.
async fn client_of(connector: &AlternatorConnector, endpoint: &str) -> Client {
    let config = sdk_config(connector).await;
    let config = aws_sdk_dynamodb::config::Builder::from(&config).endpoint_url(endpoint);
    Client::from_conf(config.build())
}

/// What a failing request says. The endpoint is a server of ours in the place of AWS, which must
/// not hear of it.
async fn failure(connector: &AlternatorConnector) -> String {
    let aws = Server::start(|_, _| Some("{}".to_owned()));
    let config = sdk_config(connector).await;
    let config = aws_sdk_dynamodb::config::Builder::from(&config)
        .endpoint_url(aws.url())
        .retry_config(aws_sdk_dynamodb::config::retry::RetryConfig::disabled());
    let client = Client::from_conf(config.build());
    let error = client.list_tables().send().await.unwrap_err();
    assert!(aws.requests().is_empty(), "{:?}", aws.requests());
    DisplayErrorContext(error).to_string()
}

/// Two addresses at which nobody listens.
fn nobody() -> [SocketAddr; 2] {
    let free = TcpListener::bind("127.0.0.97:0").unwrap().local_addr().unwrap();
    [free, SocketAddr::from(([127, 0, 0, 96], free.port()))]
}

#[tokio::test]
async fn an_unreachable_cluster_is_an_error_that_names_every_node_tried() {
    let nodes = nobody();
    let connector = AlternatorConnector::new(nodes.map(|addr| format!("http://{addr}")));
    let error = failure(&connector).await;
    assert!(error.contains("no node could be reached, 2 tried"), "{error}");
    for node in nodes {
        assert!(error.contains(&format!("{node} (Connection refused")), "{error}");
    }
}

#[derive(Debug)]
struct NoSuchName;

impl ResolveDns for NoSuchName {
    fn resolve_dns<'a>(&'a self, name: &'a str) -> DnsFuture<'a> {
        assert_eq!(name, "alternator.invalid");
        DnsFuture::ready(Err(ResolveDnsError::new("no such name")))
    }
}

#[tokio::test]
async fn a_cluster_whose_name_does_not_resolve_is_an_error_that_names_the_seed() {
    let connector = AlternatorConnector::builder()
        .seed("http://alternator.invalid:8000")
        .dns_resolver(NoSuchName)
        .build()
        .unwrap();
    let error = failure(&connector).await;
    assert!(error.contains("no node of the cluster is known"), "{error}");
    assert!(error.contains("alternator.invalid (does not resolve: no such name)"), "{error}");
    let error = connector.supports_racks().await.unwrap_err();
    let error = Error::explain(&error);
    assert!(error.contains("alternator.invalid (does not resolve"), "{error}");
}

#[tokio::test]
async fn an_empty_scope_is_an_error_that_names_the_scope() {
    let cluster = Cluster::builder().nodes(3).start().unwrap();
    let connector = connector(&cluster)
        .scope(alternator_connector::Scope::datacenter("nowhere"))
        .build()
        .unwrap();
    let error = failure(&connector).await;
    assert!(error.contains("no node lives in") && error.contains("nowhere"), "{error}");
    assert_eq!(data_requests(&cluster), [0, 0, 0]);
}

#[tokio::test]
async fn a_misconfigured_connector_sends_nothing_anywhere() {
    let none: [String; 0] = [];
    for (connector, words) in [
        (AlternatorConnector::new(none), "no seed"),
        (AlternatorConnector::new(["ftp://a:1"]), "ftp://a:1"),
    ] {
        let error = failure(&connector).await;
        assert!(error.contains("misconfigured") && error.contains(words), "{error}");
    }
}

#[tokio::test]
async fn every_dynamodb_request_is_balanced_unless_one_endpoint_is_named() {
    let (cluster, aws) = (enforcing(3), enforcing(1));
    let connector = connector(&cluster).build().unwrap();
    let client = client_of(&connector, &aws.node(0).url()).await;
    client.list_tables().send().await.unwrap();
    assert_eq!(data_requests(&cluster).iter().sum::<u64>(), 1);
    assert_eq!(data_requests(&aws), [0]);
}

#[tokio::test]
async fn clients_of_other_endpoints_pass_through_where_one_endpoint_is_named() {
    let (cluster, aws) = (enforcing(3), enforcing(1));
    let endpoint = "http://alternator.test:8000";
    let connector =
        connector(&cluster).policy(Policy::RoundRobin).only_endpoint(endpoint).build().unwrap();
    let (ours, others) =
        (client_of(&connector, endpoint).await, client_of(&connector, &aws.node(0).url()).await);
    ours.list_tables().send().await.unwrap();
    eventually_routes_to(&connector, &cluster.nodes()).await;
    for _ in 0..29 {
        ours.list_tables().send().await.unwrap();
    }
    for _ in 0..7 {
        others.list_tables().send().await.unwrap();
    }
    assert_eq!(data_requests(&cluster), [10, 10, 10]);
    assert_eq!(data_requests(&aws), [7]);
    assert!(cluster.node(0).saw(b"\r\nhost: alternator.test:8000\r\n"));
    let host = format!("\r\nhost: {}\r\n", aws.node(0).addr());
    assert!(aws.node(0).saw(host.as_bytes()));
    assert_eq!(aws.node(0).stats().requests_of("GET /localnodes"), 0);
}

fn enforcing(nodes: usize) -> Cluster {
    Cluster::builder().nodes(nodes).auth(USER.0, USER.1).start().unwrap()
}
