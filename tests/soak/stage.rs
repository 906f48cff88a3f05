//! The cluster that all this happens to.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use alternator_connector::{AlternatorConnector, Builder};
use alternator_testcluster::{Cluster, Node, Tls};
use tokio::task::{JoinSet, spawn_blocking};
use tokio::time::{Instant, sleep, sleep_until};

use crate::schedule::{Episode, NODES, Schedule};
use crate::support::direct::trusting;
use crate::support::*;
use crate::trouble;

/// How many requests a node takes at a time before it sheds the rest: more than its share, and less than it gets when two
/// others are gone.
const SHEDDING: usize = 5;

/// How long requests go on once all is well again: longer than any answer that was begun before takes.
const AFTERMATH: Duration = Duration::from_millis(500);

pub(crate) struct Stage {
    cluster: Cluster,
    /// Nodes that are there no more.
    gone: Mutex<Vec<Node>>,
}

impl Stage {
    /// A cluster with a table, to which nobody is connected.
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
        let stage = Self {
            cluster,
            gone: Mutex::default(),
        };
        create_table(&client(&stage.connector(|connector| connector)).await).await;
        for node in stage.cluster.nodes() {
            trouble::pace(&node);
        }
        eventually("the table's maker is gone", async || {
            stage.open_connections() == 0
        })
        .await;
        stage
    }

    pub(crate) fn connector(&self, options: fn(Builder) -> Builder) -> AlternatorConnector {
        options(trusting(&self.cluster)).build().unwrap()
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
}

/// The life of one node and of those that take its place.
async fn live(stage: Arc<Stage>, mut node: Node, begun: Instant, episodes: Vec<Episode>) {
    for Episode {
        begin,
        end,
        trouble,
    } in episodes
    {
        // The cluster's calls block until they have taken effect.
        let (at, victim, what) = (Arc::clone(&stage), node.clone(), trouble.clone());
        sleep_until(begun + begin).await;
        let begins = spawn_blocking(move || what.begin(&at.cluster, &victim));
        begins.await.unwrap();

        let (at, victim) = (Arc::clone(&stage), node.clone());
        sleep_until(begun + end).await;
        let ends = spawn_blocking(move || trouble.end(&at.cluster, &victim));
        if let Some(next) = ends.await.unwrap() {
            stage.gone.lock().unwrap().push(node);
            node = next;
        }
    }
}
