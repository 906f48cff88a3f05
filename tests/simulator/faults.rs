//! What each fault costs under each policy, some of the nodes being bad from the end of the first
//! second on.
//!
//! All is seeded, so that the same code always measures the same; the bounds leave room for other
//! code that is as good.

use super::row::Row;
use super::server::Condition;
use super::setting::{Demand, Setting};
use crate::balance::policy::Policy;

const SINCE: f64 = 1.0;

#[derive(Clone, Copy, Debug, PartialEq)]
enum Fault {
    Healthy,
    Refuse,
    Silent,
    /// With a read timeout of one second.
    HangTimeout,
    /// With the connector's own limit.
    Hang,
    Slow10,
    Slow50,
    /// Refusing for two seconds, and well for two.
    Flap,
    /// Answering every request with an error, and probes too.
    Errors,
    /// Answering every request with an error, but probes well.
    DataErrors,
}

use Fault::*;

/// For what a policy cannot help.
const NO_BOUND: f64 = f64::INFINITY;

/// A cluster of which some nodes are bad, and its clients.
struct Cluster {
    nodes: usize,
    bad: usize,
    clients: usize,
    demand: Demand,
    seconds: f64,
}

/// What a fault may cost at most.
struct Bounds {
    fault: Fault,
    /// Users' calls that end with an error.
    errors: usize,
    /// Connects in vain for each call.
    wasted: f64,
    /// The part of all requests that bad nodes get.
    bad: f64,
    /// The 99th percentile from one second after the fault on, as a multiple of that of a healthy
    /// cluster.
    p99: f64,
    /// How many times its fair share the busiest of the good nodes gets.
    uneven: f64,
}

const fn at_most(
    fault: Fault,
    errors: usize,
    wasted: f64,
    bad: f64,
    p99: f64,
    uneven: f64,
) -> Bounds {
    Bounds { fault, errors, wasted, bad, p99, uneven }
}

impl Cluster {
    fn with(&self, policy: Policy, fault: Fault) -> Setting {
        let mut setting = Setting {
            nodes: self.nodes,
            clients: self.clients,
            demand: self.demand,
            seconds: self.seconds,
            ..Setting::new(policy)
        };
        if self.nodes == 100 {
            // Fewer and longer requests, so that the simulation takes no longer than that of nine
            // nodes.
            setting.workers = 4;
            setting.service = 0.01;
        }
        if fault == HangTimeout {
            setting.patience = 1.0;
        }
        let condition = match fault {
            Healthy => Condition::Healthy,
            Refuse | Flap => Condition::Refuses,
            Silent => Condition::Silent,
            HangTimeout | Hang => Condition::Hangs,
            Slow10 => Condition::Slow(10.0),
            Slow50 => Condition::Slow(50.0),
            Errors => Condition::Errors { spared: false },
            DataErrors => Condition::Errors { spared: true },
        };
        let mut setting = setting.change(SINCE, self.bad, condition);
        let mut at = SINCE;
        while fault == Flap && at < self.seconds {
            setting = setting.change(at + 2.0, self.bad, Condition::Healthy).change(
                at + 4.0,
                self.bad,
                condition,
            );
            at += 4.0;
        }
        setting
    }

    fn keeps(&self, policy: Policy, all: &[Bounds]) {
        let healthy = self.with(policy, Healthy);
        let healthy = Row::of("Healthy", &healthy, 0, SINCE);
        let fast = healthy.later().percentile(0.99);
        for bounds in all {
            let setting = self.with(policy, bounds.fault);
            let row = Row::of(format!("{:?}", bounds.fault), &setting, self.bad, SINCE);
            let text = row.text();
            assert!(row.faulty().count() > 1000, "too little to tell: {text}");
            assert!(row.report.most_out * 2 <= self.nodes, "out: {text}");
            assert!(row.faulty().errors() <= bounds.errors, "errors: {text}");
            assert!(row.faulty().wasted() <= bounds.wasted, "wasted: {text}");
            assert!(row.share_of_bad() <= bounds.bad, "bad: {text}");
            assert!(row.unevenness() <= bounds.uneven, "uneven: {text}");
            let p99 = row.later().percentile(0.99) / fast;
            assert!(p99 <= bounds.p99, "p99 {p99:.2} times the usual: {text}");
        }
    }
}

