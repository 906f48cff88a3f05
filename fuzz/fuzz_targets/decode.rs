//! Whatever comes as a compressed answer, in whatever pieces, the decoder neither panics nor lets
//! out more than it may, and takes nothing for whole that the pieces in one are not.
//!
//! `RUSTC_BOOTSTRAP=1 cargo fuzz run decode -- -max_total_time=60`
#![no_main]

#[allow(dead_code)]
#[path = "../../src/compression/decode.rs"]
mod decode;
#[allow(dead_code)]
#[path = "../../src/compression/encoding.rs"]
mod encoding;

use bytes::Bytes;
use decode::{DecompressionError, Decoder};
use encoding::Encoding;

const LIMIT: usize = 1 << 20;

/// What the body decodes to if it comes in pieces of this size.
fn decoded(encoding: Encoding, body: &[u8], piece: usize) -> Result<Vec<u8>, DecompressionError> {
    let mut decoder = Decoder::new(encoding, LIMIT);
    let mut out = Vec::new();
    for piece in body.chunks(piece) {
        let mut input = Bytes::copy_from_slice(piece);
        while let Some(piece) = decoder.decode(&mut input)? {
            out.extend_from_slice(&piece);
            assert!(out.len() <= LIMIT);
        }
    }
    decoder.finish()?;
    Ok(out)
}

libfuzzer_sys::fuzz_target!(|input: (bool, u8, &[u8])| {
    let (gzip, piece, body) = input;
    let encoding = if gzip { Encoding::Gzip } else { Encoding::Deflate };
    let whole = decoded(encoding, body, usize::MAX).ok();
    assert_eq!(decoded(encoding, body, usize::from(piece) + 1).ok(), whole);
});
