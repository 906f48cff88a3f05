//! Who is listed, and from when to when.

use std::net::Ipv6Addr;
use std::time::Duration;

use alternator_testcluster::{Cluster, Gossip, Version};

use crate::cluster::{listed, listed_with, lists};
use crate::raw::{LIMIT, refuses};

/// A delay that no test waits for.
const NEVER: Duration = Duration::from_secs(3600);

/// A delay that a test can see, and wait for.
const SOON: Duration = Duration::from_millis(100);

#[test]
fn an_ipv6_node_is_listed_bare() {
    let cluster = Cluster::builder()
        .node_at(Ipv6Addr::LOCALHOST.into(), "dc1", "rack1")
        .nodes(1)
        .start()
        .unwrap();
    assert!(lists(&cluster.node(1), &cluster.node(0)));
    assert!(listed(&cluster.node(1)).contains("::1"));
    assert_eq!(cluster.node(0).url(), format!("http://[::1]:{}", cluster.port()));
    assert!(lists(&cluster.node(0), &cluster.node(1)));
}

#[test]
fn a_stopped_node_stays_listed_until_its_failure_is_detected() {
    let start = |delay| Cluster::builder().nodes(2).failure_detection(delay).start().unwrap();
    for (delay, at_once) in [(Duration::ZERO, true), (NEVER, false), (SOON, false)] {
        let cluster = start(delay);
        let (node, other) = (cluster.node(0), cluster.node(1));
        other.stop();
        assert_eq!(lists(&node, &other), !at_once, "{delay:?}");
        if delay == NEVER {
            other.set_gossip(Gossip::Down);
        }
        assert!(cluster.wait_until(LIMIT, || !lists(&node, &other)));
        other.start().unwrap();
        assert!(lists(&node, &other));
    }
}

#[test]
fn a_restart_overtakes_the_detection_of_the_failure() {
    let cluster = Cluster::builder().nodes(2).failure_detection(SOON).start().unwrap();
    let (node, other) = (cluster.node(0), cluster.node(1));
    other.stop();
    other.start().unwrap();
    assert!(!cluster.wait_until(SOON * 3, || !lists(&node, &other)));
}

#[test]
fn a_drained_node_refuses_connections_before_it_is_known_to() {
    let cluster = Cluster::builder().nodes(2).shutdown_announcement(NEVER).start().unwrap();
    let (node, other) = (cluster.node(0), cluster.node(1));
    other.drain();
    assert!(refuses(other.addr()) && lists(&node, &other));
    other.set_gossip(Gossip::Shutdown);
    assert!(!lists(&node, &other));
}

#[test]
fn a_starting_node_is_listed_before_it_listens() {
    let cluster = Cluster::builder().nodes(2).listening_delay(SOON).start().unwrap();
    let (node, other) = (cluster.node(0), cluster.node(1));
    assert!(cluster.wait_until(LIMIT, || !refuses(node.addr()) && !refuses(other.addr())));
    other.stop();
    other.start().unwrap();
    assert!(lists(&node, &other));
    assert!(refuses(other.addr()), "it listens at once");
    assert!(cluster.wait_until(LIMIT, || !refuses(other.addr())));
}

#[test]
fn older_releases_list_what_they_list() {
    for (version, down, parameters) in [
        (Version::V5, false, false),
        (Version::V6_1, true, false),
        (Version::V6_2, false, false),
        (Version::V2025, false, true),
    ] {
        let cluster = Cluster::builder()
            .rack("dc1", "a", 1)
            .rack("dc1", "b", 1)
            .version(version)
            .start()
            .unwrap();
        let (node, other) = (cluster.node(0), cluster.node(1));
        assert_eq!(!listed_with(&node, "?rack=b").contains("127.0.0.1"), parameters, "{version:?}");
        other.stop();
        assert_eq!(lists(&node, &other), down, "{version:?}");
    }
}
