//! The names and formats of compressed bodies.

/// The bits of zlib's largest window, 32 KiB, which is what everyone uses.
pub(crate) const WINDOW: u8 = 15;

/// The encodings that Alternator knows. What HTTP calls deflate is the zlib format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Encoding {
    Gzip,
    Deflate,
}

impl Encoding {
    /// The encoding of this name in a header. Names are equal whatever their case.
    pub(crate) fn named(name: &str) -> Option<Self> {
        let is = |encoding: &Self| name.eq_ignore_ascii_case(encoding.name());
        [Self::Gzip, Self::Deflate].into_iter().find(is)
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Gzip => "gzip",
            Self::Deflate => "deflate",
        }
    }
}
