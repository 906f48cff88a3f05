//! The same computations once more: hashes as plainly as they can be written, and numbers by
//! another library.

use bigdecimal::BigDecimal;

use crate::keys::key::Token;

pub(super) fn token(key: &[u8]) -> Token {
    match murmur3(key, true) {
        i64::MIN => Token(i64::MAX),
        hash => Token(hash),
    }
}

/// In signed numbers and with a `switch` over the tail, as Cassandra has it.
pub(super) fn murmur3(data: &[u8], signed_tail: bool) -> i64 {
    let (c1, c2) = (-8_663_945_395_140_668_459_i64, 5_545_529_020_109_919_103_i64);
    let (mut h1, mut h2) = (0_i64, 0_i64);
    let whole = data.len() / 16 * 16;
    for at in (0..whole).step_by(16) {
        let word = |from: usize| (0..8).map(|i| i64::from(data[from + i]) << (8 * i)).sum::<i64>();
        h1 ^= word(at).wrapping_mul(c1).rotate_left(31).wrapping_mul(c2);
        h1 = h1.rotate_left(27);
        h1 = h1.wrapping_add(h2);
        h1 = h1.wrapping_mul(5).wrapping_add(0x52dc_e729);
        h2 ^= word(at + 8).wrapping_mul(c2).rotate_left(33).wrapping_mul(c1);
        h2 = h2.rotate_left(31);
        h2 = h2.wrapping_add(h1);
        h2 = h2.wrapping_mul(5).wrapping_add(0x3849_5ab5);
    }
    let tail = |i: usize| {
        let byte = data[whole + i];
        if signed_tail { i64::from(byte as i8) } else { i64::from(byte) }
    };
    let rest = data.len() - whole;
    if rest > 8 {
        let k2 = (8..rest).fold(0, |k, i| k ^ (tail(i) << (8 * (i - 8))));
        h2 ^= k2.wrapping_mul(c2).rotate_left(33).wrapping_mul(c1);
    }
    if rest > 0 {
        let k1 = (0..rest.min(8)).fold(0, |k, i| k ^ (tail(i) << (8 * i)));
        h1 ^= k1.wrapping_mul(c1).rotate_left(31).wrapping_mul(c2);
    }
    h1 ^= data.len() as i64;
    h2 ^= data.len() as i64;
    h1 = h1.wrapping_add(h2);
    h2 = h2.wrapping_add(h1);
    mixed(h1).wrapping_add(mixed(h2))
}

fn mixed(mut k: i64) -> i64 {
    for factor in [-49_064_778_989_728_563, -4_265_267_296_055_464_877] {
        k ^= ((k as u64) >> 33) as i64;
        k = k.wrapping_mul(factor);
    }
    k ^ ((k as u64) >> 33) as i64
}

/// Of a text that is a number.
pub(super) fn decimal_bytes(text: &str) -> Vec<u8> {
    let (unscaled, scale) = text.parse::<BigDecimal>().unwrap().into_bigint_and_scale();
    let scale = i32::try_from(scale).unwrap();
    [&scale.to_be_bytes()[..], &unscaled.to_signed_bytes_be()].concat()
}
