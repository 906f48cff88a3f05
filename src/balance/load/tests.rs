//! The rules of load, exactly.

use super::*;

const START: Moment = Moment::from_nanos(1_000_000_000_000);

fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

fn at(millis: u64) -> Moment {
    START.after(ms(millis))
}

/// Runs requests one after the other that take `latencies` milliseconds, from `from` on; returns when the last
/// ended.
fn answer(load: &Load, latencies: &[u64], from: u64) -> u64 {
    let mut now = from;
    for latency in latencies {
        now += latency;
        load.answered(ms(*latency), 1, at(now));
    }
    now
}

/// A node that answers in ten milliseconds, until one second has passed.
fn known() -> Load {
    let load = Load::default();
    assert_eq!(answer(&load, &[10; 100], 0), 1000);
    load
}

#[track_caller]
fn assert_near(value: f32, expected: f32) {
    assert!((value / expected - 1.0).abs() < 0.02, "{value} instead of {expected}");
}

#[test]
fn a_node_of_which_nothing_is_known_costs_nothing_until_it_has_a_request() {
    let load = Load::default();
    assert_eq!(load.cost(0, at(0)), 0.0);
    assert_eq!(load.latency(0, at(0)), None);
    load.begun(at(0));
    assert_near(load.cost(1, at(0)), 2.0 * UNKNOWN);
}

#[test]
fn the_first_answer_is_the_latency() {
    let load = Load::default();
    load.answered(ms(10), 1, at(10));
    assert_near(load.cost(0, at(10)), 0.01);
    assert_eq!(load.latency(0, at(10)), Some(Duration::from_secs_f32(0.01)));
}

#[test]
fn each_request_in_flight_costs_one_latency_more() {
    let load = known();
    for in_flight in 0..5 {
        assert_near(load.cost(in_flight, at(1000)), 0.01 * (in_flight + 1) as f32);
    }
}

#[test]
fn a_latency_counts_for_the_requests_that_shared_the_node() {
    let crowded = Load::default();
    crowded.answered(ms(40), 16, at(40));
    // Alone it would have been a fourth.
    assert_near(crowded.cost(0, at(40)), 0.01);
    assert_near(crowded.latency(15, at(40)).unwrap().as_secs_f32(), 0.04);
    let alone = Load::default();
    alone.answered(ms(40), 1, at(40));
    assert_near(alone.cost(0, at(40)), 0.04);
    // Given up by one of many.
    crowded.begun(at(40));
    crowded.given_up(ms(2000), 4, at(2040));
    assert_near(crowded.cost(0, at(2040)), 1.0);
}

#[test]
fn a_second_slow_answer_is_followed_at_once() {
    let load = known();
    answer(&load, &[500], 1000);
    assert_near(load.cost(0, at(1500)), 0.01);
    answer(&load, &[400], 1500);
    assert_near(load.cost(0, at(1900)), 0.4);
}

#[test]
fn a_slow_answer_between_faster_ones_is_none_of_the_node() {
    let load = known();
    let now = answer(&load, &[500, 10, 500, 10, 500], 1000);
    assert!(load.cost(0, at(now)) < 0.011);
}

#[test]
fn slow_answers_to_requests_that_waited_together_are_one() {
    let load = known();
    // All were sent at 1000 and held up until 2000.
    for i in 0..10 {
        load.answered(ms(1000 - i), 1, at(2000 + i));
    }
    assert!(load.cost(0, at(2010)) < 0.011);
    answer(&load, &[10; 10], 2010);
    assert!(load.cost(0, at(2110)) < 0.011);
}

#[test]
fn slow_answers_that_go_on_coming_are_of_a_slow_node() {
    // All were sent at 1000. A bad moment would have ended with the first answer, at 1200.
    let load = known();
    for i in 0..3 {
        load.answered(ms(200 + 25 * i), 1, at(1200 + 25 * i));
        assert!(load.cost(0, at(1200 + 25 * i)) < 0.011);
    }
    load.answered(ms(275), 1, at(1275));
    assert_near(load.cost(0, at(1275)), 0.2);
}

#[test]
fn a_slow_answer_to_a_request_that_was_sent_later_confirms_it() {
    let load = known();
    for i in 0..10 {
        load.answered(ms(1000 - i), 1, at(2000 + i));
    }
    load.answered(ms(900), 1, at(2950));
    assert_near(load.cost(0, at(2950)), 0.9);
}

#[test]
fn faster_answers_are_followed_within_ten_seconds() {
    let load = Load::default();
    load.answered(ms(100), 1, at(100));
    let mut now = 100;
    while now < 10_100 {
        now = answer(&load, &[10], now);
    }
    // What is left of the difference is a part of 1/e.
    assert_near(load.cost(0, at(now)), 0.01 + 0.09 / std::f32::consts::E);
}

#[test]
fn what_is_known_fades_where_there_is_no_answer() {
    let load = known();
    assert_near(load.cost(0, at(1000 + 10_000)), 0.01 / std::f32::consts::E);
    assert_near(load.cost(0, at(1000 + 29_900)), 0.01 * (-2.99_f32).exp());
    // And is nothing in the end.
    assert_eq!(load.cost(0, at(1000 + 30_100)), 0.0);
}

