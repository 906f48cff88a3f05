//! Changes of tablets by tests: moves, splits, and colocation.

use super::state::Tokens;
use super::table::Spread;
use super::tablets;

/// A replica's move from one node to another.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Step {
    pub(crate) from: u64,
    pub(crate) to: u64,
}

impl Tokens {
    /// Begins to move one replica of one tablet, chosen at random, to another node. `None` if no
    /// node can take one.
    pub(crate) fn begin_move(&self, name: &str) -> Option<Step> {
        let state = &mut *self.write();
        let table = state.tables.get_mut(name)?;
        let Spread::Tablets(_) = table.spread else {
            return None;
        };
        let mut order: Vec<_> = (0..table.map.ranges.len()).collect();
        state.rng.shuffle(&mut order);
        for at in order {
            let range = &mut table.map.ranges[at];
            if range.moves_to.is_some() || range.replicas.is_empty() {
                continue;
            }
            let moved = state.rng.usize(..range.replicas.len());
            let from = range.replicas[moved].node;
            let to = tablets::destination(
                &state.hosts,
                self.defaults.shards,
                &mut state.rng,
                range,
                &state.hosts[&from],
            );
            if let Some(to) = to {
                let mut replicas = range.replicas.clone();
                replicas[moved] = to;
                range.moves_to = Some(replicas);
                return Some(Step { from, to: to.node });
            }
        }
        None
    }

    /// Ends every move of a table's tablets that has begun.
    pub(crate) fn finish_moves(&self, name: &str) {
        let state = &mut *self.write();
        let ranges = state.tables.get_mut(name).map(|table| &mut table.map.ranges);
        for range in ranges.into_iter().flatten() {
            if let Some(replicas) = range.moves_to.take() {
                range.replicas = replicas;
            }
        }
    }

    /// Splits every tablet of a table in two.
    pub(crate) fn split(&self, name: &str) {
        let state = &mut *self.write();
        if let Some(table) = state.tables.get_mut(name)
            && let Spread::Tablets(_) = table.spread
        {
            tablets::split(&mut table.map);
        }
    }

    /// Lets a table share the tablets of another.
    pub(crate) fn colocate(&self, name: &str, base: &str) {
        let state = &mut *self.write();
        if let Some(table) = state.tables.get_mut(name) {
            table.base = Some(base.to_owned());
        }
    }
}
