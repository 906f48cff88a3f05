//! Nodes that are well all have their share, whoever asks and whatever for.

use super::row::Row;
use super::setting::{Demand, Setting};
use crate::balance::policy::Policy::{PeakEwma, RoundRobin};

fn healthy(nodes: usize, clients: usize, demand: Demand, seconds: f64) -> Setting {
    Setting { nodes, clients, demand, seconds, ..Setting::new(PeakEwma) }
}

fn most(name: &str, setting: &Setting) -> f64 {
    Row::of(name, setting, 0, 0.0).unevenness()
}

#[test]
fn a_client_with_one_request_at_a_time_uses_every_node() {
    for nodes in [3, 9] {
        let setting = healthy(nodes, 1, Demand::Users(1), 30.0);
        assert!(most("one at a time", &setting) < 1.5);
    }
}

#[test]
fn busy_clients_use_all_nodes_alike() {
    for nodes in [3, 9] {
        let workers = healthy(nodes, 1, Demand::Users(16), 5.0);
        assert!(most("16 at a time", &workers) < 1.5);
        let one = healthy(nodes, 1, Demand::Utilisation(0.7), 4.0);
        assert!(most("one client", &one) < 1.3);
    }
}

#[test]
fn many_clients_use_all_nodes_alike() {
    for nodes in [3, 9, 100] {
        let setting = healthy(nodes, 200, Demand::Rate(10.0), 10.0);
        assert!(most("200 clients", &setting) < 1.3);
    }
}

#[test]
fn operations_that_take_long_on_every_node_make_no_node_look_slow() {
    for nodes in [3, 9] {
        for (demand, seconds) in [(Demand::Users(16), 5.0), (Demand::Utilisation(0.4), 5.0)] {
            let mixed = Setting { heavy: 0.01, ..healthy(nodes, 1, demand, seconds) };
            let blind = Setting { policy: RoundRobin, ..mixed.clone() };
            let mixed = Row::of("1 % take 100 times as long", &mixed, 0, 0.0);
            let blind = Row::of("1 % take 100 times as long", &blind, 0, 0.0);
            assert!(mixed.unevenness() < 2.0);
            let (ours, theirs) = (mixed.later(), blind.later());
            assert!(ours.percentile(0.99) < 1.2 * theirs.percentile(0.99));
        }
    }
}

#[test]
fn requests_that_fail_on_every_node_keep_no_node_from_the_others() {
    let plain = healthy(9, 1, Demand::Utilisation(0.6), 4.0);
    let poisoned = Setting { poison: 1.0, ..plain.clone() };
    let plain = Row::of("plain", &plain, 0, 0.0);
    let poisoned = Row::of("one a second fails anywhere", &poisoned, 0, 0.0);
    assert!(poisoned.faulty().retries() >= 2 * 2);
    assert_eq!(poisoned.faulty().errors(), 0);
    assert!(poisoned.unevenness() < 1.3);
    let usual = plain.later().percentile(0.99);
    assert!(poisoned.later().percentile(0.99) < 1.1 * usual);
}

/// Where there is little else, they may take nodes out; others then go on with those that are left.
#[test]
fn requests_that_fail_on_every_node_cost_quiet_clients_no_more_than_half_of_the_nodes() {
    for nodes in [3, 9] {
        for rate in [0.2, 1.0, 10.0] {
            let setting = Setting { poison: 1.0, ..healthy(nodes, 1, Demand::Rate(rate), 60.0) };
            let row = Row::of("one a second fails anywhere", &setting, 0, 0.0);
            assert_eq!(row.faulty().errors(), 0);
            assert!(row.report.most_out * 2 <= nodes);
            assert!(row.faulty().percentile(0.99) < 20.0);
        }
    }
}
