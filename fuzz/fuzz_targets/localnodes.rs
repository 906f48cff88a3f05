//! Whatever a node answers to `/localnodes`, the parser neither panics nor believes what is no
//! host.
//!
//! `RUSTC_BOOTSTRAP=1 cargo fuzz run localnodes -- -max_total_time=60`
#![no_main]

#[path = "../../src/address.rs"]
mod address;
#[allow(dead_code)]
#[path = "../../src/discovery/localnodes.rs"]
mod localnodes;

libfuzzer_sys::fuzz_target!(|body: &[u8]| {
    let Some(parsed) = localnodes::parse(body, ([10, 0, 0, 1], 8000).into()) else {
        return;
    };
    for (i, node) in parsed.nodes.iter().enumerate() {
        assert_eq!(node.port(), 8000);
        assert!(!node.ip().is_unspecified() && !node.ip().is_multicast());
        assert!(!parsed.nodes[..i].contains(node), "each counts once");
    }
});
