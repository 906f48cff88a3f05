//! A partition key's bytes as the server keeps them, from the value as it stands in a request.

use serde_json::Value;

use super::decimal;
use super::murmur;

/// The token of a key such as `{"S": "x"}`; none where that is no value of a key.
pub(crate) fn token(key: &Value) -> Option<i64> {
    bytes(key).map(|bytes| murmur::token(&bytes))
}

/// Strings in UTF-8, numbers as decimals, and binaries as what they encode. None of them may be
/// empty.
fn bytes(key: &Value) -> Option<Vec<u8>> {
    let (kind, text) = key.as_object()?.iter().next()?;
    let text = text.as_str().filter(|text| !text.is_empty())?;
    match &**kind {
        "S" => Some(text.as_bytes().to_vec()),
        "N" => decimal::bytes(text),
        "B" => base64(text),
        _ => None,
    }
}

fn base64(text: &str) -> Option<Vec<u8>> {
    let text = text.trim_end_matches('=').as_bytes();
    let mut bytes = Vec::with_capacity(text.len() * 3 / 4);
    let (mut word, mut bits) = (0u32, 0);
    for &letter in text {
        let digit = match letter {
            b'A'..=b'Z' => letter - b'A',
            b'a'..=b'z' => letter - b'a' + 26,
            b'0'..=b'9' => letter - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            _ => return None,
        };
        word = word << 6 | u32::from(digit);
        bits += 6;
        if bits >= 8 {
            bits -= 8;
            bytes.push((word >> bits) as u8);
            word &= (1 << bits) - 1;
        }
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use serde_json::json;

    use super::*;

    /// Type, value (binaries in hexadecimal), the key's bytes in hexadecimal, and the token.
    const VECTORS: &str = include_str!("../../tests/data/token.tsv");

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
}
