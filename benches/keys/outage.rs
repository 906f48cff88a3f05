//! Whether a key is ever served by two coordinators at once when one of them dies.
//!
//! The moment of change lasts from the kill until the last request that was in flight or connecting then has ended. The others go
//! on listing the node, as the server's do for 20 s: when the list changes, so do the two orders that are drawn from it.

use std::cell::Cell;
use std::time::{Duration, Instant};

use alternator_connector::CoordinatorOrder;
use alternator_testcluster::Turn;
use fastrand::Rng;
use serde_json::json;
use tokio::time::sleep;

use crate::common::requests::runtime;
use crate::contended::{KEYS, ORDERS, WORKERS, affine, contending, update};
use crate::{holds, workers};

/// Before the kill, and after it.
const HALF: Duration = Duration::from_secs(2);
const DETECTION: Duration = Duration::from_secs(20);
/// What a worker waits between updates, so that the machine is not the limit.
const PAUSE: Duration = Duration::from_millis(10);

/// When something began and ended.
type Span = (Instant, Instant);

pub(crate) fn print() -> bool {
    let held = ORDERS.map(|(name, order)| runtime().block_on(outage(name, order)));
    !held.contains(&false)
}

async fn outage(name: &str, order: CoordinatorOrder) -> bool {
    let cluster = contending().failure_detection(DETECTION).start().unwrap();
    let (_connector, client) = affine(&cluster.urls(), order, name).await;
    let is_over = Cell::new(false);
    let updates = workers::all(WORKERS, async |worker| {
        let mut rng = Rng::with_seed(worker as u64);
        let mut updates = Vec::new();
        while !is_over.get() {
            let began = Instant::now();
            let updated = update(&client, name, rng.usize(..KEYS)).await;
            updates.push(((began, Instant::now()), updated.is_ok()));
            sleep(PAUSE).await;
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
    let caught = updates.iter().map(|(span, _)| *span);
    let caught = caught.filter(|(began, ended)| *began <= killed && killed <= *ended);
    let over = caught.map(|(_, ended)| ended).max().unwrap_or(killed);

    let keys = (0..KEYS).map(|number| json!({"S": format!("key {number}")}));
    let turns: Vec<_> = keys.map(|key| cluster.coordinators(name, &key)).collect();
    let dead = cluster.node(0).addr();
    let moved = |turns: &&Vec<Turn>| turns.iter().any(|turn| turn.coordinator == dead);
    let moved = turns.iter().filter(moved).count();
    let twice: Vec<_> = turns.iter().flat_map(|turns| overlaps(turns)).collect();
    let is_within = |(began, ended): &&Span| killed <= *began && *ended <= over;
    let within = twice.iter().filter(is_within).count();
    let beyond = twice.len() - within;
    println!(
        "summary lwt_outage order={name} two_coordinators_beyond={beyond} within={within} moment_us={} updates={} failed={} keys_of_the_dead_node={moved}",
        (over - killed).as_micros(),
        updates.len(),
        updates.iter().filter(|(_, is_ok)| !is_ok).count(),
    );
    let some = holds("the dead node coordinated some of the keys", moved > 0);
    some & holds(
        "no key has two coordinators at once beyond the moment of change",
        beyond == 0,
    )
}

/// When two nodes coordinated transactions on one partition.
fn overlaps(turns: &[Turn]) -> Vec<Span> {
    let pairs = turns
        .iter()
        .enumerate()
        .flat_map(|(at, turn)| turns[at + 1..].iter().map(move |later| (turn, later)));
    pairs
        .filter(|(a, b)| a.coordinator != b.coordinator && a.overlaps(b))
        .map(|(a, b)| (a.began.max(b.began), a.ended.min(b.ended)))
        .collect()
}
