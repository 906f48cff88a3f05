//! Turns that are even for any number of nodes.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// Which node's turn it is to take a request that another cannot, as a fraction of 2^64.
///
/// Turns step by the golden ratio (a Weyl sequence), which is more even than chance, and even for
/// every number of nodes and every rhythm in which requests come.
#[derive(Debug)]
pub(crate) struct Turns(AtomicU64);

/// 2^64 divided by the golden ratio.
const GOLDEN: u64 = 0x9e37_79b9_7f4a_7c15;

impl Turns {
    pub(super) fn starting_at(turn: u64) -> Self {
        Self(AtomicU64::new(turn))
    }

    /// Returns a copy that moves on by itself.
    pub(super) fn copy(&self) -> Self {
        Self::starting_at(self.0.load(Relaxed))
    }

    pub(super) fn next(&self) -> u64 {
        self.0.fetch_add(GOLDEN, Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn turns_are_even_for_every_number_of_nodes() {
        for nodes in 2..50_u128 {
            let turns = Turns::starting_at(7);
            let mut counts = vec![0_i32; nodes as usize];
            for _ in 0..100 * nodes {
                counts[((u128::from(turns.next()) * nodes) >> 64) as usize] += 1;
            }
            assert!(counts.iter().all(|n| n.abs_diff(100) <= 3), "{counts:?}");
        }
    }
}
