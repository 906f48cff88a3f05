//! Puts a map together, range by range.

use std::sync::Arc;

use super::{Host, Kind, Placement, Replicas};

/// The ranges so far.
#[derive(Debug, Default)]
pub(super) struct Ranges {
    ends: Vec<i64>,
    until: Vec<u32>,
    replicas: Vec<Placement>,
}

impl Ranges {
    /// Adds the tokens behind `start`, up to and with `end`, as far as they lie behind those that
    /// are there.
    pub(super) fn push(
        &mut self,
        start: i64,
        end: i64,
        replicas: impl IntoIterator<Item = Placement>,
    ) {
        let covered = self.covered();
        if start > covered {
            self.add(start, []);
        }
        if end > covered {
            self.add(end, replicas);
        }
    }

    /// The last token that is covered. The first token of all belongs to no key.
    pub(super) fn covered(&self) -> i64 {
        self.ends.last().map_or(i64::MIN, |end| *end)
    }

    fn add(&mut self, end: i64, replicas: impl IntoIterator<Item = Placement>) {
        let first = self.replicas.len();
        for replica in replicas {
            let is_known = |known: &Placement| known.host == replica.host;
            if !self.replicas[first..].iter().any(is_known) {
                self.replicas.push(replica);
            }
        }
        self.ends.push(end);
        // Ranges and the replicas of each are bounded far below this.
        self.until.push(self.replicas.len() as u32);
    }

    pub(super) fn finish(self, hosts: Arc<[Host]>, kind: Kind) -> Replicas {
        Replicas {
            hosts,
            kind,
            ends: self.ends.into(),
            until: self.until.into(),
            replicas: self.replicas.into(),
        }
    }
}
