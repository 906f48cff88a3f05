//! How many reads may be sent twice.
//!
//! Hedges are paid for by reads and not by time, so that they stay the same share of the load at
//! every rate. Its tests are beside the hedger's, because this file may be included with other
//! atomics than the standard ones.

use crate::balance::sync::atomic::{AtomicU32, Ordering::Relaxed};

/// What one hedge costs. Shares are counted in millionths of it, so that common ones are exact.
const HEDGE: u32 = 1_000_000;

/// The most hedges that can be saved up, as many as gRPC's throttle for retries and hedges holds
/// tokens. That lets the few slow reads of a bad moment pass together, and is too little to hurt a
/// cluster that has become slow as a whole.
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

    /// Adds what one read pays.
    pub(super) fn deposit(&self) {
        const FULL: u32 = BURST * HEDGE;
        let add = |saved| (saved < FULL).then(|| FULL.min(saved + self.share));
        // A bucket that is full is left alone.
        let _ = self.saved.fetch_update(Relaxed, Relaxed, add);
    }

    /// Takes the price of one hedge, if there is as much.
    pub(super) fn try_withdraw(&self) -> bool {
        self.saved.fetch_update(Relaxed, Relaxed, |saved| saved.checked_sub(HEDGE)).is_ok()
    }
}
