//! What goes wrong before anything was written costs the client nothing: the request moves on to
//! another node.

use std::time::Duration;

use alternator_testcluster::{Fault, Node};

use crate::exactly_once::trial::{Mode, Trial, modes, writes_received};
use crate::support::eventually;

/// With one node like this, and with two, where a request may have to move on twice.
async fn moves_on(tls: bool, fault: fn(&Node)) {
    // Either comes once with one write at a time and with many, on fresh connections and on open
    // ones.
    for (mode, count) in modes(tls).zip([1, 2, 2, 1]) {
        // Longer than many handshakes at once take on a busy machine. Nobody waits for it where the
        // next node is raced.
        let trial = Trial::with(mode, |c| c.connect_timeout(Duration::from_secs(3))).await;
        let bad = &trial.cluster.nodes()[..count];
        for node in bad {
            fault(node);
            // What was open is closed, so that requests have to connect. A node may still be about
            // to read on when its answer has arrived, so it is told again.
            eventually("connections are closed", async || {
                node.close_idle();
                node.stats().open == 0
            })
            .await;
        }
        let verdict = trial.run(24, mode.at_once).await;
        assert_eq!((verdict.done, verdict.failed), (24, 0), "{mode:?}");
        for node in bad {
            assert_eq!(writes_received(node), 0, "{mode:?}");
        }
        assert!(trial.connector.stats().redispatched > 0, "{mode:?}");
    }
}

macro_rules! moves_on {
    ($($name:ident: $tls:expr, $fault:expr;)*) => {
        $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn $name() {
            moves_on($tls, $fault).await;
        })*
    };
}

moves_on! {
    a_node_that_refuses_costs_nothing: false, |n| n.inject(Fault::Refuse);
    a_node_that_refuses_costs_nothing_over_tls: true, |n| n.inject(Fault::Refuse);
    a_node_that_cannot_be_reached_costs_nothing: false, |n| n.inject(Fault::DropSyns);
    a_node_that_cannot_be_reached_costs_nothing_over_tls: true, |n| n.inject(Fault::DropSyns);
    a_stopped_node_costs_nothing: false, Node::stop;
    a_stopped_node_costs_nothing_over_tls: true, Node::stop;
    a_drained_node_costs_nothing: false, Node::drain;
    a_drained_node_costs_nothing_over_tls: true, Node::drain;
    // Without TLS the request is written before the reset can be seen.
    a_connection_reset_on_accept_costs_nothing_over_tls: true, |n| n.inject(Fault::ResetOnAccept);
    a_tls_handshake_that_is_reset_costs_nothing: true, |n| n.inject(Fault::ResetDuringTls);
}

async fn idle_connections_that_close(tls: bool) {
    let mode = Mode { tls, fresh: false, at_once: 1 };
    let trial = Trial::new(mode).await;
    let nodes = trial.cluster.nodes();
    let run = trial.begin(30, 1, move || nodes.iter().for_each(Node::close_idle));
    let verdict = trial.verdict(run).await;
    assert_eq!((verdict.done, verdict.failed), (30, 0));
}

#[tokio::test]
async fn an_idle_connection_that_the_node_closed_costs_nothing() {
    idle_connections_that_close(false).await;
}

#[tokio::test]
async fn an_idle_connection_that_the_node_closed_costs_nothing_over_tls() {
    idle_connections_that_close(true).await;
}

#[tokio::test]
async fn a_cluster_that_cannot_be_reached_at_all_executes_nothing_and_says_so() {
    for mode in modes(false) {
        let trial = Trial::new(mode).await;
        for node in trial.cluster.nodes() {
            node.stop();
        }
        let run = trial.begin(6, mode.at_once, || {});
        let verdict = trial.verdict(run).await;
        assert_eq!((verdict.done, verdict.failed), (0, 6));
        assert_eq!(verdict.executed_though_failed, 0);
    }
}
