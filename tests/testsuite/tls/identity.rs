//! Clusters that ask for a client certificate.

use alternator_connector::Tls;
use alternator_testcluster::Cluster;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

use crate::support::eventually;
use crate::tls::{assert_refused, assert_serves, connector, tls_with_ca};

fn cluster() -> Cluster {
    Cluster::builder().nodes(3).tls(alternator_testcluster::Tls::Mutual).start().unwrap()
}

#[tokio::test]
async fn a_client_certificate_opens_every_node_to_requests_and_discovery() {
    let cluster = cluster();
    let (certificate, key) = cluster.client_identity();
    let certificate_der = CertificateDer::from_pem_slice(certificate.as_bytes()).unwrap();
    let key_der = PrivateKeyDer::from_pem_slice(key.as_bytes()).unwrap();
    let pem = tls_with_ca(&cluster).client_identity_pem(certificate, key);
    let der =
        tls_with_ca(&cluster).client_identity_der([certificate_der.to_vec()], key_der.secret_der());
    for tls in [pem, der] {
        // One seed: the others are found only if discovery shows the certificate too.
        let connector = alternator_connector::AlternatorConnector::builder()
            .seed(cluster.node(0).url())
            .tls(tls)
            .build()
            .unwrap();
        assert_serves(&connector, &cluster).await;
    }
}

#[tokio::test]
async fn without_a_client_certificate_or_with_one_of_a_stranger_no_request_arrives() {
    let (cluster, other) = (cluster(), cluster());
    let (certificate, key) = other.client_identity();
    for (tls, alert) in [
        (tls_with_ca(&cluster), "CertificateRequired"),
        (tls_with_ca(&cluster).client_identity_pem(certificate, key), "UnknownCA"),
    ] {
        let connector = connector(&cluster, tls).build().unwrap();
        // The node may close the connection before the request is written; then its alert goes
        // unread.
        eventually(&format!("an error names {alert}"), async || {
            assert_refused(&connector, &cluster).await.contains(alert)
        })
        .await;
    }
}

#[test]
fn settings_do_not_print_secrets() {
    let cluster = cluster();
    let (certificate, key) = cluster.client_identity();
    let printed = format!("{:?}", Tls::new().client_identity_pem(certificate, key));
    assert!(printed.contains("client_identity"), "{printed}");
    assert!(!printed.contains("PRIVATE") && !printed.contains("CERTIFICATE"), "{printed}");
}
