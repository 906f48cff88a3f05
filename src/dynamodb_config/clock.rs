//! Whether the clock of this machine is off. The SDK corrects that when it signs, by how much it
//! tells nobody; so whatever is signed while the clock is off is signed by the SDK's own signer.

use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::SystemTime;

use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_types::DateTime;
use aws_smithy_types::date_time::Format;

use crate::signing::{Date, is_skewed};

/// What is known of the clock; at first, that it is right.
#[derive(Debug, Default)]
pub(super) struct Clock {
    is_skewed: AtomicBool,
}

impl Clock {
    pub(super) fn is_skewed(&self) -> bool {
        self.is_skewed.load(Relaxed)
    }

    /// Learns from the date that the SDK has signed for.
    pub(super) fn compare(&self, now: SystemTime, signed_for: &str) {
        self.is_skewed.store(is_skewed(now, signed_for), Relaxed);
    }

    /// Learns from the answer to a request that failed, perhaps because of its date.
    pub(super) fn doubt(&self, now: SystemTime, failed: &HttpResponse) {
        let date = failed.headers().get("date");
        let date = date.and_then(|date| DateTime::from_str(date, Format::HttpDate).ok());
        let date = date.and_then(|date| SystemTime::try_from(date).ok());
        if date.is_some_and(|date| is_skewed(now, Date::of(date).as_str())) {
            self.is_skewed.store(true, Relaxed);
        }
    }
}
