//! What a hop more costs those who wait for it. A node that is no replica waits for a millisecond
//! before it executes a request, which Tokio's timers, that count whole milliseconds, make about
//! two of.

use std::time::{Duration, Instant};

use alternator_benches::figures::percentile;
use alternator_benches::requests::runtime;
use aws_sdk_dynamodb::types::ScalarAttributeType;
use fastrand::Rng;

use crate::clients::{Client, ours};
use crate::cluster::{Counts, TABLETS, create, key, known, nine};
use crate::{holds, workers};

const TABLE: &str = "latency";
const KEYS: usize = 1_000;
const HOP: Duration = Duration::from_millis(1);
/// So few that the machine is not the limit.
const WORKERS: usize = 2;
/// The clients take turns in so many rounds.
const ROUNDS: usize = 10;
/// Of each worker in each round.
const REQUESTS: usize = 250;

/// Two requests in three, give or take ten standard deviations.
const TWO_IN_THREE: std::ops::Range<f64> = 0.60..0.74;

pub(crate) fn print() -> bool {
    runtime().block_on(compared())
}

async fn compared() -> bool {
    let cluster = nine().tablets(TABLETS).hop_cost(HOP).start().unwrap();
    let connector = ours(&cluster.urls()).build().unwrap();
    let routed = Client::routed(&connector).await;
    let kind = ScalarAttributeType::S;
    create(routed.sdk(), TABLE, kind.clone()).await;
    known(&connector, routed.sdk(), TABLE, &kind).await;
    let mut columns = [
        Column::new(routed),
        Column::new(Client::round_robin(&cluster.urls()).await),
        Column::new(Client::peer(&cluster.urls())),
    ];
    // The first round is for warming up.
    for round in 0..=ROUNDS {
        for column in &mut columns {
            let before = Counts::of(&cluster);
            let client = &column.client;
            let times = workers::all(WORKERS, async |worker| {
                times(client, &kind, (round * WORKERS + worker) as u64).await
            })
            .await;
            if round > 0 {
                let counts = Counts::of(&cluster) - before;
                column.hops += counts.hops;
                column.times.extend(times.into_iter().flatten());
            }
        }
    }
    let [ours, turns, peer] = &columns;
    for (measure, at) in [("p50", 0.5), ("p99", 0.99)] {
        let [ours, turns, peer] = [ours, turns, peer].map(|c| c.percentile(at));
        println!("summary get_item_{measure} ours={ours} round_robin={turns} peer={peer} unit=us");
    }
    let [a, b, c] = [ours, turns, peer].map(Column::hops_per_request);
    println!("summary hops_per_request ours={a:.3} round_robin={b:.3} peer={c:.3}");
    let none = holds("no request of ours takes a hop", ours.hops == 0);
    let two = holds(
        "two in three of the others do",
        TWO_IN_THREE.contains(&b) && TWO_IN_THREE.contains(&c),
    );
    let fast = holds(
        "half of ours take no longer than half of what half of the others take",
        2 * ours.percentile(0.5) <= turns.percentile(0.5).min(peer.percentile(0.5)),
    );
    none && two && fast
}

async fn times(client: &Client, kind: &ScalarAttributeType, seed: u64) -> Vec<Duration> {
    let mut rng = Rng::with_seed(seed);
    let mut times = Vec::new();
    for _ in 0..REQUESTS {
        let get = client.get_item().table_name(TABLE).key("pk", key(kind, rng.usize(..KEYS)));
        let begun = Instant::now();
        get.send().await.unwrap();
        times.push(begun.elapsed());
    }
    times
}

struct Column {
    client: Client,
    times: Vec<Duration>,
    hops: u64,
}

impl Column {
    fn new(client: Client) -> Self {
        Self { client, times: Vec::new(), hops: 0 }
    }

    /// In microseconds.
    fn percentile(&self, at: f64) -> u128 {
        percentile(at, self.times.iter().copied()).unwrap().as_micros()
    }

    fn hops_per_request(&self) -> f64 {
        self.hops as f64 / self.times.len() as f64
    }
}
