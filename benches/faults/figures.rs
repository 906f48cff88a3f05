//! What the calls of a measurement come to.

use std::time::Duration;

use crate::calls::{Call, Outcome};
use crate::measure::Seen;

impl Seen {
    /// Answers a second.
    pub(crate) fn throughput(&self, after: Duration) -> f64 {
        let window = after.as_secs_f64()..self.measured;
        let answered = self.calls.iter().filter(
            |call| matches!(call.end, Some((end, Outcome::Answered)) if window.contains(&end)),
        );
        answered.count() as f64 / (window.end - window.start)
    }

    pub(crate) fn latency(&self, percentile: f64, after: Duration) -> f64 {
        at(percentile, self.latencies(after))
    }

    /// In seconds, of the calls that began then or later and of those that are stuck, which count
    /// with the time that they waited. A call that failed was never answered: it counts as
    /// infinite.
    fn latencies(&self, after: Duration) -> Vec<f64> {
        self.calls
            .iter()
            .filter(|call| call.begun >= after.as_secs_f64() || call.end.is_none())
            .map(|call| match call.end {
                Some((end, Outcome::Answered)) => end - call.begun,
                Some((_, Outcome::Failed | Outcome::Unsent)) => f64::INFINITY,
                None => self.measured - call.begun,
            })
            .collect()
    }

    fn count(&self, outcome: Outcome) -> usize {
        let ended = |call: &&Call| call.end.is_some_and(|(_, end)| end == outcome);
        self.calls.iter().filter(ended).count()
    }

    pub(crate) fn unsent(&self) -> usize {
        self.count(Outcome::Unsent)
    }

    /// Calls that ended in an error, those of which nothing was sent included.
    pub(crate) fn failed(&self) -> usize {
        self.count(Outcome::Failed) + self.unsent()
    }

    pub(crate) fn stuck(&self) -> usize {
        self.calls.iter().filter(|call| call.end.is_none()).count()
    }

    /// Requests in excess of calls, as a share of calls.
    pub(crate) fn extra(&self) -> f64 {
        self.sent as f64 / self.made as f64 - 1.0
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
    pub(crate) fn latency(&self, percentile: f64) -> f64 {
        let each = self.0.iter().map(|seen| seen.latencies(Duration::ZERO));
        at(percentile, each.flatten().collect())
    }
}

fn at(percentile: f64, mut latencies: Vec<f64>) -> f64 {
    latencies.sort_unstable_by(f64::total_cmp);
    let rank = (latencies.len() as f64 * percentile).ceil() as usize;
    let place = rank.saturating_sub(1);
    latencies.get(place).copied().unwrap_or(f64::INFINITY)
}
