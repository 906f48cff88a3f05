//! The value of a partition key, and the two numbers that are made of it: its token, and the hash by which other clients choose
//! a coordinator.

/// The type of a partition key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum KeyType {
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
    pub(crate) fn key_type(self) -> KeyType {
        match self {
            Self::String(_) => KeyType::String,
            Self::Number(_) => KeyType::Number,
            Self::Binary(_) => KeyType::Binary,
        }
    }

    /// `None` for what the server does not accept as a key.
    pub(crate) fn token(self) -> Option<Token> {
        None
    }

    /// The hash by which Alternator's other clients choose a coordinator.
    pub(crate) fn hash(self) -> i64 {
        0
    }
}
