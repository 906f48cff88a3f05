//! Whatever a node says of replicas in the header of an answer, the parser neither panics nor takes
//! more than it says, and a map that believes it stays a map.
//!
//! `RUSTC_BOOTSTRAP=1 cargo fuzz run hint -- -max_total_time=60`
#![no_main]

#[path = "../../src/address.rs"]
mod address;
#[allow(dead_code, unused_imports)]
#[path = "../../src/keys/mod.rs"]
mod keys;

use keys::key::Token;
use keys::replicas::{Hint, Replicas};

libfuzzer_sys::fuzz_target!(|headers: Vec<&str>| {
    let mut map = Replicas::default();
    for header in headers {
        let Some(hint) = Hint::parse(header) else {
            continue;
        };
        assert_eq!(Hint::parse(&hint.to_string()).as_ref(), Some(&hint));
        let outside = [hint.start, hint.end.saturating_add(1)].map(Token);
        let outside = outside.map(|token| (token, map.of(token).to_vec()));
        map = map.with_hint(&hint).unwrap_or(map);
        for inside in [hint.start + 1, hint.end] {
            let found = map.of(Token(inside)).iter();
            let found = found.map(|r| (map.hosts()[usize::from(r.host)].address, r.shard));
            assert!(found.eq(hint.replicas.iter().copied()));
        }
        for (token, before) in outside {
            assert!(hint.covers(token) || map.of(token) == before);
        }
    }
});
