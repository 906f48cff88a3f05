//! The orders of nodes in which Alternator's other clients try the coordinators of a key.

/// Which clients' order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Generator {
    /// That of the Go, Java, Python, C++ and C# clients.
    Go,
    /// That of `alternator-client` 1.0.1.
    XorShift,
}

/// Draws the numbers below `len`, each once, in the order that belongs to a seed.
#[derive(Clone, Debug)]
pub(crate) struct Draw {
    left: usize,
}

impl Draw {
    pub(crate) fn new(_generator: Generator, _seed: i64, len: usize) -> Self {
        Self { left: len }
    }
}

impl Iterator for Draw {
    type Item = usize;

    fn next(&mut self) -> Option<usize> {
        self.left = self.left.checked_sub(1)?;
        Some(self.left)
    }
}
