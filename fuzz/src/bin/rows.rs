//! Whatever a node answers where the cluster's own tables are read, the parsers do not panic, and
//! what they find makes a map.
//!
//! `fuzz/run 60 rows`
#![no_main]

use alternator_connector::internals::parsers;

libfuzzer_sys::fuzz_target!(|input: (i64, &[u8])| {
    let (token, body) = input;
    let Some(page) = parsers::page(body) else {
        return;
    };
    assert!(page.next.is_none_or(|next| next.starts_with('{')));
    for map in [page.tablets, page.ring] {
        // A replica on a host that the map does not have makes this panic.
        assert_eq!(map.replicas(token).len(), map.count(token));
    }
});
