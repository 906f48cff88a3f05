//! Which node of several gets a request.

mod least_cost;
mod turns;

use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use crate::config::Policy;
use crate::moment::Moment;
use least_cost::LeastCost;
use turns::Turns;

/// What is to be known of a node for choosing it.
pub(crate) trait Candidate {
    /// How many requests it has in flight.
    fn in_flight(&self) -> usize;
    /// What one more request would cost there beside so many, in whatever unit; less is better.
    fn cost(&self, in_flight: usize, now: Moment) -> f32;
    /// Whether it serves requests.
    fn serves(&self) -> bool;
    /// Whether it serves and may have this request, of which `draw` is a random number.
    fn admits(&self, now: Moment, draw: u64) -> bool;
}

/// A policy with the state that outlives every snapshot, so that a refresh does not send everyone back to the first node.
///
/// Choosing allocates nothing and takes no lock.
#[derive(Debug)]
pub(crate) enum Chooser {
    PeakEwma(LeastCost),
    RoundRobin { cursor: AtomicUsize, turns: Turns },
    Random,
}

/// The circumstances of one choice.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Circumstances {
    pub(crate) now: Moment,
    /// A random number: the only one that a choice draws on.
    pub(crate) draw: u64,
    /// Nodes that could not have the same request.
    pub(crate) tried: usize,
}

impl Chooser {
    /// Clients begin at different places, so that a thousand fresh ones do not open with the same node.
    pub(crate) fn new(policy: Policy, random: &mut fastrand::Rng) -> Self {
        match policy {
            Policy::PeakEwma => Self::PeakEwma(LeastCost::default()),
            Policy::RoundRobin => Self::RoundRobin {
                cursor: AtomicUsize::new(random.usize(..)),
                turns: Turns::starting_at(random.u64(..)),
            },
            Policy::Random => Self::Random,
        }
    }

    /// The index of the node to try next: one that is not `tried`, if there is any.
    ///
    /// Nodes that are out come last. Before them come those to `avoid`, and before those all others; of which a node that has
    /// just returned is passed over for a while, so that it gets its share and no more.
    pub(crate) fn next<C: Candidate>(
        &self,
        nodes: &[C],
        tried: impl Fn(&C) -> bool,
        avoid: impl Fn(&C) -> bool,
        circumstances: Circumstances,
    ) -> Option<usize> {
        let Circumstances { now, draw, .. } = circumstances;
        let fresh = |n: &C| !tried(n) && !avoid(n);
        self.choose(nodes, |n| fresh(n) && n.admits(now, draw), circumstances)
            .or_else(|| self.choose(nodes, |n| fresh(n) && n.serves(), circumstances))
            .or_else(|| self.choose(nodes, |n| !tried(n) && n.serves(), circumstances))
            .or_else(|| self.choose(nodes, fresh, circumstances))
            .or_else(|| self.choose(nodes, |n| !tried(n), circumstances))
    }

    fn choose<C: Candidate>(
        &self,
        nodes: &[C],
        may: impl Fn(&C) -> bool,
        circumstances: Circumstances,
    ) -> Option<usize> {
        let Circumstances { now, draw, tried } = circumstances;
        let first = match self {
            Self::PeakEwma(least_cost) => return least_cost.choose(nodes, may, now, draw),
            // Another turn of the cursor for the same request would meet the same bad node more often than its share.
            Self::RoundRobin { .. } | Self::Random if tried > 0 => None,
            Self::RoundRobin { cursor, .. } => {
                cursor.fetch_add(1, Relaxed).checked_rem(nodes.len())
            }
            Self::Random => (!nodes.is_empty()).then(|| part(draw, nodes.len())),
        };
        if let Some(index) = first
            && may(&nodes[index])
        {
            return Some(index);
        }
        // The load of a node that cannot have its share must spread evenly over the others: its neighbour alone would get all
        // of it. Two turns of one request in a row would depend on each other, so what follows the first is left to chance.
        let draw = match self {
            Self::RoundRobin { turns, .. } if tried < 2 => turns.next(),
            _ => draw.rotate_left(32),
        };
        any(nodes, may, draw)
    }
}

/// One of the nodes for which `may` holds, all with equal chance.
fn any<C>(nodes: &[C], may: impl Fn(&C) -> bool, draw: u64) -> Option<usize> {
    let left = nodes.iter().filter(|n| may(n)).count();
    let mut indices = (0..nodes.len()).filter(|i| may(&nodes[*i]));
    (left > 0).then(|| indices.nth(part(draw, left)))?
}

/// A random number as an index below `of`.
fn part(draw: u64, of: usize) -> usize {
    ((u128::from(draw) * of as u128) >> 64) as usize
}
