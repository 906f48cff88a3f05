#![allow(clippy::unwrap_used)]

use serde_json::json;

use super::*;

/// Type, value (binaries in hexadecimal), the key's bytes in hexadecimal, and the token.
const VECTORS: &str = include_str!("../../../../tests/data/vectors/token.tsv");

fn unhex(text: &str) -> Vec<u8> {
    let pair = |at: usize| u8::from_str_radix(&text[at..at + 2], 16).unwrap();
    (0..text.len()).step_by(2).map(pair).collect()
}

#[test]
fn keys_have_the_bytes_and_the_tokens_of_the_vectors() {
    let mut vectors = 0;
    for line in VECTORS.lines().skip(1) {
        let [kind, value, key, expected] = line.split('\t').collect::<Vec<_>>()[..] else {
            panic!("{line}");
        };
        vectors += 1;
        let key = unhex(key);
        assert_eq!(murmur::token(&key), expected.parse::<i64>().unwrap(), "{line}");
        if kind != "B" {
            assert_eq!(bytes(&json!({kind: value})), Some(key), "{line}");
        }
    }
    assert!(vectors > 30);
}

#[test]
fn binaries_are_what_their_base64_encodes() {
    for (text, expected) in
        [("AA==", &[0][..]), ("/w==", &[255]), ("+/8=", &[0xfb, 0xff]), ("AAEC", &[0, 1, 2])]
    {
        assert_eq!(bytes(&json!({"B": text})), Some(expected.to_vec()));
    }
    for wrong in [json!({"B": "!"}), json!({"S": ""}), json!({"L": []}), json!(1)] {
        assert_eq!(bytes(&wrong), None, "{wrong}");
    }
}
