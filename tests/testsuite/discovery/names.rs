//! Seeds that are names: each stands for all its addresses, and for other ones later.

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::time::{Duration, Instant};

use alternator_connector::{AlternatorConnector, ConnectorBuilder, Scope};
use alternator_testcluster::{Cluster, Node, View};
use aws_smithy_runtime_api::client::dns::{DnsFuture, ResolveDns, ResolveDnsError};
use tokio::sync::watch;

use crate::discovery::{NEVER, cluster};
use crate::support::{
    addrs, client, client_without_retries, eventually, eventually_routes_to, ping, routes,
};

/// What a name resolves to.
#[derive(Clone, Debug)]
pub(crate) enum Record {
    Addresses(Vec<IpAddr>),
    Fails,
    Hangs,
}

impl Record {
    pub(crate) fn of<'a>(nodes: impl IntoIterator<Item = &'a Node>) -> Self {
        Self::Addresses(nodes.into_iter().map(|n| n.addr().ip()).collect())
    }
}

/// A resolver that reads from a script: names that begin with `hangs` hang for ever, and all others
/// have the record of the moment, or the next that answers.
#[derive(Clone, Debug)]
pub(crate) struct Script {
    record: Arc<watch::Sender<Record>>,
    lookups: Arc<AtomicUsize>,
}

impl Script {
    pub(crate) fn new(record: Record) -> Self {
        Self { record: Arc::new(watch::Sender::new(record)), lookups: Arc::default() }
    }

    pub(crate) fn set(&self, record: Record) {
        self.record.send_replace(record);
    }

    /// How many lookups were begun.
    fn lookups(&self) -> usize {
        self.lookups.load(SeqCst)
    }
}

impl ResolveDns for Script {
    fn resolve_dns<'a>(&'a self, name: &'a str) -> DnsFuture<'a> {
        self.lookups.fetch_add(1, SeqCst);
        let mut record = self.record.subscribe();
        DnsFuture::new(async move {
            if name.starts_with("hangs") {
                std::future::pending::<()>().await;
            }
            let answers = |record: &Record| !matches!(record, Record::Hangs);
            match &*record.wait_for(answers).await.unwrap() {
                Record::Addresses(addresses) => Ok(addresses.clone()),
                _ => Err(ResolveDnsError::new("NXDOMAIN")),
            }
        })
    }
}

/// A connector that knows the cluster by a name only.
pub(crate) fn by_name(cluster: &Cluster, script: &Script) -> ConnectorBuilder {
    AlternatorConnector::builder()
        .seed(format!("http://alternator.test:{}", cluster.port()))
        .dns_resolver(script.clone())
        .active_refresh_interval(NEVER)
        .discovery_timeout(Duration::from_secs(2))
}

#[tokio::test]
async fn every_address_of_a_name_is_used() {
    let cluster = cluster(3);
    for node in cluster.nodes() {
        node.set_view(View::Only(vec![]));
    }
    let script = Script::new(Record::of(&cluster.nodes()));
    let connector = by_name(&cluster, &script).build().unwrap();
    let client = client_without_retries(&connector).await;
    ping(&client).await.unwrap();
    assert_eq!(routes(&connector), addrs(&cluster.nodes()));
}

#[tokio::test]
async fn a_cluster_that_was_replaced_at_once_is_found_by_its_name() {
    for scope in [Scope::Cluster, Scope::datacenter("dc1")] {
        let cluster = cluster(3);
        let script = Script::new(Record::of(&cluster.nodes()));
        let connector = by_name(&cluster, &script).scope(scope).build().unwrap();
        let client = client_without_retries(&connector).await;
        ping(&client).await.unwrap();
        for old in cluster.nodes() {
            cluster.replace_node(&old).unwrap();
        }
        script.set(Record::of(&cluster.nodes()));
        connector.refresh().await.unwrap();
        // The old nodes are in the list for as long as they might only have been silent.
        assert!(cluster.nodes().iter().all(|n| routes(&connector).contains(&n.addr())));
        for _ in 0..6 {
            ping(&client).await.unwrap();
        }
        eventually("the old nodes are gone", async || {
            connector.refresh().await.unwrap();
            routes(&connector) == addrs(&cluster.nodes())
        })
        .await;
    }
}

#[tokio::test]
async fn a_resolver_that_fails_or_hangs_does_not_lose_the_cluster() {
    let cluster = cluster(3);
    let script = Script::new(Record::of(&cluster.nodes()));
    let connector = by_name(&cluster, &script).build().unwrap();
    connector.refresh().await.unwrap();
    for record in [Record::Fails, Record::Hangs, Record::Addresses(vec![])] {
        script.set(record);
        for node in cluster.nodes() {
            node.stop();
        }
        for _ in 0..4 {
            assert!(connector.refresh().await.is_err());
            assert_eq!(connector.known_nodes().len(), 3);
        }
        for node in cluster.nodes() {
            node.start().unwrap();
        }
        connector.refresh().await.unwrap();
        assert_eq!(routes(&connector), addrs(&cluster.nodes()));
    }
}

#[tokio::test]
async fn a_name_that_does_not_resolve_holds_up_no_other_seed() {
    for scope in [Scope::Cluster, Scope::datacenter("dc1")] {
        let cluster = cluster(2);
        let script = Script::new(Record::of(&cluster.nodes()[..1]));
        let name = |name| format!("http://{name}.test:{}", cluster.port());
        let connector = AlternatorConnector::builder()
            .seeds([name("hangs-1"), name("hangs-2"), name("answers")])
            .dns_resolver(script)
            .scope(scope)
            .active_refresh_interval(Duration::from_millis(50))
            .discovery_timeout(Duration::from_secs(60))
            .build()
            .unwrap();
        let client = client(&connector).await;
        ping(&client).await.unwrap();
        for _ in 0..3 {
            cluster.add_node("dc1", "rack1").unwrap();
            eventually_routes_to(&connector, &cluster.nodes()).await;
        }
    }
}

#[tokio::test]
async fn a_name_that_does_not_resolve_is_not_looked_up_at_every_refresh() {
    for record in [Record::Fails, Record::Hangs] {
        let cluster = cluster(1);
        let script = Script::new(record.clone());
        let connector = by_name(&cluster, &script).seed(cluster.node(0).url()).build().unwrap();
        let begun = Instant::now();
        for _ in 0..10 {
            connector.refresh().await.unwrap();
        }
        // A name that fails is tried every five seconds, and a lookup under way is waited for.
        let limit = 1 + begun.elapsed().as_secs() as usize / 5;
        assert!(script.lookups() <= limit, "{record:?}");
        cluster.node(0).stop();
        assert!(connector.refresh().await.is_err());
        assert!(script.lookups() <= limit + 1, "{record:?}");
    }
}
