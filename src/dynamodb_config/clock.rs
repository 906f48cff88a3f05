//! Whether the local clock is skewed. The SDK's signer corrects skew but does not expose the
//! offset. While the clock is skewed, requests are therefore signed by the SDK.

use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::SystemTime;

use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_types::DateTime;
use aws_smithy_types::date_time::Format;

use crate::signing::{Date, is_skewed};

/// The state of the local clock, which is taken for right at first.
#[derive(Debug, Default)]
pub(super) struct Clock {
    is_skewed: AtomicBool,
}

impl Clock {
    pub(super) fn is_skewed(&self) -> bool {
        self.is_skewed.load(Relaxed)
    }

    /// Records whether the SDK's signer has corrected the clock: by the date that it signed for.
    pub(super) fn compare(&self, now: SystemTime, signed_for: &str) {
        self.is_skewed.store(is_skewed(now, signed_for), Relaxed);
    }

    /// Marks the clock as skewed if it differs from the date of a failed response. The request may
    /// have failed because of that.
    pub(super) fn check_failure(&self, now: SystemTime, failed: &HttpResponse) {
        let date = failed
            .headers()
            .get("date")
            .and_then(|date| DateTime::from_str(date, Format::HttpDate).ok())
            .and_then(|date| SystemTime::try_from(date).ok());
        if date.is_some_and(|date| is_skewed(now, Date::of(date).as_str())) {
            self.is_skewed.store(true, Relaxed);
        }
    }
}
