//! What goes wrong, and what an application may notice of it.

use std::time::{Duration, Instant};

use alternator_testcluster::{ApiError, Cluster, Delay, Fault, Node, Scope};

use crate::clients::Client;
use crate::measure::Trouble::{self, Moves, Stays};
use crate::pace::Pace;

pub(crate) struct Scenario {
    pub(crate) name: &'static str,
    pub(crate) trouble: Trouble,
    /// The SDK's read timeout, where it is set.
    pub(crate) read_timeout: Option<Duration>,
    /// The shortest measurement that shows it.
    pub(crate) at_least: fn(Pace) -> Duration,
    /// The first is the one that the bounds are for.
    pub(crate) clients: &'static [Client],
    pub(crate) bounds: Bounds,
}

/// What may be noticed. Throughput and latency are relative to those of the same client and load
/// with all nodes but the faulty one, healthy.
#[derive(Clone, Copy)]
pub(crate) struct Bounds {
    pub(crate) failures: Failures,
    pub(crate) held: Held,
    pub(crate) throughput: Bound,
    pub(crate) latency: Bound,
    /// The percentile of the latency that counts.
    pub(crate) percentile: f64,
    /// Requests that were sent in excess of calls, as a share of calls.
    pub(crate) extra: Option<f64>,
}

#[derive(Clone, Copy)]
pub(crate) struct Bound {
    /// When counting begins, after the fault.
    pub(crate) after: Duration,
    /// None where the figure is only reported.
    pub(crate) limit: Option<f64>,
}

/// Calls that may fail.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Failures {
    None,
    /// Those on the faulty node for which the SDK's budget of retries has nothing left.
    BeyondBudget,
    /// Any but those of which nothing was sent.
    NoneUnsent,
}

/// What must not be more than the requests that can have been under way to the faulty node when it
/// became so.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Held {
    Anything,
    /// The requests that it has had since.
    Reached,
    /// The calls that never end.
    Stuck,
}

const SECOND: Duration = Duration::from_secs(1);

/// For how many of its mean answers a slow node is watched. It has a third of all workers when it
/// becomes slow, before anyone can know, and hears of it when the first of its slow answers come:
/// for so long, that is a thirtieth of their time.
const LONG: u32 = 20;

/// For how long to watch where calls are repeated after a timeout of a second. Before it does that,
/// the SDK sleeps for half a second on average: for a third of all workers, that is less than a
/// thirtieth of the time after the first second.
const BACKED_OFF: Duration = Duration::from_secs(7);

/// At once and from the start.
const STRICT: Bounds = Bounds {
    failures: Failures::None,
    held: Held::Anything,
    throughput: Bound::at_once(0.95),
    latency: Bound::at_once(1.5),
    percentile: 0.99,
    extra: None,
};

impl Bound {
    const REPORTED: Self = Self { after: Duration::ZERO, limit: None };

    const fn at_once(limit: f64) -> Self {
        Self { after: Duration::ZERO, limit: Some(limit) }
    }

    const fn after_a_second(limit: f64) -> Self {
        Self { after: SECOND, limit: Some(limit) }
    }
}

const EVERYONE: &[Client] = &[Client::Connector, Client::Stock, Client::Peer];

const SIMPLE: Scenario = Scenario {
    name: "",
    trouble: Stays(|_, _| {}),
    read_timeout: None,
    at_least: |_| Duration::ZERO,
    clients: EVERYONE,
    bounds: STRICT,
};

