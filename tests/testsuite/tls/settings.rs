//! Settings that cannot work are refused when the connector is built, in words that say what to
//! check.

use alternator_connector::{AlternatorConnector, Tls};
use alternator_testcluster::Cluster;

fn error(tls: Tls) -> String {
    AlternatorConnector::builder()
        .seed("https://127.0.0.1:8043")
        .tls(tls)
        .build()
        .unwrap_err()
        .to_string()
}

#[test]
fn an_authority_that_is_none_is_refused() {
    let cluster = Cluster::builder().start().unwrap();
    let (_, key) = cluster.client_identity();
    let damaged = cluster.ca_pem().replacen("MI", "?!", 1);
    let cut = &cluster.ca_pem()[..100];
    let no_certificate =
        "TLS: the CA has no certificate in it; PEM starts with -----BEGIN CERTIFICATE-----";
    for (tls, words) in [
        (Tls::new().ca_pem(""), no_certificate),
        (Tls::new().ca_pem("not PEM"), no_certificate),
        (Tls::new().ca_pem(key), no_certificate),
        (Tls::new().ca_pem(damaged), "TLS: the CA is not PEM"),
        (Tls::new().ca_pem(cut), "TLS: the CA is not PEM"),
        (Tls::new().ca_der(""), "TLS: the CA is not a certificate"),
        (Tls::new().ca_der("not DER"), "TLS: the CA is not a certificate"),
        (Tls::new().ca_der(cluster.ca_pem()), "TLS: the CA is not a certificate"),
        (Tls::new().ca_pem(cluster.ca_pem()).ca_pem(""), no_certificate),
    ] {
        let error = error(tls);
        assert!(error.starts_with(words), "{error} instead of {words}");
    }
}

#[test]
fn an_identity_that_does_not_fit_together_is_refused() {
    let (cluster, other) =
        (Cluster::builder().start().unwrap(), Cluster::builder().start().unwrap());
    let tls = || Tls::new().ca_pem(cluster.ca_pem());
    let (certificate, key) = cluster.client_identity();
    let (_, others_key) = other.client_identity();
    for (tls, words) in [
        (tls().client_identity_pem(certificate, others_key), "do not fit together"),
        (
            tls().client_identity_pem(key, certificate),
            "client certificate has no certificate in it",
        ),
        (tls().client_identity_pem("", key), "client certificate has no certificate in it"),
        (tls().client_identity_pem(certificate, ""), "private key cannot be read"),
        (tls().client_identity_pem(certificate, certificate), "private key cannot be read"),
        (tls().client_identity_der([], "not DER"), "private key cannot be read"),
    ] {
        let error = error(tls);
        assert!(error.contains(words), "{error} instead of {words}");
    }
}

#[test]
fn a_server_name_that_is_none_is_named() {
    let cluster = Cluster::builder().start().unwrap();
    for name in ["", "two words", "https://alternator.test", "alternator.test:8043"] {
        let error = error(Tls::new().ca_pem(cluster.ca_pem()).server_name(name));
        assert!(error.contains(&format!("server_name {name:?}")), "{error}");
    }
}
