//! Whether a key is ever served by two coordinators at once when one of them dies.
//!
//! At once is what contends: less than the cluster's window apart. The moment of change lasts from
//! the kill until the last request that was in flight or connecting then has ended, and the window.
//! The others go on listing the node, as the server's do for 20 s: when the list changes, so do the
//! two orders that are drawn from it.

use std::cell::Cell;
use std::time::{Duration, Instant};

use alternator_benches::requests::runtime;
use alternator_testcluster::{Cluster, Delay, Fault, Turn};
use aws_sdk_dynamodb::types::ScalarAttributeType;
use fastrand::Rng;
use serde_json::json;
use tokio::time::sleep;

use crate::clients::Client;
use crate::cluster::create;
use crate::contended::{KEYS, ORDERS, WINDOW, WORKERS, affine, contending, update};
use crate::{holds, workers};

/// Before the kill, and after it.
const HALF: Duration = Duration::from_secs(2);
const DETECTION: Duration = Duration::from_secs(20);
/// How late answers are, so that many requests are in flight when the node dies.
const LATE: Duration = Duration::from_millis(20);
/// What a worker waits between updates at most, so that the machine is not the limit.
const PAUSE: Duration = Duration::from_millis(20);

pub(crate) fn print() -> bool {
    let turns = runtime().block_on(async {
        let cluster = started();
        let client = Client::round_robin(&cluster.urls()).await;
        create(client.sdk(), "turns", ScalarAttributeType::S).await;
        Outage::of(&cluster, &client, "turns").await
    });
    let mut held = true;
    for (name, order) in ORDERS {
        let ours = runtime().block_on(async {
            let cluster = started();
            let (_connector, client) = affine(&cluster.urls(), order, name).await;
            Outage::of(&cluster, &client, name).await
        });
        println!(
            "summary lwt_outage order={name} two_coordinators_beyond={} round_robin={} within={} moment_ms={} updates={} failed={} keys_of_the_dead_node={}",
            ours.beyond,
            turns.beyond,
            ours.within,
            ours.moment.as_millis(),
            ours.updates,
            ours.failed,
            ours.keys,
        );
        held &= holds("the dead node coordinated some keys", ours.keys > 0);
        held &= holds(
            "no key has two coordinators at once beyond the moment of change",
            ours.beyond == 0,
        );
    }
    held
}

fn started() -> Cluster {
    let cluster = contending().failure_detection(DETECTION).start().unwrap();
    for node in cluster.nodes() {
        node.inject(Fault::Slow(Delay::Fixed(LATE)));
    }
    cluster
}

/// What came of the death of one node.
struct Outage {
    /// How often a key had two coordinators at once, within the moment of change and beyond it.
    within: usize,
    beyond: usize,
    moment: Duration,
    updates: usize,
    failed: usize,
    /// How many keys the dead node had coordinated.
    keys: usize,
}

impl Outage {
    async fn of(cluster: &Cluster, client: &Client, table: &str) -> Self {
        let is_over = Cell::new(false);
        let updates = workers::all(WORKERS, async |worker| {
            let mut rng = Rng::with_seed(worker as u64);
            let mut updates = Vec::new();
            while !is_over.get() {
                let began = Instant::now();
                let is_ok = update(client, table, rng.usize(..KEYS)).await.is_ok();
                updates.push((began, Instant::now(), is_ok));
                sleep(PAUSE.mul_f64(rng.f64())).await;
            }
            updates
        });
        let kill = async {
            sleep(HALF).await;
            let killed = Instant::now();
            cluster.node(0).stop();
            sleep(HALF).await;
            is_over.set(true);
            killed
        };
        let (updates, killed) = futures_util::future::join(updates, kill).await;
        let updates: Vec<_> = updates.into_iter().flatten().collect();
        let caught =
            updates.iter().filter(|(began, ended, _)| *began <= killed && killed <= *ended);
        let last = caught.map(|(_, ended, _)| *ended).max();
        let over = last.unwrap_or(killed) + WINDOW;

        let keys = (0..KEYS).map(|number| json!({"S": format!("key {number}")}));
        let turns: Vec<_> = keys.map(|key| cluster.coordinators(table, &key)).collect();
        let dead = cluster.node(0).addr();
        let had = |turns: &&Vec<Turn>| turns.iter().any(|turn| turn.coordinator == dead);
        let meetings: Vec<_> = turns.iter().flat_map(|turns| meetings(turns)).collect();
        let is_within = |meeting: &&Instant| killed <= **meeting && **meeting <= over;
        let within = meetings.iter().filter(is_within).count();
        Self {
            within,
            beyond: meetings.len() - within,
            moment: over - killed,
            updates: updates.len(),
            failed: updates.iter().filter(|(.., is_ok)| !is_ok).count(),
            keys: turns.iter().filter(had).count(),
        }
    }
}

/// When a node took a partition over from another that had not been done with it for as long as the
/// window.
fn meetings(turns: &[Turn]) -> impl Iterator<Item = Instant> {
    let all = turns.iter().enumerate();
    let meets = |(at, turn): &(usize, &Turn)| {
        turns[..*at].iter().any(|earlier| {
            earlier.coordinator != turn.coordinator && turn.began < earlier.ended + WINDOW
        })
    };
    all.filter(meets).map(|(_, turn)| turn.began)
}
