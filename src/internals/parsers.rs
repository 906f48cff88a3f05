//! The parsers of what nodes send.

use std::net::{IpAddr, SocketAddr};

use bytes::Bytes;

use super::replica_map::ReplicaMap;
use crate::compression::Encoding;
use crate::compression::decode::Decoder;
use crate::discovery::localnodes;
use crate::keys::replicas::{self, Hosts, Kind, Replicas};
use crate::tables::lookup::responses::{self, Description};
use crate::tables::lookup::rows;

/// Returns the nodes in a response to `/localnodes` of `contact`.
pub fn localnodes(body: &[u8], contact: SocketAddr) -> Option<Vec<SocketAddr>> {
    localnodes::parse(body, contact).map(|parsed| parsed.nodes)
}

/// Decompresses a body that comes in pieces of `piece` bytes. Returns what was let out, and whether
/// that is the whole body.
pub fn decompress(gzip: bool, body: &[u8], piece: usize, max_size: usize) -> (Vec<u8>, bool) {
    let encoding = if gzip { Encoding::Gzip } else { Encoding::Deflate };
    let mut out = Vec::new();
    let mut decode = || {
        let mut decoder = Decoder::new(encoding, max_size);
        for piece in body.chunks(piece) {
            let mut input = Bytes::copy_from_slice(piece);
            while let Some(piece) = decoder.decode(&mut input)? {
                out.extend_from_slice(&piece);
            }
        }
        decoder.finish()
    };
    let is_whole = decode().is_ok();
    (out, is_whole)
}

/// What a routing header says.
#[derive(Debug, PartialEq, Eq)]
pub struct Hint {
    /// The token before the first one.
    pub start: i64,
    /// The last token.
    pub end: i64,
    /// Addresses, and shards where they are told.
    pub replicas: Vec<(IpAddr, Option<u16>)>,
    /// The header that says the same.
    pub header: String,
}

/// Parses a routing header.
pub fn hint(header: &str) -> Option<Hint> {
    let hint = replicas::Hint::parse(header)?;
    let header = hint.to_string();
    Some(Hint { start: hint.start, end: hint.end, replicas: hint.replicas, header })
}

/// What a page of rows of the cluster's own tables says.
#[derive(Debug)]
pub struct Page {
    /// Where the next page begins, in JSON.
    pub next: Option<String>,
    /// The map made of the rows that are tablets.
    pub tablets: ReplicaMap,
    /// The map made of the rows that are ranges of the ring.
    pub ring: ReplicaMap,
}

/// Parses a page of rows, of whatever tables.
pub fn page(body: &[u8]) -> Option<Page> {
    let page = rows::Page::parse(body)?;
    let hosts = Hosts::new(page.rows().filter_map(rows::Row::host));
    let tablets = page.rows().filter_map(rows::Row::tablet);
    let ring = page.rows().filter_map(rows::Row::ring_range);
    Some(Page {
        next: page.next.as_ref().map(ToString::to_string),
        tablets: ReplicaMap(Replicas::from_tablets(&hosts, tablets)),
        ring: ReplicaMap(Replicas::from_ring(&hosts, Kind::Ring, ring)),
    })
}

/// Returns the name of the partition key in a response to DescribeTable.
pub fn partition_key(body: &[u8]) -> Option<String> {
    Description::parse(body).map(|found| found.key.name.into())
}

/// Returns whether a response to ListTagsOfResource names a write isolation.
pub fn tags_name_isolation(body: &[u8]) -> bool {
    matches!(responses::isolation_by_tags(body), Some(Some(_)))
}

/// Returns whether a value of `system.config` names a write isolation.
pub fn config_names_isolation(value: &str) -> bool {
    responses::isolation_by_config(value).is_some()
}

/// Returns the name of the error in a response.
pub fn error_name(body: &[u8]) -> Option<String> {
    responses::error_name(body)
}
