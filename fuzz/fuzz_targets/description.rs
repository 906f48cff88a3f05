//! Whatever a node answers where it is asked about a table, the parsers do not panic, and a table
//! without a partition key is none.
//!
//! `RUSTC_BOOTSTRAP=1 cargo fuzz run description -- -max_total_time=60`
#![no_main]

#[path = "../../src/address.rs"]
mod address;
#[path = "."]
mod dynamodb {
    #[allow(dead_code)]
    #[path = "../../src/dynamodb/access.rs"]
    pub mod access;
}
#[allow(dead_code)]
#[path = "../../src/tables/lookup/description.rs"]
mod description;
#[allow(dead_code, unused_imports)]
#[path = "../../src/keys/mod.rs"]
mod keys;
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
