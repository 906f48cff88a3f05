//! One line of the table: what a client did, how that compares with its healthy self, and which
//! bounds do not hold.

use crate::calls::{Load, Mode};
use crate::clients::Client;
use crate::figures::Healthy;
use crate::measure::Seen;
use crate::scenarios::{Bounds, Failures, Held, Scenario};

/// How many attempts that ended in a timeout the SDK's budget repeats side by side: it has 500
/// tokens for each process and service, takes 10 for such a retry, and has them back when that
/// succeeds (`TokenBucket` of aws-smithy-runtime 1.16).
const RETRIES: u64 = 500 / 10;

pub(crate) struct Row {
    pub(crate) fault: &'static str,
    pub(crate) client: Client,
    pub(crate) mode: Mode,
    pub(crate) seen: Seen,
    pub(crate) bounds: Bounds,
    /// How many requests may be held by the faulty node, where that is bounded.
    pub(crate) allowed: Option<u64>,
    pub(crate) throughput: f64,
    pub(crate) healthy_throughput: f64,
    /// In seconds.
    pub(crate) latency: f64,
    pub(crate) healthy_latency: f64,
}

impl Row {
    /// `healthy` was measured with `load`.
    pub(crate) fn new(
        scenario: &Scenario,
        client: Client,
        mode: Mode,
        seen: Seen,
        healthy: Healthy<'_>,
        load: Load,
    ) -> Self {
        let bounds = scenario.bounds;
        let held = bounds.held != Held::Anything;
        let allowed = seen
            .on_node
            .filter(|_| held)
            .map(|on_node| allowed(on_node, mode.load, healthy.latency(0.99)));
        let mut healthy_throughput = healthy.throughput();
        if let (Load::Closed(workers), Load::Closed(others)) = (mode.load, load) {
            // Workers that may be stuck, and are, do not call again: who is left is compared.
            let stuck = match bounds.held {
                Held::Stuck => seen.stuck().min(allowed.unwrap_or(0) as usize),
                _ => 0,
            };
            healthy_throughput *= (workers - stuck) as f64 / others as f64;
        }
        Self {
            fault: scenario.name,
            client,
            mode,
            allowed,
            throughput: seen.throughput(bounds.throughput.after),
            healthy_throughput,
            latency: seen.latency(bounds.percentile, bounds.latency.after),
            healthy_latency: healthy.latency(bounds.percentile),
            seen,
            bounds,
        }
    }

    pub(crate) fn ratio(&self) -> f64 {
        self.throughput / self.healthy_throughput
    }

    pub(crate) fn latency_ratio(&self) -> f64 {
        self.latency / self.healthy_latency
    }

    /// How many calls may fail.
    fn may_fail(&self) -> u64 {
        match self.bounds.failures {
            Failures::None | Failures::NoneUnsent => 0,
            Failures::BeyondBudget => self.seen.reached.unwrap_or(0).saturating_sub(RETRIES),
        }
    }

    /// Each bound that does not hold, in words.
    pub(crate) fn broken(&self) -> Vec<String> {
        let Self { seen, bounds, .. } = self;
        let failed = match bounds.failures {
            Failures::None | Failures::BeyondBudget => seen.failed(),
            Failures::NoneUnsent => seen.unsent(),
        };
        let allowed = self.allowed.unwrap_or(0);
        let stuck = match bounds.held {
            Held::Stuck => allowed as usize,
            Held::Anything | Held::Reached => 0,
        };
        let mut broken = Vec::new();
        let mut check = |holds: bool, what: String| {
            if !holds {
                broken.push(what);
            }
        };
        let may_fail = self.may_fail();
        check(failed as u64 <= may_fail, format!("{failed} calls failed, of at most {may_fail}"));
        check(
            seen.stuck() <= stuck,
            format!("{} calls are stuck, of at most {stuck}", seen.stuck()),
        );
        if let (Some(reached), Held::Reached) = (seen.reached, bounds.held) {
            check(
                reached <= allowed,
                format!("{reached} requests reached the node, of at most {allowed}"),
            );
        }
        if let Some(limit) = bounds.throughput.limit {
            let ratio = self.ratio();
            check(ratio >= limit, format!("throughput {ratio:.3} of at least {limit}"));
        }
        if let Some(limit) = bounds.latency.limit {
            let ratio = self.latency_ratio();
            check(ratio <= limit, format!("latency {ratio:.2} of at most {limit}"));
        }
        if let Some(limit) = bounds.extra {
            let extra = seen.extra();
            check(extra <= limit, format!("{extra:.3} extra requests of at most {limit}"));
        }
        broken
    }
}

/// How many requests may be under way to a node when it stops answering, of which it knew
/// `on_node`. Of workers, each node has its share, part of which may be in sockets, and a quarter
/// of it more, as shares are even only on average and what is sent within the usual latency cannot
/// know. Who calls whatever becomes of it cannot know before the usual latency is over.
fn allowed(on_node: u64, load: Load, usual: f64) -> u64 {
    let nodes = crate::NODES;
    match load {
        Load::Closed(workers) => {
            let share = workers.div_ceil(nodes) as u64;
            on_node.max(share) + share.div_ceil(4)
        }
        Load::Open(rate) => on_node + (f64::from(rate) / nodes as f64 * usual).ceil() as u64 + 1,
    }
}
