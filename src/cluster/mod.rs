//! The nodes that may serve requests, as one immutable snapshot, and the signals between its users
//! and the task that refreshes it.

use std::sync::atomic::{
    AtomicBool,
    Ordering::{Relaxed, SeqCst},
};
use std::sync::{Arc, Mutex};

use arc_swap::{ArcSwapOption, Guard};
use tokio::sync::{Notify, watch};

use crate::balance::moment::Moment;
use crate::cluster::node::{Counter, Node};
use crate::error::RefreshError;
pub(crate) use snapshot::Snapshot;

#[cfg(feature = "dynamodb_config")]
mod compression;
pub(crate) mod exchange;
pub(crate) mod node;
pub(crate) mod outages;
mod snapshot;

/// How many refreshes have begun, ended and been requested, and the result of the last one.
#[derive(Clone, Debug)]
pub(crate) struct Rounds {
    demanded: u64,
    pub(crate) begun: u64,
    pub(crate) ended: u64,
    pub(crate) last: Result<(), Arc<RefreshError>>,
}

/// The routing state that all clones of a connector share.
#[derive(Debug)]
pub(crate) struct Cluster {
    /// `None` only before the first nodes are known.
    snapshot: ArcSwapOption<Snapshot>,
    /// Publications in which a node joined or left.
    changes: Counter,
    datacenter_wanted: AtomicBool,
    rounds: watch::Sender<Rounds>,
    refresh_wanted: Notify,
    used: AtomicBool,
    asleep: AtomicBool,
    pub(crate) redispatched: Counter,
    pub(crate) hedged: Counter,
    /// Held while deciding on an ejection, which depends on which nodes are out already.
    ejecting: Mutex<()>,
    /// Notified when a node goes out, to schedule its probe.
    outages: Notify,
    #[cfg(feature = "dynamodb_config")]
    compression: compression::CompressionSupport,
}

impl Cluster {
    pub(crate) fn new(first: Option<Snapshot>) -> Self {
        let last = Err(Arc::new(RefreshError::Pending));
        Self {
            snapshot: ArcSwapOption::new(first.map(Arc::new)),
            changes: Counter::default(),
            datacenter_wanted: AtomicBool::new(false),
            rounds: watch::Sender::new(Rounds { demanded: 0, begun: 0, ended: 0, last }),
            refresh_wanted: Notify::new(),
            used: AtomicBool::new(false),
            asleep: AtomicBool::new(false),
            redispatched: Counter::default(),
            hedged: Counter::default(),
            ejecting: Mutex::new(()),
            outages: Notify::new(),
            #[cfg(feature = "dynamodb_config")]
            compression: compression::CompressionSupport::default(),
        }
    }

    pub(crate) fn snapshot(&self) -> Guard<Option<Arc<Snapshot>>> {
        self.snapshot.load()
    }

    /// Returns whether requests are in flight, on the first few nodes of the scope or of all.
    pub(crate) fn is_busy(&self) -> bool {
        let some = |nodes: &[Arc<Node>]| nodes.iter().take(8).any(|n| n.pool.in_flight() > 0);
        self.snapshot().as_ref().is_some_and(|s| some(s.nodes()) || !s.is_whole() && some(s.all()))
    }

    /// Returns a copy of the scope's nodes, for use outside of the hot path.
    pub(crate) fn nodes(&self) -> Vec<Arc<Node>> {
        self.snapshot().as_ref().map_or_else(Vec::new, |s| s.nodes().to_vec())
    }

    /// Returns the same with the rest of the datacenter, if the scope is a rack.
    pub(crate) fn all_nodes(&self) -> Vec<Arc<Node>> {
        self.snapshot().as_ref().map_or_else(Vec::new, |s| s.all().to_vec())
    }

    /// Returns how often [`all_nodes`](Self::all_nodes) has changed.
    pub(crate) fn changes(&self) -> u64 {
        self.changes.get()
    }

    /// Requests the rest of the datacenter, as routing by key may need a node of any rack.
    #[cfg(feature = "dynamodb_config")]
    pub(crate) fn want_datacenter(&self) {
        let wanted_before = self.datacenter_wanted.swap(true, Relaxed);
        // A refresh that has not begun will see it.
        if !wanted_before && self.rounds.borrow().begun > 0 {
            self.want_refresh();
        }
    }

    pub(crate) fn wants_datacenter(&self) -> bool {
        self.datacenter_wanted.load(Relaxed)
    }