#[test]
fn a_penalty_does_not_return_however_long_nothing_happens() {
    const DAY: u64 = 24 * 3600 * 1000;
    let load = known();
    load.failed(at(1000));
    for days in [1, 20, 26, 27, 40] {
        assert!(load.cost(0, at(days * DAY)) < 0.001, "after {days} days");
    }
}

#[test]
fn a_refusal_keeps_what_is_known_and_attracts_nobody() {
    let load = known();
    for second in 2..60 {
        load.refused(Duration::from_micros(200), 1, at(second * 1000));
    }
    assert_near(load.cost(0, at(59_000)), 0.01);
    let new = Load::default();
    new.refused(Duration::from_micros(200), 1, at(0));
    assert_near(new.cost(0, at(0)), REFUSAL);
}

#[test]
fn silence_counts_from_the_second_request_on_that_goes_unanswered() {
    let load = known();
    // It may be one that takes long.
    load.begun(at(5000));
    assert!(load.cost(1, at(5400)) < 0.02);
    load.begun(at(5500));
    assert_near(load.cost(2, at(5600)), 3.0_f32.sqrt() * 0.1);
    // A further one does not break the silence, but an answer does.
    load.begun(at(5600));
    assert_near(load.cost(2, at(5600)), 3.0_f32.sqrt() * 0.1);
    load.heard(at(5600), at(5600));
    assert!(load.cost(1, at(5600)) < 0.02);
    // Without any, it is not known whether it would respond.
    assert!(load.cost(0, at(9000)) < 0.01);
}

#[test]
fn what_is_given_up_in_silence_is_the_latency_at_least() {
    let load = known();
    load.begun(at(2000));
    load.given_up(ms(1000), 1, at(3000));
    assert_near(load.cost(0, at(3000)), 1.0);
}

#[test]
fn what_is_given_up_while_others_are_answered_is_one_slow_answer() {
    let load = known();
    load.begun(at(2000));
    load.heard(at(2900), at(2900));
    load.given_up(ms(1000), 1, at(3000));
    assert!(load.cost(0, at(3000)) < 0.011);
    // It is only followed after a second one.
    load.given_up(ms(900), 1, at(4000));
    assert_near(load.cost(0, at(4000)), 0.9);
}

#[test]
fn what_is_given_up_sooner_than_an_answer_comes_tells_nothing() {
    let load = known();
    load.heard(at(1000), at(1000));
    load.given_up(ms(5), 1, at(1001));
    load.given_up(ms(5), 1, at(1020));
    assert_near(load.cost(0, at(1020)), 0.01);
}

#[test]
fn a_failure_costs_five_seconds_that_fade_within_eight() {
    let load = known();
    load.failed(at(1000));
    assert_near(load.cost(0, at(1000)), 5.01);
    assert_near(load.cost(1, at(1000)), 2.0_f32.sqrt() * (2.0_f32.sqrt() * 0.01 + 5.0));
    assert_near(load.cost(0, at(2000)), 0.009 + 5.0 / std::f32::consts::E);
    assert!(load.cost(0, at(9500)) < 0.01);
    // A second one costs no more than the first.
    load.failed(at(1000));
    assert_near(load.cost(0, at(1000)), 5.01);
}

#[test]
fn good_answers_take_a_penalty_away() {
    let load = known();
    load.failed(at(1000));
    for (answers, penalty) in [(1, 0.5), (1, 0.05), (1, 0.005), (3, 0.0)] {
        (0..answers).for_each(|_| load.answered(ms(10), 1, at(1000)));
        assert_near(load.cost(0, at(1000)), 0.01 + penalty);
    }
}

#[test]
fn answers_that_are_not_good_leave_it() {
    let load = known();
    load.failed(at(1000));
    load.heard(at(1000), at(1000));
    assert_near(load.cost(0, at(1000)), 5.01);
}

#[test]
fn a_node_that_sheds_load_costs_a_latency_more_each_time() {
    let load = known();
    for refusals in 1..5 {
        load.shed(at(1000));
        assert_near(load.cost(0, at(1000)), 0.01 * (refusals + 1) as f32);
    }
    // A millisecond at least, and no more than a failure at most.
    let unknown = Load::default();
    unknown.shed(at(0));
    assert_near(unknown.cost(0, at(0)), SHED);
    (0..10_000).for_each(|_| load.shed(at(1000)));
    assert_near(load.cost(0, at(1000)), 5.01);
}

#[test]
fn a_node_that_has_returned_is_new() {
    let load = known();
    load.failed(at(1000));
    load.forget();
    assert_eq!(load.cost(0, at(1000)), 0.0);
}

#[test]
fn nothing_overflows_when_the_ticks_do() {
    let wraps = (1_u64 << 52) - 5_000_000;
    let (before, after) = (Moment::from_nanos(wraps), Moment::from_nanos(wraps + (20 << 20)));
    let load = Load::default();
    load.answered(ms(10), 1, before);
    load.answered(ms(10), 1, after);
    assert_near(load.cost(0, after), 0.01);
    // A thread that was overtaken stamps the past.
    load.answered(ms(10), 1, before);
    assert_near(load.cost(0, after), 0.01);
}