pub(crate) const SCENARIOS: &[Scenario] = &[
    Scenario { name: "refused", trouble: Stays(|node, _| shut(node, Fault::Refuse)), ..SIMPLE },
    Scenario {
        name: "reset_on_accept",
        trouble: Stays(|node, _| shut(node, Fault::ResetOnAccept)),
        ..SIMPLE
    },
    Scenario {
        name: "syn_dropped",
        trouble: Stays(|node, _| shut(node, Fault::DropSyns)),
        bounds: Bounds { latency: Bound::after_a_second(1.5), ..STRICT },
        ..SIMPLE
    },
    Scenario {
        name: "hung_1s",
        trouble: Stays(|node, _| node.inject(Fault::Hang(Scope::All))),
        read_timeout: Some(SECOND),
        at_least: |_| BACKED_OFF,
        bounds: HUNG_WITH_TIMEOUT,
        ..SIMPLE
    },
    Scenario {
        name: "data_hung_1s",
        trouble: Stays(|node, _| node.inject(Fault::Hang(Scope::Data))),
        read_timeout: Some(SECOND),
        at_least: |_| BACKED_OFF,
        bounds: HUNG_WITH_TIMEOUT,
        ..SIMPLE
    },
    Scenario {
        name: "slow_10x",
        trouble: Stays(|node, pace| node.inject(Fault::Slow(pace.slower(10)))),
        at_least: |pace| LONG * pace.times(20),
        ..SIMPLE
    },
    Scenario {
        name: "slow_50x",
        trouble: Stays(|node, pace| node.inject(Fault::Slow(pace.slower(50)))),
        at_least: |pace| (LONG / 2 * pace.times(100)).max(12 * SECOND),
        ..SIMPLE
    },
    Scenario {
        name: "http_500",
        // At once, which makes the node look like the fastest.
        trouble: Stays(|node, _| {
            node.inject(Fault::Answer(ApiError::new("InternalServerError", "told to")));
            node.inject(Fault::Slow(Delay::Fixed(Duration::ZERO)));
        }),
        bounds: Bounds {
            throughput: Bound::at_once(0.90),
            latency: Bound::after_a_second(1.5),
            ..STRICT
        },
        ..SIMPLE
    },
    Scenario {
        name: "flapping",
        trouble: Moves(flap),
        at_least: |_| 6 * SECOND,
        bounds: Bounds {
            failures: Failures::NoneUnsent,
            throughput: Bound::at_once(0.90),
            latency: Bound::REPORTED,
            ..STRICT
        },
        ..SIMPLE
    },
    Scenario {
        name: "rolling_restart",
        trouble: Moves(restart_all),
        at_least: |_| 6 * SECOND,
        bounds: Bounds {
            failures: Failures::NoneUnsent,
            throughput: Bound::REPORTED,
            latency: Bound::REPORTED,
            ..STRICT
        },
        ..SIMPLE
    },
    Scenario {
        name: "stalls",
        trouble: Stays(|node, pace| node.inject(Fault::Slow(pace.stalls()))),
        // One answer of 300 stalls.
        at_least: |_| 8 * SECOND,
        clients: &[Client::Hedging, Client::Connector],
        bounds: Bounds {
            throughput: Bound::REPORTED,
            latency: Bound::at_once(2.0),
            percentile: 0.999,
            extra: Some(0.05),
            ..STRICT
        },
        ..SIMPLE
    },
    Scenario {
        name: "hung",
        trouble: Stays(|node, _| node.inject(Fault::Hang(Scope::All))),
        bounds: HUNG_WITHOUT_TIMEOUT,
        ..SIMPLE
    },
    Scenario {
        name: "data_hung",
        // To the others it is the same.
        clients: &[Client::Connector],
        trouble: Stays(|node, _| node.inject(Fault::Hang(Scope::Data))),
        bounds: HUNG_WITHOUT_TIMEOUT,
        ..SIMPLE
    },
];

/// Those in flight are lost, and no others. The SDK sends them again, as far as its budget goes.
const HUNG_WITH_TIMEOUT: Bounds = Bounds {
    failures: Failures::BeyondBudget,
    held: Held::Reached,
    throughput: Bound::after_a_second(0.95),
    latency: Bound::after_a_second(1.5),
    ..STRICT
};

/// Those in flight wait on, and no others.
const HUNG_WITHOUT_TIMEOUT: Bounds =
    Bounds { held: Held::Stuck, throughput: Bound::after_a_second(0.95), ..STRICT };

/// Keeps new connections from being made, and ends those that exist as soon as each is idle.
fn shut(node: &Node, fault: Fault) {
    node.inject(fault);
    let limit = Instant::now() + SECOND;
    while node.stats().open > 0 && Instant::now() < limit {
        node.close_idle();
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// Killed and started again, two seconds each.
fn flap(cluster: &Cluster, end: Instant) {
    let node = cluster.node(0);
    while Instant::now() < end {
        node.stop();
        pause(2 * SECOND, end);
        node.start().unwrap();
        pause(2 * SECOND, end);
    }
}

/// Every node once: drained, down for a second, up for a second before the next.
fn restart_all(cluster: &Cluster, end: Instant) {
    for node in cluster.nodes() {
        node.drain();
        pause(SECOND, end);
        node.start().unwrap();
        pause(SECOND, end);
    }
}

fn pause(time: Duration, end: Instant) {
    std::thread::sleep(time.min(end.saturating_duration_since(Instant::now())));
}
