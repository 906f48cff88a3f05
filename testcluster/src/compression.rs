//! Compressed bodies in both directions, with the server's own idea of what Accept-Encoding prefers.

use std::io::Write;

use flate2::write::{GzEncoder, ZlibEncoder};
use flate2::{Compression, Decompress, FlushDecompress, Status};

use crate::ApiError;

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

/// Undoes a request's Content-Encoding, which is compared byte for byte. Compressed members may follow each other, but nothing
/// else may follow them, and together they may not exceed `limit`.
pub(crate) fn decompress(
    content_encoding: &[u8],
    body: &[u8],
    limit: usize,
) -> Result<Vec<u8>, ApiError> {
    let member: fn() -> Decompress = match content_encoding {
        b"" => return Ok(body.to_vec()),
        b"gzip" => || Decompress::new_gzip(15),
        b"deflate" => || Decompress::new(true),
        _ => return Err(internal("Unsupported Content-Encoding")),
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
            .map_err(|_| internal("Error during gzip decompression of request body"))?;
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
                return Err(internal("Truncated gzip in request body"));
            }
            Status::Ok | Status::BufError => {}
        }
    }
}

fn internal(message: &str) -> ApiError {
    ApiError::new("InternalServerError", message)
}

/// The refusal of a body above the server's limit, compressed or not.
pub(crate) fn too_large(limit: usize) -> ApiError {
    ApiError::new(
        "PayloadTooLarge",
        format!("Request content length limit of {limit} bytes exceeded"),
    )
}

/// The encoding that an Accept-Encoding header prefers, if any: the first of the highest quality. `*` stands for the first
/// encoding that the header does not name, and `identity` is heard but never preferred.
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
        let value = parameters
            .split(';')
            .find_map(self::quality)
            .or(*quality)
            .unwrap_or(1.0);
        *quality = Some(value);
        // A name is better than the star that it equals.
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

/// The value of a `q=` parameter, if it is one and is a number; what is beyond the range counts as its end.
fn quality(parameter: &str) -> Option<f32> {
    let parameter = parameter.trim_start();
    let value = parameter
        .strip_prefix(['q', 'Q'])?
        .trim_start()
        .strip_prefix('=')?
        .trim();
    if value.starts_with('+') {
        return None;
    }
    Some(value.parse::<f32>().ok()?.clamp(0.0, 1.0))
}

