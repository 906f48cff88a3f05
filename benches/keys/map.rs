//! What the map of a large table costs: memory, and time for each lookup.

use std::hint::black_box;
use std::time::Instant;

use alternator_benches::figures::median;
use alternator_connector::internals::parsers;
use alternator_connector::internals::replica_map::ReplicaMap;
use fastrand::Rng;
use serde_json::json;

use crate::holds;

const TABLETS: i64 = 10_000;
const NODES: u8 = 9;
const MOST_BYTES: u64 = 1 << 20;
const MOST_NANOSECONDS: f64 = 200.0;

const LOOKUPS: usize = 100_000;
const ROUNDS: usize = 21;

pub(crate) fn print() -> bool {
    let rows = rows();
    let mut map = ReplicaMap::default();
    let memory = allocation_counter::measure(|| map = parsers::page(&rows).unwrap().tablets);
    let bytes = memory.bytes_current as u64 + size_of::<ReplicaMap>() as u64;
    // So many different tokens that a processor does not foresee its way through the map.
    let mut rng = Rng::with_seed(5);
    let tokens: Vec<_> = (0..LOOKUPS).map(|_| rng.i64(..)).collect();
    let rounds = [(); ROUNDS].map(|()| {
        let begun = Instant::now();
        for token in &tokens {
            assert_eq!(black_box(&map).count(*token), 3);
        }
        begun.elapsed().as_secs_f64() * 1e9 / LOOKUPS as f64
    });
    let ns = median(rounds);
    println!("summary key_cost of=map_of_{TABLETS}_tablets bytes={bytes} lookup_ns={ns:.1}");
    let small = holds("a map has 1 MiB at most", bytes <= MOST_BYTES);
    let fast = holds("a lookup takes 200 ns at most", ns <= MOST_NANOSECONDS);
    small && fast
}

/// The hosts, and tablets with three replicas each, as a node writes them.
fn rows() -> Vec<u8> {
    let id = |node: u8| format!("00000000-0000-0000-0000-{node:012}");
    let hosts = (1..=NODES).map(|node| {
        json!({
            "rpc_address": {"S": format!("10.0.0.{node}")},
            "host_id": {"S": id(node)},
            "data_center": {"S": "dc1"},
            "rack": {"S": format!("rack{}", node % 3)},
        })
    });
    let mut rng = Rng::with_seed(1);
    let tablets = (1..=TABLETS).map(|tablet| {
        let mut replica = |rack: u8| {
            let node = 1 + rack * 3 + rng.u8(..3);
            format!("{}:{}", id(node), rng.u16(..16))
        };
        json!({
            "last_token": {"N": (i64::MIN + i64::MAX / TABLETS * 2 * tablet).to_string()},
            "replicas": {"S": format!("{}, {}, {}", replica(0), replica(1), replica(2))},
        })
    });
    let rows: Vec<_> = hosts.chain(tablets).collect();
    json!({ "Items": rows }).to_string().into_bytes()
}
