//! The node that costs least: of all where there are few, and else of two drawn at random ("power of two choices",
//! Mitzenmacher 2001), which is nearly as good, costs the same for any number of nodes, and does not send everyone to the one
//! that happens to be best.

use super::{Candidate, any, part};
use crate::moment::Moment;

/// Up to this many nodes, looking at all costs no more than drawing two, and the slowest requests get faster.
const FEW: usize = 8;

/// Nodes that cost at most this many times the least are equally good. Estimates are never exact, and one client alone would
/// else send everything to the node with the luckiest answers.
const EQUALLY_GOOD: f32 = 1.25;

/// How many pairs are drawn before the nodes that may be chosen are counted.
const DRAWS: u32 = 3;

pub(super) fn choose<C: Candidate>(
    nodes: &[C],
    may: impl Fn(&C) -> bool,
    now: Moment,
    draw: u64,
) -> Option<usize> {
    if nodes.len() <= FEW {
        least_of_all(nodes, may, now, draw)
    } else {
        least_of_two(nodes, may, now, draw)
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

fn least_of_two<C: Candidate>(
    nodes: &[C],
    may: impl Fn(&C) -> bool,
    now: Moment,
    draw: u64,
) -> Option<usize> {
    let mut mixed = draw;
    for _ in 0..DRAWS {
        let first = part(mixed, nodes.len());
        // The low half is as random as the high one. What is left out is the first itself, so that the two differ.
        let second = part(mixed << 32, nodes.len() - 1);
        let second = second + usize::from(second >= first);
        match (may(&nodes[first]), may(&nodes[second])) {
            (true, true) => {
                let cheaper = nodes[second].cost(now) < nodes[first].cost(now);
                return Some(if cheaper { second } else { first });
            }
            (true, false) => return Some(first),
            (false, true) => return Some(second),
            // The multiplier of Knuth's MMIX generator.
            (false, false) => {
                mixed = mixed
                    .wrapping_mul(6_364_136_223_846_793_005)
                    .wrapping_add(1)
            }
        }
    }
    any(nodes, may, draw)
}
