//! The node that costs least: of all if there are few, and otherwise of two drawn at random ("power
//! of two choices", Mitzenmacher 2001), which is nearly as good, costs the same for any number of
//! nodes, and does not send all clients to the one that happens to be best.
//!
//! If several nodes are bad, both of a pair often are: with three of nine hanging, one pair in
//! twelve. So a pair that costs far more than usual is not taken before others were considered.

use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

use super::{Candidate, any, part};
use crate::balance::moment::Moment;

/// Number of nodes up to which all are compared. Of three nodes with one that is ten times slower
/// than the others, clients with few requests then send 1.2 % of them there rather than 1.9 %, in
/// `tests/simulator`.
const FEW: usize = 8;

/// Nodes that cost at most this many times the least are equally good if they have no more requests
/// in flight. Estimates are never exact, and a single client would otherwise send up to half as
/// much again as its share to the node with the luckiest responses.
const EQUALLY_GOOD: f32 = 1.25;

/// Maximum number of nodes considered, if all cost too much. If half of the nodes are bad, one
/// choice in 65,000 then meets no good one.
const LOOKS: u32 = 16;

/// How many times the usual cost is too much. If all nodes are good, 2.1 to 2.9 are then considered
/// on average, in `tests/simulator`; with 1.5 it would be up to 4.
const TOO_MUCH: f32 = 2.0;

/// One choice in this many is recorded, so that threads seldom write what others read.
const REMEMBERED: u64 = 16;

/// The usual cost of recent choices, as the bits of an `f32`.
#[derive(Debug, Default)]
pub(crate) struct LeastCost(AtomicU32);

impl LeastCost {
    /// Returns a copy that remembers by itself.
    pub(super) fn copy(&self) -> Self {
        Self(AtomicU32::new(self.0.load(Relaxed)))
    }

    pub(super) fn choose<C: Candidate>(
        &self,
        nodes: &[C],
        may: impl Fn(&C) -> bool,
        now: Moment,
        draw: u64,
    ) -> Option<usize> {
        if nodes.len() <= FEW {
            least_of_all(nodes, may, now, draw)
        } else {
            self.least_of_some(nodes, may, now, draw)
        }
    }

    fn least_of_some<C: Candidate>(
        &self,
        nodes: &[C],
        may: impl Fn(&C) -> bool,
        now: Moment,
        draw: u64,
    ) -> Option<usize> {
        let enough = f32::from_bits(self.0.load(Relaxed)) * TOO_MUCH;
        let mut best = None;
        let mut least = f32::INFINITY;
        let mut mixed = draw.rotate_left(32);
        for look in 1..=LOOKS {
            let index = part(mixed, nodes.len());
            if may(&nodes[index]) {
                let cost = nodes[index].cost(nodes[index].in_flight(), now);
                if cost < least {
                    (best, least) = (Some(index), cost);
                }
            }
            if look > 1 && least <= enough {
                break;
            }
            // Knuth's MMIX generator, whose high bits make the index.
            mixed = mixed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        }
        if best.is_some() && draw.is_multiple_of(REMEMBERED) {
            self.0.store(least.to_bits(), Relaxed);
        }
        best.or_else(|| any(nodes, may, draw))
    }
}

