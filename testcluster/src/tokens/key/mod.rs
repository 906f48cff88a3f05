//! A partition key's bytes as the server keeps them, from the value as it stands in a request.

use base64::prelude::{BASE64_STANDARD, Engine};
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
        ("B", text) => BASE64_STANDARD.decode(text).ok(),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
