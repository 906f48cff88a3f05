//! Any node, with equal chance: nothing is shared between threads.

use super::Choose;

#[derive(Debug)]
pub(super) struct Random;

impl Choose for Random {
    fn first(&self, nodes: usize) -> usize {
        fastrand::usize(..nodes)
    }
}
