//! Whether a node may serve requests: when it is taken out, for how long, and how it comes back.
//!
//! A node that cannot be connected is unreachable, and one that fails request after request is
//! ejected. Either way it gets no requests, is probed in the background after a time that grows
//! from one failed probe to the next, and comes back with the first answer, with a small share of
//! requests that grows to a full one.

mod state;

pub(crate) use state::{Down, Health, may_eject};

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::balance::moment::Moment;

    const START: Moment = Moment::from_nanos(1_000_000_000_000);

    /// The draw with which waits have no jitter.
    const EXACT: f64 = 0.5;

    fn at(millis: u64) -> Moment {
        START.after(Duration::from_millis(millis))
    }

    /// Returns in how many milliseconds the next probe is due.
    fn wait(health: &Health, now: Moment) -> u128 {
        health.probe_due().unwrap().since(now).as_millis()
    }

    /// Returns the waits of a node that answers no probe.
    fn waits(why: Down, probes: usize) -> Vec<u128> {
        let health = Health::good();
        assert!(health.take_out(why, at(0), EXACT));
        let mut now = at(0);
        let mut waits = vec![wait(&health, now)];
        for _ in 0..probes {
            now = health.probe_due().unwrap();
            health.probe_failed(why, now, EXACT);
            waits.push(wait(&health, now));
        }
        waits
    }

    /// Returns the share of many requests that the node admits.
    fn admitted(health: &Health, now: Moment) -> f64 {
        let mut random = fastrand::Rng::with_seed(7);
        (0..10_000).filter(|_| health.admits(now, random.u64(..), 1)).count() as f64 / 10_000.0
    }

    #[test]
    fn a_node_is_good_from_the_beginning() {
        let health = Health::good();
        assert_eq!(health.out(), None);
        assert_eq!(health.share(at(0)), 1.0);
        assert_eq!(health.probe_due(), None);
        assert_eq!(admitted(&health, at(0)), 1.0);
    }

    #[test]
    fn a_node_that_is_out_has_no_share() {
        for why in [Down::Unreachable, Down::Ejected] {
            let health = Health::good();
            assert!(health.take_out(why, at(0), EXACT));
            assert_eq!(health.out(), Some(why));
            assert_eq!(health.share(at(60_000)), 0.0);
            assert_eq!(admitted(&health, at(60_000)), 0.0);
        }
    }

    #[test]
    fn an_unreachable_node_is_probed_after_a_tenth_of_a_second_and_then_up_to_five_seconds() {
        let expected = [100, 200, 400, 800, 1600, 3200, 5000, 5000];
        assert_eq!(waits(Down::Unreachable, 7), expected);
    }

    #[test]
    fn an_ejected_node_is_probed_after_a_second_and_then_up_to_sixty() {
        let expected = [1000, 2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000];
        assert_eq!(waits(Down::Ejected, 7), expected);
    }

    #[test]
    fn waits_stay_the_longest_however_often_probes_fail() {
        assert_eq!(waits(Down::Unreachable, 100)[100], 5000);
    }

    #[test]
    fn waits_vary_by_fifteen_percent() {
        for (draw, expected) in [(0.0, 850), (EXACT, 1000), (1.0, 1150)] {
            let health = Health::good();
            health.take_out(Down::Ejected, at(0), draw);
            assert_eq!(wait(&health, at(0)), expected);
        }
    }

    #[test]
    fn a_probe_may_find_another_reason() {
        let health = Health::good();
        health.take_out(Down::Unreachable, at(0), EXACT);
        health.probe_failed(Down::Ejected, at(100), EXACT);
        assert_eq!(health.out(), Some(Down::Ejected));
        assert_eq!(wait(&health, at(100)), 2000);
    }

    #[test]
    fn a_probe_that_comes_too_late_tells_nothing() {
        let health = Health::good();
        health.probe_failed(Down::Unreachable, at(0), EXACT);
        assert_eq!(health.out(), None);
        assert_eq!(health.probe_due(), None);
    }

    #[test]
    fn a_node_is_taken_out_once() {
        let health = Health::good();
        assert!(health.take_out(Down::Unreachable, at(0), EXACT));
        assert!(!health.take_out(Down::Ejected, at(50), EXACT));
        assert_eq!(health.out(), Some(Down::Unreachable));
        assert_eq!(wait(&health, at(0)), 100);
    }

    #[test]
    fn it_is_brought_back_once() {
        let health = Health::good();
        assert!(!health.bring_back(at(0)));
        health.take_out(Down::Unreachable, at(0), EXACT);
        assert!(health.bring_back(at(5000)));
        assert!(!health.bring_back(at(5000)));
        assert_eq!(health.probe_due(), None);
    }

    #[test]
    fn three_failures_in_a_row_are_too_many() {
        let health = Health::good();
        assert!(!health.failed(1, at(0)));
        assert!(!health.failed(1, at(1)));
        assert!(health.failed(1, at(2)));
    }

    #[test]
    fn a_failure_may_weigh_as_much_as_three() {
        assert!(Health::good().failed(3, at(0)));
    }

    #[test]
    fn a_success_begins_the_row_anew() {
        let health = Health::good();
        for _ in 0..10 {
            assert!(!health.failed(1, at(0)) && !health.failed(1, at(0)));
            health.succeeded();
        }
    }

    #[test]
    fn failures_of_a_node_that_is_out_are_none_of_its_return() {
        let health = Health::good();
        health.take_out(Down::Unreachable, at(0), EXACT);
        assert!(!health.failed(3, at(10)));
        // It is not away for long, so it is not on probation.
        health.bring_back(at(100));
        assert!(!health.failed(1, at(200)));
    }

    #[test]
    fn a_node_that_returns_starts_with_a_tenth_and_has_all_after_ten_seconds() {
        let health = Health::good();
        health.take_out(Down::Ejected, at(0), EXACT);
        health.bring_back(at(1000));
        for (after, share) in [(0, 0.1), (500, 0.1), (1000, 0.1), (3000, 0.3), (9000, 0.9)] {
            let now = at(1000 + after);
            assert!((health.share(now) - share).abs() < 0.001);
            // The standard deviation is at most 0.005.
            assert!((admitted(&health, now) - f64::from(share)).abs() < 0.03);
        }
        for after in [10_000, 60_000] {
            assert_eq!(health.share(at(1000 + after)), 1.0);
            assert_eq!(admitted(&health, at(1000 + after)), 1.0);
        }
    }

    #[test]
    fn a_node_that_was_away_for_less_than_a_second_has_all_at_once() {
        for (away, share) in [(999, 1.0), (1000, 0.1)] {
            let health = Health::good();
            health.take_out(Down::Unreachable, at(0), EXACT);
            health.bring_back(at(away));
            assert!((health.share(at(away)) - share).abs() < 0.001);
        }
    }

    #[test]
    fn a_node_that_joins_starts_with_a_tenth() {
        let health = Health::good();
        health.join(at(0));
        assert_eq!(health.share(at(0)), 0.1);
        assert_eq!(health.share(at(10_000)), 1.0);
    }

    #[test]
    fn one_failure_is_enough_on_probation() {
        let health = Health::good();
        health.take_out(Down::Ejected, at(0), EXACT);
        health.bring_back(at(1000));
        assert!(health.failed(1, at(10_999)));
        health.succeeded();
        assert!(!health.failed(1, at(11_000)));
    }

    #[test]
    fn who_fails_again_soon_waits_longer_and_who_was_good_for_a_minute_does_not() {
        let health = Health::good();
        health.take_out(Down::Ejected, at(0), EXACT);
        health.bring_back(at(1000));
        health.take_out(Down::Ejected, at(60_999), EXACT);
        assert_eq!(wait(&health, at(60_999)), 2000);
        health.bring_back(at(63_000));
        health.take_out(Down::Ejected, at(123_000), EXACT);
        assert_eq!(wait(&health, at(123_000)), 1000);
    }

    #[test]
    fn no_more_than_half_of_the_nodes_may_be_out_by_ejection() {
        for (nodes, most) in [(0, 0), (1, 0), (2, 1), (3, 1), (4, 2), (9, 4), (100, 50)] {
            let out = (0..=nodes).find(|out| !may_eject(*out, nodes));
            assert_eq!(out, Some(most), "of {nodes}");
        }
    }

    #[test]
    fn a_probe_comes_within_a_second_where_it_is_needed_sooner() {
        let health = Health::good();
        health.take_out(Down::Ejected, at(0), EXACT);
        for _ in 0..6 {
            health.probe_failed(Down::Ejected, at(1000), EXACT);
        }
        assert_eq!(health.probe_due(), Some(at(1000 + 60_000)));
        health.hurry(at(5000));
        health.hurry(at(5500));
        assert_eq!(health.probe_due(), Some(at(6000)));
    }
}
