//! Which of a key's replicas gets a request.

use std::collections::HashSet;
use std::iter;
use std::time::Duration;

use alternator_connector::{AlternatorConnector, Policy};
use alternator_testcluster::{Cluster, Delay, Fault, Node, Scope};
use aws_sdk_dynamodb::Client;
use futures_util::future::join_all;
use serde_json::json;
use tokio::time::{Instant, timeout_at};

use crate::routing::{
    KEYS, client_that_knows_replicas, differences, get, hops, key, nine_nodes, requests_of_each,
    with_table,
};
use crate::support::direct::HOUR;
use crate::support::{TABLE, connector, eventually, eventually_returns, serves};

/// So many reads side by side spread over all replicas of their key.
const AT_ONCE: usize = 12;

/// Nodes stay listed whatever becomes of them, and reads take no longer than they must.
fn reading() -> alternator_testcluster::Builder {
    nine_nodes().tablets(64).canned("GetItem", "{}").failure_detection(HOUR)
}

async fn connector_and_client(
    policy: Policy,
    builder: alternator_testcluster::Builder,
) -> (Cluster, AlternatorConnector, Client) {
    let cluster = with_table(builder).await;
    let builder = connector(&cluster).policy(policy);
    let (connector, client) = client_that_knows_replicas(&cluster, &cluster.nodes(), builder).await;
    (cluster, connector, client)
}

fn replicas(cluster: &Cluster, n: usize) -> Vec<Node> {
    cluster.replicas(TABLE, &json!({ "S": key(n) }))
}

/// Reads a key one after the other; no node without it is asked. Tells how many reads each of these
/// nodes had.
async fn reads(
    cluster: &Cluster,
    client: &Client,
    n: usize,
    count: usize,
    nodes: &[Node],
) -> Vec<u64> {
    let of_each = || -> Vec<u64> {
        let of = |node: &Node| node.stats().requests_of("GetItem");
        nodes.iter().map(of).collect()
    };
    let before = (of_each(), hops(cluster));
    for _ in 0..count {
        get(client, n).await;
    }
    assert_eq!(hops(cluster), before.1);
    differences(&of_each(), &before.0)
}

/// Three keys of which no node holds two.
fn apart(cluster: &Cluster) -> [usize; 3] {
    let holders = |keys: &[usize]| -> HashSet<_> {
        keys.iter().flat_map(|n| replicas(cluster, *n)).map(|node| node.addr()).collect()
    };
    for a in 0..KEYS {
        for b in a..KEYS {
            if holders(&[a, b]).len() == 6
                && let Some(c) = (b..KEYS).find(|c| holders(&[a, b, *c]).len() == 9)
            {
                return [a, b, c];
            }
        }
    }
    panic!("each two keys share a node");
}

#[tokio::test]
async fn replicas_take_turns_with_the_reads_of_each_key() {
    const EACH: u64 = 250;
    let (cluster, _, client) = connector_and_client(Policy::RoundRobin, reading()).await;
    let keys = apart(&cluster);
    let before = requests_of_each(&cluster, "GetItem");
    for _ in 0..3 * EACH {
        for n in keys {
            get(&client, n).await;
        }
    }
    let shares = differences(&requests_of_each(&cluster, "GetItem"), &before);
    let within_2_percent = |share: &u64| share.abs_diff(EACH) <= EACH / 50;
    assert!(shares.iter().all(within_2_percent), "{shares:?}");
}

#[tokio::test]
async fn while_replicas_are_dead_the_others_serve_and_anyone_once_all_are() {
    for policy in [Policy::PeakEwma, Policy::RoundRobin] {
        let (cluster, connector, client) = connector_and_client(policy, reading()).await;
        let replicas = replicas(&cluster, 0);
        for dead in 1..replicas.len() {
            replicas[dead - 1].stop();
            eventually("it is found dead", async || {
                join_all((0..AT_ONCE).map(|_| get(&client, 0))).await;
                !serves(&connector, &replicas[dead - 1])
            })
            .await;
            let redispatched = connector.stats().redispatched;
            let served = reads(&cluster, &client, 0, 30, &replicas[dead..]).await;
            assert_eq!(served.iter().sum::<u64>(), 30, "{policy:?}");
            assert_eq!(connector.stats().redispatched, redispatched);
        }
        replicas[2].stop();
        let before = hops(&cluster);
        for _ in 0..30 {
            get(&client, 0).await;
        }
        assert_eq!(hops(&cluster) - before, 30, "{policy:?}");
        replicas[1].start().unwrap();
        eventually_returns(&connector, &replicas[1]).await;
        let served = reads(&cluster, &client, 0, 30, &replicas[1..2]).await;
        assert_eq!(served, [30], "{policy:?}");
    }
}

#[tokio::test]
async fn a_replica_that_is_slow_gets_next_to_nothing() {
    let (cluster, _, client) = connector_and_client(Policy::PeakEwma, reading()).await;
    let replicas = replicas(&cluster, 0);
    let slow = Duration::from_millis(100);
    replicas[0].inject(Fault::Slow(Delay::Fixed(slow)));
    let shares = reads(&cluster, &client, 0, 100, &replicas).await;
    assert!(shares[0] <= 5, "{shares:?}");
    assert_eq!(shares.iter().sum::<u64>(), 100);
}

#[tokio::test]
async fn a_replica_that_hangs_is_left_alone_before_any_timeout() {
    let (cluster, _, client) = connector_and_client(Policy::PeakEwma, reading()).await;
    let replicas = replicas(&cluster, 0);
    replicas[0].inject(Fault::Hang(Scope::Data));
    let before = hops(&cluster);
    let reads = || replicas[0].stats().requests_of("GetItem");
    let mut hanging = Vec::new();
    let mut found_out = 0;
    for at_once in iter::once(AT_ONCE).chain(iter::repeat_n(1, 100)) {
        let start = |_| {
            let client = client.clone();
            tokio::spawn(async move { get(&client, 0).await })
        };
        let started: Vec<_> = (0..at_once).map(start).collect();
        // What takes longer is left behind.
        let end = Instant::now() + Duration::from_millis(200);
        for mut read in started {
            match timeout_at(end, &mut read).await {
                Ok(read) => read.unwrap(),
                Err(_) => hanging.push(read),
            }
        }
        if at_once == AT_ONCE {
            found_out = reads();
        }
    }
    let more = reads() - found_out;
    assert!(found_out > 0 && more <= 5, "{found_out} + {more}");
    assert_eq!(hops(&cluster), before);
    replicas[0].heal();
    for read in hanging {
        read.await.unwrap();
    }
}
