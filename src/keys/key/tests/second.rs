//! The same computations once more, as plainly as they can be written: byte by byte and digit by
//! digit, on the heap.

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
    let tail = |i: usize| match signed_tail {
        true => i64::from(data[whole + i] as i8),
        false => i64::from(data[whole + i]),
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

/// Of a text that is a number, by dividing its digits by 256 until nothing is left.
pub(super) fn decimal_bytes(text: &str) -> Vec<u8> {
    let text = text.to_lowercase();
    let (base, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    let places = base.find('.').map_or(0, |dot| base.len() - dot - 1);
    let scale = places as i64 - exponent.parse::<i64>().unwrap();
    let mut digits: Vec<u8> = base.bytes().filter(u8::is_ascii_digit).map(|d| d - b'0').collect();
    let mut number = Vec::new();
    while digits.iter().any(|digit| *digit != 0) {
        number.push(divide(&mut digits, 256) as u8);
    }
    // Room for the sign.
    number.push(0);
    if base.starts_with('-') {
        for byte in &mut number {
            *byte = !*byte;
        }
        for byte in &mut number {
            *byte = byte.wrapping_add(1);
            if *byte != 0 {
                break;
            }
        }
    }
    while let [.., below, last] = number[..]
        && (last == 0 && below < 128 || last == 255 && below >= 128)
    {
        number.pop();
    }
    number.reverse();
    [&i32::try_from(scale).unwrap().to_be_bytes()[..], &number].concat()
}

/// Leaves the quotient and returns the remainder.
fn divide(digits: &mut [u8], by: u32) -> u32 {
    digits.iter_mut().fold(0, |carried, digit| {
        let here = carried * 10 + u32::from(*digit);
        *digit = (here / by) as u8;
        here % by
    })
}

/// In decimal digits.
pub(super) fn power_of_two(exponent: u32) -> String {
    let mut digits = vec![1_u8];
    for _ in 0..exponent {
        let mut carry = 0;
        for digit in &mut digits {
            let doubled = *digit * 2 + carry;
            (*digit, carry) = (doubled % 10, doubled / 10);
        }
        if carry > 0 {
            digits.push(carry);
        }
    }
    digits.iter().rev().map(|digit| char::from(b'0' + digit)).collect()
}

/// Of a power of two, whose last digit is never 0.
pub(super) fn less_one(digits: &str) -> String {
    let (head, last) = digits.split_at(digits.len() - 1);
    format!("{head}{}", last.parse::<u8>().unwrap() - 1)
}
