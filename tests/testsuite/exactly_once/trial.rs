//! Writes that each leave a trace, sent while something is wrong, and the rules that hold whatever
//! that was.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::Duration;

use alternator_connector::{AlternatorConnector, ConnectorBuilder, Policy};
use alternator_testcluster::{Cluster, Node, Tls};
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::retry::RetryConfig;
use aws_sdk_dynamodb::config::timeout::TimeoutConfig;
use tokio::task::JoinSet;

use crate::support::direct::{HOUR, connector_with_ca, header};
use crate::support::write::{Ending, write};
use crate::support::{
    TABLE, USER, client, create_table, eventually, s, sdk_config, with_attempt_headers,
};

pub(crate) const NODES: usize = 3;

/// Longer than a healthy node takes on a busy machine.
pub(crate) const READ_TIMEOUT: Duration = Duration::from_secs(2);

/// How the writes of a trial are sent.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Mode {
    pub(crate) tls: bool,
    /// Every connection serves one request; else connections are open and idle when the trial
    /// begins.
    pub(crate) fresh: bool,
    pub(crate) at_once: usize,
}

/// One by one and many at once, on fresh connections and on open ones.
pub(crate) fn modes(tls: bool) -> impl Iterator<Item = Mode> {
    [(true, 1), (true, 16), (false, 1), (false, 16)].into_iter().map(move |(fresh, at_once)| Mode {
        tls,
        fresh,
        at_once,
    })
}

pub(crate) struct Trial {
    pub(crate) cluster: Cluster,
    pub(crate) connector: AlternatorConnector,
    client: Client,
    /// A client of its own, for what is not part of the trial.
    witness: Client,
    pad: usize,
}

/// Writes that are under way, each with its key.
pub(crate) struct Run {
    workers: JoinSet<Vec<(String, Ending)>>,
    wanted: Arc<AtomicUsize>,
    ended: Arc<AtomicUsize>,
}

/// What became of the writes of a trial.
#[derive(Debug, Default)]
pub(crate) struct Verdict {
    pub(crate) done: usize,
    pub(crate) failed: usize,
    pub(crate) executed_though_failed: usize,
}

impl Trial {
    pub(crate) async fn new(mode: Mode) -> Self {
        Self::with(mode, |connector| connector).await
    }

    pub(crate) async fn with(
        mode: Mode,
        options: impl Fn(ConnectorBuilder) -> ConnectorBuilder,
    ) -> Self {
        // A bad node stays in the list for the whole trial.
        let cluster = Cluster::builder()
            .nodes(NODES)
            .auth(USER.0, USER.1)
            .tls(if mode.tls { Tls::Server } else { Tls::Off })
            .failure_detection(HOUR)
            .shutdown_announcement(HOUR)
            .start()
            .unwrap();
        let builder = || {
            with_attempt_headers(connector_with_ca(&cluster))
                .policy(Policy::RoundRobin)
                .active_refresh_interval(HOUR)
        };
        let witness = client(&builder().build().unwrap()).await;
        create_table(&witness).await;

        let mut options = options(builder());
        if mode.fresh {
            options = options.idle_connection_timeout(Duration::from_nanos(1));
        }
        let connector = options.build().unwrap();
        connector.refresh().await.unwrap();
        let config = sdk_config(&connector).await;
        let config = aws_sdk_dynamodb::config::Builder::from(&config)
            .retry_config(RetryConfig::disabled())
            .timeout_config(TimeoutConfig::builder().read_timeout(READ_TIMEOUT).build());
        let trial =
            Self { client: Client::from_conf(config.build()), cluster, connector, witness, pad: 0 };
        if !mode.fresh {
            trial.warm_up(mode.at_once).await;
        }
        trial
    }

    /// Makes every write this much larger.
    pub(crate) fn padded(self, pad: usize) -> Self {
        Self { pad, ..self }
    }

    async fn warm_up(&self, at_once: usize) {
        let mut gets = JoinSet::new();
        for _ in 0..at_once * NODES {
            let get = self.client.get_item().table_name(TABLE).key("pk", s("x"));
            gets.spawn(get.send());
        }
        while let Some(got) = gets.join_next().await {
            got.unwrap().unwrap();
        }
        for node in self.connector.stats().nodes {
            assert!(node.connections_idle > 0, "{node:?}");
        }
    }

