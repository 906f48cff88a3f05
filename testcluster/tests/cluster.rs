//! The cluster as a whole: who is listed when, what is shared, what is counted, and TLS.

#![allow(missing_docs)]
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod raw;

use std::collections::BTreeSet;
use std::io::{Read, Write};
use std::net::{Ipv6Addr, SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::Duration;

use alternator_testcluster::{Cluster, Fault, Gossip, Node, Scope, Tls, Version};
use raw::{Connection, Signer, ask, get, operation};
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};

const LIMIT: Duration = Duration::from_secs(10);

/// A delay that no test waits for.
const NEVER: Duration = Duration::from_secs(3600);

/// A delay that a test can see, and wait for.
const SOON: Duration = Duration::from_millis(100);

fn listed_with(node: &Node, query: &str) -> BTreeSet<String> {
    let response = ask(node.addr(), get(&format!("/localnodes{query}")).bytes());
    serde_json::from_str(response.text()).unwrap()
}

fn listed(node: &Node) -> BTreeSet<String> {
    listed_with(node, "")
}

fn lists(node: &Node, other: &Node) -> bool {
    listed(node).contains(&other.addr().ip().to_string())
}

fn refuses(node: &Node) -> bool {
    TcpStream::connect(node.addr()).is_err()
}

fn list_tables() -> Vec<u8> {
    operation("ListTables", "{}").bytes()
}

#[test]
fn nodes_share_a_port_and_a_store() {
    let cluster = Cluster::builder().nodes(3).start().unwrap();
    let (ips, ports): (BTreeSet<_>, BTreeSet<_>) = cluster
        .nodes()
        .iter()
        .map(|node| (node.addr().ip().to_string(), node.addr().port()))
        .unzip();
    assert_eq!(
        ips,
        ["127.0.0.1", "127.0.0.2", "127.0.0.3"]
            .map(str::to_owned)
            .into()
    );
    assert_eq!(ports, [cluster.port()].into());
    let table = r#"{"TableName":"table","KeySchema":[{"AttributeName":"p","KeyType":"HASH"}],"AttributeDefinitions":[{"AttributeName":"p","AttributeType":"S"}],"BillingMode":"PAY_PER_REQUEST"}"#;
    assert_eq!(
        ask(
            cluster.node(0).addr(),
            operation("CreateTable", table).bytes()
        )
        .status(),
        200
    );
    assert_eq!(
        ask(cluster.node(2).addr(), list_tables()).text(),
        r#"{"TableNames":["table"]}"#
    );
}

#[test]
fn the_port_is_the_one_that_was_asked_for() {
    let port = Cluster::builder().start().unwrap().port();
    let cluster = Cluster::builder().nodes(2).port(port).start().unwrap();
    assert_eq!(
        cluster.urls(),
        [
            format!("http://127.0.0.1:{port}"),
            format!("http://127.0.0.2:{port}")
        ]
    );
    assert!(
        Cluster::builder().port(port).start().is_err(),
        "two clusters on one port"
    );
}

#[test]
fn a_port_stays_the_clusters_while_its_nodes_are_down() {
    let cluster = Cluster::builder().start().unwrap();
    cluster.node(0).stop();
    assert!(Cluster::builder().port(cluster.port()).start().is_err());
    cluster.node(0).start().unwrap();
}

#[test]
fn nodes_come_and_go_and_addresses_are_not_used_again() {
    let cluster = Cluster::builder()
        .rack("dc1", "a", 2)
        .rack("dc2", "a", 1)
        .start()
        .unwrap();
    let first = cluster.node(0);
    let joined = cluster.add_node("dc1", "b").unwrap();
    assert_eq!(joined.addr().ip().to_string(), "127.0.0.4");
    assert_eq!((joined.datacenter(), joined.rack()), ("dc1", "b"));
    assert_eq!(
        listed_with(&first, "?rack=b"),
        ["127.0.0.4".to_owned()].into()
    );

    let removed = cluster.node(1);
    cluster.remove_node(&removed);
    assert!(refuses(&removed) && !lists(&first, &removed));
    assert_eq!(cluster.nodes().len(), 3);

    let replacement = cluster.replace_node(&joined).unwrap();
    assert_eq!(replacement.addr().ip().to_string(), "127.0.0.5");
    assert_eq!((replacement.datacenter(), replacement.rack()), ("dc1", "b"));
    assert!(lists(&first, &replacement) && !lists(&first, &joined) && refuses(&joined));
}

