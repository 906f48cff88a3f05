//! What the server takes and refuses, and its table of preferences.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use super::*;

const LIMIT: usize = 100_000;

#[test]
fn what_was_compressed_comes_back() {
    let body = b"compress me ".repeat(5_000);
    for encoding in [Encoding::Gzip, Encoding::Deflate] {
        let compressed = compress(encoding, &body, 6);
        assert!(compressed.len() < body.len() / 10);
        assert_eq!(decompress(encoding.name().as_bytes(), &compressed, LIMIT).unwrap(), body);
    }
    assert_eq!(decompress(b"", &body, LIMIT).unwrap(), body);
}

#[test]
fn members_may_follow_each_other() {
    for encoding in [Encoding::Gzip, Encoding::Deflate] {
        let both = [compress(encoding, b"one", 6), compress(encoding, b"two", 6)].concat();
        assert_eq!(decompress(encoding.name().as_bytes(), &both, LIMIT).unwrap(), b"onetwo");
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
        (b"deflate", &compress(Encoding::Deflate, b"body", 6)[..6], truncated),
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
    assert_eq!(decompress(b"gzip", &compressed, LIMIT).unwrap().len(), LIMIT);
    let error = decompress(b"gzip", &compressed, LIMIT - 1).unwrap_err();
    assert_eq!((error.status, &*error.kind), (413, "PayloadTooLarge"));
    assert_eq!(error.message, "Request content length limit of 99999 bytes exceeded");
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
        ("compress", none),
        ("gzip;q=0", none),
        ("identity;q=0", none),
    ];
    for (accept_encoding, expected) in cases {
        assert_eq!(negotiate(accept_encoding), expected, "{accept_encoding}");
    }
}
