//! How the first node for a request is chosen.

mod random;
mod round_robin;

use std::fmt::Debug;

use crate::config::Policy;

/// Chooses the node that a request tries first. What comes after it, where it cannot be reached, is the plan's.
pub(crate) trait Choose: Debug + Send + Sync {
    /// An index below `nodes`, which is not zero. Called for every request: it allocates nothing and takes no lock.
    fn first(&self, nodes: usize) -> usize;
}

pub(crate) fn chooser(policy: Policy, random: &mut fastrand::Rng) -> Box<dyn Choose> {
    match policy {
        Policy::RoundRobin => Box::new(round_robin::RoundRobin::starting_at(random.usize(..))),
        Policy::Random => Box::new(random::Random),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(policy: Policy, nodes: usize, picks: usize) -> Vec<usize> {
        let chooser = chooser(policy, &mut fastrand::Rng::with_seed(7));
        let mut counts = vec![0; nodes];
        for _ in 0..picks {
            counts[chooser.first(nodes)] += 1;
        }
        counts
    }

    #[test]
    fn round_robin_gives_every_node_the_same_share() {
        assert_eq!(counts(Policy::RoundRobin, 3, 3000), [1000; 3]);
        assert_eq!(counts(Policy::RoundRobin, 7, 7), [1; 7]);
    }

    #[test]
    fn random_gives_every_node_about_the_same_share() {
        // A share of 1/9 of 90,000 picks has a standard deviation of 94.
        fastrand::seed(7);
        assert!(
            counts(Policy::Random, 9, 90_000)
                .iter()
                .all(|n| n.abs_diff(10_000) < 500)
        );
    }

    #[test]
    fn fresh_clients_do_not_all_begin_with_the_same_node() {
        let mut random = fastrand::Rng::with_seed(7);
        let mut firsts = [0; 3];
        for _ in 0..3000 {
            firsts[chooser(Policy::RoundRobin, &mut random).first(3)] += 1;
        }
        assert!(
            firsts.iter().all(|n: &i32| n.abs_diff(1000) < 130),
            "{firsts:?}"
        );
    }

    #[test]
    fn the_cursor_may_overflow() {
        let chooser = round_robin::RoundRobin::starting_at(usize::MAX);
        assert!((0..10).all(|_| chooser.first(3) < 3));
    }
}