#[test]
fn an_ipv6_node_is_listed_bare() {
    let cluster = Cluster::builder()
        .node_at(Ipv6Addr::LOCALHOST.into(), "dc1", "rack1")
        .nodes(1)
        .start()
        .unwrap();
    assert!(lists(&cluster.node(1), &cluster.node(0)));
    assert!(listed(&cluster.node(1)).contains("::1"));
    assert_eq!(
        cluster.node(0).url(),
        format!("http://[::1]:{}", cluster.port())
    );
    assert!(lists(&cluster.node(0), &cluster.node(1)));
}

#[test]
fn a_stopped_node_stays_listed_until_its_failure_is_detected() {
    let start = |delay| {
        Cluster::builder()
            .nodes(2)
            .failure_detection(delay)
            .start()
            .unwrap()
    };
    for (delay, at_once) in [(Duration::ZERO, true), (NEVER, false), (SOON, false)] {
        let cluster = start(delay);
        let (node, other) = (cluster.node(0), cluster.node(1));
        other.stop();
        assert_eq!(lists(&node, &other), !at_once, "{delay:?}");
        if delay == NEVER {
            other.set_gossip(Gossip::Down);
        }
        assert!(cluster.wait_until(LIMIT, || !lists(&node, &other)));
        other.start().unwrap();
        assert!(lists(&node, &other));
    }
}

#[test]
fn a_restart_overtakes_the_detection_of_the_failure() {
    let cluster = Cluster::builder()
        .nodes(2)
        .failure_detection(SOON)
        .start()
        .unwrap();
    let (node, other) = (cluster.node(0), cluster.node(1));
    other.stop();
    other.start().unwrap();
    assert!(!cluster.wait_until(SOON * 3, || !lists(&node, &other)));
}

#[test]
fn a_drained_node_refuses_connections_before_it_is_known_to() {
    let cluster = Cluster::builder()
        .nodes(2)
        .shutdown_announcement(NEVER)
        .start()
        .unwrap();
    let (node, other) = (cluster.node(0), cluster.node(1));
    other.drain();
    assert!(refuses(&other) && lists(&node, &other));
    other.set_gossip(Gossip::Shutdown);
    assert!(!lists(&node, &other));
}

#[test]
fn a_starting_node_is_listed_before_it_listens() {
    let cluster = Cluster::builder().nodes(1).start().unwrap();
    drop(cluster);
    let cluster = Cluster::builder()
        .nodes(2)
        .listening_delay(SOON)
        .start()
        .unwrap();
    let (node, other) = (cluster.node(0), cluster.node(1));
    assert!(cluster.wait_until(LIMIT, || !refuses(&node) && !refuses(&other)));
    other.stop();
    other.start().unwrap();
    assert!(lists(&node, &other));
    assert!(refuses(&other), "it listens at once");
    assert!(cluster.wait_until(LIMIT, || !refuses(&other)));
}

#[test]
fn only_live_and_normal_nodes_are_listed() {
    let cluster = Cluster::builder().nodes(2).start().unwrap();
    let (node, other) = (cluster.node(0), cluster.node(1));
    for (gossip, is_listed) in [
        (Gossip::Joining, false),
        (Gossip::Normal, true),
        (Gossip::Leaving, true),
        (Gossip::Down, false),
        (Gossip::Shutdown, false),
    ] {
        other.set_gossip(gossip);
        assert_eq!(lists(&node, &other), is_listed, "{gossip:?}");
    }
}

#[test]
fn older_releases_list_what_they_list() {
    for (version, down, parameters) in [
        (Version::V6_1, true, false),
        (Version::V6_2, false, false),
        (Version::V2025, false, true),
    ] {
        let cluster = Cluster::builder()
            .rack("dc1", "a", 1)
            .rack("dc1", "b", 1)
            .version(version)
            .start()
            .unwrap();
        let (node, other) = (cluster.node(0), cluster.node(1));
        assert_eq!(
            !listed_with(&node, "?rack=b").contains("127.0.0.1"),
            parameters,
            "{version:?}"
        );
        other.stop();
        assert_eq!(lists(&node, &other), down, "{version:?}");
    }
}

