//! The roles that may not look up a table. One connector can serve clients of several roles, and
//! what one role may not read, another may.

use std::hash::{DefaultHasher, Hash, Hasher};

use super::pace::{DENIED, MISSING};
use crate::balance::moment::Moment;

/// Maximum number of roles kept: more than use one table by one connector. Beyond it, the role that
/// was denied first is forgotten, and may look again.
const MAX_ROLES: usize = 16;

/// The role that a table is looked up with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Role(Option<u64>);

impl Role {
    /// Returns the role of an access key id; `None` is that of anonymous clients.
    pub(crate) fn of(access_key_id: Option<&str>) -> Self {
        Self(access_key_id.map(|id| {
            let mut hasher = DefaultHasher::new();
            id.hash(&mut hasher);
            hasher.finish()
        }))
    }
}

/// The roles that were denied a lookup.
#[derive(Debug, Default)]
pub(super) struct Denials(Vec<Denial>);

#[derive(Debug)]
struct Denial {
    role: Role,
    since: Moment,
    until: Moment,
}

impl Denials {
    pub(super) fn add(&mut self, role: Role, now: Moment) {
        self.0.retain(|denial| denial.role != role);
        if self.0.len() == MAX_ROLES {
            self.0.remove(0);
        }
        self.0.push(Denial { role, since: now, until: now.after(DENIED) });
    }

    /// Returns whether `role` was denied so recently that it is not to look again.
    pub(super) fn applies(&self, role: Role, now: Moment) -> bool {
        self.0.iter().any(|denial| denial.role == role && now < denial.until)
    }

    /// Shortens all denials, as permissions may have changed.
    pub(super) fn shorten(&mut self) {
        for denial in &mut self.0 {
            denial.until = denial.until.min(denial.since.after(MISSING));
        }
    }
}
