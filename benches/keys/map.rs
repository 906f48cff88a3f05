//! What the map of a large table costs: memory, and time for each lookup.

use std::hint::black_box;
use std::net::{IpAddr, Ipv4Addr};
use std::time::Instant;

use fastrand::Rng;

use crate::holds;
use crate::keys::key::Token;
use crate::keys::replicas::{Host, HostId, Hosts, Replicas, Tablet};

const TABLETS: i64 = 10_000;
const NODES: u8 = 9;
const MOST_BYTES: u64 = 1 << 20;
const MOST_NANOSECONDS: f64 = 200.0;

const LOOKUPS: usize = 100_000;
const ROUNDS: usize = 21;

pub(crate) fn print() -> bool {
    let mut map = Replicas::default();
    let memory = allocation_counter::measure(|| map = replicas());
    let bytes = memory.bytes_current as u64 + size_of::<Replicas>() as u64;
    // So many different tokens that a processor does not foresee its way through the map.
    let mut rng = Rng::with_seed(5);
    let tokens: Vec<_> = (0..LOOKUPS).map(|_| Token(rng.i64(..))).collect();
    let mut rounds = [(); ROUNDS].map(|()| {
        let begun = Instant::now();
        for token in &tokens {
            assert_eq!(black_box(&map).of(*token).len(), 3);
        }
        begun.elapsed().as_secs_f64() * 1e9 / LOOKUPS as f64
    });
    rounds.sort_by(f64::total_cmp);
    let ns = rounds[ROUNDS / 2];
    println!("summary key_cost of=map_of_{TABLETS}_tablets bytes={bytes} lookup_ns={ns:.1}");
    let small = holds("a map has 1 MiB at most", bytes <= MOST_BYTES);
    let fast = holds("a lookup takes 200 ns at most", ns <= MOST_NANOSECONDS);
    small && fast
}

/// Three replicas for each tablet.
fn replicas() -> Replicas {
    let id = |node: u8| format!("00000000-0000-0000-0000-{node:012}");
    let hosts = Hosts::new((1..=NODES).map(|node| {
        let address = IpAddr::V4(Ipv4Addr::new(10, 0, 0, node));
        let host = Host {
            address,
            id: id(node).into(),
            datacenter: "dc1".into(),
            rack: format!("rack{}", node % 3).into(),
        };
        (host, address)
    }));
    let mut rng = Rng::with_seed(1);
    let tablets = (1..=TABLETS).map(|tablet| {
        let mut replica = |rack: u8| {
            let node = 1 + rack * 3 + rng.u8(..3);
            (HostId::parse(&id(node)).unwrap(), rng.u16(..16))
        };
        Tablet {
            last_token: i64::MIN + i64::MAX / TABLETS * 2 * tablet,
            replicas: vec![replica(0), replica(1), replica(2)],
        }
    });
    let all: Vec<_> = tablets.collect();
    Replicas::from_tablets(&hosts, all)
}
