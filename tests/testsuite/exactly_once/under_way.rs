//! Nodes that go away while requests are under way.

use std::time::{Duration, Instant};

use alternator_testcluster::{Fault, Node, Scope};

use crate::exactly_once::trial::{Mode, Trial, writes_received};
use crate::support::{eventually, eventually_returns};

const AT_ONCE: usize = 16;

/// Nodes that go away by `end` and come back, one after the other, while writes go on, and each
/// time have some under way.
async fn comes_and_goes(tls: bool, end: fn(&Node)) {
    for fresh in [true, false] {
        let mode = Mode { tls, fresh, at_once: AT_ONCE };
        let trial = Trial::new(mode).await;
        let run = trial.begin(usize::MAX, AT_ONCE, || {});
        // One of them twice, for which its own return must be noticed.
        for at in [1, 2, 0, 1] {
            let node = trial.cluster.node(at);
            let received = writes_received(&node);
            node.inject(Fault::Hang(Scope::Data));
            eventually("a write is under way", async || writes_received(&node) > received).await;
            end(&node);
            run.progress(AT_ONCE).await;
            node.heal();
            node.start().unwrap();
            run.progress(AT_ONCE).await;
            eventually_returns(&trial.connector, &node).await;
        }
        run.wind_up();
        let verdict = trial.verdict(run).await;
        assert!(verdict.failed >= 4, "{verdict:?}");
        assert!(verdict.done >= 4 * AT_ONCE, "{verdict:?}");
        assert!(trial.connector.stats().redispatched > 0);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_that_is_killed() {
    comes_and_goes(false, Node::stop).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_that_is_killed_over_tls() {
    comes_and_goes(true, Node::stop).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_that_drains() {
    comes_and_goes(false, |node| {
        // What hangs is executed, and its answer is lost.
        node.drain();
        node.heal();
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_that_drains_over_tls() {
    comes_and_goes(true, |node| {
        node.drain();
        node.heal();
    })
    .await;
}

/// Whether a request meets a closing connection before or after it was written is a race; the rules
/// hold either way.
async fn idle_connections_close(tls: bool) {
    let mode = Mode { tls, fresh: false, at_once: AT_ONCE };
    let trial = Trial::new(mode).await;
    let run = trial.begin(200, AT_ONCE, || {});
    let limit = Instant::now() + Duration::from_secs(60);
    while run.ended() < 200 {
        assert!(Instant::now() < limit, "writes go on");
        trial.cluster.nodes().iter().for_each(Node::close_idle);
        tokio::task::yield_now().await;
    }
    let verdict = trial.verdict(run).await;
    assert_eq!(verdict.done + verdict.failed, 200);
    assert!(verdict.done > 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn idle_connections_that_close_under_load() {
    idle_connections_close(false).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn idle_connections_that_close_under_load_over_tls() {
    idle_connections_close(true).await;
}
