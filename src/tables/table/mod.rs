//! What is known of the tables that requests are about.

use std::ptr;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use arc_swap::{ArcSwapOption, Guard};

use super::info::TableInfo;
use super::pace::{self, Freshness, Pace, Timing};
use super::refusals::{Refusals, Role};
use crate::balance::moment::Moment;
use crate::keys::key::Token;
use crate::keys::partition_key::PartitionKey;
use crate::keys::replicas::{Hint, Replicas};

/// How long a lookup may take: a hundred pages of the largest ring come within it. It is also how
/// long one that was lost, with the runtime that made it, keeps others from being made.
pub(crate) const LOOKUP: Duration = Duration::from_secs(30);

/// A table that requests are about. Its state is looked at by every request, without a lock, and
/// changed by lessons.
#[derive(Debug)]
pub(crate) struct Table {
    pub(super) name: Arc<str>,
    /// The key that the user has named.
    configured: Option<PartitionKey>,
    info: ArcSwapOption<TableInfo>,
    /// The moment from which it is to be looked up anew, as [`Moment::as_nanos`].
    due: AtomicU64,
    /// The moment from which it may be, whatever the reason. It lies in the future while a lookup
    /// is under way.
    soonest: AtomicU64,
    /// How often the node list had changed when it was last looked up.
    changes: AtomicU64,
    /// When a request was last about it, to the second.
    pub(super) used: AtomicU64,
    lookups: Mutex<Lookups>,
    /// Held by the one hint that is being taken over.
    hinting: Mutex<()>,
}

/// How its lookups went. Whoever changes `soonest` or `due` has this locked.
#[derive(Debug, Default)]
struct Lookups {
    pace: Pace,
    refusals: Refusals,
    /// The number of the latest claim. It grows, too, when the table is forgotten.
    latest: u64,
}

/// The right to look a table up, until it is forgotten.
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

    /// The key that the user has named.
    pub(crate) fn configured(&self) -> Option<&PartitionKey> {
        self.configured.as_ref()
    }

    /// Whether it is time to look it up, for a request about it that comes now. `changes` is how
    /// often the node list has changed.
    pub(crate) fn is_due(&self, now: Moment, changes: u64) -> bool {
        self.note_use(now);
        let now = now.as_nanos();
        self.soonest.load(Relaxed) <= now
            && (self.due.load(Relaxed) <= now || self.changes.load(Relaxed) != changes)
    }

    /// Whether a role is to look it up now. Whoever gets a claim is the only one, until it has said
    /// what came of it.
    pub(crate) fn begin(&self, now: Moment, changes: u64, role: Role) -> Option<Claim> {
        let mut lookups = self.lookups();
        if !self.is_due(now, changes) {
            return None;
        }
        if lookups.refusals.bar(role, now) {
            self.soonest.store(now.after(pace::PASS).as_nanos(), Relaxed);
            return None;
        }
        self.soonest.store(now.after(LOOKUP).as_nanos(), Relaxed);
        self.changes.store(changes, Relaxed);
        Some(lookups.claim(role))
    }

    /// Takes over what a lookup has found.
    pub(crate) fn learned(
        &self,
        claim: Claim,
        info: TableInfo,
        freshness: Freshness,
        timing: Timing,
        now: Moment,
    ) {
        let Some(mut lookups) = self.end(claim) else {
            return;
        };
        let is_new = !self.info().as_ref().is_some_and(|before| before.routes_like(&info));
        self.info.store(Some(Arc::new(info)));
        let freshness = match freshness {
            Freshness::Settled if is_new => Freshness::Moving,
            freshness => freshness,
        };
        if freshness == Freshness::Denied {
            lookups.refusals.add(claim.role, now);
        }
        let (soonest, due) = lookups.pace.learned(freshness, timing);
        self.ask_again(now.after(soonest), now.after(due));
    }

    /// Says that a lookup found nobody who could answer.
    pub(crate) fn failed(&self, claim: Claim, now: Moment, random: f64) {
        if let Some(mut lookups) = self.end(claim) {
            let again = now.after(lookups.pace.failed(random));
            self.ask_again(again, again);
        }
    }

    /// Says that the role was refused. Another one may ask at once.
    pub(crate) fn refused(&self, claim: Claim, now: Moment) {
        if let Some(mut lookups) = self.end(claim) {
            lookups.refusals.add(claim.role, now);
            self.ask_again(now, now);
        }
    }

    /// Says that there is no such table.
    pub(crate) fn absent(&self, claim: Claim, now: Moment) {
        if let Some(mut lookups) = self.end(claim) {
            self.clear(&mut lookups);
            let again = now.after(pace::ABSENT);
            self.ask_again(again, again);
        }
    }

    /// Says that something did not fit what is known.
    pub(crate) fn doubt(&self) {
        let mut lookups = self.lookups();
        lookups.refusals.doubt();
        self.due.fetch_min(self.soonest.load(Relaxed), Relaxed);
    }

    /// Takes over what a node says, in the header of an answer to a request with that token. What
    /// does not concern the token is ignored.
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
        // To build a map takes a while. Whoever would wait for that is told again by a later
        // answer.
        let Ok(_alone) = self.hinting.try_lock() else {
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
        // What has been looked up or forgotten since stays.
        let found = self.info.compare_and_swap(&before, Some(Arc::new(hinted)));
        if found.as_deref().is_some_and(|found| ptr::eq(found, info)) {
            self.doubt();
        }
    }

    /// Forgets everything that the user has not said, and what a lookup that is under way will say.
    /// It is due at once.
    pub(super) fn forget(&self) {
        let mut lookups = self.lookups();
        lookups.latest += 1;
        self.clear(&mut lookups);
        self.ask_again(Moment::default(), Moment::default());
    }

    fn clear(&self, lookups: &mut Lookups) {
        let info = self.configured.clone().map(TableInfo::configured);
        self.info.store(info.map(Arc::new));
        lookups.pace = Pace::default();
        lookups.refusals = Refusals::default();
    }

    /// The state of the lookups, if the one with this claim is still to be heard.
    fn end(&self, claim: Claim) -> Option<MutexGuard<'_, Lookups>> {
        let lookups = self.lookups();
        (lookups.latest == claim.number).then_some(lookups)
    }

    fn ask_again(&self, soonest: Moment, due: Moment) {
        self.due.store(due.as_nanos(), Relaxed);
        self.soonest.store(soonest.as_nanos(), Relaxed);
    }

    fn note_use(&self, now: Moment) {
        // Written only when it changes: the line stays shared between the threads that read it.
        let second = now.since(Moment::default()).as_secs();
        if self.used.load(Relaxed) != second {
            self.used.store(second, Relaxed);
        }
    }

    fn lookups(&self) -> MutexGuard<'_, Lookups> {
        self.lookups.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Has it know this, as if a lookup had just found it.
    #[cfg(test)]
    pub(crate) fn set(&self, info: TableInfo, longest: Duration, now: Moment) {
        let claim = self.lookups().claim(Role::of(None));
        let timing = Timing { took: Duration::ZERO, longest, random: 0.5 };
        self.learned(claim, info, Freshness::Settled, timing, now);
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
