//! How replies are framed: by their length, or in chunks where the server streams them.

use alternator_testcluster::Cluster;

use crate::raw::{ask, item_of, operation};
use crate::wire::{plain, start_with_table, started_with_table, ungzip};

#[test]
fn large_replies_are_chunked() {
    let (_cluster, node) = start_with_table();
    for (length, framing) in [(100_000, None), (100_001, Some("chunked"))] {
        let get = item_of(node, length);
        let response = plain(node, &get);
        assert_eq!(response.body.len(), length);
        assert_eq!(response.header("Transfer-Encoding"), framing, "{length}");
        assert_eq!(response.header("Content-Length").is_some(), framing.is_none());
        let compressed = ask(node, get.header("Accept-Encoding", "gzip"));
        assert_eq!(compressed.header("Transfer-Encoding"), framing, "{length}");
        assert_eq!(compressed.header("Content-Encoding"), Some("gzip"));
        assert!(ungzip(&compressed.body) == response.body);
    }
}

#[test]
fn a_chunked_reply_is_exact() {
    let (_cluster, node) = start_with_table();
    let response = plain(node, &item_of(node, 100_001));
    response.assert_head(
        "HTTP/1.1 200 OK",
        &["Content-Type: application/x-amz-json-1.0", "Transfer-Encoding: chunked"],
    );
    assert!(response.framed.ends_with(b"\r\n0\r\n\r\n"));
}

#[test]
fn long_lists_are_chunked_and_count_as_large() {
    let (_cluster, node) = start_with_table();
    let mut batch = Vec::new();
    for n in 0..256 {
        batch.push(format!(r#"{{"PutRequest":{{"Item":{{"p":{{"S":"{n}"}}}}}}}}"#));
    }
    for writes in batch.chunks(25) {
        let body = format!(r#"{{"RequestItems":{{"tab":[{}]}}}}"#, writes.join(","));
        assert_eq!(ask(node, operation("BatchWriteItem", body)).status(), 200);
    }
    let scan =
        |limit: usize| operation("Scan", format!(r#"{{"TableName":"tab","Limit":{limit}}}"#));
    assert_eq!(plain(node, &scan(255)).header("Transfer-Encoding"), None);
    assert_eq!(plain(node, &scan(256)).header("Transfer-Encoding"), Some("chunked"));
}

#[test]
fn streamed_replies_are_above_any_threshold() {
    let builder = Cluster::builder().response_compression_threshold(1_000_000);
    let (_cluster, node) = started_with_table(builder);
    let small = item_of(node, 100_000).header("Accept-Encoding", "gzip");
    assert_eq!(ask(node, small).header("Content-Encoding"), None);
    let large = item_of(node, 100_001).header("Accept-Encoding", "gzip");
    assert_eq!(ask(node, large).header("Content-Encoding"), Some("gzip"));
}

#[test]
fn level_zero_still_frames_streamed_replies_as_gzip() {
    let (_cluster, node) = started_with_table(Cluster::builder().response_compression_level(0));
    let large = item_of(node, 100_001).header("Accept-Encoding", "gzip");
    let response = ask(node, large);
    assert_eq!(response.header("Content-Encoding"), Some("gzip"));
    assert!(response.body.len() > 100_001);
    assert_eq!(ungzip(&response.body).len(), 100_001);
}
