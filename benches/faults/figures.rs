//! What the calls of a measurement come to, and whether the bounds hold.

use std::time::Duration;

use crate::calls::{Call, Load, Outcome};
use crate::clients::Client;
use crate::measure::Seen;
use crate::scenarios::{Bounds, Failures, Held, Scenario};

impl Seen {
    /// Answers a second.
    pub(crate) fn throughput(&self, after: Duration) -> f64 {
        let window = after.as_secs_f64()..self.measured;
        let answered = self.calls.iter().filter(
            |call| matches!(call.end, Some((end, Outcome::Answered)) if window.contains(&end)),
        );
        answered.count() as f64 / (window.end - window.start)
    }

    /// In seconds, over the calls that began then or later and those that are stuck, which count with the time that they
    /// waited. A call that failed was never answered: it counts as infinite.
    pub(crate) fn latency(&self, percentile: f64, after: Duration) -> f64 {
        let mut latencies: Vec<_> = self
            .calls
            .iter()
            .filter(|call| call.begun >= after.as_secs_f64() || call.end.is_none())
            .map(|call| match call.end {
                Some((end, Outcome::Answered)) => end - call.begun,
                Some((_, Outcome::Failed | Outcome::Unsent)) => f64::INFINITY,
                None => self.measured - call.begun,
            })
            .collect();
        latencies.sort_unstable_by(f64::total_cmp);
        let rank = (latencies.len() as f64 * percentile).ceil() as usize;
        let place = rank.saturating_sub(1);
        latencies.get(place).copied().unwrap_or(f64::INFINITY)
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

/// One line of the table.
pub(crate) struct Row {
    pub(crate) fault: &'static str,
    pub(crate) client: Client,
    pub(crate) load: Load,
    pub(crate) seen: Seen,
    pub(crate) bounds: Bounds,
    pub(crate) ratio: f64,
    pub(crate) latency_ratio: f64,
}

impl Row {
    pub(crate) fn new(
        scenario: &Scenario,
        client: Client,
        load: Load,
        seen: Seen,
        healthy: &Seen,
    ) -> Self {
        let bounds = scenario.bounds;
        let ratio = seen.throughput(bounds.throughput.after) / healthy.throughput(Duration::ZERO);
        let latency_ratio = seen.latency(bounds.percentile, bounds.latency.after)
            / healthy.latency(bounds.percentile, Duration::ZERO);
        Self {
            fault: scenario.name,
            client,
            load,
            seen,
            bounds,
            ratio,
            latency_ratio,
        }
    }

    /// Each bound that does not hold, in words.
    pub(crate) fn broken(&self) -> Vec<String> {
        let Self { seen, bounds, .. } = self;
        let failed = match bounds.failures {
            Failures::None => seen.failed(),
            Failures::NoneUnsent => seen.unsent(),
        };
        let in_flight = seen.in_flight as usize;
        let (stuck, reached) = match bounds.held {
            Held::Anything => (0, None),
            Held::Reached => (0, Some(in_flight)),
            Held::Stuck => (in_flight, None),
        };
        let mut broken = Vec::new();
        let mut check = |holds: bool, what: String| {
            if !holds {
                broken.push(what);
            }
        };
        check(failed == 0, format!("{failed} calls failed"));
        check(
            seen.stuck() <= stuck,
            format!("{} calls are stuck, of at most {stuck}", seen.stuck()),
        );
        if let (Some(reached), Some(limit)) = (seen.reached, reached) {
            check(
                reached <= limit as u64,
                format!("{reached} requests reached the node, of at most {limit}"),
            );
        }
        if let Some(limit) = bounds.throughput.limit {
            let ratio = self.ratio;
            check(
                ratio >= limit,
                format!("throughput {ratio:.2} of at least {limit}"),
            );
        }
        if let Some(limit) = bounds.latency.limit {
            let ratio = self.latency_ratio;
            check(
                ratio <= limit,
                format!("latency {ratio:.2} of at most {limit}"),
            );
        }
        if let Some(limit) = bounds.extra {
            let extra = seen.extra();
            check(
                extra <= limit,
                format!("{extra:.3} extra requests of at most {limit}"),
            );
        }
        broken
    }
}
