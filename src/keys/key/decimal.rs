//! A number as the server stores it: the CQL `decimal` of the very text that was sent.
//!
//! The text is not normalised, since the server does not do so either: `1`, `1.0` and `10e-1` are
//! three partitions.

/// Eight times the 127 bits that DynamoDB's 38 digits need, so that only what the server refuses
/// anyway is left out.
const MAGNITUDE_BITS: usize = 1024;
/// One more than the magnitude needs, which is room for the sign.
const LIMBS: usize = MAGNITUDE_BITS / 64 + 1;
const SCALE_BYTES: usize = 4;
const BYTES: usize = SCALE_BYTES + LIMBS * 8;
/// How many digits are surely below 2^64 together.
const DIGITS_AT_ONCE: u64 = 10_u64.pow(19);

/// The bytes of a CQL `decimal`: the scale, and the number without its point in two's complement,
/// as short as it goes, both with the highest byte first.
pub(super) struct Decimal {
    bytes: [u8; BYTES],
    start: usize,
}

impl Decimal {
    /// `None` for what the server takes for no number, and for magnitudes beyond any that it
    /// accepts.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (base, exponent) = match text.split_once(['e', 'E']) {
            Some((base, exponent)) => (base, exponent.parse::<i32>().ok()?),
            None => (text, 0),
        };
        let (whole, fraction) = base.split_once('.').unwrap_or((base, ""));
        let scale = i64::try_from(fraction.len()).ok()? - i64::from(exponent);
        let unscaled = Unscaled::parse(whole.bytes().chain(fraction.bytes()))?;
        Some(Self::new(i32::try_from(scale).ok()?, &unscaled))
    }

    fn new(scale: i32, unscaled: &Unscaled) -> Self {
        let mut bytes = [0; BYTES];
        let (places, _) = bytes[SCALE_BYTES..].as_chunks_mut();
        for (place, limb) in places.iter_mut().zip(unscaled.0.iter().rev()) {
            *place = limb.to_be_bytes();
        }
        let start = unscaled.redundant_bytes();
        bytes[start..start + SCALE_BYTES].copy_from_slice(&scale.to_be_bytes());
        Self { bytes, start }
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes[self.start..]
    }
}

/// A whole number in two's complement, lowest limb first.
struct Unscaled([u64; LIMBS]);

impl Unscaled {
    /// Of a sign, which may be missing, and one or more digits.
    fn parse(text: impl Iterator<Item = u8>) -> Option<Self> {
        let mut digits = text.peekable();
        let sign = digits.next_if(|byte| matches!(byte, b'+' | b'-'));
        digits.peek()?;
        let mut number = Self([0; LIMBS]);
        let (mut chunk, mut factor) = (0, 1);
        for digit in digits {
            if factor == DIGITS_AT_ONCE {
                number.multiply_and_add(factor, chunk)?;
                (chunk, factor) = (0, 1);
            }
            chunk = chunk * 10 + u64::from(char::from(digit).to_digit(10)?);
            factor *= 10;
        }
        number.multiply_and_add(factor, chunk)?;
        if sign == Some(b'-') {
            number.negate();
        }
        Some(number)
    }

    /// `None` where the magnitude grows into the limb that is kept for the sign.
    fn multiply_and_add(&mut self, factor: u64, addend: u64) -> Option<()> {
        let mut carry = u128::from(addend);
        for limb in &mut self.0[..LIMBS - 1] {
            let sum = u128::from(*limb) * u128::from(factor) + carry;
            *limb = sum as u64;
            carry = sum >> 64;
        }
        (carry == 0).then_some(())
    }

    fn negate(&mut self) {
        let mut carry = true;
        for limb in &mut self.0 {
            (*limb, carry) = (!*limb).overflowing_add(u64::from(carry));
        }
    }

    /// How many bytes at the high end only repeat the sign of the byte below.
    fn redundant_bytes(&self) -> usize {
        let sign = self.0[LIMBS - 1];
        let sign_bits = match self.0.iter().rposition(|limb| *limb != sign) {
            Some(i) => (LIMBS - 1 - i) * 64 + (self.0[i] ^ sign).leading_zeros() as usize,
            None => LIMBS * 64,
        };
        (sign_bits - 1) / 8
    }
}
