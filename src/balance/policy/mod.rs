//! Which node of several gets a request.

mod least_cost;
mod turns;

use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use crate::balance::moment::Moment;
use least_cost::LeastCost;
use turns::Turns;

/// How the first node for a request is chosen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Policy {
    /// The node expected to respond first: the lowest product of recent latency (a peak-EWMA) and
    /// requests in flight, of all nodes if there are up to eight, and otherwise of at least two
    /// drawn at random. Nodes that are near, fast and idle get more requests than those that are
    /// far, slow or busy, and a node that stops responding gets almost none.
    #[default]
    PeakEwma,
    /// Every node in turn, from a random start. The shares of the nodes are exactly even, whatever
    /// their latency.
    RoundRobin,
}

/// A node as the policies see it.
pub(crate) trait Candidate {
    /// Returns how many requests it has in flight.
    fn in_flight(&self) -> usize;
    /// Returns the cost of one more request beside `in_flight` others, in any unit; less is better.
    fn cost(&self, in_flight: usize, now: Moment) -> f32;
    /// Returns whether it serves requests.
    fn serves(&self) -> bool;
    /// Returns whether it serves and admits the request with the random number `draw`, for which it
    /// competes with `rivals` nodes.
    fn admits(&self, now: Moment, draw: u64, rivals: usize) -> bool;
}

impl<C: Candidate> Candidate for &C {
    fn in_flight(&self) -> usize {
        (**self).in_flight()
    }

    fn cost(&self, in_flight: usize, now: Moment) -> f32 {
        (**self).cost(in_flight, now)
    }

    fn serves(&self) -> bool {
        (**self).serves()
    }

    fn admits(&self, now: Moment, draw: u64, rivals: usize) -> bool {
        (**self).admits(now, draw, rivals)
    }
}

/// A policy with its state, which outlives snapshots, so that a refresh does not restart at the
/// first node.
///
/// Choosing allocates nothing and takes no lock.
#[derive(Debug)]
pub(crate) enum Chooser {
    PeakEwma(LeastCost),
    RoundRobin { cursor: AtomicUsize, turns: Turns },
}

/// The inputs of one choice.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PickContext {
    pub(crate) now: Moment,
    /// The only random number that a choice uses.
    pub(crate) draw: u64,
    /// How many nodes were tried for the request.
    pub(crate) tried: usize,
}

impl Chooser {
    /// Clients begin at random places, so that a thousand new ones do not begin with the same node.
    pub(crate) fn new(policy: Policy, random: &mut fastrand::Rng) -> Self {
        match policy {
            Policy::PeakEwma => Self::PeakEwma(LeastCost::default()),
            Policy::RoundRobin => Self::RoundRobin {
                cursor: AtomicUsize::new(random.usize(..)),
                turns: Turns::starting_at(random.u64(..)),
            },
        }
    }

    /// Returns a copy to look ahead with: whatever it chooses, this one chooses as it would have.
    pub(crate) fn copy(&self) -> Self {
        match self {
            Self::PeakEwma(least_cost) => Self::PeakEwma(least_cost.copy()),
            Self::RoundRobin { cursor, turns } => Self::RoundRobin {
                cursor: AtomicUsize::new(cursor.load(Relaxed)),
                turns: turns.copy(),
            },
        }
    }

    /// Returns the index of the node to try next: one that is not `tried`, if there is any.
    ///
    /// Nodes that are out come last, before them those to `avoid`, and before those all others. Of
    /// these, a node that has just returned is skipped for part of the requests, so that it gets
    /// its share and no more.
    pub(crate) fn next<C: Candidate>(
        &self,
        nodes: &[C],
        tried: impl Fn(&C) -> bool,
        avoid: impl Fn(&C) -> bool,
        context: PickContext,
    ) -> Option<usize> {
        let PickContext { now, draw, .. } = context;
        let rivals = self.rivals(nodes.len());
        let fresh = |n: &C| !tried(n) && !avoid(n);
        let admitted = |n: &C| fresh(n) && n.admits(now, draw, rivals);
        self.choose(nodes, admitted, context)
            .or_else(|| self.choose(nodes, |n| fresh(n) && n.serves(), context))
            .or_else(|| self.choose(nodes, |n| !tried(n) && n.serves(), context))
            .or_else(|| self.choose(nodes, fresh, context))
            .or_else(|| self.choose(nodes, |n| !tried(n), context))
    }

    /// Returns how many nodes compete for a request that is for one of `nodes`.
    pub(crate) fn rivals(&self, nodes: usize) -> usize {
        match self {
            Self::PeakEwma(_) => nodes,
            // No node gets more than its turn.
            Self::RoundRobin { .. } => 1,
        }
    }

