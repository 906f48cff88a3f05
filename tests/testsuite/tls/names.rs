//! The name that a node's certificate must be for, and that is sent as SNI.

use std::net::IpAddr;
use std::sync::{Arc, Mutex};

use alternator_connector::{AlternatorConnector, Scope, Tls};
use alternator_testcluster::{Cluster, Fault, Lie, Node};
use aws_smithy_runtime_api::client::dns::{DnsFuture, ResolveDns};

use crate::support::{eventually, eventually_routes_to};
use crate::tls::stranger::Stranger;
use crate::tls::{assert_refused, assert_serves, connector, tls_with_ca};

/// The name that the nodes' certificates are for.
const NAME: &str = "alternator.test";

/// A cluster of which no certificate has an address in it.
fn cluster() -> Cluster {
    Cluster::builder().nodes(3).tls(alternator_testcluster::Tls::Named).start().unwrap()
}

/// Resolves the cluster's name, to whatever it is told.
#[derive(Clone, Debug)]
struct Names(Arc<Mutex<Vec<IpAddr>>>);

impl Names {
    fn of(cluster: &Cluster) -> Self {
        let addresses = cluster.nodes().iter().map(|n| n.addr().ip()).collect();
        Self(Arc::new(Mutex::new(addresses)))
    }
}

impl ResolveDns for Names {
    fn resolve_dns<'a>(&'a self, name: &'a str) -> DnsFuture<'a> {
        assert_eq!(name, NAME);
        DnsFuture::ready(Ok(self.0.lock().unwrap().clone()))
    }
}

#[tokio::test]
async fn a_certificate_for_another_name_is_refused_and_the_error_says_so() {
    let cluster = cluster();
    let connector = connector(&cluster, tls_with_ca(&cluster)).build().unwrap();
    let error = assert_refused(&connector, &cluster).await;
    assert!(error.contains("not valid for name") && error.contains(NAME), "{error}");
}

#[tokio::test]
async fn nodes_dialed_by_address_may_share_a_certificate_for_the_given_name() {
    let cluster = cluster();
    let tls = tls_with_ca(&cluster).server_name(NAME);
    let connector = connector(&cluster, tls).build().unwrap();
    assert_serves(&connector, &cluster).await;
}

#[tokio::test]
async fn nodes_found_by_resolving_a_seed_may_have_a_certificate_for_its_name() {
    let cluster = cluster();
    let connector = AlternatorConnector::builder()
        .seed(format!("https://{NAME}:{}", cluster.port()))
        .tls(tls_with_ca(&cluster))
        .dns_resolver(Names::of(&cluster))
        .build()
        .unwrap();
    assert_serves(&connector, &cluster).await;
}

#[tokio::test]
async fn a_node_that_was_away_comes_back_under_the_seeds_name() {
    for scope in [Scope::Cluster, Scope::datacenter("dc1")] {
        let cluster = cluster();
        let connector = connector_by_name(&cluster, scope, Names::of(&cluster));
        let nodes = cluster.nodes();
        connector.refresh().await.unwrap();
        eventually_routes_to(&connector, &nodes).await;
        nodes[2].stop();
        eventually_routes_to(&connector, &nodes[..2]).await;
        nodes[2].start().unwrap();
        eventually_routes_to(&connector, &nodes).await;
        assert_serves(&connector, &cluster).await;
    }
}

#[tokio::test]
async fn a_node_that_was_listed_before_the_name_stood_for_it_joins_once_it_does() {
    let cluster = cluster();
    let names = Names::of(&cluster);
    let connector = connector_by_name(&cluster, Scope::Cluster, names.clone());
    connector.refresh().await.unwrap();
    let node = cluster.add_node("dc1", "rack1").unwrap();
    // Its certificate is not for its address, which is all that is known of it.
    eventually("the node is tried", async || node.stats().bytes_in > 0).await;
    names.0.lock().unwrap().push(node.addr().ip());
    // Nobody answers: then the seeds are resolved anew.
    for node in cluster.nodes() {
        node.inject(Fault::LocalNodes(Lie::Status(500)));
    }
    connector.refresh().await.unwrap_err();
    cluster.nodes().iter().for_each(Node::heal);
    assert_serves(&connector, &cluster).await;
}

fn connector_by_name(cluster: &Cluster, scope: Scope, names: Names) -> AlternatorConnector {
    AlternatorConnector::builder()
        .seed(format!("https://{NAME}:{}", cluster.port()))
        .scope(scope)
        .active_refresh_interval(std::time::Duration::from_millis(100))
        .tls(tls_with_ca(cluster))
        .dns_resolver(names)
        .build()
        .unwrap()
}

#[tokio::test]
async fn the_name_is_sent_as_sni_and_an_address_is_not() {
    for (tls, seed, sni) in [
        (Tls::new().server_name("a.test"), None, Some("a.test")),
        (Tls::new(), Some(NAME), Some(NAME)),
        (Tls::new().server_name("a.test"), Some(NAME), Some("a.test")),
        (Tls::new(), None, None),
    ] {
        let cluster = cluster();
        let (certificate, key) = cluster.client_identity();
        let stranger = Stranger::start(cluster.port(), certificate, key);
        let seed = seed
            .map_or_else(|| stranger.url(), |name| format!("https://{name}:{}", cluster.port()));
        let address = Names(Arc::new(Mutex::new(vec![[127, 0, 0, 99].into()])));
        let connector = AlternatorConnector::builder()
            .seed(seed)
            .tls(tls.ca_pem(cluster.ca_pem()))
            .dns_resolver(address)
            .build()
            .unwrap();
        connector.refresh().await.unwrap_err();
        let names = stranger.names();
        assert!(!names.is_empty());
        assert!(names.iter().all(|name| name.as_deref() == sni), "{names:?}");
    }
}
