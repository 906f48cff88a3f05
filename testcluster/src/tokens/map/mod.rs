//! The ranges of a table's tokens and their replicas, in the order of their ends, with tablets and
//! with vnodes alike.

/// Where a range is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Replica {
    /// The node's identifier, which is never used again.
    pub(crate) node: u64,
    /// Which of the node's shards; always 0 with vnodes, whose keys are spread over shards by other
    /// rules.
    pub(crate) shard: u32,
}

/// The tokens from the end of the range before it, exclusive, to its own, inclusive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Range {
    pub(crate) last: i64,
    /// In the server's order: the first is the primary replica.
    pub(crate) replicas: Vec<Replica>,
    /// Where the range will be kept, while it moves.
    pub(crate) moves_to: Option<Vec<Replica>>,
}

impl Range {
    pub(crate) fn new(last: i64, replicas: Vec<Replica>) -> Self {
        Self { last, replicas, moves_to: None }
    }

    pub(crate) fn is_on(&self, node: u64) -> bool {
        self.replicas.iter().any(|replica| replica.node == node)
    }
}

/// All ranges of a table.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Map {
    pub(crate) ranges: Vec<Range>,
}

impl Map {
    /// Returns the range of a token. Tokens above the last end belong to the first range; with
    /// tablets there are none.
    pub(crate) fn of(&self, token: i64) -> Option<&Range> {
        let at = self.ranges.partition_point(|range| range.last < token);
        self.ranges.get(at).or_else(|| self.ranges.first())
    }

    /// Returns the start of the range at index `at` of a ring: the end of the one before it, which
    /// for the first is the last.
    pub(crate) fn ring_start(&self, at: usize) -> i64 {
        let before = at.checked_sub(1).unwrap_or(self.ranges.len() - 1);
        self.ranges[before].last
    }

    /// Returns the start of the range at index `at` of a line, where the first starts at
    /// `i64::MIN`.
    pub(crate) fn line_start(&self, at: usize) -> i64 {
        at.checked_sub(1).map_or(i64::MIN, |before| self.ranges[before].last)
    }
}

#[cfg(test)]
mod tests;
