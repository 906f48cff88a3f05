//! The node that costs least: of all where there are few, and else of two drawn at random ("power of two choices",
//! Mitzenmacher 2001), which is nearly as good, costs the same for any number of nodes, and does not send everyone to the one
//! that happens to be best.
//!
//! Where several nodes are bad, both of two often are: of nine nodes with three that hang, one pair in twelve. So a pair that
//! costs far more than choices usually do is not taken before others were looked at.

use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

use super::{Candidate, any, part};
use crate::moment::Moment;

/// Up to this many nodes, all are looked at. Of three nodes with one that is ten times slower than the others, clients with few
/// requests then send 1.2 % of them there rather than 1.9 %, in `tests/simulator`.
const FEW: usize = 8;

/// Nodes that cost at most this many times the least are equally good. Estimates are never exact, and one client alone would
/// else send up to half as much again as its share to the node with the luckiest answers.
const EQUALLY_GOOD: f32 = 1.25;

/// How many nodes are looked at in the end, where they all cost too much. Where half of the nodes are bad, one choice in 65,000
/// then meets none that is good.
const LOOKS: u32 = 16;

/// What is more than this many times the usual costs too much. Where all nodes are good, 2.1 to 2.9 nodes are then looked at on
/// average, in `tests/simulator`; with 1.5 it would be up to 4.
const TOO_MUCH: f32 = 2.0;

/// One choice in so many is remembered, so that threads seldom write what others read.
const REMEMBERED: u64 = 16;

/// What choices cost lately, as the bits of an `f32`.
#[derive(Debug, Default)]
pub(crate) struct LeastCost(AtomicU32);

impl LeastCost {
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
                let cost = nodes[index].cost(now);
                if cost < least {
                    (best, least) = (Some(index), cost);
                }
            }
            if look > 1 && least <= enough {
                break;
            }
            // Knuth's MMIX generator, whose high bits make the index.
            mixed = mixed
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
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
    let mut costs = [f32::INFINITY; FEW];
    let mut least = f32::INFINITY;
    for (cost, node) in costs.iter_mut().zip(nodes) {
        if may(node) {
            *cost = node.cost(now);
            least = least.min(*cost);
        }
    }
    let limit = least * EQUALLY_GOOD;
    // One bit for each that is good enough.
    let mut good = 0_u32;
    for (i, cost) in costs[..nodes.len()].iter().enumerate() {
        good |= u32::from(*cost <= limit && *cost < f32::INFINITY) << i;
    }
    for _ in 0..part(draw, good.count_ones() as usize) {
        good &= good - 1;
    }
    (good != 0).then(|| good.trailing_zeros() as usize)
}
