//! A table that requests are about: what is known of it, and when it is looked up again.

use std::ptr;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use arc_swap::{ArcSwapOption, Guard};

use super::denials::{Denials, Role};
use super::info::TableInfo;
use super::pace::{self, Freshness, Pace, Timing};
use crate::balance::moment::Moment;
use crate::keys::key::Token;
use crate::keys::partition_key::PartitionKey;
use crate::keys::replicas::{Hint, Replicas};

/// Maximum duration of a lookup: enough for a hundred pages of the largest ring. A lookup that was
/// lost with its runtime keeps others from starting for as long.
pub(crate) const LOOKUP_TIMEOUT: Duration = Duration::from_secs(30);

/// A table that requests are about. Every request reads its state without a lock; lookups and hints
/// change it.
#[derive(Debug)]
pub(crate) struct Table {
    pub(super) name: Arc<str>,
    /// The partition key that the user has configured.
    configured: Option<PartitionKey>,
    info: ArcSwapOption<TableInfo>,
    /// The moment from which a lookup is due, as [`Moment::as_nanos`].
    due: AtomicU64,
    /// The moment from which a lookup is allowed, whatever the reason. While one is in flight, this
    /// is when it times out.
    soonest: AtomicU64,
    /// How often the node list had changed at the latest lookup.
    changes: AtomicU64,
    /// The second of the latest request about the table.
    pub(super) used: AtomicU64,
    lookups: Mutex<Lookups>,
    /// Held while a hint is applied, so that only one is at a time.
    hinting: Mutex<()>,
}

/// The history of a table's lookups. Its lock is held while `soonest` or `due` change.
#[derive(Debug, Default)]
struct Lookups {
    pace: Pace,
    denials: Denials,
    /// The number of the latest claim. It also grows when the table is forgotten, which makes
    /// earlier claims void.
    latest: u64,
}

/// The right to look up a table and to record the result. At most one is valid at a time.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Claim {
    role: Role,
    number: u64,
}

