//! Who may not know what a table is to be routed by. What one role of a connector is refused,
//! another may be told.

use std::hash::{DefaultHasher, Hash, Hasher};

use super::pace::{ABSENT, REFUSED};
use crate::balance::moment::Moment;

/// More roles than use one table by one connector. Of more, the one that was refused first may ask
/// again.
const MOST: usize = 16;

/// In whose name a table is looked up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Role(Option<u64>);

impl Role {
    /// The role of an access key id; of an anonymous client without one.
    pub(crate) fn of(access_key_id: Option<&str>) -> Self {
        Self(access_key_id.map(|id| {
            let mut hasher = DefaultHasher::new();
            id.hash(&mut hasher);
            hasher.finish()
        }))
    }
}

/// The roles that were refused.
#[derive(Debug, Default)]
pub(super) struct Refusals(Vec<Refusal>);

#[derive(Debug)]
struct Refusal {
    role: Role,
    since: Moment,
    until: Moment,
}

impl Refusals {
    pub(super) fn add(&mut self, role: Role, now: Moment) {
        self.0.retain(|refusal| refusal.role != role);
        if self.0.len() == MOST {
            self.0.remove(0);
        }
        self.0.push(Refusal { role, since: now, until: now.after(REFUSED) });
    }

    /// Whether a role was refused so lately that it is not to ask again.
    pub(super) fn bar(&self, role: Role, now: Moment) -> bool {
        let mut refusals = self.0.iter();
        refusals.any(|refusal| refusal.role == role && now < refusal.until)
    }

    /// Has all ask again soon.
    pub(super) fn doubt(&mut self) {
        for refusal in &mut self.0 {
            refusal.until = refusal.until.min(refusal.since.after(ABSENT));
        }
    }
}
