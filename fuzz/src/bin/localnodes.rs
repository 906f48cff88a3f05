//! Whatever a node answers to `/localnodes`, the parser neither panics nor accepts what is no
//! host's address.
//!
//! `fuzz/run 60 localnodes`
#![no_main]

use alternator_connector::internals::parsers;

libfuzzer_sys::fuzz_target!(|body: &[u8]| {
    let Some(nodes) = parsers::localnodes(body, ([10, 0, 0, 1], 8000).into()) else {
        return;
    };
    for (i, node) in nodes.iter().enumerate() {
        assert_eq!(node.port(), 8000);
        assert!(!node.ip().is_unspecified() && !node.ip().is_multicast());
        assert!(!nodes[..i].contains(node), "each counts once");
    }
});
