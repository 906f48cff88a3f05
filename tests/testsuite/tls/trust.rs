//! Whose certificates are accepted.

use std::time::Duration;

use alternator_testcluster::{Cluster, Tls};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use tokio::time::timeout;

use crate::support::file::File;
use crate::support::{child, client_without_retries, data_requests};
use crate::tls::stranger::Stranger;
use crate::tls::{assert_refused, assert_serves, connector, tls_with_ca};

fn cluster() -> Cluster {
    Cluster::builder().nodes(3).tls(Tls::Server).start().unwrap()
}

fn der(cluster: &Cluster) -> Vec<u8> {
    CertificateDer::from_pem_slice(cluster.ca_pem().as_bytes()).unwrap().to_vec()
}

#[tokio::test]
async fn a_private_authority_is_trusted_as_pem_and_as_der() {
    let cluster = cluster();
    for tls in [tls_with_ca(&cluster), alternator_connector::Tls::new().ca_der(der(&cluster))] {
        let connector = connector(&cluster, tls).build().unwrap();
        assert_serves(&connector, &cluster).await;
    }
}

#[tokio::test]
async fn one_of_several_authorities_is_enough() {
    let (cluster, other) = (cluster(), cluster());
    let both = format!("{}{}", other.ca_pem(), cluster.ca_pem());
    for tls in [
        alternator_connector::Tls::new().ca_pem(both),
        tls_with_ca(&other).ca_der(der(&cluster)),
        tls_with_ca(&cluster).system_roots_too(),
    ] {
        let connector = connector(&cluster, tls).build().unwrap();
        assert_serves(&connector, &cluster).await;
    }
}

#[tokio::test]
async fn a_node_of_another_authority_never_gets_a_byte_of_a_request() {
    let (cluster, other) = (cluster(), cluster());
    let connector = connector(&cluster, tls_with_ca(&other)).build().unwrap();
    let error = assert_refused(&connector, &cluster).await;
    for node in cluster.nodes() {
        let tried = format!("{} (TLS handshake failed: invalid peer certificate: ", node.addr());
        assert!(error.contains(&tried), "{error}");
    }
    assert!(
        error.contains("UnknownIssuer") && error.contains("check that the nodes speak TLS, the CA"),
        "{error}"
    );
}

#[tokio::test]
async fn a_request_moves_on_from_a_node_of_another_authority() {
    let (cluster, other) = (cluster(), cluster());
    let (certificate, key) = other.client_identity();
    let stranger = Stranger::start(cluster.port(), certificate, key);
    let mut redispatched = 0;
    // Who has met the stranger leaves it alone, so each connector is a fresh one.
    while redispatched < 3 {
        let connector = connector(&cluster, tls_with_ca(&cluster))
            .seed(stranger.url())
            .active_refresh_interval(Duration::from_secs(3600))
            .build()
            .unwrap();
        let client = client_without_retries(&connector).await;
        // A stranger that is trusted would have the request, and answers nothing.
        timeout(Duration::from_secs(30), client.list_tables().send())
            .await
            .expect("a node answers")
            .unwrap();
        redispatched += connector.stats().redispatched;
        assert!(data_requests(&cluster).iter().sum::<u64>() < 1000);
    }
    assert!(stranger.handshakes() >= 1);
    assert_eq!(stranger.received(), b"");
}

#[tokio::test]
async fn any_certificate_is_accepted_where_that_was_asked_for() {
    let cluster = cluster();
    let tls = alternator_connector::Tls::new().danger_accept_any_certificate();
    let connector = connector(&cluster, tls).build().unwrap();
    assert_serves(&connector, &cluster).await;
}

/// The system's roots are those of `SSL_CERT_FILE`, where that is set.
#[test]
fn the_systems_roots_are_trusted_by_default() {
    let (cluster, other) = (cluster(), cluster());
    for (roots, accepted) in [(&cluster, true), (&other, false)] {
        let file = File::new("roots.pem", roots.ca_pem());
        let output = child::run("tls::trust::a_program_that_trusts_the_systems_roots", |program| {
            program.env("SSL_CERT_FILE", file.path()).env("SEED", cluster.node(0).url())
        });
        assert_eq!(output.contains("it works"), accepted, "{output}");
        assert_eq!(output.contains("UnknownIssuer"), !accepted, "{output}");
    }
}

#[tokio::test]
#[ignore = "runs as a child of the test above"]
async fn a_program_that_trusts_the_systems_roots() {
    let connector = alternator_connector::AlternatorConnector::new([child::var("SEED")]);
    let client = client_without_retries(&connector).await;
    match client.list_tables().send().await {
        Ok(_) => println!("it works"),
        Err(e) => println!("{}", aws_sdk_dynamodb::error::DisplayErrorContext(e)),
    }
}