    /// Replaces the snapshot with `next`. Nodes that join a known cluster begin with a small share.
    /// Nodes that leave lose their idle connections, and those in use when their request ends.
    pub(crate) fn publish(&self, next: Snapshot) {
        let next = Arc::new(next);
        let known = self.snapshot();
        let is_new = |node: &&Arc<Node>| !known.as_ref().is_some_and(|s| s.contains(node));
        let joining: Vec<_> = next.all().iter().filter(is_new).collect();
        if self.last_refresh().is_ok() {
            for node in &joining {
                node.health.join(Moment::now());
            }
        }
        let mut changed = !joining.is_empty();
        match self.snapshot.swap(Some(Arc::clone(&next))) {
            Some(previous) => {
                for node in previous.all().iter().filter(|n| !next.contains(n)) {
                    changed = true;
                    node.pool.retire();
                }
            }
            // Requests that wait for nodes need not wait for the rest of the refresh.
            None => self.rounds.send_modify(|_| {}),
        }
        // While one refresher takes over from another, a node that the first has dropped may be in
        // the second's list.
        for node in next.all() {
            node.pool.revive();
        }
        if changed {
            self.changes.add_one();
        }
        #[cfg(feature = "dynamodb_config")]
        self.recount(!joining.is_empty());
    }

    /// Closes every idle connection, when the connector ends.
    pub(crate) fn retire(&self) {
        for node in self.all_nodes() {
            node.pool.retire();
        }
    }

    /// Marks the cluster as used, and wakes a refresher that sleeps for lack of requests.
    pub(crate) fn note_use(&self) {
        // Written only when it changes: the line stays shared between the threads that read it.
        if !self.used.load(Relaxed) {
            // In one order with `fall_asleep`: either this sees the sleeper, or the sleeper sees
            // this.
            self.used.store(true, SeqCst);
            if self.asleep.swap(false, SeqCst) {
                self.refresh_wanted.notify_one();
            }
        }
    }

    /// Returns whether there was a request since the last call.
    pub(crate) fn take_use(&self) -> bool {
        self.used.swap(false, Relaxed)
    }

    /// Marks the refresher as about to sleep for long.
    pub(crate) fn fall_asleep(&self) {
        self.asleep.store(true, SeqCst);
        if self.used.load(SeqCst) {
            self.refresh_wanted.notify_one();
        }
    }

    pub(crate) fn want_refresh(&self) {
        self.refresh_wanted.notify_one();
    }

    pub(crate) async fn refresh_wanted(&self) {
        self.refresh_wanted.notified().await;
    }

    /// Waits until [`refresh`](Self::refresh) waits for a refresh that has not begun.
    pub(crate) async fn refresh_demanded(&self) {
        let mut rounds = self.rounds.subscribe();
        // The sender lives as long as `self`.
        let _ = rounds.wait_for(|r| r.demanded > r.begun).await;
    }

    pub(crate) fn begin_round(&self) {
        self.rounds.send_modify(|r| r.begun += 1);
    }

    pub(crate) fn end_round(&self, result: Result<(), RefreshError>) {
        self.rounds.send_modify(|r| {
            r.ended = r.begun;
            r.last = result.map_err(Arc::new);
        });
    }

    /// Requests a refresh and waits until one that began after this call has ended.
    pub(crate) async fn refresh(&self) -> Result<(), Arc<RefreshError>> {
        let mut rounds = self.rounds.subscribe();
        let next = rounds.borrow_and_update().begun + 1;
        self.rounds.send_modify(|r| r.demanded = r.demanded.max(next));
        // The sender lives as long as `self`, so this ends by the condition alone.
        let _ = rounds.wait_for(|r| r.ended >= next).await;
        self.last_refresh()
    }

    /// Waits for nodes, or for the end of a refresh, if no node is known yet.
    ///
    /// # Errors
    ///
    /// That refresh's error, if it found no node either.
    pub(crate) async fn known(&self) -> Result<(), Arc<RefreshError>> {
        if self.snapshot().is_some() {
            return Ok(());
        }
        let mut rounds = self.rounds.subscribe();
        let ended = rounds.borrow_and_update().ended;
        self.want_refresh();
        // As above, this ends by the condition alone.
        let _ = rounds.wait_for(|r| r.ended > ended || self.snapshot().is_some()).await;
        if self.snapshot().is_some() { Ok(()) } else { self.last_refresh() }
    }

    /// Returns the result of the last refresh.
    pub(crate) fn last_refresh(&self) -> Result<(), Arc<RefreshError>> {
        self.rounds.borrow().last.clone()
    }
}

#[cfg(test)]
mod tests;
