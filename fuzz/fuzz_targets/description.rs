//! Whatever a node answers where it is asked about a table, the parsers do not panic, and a table
//! without a partition key is none.
//!
//! `RUSTC_BOOTSTRAP=1 cargo fuzz run description -- -max_total_time=60`
#![no_main]

#[path = "../../src/address.rs"]
mod address;
#[path = "."]
mod config {
    #[allow(dead_code)]
    #[path = "../../src/config/lwt_affinity.rs"]
    pub mod lwt_affinity;
}
#[allow(dead_code)]
#[path = "../../src/tables/lookup/description.rs"]
mod description;
#[allow(dead_code, unused_imports)]
#[path = "../../src/keys/mod.rs"]
mod keys;
mod tables {
    /// As in the library, without all that is around it.
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub struct PartitionKey {
        pub name: Box<str>,
        pub key_type: crate::keys::key::KeyType,
    }
}

libfuzzer_sys::fuzz_target!(|body: &[u8]| {
    if let Some(found) = description::Description::parse(body) {
        let text = String::from_utf8_lossy(body);
        assert!(text.contains("HASH") || text.contains("\\u"));
        assert!(body.len() > found.key.name.len());
    }
    let _ = description::isolation_by_tags(body);
    let _ = description::error_name(body);
    let _ = description::isolation_by_config(&String::from_utf8_lossy(body));
});
