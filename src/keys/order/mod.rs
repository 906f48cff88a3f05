//! The orders of nodes in which Alternator's other clients try the coordinators of a key.

mod cooked;
mod go;
#[cfg(test)]
mod tests;
mod xorshift;

/// Which clients' order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Generator {
    /// That of the Go, Java, Python, C++ and C# clients.
    Go,
    /// That of `alternator-client` 1.0.1.
    XorShift,
}

/// Draws the numbers below `len`, each once, in the order that belongs to a seed.
///
/// The first is had without allocation and whatever `len` is, since mostly no other is asked for.
#[derive(Clone, Debug)]
pub(crate) struct Draw {
    source: Source,
    rest: Rest,
}

#[derive(Clone, Debug)]
enum Source {
    Go(go::Source),
    XorShift(xorshift::Source),
}

/// What is not drawn yet.
#[derive(Clone, Debug)]
enum Rest {
    Below(usize),
    BelowBut { len: usize, first: usize },
    Listed(Vec<usize>),
}

impl Draw {
    pub(crate) fn new(generator: Generator, seed: i64, len: usize) -> Self {
        Self {
            source: match generator {
                Generator::Go => Source::Go(go::Source::new(seed)),
                Generator::XorShift => Source::XorShift(xorshift::Source::new(seed)),
            },
            rest: Rest::Below(len),
        }
    }
}

impl Iterator for Draw {
    type Item = usize;

    fn next(&mut self) -> Option<usize> {
        match self.rest.len() {
            0 => None,
            left => Some(self.rest.take(self.source.below(left))),
        }
    }
}

impl Source {
    fn below(&mut self, len: usize) -> usize {
        match self {
            Self::Go(source) => source.below(len),
            Self::XorShift(source) => source.below(len),
        }
    }
}

impl Rest {
    fn len(&self) -> usize {
        match self {
            Self::Below(len) => *len,
            Self::BelowBut { len, .. } => len - 1,
            Self::Listed(numbers) => numbers.len(),
        }
    }

    /// The last number takes the place of the one that is taken.
    fn take(&mut self, place: usize) -> usize {
        match self {
            Self::Below(len) => {
                *self = Self::BelowBut { len: *len, first: place };
                place
            }
            Self::BelowBut { len, first } => {
                let mut numbers: Vec<usize> = (0..*len).collect();
                numbers.swap_remove(*first);
                let taken = numbers.swap_remove(place);
                *self = Self::Listed(numbers);
                taken
            }
            Self::Listed(numbers) => numbers.swap_remove(place),
        }
    }
}
