//! A node that is listed gets requests once it has answered for itself, and not before.

use std::net::TcpStream;
use std::time::{Duration, Instant};

use alternator_connector::{NodeState, Policy};
use alternator_testcluster::{Cluster, Fault, Gossip, Lie, Scope};

use crate::discovery::{cluster, refreshing_on_demand};
use crate::support::{
    USER, addrs, client_without_retries, connector, data_requests, eventually,
    eventually_routes_to, node_stats, ping, routes, within,
};

#[tokio::test]
async fn a_node_that_joins_gets_its_share() {
    let cluster = cluster(2);
    let connector = connector(&cluster).policy(Policy::RoundRobin).build().unwrap();
    let client = client_without_retries(&connector).await;
    // A node that is there from the first refresh on does not join.
    connector.refresh().await.unwrap();
    let entrant = cluster.add_node("dc1", "rack1").unwrap();
    eventually_routes_to(&connector, &cluster.nodes()).await;
    let shares = async |requests| {
        let before = data_requests(&cluster);
        for _ in 0..requests {
            ping(&client).await.unwrap();
        }
        let after = data_requests(&cluster);
        after.iter().zip(&before).map(|(a, b)| a - b).collect::<Vec<_>>()
    };
    let joined = Instant::now();
    let first = shares(300).await;
    // Of the third that is its share in the end it has had no more than the part that it had last:
    // a tenth, or the part of ten seconds that has passed. Eight standard deviations more are one
    // case in 10^8.
    let part = (joined.elapsed().as_secs_f64() / 10.0).max(0.1);
    let most = 100.0 * part + 8.0 * (100.0 * part).sqrt();
    assert!((first[2] as f64) < most, "{first:?}");
    within(Duration::from_secs(60), "it has its full share", async || {
        node_stats(&connector, &entrant).state == NodeState::Serving
    })
    .await;
    assert_eq!(shares(30).await, [10, 10, 10]);
}

#[tokio::test]
async fn a_listed_node_gets_no_request_until_it_answers() {
    let mute = [
        Fault::Refuse,
        Fault::DropSyns,
        Fault::ResetOnAccept,
        Fault::Hang(Scope::All),
        Fault::Hang(Scope::LocalNodes),
        Fault::LocalNodes(Lie::Status(503)),
        Fault::LocalNodes(Lie::Garbage(b"{}".to_vec())),
        Fault::LocalNodes(Lie::Reset),
        Fault::LocalNodes(Lie::Empty),
    ];
    for fault in mute {
        let cluster = cluster(2);
        let connector = refreshing_on_demand(&cluster).build().unwrap();
        let client = client_without_retries(&connector).await;
        connector.refresh().await.unwrap();
        let entrant = cluster.add_node("dc1", "rack1").unwrap();
        entrant.inject(fault.clone());
        for _ in 0..5 {
            connector.refresh().await.unwrap();
            ping(&client).await.unwrap();
            assert_eq!(connector.known_nodes().len(), 2, "{fault:?}");
        }
        assert_eq!(entrant.stats().data_requests(), 0, "{fault:?}");
        assert_eq!(connector.stats().redispatched, 0, "{fault:?}");

        entrant.heal();
        eventually("the entrant is used", async || {
            connector.refresh().await.unwrap();
            routes(&connector) == addrs(&cluster.nodes())
        })
        .await;
    }
}

#[tokio::test]
async fn a_node_that_does_not_listen_yet_gets_no_request() {
    let cluster =
        Cluster::builder().nodes(1).auth(USER.0, USER.1).listening_delay(Duration::from_secs(1));
    let cluster = cluster.start().unwrap();
    let connector =
        connector(&cluster).active_refresh_interval(Duration::from_millis(20)).build().unwrap();
    let client = client_without_retries(&connector).await;
    eventually("the first node listens", async || ping(&client).await.is_ok()).await;
    let before = connector.stats().redispatched;
    let entrant = cluster.add_node("dc1", "rack1").unwrap();
    loop {
        ping(&client).await.unwrap();
        let used = routes(&connector).contains(&entrant.addr());
        // Asked in this order, so that a node that began to listen in between is no false alarm.
        let listens = TcpStream::connect(entrant.addr()).is_ok();
        assert!(listens || !used);
        if used {
            break;
        }
    }
    assert_eq!(connector.stats().redispatched, before);
}

#[tokio::test]
async fn a_node_that_is_still_joining_gets_no_request_whoever_lists_it() {
    let cluster = cluster(3);
    let joining = cluster.node(2);
    joining.set_gossip(Gossip::Joining);
    cluster.node(0).inject(Fault::LocalNodes(Lie::Everyone));
    let connector =
        crate::discovery::refreshing_on_demand_from(&cluster.nodes()[..2]).build().unwrap();
    for _ in 0..5 {
        connector.refresh().await.unwrap();
        assert_eq!(routes(&connector), addrs(&cluster.nodes()[..2]));
    }
    assert_ne!(joining.stats().requests_of("GET /localnodes"), 0);
    joining.set_gossip(Gossip::Normal);
    connector.refresh().await.unwrap();
    assert_eq!(routes(&connector), addrs(&cluster.nodes()));
}
