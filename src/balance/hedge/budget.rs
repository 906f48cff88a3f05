//! The hedging budget: how many reads may be sent twice.
//!
//! Hedges are paid for by reads and not by time, so that they stay the same share of the load at
//! every rate. Its tests are with the hedger's, because this file may be included with other
//! atomics than the standard ones.

use crate::balance::sync::atomic::{AtomicU32, Ordering::Relaxed};

/// Cost of one hedge. Shares are counted in millionths of it, so that common ones are exact.
const HEDGE: u32 = 1_000_000;

/// Maximum number of hedges saved up: as many tokens as gRPC's throttle of retries and hedges
/// holds. The few slow reads of a bad moment then pass together, and a cluster that is slow as a
/// whole is not hurt.
pub(super) const BURST: u32 = 10;

/// A bucket of hedges that each read fills a little. It is empty at first, so that there are never
/// more hedges than their share of all reads so far; of the reads in between any two moments, they
/// are at most the share and [`BURST`] more.
#[derive(Debug)]
pub(super) struct Budget {
    saved: AtomicU32,
    share: u32,
}

impl Budget {
    /// `share` is above 0 and at most 1.
    pub(super) fn new(share: f64) -> Self {
        Self { saved: AtomicU32::new(0), share: (share * f64::from(HEDGE)).round() as u32 }
    }

    /// Adds the payment of one read.
    pub(super) fn deposit(&self) {
        const FULL: u32 = BURST * HEDGE;
        let add = |saved| (saved < FULL).then(|| FULL.min(saved + self.share));
        // A full bucket is not written.
        let _ = self.saved.fetch_update(Relaxed, Relaxed, add);
    }

    /// Takes the cost of one hedge, and returns whether there was enough.
    pub(super) fn try_withdraw(&self) -> bool {
        self.saved.fetch_update(Relaxed, Relaxed, |saved| saved.checked_sub(HEDGE)).is_ok()
    }
}