#[test]
fn one_bad_node_of_three_costs_a_busy_client_next_to_nothing() {
    let cluster =
        Cluster { nodes: 3, bad: 1, clients: 1, demand: Demand::Utilisation(0.4), seconds: 6.0 };
    cluster.keeps(
        Policy::PeakEwma,
        &[
            at_most(Refuse, 0, 0.0005, 0.0005, 1.2, 1.6),
            at_most(Silent, 0, 0.0005, 0.0005, 1.2, 1.6),
            at_most(HangTimeout, 0, 0.0, 0.0005, 1.2, 1.6),
            at_most(Hang, 0, 0.0, 0.0005, 1.2, 1.6),
            at_most(Slow10, 0, 0.0, 0.01, 1.2, 1.6),
            at_most(Slow50, 0, 0.0, 0.002, 1.2, 1.6),
            at_most(Flap, 0, 0.0005, 0.2, 1.2, 1.6),
            at_most(Errors, 0, 0.0, 0.0005, 1.2, 1.6),
            at_most(DataErrors, 0, 0.0, 0.0005, 1.2, 1.6),
        ],
    );
}

#[test]
fn round_robin_leaves_alone_what_fails_but_not_what_is_slow() {
    let cluster =
        Cluster { nodes: 3, bad: 1, clients: 1, demand: Demand::Utilisation(0.4), seconds: 4.0 };
    cluster.keeps(
        Policy::RoundRobin,
        &[
            at_most(Refuse, 0, 0.001, 0.001, 1.2, 1.05),
            at_most(Silent, 0, 0.03, 0.001, 1.2, 1.05),
            at_most(HangTimeout, 1000, 0.0, 0.15, 1.2, 1.05),
            at_most(Hang, 0, 0.0, 0.34, NO_BOUND, 1.05),
            at_most(Slow10, 0, 0.0, 0.34, NO_BOUND, 1.05),
            at_most(Slow50, 0, 0.0, 0.34, NO_BOUND, 1.05),
            at_most(Flap, 0, 0.002, 0.2, 1.2, 1.05),
            at_most(Errors, 0, 0.0, 0.001, 1.2, 1.05),
            at_most(DataErrors, 0, 0.0, 0.001, 1.2, 1.05),
        ],
    );
}

#[test]
fn three_bad_nodes_of_nine_cost_a_busy_client_next_to_nothing() {
    let cluster =
        Cluster { nodes: 9, bad: 3, clients: 1, demand: Demand::Utilisation(0.4), seconds: 5.0 };
    cluster.keeps(
        Policy::PeakEwma,
        &[
            at_most(Refuse, 0, 0.0005, 0.0005, 1.2, 1.4),
            at_most(Silent, 0, 0.0005, 0.0005, 1.2, 1.4),
            at_most(HangTimeout, 0, 0.0, 0.0005, 1.2, 1.4),
            at_most(Hang, 0, 0.0, 0.0005, 1.2, 1.4),
            at_most(Slow10, 0, 0.0, 0.035, 1.7, 1.4),
            at_most(Slow50, 0, 0.0, 0.003, 1.2, 1.4),
            at_most(Flap, 0, 0.0005, 0.2, 1.2, 1.4),
            at_most(Errors, 0, 0.0, 0.0005, 1.2, 1.4),
            at_most(DataErrors, 0, 0.0, 0.0005, 1.2, 1.4),
        ],
    );
}

#[test]
fn twenty_bad_nodes_of_a_hundred_cost_a_busy_client_next_to_nothing() {
    let cluster =
        Cluster { nodes: 100, bad: 20, clients: 1, demand: Demand::Utilisation(0.4), seconds: 6.0 };
    cluster.keeps(
        Policy::PeakEwma,
        &[
            at_most(Refuse, 0, 0.001, 0.0005, 1.2, 1.7),
            at_most(Silent, 0, 0.001, 0.0005, 1.2, 1.7),
            at_most(HangTimeout, 0, 0.0, 0.002, 1.2, 1.7),
            at_most(Hang, 0, 0.0, 0.002, 1.2, 1.7),
            at_most(Slow10, 0, 0.0, 0.02, 1.4, 1.7),
            at_most(Slow50, 0, 0.0, 0.006, 1.2, 1.7),
            at_most(Flap, 0, 0.001, 0.1, 1.2, 1.7),
            at_most(Errors, 0, 0.0, 0.002, 1.2, 1.7),
            at_most(DataErrors, 0, 0.0, 0.002, 1.2, 1.7),
        ],
    );
}

