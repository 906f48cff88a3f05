//! When a coordinator dies, the next in order takes its place, and when it is back, its keys return
//! to it at once.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::Relaxed;
use std::time::{Duration, Instant};

use alternator_connector::{CoordinatorOrder, LwtAffinity};
use alternator_testcluster::{Cluster, Turn};
use aws_sdk_dynamodb::Client;
use futures_util::future::join_all;
use serde_json::json;

use crate::routing::{actual_replicas, client_that_knows_replicas, key, nine_nodes, with_table};
use crate::support::direct::HOUR;
use crate::support::{TABLE, conditional_put, connector, eventually, serves};

const WORKERS: usize = 8;

/// Writes until nobody wants any more.
async fn keep_writing(client: &Client, until: &AtomicBool) {
    let worker = async || {
        while !until.load(Relaxed) {
            conditional_put(client, key(0)).await;
        }
    };
    join_all((0..WORKERS).map(|_| worker())).await;
}

fn turns(cluster: &Cluster) -> Vec<Turn> {
    cluster.coordinators(TABLE, &json!({ "S": key(0) }))
}

/// How many transactions of the key a node has coordinated.
fn coordinated(cluster: &Cluster, node: SocketAddr) -> u64 {
    let turns = turns(cluster);
    turns.iter().filter(|turn| turn.coordinator == node).map(|turn| turn.transactions).sum()
}

async fn dies_and_returns((order, detection): (CoordinatorOrder, Duration)) {
    let builder = nine_nodes().contention_window(HOUR).failure_detection(detection);
    let cluster = with_table(builder.contention_retry(Duration::ZERO)).await;
    let affinity = LwtAffinity::read_modify_write().order(order);
    let builder = connector(&cluster).lwt_affinity(affinity);
    let (connector, client) = client_that_knows_replicas(&cluster, &cluster.nodes(), builder).await;

    conditional_put(&client, key(0)).await;
    let first = turns(&cluster)[0].coordinator;
    let nodes = cluster.nodes();
    let own = nodes.iter().find(|node| node.addr() == first).unwrap();
    if order == CoordinatorOrder::PrimaryReplica {
        assert_eq!(first.ip(), actual_replicas(&cluster, 0)[0]);
    }
    // Nothing is in flight, so that nothing fails.
    own.stop();
    let died = Instant::now();
    let done = AtomicBool::new(false);
    let life = async {
        eventually("another coordinates", async || {
            turns(&cluster).last().unwrap().transactions > 50
        })
        .await;
        let turns = turns(&cluster);
        assert_eq!(turns.len(), 2, "{order:?}: {turns:?}");
        let next = turns[1].coordinator;
        if order == CoordinatorOrder::PrimaryReplica {
            assert_eq!(next.ip(), actual_replicas(&cluster, 0)[1]);
        }
        let redispatched = connector.stats().redispatched;
        // After so long, a node has to earn its share of ordinary requests again.
        eventually("it was away for long", async || died.elapsed() > Duration::from_millis(1500))
            .await;
        // Requests do not try the dead node any more.
        assert_eq!(connector.stats().redispatched, redispatched);
        own.start().unwrap();
        eventually("the key returns", async || coordinated(&cluster, first) > 1).await;
        let moment = coordinated(&cluster, next);
        eventually("it stays", async || coordinated(&cluster, first) > 100).await;
        done.store(true, Relaxed);
        (next, moment)
    };
    let ((next, moment), ()) = tokio::join!(life, keep_writing(&client, &done));
    // Each worker may have had one write on its way.
    let late = coordinated(&cluster, next) - moment;
    assert!(late <= WORKERS as u64, "{order:?}: {late}");
    let coordinators: BTreeSet<_> = turns(&cluster).iter().map(|t| t.coordinator).collect();
    assert_eq!(coordinators, BTreeSet::from([first, next]), "{order:?}");
    assert_eq!(turns(&cluster).last().unwrap().coordinator, first);
    assert!(serves(&connector, own));
}

#[tokio::test]
async fn a_key_has_one_coordinator_while_its_own_dies_and_returns() {
    use CoordinatorOrder::{PrimaryReplica, RustClient, Shared};
    let listed = [PrimaryReplica, Shared, RustClient].map(|order| (order, HOUR));
    // The other orders depend on who is listed.
    let dropped = [(PrimaryReplica, Duration::from_millis(50))];
    join_all(listed.into_iter().chain(dropped).map(dies_and_returns)).await;
}
