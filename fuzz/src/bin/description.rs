//! Whatever a node answers where it is asked about a table, the parsers do not panic, and a table
//! without a partition key is none.
//!
//! `fuzz/run 60 description`
#![no_main]

use alternator_connector::internals::parsers;

libfuzzer_sys::fuzz_target!(|body: &[u8]| {
    let text = String::from_utf8_lossy(body);
    if let Some(key) = parsers::partition_key(body) {
        assert!(text.contains("HASH") || text.contains("\\u"));
        assert!(body.len() > key.len());
    }
    parsers::tags_name_isolation(body);
    parsers::config_names_isolation(&text);
    parsers::error_name(body);
});
