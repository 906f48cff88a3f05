//! A node's health, which requests and probes change at once.

#[path = "../../src/balance/health/state.rs"]
#[allow(dead_code)]
mod state;

use std::time::Duration;

use loom::sync::Arc;

use crate::balance::moment::Moment;
use crate::side_by_side;
use state::{Down, Health};

fn at(seconds: u64) -> Moment {
    Moment::default().after(Duration::from_secs(1000 + seconds))
}

fn out() -> Arc<Health> {
    let health = Health::good();
    assert!(health.take_out(Down::Unreachable, at(0), 0.5));
    Arc::new(health)
}

/// A node is out if and only if it is going to be probed.
fn assert_whole(health: &Health) {
    assert_eq!(health.out().is_some(), health.probe_due().is_some());
    assert_eq!(health.out().is_some(), health.share(at(100)) == 0.0);
}

#[test]
fn a_node_is_taken_out_by_one_of_those_who_try() {
    loom::model(|| {
        let health = Arc::new(Health::good());
        let copy = Arc::clone(&health);
        let (one, other) = side_by_side(
            || health.take_out(Down::Unreachable, at(0), 0.5),
            move || copy.take_out(Down::Ejected, at(0), 0.5),
        );
        assert!(one != other);
        let why = if one { Down::Unreachable } else { Down::Ejected };
        assert_eq!(health.out(), Some(why));
        assert_whole(&health);
    });
}

#[test]
fn a_node_is_brought_back_by_one_of_those_who_try() {
    loom::model(|| {
        let health = out();
        let copy = Arc::clone(&health);
        let (one, other) =
            side_by_side(|| health.bring_back(at(5)), move || copy.bring_back(at(5)));
        assert!(one != other);
        assert_eq!(health.out(), None);
        assert_whole(&health);
    });
}

#[test]
fn a_node_that_is_taken_out_while_it_returns_is_out_or_in_and_nothing_between() {
    loom::model(|| {
        let health = out();
        let copy = Arc::clone(&health);
        let (back, taken) = side_by_side(
            || health.bring_back(at(5)),
            move || copy.take_out(Down::Ejected, at(5), 0.5),
        );
        assert!(back);
        assert_eq!(health.out(), taken.then_some(Down::Ejected));
        assert_whole(&health);
    });
}

#[test]
fn a_probe_that_fails_while_the_node_returns_keeps_it_from_nothing() {
    loom::model(|| {
        let health = out();
        let copy = Arc::clone(&health);
        side_by_side(
            || health.bring_back(at(5)),
            move || copy.probe_failed(Down::Ejected, at(5), 0.5),
        );
        assert_eq!(health.out(), None);
        assert_whole(&health);
    });
}

#[test]
fn whoever_finds_a_node_due_finds_when() {
    loom::model(|| {
        let health = Arc::new(Health::good());
        let copy = Arc::clone(&health);
        side_by_side(
            || health.take_out(Down::Unreachable, at(0), 0.5),
            move || {
                let due = copy.probe_due();
                assert!(due.is_none_or(|due| due > at(0)));
            },
        );
    });
}

#[test]
fn no_failure_is_lost() {
    loom::model(|| {
        let health = Arc::new(Health::good());
        assert!(!health.failed(1, at(0)));
        let copy = Arc::clone(&health);
        let (one, other) = side_by_side(|| health.failed(1, at(0)), move || copy.failed(1, at(0)));
        // The third of them is one of the two.
        assert!(one != other);
    });
}
