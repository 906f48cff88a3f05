//! Compressed bodies in both directions, with the server's own idea of what Accept-Encoding
//! prefers.

use std::io::Read;

use flate2::bufread::{GzEncoder, ZlibEncoder};
use flate2::{Compression, Decompress, FlushDecompress, Status};

use crate::error::ApiError;

/// The two encodings that Alternator knows; `deflate` is the zlib format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Encoding {
    Gzip,
    Deflate,
}

impl Encoding {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Gzip => "gzip",
            Self::Deflate => "deflate",
        }
    }
}

/// Undoes a request's Content-Encoding, which is compared byte for byte. Compressed members may
/// follow each other, but nothing else may follow them, and together they may not exceed `limit`.
pub(crate) fn decompress(
    content_encoding: &[u8],
    body: &[u8],
    limit: usize,
) -> Result<Vec<u8>, ApiError> {
    let member: fn() -> Decompress = match content_encoding {
        b"" => return Ok(body.to_vec()),
        b"gzip" => || Decompress::new_gzip(15),
        b"deflate" => || Decompress::new(true),
        _ => return Err(ApiError::internal("Unsupported Content-Encoding")),
    };
    let (mut rest, mut output) = (body, Vec::new());
    loop {
        rest = decompress_member(member(), rest, &mut output, limit)?;
        if rest.is_empty() {
            return Ok(output);
        }
    }
}

fn decompress_member<'a>(
    mut member: Decompress,
    body: &'a [u8],
    output: &mut Vec<u8>,
    limit: usize,
) -> Result<&'a [u8], ApiError> {
    let mut buffer = [0; 16 * 1024];
    let mut rest = body;
    loop {
        let (seen, produced) = (member.total_in(), member.total_out());
        let status = member
            .decompress(rest, &mut buffer, FlushDecompress::None)
            .map_err(|_| ApiError::internal("Error during gzip decompression of request body"))?;
        let seen = (member.total_in() - seen) as usize;
        let produced = (member.total_out() - produced) as usize;
        rest = &rest[seen..];
        output.extend_from_slice(&buffer[..produced]);
        if output.len() > limit {
            return Err(too_large(limit));
        }
        match status {
            Status::StreamEnd => return Ok(rest),
            Status::Ok | Status::BufError if seen == 0 && produced == 0 => {
                return Err(ApiError::internal("Truncated gzip in request body"));
            }
            Status::Ok | Status::BufError => {}
        }
    }
}

/// The error for a body above the server's limit, compressed or not.
pub(crate) fn too_large(limit: usize) -> ApiError {
    ApiError::new(
        "PayloadTooLarge",
        format!("Request content length limit of {limit} bytes exceeded"),
    )
}

/// Returns the encoding that an Accept-Encoding header prefers, if any: the first of the highest
/// quality. `*` stands for the first encoding that the header does not name, and `identity` is
/// accepted but never preferred.
pub(crate) fn negotiate(accept_encoding: &str) -> Option<Encoding> {
    let (mut gzip, mut deflate, mut any) = (None, None, None);
    let mut preferred: (Preference, f32) = (Preference::None, 0.0);
    for entry in accept_encoding.split(',') {
        let (name, parameters) = entry.split_once(';').unwrap_or((entry, ""));
        let (preference, quality) = match &*name.trim().to_ascii_lowercase() {
            "gzip" => (Preference::Encoding(Encoding::Gzip), &mut gzip),
            "deflate" => (Preference::Encoding(Encoding::Deflate), &mut deflate),
            "*" => (Preference::Any, &mut any),
            _ => continue,
        };
        // What was named before counts, unless it was refused.
        if quality.is_some_and(|quality| quality != 0.0) {
            continue;
        }
        let value = parameters.split(';').find_map(self::quality).or(*quality).unwrap_or(1.0);
        *quality = Some(value);
        // A name wins over a `*` of equal quality.
        if value > preferred.1 || (preferred.0 == Preference::Any && value >= preferred.1) {
            preferred = (preference, value);
        }
    }
    match preferred.0 {
        Preference::None => None,
        Preference::Encoding(encoding) => Some(encoding),
        Preference::Any => match (gzip, deflate) {
            (None, _) => Some(Encoding::Gzip),
            (_, None) => Some(Encoding::Deflate),
            (Some(gzip), Some(deflate)) if gzip <= 0.0 && deflate <= 0.0 => None,
            (Some(gzip), Some(deflate)) if deflate > gzip => Some(Encoding::Deflate),
            _ => Some(Encoding::Gzip),
        },
    }
}

#[derive(Clone, Copy, PartialEq)]
enum Preference {
    None,
    Any,
    Encoding(Encoding),
}

/// The value of a `q=` parameter, if it is one and is a number; what is beyond the range counts as
/// its end.
fn quality(parameter: &str) -> Option<f32> {
    let value =
        parameter.trim_start().strip_prefix(['q', 'Q'])?.trim_start().strip_prefix('=')?.trim();
    if value.starts_with('+') {
        return None;
    }
    Some(value.parse::<f32>().ok()?.clamp(0.0, 1.0))
}

/// A whole body, compressed.
#[expect(clippy::expect_used, reason = "reading a slice cannot fail")]
pub(crate) fn compress(encoding: Encoding, body: &[u8], level: u32) -> Vec<u8> {
    let level = Compression::new(level);
    let mut compressed = Vec::new();
    match encoding {
        Encoding::Gzip => GzEncoder::new(body, level).read_to_end(&mut compressed),
        Encoding::Deflate => ZlibEncoder::new(body, level).read_to_end(&mut compressed),
    }
    .expect("a slice can be read");
    compressed
}

#[cfg(test)]
mod tests;
