//! What goes wrong once a request was written comes back as an error, and the request is never sent
//! again.

use std::time::{Duration, Instant};

use alternator_testcluster::{Fault, Node, Scope};

use crate::exactly_once::trial::{Mode, NODES, Trial, Verdict, modes, writes_received};
use crate::support::node_stats;

/// What a fault does to the requests that meet it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Effect {
    NotExecuted,
    Executed,
}

/// As many failures in a row as eject a node.
const FAILURES: usize = 3;

impl Effect {
    fn executed(self, verdict: &Verdict) -> usize {
        match self {
            Self::NotExecuted => 0,
            Self::Executed => verdict.failed,
        }
    }
}

async fn comes_back(tls: bool, fault: Fault, effect: Effect) {
    let hangs = matches!(fault, Fault::Hang(_));
    for mode in modes(tls) {
        let trial = Trial::new(mode).await;
        let bad = trial.cluster.node(0);
        bad.inject(fault.clone());
        let verdict = trial.run(24, mode.at_once).await;
        // Round robin brings every third request to the bad node, until it is ejected. Where
        // nothing else is answered meanwhile, a single silence is enough for that.
        match (mode.at_once, hangs) {
            (1, true) => assert_eq!(verdict.failed, 1, "{mode:?}"),
            (1, false) => assert_eq!(verdict.failed, FAILURES, "{mode:?}"),
            _ => assert!(verdict.failed >= FAILURES, "{mode:?} {verdict:?}"),
        }
        assert_eq!(writes_received(&bad), verdict.failed, "{mode:?}");
        assert_eq!(trial.writes_received(), 24, "{mode:?}");
        let executed = effect.executed(&verdict);
        assert_eq!(verdict.executed_though_failed, executed, "{mode:?}");
    }
    everywhere(tls, fault, effect).await;
}

/// Where all nodes are bad, they are tried all the same, and each write fails on the first that it
/// is sent to.
async fn everywhere(tls: bool, fault: Fault, effect: Effect) {
    let hangs = matches!(fault, Fault::Hang(_));
    // Each that hangs takes its time, so all of them hang at once.
    let writes = if hangs { 16 } else { 24 };
    for mode in modes(tls).filter(|mode| !hangs || mode.at_once > 1) {
        let trial = Trial::new(mode).await;
        for node in trial.cluster.nodes() {
            node.inject(fault.clone());
        }
        let verdict = trial.run(writes, mode.at_once).await;
        assert_eq!((verdict.done, verdict.failed), (0, writes), "{mode:?}");
        assert_eq!(trial.writes_received(), writes, "{mode:?}");
        let executed = effect.executed(&verdict);
        assert_eq!(verdict.executed_though_failed, executed, "{mode:?}");
    }
}

macro_rules! comes_back {
    ($($name:ident / $over_tls:ident: $fault:expr, $effect:expr;)*) => {
        $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn $name() {
            comes_back(false, $fault, $effect).await;
        }

        #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn $over_tls() {
            comes_back(true, $fault, $effect).await;
        })*
    };
}

comes_back! {
    a_reset_after_the_head / a_reset_after_the_head_over_tls:
        Fault::ResetAfterHead, Effect::NotExecuted;
    a_reset_before_execution / a_reset_before_execution_over_tls:
        Fault::ResetAfterRequest { execute: false }, Effect::NotExecuted;
    a_reset_after_execution / a_reset_after_execution_over_tls:
        Fault::ResetAfterRequest { execute: true }, Effect::Executed;
    an_end_within_the_head_of_the_answer / an_end_within_the_head_of_the_answer_over_tls:
        Fault::CloseMidHead, Effect::Executed;
    an_end_within_the_body_of_the_answer / an_end_within_the_body_of_the_answer_over_tls:
        Fault::Truncate, Effect::Executed;
    an_answer_that_never_comes / an_answer_that_never_comes_over_tls:
        Fault::Hang(Scope::Data), Effect::NotExecuted;
}

