//! The value of a partition key, and the two numbers that are made of it: its token, and the hash
//! by which other clients choose a coordinator.

mod decimal;
mod murmur3;
#[cfg(test)]
mod tests;
#[cfg(test)]
pub(crate) mod vectors;

use decimal::Decimal;
use murmur3::Tail;

/// The type of a partition key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PartitionKeyType {
    /// `S`.
    String,
    /// `N`.
    Number,
    /// `B`.
    Binary,
}

/// The value of a partition key, as it is in a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Key<'a> {
    String(&'a str),
    Number(&'a str),
    Binary(&'a [u8]),
}

/// Where a partition lies on the ring.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Token(pub(crate) i64);

impl Key<'_> {
    /// `None` for what the server does not accept as a key.
    pub(crate) fn token(self) -> Option<Token> {
        let decimal;
        let bytes = match self {
            Self::String(text) => text.as_bytes(),
            Self::Number(text) => {
                decimal = Decimal::parse(text)?;
                decimal.bytes()
            }
            Self::Binary(bytes) => bytes,
        };
        if bytes.is_empty() {
            return None;
        }
        Some(Token::of_hash(murmur3::first_half(Tail::Signed, None, bytes)))
    }

    /// The hash by which Alternator's other clients choose a coordinator.
    pub(crate) fn hash(self) -> i64 {
        let (prefix, bytes) = match self {
            Self::String(text) => (1, text.as_bytes()),
            Self::Number(text) => (2, text.as_bytes()),
            Self::Binary(bytes) => (3, bytes),
        };
        murmur3::first_half(Tail::Unsigned, Some(prefix), bytes)
    }
}

impl Token {
    /// The smallest number is no token: it stands for the beginning of the ring, and the server
    /// takes the largest in its place.
    fn of_hash(hash: i64) -> Self {
        Self(if hash == i64::MIN { i64::MAX } else { hash })
    }
}
