//! A number as the server stores it: the CQL `decimal` of the very text that was sent.
//!
//! The text is not normalised, since the server does not do so either: `1`, `1.0` and `10e-1` are
//! three partitions.

const SCALE_BYTES: usize = size_of::<i32>();
const BYTES: usize = SCALE_BYTES + size_of::<i128>();

/// The bytes of a CQL `decimal`: the scale, and the number without its point in two's complement,
/// as short as it goes, both with the highest byte first.
pub(super) struct Decimal {
    bytes: [u8; BYTES],
    start: usize,
}

impl Decimal {
    /// `None` for what the server takes for no number, and for numbers beyond 128 bits. 38 digits
    /// fit, and the server accepts no more except zeros at the end.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (base, exponent) = match text.split_once(['e', 'E']) {
            Some((base, exponent)) => (base, exponent.parse::<i32>().ok()?),
            None => (text, 0),
        };
        let (whole, fraction) = base.split_once('.').unwrap_or((base, ""));
        let scale = i64::try_from(fraction.len()).ok()? - i64::from(exponent);
        let unscaled = unscaled(whole.bytes().chain(fraction.bytes()))?;
        Some(Self::new(i32::try_from(scale).ok()?, unscaled))
    }

    fn new(scale: i32, unscaled: i128) -> Self {
        let mut bytes = [0; BYTES];
        bytes[SCALE_BYTES..].copy_from_slice(&unscaled.to_be_bytes());
        // The bits at the high end that only repeat the sign, which itself needs one.
        let sign_bits = unscaled.leading_zeros().max(unscaled.leading_ones()) as usize;
        let start = (sign_bits - 1) / 8;
        bytes[start..start + SCALE_BYTES].copy_from_slice(&scale.to_be_bytes());
        Self { bytes, start }
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes[self.start..]
    }
}

/// Parses a sign, which may be missing, and one or more digits.
fn unscaled(text: impl Iterator<Item = u8>) -> Option<i128> {
    let mut digits = text.peekable();
    let sign = digits.next_if(|byte| matches!(byte, b'+' | b'-'));
    digits.peek()?;
    let magnitude = digits.try_fold(0_i128, |number, digit| {
        let digit = char::from(digit).to_digit(10)?;
        number.checked_mul(10)?.checked_add(digit.into())
    })?;
    Some(if sign == Some(b'-') { -magnitude } else { magnitude })
}
