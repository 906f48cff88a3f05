//! Numbers as the server keeps them in keys: the digits exactly as they were written, and where the
//! point is among them.

/// Four bytes of scale and the digits as an integer of as few bytes as will do, both big-endian and
/// signed. Nothing is normalized: `1`, `1.0` and `1e0` are three keys.
pub(crate) fn bytes(text: &str) -> Option<Vec<u8>> {
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, exponent.parse::<i32>().ok()?),
        None => (text, 0),
    };
    let (negative, mantissa) = match mantissa.as_bytes().first()? {
        b'-' => (true, &mantissa[1..]),
        b'+' => (false, &mantissa[1..]),
        _ => (false, mantissa),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    if whole.is_empty() && fraction.is_empty() {
        return None;
    }
    let scale = i32::try_from(fraction.len()).ok()?.checked_sub(exponent)?;
    let mut bytes = scale.to_be_bytes().to_vec();
    bytes.extend(integer(whole.bytes().chain(fraction.bytes()), negative)?);
    Some(bytes)
}

fn integer(digits: impl Iterator<Item = u8>, negative: bool) -> Option<Vec<u8>> {
    let mut magnitude = vec![0u8];
    for digit in digits {
        let mut carry = u32::from(digit.checked_sub(b'0').filter(|digit| *digit < 10)?);
        for byte in magnitude.iter_mut().rev() {
            carry += u32::from(*byte) * 10;
            *byte = carry as u8;
            carry >>= 8;
        }
        if carry > 0 {
            magnitude.insert(0, carry as u8);
        }
    }
    if negative {
        // Two's complement; a further byte leaves room for the sign.
        magnitude.insert(0, 0);
        let mut carry = true;
        for byte in magnitude.iter_mut().rev() {
            (*byte, carry) = (!*byte).overflowing_add(u8::from(carry));
        }
    } else if magnitude[0] & 0x80 != 0 {
        magnitude.insert(0, 0);
    }
    Some(shortest(&magnitude).to_vec())
}

/// Removes leading bytes that only repeat the sign.
fn shortest(mut bytes: &[u8]) -> &[u8] {
    while let [0, next, ..] | [0xff, next, ..] = bytes
        && (bytes[0] ^ next) & 0x80 == 0
    {
        bytes = &bytes[1..];
    }
    bytes
}