#[test]
fn everything_a_node_saw_is_counted() {
    let cluster = Cluster::builder().nodes(2).start().unwrap();
    let node = cluster.node(0);
    assert_eq!(node.stats(), Default::default());
    let mut connection = Connection::open(node.addr());
    let requests = [
        list_tables(),
        operation("Dance", "{}").bytes(),
        get("/localnodes?dc=x").bytes(),
        get("/no").bytes(),
    ];
    for request in &requests {
        connection.ask(request);
    }
    ask(node.addr(), list_tables());
    assert!(cluster.wait_until(LIMIT, || node.stats().open == 1));
    let stats = node.stats();
    assert_eq!(stats.connections, 2);
    assert_eq!(stats.requests_of("ListTables"), 2);
    assert_eq!(stats.requests_of("Dance"), 1);
    assert_eq!(stats.requests_of("GET /localnodes"), 1);
    assert_eq!(stats.requests_of("GET /no"), 1);
    assert_eq!(stats.data_requests(), 3);
    assert_eq!(stats.executed, 2);
    assert_eq!(
        stats.executed_by_operation,
        [("ListTables".to_owned(), 2)].into()
    );
    let sent = requests.iter().map(Vec::len).sum::<usize>() + list_tables().len();
    assert_eq!(stats.bytes_in, sent as u64);
    assert!(stats.bytes_out > 0);
    assert_eq!(cluster.node(1).stats(), Default::default());
}

