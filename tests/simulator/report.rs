//! What was seen of a simulation.

/// What became of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    Well,
    Failed,
    /// None, when the simulation ended.
    Open,
}

/// A user's call.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Call {
    /// When it began, in seconds.
    pub(crate) born: f64,
    /// What it took, in seconds; what it has taken so far, if it is open.
    pub(crate) took: f64,
    pub(crate) end: End,
    pub(crate) poison: bool,
    pub(crate) heavy: bool,
}

/// A request that was sent to a node.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sent {
    pub(crate) at: f64,
    pub(crate) node: usize,
}

#[derive(Debug, Default)]
pub(crate) struct Report {
    pub(crate) calls: Vec<Call>,
    pub(crate) sent: Vec<Sent>,
    /// When connects failed or stalled.
    pub(crate) wasted: Vec<f64>,
    /// When the SDK retried.
    pub(crate) retries: Vec<f64>,
    /// The most nodes that were out at a client when it ejected one.
    pub(crate) most_out: usize,
}

/// The part of a report that began at or after `from`, and before `to`.
pub(crate) struct Window<'a> {
    report: &'a Report,
    from: f64,
    to: f64,
}

impl Report {
    pub(crate) fn between(&self, from: f64, to: f64) -> Window<'_> {
        Window { report: self, from, to }
    }
}

impl Window<'_> {
    fn has(&self, time: f64) -> bool {
        (self.from..self.to).contains(&time)
    }

    /// Ordinary calls: what is poisonous or heavy has its own latency and fate.
    fn calls(&self) -> impl Iterator<Item = &Call> {
        let ordinary = |c: &&Call| self.has(c.born) && !c.poison && !c.heavy;
        self.report.calls.iter().filter(ordinary)
    }

    pub(crate) fn count(&self) -> usize {
        self.calls().count()
    }

    /// Calls that ended with an error.
    pub(crate) fn errors(&self) -> usize {
        self.calls().filter(|c| c.end == End::Failed).count()
    }

    /// What this part of the calls took at most, in milliseconds.
    pub(crate) fn percentile(&self, part: f64) -> f64 {
        let mut took: Vec<_> = self.calls().map(|c| c.took).collect();
        took.sort_unstable_by(f64::total_cmp);
        let rank = (took.len() as f64 * part).ceil() as usize;
        took.get(rank.max(1) - 1).map_or(0.0, |s| s * 1e3)
    }

    /// Connects in vain for each call.
    pub(crate) fn wasted(&self) -> f64 {
        let wasted = self.report.wasted.iter().filter(|t| self.has(**t)).count();
        wasted as f64 / self.count().max(1) as f64
    }

    pub(crate) fn retries(&self) -> usize {
        self.report.retries.iter().filter(|t| self.has(**t)).count()
    }

    /// Requests sent to each node.
    pub(crate) fn sent(&self, nodes: usize) -> Vec<usize> {
        let mut sent = vec![0; nodes];
        for one in self.report.sent.iter().filter(|s| self.has(s.at)) {
            sent[one.node] += 1;
        }
        sent
    }

    /// The part of the requests that went to the first `bad` nodes.
    pub(crate) fn share(&self, nodes: usize, bad: usize) -> f64 {
        let sent = self.sent(nodes);
        let all: usize = sent.iter().sum();
        sent[..bad].iter().sum::<usize>() as f64 / all.max(1) as f64
    }

    /// How many times its fair share the busiest of all nodes but the first `bad` got.
    pub(crate) fn unevenness(&self, nodes: usize, bad: usize) -> f64 {
        let sent = &self.sent(nodes)[bad..];
        let mean = sent.iter().sum::<usize>() as f64 / sent.len() as f64;
        sent.iter().max().map_or(0.0, |most| *most as f64 / mean)
    }
}