    /// Begins to send writes, and calls `before` before each.
    pub(crate) fn begin(
        &self,
        writes: usize,
        at_once: usize,
        before: impl Fn() + Clone + Send + 'static,
    ) -> Run {
        let next = Arc::new(AtomicUsize::new(0));
        let wanted = Arc::new(AtomicUsize::new(writes));
        let ended = Arc::new(AtomicUsize::new(0));
        let mut workers = JoinSet::new();
        for _ in 0..at_once {
            let (next, wanted, ended) = (next.clone(), wanted.clone(), ended.clone());
            let (client, before) = (self.client.clone(), before.clone());
            let filler = "x".repeat(self.pad);
            workers.spawn(async move {
                let mut endings = Vec::new();
                loop {
                    let at = next.fetch_add(1, Relaxed);
                    if at >= wanted.load(Relaxed) {
                        return endings;
                    }
                    before();
                    let key = format!("write-{at}");
                    let ending = write(&client, &key, at, &filler).await;
                    endings.push((key, ending));
                    ended.fetch_add(1, Relaxed);
                }
            });
        }
        Run { workers, wanted, ended }
    }

    /// Sends writes, and returns what became of them.
    pub(crate) async fn run(&self, writes: usize, at_once: usize) -> Verdict {
        let run = self.begin(writes, at_once, || {});
        self.verdict(run).await
    }

    /// Waits for the writes, heals the cluster, and holds what the client was told against what the
    /// cluster did.
    pub(crate) async fn verdict(&self, run: Run) -> Verdict {
        let endings: Vec<_> = run.workers.join_all().await.into_iter().flatten().collect();
        for node in self.cluster.nodes() {
            // What still hangs is not executed later.
            node.stop();
            node.heal();
            node.start().unwrap();
        }
        let executed = self.executed().await;
        let mut verdict = Verdict::default();
        for (key, ending) in &endings {
            let executed = executed.get(key).copied().unwrap_or(0);
            match ending {
                Ending::Done => {
                    assert_eq!(executed, 1, "{key}: {ending:?}");
                    verdict.done += 1;
                }
                Ending::Unsent(_) | Ending::Refused(_) => {
                    assert_eq!(executed, 0, "{key}: {ending:?}");
                }
                Ending::Unclear(_) => {
                    assert!(executed <= 1, "{key}: {ending:?} but executed {executed} times");
                    verdict.executed_though_failed += executed;
                }
            }
        }
        verdict.failed = endings.len() - verdict.done;
        self.assert_each_request_reached_one_node();
        let counted: u64 = self.cluster.nodes().iter().map(writes_executed).sum();
        assert_eq!(counted as usize, executed.values().sum::<usize>());
        verdict
    }

    /// How often each write was executed.
    async fn executed(&self) -> HashMap<String, usize> {
        let mut executed = HashMap::new();
        let mut pages = self
            .witness
            .scan()
            .table_name(TABLE)
            .projection_expression("pk, n")
            .into_paginator()
            .items()
            .send();
        while let Some(item) = pages.next().await {
            let item = item.unwrap();
            let n = item["n"].as_n().unwrap().parse().unwrap();
            executed.insert(item["pk"].as_s().unwrap().clone(), n);
        }
        executed
    }

    /// How many writes the nodes have received together.
    pub(crate) fn writes_received(&self) -> usize {
        self.cluster.nodes().iter().map(writes_received).sum()
    }

    fn assert_each_request_reached_one_node(&self) {
        let mut seen = HashMap::new();
        for node in self.cluster.nodes() {
            for head in node.heads() {
                if let Some(id) = header(&head, "amz-sdk-invocation-id")
                    && let Some(first) = seen.insert(id.clone(), node.addr())
                {
                    panic!("request {id} reached {first} and then {}", node.addr());
                }
            }
        }
    }
}

impl Run {
    pub(crate) fn ended(&self) -> usize {
        self.ended.load(Relaxed)
    }

    /// Lets what is under way end, and begins no more.
    pub(crate) fn wind_up(&self) {
        self.wanted.store(0, Relaxed);
    }

    /// Waits until so many more writes have ended.
    pub(crate) async fn progress(&self, writes: usize) {
        let from = self.ended.load(Relaxed);
        eventually("writes go on", async || self.ended.load(Relaxed) >= from + writes).await;
    }
}

/// How many writes a node has received.
pub(crate) fn writes_received(node: &Node) -> usize {
    let stats = node.stats();
    (stats.requests_of("UpdateItem") + stats.requests_of("PutItem")) as usize
}

pub(crate) fn writes_executed(node: &Node) -> u64 {
    let executed = node.stats().executed_by_operation;
    ["UpdateItem", "PutItem"].iter().filter_map(|operation| executed.get(*operation)).sum()
}
