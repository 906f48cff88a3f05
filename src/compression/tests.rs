//! What is compressed comes back, and what is not whole is never taken for it.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::io::Read;

use bytes::Bytes;
use flate2::read::{GzEncoder, ZlibEncoder};
use futures_util::{FutureExt, stream};
use http_body::{Body, Frame};
use http_body_util::{BodyExt, StreamBody};
use proptest::collection::vec;
use proptest::prelude::*;

use super::decode::Decoder;
use super::*;
use crate::error::BoxError;

const LIMIT: usize = 64 << 20;

const ENCODINGS: [Encoding; 2] = [Encoding::Gzip, Encoding::Deflate];

fn options(encoding: Encoding) -> RequestCompression {
    let options = match encoding {
        Encoding::Gzip => RequestCompression::gzip(),
        Encoding::Deflate => RequestCompression::deflate(),
    };
    options.min_size(0)
}

fn compressed(encoding: Encoding, body: &[u8]) -> Vec<u8> {
    encode(body, &options(encoding)).expect("it is compressible").1
}

/// The same by another way, and whether it is smaller or not.
fn reference(encoding: Encoding, body: &[u8]) -> Vec<u8> {
    let level = flate2::Compression::new(CompressionLevel::DEFAULT.get().into());
    let mut compressed = Vec::new();
    match encoding {
        Encoding::Gzip => GzEncoder::new(body, level).read_to_end(&mut compressed),
        Encoding::Deflate => ZlibEncoder::new(body, level).read_to_end(&mut compressed),
    }
    .unwrap();
    compressed
}

/// A body that arrives in these pieces.
fn arriving(pieces: Vec<Vec<u8>>) -> impl Body<Data = Bytes, Error = BoxError> + Unpin {
    let frames = pieces.into_iter().map(|p| Ok(Frame::data(Bytes::from(p))));
    StreamBody::new(stream::iter(frames))
}

fn decoded(
    encoding: Encoding,
    limit: usize,
    pieces: Vec<Vec<u8>>,
) -> Result<Bytes, DecompressionError> {
    let body = Decoded::new(arriving(pieces), encoding, limit);
    let collected = body.collect().now_or_never().expect("it never waits");
    collected
        .map(|c| c.to_bytes())
        .map_err(|error| *error.downcast().expect("an error of the decoder's"))
}

fn whole(encoding: Encoding, body: &[u8]) -> Result<Bytes, DecompressionError> {
    decoded(encoding, LIMIT, vec![body.to_vec()])
}

/// The body cut at these places.
fn cut(body: &[u8], mut places: Vec<prop::sample::Index>) -> Vec<Vec<u8>> {
    let mut places: Vec<_> = places.drain(..).map(|i| i.index(body.len() + 1)).collect();
    places.sort_unstable();
    let starts = std::iter::once(0).chain(places.iter().copied());
    let ends = places.iter().copied().chain([body.len()]);
    starts.zip(ends).map(|(a, b)| body[a..b].to_vec()).collect()
}

