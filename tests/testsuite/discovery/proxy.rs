//! The proxies of the environment get the traffic to nodes only if that was asked for.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use alternator_connector::{AlternatorConnector, NodeProxy, Policy};
use alternator_testcluster::Cluster;

use crate::discovery::cluster;
use crate::support::{child, client_without_retries, data_requests, ping};

/// A proxy that opens tunnels and remembers where to.
struct Proxy {
    addr: SocketAddr,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Proxy {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let proxy = Self { addr: listener.local_addr().unwrap(), asked: Arc::default() };
        let asked = Arc::clone(&proxy.asked);
        std::thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let asked = Arc::clone(&asked);
                std::thread::spawn(move || tunnel(client, &asked));
            }
        });
        proxy
    }

    fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

fn tunnel(mut client: TcpStream, asked: &Mutex<Vec<String>>) -> std::io::Result<()> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        client.read_exact(&mut byte)?;
        head.extend_from_slice(&byte);
    }
    let line = String::from_utf8_lossy(&head).lines().next().unwrap_or_default().to_owned();
    asked.lock().unwrap().push(line.clone());
    let Some(target) = line.strip_prefix("CONNECT ").and_then(|l| l.split(' ').next()) else {
        return client.write_all(b"HTTP/1.1 405 Method Not Allowed\r\ncontent-length: 0\r\n\r\n");
    };
    let mut node = TcpStream::connect(target)?;
    client.write_all(b"HTTP/1.1 200 OK\r\n\r\n")?;
    let (mut from, mut to) = (client.try_clone()?, node.try_clone()?);
    std::thread::spawn(move || {
        let _ = std::io::copy(&mut from, &mut to);
        let _ = to.shutdown(std::net::Shutdown::Write);
    });
    std::io::copy(&mut node, &mut client)?;
    client.shutdown(std::net::Shutdown::Write)
}

/// Runs [`program`] with an environment that names the proxy.
fn run_program(cluster: &Cluster, proxy: &Proxy, obey: bool) {
    let url = format!("http://{}", proxy.addr);
    let names = ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"];
    let names = names.into_iter().flat_map(|name| [name.to_owned(), name.to_lowercase()]);
    child::run("discovery::proxy::program", |program| {
        program
            .env("SEEDS", cluster.urls().join(","))
            .env("OBEY", obey.to_string())
            .env_remove("NO_PROXY")
            .env_remove("no_proxy")
            .env_remove("REQUEST_METHOD")
            .envs(names.map(|name| (name, &url)))
    });
}

#[tokio::test]
#[ignore = "runs as a child of the tests below"]
async fn program() {
    let obeys = child::var("OBEY") == "true";
    let proxy = if obeys { NodeProxy::FromEnvironment } else { NodeProxy::default() };
    let connector = AlternatorConnector::builder()
        .seeds(child::var("SEEDS").split(','))
        .policy(Policy::RoundRobin)
        .node_proxy(proxy)
        .discovery_timeout(Duration::from_secs(10))
        .connect_timeout(Duration::from_secs(10))
        .build()
        .unwrap();
    connector.refresh().await.unwrap();
    let client = client_without_retries(&connector).await;
    for _ in 0..6 {
        ping(&client).await.unwrap();
    }
    assert_eq!(connector.stats().redispatched, 0);
}

#[test]
fn no_traffic_to_nodes_is_captured_by_the_environment() {
    let (cluster, proxy) = (cluster(2), Proxy::start());
    run_program(&cluster, &proxy, false);
    assert_eq!(proxy.asked(), Vec::<String>::new());
    assert_eq!(data_requests(&cluster), [3, 3]);
}

#[test]
fn all_traffic_to_nodes_goes_through_the_environments_proxy_if_asked_for() {
    let (cluster, proxy) = (cluster(2), Proxy::start());
    run_program(&cluster, &proxy, true);
    assert_eq!(data_requests(&cluster), [3, 3]);
    let connections = cluster.nodes().into_iter().map(|n| n.stats().connections);
    assert_eq!(proxy.asked().len() as u64, connections.sum::<u64>());
    for node in cluster.nodes() {
        let tunnel = format!("CONNECT {} HTTP/1.1", node.addr());
        assert!(proxy.asked().contains(&tunnel), "{:?}", proxy.asked());
    }
}
