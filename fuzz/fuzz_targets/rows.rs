//! Whatever a node answers where the cluster's own tables are read, the parsers do not panic, and
//! what they find makes a map.
//!
//! `RUSTC_BOOTSTRAP=1 cargo fuzz run rows -- -max_total_time=60`
#![no_main]

#[path = "../../src/address.rs"]
mod address;
#[allow(dead_code, unused_imports)]
#[path = "../../src/keys/mod.rs"]
mod keys;
#[allow(dead_code)]
#[path = "../../src/tables/lookup/rows.rs"]
mod rows;

use keys::key::Token;
use keys::replicas::{Hosts, Kind, Replicas};
use rows::{Page, Row};

libfuzzer_sys::fuzz_target!(|input: (i64, &[u8])| {
    let (token, body) = input;
    let Some(page) = Page::parse(body) else {
        return;
    };
    assert!(page.next.as_ref().is_none_or(serde_json::Value::is_object));
    let hosts = Hosts::new(page.rows().filter_map(Row::host));
    let tablets = Replicas::from_tablets(&hosts, page.rows().filter_map(Row::tablet));
    let ring = Replicas::from_ring(&hosts, Kind::Ring, page.rows().filter_map(Row::ring_range));
    for map in [tablets, ring] {
        for replica in map.of(Token(token)) {
            assert!(usize::from(replica.host) < map.hosts().len());
        }
    }
});