/// Larger than what the kernel takes at once, so that the request is still being written when it
/// fails.
async fn half_written(tls: bool) {
    for fault in [Fault::ResetAfterHead, Fault::ResetAfterRequest { execute: false }] {
        for fresh in [true, false] {
            let mode = Mode { tls, fresh, at_once: 4 };
            let trial = Trial::new(mode).await.padded(300_000);
            let bad = trial.cluster.node(0);
            bad.inject(fault.clone());
            let verdict = trial.run(12, mode.at_once).await;
            assert!(verdict.failed >= FAILURES, "{mode:?} {fault:?} {verdict:?}");
            assert_eq!(writes_received(&bad), verdict.failed, "{mode:?} {fault:?}");
            assert_eq!(verdict.executed_though_failed, 0);

            let trial = Trial::new(mode).await.padded(300_000);
            for node in trial.cluster.nodes() {
                node.inject(fault.clone());
            }
            let verdict = trial.run(12, mode.at_once).await;
            assert_eq!((verdict.done, verdict.failed), (0, 12), "{mode:?} {fault:?}");
            assert_eq!(verdict.executed_though_failed, 0);
        }
    }
}

#[tokio::test]
async fn a_reset_while_the_request_is_being_written() {
    half_written(false).await;
}

#[tokio::test]
async fn a_reset_while_the_request_is_being_written_over_tls() {
    half_written(true).await;
}

/// Without TLS the first bytes are the request's, so these resets may or may not leave some of it
/// written.
#[tokio::test]
async fn a_fresh_connection_that_is_reset_executes_nothing() {
    let mode = |at_once| Mode { tls: false, fresh: true, at_once };
    for fault in [Fault::ResetOnAccept, Fault::ResetDuringTls] {
        // Of as many writes as there are nodes, round robin brings exactly one to the bad one.
        for _ in 0..8 {
            let trial = Trial::new(mode(1)).await;
            let bad = trial.cluster.node(0);
            bad.inject(fault.clone());
            let verdict = trial.run(NODES, 1).await;
            assert_eq!(verdict.executed_though_failed, 0);
            assert_eq!(writes_received(&bad), 0);
            let moved_on = node_stats(&trial.connector, &bad).connect_failures as usize;
            assert_eq!(verdict.failed + moved_on, 1, "{fault:?}");
        }
        // Many at once meet it before anyone knows.
        let trial = Trial::new(mode(16)).await;
        let bad = trial.cluster.node(0);
        bad.inject(fault.clone());
        let verdict = trial.run(24, 16).await;
        assert_eq!(verdict.executed_though_failed, 0);
        assert_eq!(writes_received(&bad), 0);
        let moved_on = node_stats(&trial.connector, &bad).connect_failures as usize;
        assert!(verdict.failed + moved_on >= 1, "{fault:?} {verdict:?}");
    }
}

async fn closes_after_each_answer(tls: bool) {
    for mode in modes(tls) {
        let trial = Trial::new(mode).await;
        let nodes = trial.cluster.nodes();
        for node in &nodes {
            node.inject(Fault::CloseAfterResponse);
        }
        // Many at once may write into a connection that is being closed, and are told so. One by
        // one, each waits until the connection of the one before is closed, and nothing fails.
        let one_by_one = mode.at_once == 1;
        let closed = |node: &Node| (node.stats().connections - node.stats().open) as usize;
        let closed_before: Vec<_> = nodes.iter().map(closed).collect();
        let before = move || {
            let limit = Instant::now() + Duration::from_secs(60);
            for (node, before) in nodes.iter().zip(&closed_before) {
                while one_by_one && closed(node) < before + writes_received(node) {
                    assert!(Instant::now() < limit, "connections are closed");
                    std::thread::yield_now();
                }
            }
        };
        let run = trial.begin(24, mode.at_once, before);
        let verdict = trial.verdict(run).await;
        if one_by_one {
            assert_eq!((verdict.done, verdict.failed), (24, 0), "{mode:?}");
        }
        assert!(verdict.done > 0);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_end_after_the_answer_costs_nothing() {
    closes_after_each_answer(false).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_end_after_the_answer_costs_nothing_over_tls() {
    closes_after_each_answer(true).await;
}
