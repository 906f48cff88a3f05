//! When what goes wrong where: drawn from a seed, so that a run can be repeated.

use std::time::Duration;

use fastrand::Rng;

use crate::trouble::{self, Trouble};

/// How many nodes there are at a time.
pub(crate) const NODES: usize = 4;

/// How long a run takes until all is well again.
const LENGTH: Duration = Duration::from_secs(9);

/// How long a node is well between two troubles, at most.
const LONGEST_PEACE: Duration = Duration::from_millis(500);

/// How long a trouble lasts. The longest outlast the read timeout of the workload.
const SHORTEST: Duration = Duration::from_millis(50);
const LONGEST: Duration = Duration::from_millis(1300);

/// One trouble of one node, from its begin to its end.
#[derive(Clone, Debug)]
pub(crate) struct Episode {
    pub(crate) begin: Duration,
    pub(crate) end: Duration,
    pub(crate) trouble: Trouble,
}

/// What each node goes through, one thing after the other.
#[derive(Debug)]
pub(crate) struct Schedule(pub(crate) [Vec<Episode>; NODES]);

impl Schedule {
    /// Troubles are dealt like cards, to whichever node has been without for the longest: none
    /// comes twice before each has come once.
    pub(crate) fn draw(seed: u64) -> Self {
        let mut random = Rng::with_seed(seed);
        let mut nodes = [const { Vec::new() }; NODES];
        let mut free_at = [Duration::ZERO; NODES];
        let mut deck = Vec::new();
        loop {
            let (node, free_at) = (free_at.iter_mut().enumerate())
                .min_by_key(|(_, at)| **at)
                .expect("there are nodes");
            let begin = *free_at + between(&mut random, Duration::ZERO, LONGEST_PEACE);
            let end = begin + between(&mut random, SHORTEST, LONGEST);
            if end > LENGTH {
                return Self(nodes);
            }
            if deck.is_empty() {
                deck = trouble::all();
                random.shuffle(&mut deck);
            }
            let trouble = deck.pop().expect("there are troubles");
            nodes[node].push(Episode { begin, end, trouble });
            *free_at = end;
        }
    }
}

fn between(random: &mut Rng, shortest: Duration, longest: Duration) -> Duration {
    shortest + (longest - shortest).mul_f64(random.f64())
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    /// Those of the runs, and more.
    const SEEDS: std::ops::Range<u64> = 0..200;

    #[test]
    fn a_seed_is_one_schedule() {
        let drawn: HashSet<_> =
            SEEDS.chain(SEEDS).map(|seed| format!("{:?}", Schedule::draw(seed))).collect();
        assert_eq!(drawn.len(), SEEDS.count());
    }

    #[test]
    fn a_node_has_one_trouble_at_a_time_and_none_in_the_end() {
        for seed in SEEDS {
            for episodes in Schedule::draw(seed).0 {
                let mut free_at = Duration::ZERO;
                for Episode { begin, end, .. } in episodes {
                    assert!(free_at <= begin && begin <= free_at + LONGEST_PEACE);
                    assert!(begin + SHORTEST <= end && end <= begin + LONGEST);
                    free_at = end;
                }
                assert!(free_at <= LENGTH);
            }
        }
    }

    #[test]
    fn every_trouble_comes_once_before_any_comes_twice() {
        let all: HashSet<_> = trouble::all().iter().map(|t| format!("{t:?}")).collect();
        for seed in SEEDS {
            let mut times = std::collections::HashMap::<_, usize>::new();
            for episode in Schedule::draw(seed).0.iter().flatten() {
                *times.entry(format!("{:?}", episode.trouble)).or_default() += 1;
            }
            assert_eq!(times.len(), all.len(), "seed {seed}");
            let (least, most) = (times.values().min(), times.values().max());
            assert!(*most.unwrap() <= least.unwrap() + 1, "seed {seed}");
        }
    }
}
