//! Tokens and hashes are those that the server and other clients compute, and equal a second,
//! slower computation of any key.

mod second;

use proptest::prelude::*;

use super::decimal::Decimal;
use super::murmur3::{Tail, first_half};
use super::vectors::{bytes, rows, with_key};
use super::{Key, Token};

fn written(number: &str) -> Vec<u8> {
    Decimal::parse(number).unwrap().bytes().to_vec()
}

#[test]
fn every_vector_of_tokens_is_reproduced() {
    let vectors = rows(include_str!("../../../../tests/data/vectors/token.tsv"));
    let mut count = 0;
    for row in vectors {
        let [key_type, value, key_bytes, token] = row[..] else {
            panic!("{row:?}");
        };
        if key_type == "N" {
            assert_eq!(written(value), bytes(key_bytes), "{value}");
        }
        let ours = with_key(key_type, value, |key| key.token());
        assert_eq!(ours, Some(Token(token.parse().unwrap())), "{value}");
        count += 1;
    }
    assert_eq!(count, 32);
}

#[test]
fn every_vector_of_affinity_hashes_is_reproduced() {
    let vectors = rows(include_str!("../../../../tests/data/vectors/affinity-hash.tsv"));
    let mut count = 0;
    for row in vectors {
        let [key_type, _, value, hash] = row[..] else {
            panic!("{row:?}");
        };
        let ours = with_key(key_type, value, |key| key.hash());
        assert_eq!(ours, hash.parse::<i64>().unwrap(), "{key_type} {value}");
        count += 1;
    }
    assert_eq!(count, 14);
}

#[test]
fn every_vector_of_bare_hashes_is_reproduced() {
    let vectors = rows(include_str!("../../../../tests/data/vectors/murmur3-raw.tsv"));
    let mut count = 0;
    for row in vectors {
        let (input, hash) = (bytes(row[0]), row[1].parse::<i64>().unwrap());
        assert_eq!(first_half(Tail::Unsigned, None, &input), hash, "{input:02x?}");
        count += 1;
    }
    assert_eq!(count, 42);
}

#[test]
fn the_smallest_hash_is_the_largest_token() {
    assert_eq!(Token::of_hash(i64::MIN), Token(i64::MAX));
    assert_eq!(Token::of_hash(i64::MIN + 1), Token(i64::MIN + 1));
}

#[test]
fn what_the_server_accepts_as_no_key_has_no_token() {
    assert_eq!(Key::String("").token(), None);
    assert_eq!(Key::Binary(&[]).token(), None);
    let no_numbers = [
        "",
        "-",
        "+",
        ".",
        "-.",
        "e5",
        ".e5",
        "1e",
        "1e+",
        "1e1.0",
        "1e1e1",
        "1.2.3",
        "--1",
        "+-1",
        "1-",
        "1.-5",
        " 1",
        "1 ",
        "0x10",
        "1_000",
        "NaN",
        "Infinity",
        "１",
        // Exponents and scales beyond 32 bits.
        "1e2147483648",
        "1e-2147483648",
        "1.5e-2147483647",
        "1e99999999999999999999",
    ];
    for text in no_numbers {
        assert_eq!(Key::Number(text).token(), None, "{text}");
    }
    // The server reads the sign once the point is gone, and counts it among the places.
    assert_eq!(written(".-5"), written("-.05"));
}

#[test]
fn numbers_of_equal_value_are_different_keys_if_their_texts_differ() {
    let tokens = ["1000", "1e3", "1000.0", "10e2"].map(|text| Key::Number(text).token());
    for (i, token) in tokens.iter().enumerate() {
        assert!(token.is_some() && !tokens[..i].contains(token));
    }
    let same =
        ["5", "+5", "0005", "5e0", "5e-0", "5E+0", "5."].map(|text| Key::Number(text).token());
    assert!(same.iter().all(|token| *token == same[0]));
}

#[test]
fn the_largest_scales_are_kept() {
    let scale = |text| written(text)[..4].to_vec();
    assert_eq!(scale("1e2147483647"), (-i32::MAX).to_be_bytes());
    assert_eq!(scale("1e-2147483647"), i32::MAX.to_be_bytes());
    assert_eq!(scale("1.5e2147483647"), (1 - i32::MAX).to_be_bytes());
}

#[test]
fn magnitudes_of_127_bits_are_numbers_and_larger_ones_are_none() {
    let last = i128::MAX.to_string();
    let above = (i128::MAX as u128 + 1).to_string();
    for sign in ["", "-"] {
        for digits in [&last, &*"9".repeat(38)] {
            let text = format!("{sign}{digits}");
            assert_eq!(written(&text), second::decimal_bytes(&text));
        }
        assert!(Decimal::parse(&format!("{sign}{above}")).is_none());
        assert!(Decimal::parse(&format!("{sign}{}", "9".repeat(5000))).is_none());
    }
    let zeros = format!("{}1", "0".repeat(5000));
    assert_eq!(Key::Number(&zeros).token(), Key::Number("1").token());
}

#[test]
fn tokens_and_hashes_allocate_nothing() {
    let text = "k".repeat(100);
    let digits = "7".repeat(38);
    let keys = [Key::String(&text), Key::Number(&digits), Key::Binary(text.as_bytes())];
    let allocated = allocation_counter::measure(|| {
        for key in keys {
            assert!(key.token().is_some());
            std::hint::black_box(key.hash());
        }
    });
    assert_eq!(allocated.count_total, 0);
}

proptest! {
    #[test]
    fn hashes_equal_a_second_computation(
        input in proptest::collection::vec(any::<u8>(), 0..200),
        prefix in any::<u8>(),
    ) {
        let after_prefix = [&[prefix][..], &input].concat();
        for (tail, signed) in [(Tail::Signed, true), (Tail::Unsigned, false)] {
            prop_assert_eq!(first_half(tail, None, &input), second::murmur3(&input, signed));
            let expected = second::murmur3(&after_prefix, signed);
            prop_assert_eq!(first_half(tail, Some(prefix), &input), expected);
            prop_assert_eq!(first_half(tail, None, &after_prefix), expected);
        }
    }

    #[test]
    fn tokens_of_strings_equal_a_second_computation(text in ".{1,100}") {
        prop_assert_eq!(Key::String(&text).token(), Some(second::token(text.as_bytes())));
    }

    #[test]
    fn tokens_of_binaries_equal_a_second_computation(bytes in proptest::collection::vec(any::<u8>(), 1..200)) {
        prop_assert_eq!(Key::Binary(&bytes).token(), Some(second::token(&bytes)));
    }

    #[test]
    fn tokens_of_numbers_equal_a_second_computation(
        text in "[-+]?([0-9]{1,19}\\.?[0-9]{0,19}|\\.[0-9]{1,38})([eE][-+]?[0-9]{1,4})?",
    ) {
        let bytes = second::decimal_bytes(&text);
        prop_assert_eq!(&written(&text), &bytes);
        prop_assert_eq!(Key::Number(&text).token(), Some(second::token(&bytes)));
    }

    /// Where the sign takes one more byte.
    #[test]
    fn numbers_beside_powers_of_two_equal_a_second_computation(bits in 0..=126_u32, negative in any::<bool>()) {
        let power = 1_i128 << bits;
        for number in [power - 1, power] {
            let text = if negative { -number } else { number }.to_string();
            prop_assert_eq!(written(&text), second::decimal_bytes(&text));
        }
    }

    #[test]
    fn no_text_makes_the_parser_panic(any in ".*", almost in "[-+.eE0-9]{0,40}") {
        for text in [any, almost] {
            _ = Key::Number(&text).token();
        }
    }
}
