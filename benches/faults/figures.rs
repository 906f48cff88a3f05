//! What the calls of a measurement come to.

use std::time::Duration;

use alternator_benches::figures::percentile;

use crate::calls::{Call, Outcome};
use crate::measure::Seen;

impl Seen {
    /// Answers a second.
    pub(crate) fn throughput(&self, after: Duration) -> f64 {
        let window = after.as_secs_f64()..self.measured;
        let answered = self.report.calls.iter().filter(
            |call| matches!(call.end, Some((end, Outcome::Answered)) if window.contains(&end)),
        );
        answered.count() as f64 / (window.end - window.start)
    }

    pub(crate) fn latency(&self, share: f64, after: Duration) -> f64 {
        at(share, self.latencies(after))
    }

    /// In seconds, of the calls that began then or later and of those that are stuck, which count
    /// with the time that they waited. A call that failed was never answered: it counts as
    /// infinite.
    fn latencies(&self, after: Duration) -> impl Iterator<Item = f64> {
        self.report
            .calls
            .iter()
            .filter(move |call| call.begun >= after.as_secs_f64() || call.end.is_none())
            .map(|call| match call.end {
                Some((end, Outcome::Answered)) => end - call.begun,
                Some((_, Outcome::Failed | Outcome::Unsent)) => f64::INFINITY,
                None => self.measured - call.begun,
            })
    }

    fn count(&self, outcome: Outcome) -> usize {
        let ended = |call: &&Call| call.end.is_some_and(|(_, end)| end == outcome);
        self.report.calls.iter().filter(ended).count()
    }

    pub(crate) fn unsent(&self) -> usize {
        self.count(Outcome::Unsent)
    }

    /// Calls that ended in an error, those of which nothing was sent included.
    pub(crate) fn failed(&self) -> usize {
        self.count(Outcome::Failed) + self.unsent()
    }

    pub(crate) fn stuck(&self) -> usize {
        self.report.calls.iter().filter(|call| call.end.is_none()).count()
    }

    /// Requests in excess of calls, as a share of calls.
    pub(crate) fn extra(&self) -> f64 {
        self.sent as f64 / self.report.made as f64 - 1.0
    }
}

/// What a client does with all nodes but the one that becomes faulty, over several measurements.
pub(crate) struct Healthy<'a>(pub(crate) &'a [&'a Seen]);

impl Healthy<'_> {
    /// Answers a second, on average.
    pub(crate) fn throughput(&self) -> f64 {
        self.0.iter().map(|seen| seen.throughput(Duration::ZERO)).sum::<f64>() / self.0.len() as f64
    }

    /// Over all calls together.
    pub(crate) fn latency(&self, share: f64) -> f64 {
        at(share, self.0.iter().flat_map(|seen| seen.latencies(Duration::ZERO)))
    }
}

fn at(share: f64, latencies: impl Iterator<Item = f64>) -> f64 {
    percentile(share, latencies).unwrap_or(f64::INFINITY)
}
