//! What comes after a fault, and what happens where nodes are too few or all are bad.

use super::row::Row;
use super::server::Condition::{self, Errors, Faulty, Hangs, Healthy, Refuses, Silent, Slow};
use super::setting::{Demand, Setting};
use crate::balance::policy::Policy::{PeakEwma, RoundRobin};

const ERRORS: Condition = Errors { spared: false };

/// The part of a fair share that the first of three nodes gets in that time.
fn share(row: &Row<'_>, from: f64, to: f64) -> f64 {
    row.report.between(from, to).share(3, 1) * 3.0
}

#[test]
fn a_node_that_returns_has_its_share_again() {
    // How long after its recovery it has most of its share at last: after a wait for a probe and a
    // slow start, or when the estimate of its latency has faded.
    for (condition, within) in [
        (Refuses, 14.0),
        (Silent, 14.0),
        (ERRORS, 14.0),
        (Hangs, 14.0),
        (Slow(10.0), 34.0),
        (Slow(50.0), 60.0),
    ] {
        for (clients, rate) in [(1, 200.0), (20, 20.0)] {
            let setting = Setting {
                clients,
                demand: Demand::Rate(rate),
                patience: 1.0,
                seconds: 110.0,
                ..Setting::new(PeakEwma)
            }
            .change(1.0, 1, condition)
            .change(11.0, 1, Healthy);
            let row = Row::of(format!("{condition:?} for 10 s"), &setting, 1, 1.0);
            assert_eq!(row.faulty().errors(), 0);
            let before = share(&row, 5.0, 11.0);
            let after = share(&row, 11.0 + within, setting.seconds);
            println!(
                "  {before:.2} of its share before its recovery, and {after:.2} from {within} s after it"
            );
            assert!(before < 0.3 && after > 0.5);
            // It does not get too much of a sudden, either.
            let since = row.report.between(11.0, setting.seconds);
            assert!(since.percentile(0.99) < 8.0);
        }
    }
}

#[test]
fn a_stall_of_one_second_is_over_when_it_ends() {
    for (nodes, utilisation) in [(3, 0.4), (3, 0.6), (9, 0.7)] {
        let setting = Setting {
            nodes,
            demand: Demand::Utilisation(utilisation),
            seconds: 5.0,
            ..Setting::new(PeakEwma)
        }
        .change(1.0, 1, Hangs)
        .change(2.0, 1, Healthy);
        let row = Row::of("stall of 1 s", &setting, 1, 1.0);
        let [before, after] = [(0.0, 1.0), (3.0, 5.0)].map(|(a, b)| row.report.between(a, b));
        assert!(after.share(nodes, 1) > 0.3 / nodes as f64);
        assert!(after.percentile(0.99) < 1.2 * before.percentile(0.99));
        let stalled = row.report.between(1.0, 2.0);
        assert!(stalled.share(nodes, 1) < 0.01);
    }
}

#[test]
fn a_node_that_fails_some_requests_is_left_alone() {
    for part in [0.1, 0.3, 0.6] {
        for (clients, demand, most) in
            [(1, Demand::Utilisation(0.4), 0.005), (20, Demand::Rate(100.0), 0.05)]
        {
            let setting =
                Setting { clients, demand, ..Setting::new(PeakEwma) }.change(1.0, 1, Faulty(part));
            let row = Row::of(format!("fails {part} of its requests"), &setting, 1, 1.0);
            assert_eq!(row.faulty().errors(), 0);
            assert!(row.share_of_bad() < most, "{}", row.text());
        }
    }
}

/// The others have more than they can do, so that everything waits; a node that is out must not
/// look better for that.
#[test]
fn survivors_that_are_overloaded_send_nothing_to_a_dead_node() {
    for condition in [Refuses, Silent, ERRORS] {
        let wait = |policy| {
            let setting = Setting {
                clients: 20,
                demand: Demand::Utilisation(0.7),
                seconds: 6.0,
                ..Setting::new(policy)
            }
            .change(1.0, 1, condition);
            let row = Row::of(format!("{condition:?} at 0.7"), &setting, 1, 1.0);
            assert_eq!(row.faulty().errors(), 0);
            assert!(row.share_of_bad() < 0.002);
            assert!(row.unevenness() < 1.1);
            (row.faulty().wasted(), row.later().percentile(0.99))
        };
        let (wasted, ours) = wait(PeakEwma);
        // One connect of each client, and little more.
        assert!(wasted < 0.001, "{wasted}");
        assert!(ours < 2.0 * wait(RoundRobin).1);
    }
}

#[test]
fn where_all_nodes_are_bad_all_are_tried_and_the_first_to_return_serves() {
    // How long after the return of the first node no call fails any more. Where the others take
    // requests and fail them, that node waits for its probe and starts slowly if it was the one
    // that was ejected.
    for (condition, within) in [(Refuses, 0.5), (Silent, 0.5), (ERRORS, 20.0), (Hangs, 20.0)] {
        for (clients, rate) in [(1, 100.0), (20, 1.0)] {
            let setting = Setting {
                clients,
                demand: Demand::Rate(rate),
                patience: 1.0,
                seconds: 60.0,
                ..Setting::new(PeakEwma)
            }
            .change(5.0, 3, condition)
            .change(15.0, 1, Healthy);
            let row = Row::of(format!("{condition:?}, all of them"), &setting, 3, 5.0);
            assert!(row.report.most_out <= 1, "{}", row.text());
            let meanwhile = row.report.between(6.0, 9.0);
            match condition {
                Refuses | Silent => assert!(meanwhile.wasted() > 0.0, "none was tried"),
                _ => assert!(meanwhile.sent(3).iter().all(|n| *n > 0) || clients == 1),
            }
            assert!(meanwhile.errors() * 10 > meanwhile.count() * 9);
            let back = row.report.between(15.0 + within, 60.0);
            assert_eq!(back.errors(), 0, "{}", row.text());
            assert!(back.count() > 200);
            assert!(back.share(3, 1) > 0.5);
        }
    }
}

#[test]
fn no_more_than_half_of_the_nodes_are_ever_ejected() {
    for (nodes, most) in [(1, 0), (2, 1), (3, 1), (4, 2), (9, 4)] {
        let setting =
            Setting { nodes, clients: 5, demand: Demand::Rate(20.0), ..Setting::new(PeakEwma) };
        let setting = setting.change(1.0, nodes, ERRORS);
        let row = Row::of("all answer with errors", &setting, nodes, 1.0);
        assert_eq!(row.report.most_out, most);
    }
}
