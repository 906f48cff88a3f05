//! The tables in use, the hosts that hold them, and the permits for lookups.

use std::collections::HashMap;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use arc_swap::ArcSwap;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::{Table, WarnOnce};
use crate::balance::moment::{Moment, claim};
use crate::keys::partition_key::PartitionKey;
use crate::keys::replicas::Hosts;

/// Maximum number of tables kept. The replicas of each may take a MiB.
const MAX_TABLES: usize = 1000;

/// Number of tables evicted at once: those unused for the longest time.
const EVICTED: usize = MAX_TABLES / 8;

/// Minimum time between evictions. If more tables are in use than are kept, requests about the
/// others go to any node meanwhile, which costs less than to evict and look up tables with every
/// request.
const EVICTION_INTERVAL: Duration = Duration::from_secs(60);

/// Maximum number of lookups in flight, so that a thousand tables are not all looked up at once
/// after a change of the node list.
const MAX_LOOKUPS: usize = 8;

/// Maximum age of the hosts that a lookup has found, while the node list stays as it is.
const HOSTS_MAX_AGE: Duration = Duration::from_secs(60);

/// The tables of recent requests, and the hosts that hold them.
#[derive(Debug)]
pub(crate) struct Tables {
    /// Partition keys that the user has configured.
    configured: HashMap<Box<str>, PartitionKey>,
    tables: ArcSwap<ByName>,
    /// The moment from which tables may be evicted again, as [`Moment::as_nanos`].
    next_eviction: AtomicU64,
    hosts: Mutex<Option<CachedHosts>>,
    lookups: Arc<Semaphore>,
    pub(crate) warnings: WarnOnce,
}

/// Table names come from the application itself, so a hash that is cheap for short keys will do.
type ByName = HashMap<Arc<str>, Arc<Table>>;

/// A permit to look up a table, released when its last clone is dropped.
pub(crate) type LookupPermit = Arc<OwnedSemaphorePermit>;

/// Hosts that were looked up.
#[derive(Clone, Debug)]
struct CachedHosts {
    hosts: Arc<Hosts>,
    at: Moment,
    /// How often the node list had changed by then.
    changes: u64,
}

impl Tables {
    /// Returns no tables, but the partition keys of those in `configured`.
    pub(crate) fn new(configured: &[(String, PartitionKey)]) -> Self {
        Self {
            configured: configured
                .iter()
                .map(|(name, key)| (name.as_str().into(), key.clone()))
                .collect(),
            tables: ArcSwap::default(),
            next_eviction: AtomicU64::default(),
            hosts: Mutex::default(),
            lookups: Arc::new(Semaphore::new(MAX_LOOKUPS)),
            warnings: WarnOnce::default(),
        }
    }

    /// Returns the table named `name`, which is added if no recent request was about it; `None` if
    /// there is no room for it now.
    pub(crate) fn find_or_insert(&self, name: &str, now: Moment) -> Option<Arc<Table>> {
        if let Some(table) = self.find(name) {
            return Some(table);
        }
        let is_full = self.tables.load().len() >= MAX_TABLES;
        if is_full && !claim(&self.next_eviction, now, EVICTION_INTERVAL) {
            return None;
        }
        let new = Arc::new(Table::new(name, self.configured.get(name).cloned()));
        self.tables.rcu(|tables| {
            let mut tables = HashMap::clone(tables);
            if tables.len() >= MAX_TABLES {
                evict(&mut tables);
            }
            // A table that another thread has added first stays.
            tables.entry(Arc::clone(&new.name)).or_insert_with(|| Arc::clone(&new));
            tables
        });
        self.find(name)
    }

    /// Returns the table named `name`, if a recent request was about it.
    pub(crate) fn find(&self, name: &str) -> Option<Arc<Table>> {
        self.tables.load().get(name).cloned()
    }

