//! The cluster that all this happens to.

use std::net::TcpStream;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use alternator_connector::{AlternatorConnector, ConnectorBuilder};
use alternator_testcluster::{Cluster, Node, Tls};
use tokio::task::{JoinSet, spawn_blocking};
use tokio::time::{Instant, sleep, sleep_until};

use crate::holdings::Holdings;
use crate::schedule::{Episode, NODES, Schedule};
use crate::support::direct::connector_with_ca;
use crate::support::{USER, client, create_table, eventually, with_attempt_headers};
use crate::trouble;

/// How many requests a node takes at a time before it sheds the rest: more than its share, and less
/// than it gets when two others are gone.
const SHEDDING: usize = 5;

/// How long requests go on once all is well again: longer than any answer that was begun before
/// takes.
const AFTERMATH: Duration = Duration::from_millis(500);

pub(crate) struct Stage {
    cluster: Cluster,
    /// Held while trouble begins or ends, as some of it concerns more than one node.
    turn: Mutex<()>,
    /// Nodes that are there no more.
    gone: Mutex<Vec<Node>>,
}

impl Stage {
    /// A cluster with a table, when whoever has made that is gone.
    pub(crate) async fn start(tls: Tls) -> Self {
        let cluster = Cluster::builder()
            .nodes(NODES)
            .auth(USER.0, USER.1)
            .tls(tls)
            .shedding(SHEDDING)
            .failure_detection(Duration::from_millis(300))
            .listening_delay(Duration::from_millis(100))
            .shutdown_announcement(Duration::from_millis(200))
            .start()
            .unwrap();
        let stage = Self { cluster, turn: Mutex::default(), gone: Mutex::default() };
        eventually("every node listens", async || {
            stage.nodes().iter().all(|node| TcpStream::connect(node.addr()).is_ok())
        })
        .await;
        create_table(&client(&stage.connector(|connector| connector)).await).await;
        for node in stage.cluster.nodes() {
            trouble::pace(&node);
        }
        eventually("the table's maker is gone", async || {
            stage.open_connections() == 0 && Holdings::now().tasks == 0
        })
        .await;
        stage
    }

    pub(crate) fn connector(
        &self,
        options: fn(ConnectorBuilder) -> ConnectorBuilder,
    ) -> AlternatorConnector {
        // So that connects to nodes that drop packets end within an episode.
        let connector = connector_with_ca(&self.cluster).connect_timeout(Duration::from_secs(1));
        options(with_attempt_headers(connector)).build().unwrap()
    }

    /// The nodes that are there.
    pub(crate) fn nodes(&self) -> Vec<Node> {
        self.cluster.nodes()
    }

    /// All nodes that there have been.
    pub(crate) fn all_nodes(&self) -> Vec<Node> {
        let mut nodes = self.gone.lock().unwrap().clone();
        nodes.extend(self.cluster.nodes());
        nodes
    }

    pub(crate) fn open_connections(&self) -> u64 {
        self.all_nodes().iter().map(|node| node.stats().open).sum()
    }

    /// Goes through the schedule. All is well again in the end, and has been for a moment.
    pub(crate) async fn play(self: &Arc<Self>, schedule: &Schedule) {
        let begun = Instant::now();
        let mut lives = JoinSet::new();
        for (node, episodes) in self.nodes().into_iter().zip(&schedule.0) {
            lives.spawn(live(Arc::clone(self), node, begun, episodes.clone()));
        }
        lives.join_all().await;
        sleep(AFTERMATH).await;
    }

    /// Makes a change to the cluster, which blocks until it has taken effect.
    async fn change<T: Send + 'static>(
        self: &Arc<Self>,
        change: impl FnOnce(&Cluster) -> T + Send + 'static,
    ) -> T {
        let stage = Arc::clone(self);
        let changed = spawn_blocking(move || {
            let _turn = stage.turn.lock().unwrap();
            change(&stage.cluster)
        });
        changed.await.unwrap()
    }
}

/// The life of one node and of those that take its place.
async fn live(stage: Arc<Stage>, mut node: Node, begun: Instant, episodes: Vec<Episode>) {
    for episode in episodes {
        let (victim, trouble) = (node.clone(), episode.trouble.clone());
        sleep_until(begun + episode.begin).await;
        let begin = move |cluster: &Cluster| trouble.begin(cluster, &victim);
        stage.change(begin).await;

        let victim = node.clone();
        sleep_until(begun + episode.end).await;
        let end = move |cluster: &Cluster| episode.trouble.end(cluster, &victim);
        if let Some(next) = stage.change(end).await {
            stage.gone.lock().unwrap().push(node);
            node = next;
        }
    }
}
