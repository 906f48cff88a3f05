//! Which node owns which tokens of which table: what the cluster decides when tables are created
//! and nodes come and go, and what tests ask it and do to it.

mod access;
mod catalog;
mod decimal;
mod host;
mod isolation;
mod key;
mod map;
mod moves;
mod murmur;
mod ring;
mod table;
mod tablets;
mod topology;
mod writes;

use std::collections::BTreeMap;
use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use fastrand::Rng;
use serde_json::Value;

pub(crate) use access::{Access, concerns};
pub(crate) use catalog::changes;
pub(crate) use host::Host;
pub(crate) use isolation::WriteIsolation;
pub(crate) use key::token;
pub(crate) use map::{Range, Replica};
pub(crate) use murmur::token as token_of_bytes;
pub(crate) use table::{Spread, Table};

/// Every run places and moves alike.
const SEED: u64 = 0x5eed;

/// How tables are spread, unless they ask for something else.
#[derive(Clone, Debug)]
pub(crate) struct Defaults {
    pub(crate) spread: Spread,
    /// The places of each node on the ring.
    pub(crate) vnodes: usize,
    /// The replicas of a range in each datacenter; the server's own rule where there is none.
    pub(crate) factor: Option<usize>,
    pub(crate) shards: u32,
    pub(crate) isolation: WriteIsolation,
}

/// A replica that goes from one node to another.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Step {
    pub(crate) from: u64,
    pub(crate) to: u64,
}

/// The owners of every table's tokens.
pub(crate) struct Tokens {
    pub(crate) defaults: Defaults,
    state: RwLock<State>,
}

/// All that one moment knows.
pub(crate) struct State {
    /// By the identifier of the node.
    pub(crate) hosts: BTreeMap<u64, Host>,
    pub(crate) tables: BTreeMap<String, Table>,
    rng: Rng,
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

    fn write(&self) -> RwLockWriteGuard<'_, State> {
        self.state.write().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// The table whose map this table goes by: its own, or that of the one it shares tablets with.
    pub(crate) fn mapped(&self, name: &str) -> Option<&Table> {
        let table = self.tables.get(name)?;
        match &table.base {
            Some(base) => self.tables.get(base),
            None => Some(table),
        }
    }

    /// The range of a key.
    pub(crate) fn range(&self, table: &str, key: &Value) -> Option<&Range> {
        self.mapped(table)?.map.of(token(key)?)
    }
}
