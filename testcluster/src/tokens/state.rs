//! The owners of tokens at one moment, behind one lock.

use std::collections::BTreeMap;
use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use fastrand::Rng;
use serde_json::Value;

use super::host::Host;
use super::isolation::WriteIsolation;
use super::key;
use super::map::Range;
use super::table::{Spread, Table};

/// Placement and moves are alike in every run.
const SEED: u64 = 0x5eed;

/// How tables are spread, unless they request something else.
#[derive(Clone, Debug)]
pub(crate) struct Defaults {
    pub(crate) spread: Spread,
    /// The tokens of each node on the ring.
    pub(crate) vnodes: usize,
    /// The replicas of a range in each datacenter; the server's own rule where there is none.
    pub(crate) factor: Option<usize>,
    pub(crate) shards: u32,
    pub(crate) isolation: WriteIsolation,
}

/// The owners of every table's tokens.
pub(crate) struct Tokens {
    pub(crate) defaults: Defaults,
    state: RwLock<State>,
}

/// The nodes and tables at one moment.
pub(crate) struct State {
    /// By the identifier of the node.
    pub(crate) hosts: BTreeMap<u64, Host>,
    pub(crate) tables: BTreeMap<String, Table>,
    pub(super) rng: Rng,
}

impl Tokens {
    pub(crate) fn new(defaults: Defaults) -> Self {
        Self {
            defaults,
            state: RwLock::new(State {
                hosts: BTreeMap::new(),
                tables: BTreeMap::new(),
                rng: Rng::with_seed(SEED),
            }),
        }
    }

    pub(crate) fn read(&self) -> RwLockReadGuard<'_, State> {
        self.state.read().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn write(&self) -> RwLockWriteGuard<'_, State> {
        self.state.write().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Returns the table whose map applies to this one: itself, or the one whose tablets it shares.
    pub(crate) fn mapped(&self, name: &str) -> Option<&Table> {
        let table = self.tables.get(name)?;
        match &table.base {
            Some(base) => self.tables.get(base),
            None => Some(table),
        }
    }

    /// The range of a key.
    pub(crate) fn range(&self, table: &str, key: &Value) -> Option<&Range> {
        self.mapped(table)?.map.of(key::token(key)?)
    }
}
