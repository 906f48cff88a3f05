//! The option, as users write it.

use std::time::Duration;

/// When a read is sent to a second node as well, and how often.
///
/// A read is `GetItem`, `BatchGetItem`, `Query`, `Scan`, `TransactGetItems`, or one of DynamoDB
/// Streams: `GetRecords`, `GetShardIterator`, `DescribeStream`, `ListStreams`. Nothing else is ever
/// hedged, PartiQL's statements included.
///
/// ```
/// use alternator_connector::{AlternatorConnector, Hedging};
///
/// let connector = AlternatorConnector::builder()
///     .seed("http://10.0.0.1:8000")
///     .hedging(Hedging::p95().budget(0.02))
///     .build()?;
/// # Ok::<(), alternator_connector::ConfigError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
#[must_use]
pub struct Hedging {
    pub(crate) when: When,
    /// The share of reads that may be sent twice.
    pub(crate) budget: f64,
}

/// The delay after which a read is hedged.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum When {
    P95,
    After(Duration),
}

impl Hedging {
    /// Hedges a read that has no response after the 95th percentile of its operation's latency, as
    /// "The Tail at Scale" (Dean and Barroso, 2013) advises. It is taken from the latest 512
    /// responses and is at least 1 ms. An operation is not hedged before it has had 64.
    pub fn p95() -> Self {
        Self::when(When::P95)
    }

    /// Hedges a read that has no response after `delay`, which must not be zero.
    pub fn after(delay: Duration) -> Self {
        Self::when(When::After(delay))
    }

    /// Maximum share of reads that are sent twice; above 0 and at most 1, in steps of a millionth.
    /// Up to ten unused hedges are saved up. Default: 0.05, as many as [`p95`](Self::p95) needs.
    pub fn budget(mut self, share: f64) -> Self {
        self.budget = share;
        self
    }

    fn when(when: When) -> Self {
        Self { when, budget: 0.05 }
    }
}
