//! The tables that requests were about lately.

use std::collections::HashMap;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use arc_swap::ArcSwap;
use fnv::FnvHashMap;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::{Table, WarnOnce};
use crate::balance::moment::Moment;
use crate::keys::partition_key::PartitionKey;
use crate::keys::replicas::Hosts;

/// How many tables are kept, of which each may have a map of a MiB.
const MOST: usize = 1000;

/// How many make room for others together: those that were used the longest ago.
const ROOM: usize = MOST / 8;

/// How soon they do so again. Where more tables are in use than are kept, requests about the others
/// go to any node meanwhile, which costs less than to forget and learn tables with every request.
const AGAIN: Duration = Duration::from_secs(60);

/// How many lookups are made side by side, so that a thousand tables do not all at once ask what
/// they need after a change.
const SIDE_BY_SIDE: usize = 8;

/// How long hosts are taken for what they were, while the node list stays as it is.
const HOSTS: Duration = Duration::from_secs(60);

/// The tables that requests were about lately, and the hosts that hold them.
#[derive(Debug)]
pub(crate) struct Tables {
    /// Keys that the user has named.
    configured: HashMap<Box<str>, PartitionKey>,
    tables: ArcSwap<ByName>,
    /// The moment from which tables may make room for others, as [`Moment::as_nanos`].
    roomy: AtomicU64,
    hosts: Mutex<Option<Looked>>,
    turns: Arc<Semaphore>,
    pub(crate) warnings: WarnOnce,
}

/// Names are the application's own, so that a hash which is cheap for short ones will do.
type ByName = FnvHashMap<Arc<str>, Arc<Table>>;

/// A turn to look a table up, which ends when the last clone is dropped.
pub(crate) type Turn = Arc<OwnedSemaphorePermit>;

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
            roomy: AtomicU64::default(),
            hosts: Mutex::default(),
            turns: Arc::new(Semaphore::new(SIDE_BY_SIDE)),
            warnings: WarnOnce::default(),
        }
    }

    /// The table of that name, which is new where no request was about it lately; `None` if there
    /// is no room for it now.
    pub(crate) fn named(&self, name: &str, now: Moment) -> Option<Arc<Table>> {
        if let Some(table) = self.find(name) {
            return Some(table);
        }
        if self.tables.load().len() >= MOST && !self.may_make_room(now) {
            return None;
        }
        let new = Arc::new(Table::new(name, self.configured.get(name).cloned()));
        self.tables.rcu(|tables| {
            let mut tables = HashMap::clone(tables);
            if tables.len() >= MOST {
                make_room(&mut tables);
            }
            // Where another thread was faster, its table stays.
            tables.entry(Arc::clone(&new.name)).or_insert_with(|| Arc::clone(&new));
            tables
        });
        self.find(name)
    }

    /// Whether tables may make room for others now. Whoever gets a yes is the only one for a while.
    fn may_make_room(&self, now: Moment) -> bool {
        let next = now.after(AGAIN).as_nanos();
        let claim = |roomy| (roomy <= now.as_nanos()).then_some(next);
        self.roomy.fetch_update(Relaxed, Relaxed, claim).is_ok()
    }

    /// The table of that name, if a request was about it lately.
    pub(crate) fn find(&self, name: &str) -> Option<Arc<Table>> {
        let tables = self.tables.load();
        tables.get(name).map(Arc::clone)
    }

    /// Forgets what is known of a table but for what the user has said, as it was deleted or
    /// created.
    pub(crate) fn forget(&self, name: &str) {
        if let Some(table) = self.find(name) {
            table.forget();
        }
    }

    /// A turn to look a table up; `None` while as many are looked up as may be.
    pub(crate) fn turn(&self) -> Option<Turn> {
        let turn = Arc::clone(&self.turns).try_acquire_owned();
        turn.ok().map(Arc::new)
    }

    /// The hosts of the cluster, if they were looked up lately and the node list has not changed
    /// since.
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

/// Removes the tables that were used the longest ago.
fn make_room(tables: &mut ByName) {
    let used = |table: &Arc<Table>| (table.used.load(Relaxed), Arc::clone(&table.name));
    let mut used: Vec<_> = tables.values().map(used).collect();
    used.select_nth_unstable(ROOM);
    for (_, name) in &used[..ROOM] {
        tables.remove(name);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> Moment {
        Moment::default().after(Duration::from_secs(seconds))
    }

    /// Whether there is room for the table of that name, which a request is about.
    fn ask(tables: &Tables, name: &str, now: u64) -> bool {
        let table = tables.named(name, at(now));
        table.is_some_and(|table| table.is_due(at(now), 0))
    }

    fn name(n: usize) -> String {
        format!("t{n}")
    }

    /// As many tables as are kept, each used a second after the one before.
    fn full() -> Tables {
        let tables = Tables::new(&[]);
        for n in 0..MOST {
            assert!(ask(&tables, &name(n), n as u64));
        }
        tables
    }

    #[test]
    fn the_tables_that_were_used_the_longest_ago_make_room_together() {
        let tables = full();
        assert!(ask(&tables, &name(0), 1000) && ask(&tables, "one more", 1001));
        let is_kept = |n: &usize| tables.find(&name(*n)).is_some();
        let kept: Vec<_> = (0..MOST).filter(is_kept).collect();
        assert_eq!((kept[0], kept[1], kept.len()), (0, ROOM + 1, MOST - ROOM));
        assert!(tables.find("one more").is_some());
    }

    #[test]
    fn more_tables_than_are_kept_make_room_once_a_minute_at_most() {
        let tables = full();
        let more = |n: usize, now| ask(&tables, &format!("more{n}"), now);
        let found = (0..2 * ROOM).filter(|n| more(*n, 1001)).count();
        assert_eq!(found, ROOM, "as many as have made room");
        assert!(!more(ROOM, 1060) && more(ROOM - 1, 1060));
        assert!(more(ROOM, 1061) && more(ROOM + 1, 1061));
        assert!(ask(&tables, &name(MOST - 1), 1061));
    }

    #[test]
    fn as_many_turns_are_had_at_once_as_lookups_are_made_side_by_side() {
        let tables = Tables::new(&[]);
        let turns: Vec<_> = std::iter::from_fn(|| tables.turn()).collect();
        assert_eq!(turns.len(), SIDE_BY_SIDE);
        drop(turns);
        assert!(tables.turn().is_some());
    }
}
