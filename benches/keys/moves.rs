//! How many requests for one item go to a node that holds it while a tablet moves every second, and
//! once none does.

use std::cell::Cell;
use std::time::{Duration, Instant};

use alternator_benches::requests::runtime;
use aws_sdk_dynamodb::types::ScalarAttributeType;
use fastrand::Rng;
use tokio::time::sleep;

use crate::clients::{Client, ours};
use crate::cluster::{Counts, TABLETS, create, key, known, nine, until};
use crate::{holds, workers};

const TABLE: &str = "moving";
const KEYS: usize = 10_000;
const MOVES: u32 = 20;
const EVERY: Duration = Duration::from_secs(1);

const WORKERS: usize = 4;
/// What a worker waits between requests, so that the machine is not the limit.
const PAUSE: Duration = Duration::from_millis(4);
const AFTERWARDS: usize = 2_000;

/// A lookup that ends sooner after a move may have begun before it.
const LOOKUP: Duration = Duration::from_millis(200);

const AT_LEAST: f64 = 99.0;

pub(crate) fn print() -> bool {
    // Side by side, to save time.
    let [without, with] = [moving(false), moving(true)];
    let (without, with) = runtime().block_on(futures_util::future::join(without, with));
    without && with
}

async fn moving(header: bool) -> bool {
    let cluster = nine().tablets(TABLETS).routing_header(header).start().unwrap();
    let connector = ours(&cluster.urls()).build().unwrap();
    let client = Client::routed(&connector).await;
    let kind = ScalarAttributeType::S;
    create(client.sdk(), TABLE, kind.clone()).await;
    known(&connector, client.sdk(), TABLE, &kind).await;

    let get = async |number| {
        client.get_item().table_name(TABLE).key("pk", key(&kind, number)).send().await.unwrap();
    };
    let is_over = Cell::new(false);
    let requests = workers::all(WORKERS, async |worker| {
        let mut rng = Rng::with_seed(worker as u64);
        while !is_over.get() {
            get(rng.usize(..KEYS)).await;
            sleep(PAUSE).await;
        }
    });
    let moves = async {
        let mut last = Instant::now();
        for _ in 0..MOVES {
            sleep(EVERY.saturating_sub(last.elapsed())).await;
            last = Instant::now();
            cluster.move_tablet(TABLE).expect("there is room to move");
        }
        let is_refreshed = || {
            let age = connector.routing(TABLE).and_then(|routing| routing.age());
            age.is_some_and(|age| age + LOOKUP <= last.elapsed())
        };
        until(is_refreshed, async || ()).await;
        is_over.set(true);
        last.elapsed()
    };
    let before = Counts::of(&cluster);
    let (_, refreshed) = futures_util::future::join(requests, moves).await;
    let during = Counts::of(&cluster) - before;

    let before = Counts::of(&cluster);
    workers::all(WORKERS, async |worker| {
        for number in (worker..AFTERWARDS).step_by(WORKERS) {
            get(number).await;
        }
    })
    .await;
    let after = Counts::of(&cluster) - before;
    println!(
        "summary replica_hits_moving ours={:.2} afterwards={:.2} unit=percent routing_header={header} moves={MOVES} requests={} refreshed_ms={}",
        during.hits_percent(),
        after.hits_percent(),
        during.requests(),
        refreshed.as_millis(),
    );
    let during = holds(
        "99 requests of 100 go to a replica while tablets move",
        during.hits_percent() >= AT_LEAST,
    );
    let after = holds("all do after one refresh", after.hops == 0);
    during && after
}
