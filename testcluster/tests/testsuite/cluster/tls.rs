//! Certificates, sessions and client identities.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;

use alternator_testcluster::{Cluster, Tls, Version};
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};

use crate::raw::{Connection, LIMIT, get, list_tables};

/// A client of TLS that trusts the cluster's authority, and shows a certificate where it has one.
struct TlsClient(Arc<ClientConfig>);

impl TlsClient {
    fn new(cluster: &Cluster, shows_certificate: bool) -> Self {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_slice(cluster.ca_pem().as_bytes()).unwrap()).unwrap();
        let builder = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots);
        let config = if shows_certificate {
            let (certificate, key) = cluster.client_identity();
            let certificate = CertificateDer::from_pem_slice(certificate.as_bytes()).unwrap();
            let key = PrivateKeyDer::from_pem_slice(key.as_bytes()).unwrap();
            builder.with_client_auth_cert(vec![certificate], key).unwrap()
        } else {
            builder.with_no_client_auth()
        };
        Self(Arc::new(config))
    }

    fn ask(&self, addr: SocketAddr, name: &str, request: &[u8]) -> std::io::Result<String> {
        let name = ServerName::try_from(name.to_owned()).unwrap();
        let client = ClientConnection::new(Arc::clone(&self.0), name).unwrap();
        let mut stream = StreamOwned::new(client, TcpStream::connect(addr)?);
        stream.sock.set_read_timeout(Some(LIMIT))?;
        stream.write_all(request)?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        Ok(answer)
    }
}

fn farewell() -> Vec<u8> {
    get("/localnodes").header("Connection", "close").bytes()
}

#[test]
fn each_nodes_certificate_is_for_its_address_and_the_clusters_name() {
    let cluster = Cluster::builder().nodes(2).tls(Tls::Server).start().unwrap();
    assert!(cluster.urls()[1].starts_with("https://127.0.0.2:"));
    let client = TlsClient::new(&cluster, false);
    let node = cluster.node(1);
    for name in ["127.0.0.2", "alternator.test"] {
        let answer = client.ask(node.addr(), name, &farewell()).unwrap();
        assert!(
            answer.starts_with("HTTP/1.1 200 OK\r\n") && answer.contains("127.0.0.1"),
            "{answer}"
        );
    }
    for name in ["127.0.0.1", "localhost"] {
        assert!(client.ask(node.addr(), name, &farewell()).is_err(), "{name}");
    }
}

#[test]
fn sessions_are_resumed_with_tickets_until_the_node_restarts() {
    let cluster = Cluster::builder().tls(Tls::Server).start().unwrap();
    let client = TlsClient::new(&cluster, false);
    let node = cluster.node(0);
    let ask = || client.ask(node.addr(), "127.0.0.1", &farewell()).unwrap();
    ask();
    assert_eq!(node.stats().tls_resumed, 0);
    ask();
    assert_eq!(node.stats().tls_resumed, 1);
    node.stop();
    node.start().unwrap();
    ask();
    assert_eq!(node.stats().tls_resumed, 1);
}

#[test]
fn what_came_through_tls_is_recorded_as_it_was_before_it() {
    let cluster = Cluster::builder().tls(Tls::Server).start().unwrap();
    let node = cluster.node(0);
    TlsClient::new(&cluster, false).ask(node.addr(), "127.0.0.1", &farewell()).unwrap();
    assert_eq!(node.heads(), [farewell()]);
    assert!(node.saw(b"GET /localnodes"));
    assert!(!node.saw(b"\x16\x03\x01"), "the handshake is kept");
}

#[test]
fn mutual_tls_asks_for_a_certificate_which_newer_releases_take_for_a_signature() {
    for (version, signed_for) in [(Version::V2026_2, false), (Version::V2026_4, true)] {
        let builder = Cluster::builder().tls(Tls::Mutual).auth("alice", "secret").version(version);
        let cluster = builder.start().unwrap();
        let addr = cluster.node(0).addr();
        let request = list_tables().header("Connection", "close").bytes();
        assert!(TlsClient::new(&cluster, false).ask(addr, "127.0.0.1", &request).is_err());
        let answer = TlsClient::new(&cluster, true).ask(addr, "127.0.0.1", &request).unwrap();
        assert_eq!(answer.starts_with("HTTP/1.1 200 OK"), signed_for, "{answer}");
    }
}

#[test]
fn plain_text_at_a_tls_port_is_not_answered_in_plain_text() {
    let cluster = Cluster::builder().tls(Tls::Server).start().unwrap();
    let mut connection = Connection::open(cluster.node(0).addr());
    connection.send(farewell());
    let mut answer = Vec::new();
    let _ = connection.stream.read_to_end(&mut answer);
    assert!(!answer.starts_with(b"HTTP"));
}
