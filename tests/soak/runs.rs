//! The connectors that are put to the test, each with a schedule of its own.

use std::sync::Arc;
use std::time::Duration;

use alternator_connector::{ConnectorBuilder, Hedging, Policy};
use alternator_testcluster::Tls;

use crate::holdings::Holdings;
use crate::schedule::Schedule;
use crate::stage::Stage;
use crate::workload::Workload;
use crate::{recovery, verdict};

/// A connector that is put to the test, and the seed of the schedule that it goes through.
struct Run {
    seed: u64,
    setup: &'static str,
    tls: Tls,
    options: fn(ConnectorBuilder) -> ConnectorBuilder,
}

/// In turn and not side by side, as what is leaked is counted for the whole process.
const RUNS: [Run; 3] = [
    Run {
        seed: 1,
        setup: "the defaults, and reads that are hedged soon and often",
        tls: Tls::Off,
        options: |connector| {
            connector.hedging(Hedging::after(Duration::from_millis(5)).budget(1.0))
        },
    },
    Run {
        seed: 2,
        setup: "round robin, and fewer connections than requests at once",
        tls: Tls::Off,
        options: |connector| connector.policy(Policy::RoundRobin).max_connections_per_node(2),
    },
    Run {
        seed: 3,
        setup: "round robin over TLS",
        tls: Tls::Server,
        options: |connector| connector.policy(Policy::RoundRobin),
    },
];

impl Run {
    async fn run(&self, seed: u64) {
        // Shown when the test fails.
        println!("SOAK_SEED={seed}, {}", self.setup);
        let stage = Arc::new(Stage::start(self.tls).await);
        let before = Holdings::now();

        let connector = stage.connector(self.options);
        let workload = Workload::begin(&connector, seed).await;
        stage.play(&Schedule::draw(seed)).await;
        let histories = workload.end().await;

        recovery::nothing_is_under_way(&connector, &stage, &before).await;
        recovery::every_node_serves(&connector, &stage).await;
        recovery::nothing_is_under_way(&connector, &stage, &before).await;
        let hedged = connector.stats().hedged;
        drop(connector);
        recovery::nothing_is_left(&stage, &before).await;

        verdict::judge(&stage, &histories, hedged).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_lost_doubled_or_leaked_whatever_fails() {
    let wanted: Option<u64> =
        std::env::var("SOAK_SEED").ok().map(|seed| seed.parse().expect("SOAK_SEED is a number"));
    for run in RUNS {
        run.run(wanted.unwrap_or(run.seed)).await;
    }
}
