//! SHA-256 and HMAC by the crypto provider that TLS uses. The two providers have the same
//! interface.

#[cfg(feature = "aws-lc")]
use aws_lc_rs as provider;
#[cfg(all(feature = "ring", not(feature = "aws-lc")))]
use ring as provider;

use provider::{digest, hmac};

const DIGITS: &[u8; 16] = b"0123456789abcdef";

/// 32 bytes in hexadecimal.
pub(super) struct Hex([u8; 64]);

impl Hex {
    fn of(bytes: &[u8]) -> Self {
        let mut hex = [0; 64];
        for (pair, byte) in hex.chunks_exact_mut(2).zip(bytes) {
            pair[0] = DIGITS[usize::from(byte >> 4)];
            pair[1] = DIGITS[usize::from(byte & 15)];
        }
        Self(hex)
    }

    pub(super) fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    pub(super) fn as_str(&self) -> &str {
        // Digits are text.
        str::from_utf8(&self.0).unwrap_or_default()
    }
}

pub(super) fn sha256(data: &[u8]) -> Hex {
    Hex::of(digest::digest(&digest::SHA256, data).as_ref())
}

/// A key for HMAC with SHA-256, of which the part that is the same for every message is done.
pub(super) struct HmacKey(hmac::Key);

impl HmacKey {
    pub(super) fn new(key: &[u8]) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, key))
    }

    pub(super) fn sign(&self, message: &[u8]) -> Hex {
        Hex::of(hmac::sign(&self.0, message).as_ref())
    }

    /// The key that this one makes of a message.
    pub(super) fn derive(&self, message: &[u8]) -> Self {
        Self::new(hmac::sign(&self.0, message).as_ref())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The examples of FIPS 180-2, appendix B.
    #[test]
    fn sha256_is_that_of_the_standard() {
        assert_eq!(
            sha256(b"abc").as_str(),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        );
        assert_eq!(
            sha256(b"").as_str(),
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
        );
    }

    /// Test case 2 of RFC 4231.
    #[test]
    fn hmac_is_that_of_the_standard() {
        let signed = HmacKey::new(b"Jefe").sign(b"what do ya want for nothing?");
        assert_eq!(
            signed.as_str(),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
        );
    }
}
