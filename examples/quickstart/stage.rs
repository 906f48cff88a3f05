//! Where the requests go: a cluster in this process, or one that is already there.

use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use alternator_connector::AlternatorConnector;
use alternator_testcluster::{Cluster, Fault};
use aws_config::environment::EnvironmentVariableCredentialsProvider;
use aws_config::meta::credentials::CredentialsProviderChain;
use aws_config::profile::ProfileFileCredentialsProvider;
use aws_sdk_dynamodb::config::SharedCredentialsProvider;
use tokio::time::sleep;

use crate::arguments::Arguments;
use crate::common::{Failure, SECRET, USER, credentials};
use crate::record::Record;

/// How long each of the four phases with a cluster of our own takes.
const PHASE: Duration = Duration::from_millis(2500);

/// How long a dying node goes on executing requests without answering them.
const LAST_BREATH: Duration = Duration::from_millis(50);

pub(crate) struct Stage {
    /// `None` if the cluster is not ours.
    cluster: Option<Cluster>,
    pub(crate) connector: AlternatorConnector,
    pub(crate) credentials: SharedCredentialsProvider,
}

impl Stage {
    pub(crate) async fn new(arguments: &Arguments) -> Result<Self, Failure> {
        if !arguments.endpoints.is_empty() {
            let connector = arguments.connector(&arguments.endpoints).build()?;
            connector.check_scope().await?;
            return Ok(Self { cluster: None, connector, credentials: local_credentials() });
        }
        let cluster = Cluster::builder()
            .nodes(3)
            .auth(USER, SECRET)
            // The others go on listing a node for a while after it has died, as they do in a real
            // cluster.
            .failure_detection(Duration::from_secs(1))
            .record(false)
            .start()?;
        Ok(Self {
            connector: arguments.connector(&cluster.urls()).build()?,
            cluster: Some(cluster),
            credentials: SharedCredentialsProvider::new(credentials()),
        })
    }

    /// Lets the workload run for about ten seconds, and makes life hard for it if the cluster is
    /// ours. Answers what each node had counted when each phase began.
    pub(crate) async fn play(&self, record: &Record) -> io::Result<Vec<Requests>> {
        let Some(cluster) = &self.cluster else {
            let before = self.begin("running", record);
            sleep(4 * PHASE).await;
            return Ok(vec![before]);
        };
        let all_up = self.begin("all three up", record);
        sleep(PHASE).await;

        let killed = self.begin("one killed", record);
        // The worst way to die: with requests that are executed, though nobody hears of it.
        let node = cluster.node(1);
        node.inject(Fault::ResetAfterRequest { execute: true });
        sleep(LAST_BREATH).await;
        node.stop();
        node.heal();
        sleep(PHASE).await;

        let returned = self.begin("it has returned", record);
        node.start()?;
        sleep(PHASE).await;

        let joined = self.begin("a fourth joined", record);
        cluster.add_node("dc1", "rack1")?;
        sleep(PHASE).await;
        Ok(vec![all_up, killed, returned, joined])
    }

    fn begin(&self, phase: &'static str, record: &Record) -> Requests {
        record.begin(phase);
        self.requests()
    }

    /// How many requests each node has had so far: by its own count if it is ours, and else by that
    /// of the connector.
    pub(crate) fn requests(&self) -> Requests {
        let Some(cluster) = &self.cluster else {
            let nodes = self.connector.stats().nodes.into_iter();
            return nodes.map(|n| (n.address, n.requests)).collect();
        };
        cluster.nodes().into_iter().map(|n| (n.addr(), n.stats().data_requests())).collect()
    }
}

/// Requests by the node's address.
pub(crate) type Requests = BTreeMap<SocketAddr, u64>;

/// How much each node has counted between each two of these times.
pub(crate) fn between(times: &[Requests]) -> Vec<Requests> {
    let difference = |before: &Requests, after: &Requests| {
        let count = |(node, after): (&SocketAddr, &u64)| {
            // A count that has become smaller is that of a node that left the list and joined it
            // anew.
            let before = before.get(node).filter(|before| *before <= after);
            (*node, after - before.unwrap_or(&0))
        };
        after.iter().map(count).collect()
    };
    times.windows(2).map(|pair| difference(&pair[0], &pair[1])).collect()
}

/// What the environment or a profile gives, without asking anyone over the network.
fn local_credentials() -> SharedCredentialsProvider {
    let chain = CredentialsProviderChain::first_try(
        "environment",
        EnvironmentVariableCredentialsProvider::new(),
    )
    .or_else("profile", ProfileFileCredentialsProvider::builder().build())
    .or_else("made up", credentials());
    SharedCredentialsProvider::new(chain)
}
