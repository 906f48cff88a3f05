//! Compressed requests and replies.

use std::io::{Read, Write};

use alternator_testcluster::{Cluster, Version};
use flate2::Compression;
use flate2::read::ZlibDecoder;
use flate2::write::{GzEncoder, ZlibEncoder};

use crate::raw::{Request, ask, item_of, list_tables, operation, started};
use crate::wire::{enforcing, plain, start_with_table, started_with_table, ungzip};

const MIB: usize = 1024 * 1024;

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn zlib(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn unzlib(bytes: &[u8]) -> Vec<u8> {
    let mut plain = Vec::new();
    ZlibDecoder::new(bytes).read_to_end(&mut plain).unwrap();
    plain
}

fn encoded(encoding: &str, body: impl AsRef<[u8]>) -> Request {
    operation("ListTables", body).header("Content-Encoding", encoding)
}

#[test]
fn requests_may_be_gzip_or_deflate() {
    let (_cluster, node) = start_with_table();
    let two = [gzip(b"{"), gzip(b"}")].concat();
    for request in [
        encoded("gzip", gzip(b"{}")),
        encoded("deflate", zlib(b"{}")),
        encoded("gzip", two),
        encoded("gzip", gzip(&[b"{}", &*vec![b' '; 100_000]].concat())),
        encoded("", "{}"),
    ] {
        let response = ask(node, request);
        assert_eq!(response.text(), r#"{"TableNames":["tab"]}"#);
    }
}

#[test]
fn the_signature_is_over_the_compressed_bytes() {
    let (_cluster, node, signer) = enforcing(Cluster::builder());
    let request = encoded("gzip", gzip(b"{}"));
    assert_eq!(ask(node, request.signed(&signer)).status(), 200);
    // The encoding itself need not be signed.
    let request = operation("ListTables", gzip(b"{}")).signed(&signer);
    assert_eq!(ask(node, request.header("Content-Encoding", "gzip")).status(), 200);
    let swapped = operation("ListTables", "{}").signed(&signer).body(gzip(b"{}"));
    let response = ask(node, swapped.header("Content-Encoding", "gzip"));
    response.error(400, "UnrecognizedClientException");
}

#[test]
fn what_cannot_be_decompressed_is_an_internal_error() {
    let (cluster, node) = start_with_table();
    let executed = cluster.node(0).stats().executed;
    let whole = gzip(b"{}");
    let broken = "Error during gzip decompression of request body";
    let unsupported = "Unsupported Content-Encoding";
    // What is broken and what is truncated is tested where it is decompressed.
    let cases = [
        (encoded("gzip", "{}"), broken),
        (encoded("br", &whole), unsupported),
        (encoded("gzip", &whole).header("Content-Encoding", "gzip"), unsupported),
    ];
    for (request, message) in cases {
        let response = ask(node, request);
        assert_eq!(response.error(500, "InternalServerError"), message);
        assert!(response.head.starts_with("HTTP/1.1 500 Internal Server Error\r\n"));
    }
    assert_eq!(cluster.node(0).stats().executed, executed);
}

#[test]
fn the_limit_holds_for_decompressed_bodies() {
    let (_cluster, node) = start_with_table();
    // Seventeen members, of which the last holds the one byte too many.
    let members = [gzip(&vec![b' '; MIB]).repeat(16), gzip(b" ")].concat();
    assert!(members.len() < MIB);
    let message = ask(node, encoded("gzip", members)).error(413, "PayloadTooLarge");
    assert_eq!(message, "Request content length limit of 16777216 bytes exceeded");
}

#[test]
fn a_compressed_reply_is_exact() {
    let (_cluster, node) = start_with_table();
    let get = item_of(node, 5000);
    let expected = plain(node, &get).body;
    assert_eq!(expected.len(), 5000);
    type Decode = fn(&[u8]) -> Vec<u8>;
    for (encoding, decode) in [("gzip", ungzip as Decode), ("deflate", unzlib)] {
        let response = ask(node, get.clone().header("Accept-Encoding", encoding));
        assert!(response.body.len() < 500);
        response.assert_head(
            "HTTP/1.1 200 OK",
            &[
                "Content-Type: application/x-amz-json-1.0",
                &format!("Content-Encoding: {encoding}"),
                &format!("Content-Length: {}", response.body.len()),
            ],
        );
        assert!(decode(&response.body) == expected);
    }
}

#[test]
fn replies_below_the_threshold_are_plain() {
    let (_cluster, node) = start_with_table();
    for (length, encoding) in [(100, None), (4095, None), (4096, Some("gzip"))] {
        let get = item_of(node, length);
        assert_eq!(plain(node, &get).body.len(), length);
        let response = ask(node, get.header("Accept-Encoding", "gzip"));
        assert_eq!(response.header("Content-Encoding"), encoding, "{length}");
    }
}

#[test]
fn the_threshold_can_be_chosen_and_zero_means_never() {
    for (threshold, encoding) in [(22, Some("gzip")), (23, None), (0, None)] {
        let builder = Cluster::builder().response_compression_threshold(threshold);
        let (_cluster, node) = started_with_table(builder);
        assert_eq!(plain(node, &list_tables()).text(), r#"{"TableNames":["tab"]}"#);
        let response = ask(node, list_tables().header("Accept-Encoding", "gzip"));
        assert_eq!(response.header("Content-Encoding"), encoding, "{threshold}");
    }
}

#[test]
fn errors_are_never_compressed() {
    let (_cluster, node) = started(Cluster::builder().response_compression_threshold(1));
    let request = operation("Dance", "{}").header("Accept-Encoding", "gzip");
    plain(node, &request).error(400, "UnknownOperationException");
}

#[test]
fn negotiation_is_the_servers() {
    let (_cluster, node) = start_with_table();
    let get = item_of(node, 5000);
    let (none, gzip, deflate) = (None, Some("gzip"), Some("deflate"));
    // The grammar is tested where it is.
    let cases = [
        ("", none),
        ("br", none),
        ("gzip, deflate", gzip),
        ("br, gzip;q=0, deflate; q = 0.5 , identity;q=0", deflate),
        ("*;q=0", none),
    ];
    for (accept_encoding, expected) in cases {
        let response = ask(node, get.clone().header("Accept-Encoding", accept_encoding));
        assert_eq!(response.header("Content-Encoding"), expected, "{accept_encoding}");
    }
}

#[test]
fn a_level_of_zero_turns_compression_off() {
    let (_cluster, node) = started_with_table(Cluster::builder().response_compression_level(0));
    let get = item_of(node, 50_000).header("Accept-Encoding", "gzip");
    assert_eq!(plain(node, &get).body.len(), 50_000);
}

#[test]
fn releases_before_2026_know_no_compression() {
    let (_cluster, node) = started_with_table(Cluster::builder().version(Version::V2025));
    let get = item_of(node, 5000).header("Accept-Encoding", "gzip");
    assert_eq!(plain(node, &get).body.len(), 5000);
    // The bytes go to the JSON parser as they are.
    ask(node, encoded("gzip", gzip(b"{}"))).error(400, "ValidationException");
    assert_eq!(ask(node, encoded("br", "{}")).status(), 200);
}

#[test]
fn a_node_that_is_upgraded_in_place_follows_its_new_release() {
    let (cluster, node) = start_with_table();
    let request = encoded("gzip", gzip(b"{}"));
    let mut statuses = Vec::new();
    for version in [Version::V2025, Version::V2026_1, Version::V2025] {
        cluster.node(0).set_version(version);
        assert_eq!(cluster.node(0).version(), version);
        statuses.push(ask(node, &request).status());
    }
    assert_eq!(statuses, [400, 200, 400]);
}
