//! The proxies of the environment get the traffic to nodes only if that was asked for.
//!
//! A process has one environment, so each test runs itself again as a child with the environment
//! that it is about.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use alternator_connector::{AlternatorConnector, NodeProxy, Policy};

use crate::discovery::cluster;
use crate::support::{client_without_retries, data_requests, ping};

/// Where a child finds its seeds, separated by commas, and whether it is to obey the environment.
const SEEDS: &str = "PROXY_TEST_SEEDS";
const OBEY: &str = "PROXY_TEST_OBEY";

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

/// Runs [`child`] in a process whose environment names the proxy.
fn run_child(cluster: &alternator_testcluster::Cluster, proxy: &Proxy, obey: bool) {
    let url = format!("http://{}", proxy.addr);
    let mut command = Command::new(std::env::current_exe().unwrap());
    command
        .args(["--exact", "discovery::proxy::child", "--ignored", "--nocapture"])
        .env(SEEDS, cluster.urls().join(","))
        .env(OBEY, obey.to_string())
        .env_remove("NO_PROXY")
        .env_remove("no_proxy")
        .env_remove("REQUEST_METHOD");
    for name in ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"] {
        command.env(name, &url).env(name.to_lowercase(), &url);
    }
    let output = command.output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success() && text.contains("1 passed"),
        "{text}{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

#[tokio::test]
#[ignore = "run by the other tests, in an environment of its own"]
async fn child() {
    let Ok(seeds) = std::env::var(SEEDS) else {
        return;
    };
    let proxy = match std::env::var(OBEY).as_deref() {
        Ok("true") => NodeProxy::FromEnvironment,
        _ => NodeProxy::default(),
    };
    let connector = AlternatorConnector::builder()
        .seeds(seeds.split(','))
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
    run_child(&cluster, &proxy, false);
    assert_eq!(proxy.asked(), Vec::<String>::new());
    assert_eq!(data_requests(&cluster), [3, 3]);
}

#[test]
fn all_traffic_to_nodes_goes_through_the_environments_proxy_if_asked_for() {
    let (cluster, proxy) = (cluster(2), Proxy::start());
    run_child(&cluster, &proxy, true);
    assert_eq!(data_requests(&cluster), [3, 3]);
    let connections = cluster.nodes().into_iter().map(|n| n.stats().connections);
    assert_eq!(proxy.asked().len() as u64, connections.sum::<u64>());
    for node in cluster.nodes() {
        let tunnel = format!("CONNECT {} HTTP/1.1", node.addr());
        assert!(proxy.asked().contains(&tunnel), "{:?}", proxy.asked());
    }
}
