//! Tests of the state that all clones of a connector share.

use std::net::SocketAddr;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::join_all;
use tokio::net::TcpListener;

use super::*;
use crate::cluster::node::unconnected;
use crate::config::{Config, Options};

#[test]
fn a_request_wakes_a_sleeping_refresher_and_no_other() {
    let cluster = Cluster::new(None);
    let woken = || cluster.refresh_wanted().now_or_never().is_some();
    cluster.note_use();
    assert!(!woken());
    assert!(cluster.take_use());

    cluster.fall_asleep();
    assert!(!woken());
    cluster.note_use();
    assert!(woken());
    cluster.note_use();
    assert!(!woken());

    // It came while the refresher was about to fall asleep.
    cluster.fall_asleep();
    assert!(woken());
}

pub(super) fn config(seed: &str) -> Config {
    let options = Options { seeds: vec![seed.into()], ..Options::default() };
    Config::parse(&options).unwrap()
}

fn node(last: u8) -> Arc<Node> {
    unconnected(([127, 0, 0, last], 1).into())
}

#[test]
fn a_change_is_that_a_node_joins_or_leaves_wherever_in_the_datacenter() {
    let [one, two, three] = [1, 2, 3].map(node);
    let cluster = Cluster::new(None);
    let changes = |near: &[&Arc<Node>], far: &[&Arc<Node>]| {
        let before = cluster.changes();
        let [near, far] = [near, far].map(|list| list.iter().map(|n| Arc::clone(n)));
        cluster.publish(Snapshot::with_others(near, far).unwrap());
        cluster.changes() - before
    };
    assert_eq!(changes(&[&one], &[]), 1);
    assert_eq!(changes(&[&one], &[]), 0);
    assert_eq!(changes(&[&one], &[&two, &three]), 1);
    // It has moved to another rack.
    assert_eq!(changes(&[&two], &[&one, &three]), 0);
    assert_eq!(changes(&[&two], &[&one]), 1);
    assert_eq!(changes(&[&two, &one], &[]), 0);
    assert_eq!(changes(&[&three], &[]), 1);
}

/// A node that takes connections, with one that is idle.
async fn connected(last: u8) -> (TcpListener, Arc<Node>) {
    let any: SocketAddr = ([127, 0, 0, last], 0).into();
    let listener = TcpListener::bind(any).await.unwrap();
    let addr = listener.local_addr().unwrap();
    let config = config(&format!("http://{addr}"));
    let node = Arc::new(Node::new(addr, None, &config.dialer, config.pool));
    node.pool.lease(Duration::from_secs(60)).await.ok().unwrap().finish();
    (listener, node)
}

#[tokio::test]
async fn whoever_waits_for_nodes_goes_on_once_some_are_published() {
    let cluster = Cluster::new(None);
    cluster.begin_round();
    let mut known = std::pin::pin!(cluster.known());
    assert!(known.as_mut().now_or_never().is_none());
    let one = node(1);
    cluster.publish(Snapshot::new([one]).unwrap());
    assert!(known.now_or_never().is_some_and(|known| known.is_ok()));
}

#[tokio::test]
async fn a_request_in_flight_anywhere_makes_the_cluster_busy() {
    let near = connected(20).await;
    let far = join_all((1..=9).map(connected)).await;
    let others = far.iter().map(|(_, node)| Arc::clone(node));
    let snapshot = Snapshot::with_others([Arc::clone(&near.1)], others);
    let cluster = Cluster::new(snapshot);
    for node in [&near.1, &far[0].1] {
        assert!(!cluster.is_busy());
        let lease = node.pool.try_lease().unwrap();
        assert!(cluster.is_busy());
        lease.finish();
    }
}

#[tokio::test]
async fn connections_go_with_their_node_and_with_the_cluster_in_other_racks_too() {
    let (near, far, farther) = (connected(1).await, connected(2).await, connected(3).await);
    let nodes = [&near.1, &far.1, &farther.1];
    let snapshot = |others: &[&Arc<Node>]| {
        let others = others.iter().map(|node| Arc::clone(node));
        Snapshot::with_others([Arc::clone(&near.1)], others).unwrap()
    };
    let cluster = Cluster::new(Some(snapshot(&nodes[1..])));
    let idle = || nodes.map(|node| node.pool.idle());
    assert_eq!(idle(), [1, 1, 1]);
    cluster.publish(snapshot(&nodes[1..2]));
    assert_eq!(idle(), [1, 1, 0]);
    cluster.retire();
    assert_eq!(idle(), [0, 0, 0]);
}

#[tokio::test]
async fn a_node_that_is_published_again_keeps_its_connections_again() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let config = config(&format!("http://{}", listener.local_addr().unwrap()));
    let node = |addr| Arc::new(Node::new(addr, None, &config.dialer, config.pool));
    let one = node(listener.local_addr().unwrap());
    let other = node(([127, 0, 0, 2], 1).into());
    let only = |node: &Arc<Node>| Snapshot::new([Arc::clone(node)]).unwrap();
    let cluster = Cluster::new(Some(only(&one)));
    let mut kept = Vec::new();
    for list in [&one, &other, &one] {
        cluster.publish(only(list));
        one.pool.lease(Duration::from_secs(60)).await.ok().unwrap().finish();
        kept.push(one.pool.idle());
    }
    assert_eq!(kept, [1, 0, 1]);
}