/// Each of them has to find out for itself, so that the bad node gets some requests from each: of a
/// node that hangs, a second one tells that the first is not merely a long one.
#[test]
fn two_hundred_clients_find_the_bad_node_each_for_itself() {
    let cluster =
        Cluster { nodes: 3, bad: 1, clients: 200, demand: Demand::Utilisation(0.1), seconds: 16.0 };
    cluster.keeps(
        Policy::PeakEwma,
        &[
            at_most(Refuse, 0, 0.008, 0.0005, 1.2, 1.15),
            at_most(Silent, 0, 0.008, 0.0005, 1.3, 1.15),
            at_most(HangTimeout, 0, 0.0, 0.015, 1.3, 1.25),
            at_most(Hang, 0, 0.0, 0.015, 1.3, 1.25),
            at_most(Slow10, 0, 0.0, 0.03, 1.6, 1.15),
            at_most(Slow50, 0, 0.0, 0.018, 1.5, 1.15),
            at_most(Flap, 0, 0.025, 0.025, 1.2, 1.15),
            at_most(Errors, 0, 0.0, 0.018, 1.6, 1.15),
            at_most(DataErrors, 0, 0.0, 0.018, 1.6, 1.15),
        ],
    );
}

#[test]
fn clients_with_one_request_a_second_find_the_bad_node_too() {
    let cluster =
        Cluster { nodes: 3, bad: 1, clients: 200, demand: Demand::Rate(1.0), seconds: 60.0 };
    cluster.keeps(
        Policy::PeakEwma,
        &[
            at_most(Refuse, 0, 0.025, 0.0005, 1.2, 1.15),
            // The head start of the first choice, once for each client.
            at_most(Silent, 0, 0.025, 0.0005, 25.0, 1.15),
            at_most(HangTimeout, 0, 0.0, 0.025, 300.0, 1.15),
            at_most(Hang, 0, 0.0, 0.025, 3_000.0, 1.15),
            at_most(Slow10, 0, 0.0, 0.11, 6.0, 1.15),
            at_most(Slow50, 0, 0.0, 0.07, 20.0, 1.15),
            at_most(Flap, 0, 0.12, 0.12, 1.2, 1.15),
            // The SDK's sleeps before its retries.
            at_most(Errors, 0, 0.0, 0.08, 250.0, 1.15),
            at_most(DataErrors, 0, 0.0, 0.15, 250.0, 1.15),
        ],
    );
}

/// With 20 requests a second, a client needs five seconds to meet each of a hundred nodes, and
/// three failures of each bad one to have them all out; so some calls fail three times.
#[test]
fn two_hundred_clients_find_twenty_bad_nodes_of_a_hundred() {
    let cluster =
        Cluster { nodes: 100, bad: 20, clients: 200, demand: Demand::Rate(20.0), seconds: 16.0 };
    cluster.keeps(
        Policy::PeakEwma,
        &[
            at_most(Refuse, 0, 0.08, 0.001, 1.2, 1.25),
            at_most(Silent, 0, 0.08, 0.001, 5.0, 1.25),
            at_most(HangTimeout, 100, 0.0, 0.08, 100.0, 1.25),
            at_most(Hang, 0, 0.0, 0.08, 400.0, 1.25),
            at_most(Slow10, 0, 0.0, 0.11, 20.0, 1.25),
            at_most(Slow50, 0, 0.0, 0.09, 400.0, 1.25),
            at_most(Flap, 0, 0.13, 0.12, 1.3, 1.25),
            at_most(Errors, 300, 0.0, 0.14, 40.0, 1.25),
            at_most(DataErrors, 300, 0.0, 0.14, 40.0, 1.25),
        ],
    );
}
