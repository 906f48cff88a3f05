//! Whatever comes as a compressed response, in whatever pieces, the decoder neither panics nor lets
//! out more than it may, and takes nothing for whole that the pieces in one are not.
//!
//! `fuzz/run 60 decode`
#![no_main]

use alternator_connector::internals::parsers;

const LIMIT: usize = 1 << 16;

/// What the body decompresses to if it comes in pieces of this size.
fn decompressed(gzip: bool, body: &[u8], piece: usize) -> Option<Vec<u8>> {
    let (out, is_whole) = parsers::decompress(gzip, body, piece, LIMIT);
    assert!(out.len() <= LIMIT);
    is_whole.then_some(out)
}

libfuzzer_sys::fuzz_target!(|input: (bool, u8, &[u8])| {
    let (gzip, piece, body) = input;
    let whole = decompressed(gzip, body, usize::MAX);
    assert_eq!(decompressed(gzip, body, usize::from(piece) + 1), whole);
});
