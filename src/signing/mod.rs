//! Signature Version 4 of AWS over plain data, with as little work per request as possible: the key
//! that all requests of a day share is derived once, nothing is allocated except the values of the
//! headers, and the hashes are those of the crypto provider that TLS uses.
//!
//! The SDK's signer is correct but expensive: it costs as much as everything else in a request. The
//! benchmark `economy` compares both, the SDK's in the column of the drop-in.
//!
//! What is left is the hashing: blocks of 64 bytes for the body, about four for the canonical
//! request, and four for the text that the key signs.

mod crypto;
mod date;
mod keys;
mod sigv4;
#[cfg(test)]
mod tests;
mod text;

pub(crate) use date::{Date, is_skewed};
pub(crate) use keys::Keys;
pub(crate) use sigv4::{Request, authorization};
