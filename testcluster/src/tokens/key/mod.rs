//! A partition key's bytes as the server keeps them, from the value as it stands in a request.

use serde_json::Value;

use super::{decimal, murmur};

/// Returns the token of a key such as `{"S": "x"}`; `None` if that is no value of a key.
pub(crate) fn token(key: &Value) -> Option<i64> {
    bytes(key).map(|bytes| murmur::token(&bytes))
}

/// Strings in UTF-8, numbers as decimals, and binaries decoded. None of them may be empty.
fn bytes(key: &Value) -> Option<Vec<u8>> {
    let (kind, text) = key.as_object()?.iter().next()?;
    match (&**kind, text.as_str().filter(|text| !text.is_empty())?) {
        ("S", text) => Some(text.as_bytes().to_vec()),
        ("N", text) => decimal::bytes(text),
        ("B", text) => base64(text),
        _ => None,
    }
}

fn base64(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len() * 3 / 4);
    let (mut word, mut bits) = (0u32, 0);
    for letter in text.trim_end_matches('=').bytes() {
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
mod tests;
