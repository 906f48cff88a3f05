//! What is known of the tables that requests are about.

mod pace;
mod registry;
mod said;

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use arc_swap::{ArcSwapOption, Guard};

use crate::affinity::Isolation;
use crate::key::{KeyType, Token};
use crate::moment::Moment;
use crate::replicas::{Hint, Replicas};
pub(crate) use pace::Outlook;
use pace::Pace;
pub(crate) use registry::{Tables, Turn};
pub(crate) use said::Said;

/// How long a lookup may take: a hundred pages of the largest ring come within it. It is also how long one that was lost, with the
/// runtime that made it, keeps others from being made.
pub(crate) const LOOKUP: Duration = Duration::from_secs(30);

/// The partition key of a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PartitionKey {
    pub(crate) name: Box<str>,
    pub(crate) key_type: KeyType,
}

/// What is known of a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Known {
    pub(crate) key: PartitionKey,
    /// A UUID; `None` where the table has not been looked up, or the server does not tell.
    pub(crate) id: Option<Box<str>>,
    pub(crate) replicas: Option<Arc<Replicas>>,
    pub(crate) isolation: Option<Isolation>,
    /// When it was last looked up.
    pub(crate) learned: Option<Moment>,
}

impl Known {
    /// What the user has said of a table.
    fn configured(key: PartitionKey) -> Self {
        Self {
            key,
            id: None,
            replicas: None,
            isolation: None,
            learned: None,
        }
    }

    /// Whether requests would be routed alike.
    fn routes_like(&self, other: &Self) -> bool {
        self.key == other.key
            && self.id == other.id
            && self.replicas == other.replicas
            && self.isolation == other.isolation
    }
}

/// A table that requests are about. Its state is looked at by every request, without a lock, and changed by lessons.
#[derive(Debug)]
pub(crate) struct Table {
    name: Arc<str>,
    /// The key that the user has named.
    configured: Option<PartitionKey>,
    known: ArcSwapOption<Known>,
    /// The moment from which it is to be looked up anew, as [`Moment::as_nanos`].
    due: AtomicU64,
    /// The moment from which it may be, whatever the reason. It lies in the future while a lookup is under way.
    soonest: AtomicU64,
    /// How often the node list had changed when it was last looked up.
    changes: AtomicU64,
    /// When a request was last about it, to the second.
    used: AtomicU64,
    pace: Mutex<Pace>,
}

impl Table {
    fn new(name: &str, configured: Option<PartitionKey>) -> Self {
        let known = configured.clone().map(Known::configured).map(Arc::new);
        Self {
            name: name.into(),
            configured,
            known: ArcSwapOption::new(known),
            due: AtomicU64::new(0),
            soonest: AtomicU64::new(0),
            changes: AtomicU64::new(0),
            used: AtomicU64::new(0),
            pace: Mutex::default(),
        }
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    pub(crate) fn known(&self) -> Guard<Option<Arc<Known>>> {
        self.known.load()
    }

    /// The key that the user has named.
    pub(crate) fn configured(&self) -> Option<&PartitionKey> {
        self.configured.as_ref()
    }

    /// Whether it is time to look it up, for a request about it that comes now. `changes` is how often the node list has changed.
    pub(crate) fn is_due(&self, now: Moment, changes: u64) -> bool {
        self.note_use(now);
        let now = now.as_nanos();
        self.soonest.load(Relaxed) <= now
            && (self.due.load(Relaxed) <= now || self.changes.load(Relaxed) != changes)
    }

    /// Whether to look it up now. Whoever gets a yes is the only one, until it has said what came of it.
    pub(crate) fn begin(&self, now: Moment, changes: u64) -> bool {
        let claimed = now.after(LOOKUP).as_nanos();
        let is_due = |soonest| (soonest <= now.as_nanos()).then_some(claimed);
        let begins = self.is_due(now, changes)
            && self.soonest.fetch_update(Relaxed, Relaxed, is_due).is_ok();
        if begins {
            self.changes.store(changes, Relaxed);
        }
        begins
    }

    /// Takes over what a lookup that took so long has found. It is asked for again after `longest` at the latest, unless the
    /// outlook says later; `random` is below one.
    pub(crate) fn learned(
        &self,
        known: Known,
        outlook: Outlook,
        took: Duration,
        longest: Duration,
        now: Moment,
        random: f64,
    ) {
        let is_new = !self
            .known()
            .as_ref()
            .is_some_and(|before| before.routes_like(&known));
        self.known.store(Some(Arc::new(known)));
        let outlook = match outlook {
            Outlook::Settled if is_new => Outlook::Moving,
            outlook => outlook,
        };
        let mut pace = self.pace();
        let due = pace.learned(outlook, longest, random);
        let soonest = match outlook {
            // Doubts will not be settled either.
            Outlook::Hidden => pace::ABSENT,
            Outlook::Moving | Outlook::Settled => pace::pause(took),
            Outlook::Incomplete => due,
        };
        self.ask_again(now.after(soonest), now.after(due.max(soonest)));
    }

    /// Says that a lookup found nobody who could answer.
    pub(crate) fn failed(&self, now: Moment, random: f64) {
        let again = now.after(self.pace().failed(random));
        self.ask_again(again, again);
    }

    /// Says that a lookup was refused for good.
    pub(crate) fn refused(&self, now: Moment) {
        let again = now.after(pace::REFUSED);
        self.ask_again(again, again);
    }

    /// Says that there is no such table.
    pub(crate) fn absent(&self, now: Moment) {
        self.forget();
        let again = now.after(pace::ABSENT);
        self.ask_again(again, again);
    }

    /// Says that something did not fit what is known.
    pub(crate) fn doubt(&self) {
        self.due.fetch_min(self.soonest.load(Relaxed), Relaxed);
    }

    /// Takes over what a node says, in the header of an answer to a request with that token. What does not concern the token is
    /// ignored.
    pub(crate) fn hint(&self, header: &[u8], token: Token) {
        let hint = std::str::from_utf8(header).ok().and_then(Hint::parse);
        let Some(hint) = hint.filter(|hint| hint.covers(token)) else {
            return;
        };
        let mut is_news = false;
        self.known.rcu(|before| {
            let known = before.as_deref()?;
            let hinted = match &known.replicas {
                Some(replicas) => replicas.with_hint(&hint),
                None => Replicas::default().with_hint(&hint),
            };
            is_news = hinted.is_some();
            let Some(replicas) = hinted else {
                return before.clone();
            };
            Some(Arc::new(Known {
                replicas: Some(Arc::new(replicas)),
                ..known.clone()
            }))
        });
        if is_news {
            self.doubt();
        }
    }

    /// Forgets everything that the user has not said. It is due at once.
    fn forget(&self) {
        let known = self.configured.clone().map(Known::configured);
        self.known.store(known.map(Arc::new));
        *self.pace() = Pace::default();
        self.ask_again(Moment::default(), Moment::default());
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

    fn pace(&self) -> MutexGuard<'_, Pace> {
        self.pace.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests;