    fn choose<C: Candidate>(
        &self,
        nodes: &[C],
        may: impl Fn(&C) -> bool,
        context: PickContext,
    ) -> Option<usize> {
        let PickContext { now, draw, tried } = context;
        let first = match self {
            Self::PeakEwma(least_cost) => return least_cost.choose(nodes, may, now, draw),
            // A second turn of the cursor for one request would meet the same bad node more often
            // than its share.
            Self::RoundRobin { .. } if tried > 0 => None,
            Self::RoundRobin { cursor, .. } => {
                cursor.fetch_add(1, Relaxed).checked_rem(nodes.len())
            }
        };
        if let Some(index) = first
            && may(&nodes[index])
        {
            return Some(index);
        }
        // The load of a node that cannot have its share must spread evenly over the others: its
        // neighbour alone would get all of it. Two turns of one request in a row would depend on
        // each other, so what follows the first is left to chance.
        let draw = match self {
            Self::RoundRobin { turns, .. } if tried < 2 => turns.next(),
            _ => draw.rotate_left(32),
        };
        any(nodes, may, draw)
    }
}

#[cfg(feature = "dynamodb_config")]
impl Chooser {
    /// Returns whether latencies decide.
    pub(crate) fn looks_at_latency(&self) -> bool {
        matches!(self, Self::PeakEwma(_))
    }

    /// Returns the index of the best node for which `may` holds, if there is any. Unlike
    /// [`next`](Self::next) this is for a few nodes that differ from one request to the next.
    pub(crate) fn best<C: Candidate>(
        &self,
        nodes: &[C],
        may: impl Fn(&C) -> bool,
        context: PickContext,
    ) -> Option<usize> {
        let PickContext { now, draw, .. } = context;
        match self {
            Self::PeakEwma(least_cost) => least_cost.choose(nodes, may, now, draw),
            // The cursor would give every third request the same of three nodes, and every third
            // may be for the same key. Turns by the golden ratio are even for every nth request,
            // too.
            Self::RoundRobin { turns, .. } => any(nodes, may, turns.next()),
        }
    }
}

/// Returns a random one of the nodes for which `may` holds.
fn any<C>(nodes: &[C], may: impl Fn(&C) -> bool, draw: u64) -> Option<usize> {
    let left = nodes.iter().filter(|n| may(n)).count();
    let mut indices = (0..nodes.len()).filter(|i| may(&nodes[*i]));
    (left > 0).then(|| indices.nth(part(draw, left)))?
}

