//! What a node does with the bytes of HTTP, as Seastar does it.

mod compression;
mod connections;
mod framing;
mod limits;
mod localnodes;
mod requests;
mod shutdown;
mod signatures;

use std::io::Read;
use std::net::SocketAddr;

use alternator_testcluster::Cluster;
use flate2::read::GzDecoder;

use crate::raw::{Request, Response, ask, create_table, start};

/// One node that has a table, and its address.
fn start_with_table() -> (Cluster, SocketAddr) {
    let (cluster, node) = start();
    create_table(node);
    (cluster, node)
}

/// The answer to a request, which is not compressed.
fn plain(node: SocketAddr, request: &Request) -> Response {
    let response = ask(node, request.bytes());
    assert_eq!(response.header("Content-Encoding"), None);
    response
}

fn ungzip(bytes: &[u8]) -> Vec<u8> {
    let mut plain = Vec::new();
    GzDecoder::new(bytes).read_to_end(&mut plain).unwrap();
    plain
}