fn items() -> impl Strategy<Value = Vec<u8>> {
    let item = prop_oneof![
        // Text, as JSON is.
        "(\"[a-e]{1,8}\":\\{\"[SN]\":\"[a-z0-9 ]{0,40}\"\\},){0,200}".prop_map(String::into_bytes),
        // What is random does not get smaller.
        vec(any::<u8>(), 0..4_096),
        // An item of the largest size.
        ("[a-z]{1,20}", 1..400_000usize).prop_map(|(word, size)| word
            .into_bytes()
            .into_iter()
            .cycle()
            .take(size)
            .collect()),
    ];
    // Up to a batch of 25.
    vec(item, 0..=25).prop_map(|items| items.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn what_is_compressed_comes_back_however_it_is_cut(
        body in items(),
        level in 1..=9u8,
        places in vec(any::<prop::sample::Index>(), 0..20),
    ) {
        for encoding in ENCODINGS {
            let options = options(encoding).level(CompressionLevel::new(level).unwrap());
            let Some((used, smaller)) = encode(&body, &options) else { continue };
            prop_assert_eq!(used, encoding);
            prop_assert!(smaller.len() < body.len());
            let back = decoded(encoding, LIMIT, cut(&smaller, places.clone()));
            prop_assert_eq!(back.unwrap(), body.clone());
        }
    }

    #[test]
    fn arbitrary_bytes_never_become_more_than_the_limit(
        mut bytes in vec(any::<u8>(), 0..2_000),
        limit in 0..5_000usize,
        start in 0..4usize,
    ) {
        // Behind a good beginning more of the decoder is reached.
        let body = b"abc".repeat(3_000);
        for encoding in ENCODINGS {
            let good = compressed(encoding, &body);
            bytes.splice(0..0, good[..good.len() * start / 4].iter().copied());
            let mut decoder = Decoder::new(encoding, limit);
            let mut input = Bytes::from(bytes.clone());
            let mut size = 0;
            while let Ok(Some(piece)) = decoder.decode(&mut input) {
                size += piece.len();
            }
            prop_assert!(size <= limit);
        }
    }
}

#[test]
fn only_what_gets_smaller_is_compressed() {
    let random: Vec<u8> = std::iter::repeat_with(|| fastrand::u8(..)).take(50_000).collect();
    for encoding in ENCODINGS {
        let options = options(encoding);
        assert_eq!(encode(b"", &options), None);
        assert_eq!(encode(b"{}", &options), None);
        assert_eq!(encode(&random, &options), None);
        // With the header it may be as large as it was.
        let header = format!("content-encoding: {}\r\n", encoding.name()).len();
        let item = b"{\"TableName\":\"items\",\"Key\":{\"pk\":{\"S\":\"a\"}}}".repeat(5);
        let mut outcomes = Vec::new();
        for size in 0..item.len() {
            let body = &item[..size];
            let all = reference(encoding, body).len() + header;
            let smaller = encode(body, &options).map(|(_, smaller)| smaller.len() + header);
            assert_eq!(smaller, Some(all).filter(|all| *all < size), "{size}");
            outcomes.push(smaller.is_some());
        }
        assert!(outcomes.contains(&true) && outcomes.contains(&false));
    }
}

#[test]
fn a_body_below_the_least_size_is_left_alone() {
    let body = vec![b'a'; 1_023];
    let (gzip, off) = (RequestCompression::gzip(), RequestCompression::off());
    assert_eq!(encode(&body, &gzip), None);
    assert!(encode(&body, &gzip.min_size(1_023)).is_some());
    assert_eq!(encode(&body, &off.min_size(0)), None);
}

#[test]
fn a_lower_level_is_no_smaller() {
    let body: Vec<u8> =
        (0..5_000).flat_map(|i| format!("{{\"n\":{{\"N\":\"{i}\"}}}}").into_bytes()).collect();
    let size = |level| encode(&body, &options(Encoding::Gzip).level(level)).unwrap().1.len();
    assert!(size(CompressionLevel::SMALLEST) < size(CompressionLevel::FASTEST));
}

#[test]
fn every_truncation_is_an_error() {
    let body: Vec<u8> = (0..600u32).flat_map(|i| (i * i).to_string().into_bytes()).collect();
    for encoding in ENCODINGS {
        let good = compressed(encoding, &body);
        for end in 0..good.len() {
            let error = whole(encoding, &good[..end]).unwrap_err();
            assert!(matches!(error, DecompressionError::Truncated), "{end}: {error}");
        }
    }
}

#[test]
fn no_flipped_bit_changes_the_body_unnoticed() {
    let body = b"{\"Item\":{\"pk\":{\"S\":\"key\"}}}".repeat(20);
    for encoding in ENCODINGS {
        let good = compressed(encoding, &body);
        for at in 0..good.len() {
            for bit in 0..8 {
                let mut bad = good.clone();
                bad[at] ^= 1 << bit;
                // Some bits say nothing of the content, such as those of the time in gzip's header.
                if let Ok(back) = whole(encoding, &bad) {
                    assert_eq!(back, body, "bit {bit} of byte {at}");
                }
            }
        }
    }
}

#[test]
fn gzip_members_may_follow_each_other_and_nothing_else_may() {
    let (one, two) = (b"one".repeat(50), b"two".repeat(50));
    let [gzip, deflate] = ENCODINGS;
    let both = [compressed(gzip, &one), compressed(gzip, &two)].concat();
    assert_eq!(whole(gzip, &both).unwrap(), [&*one, &two].concat());
    let truncated = whole(gzip, &both[..both.len() - 1]).unwrap_err();
    assert!(matches!(truncated, DecompressionError::Truncated));

    let both = [compressed(deflate, &one), compressed(deflate, &two)].concat();
    assert!(matches!(whole(deflate, &both), Err(DecompressionError::Trailing)));
    for encoding in ENCODINGS {
        for junk in [&b"junk"[..], b"\0", b"\n"] {
            let followed = [&*compressed(encoding, &one), junk].concat();
            let error = whole(encoding, &followed).unwrap_err();
            assert!(matches!(error, DecompressionError::Trailing), "{error}");
        }
    }
    let half = [&*compressed(gzip, &one), b"\x1f\x8bjunk"].concat();
    assert!(matches!(whole(gzip, &half), Err(DecompressionError::Damaged { .. })));
}

#[test]
fn a_bomb_is_stopped_at_the_limit() {
    let body = vec![b' '; 10 << 20];
    for encoding in ENCODINGS {
        let bomb = compressed(encoding, &body);
        assert!(bomb.len() < body.len() / 900);
        let defused = decoded(encoding, body.len(), vec![bomb.clone()]);
        assert_eq!(defused.unwrap().len(), body.len());
        for max_size in [body.len() - 1, 1, 0] {
            match decoded(encoding, max_size, vec![bomb.clone()]) {
                Err(DecompressionError::TooLarge { max_size: told }) => assert_eq!(told, max_size),
                other => panic!("{other:?}"),
            }
        }
    }
}

#[test]
fn an_error_of_the_body_is_passed_on_and_is_its_last() {
    let broken = stream::iter([
        Ok(Frame::data(Bytes::from_static(b"\x1f\x8b"))),
        Err::<_, BoxError>("reset".into()),
    ]);
    let mut body = Decoded::new(StreamBody::new(broken), Encoding::Gzip, LIMIT);
    let mut next = || body.frame().now_or_never().unwrap();
    assert_eq!(next().unwrap().unwrap_err().to_string(), "reset");
    assert!(next().is_none());
    assert!(body.is_end_stream());
}

#[test]
fn encodings_are_known_by_their_names() {
    for encoding in ENCODINGS {
        assert_eq!(Encoding::named(encoding.name()), Some(encoding));
        let upper = encoding.name().to_ascii_uppercase();
        assert_eq!(Encoding::named(&upper), Some(encoding));
    }
    for other in ["", "br", "identity", "gzip, gzip", "x-gzip"] {
        assert_eq!(Encoding::named(other), None);
    }
}
