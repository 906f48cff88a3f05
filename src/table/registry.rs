//! The tables that requests were about lately.

use std::collections::HashMap;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use arc_swap::ArcSwap;
use tokio::sync::Semaphore;

use super::{PartitionKey, Said, Table};
use crate::moment::Moment;
use crate::replicas::Hosts;

/// How many tables are kept, of which each may have a map of a MiB. The one that was used the longest ago makes room.
const MOST: usize = 1000;

/// How many lookups are made side by side, so that a thousand tables do not all at once ask what they need after a change.
const SIDE_BY_SIDE: usize = 8;

/// How long hosts are taken for what they were, while the node list stays as it is.
const HOSTS: Duration = Duration::from_secs(60);

/// The tables that requests were about lately, and the hosts that hold them.
#[derive(Debug)]
pub(crate) struct Tables {
    /// Keys that the user has named.
    configured: HashMap<Box<str>, PartitionKey>,
    /// By their names.
    tables: ArcSwap<HashMap<Arc<str>, Arc<Table>>>,
    hosts: Mutex<Option<Looked>>,
    /// For lookups to take turns.
    pub(crate) turns: Semaphore,
    pub(crate) said: Said,
}

/// Hosts that were looked up.
#[derive(Clone, Debug)]
struct Looked {
    hosts: Arc<Hosts>,
    at: Moment,
    /// How often the node list had changed by then.
    changes: u64,
}

impl Tables {
    /// Of these, the partition key is known from the start.
    pub(crate) fn new(configured: &[(String, PartitionKey)]) -> Self {
        let configured = configured.iter().cloned();
        Self {
            configured: configured.map(|(name, key)| (name.into(), key)).collect(),
            tables: ArcSwap::default(),
            hosts: Mutex::default(),
            turns: Semaphore::new(SIDE_BY_SIDE),
            said: Said::default(),
        }
    }

    /// The table of that name, which is new where no request was about it lately.
    pub(crate) fn named(&self, name: &str) -> Arc<Table> {
        if let Some(table) = self.find(name) {
            return table;
        }
        let new = Arc::new(Table::new(name, self.configured.get(name).cloned()));
        self.tables.rcu(|tables| {
            let mut tables = HashMap::clone(tables);
            if tables.len() >= MOST && !tables.contains_key(name) {
                let oldest = tables.values().min_by_key(|t| t.used.load(Relaxed));
                if let Some(oldest) = oldest.cloned() {
                    tables.remove(&oldest.name);
                }
            }
            // Where another thread was faster, its table stays.
            tables
                .entry(Arc::clone(&new.name))
                .or_insert_with(|| Arc::clone(&new));
            tables
        });
        self.find(name).unwrap_or(new)
    }

    /// The table of that name, if a request was about it lately.
    pub(crate) fn find(&self, name: &str) -> Option<Arc<Table>> {
        let tables = self.tables.load();
        tables.get(name).map(Arc::clone)
    }

    /// Forgets what is known of a table but for what the user has said, as it was deleted or created.
    pub(crate) fn forget(&self, name: &str) {
        if let Some(table) = self.find(name) {
            table.forget();
        }
    }

    /// The hosts of the cluster, if they were looked up lately and the node list has not changed since.
    pub(crate) fn hosts(&self, now: Moment, changes: u64) -> Option<Arc<Hosts>> {
        let looked = self.hosts.lock().unwrap_or_else(PoisonError::into_inner);
        let looked = looked.as_ref()?;
        let is_fresh = looked.changes == changes && now.since(looked.at) < HOSTS;
        is_fresh.then(|| Arc::clone(&looked.hosts))
    }

    /// Says that these are the hosts, as of a lookup that began now.
    pub(crate) fn looked_up(&self, hosts: Arc<Hosts>, at: Moment, changes: u64) {
        let mut looked = self.hosts.lock().unwrap_or_else(PoisonError::into_inner);
        *looked = Some(Looked { hosts, at, changes });
    }
}