/// Maps a random number to an index below `of`.
fn part(draw: u64, of: usize) -> usize {
    ((u128::from(draw) * of as u128) >> 64) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Clone, Copy)]
    struct Node {
        cost: f32,
        serves: bool,
        /// Whether it has its full share.
        full: bool,
    }

    const GOOD: Node = Node { cost: 1.0, serves: true, full: true };
    const COSTLY: Node = Node { cost: 9.0, ..GOOD };
    const OUT: Node = Node { cost: 0.0, serves: false, full: false };
    const RETURNING: Node = Node { cost: 0.0, full: false, ..GOOD };

    impl Candidate for Node {
        fn in_flight(&self) -> usize {
            0
        }

        fn cost(&self, _: usize, _: Moment) -> f32 {
            self.cost
        }

        fn serves(&self) -> bool {
            self.serves
        }

        fn admits(&self, _: Moment, _: u64, _: usize) -> bool {
            self.serves && self.full
        }
    }

    const POLICIES: [Policy; 2] = [Policy::PeakEwma, Policy::RoundRobin];

    fn chooser(policy: Policy) -> Chooser {
        Chooser::new(policy, &mut fastrand::Rng::with_seed(7))
    }

    /// Returns how often each node is the first choice.
    fn counts(chooser: &Chooser, nodes: &[Node], choices: usize) -> Vec<usize> {
        let mut random = fastrand::Rng::with_seed(7);
        let mut counts = vec![0; nodes.len()];
        for _ in 0..choices {
            let context = PickContext { now: Moment::default(), draw: random.u64(..), tried: 0 };
            let index = chooser.next(nodes, |_| false, |_| false, context);
            counts[index.unwrap()] += 1;
        }
        counts
    }

    /// Returns all choices of one request; the nodes in `avoid` failed an earlier attempt.
    fn order(chooser: &Chooser, nodes: &[Node], avoid: &[usize], draw: u64) -> Vec<usize> {
        let place = |n: &Node| nodes.iter().position(|other| std::ptr::eq(other, n)).unwrap();
        let mut order = Vec::new();
        loop {
            let context = PickContext {
                now: Moment::default(),
                draw: draw.wrapping_mul(order.len() as u64 + 1),
                tried: order.len(),
            };
            let tried = |n: &Node| order.contains(&place(n));
            let avoided = |n: &Node| avoid.contains(&place(n));
            match chooser.next(nodes, tried, avoided, context) {
                Some(next) => order.push(next),
                None => return order,
            }
        }
    }

    #[test]
    fn round_robin_gives_every_node_the_same_share() {
        let chooser = chooser(Policy::RoundRobin);
        assert_eq!(counts(&chooser, &[GOOD; 3], 3000), [1000; 3]);
        assert_eq!(counts(&chooser, &[GOOD; 7], 7), [1; 7]);
    }

    #[test]
    fn to_look_ahead_changes_no_choice() {
        let nodes: Vec<_> = (0..12).map(|i| if i < 3 { OUT } else { GOOD }).collect();
        for policy in POLICIES {
            let (looked_at, other) = (chooser(policy), chooser(policy));
            for draw in (0..50).map(|i: u64| i.wrapping_mul(0x9e37_79b9_7f4a_7c15)) {
                let next = order(&looked_at.copy(), &nodes, &[], draw);
                assert_eq!(next, order(&looked_at, &nodes, &[], draw));
                order(&looked_at.copy(), &nodes, &[], draw);
                assert_eq!(next, order(&other, &nodes, &[], draw));
            }
        }
    }

    #[test]
    fn nodes_that_cost_the_same_get_about_the_same_share() {
        for nodes in [1, 2, 3, 8, 9, 100] {
            let counts = counts(&chooser(Policy::PeakEwma), &vec![GOOD; nodes], 1000 * nodes);
            // The standard deviation is less than 32.
            assert!(counts.iter().all(|n| n.abs_diff(1000) < 200), "{counts:?}");
        }
    }

    #[test]
    fn fresh_clients_do_not_all_begin_with_the_same_node() {
        let mut random = fastrand::Rng::with_seed(7);
        for policy in POLICIES {
            let mut firsts = [0; 3];
            for _ in 0..3000 {
                let chooser = Chooser::new(policy, &mut random);
                let context =
                    PickContext { now: Moment::default(), draw: random.u64(..), tried: 0 };
                let first = chooser.next(&[GOOD; 3], |_| false, |_| false, context);
                firsts[first.unwrap()] += 1;
            }
            // The standard deviation is 26.
            assert!(firsts.iter().all(|n: &i32| n.abs_diff(1000) < 150), "{firsts:?}");
        }
    }

    #[test]
    fn the_cursor_may_overflow() {
        let chooser = Chooser::RoundRobin {
            cursor: AtomicUsize::new(usize::MAX),
            turns: Turns::starting_at(u64::MAX),
        };
        assert_eq!(counts(&chooser, &[GOOD; 3], 10).iter().sum::<usize>(), 10);
        assert_eq!(counts(&chooser, &[OUT, GOOD, GOOD], 10)[0], 0);
    }

    #[test]
    fn the_share_of_nodes_that_are_out_goes_to_the_others_evenly() {
        for policy in POLICIES {
            for out in 1..4 {
                let nodes: Vec<_> = (0..9).map(|i| if i < out { OUT } else { GOOD }).collect();
                let alive = 9 - out;
                let counts = counts(&chooser(policy), &nodes, 1000 * alive);
                assert!(counts[..out].iter().all(|n| *n == 0), "{counts:?}");
                assert!(counts[out..].iter().all(|n| n.abs_diff(1000) < 200), "{counts:?}");
            }
        }
    }

    #[test]
    fn every_node_is_tried_once_and_those_that_are_out_come_last() {
        let nodes = [OUT, GOOD, COSTLY, OUT, GOOD];
        for policy in POLICIES {
            let chooser = chooser(policy);
            for draw in (1..50).map(|i: u64| i.wrapping_mul(0x9e37_79b9_7f4a_7c15)) {
                let order = order(&chooser, &nodes, &[], draw);
                let (mut first, mut last) = (order[..3].to_vec(), order[3..].to_vec());
                first.sort_unstable();
                last.sort_unstable();
                assert_eq!((&first[..], &last[..]), (&[1, 2, 4][..], &[0, 3][..]));
            }
        }
    }

    #[test]
    fn nodes_of_earlier_attempts_come_after_all_others_that_serve() {
        let nodes = [GOOD, COSTLY, GOOD, OUT];
        for policy in POLICIES {
            let chooser = chooser(policy);
            for draw in (1..50).map(|i: u64| i.wrapping_mul(0x9e37_79b9_7f4a_7c15)) {
                let order = order(&chooser, &nodes, &[0, 2], draw);
                assert_eq!((order[0], order[3]), (1, 3), "{order:?}");
            }
        }
    }

    #[test]
    fn a_node_that_may_not_have_the_request_yet_is_passed_over_for_those_that_may() {
        for policy in POLICIES {
            let chooser = chooser(policy);
            assert_eq!(counts(&chooser, &[RETURNING, COSTLY, COSTLY], 100)[0], 0);
            assert_eq!(counts(&chooser, &[RETURNING, OUT, OUT], 100)[0], 100);
        }
    }

    #[test]
    fn nobody_is_chosen_of_none() {
        for policy in POLICIES {
            assert!(order(&chooser(policy), &[], &[], 1).is_empty());
        }
    }
}