/// A whole body, compressed.
#[expect(clippy::expect_used, reason = "writing to a Vec cannot fail")]
pub(crate) fn compress(encoding: Encoding, body: &[u8], level: u32) -> Vec<u8> {
    let level = Compression::new(level);
    match encoding {
        Encoding::Gzip => {
            let mut encoder = GzEncoder::new(Vec::new(), level);
            encoder
                .write_all(body)
                .and_then(|()| encoder.finish())
                .expect("a Vec takes it")
        }
        Encoding::Deflate => {
            let mut encoder = ZlibEncoder::new(Vec::new(), level);
            encoder
                .write_all(body)
                .and_then(|()| encoder.finish())
                .expect("a Vec takes it")
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use super::*;

    const LIMIT: usize = 100_000;

    #[test]
    fn what_was_compressed_comes_back() {
        let body = b"compress me ".repeat(5_000);
        for encoding in [Encoding::Gzip, Encoding::Deflate] {
            let compressed = compress(encoding, &body, 6);
            assert!(compressed.len() < body.len() / 10);
            assert_eq!(
                decompress(encoding.name().as_bytes(), &compressed, LIMIT).unwrap(),
                body
            );
        }
        assert_eq!(decompress(b"", &body, LIMIT).unwrap(), body);
    }

    #[test]
    fn members_may_follow_each_other() {
        for encoding in [Encoding::Gzip, Encoding::Deflate] {
            let both = [compress(encoding, b"one", 6), compress(encoding, b"two", 6)].concat();
            assert_eq!(
                decompress(encoding.name().as_bytes(), &both, LIMIT).unwrap(),
                b"onetwo"
            );
        }
    }

    #[test]
    fn what_cannot_be_decompressed_is_an_internal_error() {
        let gzip = compress(Encoding::Gzip, b"body", 6);
        let mut corrupt = gzip.clone();
        corrupt[12] ^= 0xff;
        let broken = "Error during gzip decompression of request body";
        let truncated = "Truncated gzip in request body";
        let unsupported = "Unsupported Content-Encoding";
        let junk = [&*gzip, b"junk"].concat();
        let cases: [(&[u8], &[u8], &str); 11] = [
            (b"gzip", b"{\"TableName\":\"t\"}", broken),
            (b"gzip", &corrupt, broken),
            (b"gzip", &junk, broken),
            (b"gzip", &gzip[..gzip.len() - 1], truncated),
            (b"gzip", b"", truncated),
            (b"deflate", b"", truncated),
            (b"deflate", &gzip, broken),
            (
                b"deflate",
                &compress(Encoding::Deflate, b"body", 6)[..6],
                truncated,
            ),
            (b"GZIP", &gzip, unsupported),
            (b"gzip,gzip", &gzip, unsupported),
            (b"identity", b"{}", unsupported),
        ];
        for (encoding, body, message) in cases {
            let error = decompress(encoding, body, LIMIT).unwrap_err();
            assert_eq!(
                (error.status, &*error.kind, &*error.message),
                (500, "InternalServerError", message)
            );
        }
    }

    #[test]
    fn the_limit_holds_for_what_comes_out() {
        let compressed = compress(Encoding::Gzip, &vec![b' '; LIMIT], 6);
        assert_eq!(
            decompress(b"gzip", &compressed, LIMIT).unwrap().len(),
            LIMIT
        );
        let error = decompress(b"gzip", &compressed, LIMIT - 1).unwrap_err();
        assert_eq!((error.status, &*error.kind), (413, "PayloadTooLarge"));
        assert_eq!(
            error.message,
            "Request content length limit of 99999 bytes exceeded"
        );
    }

    #[test]
    fn negotiation_is_the_servers() {
        let (none, gzip, deflate) = (None, Some(Encoding::Gzip), Some(Encoding::Deflate));
        let cases = [
            ("", none),
            ("identity", none),
            ("br", none),
            ("zstd", none),
            ("x-gzip", none),
            ("gzip", gzip),
            ("deflate", deflate),
            ("gzip, deflate", gzip),
            ("br, identity, deflate, gzip", deflate),
            ("GZIP, identity", gzip),
            ("dog, gzip ,, cat", gzip),
            ("gzip;q=0.8, deflate;q=0.5", gzip),
            ("br, gzip;q=0, deflate; q = 0.5 , identity;q=0", deflate),
            ("*", gzip),
            ("*, deflate;q=0.5", gzip),
            ("*, deflate", deflate),
            ("*, identity", gzip),
            ("*, gzip;q=0.5", deflate),
            ("*;q=0.2, gzip;q=0.1, deflate;q=0", gzip),
            ("gzip;q=0, *, deflate;q=0", none),
            ("gzip ;q=0", none),
            ("*;q=0", none),
            ("*;q=0.5,identity", gzip),
            ("gzip;q=0.5,identity;q=0.8", gzip),
            ("br;q=0.8,identity;q=0.5,*;q=0", none),
            ("\"gzip\"", none),
            ("gzip br", none),
            ("gzip:q=1", none),
            ("deflate;q=0.5, gzip;q=31", gzip),
            ("gzip;q=31,deflate;q=51", gzip),
            ("deflate;q=0.5, gzip;q=0.2", deflate),
            ("deflate;q=0.5, gzip;q=1;q=0.2", gzip),
            ("deflate;q=0.5,gzip;q=0.", deflate),
            ("deflate;q=0.5,gzip;q=0.x", gzip),
            ("deflate;q=-0.5,gzip;q=0.2", gzip),
            ("gzip;nq=1;q=0 ", none),
            ("gzip;q=0, gzip;q=1, gzip;q=0", gzip),
            ("gzip;q=0, gzip", none),
            ("br,identity;q=0.5,gzip;q=0.0001", gzip),
        ];
        for (accept_encoding, expected) in cases {
            assert_eq!(negotiate(accept_encoding), expected, "{accept_encoding}");
        }
    }
}
