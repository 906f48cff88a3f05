//! A node that cannot be connected.

use std::io::Read;
use std::net::{SocketAddr, TcpListener};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use alternator_connector::{NodeState, Policy};

use crate::support::*;
use crate::*;

#[tokio::test]
async fn after_its_first_refusal_a_node_gets_no_request_until_it_is_back() {
    for policy in POLICIES {
        let cluster = start(3);
        let (connector, client) = settled(by_hand(&cluster).policy(policy)).await;
        let dead = cluster.node(0);
        dead.stop();
        eventually("it is found out", async || {
            get(&client).await.unwrap();
            !serves(&connector, &dead)
        })
        .await;
        one_by_one(&cluster, &client, 100).await;
        let met = seen(&connector, &dead);
        assert_eq!(
            (met.state, met.connect_failures),
            (NodeState::Unreachable, 1),
            "{policy:?}"
        );
        // Nobody sends a request until the connector has found out by itself.
        dead.start().unwrap();
        eventually_returns(&connector, &dead).await;
        assert!(probes(&dead) > 0);
        assert_eq!(user_requests_of(&dead), 0);
        eventually("it gets requests", async || {
            get(&client).await.unwrap();
            user_requests_of(&dead) > 0
        })
        .await;
        assert_eq!(seen(&connector, &dead).connect_failures, 1);
    }
}

#[tokio::test]
async fn clients_at_once_meet_a_node_that_refuses_no_more_often_than_they_are() {
    const AT_ONCE: u64 = 16;
    for policy in POLICIES {
        let cluster = start(3);
        let (connector, client) = settled(by_hand(&cluster).policy(policy)).await;
        let dead = cluster.node(0);
        dead.stop();
        for _ in 0..2 {
            let shares = side_by_side(&cluster, &client, 400, AT_ONCE as usize).await;
            assert_eq!(shares.iter().sum::<u64>(), 400);
        }
        let met = seen(&connector, &dead).connect_failures;
        assert!((1..=AT_ONCE).contains(&met), "{policy:?}: {met}");
    }
}

/// Takes connections in a node's place, notes what is asked for and when, and answers nothing. Ends with its address.
#[derive(Clone, Default)]
struct Mute(Arc<Mutex<Vec<(Instant, String)>>>);

impl Mute {
    fn start(addr: SocketAddr) -> Self {
        let mute = Self::default();
        let noted = mute.clone();
        let listener = TcpListener::bind(addr).unwrap();
        std::thread::spawn(move || {
            for mut stream in listener.incoming().flatten() {
                let now = Instant::now();
                let mut head = [0; 1024];
                stream
                    .set_read_timeout(Some(Duration::from_secs(10)))
                    .unwrap();
                let read = stream.read(&mut head).unwrap_or(0);
                let head = String::from_utf8_lossy(&head[..read]).into_owned();
                noted.0.lock().unwrap().push((now, head));
            }
        });
        mute
    }

    /// When something like this was asked for.
    fn asked(&self, what: &str) -> Vec<Instant> {
        let noted = self.0.lock().unwrap();
        let like_this = noted.iter().filter(|(_, head)| head.contains(what));
        like_this.map(|(at, _)| *at).collect()
    }
}

/// The first probe comes after 0.1 s, and each wait is twice the one before, give or take 15 %.
#[tokio::test]
async fn probes_come_later_and_later_and_bring_no_refresh_with_them() {
    let cluster = start(3);
    let (connector, client) = settled(by_hand(&cluster).policy(Policy::RoundRobin)).await;
    let dead = cluster.node(0);
    let refreshes = || localnodes_requests(&cluster)[1];
    let before = refreshes();
    dead.stop();
    eventually("it is found out", async || {
        get(&client).await.unwrap();
        !serves(&connector, &dead)
    })
    .await;
    let mute = Mute::start(dead.addr());
    within(Duration::from_secs(60), "it is probed", async || {
        get(&client).await.unwrap();
        mute.asked("DescribeEndpoints").len() >= 6
    })
    .await;
    assert_eq!(mute.asked("GetItem").len(), 0);
    let probes = mute.asked("DescribeEndpoints");
    let mut shortest = millis(100).mul_f64(2.0 * 0.85);
    for pair in probes.windows(2) {
        let wait = pair[1] - pair[0];
        // Who notes the time may do so late.
        assert!(wait >= shortest / 2, "{wait:?}, not {shortest:?}");
        shortest *= 2;
    }
    // One, to see whether it has left, because it could not be connected.
    assert_eq!(refreshes() - before, 1);
    assert!(!serves(&connector, &dead));
}
