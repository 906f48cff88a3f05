//! Numbers as the server keeps them in keys: the digits exactly as they were written, and where the
//! point is among them.

use bigdecimal::BigDecimal;

/// Returns four bytes of scale and the digits as an integer of as few bytes as will do, both
/// big-endian and signed. Nothing is normalized: `1`, `1.0` and `1e0` are three keys.
pub(crate) fn bytes(text: &str) -> Option<Vec<u8>> {
    // The library takes underscores between digits, which the server does not.
    let number = Some(text).filter(|text| !text.contains('_'))?.parse::<BigDecimal>().ok()?;
    let (unscaled, scale) = number.into_bigint_and_scale();
    let scale = i32::try_from(scale).ok()?;
    Some([&scale.to_be_bytes()[..], &unscaled.to_signed_bytes_be()].concat())
}
