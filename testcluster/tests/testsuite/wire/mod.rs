//! What a node does with the bytes of HTTP, as Seastar does it.

mod compression;
mod connections;
mod framing;
mod limits;
mod localnodes;
mod requests;
mod signatures;

use std::io::Read;
use std::net::SocketAddr;

use alternator_testcluster::{Builder, Cluster};
use flate2::read::GzDecoder;

use crate::raw::{Request, Response, Signer, ask, create_table, started};

/// One node that has a table, and its address.
fn start_with_table() -> (Cluster, SocketAddr) {
    started_with_table(Cluster::builder())
}

fn started_with_table(builder: Builder) -> (Cluster, SocketAddr) {
    let (cluster, node) = started(builder);
    assert_eq!(ask(node, create_table()).status(), 200);
    (cluster, node)
}

/// One node for which requests have to be signed, and a user's signer.
fn enforcing(builder: Builder) -> (Cluster, SocketAddr, Signer) {
    let (cluster, node) = started(builder.auth("user", "secret"));
    (cluster, node, Signer::new("user", "secret"))
}

/// The answer to a request, which is not compressed.
fn plain(node: SocketAddr, request: &Request) -> Response {
    let response = ask(node, request);
    assert_eq!(response.header("Content-Encoding"), None);
    response
}

fn ungzip(bytes: &[u8]) -> Vec<u8> {
    let mut plain = Vec::new();
    GzDecoder::new(bytes).read_to_end(&mut plain).unwrap();
    plain
}