    /// Forgets what was looked up about a table, as it was deleted or created.
    pub(crate) fn forget(&self, name: &str) {
        if let Some(table) = self.find(name) {
            table.forget();
        }
    }

    /// Returns a permit to look up a table; `None` if too many lookups are in flight.
    pub(crate) fn lookup_permit(&self) -> Option<LookupPermit> {
        Arc::clone(&self.lookups).try_acquire_owned().ok().map(Arc::new)
    }

    /// Returns the hosts of the cluster, if they were looked up recently and the node list has not
    /// changed since. `changes` is how often the node list has changed.
    pub(crate) fn cached_hosts(&self, now: Moment, changes: u64) -> Option<Arc<Hosts>> {
        let cached = self.hosts.lock().unwrap_or_else(PoisonError::into_inner);
        let cached = cached.as_ref()?;
        let is_fresh = cached.changes == changes && now.since(cached.at) < HOSTS_MAX_AGE;
        is_fresh.then(|| Arc::clone(&cached.hosts))
    }

    /// Caches the hosts that a lookup begun at `at` has found.
    pub(crate) fn cache_hosts(&self, hosts: Arc<Hosts>, at: Moment, changes: u64) {
        let mut cached = self.hosts.lock().unwrap_or_else(PoisonError::into_inner);
        *cached = Some(CachedHosts { hosts, at, changes });
    }
}

/// Removes the tables that were unused for the longest time.
fn evict(tables: &mut ByName) {
    let mut by_use: Vec<_> =
        tables.values().map(|table| (table.used.load(Relaxed), Arc::clone(&table.name))).collect();
    by_use.select_nth_unstable(EVICTED);
    for (_, name) in &by_use[..EVICTED] {
        tables.remove(name);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> Moment {
        Moment::default().after(Duration::from_secs(seconds))
    }

    /// Sends a request about a table; returns whether there is room for the table.
    fn request(tables: &Tables, name: &str, now: u64) -> bool {
        tables.find_or_insert(name, at(now)).is_some_and(|table| table.is_due(at(now), 0))
    }

    fn name(n: usize) -> String {
        format!("t{n}")
    }

    /// Returns as many tables as are kept, each used a second after the one before.
    fn full() -> Tables {
        let tables = Tables::new(&[]);
        for n in 0..MAX_TABLES {
            assert!(request(&tables, &name(n), n as u64));
        }
        tables
    }

    #[test]
    fn the_tables_that_were_used_the_longest_ago_make_room_together() {
        let tables = full();
        assert!(request(&tables, &name(0), 1000) && request(&tables, "one more", 1001));
        let is_kept = |n: &usize| tables.find(&name(*n)).is_some();
        let kept: Vec<_> = (0..MAX_TABLES).filter(is_kept).collect();
        assert_eq!((kept[0], kept[1], kept.len()), (0, EVICTED + 1, MAX_TABLES - EVICTED));
        assert!(tables.find("one more").is_some());
    }

    #[test]
    fn more_tables_than_are_kept_make_room_once_a_minute_at_most() {
        let tables = full();
        let more = |n: usize, now| request(&tables, &format!("more{n}"), now);
        let found = (0..2 * EVICTED).filter(|n| more(*n, 1001)).count();
        assert_eq!(found, EVICTED, "as many as were evicted");
        assert!(!more(EVICTED, 1060) && more(EVICTED - 1, 1060));
        assert!(more(EVICTED, 1061) && more(EVICTED + 1, 1061));
        assert!(request(&tables, &name(MAX_TABLES - 1), 1061));
    }

    #[test]
    fn as_many_turns_are_had_at_once_as_lookups_are_made_side_by_side() {
        let tables = Tables::new(&[]);
        let permits: Vec<_> = std::iter::from_fn(|| tables.lookup_permit()).collect();
        assert_eq!(permits.len(), MAX_LOOKUPS);
        drop(permits);
        assert!(tables.lookup_permit().is_some());
    }
}
