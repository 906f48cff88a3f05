//! Whatever routing headers nodes send, one a line, the parser neither panics nor takes more than
//! they say, and a map that is corrected by them stays a map.
//!
//! `fuzz/run 60 hint`
#![no_main]

use alternator_connector::internals::parsers;
use alternator_connector::internals::replica_map::ReplicaMap;

type Replicas = Vec<(std::net::IpAddr, Option<u16>)>;

/// The addresses, in an order that does not depend on that of the replicas.
fn addresses(replicas: &Replicas) -> Vec<std::net::IpAddr> {
    let mut addresses: Vec<_> = replicas.iter().map(|(address, _)| *address).collect();
    addresses.sort();
    addresses
}

libfuzzer_sys::fuzz_target!(|headers: &str| {
    let mut map = ReplicaMap::default();
    for header in headers.lines() {
        let Some(hint) = parsers::hint(header) else {
            continue;
        };
        assert_eq!(parsers::hint(&hint.header).as_ref(), Some(&hint));
        // Of the tokens next to it, those that may be a key's: the first of all is none.
        let start = Some(hint.start).filter(|start| *start > i64::MIN);
        let outside = [start, hint.end.checked_add(1)].into_iter().flatten();
        let outside: Vec<_> = outside.map(|token| (token, map.replicas(token))).collect();
        let is_changed = map.apply_hint(header);
        for inside in [hint.start + 1, hint.end] {
            let found = map.replicas(inside);
            // A map that lists the same hosts already keeps their order and shards.
            assert_eq!(addresses(&found), addresses(&hint.replicas));
            if is_changed {
                for ((address, shard), (hinted, told)) in found.iter().zip(&hint.replicas) {
                    assert!(address == hinted && (shard == told || told.is_none()));
                }
            }
        }
        for (token, before) in outside {
            assert_eq!(map.replicas(token), before);
        }
    }
});