fn least_of_all<C: Candidate>(
    nodes: &[C],
    may: impl Fn(&C) -> bool,
    now: Moment,
    draw: u64,
) -> Option<usize> {
    let mut seen = [(f32::INFINITY, usize::MAX); FEW];
    let mut least = seen[0];
    for (place, node) in seen.iter_mut().zip(nodes) {
        if may(node) {
            let in_flight = node.in_flight();
            *place = (node.cost(in_flight, now), in_flight);
            if place.0 < least.0 {
                least = *place;
            }
        }
    }
    let limit = least.0 * EQUALLY_GOOD;
    // One bit for each node that is good enough.
    let mut good = 0_u32;
    for (i, (cost, in_flight)) in seen[..nodes.len()].iter().enumerate() {
        good |= u32::from(*cost <= limit && *in_flight <= least.1 && *cost < f32::INFINITY) << i;
    }
    for _ in 0..part(draw, good.count_ones() as usize) {
        good &= good - 1;
    }
    (good != 0).then(|| good.trailing_zeros() as usize)
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    /// A node with the given cost and requests in flight, which counts how often its cost was read.
    struct Node(f32, Cell<u32>, usize);

    impl Candidate for Node {
        fn in_flight(&self) -> usize {
            self.2
        }

        fn cost(&self, _: usize, _: Moment) -> f32 {
            self.1.set(self.1.get() + 1);
            self.0
        }

        fn serves(&self) -> bool {
            true
        }

        fn admits(&self, _: Moment, _: u64, _: usize) -> bool {
            true
        }
    }

    fn nodes(costs: impl IntoIterator<Item = f32>) -> Vec<Node> {
        let node = |cost| Node(cost, Cell::new(0), 1);
        costs.into_iter().map(node).collect()
    }

    /// Returns how often each node is chosen.
    fn counts(nodes: &[Node], choices: usize) -> Vec<usize> {
        let mut random = fastrand::Rng::with_seed(7);
        let policy = LeastCost::default();
        let mut counts = vec![0; nodes.len()];
        for _ in 0..choices {
            let draw = random.u64(..);
            let index = policy.choose(nodes, |_| true, Moment::default(), draw);
            counts[index.unwrap()] += 1;
        }
        counts
    }

    #[test]
    fn of_few_nodes_the_one_that_costs_least_is_chosen() {
        let counts = counts(&nodes([4.0, 1.3, 1.0, 2.0]), 1000);
        assert_eq!(counts, [0, 0, 1000, 0]);
    }

    #[test]
    fn nodes_within_a_quarter_of_the_least_are_equally_good() {
        let counts = counts(&nodes([1.25, 1.26, 1.0]), 2000);
        // The standard deviation is 22.
        assert!(counts[0].abs_diff(1000) < 150 && counts[1] == 0, "{counts:?}");
    }

    #[test]
    fn a_node_with_more_in_flight_is_less_good_where_it_does_not_cost_less() {
        let mut nodes = nodes([1.0, 1.1, 1.1]);
        nodes[1].2 = 2;
        nodes[2].2 = 0;
        let counts = counts(&nodes, 2000);
        // The standard deviation is 22.
        assert!(counts[0].abs_diff(1000) < 150 && counts[1] == 0, "{counts:?}");
    }

    #[test]
    fn of_many_nodes_the_dearest_are_never_chosen_where_others_were_looked_at() {
        let dear = |i| if i < 30 { 100.0 } else { 1.0 };
        let nodes = nodes((0..100).map(dear));
        // One choice in 3^16 may meet no other.
        let counts = counts(&nodes, 50_000);
        assert_eq!(counts[..30].iter().sum::<usize>(), 0);
        assert!(counts[30..].iter().all(|n| n.abs_diff(714) < 200), "{counts:?}");
    }

    #[test]
    fn two_of_many_nodes_are_looked_at_as_long_as_they_cost_the_usual() {
        let nodes = nodes([1.0; 100]);
        counts(&nodes, 10_000);
        let looks: u32 = nodes.iter().map(|n| n.1.get()).sum();
        // At first all are considered, until a choice is recorded: one in 16, so that 300 are
        // enough except for 4 in 10^9.
        assert!((20_000..20_000 + 300 * 16).contains(&looks), "{looks}");
    }

    #[test]
    fn where_all_of_many_nodes_become_dear_that_is_the_usual_soon() {
        let policy = LeastCost::default();
        let mut random = fastrand::Rng::with_seed(7);
        for cost in [1.0, 1000.0] {
            let nodes = nodes([cost; 100]);
            for _ in 0..300 {
                policy.choose(&nodes, |_| true, Moment::default(), random.u64(..));
            }
            let before: u32 = nodes.iter().map(|n| n.1.get()).sum();
            policy.choose(&nodes, |_| true, Moment::default(), random.u64(..));
            let after: u32 = nodes.iter().map(|n| n.1.get()).sum();
            assert_eq!(after - before, 2);
        }
    }

    #[test]
    fn a_node_that_may_not_be_chosen_is_not() {
        for number in [3, 100] {
            let nodes = nodes((0..number).map(|i| i as f32 + 1.0));
            let policy = LeastCost::default();
            for draw in (0..100).map(|i: u64| i.wrapping_mul(0x9e37_79b9_7f4a_7c15)) {
                let last = |n: &Node| n.0 == number as f32;
                let chosen = policy.choose(&nodes, last, Moment::default(), draw);
                assert_eq!(chosen, Some(number - 1));
                let none = policy.choose(&nodes, |_| false, Moment::default(), draw);
                assert_eq!(none, None);
            }
        }
    }
}