#[test]
fn heads_and_bytes_are_kept_as_they_came_unless_recording_is_off() {
    let cluster = Cluster::builder().start().unwrap();
    let node = cluster.node(0);
    let request = operation("ListTables", r#"{"Limit":7}"#).header("x-ODD", "  spaced ");
    let mut connection = Connection::open(node.addr());
    connection.ask(request.bytes());
    connection.ask(get("/").bytes());
    assert_eq!(node.heads(), [request.head(), get("/").head()]);
    assert!(
        node.saw(br#"{"Limit":7}GET / "#),
        "the stream of a connection is kept whole"
    );
    assert!(!node.saw(b"Limit8"));

    let cluster = Cluster::builder().record(false).start().unwrap();
    ask(cluster.node(0).addr(), list_tables());
    assert!(cluster.node(0).heads().is_empty() && !cluster.node(0).saw(b"ListTables"));
}

#[test]
fn a_canned_operation_is_answered_without_the_store() {
    let cluster = Cluster::builder()
        .canned("GetItem", r#"{"Item":{}}"#)
        .auth("alice", "secret")
        .start()
        .unwrap();
    let node = cluster.node(0);
    let get_item = operation("GetItem", "not even JSON");
    assert_eq!(
        ask(node.addr(), get_item.bytes()).error().1,
        "MissingAuthenticationTokenException"
    );
    let response = ask(
        node.addr(),
        get_item.signed(&Signer::new("alice", "secret")).bytes(),
    );
    assert_eq!(
        (response.status(), response.text()),
        (200, r#"{"Item":{}}"#)
    );
    assert_eq!(node.stats().executed, 1);
}

#[test]
fn standard_headers_can_be_left_out_or_renamed() {
    let builder = || {
        Cluster::builder()
            .without_date_header()
            .without_content_type_header()
    };
    let cluster = builder().server_header(None).start().unwrap();
    ask(cluster.node(0).addr(), list_tables())
        .assert_head("HTTP/1.1 200 OK", &["Content-Length: 17"]);
    let cluster = builder().server_header(Some("other")).start().unwrap();
    assert_eq!(
        ask(cluster.node(0).addr(), list_tables()).header("Server"),
        Some("other")
    );
    let cluster = builder().version(Version::V2026_3).start().unwrap();
    assert_eq!(
        ask(cluster.node(0).addr(), list_tables()).header("Server"),
        None
    );
}

#[test]
fn a_dropped_cluster_ends_connections_and_frees_its_port() {
    let cluster = Cluster::builder().nodes(2).start().unwrap();
    let (node, port) = (cluster.node(1), cluster.port());
    let mut connection = Connection::open(node.addr());
    connection.ask(list_tables());
    drop(cluster);
    connection.assert_closed();
    assert!(refuses(&node));
    assert!(node.start().is_err());
    Cluster::builder().nodes(2).port(port).start().unwrap();
}

#[test]
fn it_works_within_a_runtime_of_either_kind() {
    let use_it = || {
        let cluster = Cluster::builder().nodes(1).start().unwrap();
        cluster.node(0).inject(Fault::Hang(Scope::All));
        cluster.node(0).heal();
        cluster.node(0).stop();
        cluster.node(0).start().unwrap();
        assert_eq!(ask(cluster.node(0).addr(), list_tables()).status(), 200);
    };
    for mut builder in [
        tokio::runtime::Builder::new_current_thread(),
        tokio::runtime::Builder::new_multi_thread(),
    ] {
        builder
            .enable_all()
            .build()
            .unwrap()
            .block_on(async { use_it() });
    }
}

#[test]
fn many_connections_are_served_side_by_side() {
    let cluster = Cluster::builder().record(false).start().unwrap();
    let node = cluster.node(0);
    let mut connections: Vec<_> = (0..200).map(|_| Connection::open(node.addr())).collect();
    for connection in &mut connections {
        connection.send(list_tables());
    }
    for connection in &mut connections {
        assert_eq!(connection.receive().status(), 200);
    }
    assert_eq!(node.stats().open, 200);
}

/// A client of TLS that trusts the cluster's authority, and shows a certificate where it has one.
struct TlsClient(Arc<ClientConfig>);

impl TlsClient {
    fn new(cluster: &Cluster, shows_certificate: bool) -> Self {
        let mut roots = RootCertStore::empty();
        roots
            .add(CertificateDer::from_pem_slice(cluster.ca_pem().as_bytes()).unwrap())
            .unwrap();
        let builder = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots);
        let config = if shows_certificate {
            let (certificate, key) = cluster.client_identity();
            let certificate = CertificateDer::from_pem_slice(certificate.as_bytes()).unwrap();
            let key = PrivateKeyDer::from_pem_slice(key.as_bytes()).unwrap();
            builder
                .with_client_auth_cert(vec![certificate], key)
                .unwrap()
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
    let cluster = Cluster::builder()
        .nodes(2)
        .tls(Tls::Server)
        .start()
        .unwrap();
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
        assert!(
            client.ask(node.addr(), name, &farewell()).is_err(),
            "{name}"
        );
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
    TlsClient::new(&cluster, false)
        .ask(node.addr(), "127.0.0.1", &farewell())
        .unwrap();
    assert_eq!(node.heads(), [farewell()]);
    assert!(node.saw(b"GET /localnodes"));
    assert!(!node.saw(b"\x16\x03\x01"), "the handshake is kept");
}

#[test]
fn mutual_tls_asks_for_a_certificate_which_newer_releases_take_for_a_signature() {
    for (version, signed_for) in [(Version::V2026_2, false), (Version::V2026_4, true)] {
        let builder = Cluster::builder()
            .tls(Tls::Mutual)
            .auth("alice", "secret")
            .version(version);
        let cluster = builder.start().unwrap();
        let addr = cluster.node(0).addr();
        let request = operation("ListTables", "{}")
            .header("Connection", "close")
            .bytes();
        assert!(
            TlsClient::new(&cluster, false)
                .ask(addr, "127.0.0.1", &request)
                .is_err()
        );
        let answer = TlsClient::new(&cluster, true)
            .ask(addr, "127.0.0.1", &request)
            .unwrap();
        assert_eq!(
            answer.starts_with("HTTP/1.1 200 OK"),
            signed_for,
            "{answer}"
        );
    }
}

#[test]
fn plain_text_at_a_tls_port_is_not_answered_in_plain_text() {
    let cluster = Cluster::builder().tls(Tls::Server).start().unwrap();
    let mut stream = TcpStream::connect(cluster.node(0).addr()).unwrap();
    stream.set_read_timeout(Some(LIMIT)).unwrap();
    stream.write_all(&farewell()).unwrap();
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    assert!(!answer.starts_with(b"HTTP"));
}