impl Table {
    pub(super) fn new(name: &str, configured: Option<PartitionKey>) -> Self {
        let info = configured.clone().map(TableInfo::configured).map(Arc::new);
        Self {
            name: name.into(),
            configured,
            info: ArcSwapOption::new(info),
            due: AtomicU64::new(0),
            soonest: AtomicU64::new(0),
            changes: AtomicU64::new(0),
            used: AtomicU64::new(0),
            lookups: Mutex::default(),
            hinting: Mutex::default(),
        }
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    pub(crate) fn info(&self) -> Guard<Option<Arc<TableInfo>>> {
        self.info.load()
    }

    /// Returns the partition key that the user has configured.
    pub(crate) fn configured(&self) -> Option<&PartitionKey> {
        self.configured.as_ref()
    }

    /// Returns whether a lookup is due, and records that a request is about the table. `changes` is
    /// how often the node list has changed.
    pub(crate) fn is_due(&self, now: Moment, changes: u64) -> bool {
        self.record_use(now);
        let now = now.as_nanos();
        self.soonest.load(Relaxed) <= now
            && (self.due.load(Relaxed) <= now || self.changes.load(Relaxed) != changes)
    }

    /// Returns a claim for a lookup with `role`, if one is due and the role was not denied one
    /// recently. No other lookup begins until its result is recorded, or it has timed out.
    pub(crate) fn begin_lookup(&self, now: Moment, changes: u64, role: Role) -> Option<Claim> {
        let mut lookups = self.lookups();
        if !self.is_due(now, changes) {
            return None;
        }
        if lookups.denials.applies(role, now) {
            self.soonest.store(now.after(pace::DENIED_CHECK).as_nanos(), Relaxed);
            return None;
        }
        self.soonest.store(now.after(LOOKUP_TIMEOUT).as_nanos(), Relaxed);
        self.changes.store(changes, Relaxed);
        Some(lookups.claim(role))
    }

    /// Records what a lookup has found.
    pub(crate) fn record_found(
        &self,
        claim: Claim,
        info: TableInfo,
        freshness: Freshness,
        timing: Timing,
        now: Moment,
    ) {
        let Some(mut lookups) = self.lookups_of(claim) else {
            return;
        };
        let is_new = !self.info().as_ref().is_some_and(|before| before.routes_like(&info));
        self.info.store(Some(Arc::new(info)));
        let freshness = match freshness {
            Freshness::Settled if is_new => Freshness::Moving,
            freshness => freshness,
        };
        if freshness == Freshness::Denied {
            lookups.denials.add(claim.role, now);
        }
        let (soonest, due) = lookups.pace.succeeded(freshness, timing);
        self.schedule(now.after(soonest), now.after(due));
    }

    /// Records that a lookup failed.
    pub(crate) fn record_failed(&self, claim: Claim, now: Moment, random: f64) {
        if let Some(mut lookups) = self.lookups_of(claim) {
            let next = now.after(lookups.pace.failed(random));
            self.schedule(next, next);
        }
    }

    /// Records that the role may not look up the table. Another role may try at once.
    pub(crate) fn record_denied(&self, claim: Claim, now: Moment) {
        if let Some(mut lookups) = self.lookups_of(claim) {
            lookups.denials.add(claim.role, now);
            self.schedule(now, now);
        }
    }

    /// Records that the table does not exist.
    pub(crate) fn record_missing(&self, claim: Claim, now: Moment) {
        if let Some(mut lookups) = self.lookups_of(claim) {
            self.clear(&mut lookups);
            let next = now.after(pace::MISSING);
            self.schedule(next, next);
        }
    }

    /// Marks what is known as stale, as a request or a response did not match it: a lookup is due
    /// as soon as one is allowed.
    pub(crate) fn mark_stale(&self) {
        let mut lookups = self.lookups();
        lookups.denials.shorten();
        self.due.fetch_min(self.soonest.load(Relaxed), Relaxed);
    }

    /// Applies the hint in the header of a response to a request with this token. A hint that does
    /// not cover the token is ignored.
    pub(crate) fn hint(&self, header: &[u8], token: Token) {
        let hint = std::str::from_utf8(header).ok().and_then(Hint::parse);
        let Some(hint) = hint.filter(|hint| hint.covers(token)) else {
            return;
        };
        let before = self.info();
        let Some(info) = before.as_deref() else {
            return;
        };
        let replicas = info.replicas.as_deref();
        if replicas.is_some_and(|replicas| replicas.agrees_with(&hint)) {
            return;
        }
        // To build the replicas takes a while. Requests need not wait for that: a later response
        // has the hint again.
        let Ok(_guard) = self.hinting.try_lock() else {
            return;
        };
        let hinted = match replicas {
            Some(replicas) => replicas.with_hint(&hint),
            None => Replicas::default().with_hint(&hint),
        };
        let Some(hinted) = hinted else {
            return;
        };
        let hinted = TableInfo { replicas: Some(Arc::new(hinted)), ..info.clone() };
        // What was looked up or forgotten meanwhile stays.
        let found = self.info.compare_and_swap(&before, Some(Arc::new(hinted)));
        if found.as_deref().is_some_and(|found| ptr::eq(found, info)) {
            self.mark_stale();
        }
    }

    /// Forgets everything that the user has not configured, and voids the claim of a lookup in
    /// flight. The next lookup is due at once.
    pub(super) fn forget(&self) {
        let mut lookups = self.lookups();
        lookups.latest += 1;
        self.clear(&mut lookups);
        self.schedule(Moment::default(), Moment::default());
    }

    fn clear(&self, lookups: &mut Lookups) {
        let info = self.configured.clone().map(TableInfo::configured);
        self.info.store(info.map(Arc::new));
        lookups.pace = Pace::default();
        lookups.denials = Denials::default();
    }

    /// Returns the lookups, if the claim is still valid.
    fn lookups_of(&self, claim: Claim) -> Option<MutexGuard<'_, Lookups>> {
        let lookups = self.lookups();
        (lookups.latest == claim.number).then_some(lookups)
    }

    fn schedule(&self, soonest: Moment, due: Moment) {
        self.due.store(due.as_nanos(), Relaxed);
        self.soonest.store(soonest.as_nanos(), Relaxed);
    }

    fn record_use(&self, now: Moment) {
        // Written only when it changes: the line stays shared between the threads that read it.
        let second = now.since(Moment::default()).as_secs();
        if self.used.load(Relaxed) != second {
            self.used.store(second, Relaxed);
        }
    }

    fn lookups(&self) -> MutexGuard<'_, Lookups> {
        self.lookups.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Records `info` as if a lookup had just found it.
    #[cfg(test)]
    pub(crate) fn set(&self, info: TableInfo, max_age: Duration, now: Moment) {
        let claim = self.lookups().claim(Role::of(None));
        let timing = Timing { took: Duration::ZERO, max_age, random: 0.5 };
        self.record_found(claim, info, Freshness::Settled, timing, now);
    }
}

impl Lookups {
    fn claim(&mut self, role: Role) -> Claim {
        self.latest += 1;
        let number = self.latest;
        Claim { role, number }
    }
}

#[cfg(test)]
mod tests;
