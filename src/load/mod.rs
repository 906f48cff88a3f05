//! How loaded a node is: what its answers took lately, and what is waiting for one.
//!
//! A latency is measured under the load of its time, and requests that share a node slow each other down. How much is unknown:
//! by nothing where the node has capacity to spare, and in proportion where it has none. The middle is taken: a latency is
//! divided by the square root of the requests that shared it, and multiplied by that of those that would share it now. So a
//! crowd at a fast node does not make an empty slow one look better than it is.
//!
//! Only what was answered well is a latency. Silence counts all the same: while requests are in flight, the latency is at least
//! the time since the node gave its last answer. What fails adds a penalty, which fades faster than the estimate.

mod fading;
mod peak_ewma;

use std::time::Duration;

use fading::{Fading, Ticks};
use peak_ewma::PeakEwma;

use crate::moment::Moment;
use crate::sync::atomic::{AtomicU32, AtomicU64, Ordering::Relaxed};

/// What a failure adds to the latency, in seconds: linkerd's default. Far above any latency that a user would accept, so that
/// nodes which answer are preferred, and finite, so that nodes which all fail are still told apart by their load.
const PENALTY: f32 = 5.0;

/// The time constant of a penalty. After eight seconds it is below a fast answer's latency.
const FORGIVENESS: Ticks = Ticks::of(Duration::from_secs(1));

/// What an answer that is well leaves of a penalty. One failure among many such answers tells of its request and not of the
/// node: without this, one request a second that fails wherever it is sent keeps most of nine nodes from having their share, and
/// at 0.6 of their capacity the slowest hundredth of all requests takes 21 ms rather than 4.8 ms, in `tests/simulator`.
const MENDED: f32 = 0.1;

/// The latency of a node that has not answered yet, in seconds, while it has requests in flight. Without any it costs nothing:
/// so a new node gets one request to be measured by, and more when that is answered.
const UNKNOWN: f32 = 1.0;

/// The least that an answer to a refused request is taken for, in seconds, where nothing else is known of a node: longer than most
/// answers take, so that a node which refuses everything attracts nobody.
const REFUSAL: f32 = 0.01;

/// What a node that sheds load is taken to be slower by, in seconds, at least.
const SHED: f32 = 0.001;

/// The load of one node.
#[derive(Debug, Default)]
pub(crate) struct Load {
    /// The latency of a request that has the node for itself.
    latency: PeakEwma,
    penalty: Fading,
    /// When the node last answered.
    heard: AtomicU64,
    /// Requests that were begun since.
    unanswered: AtomicU32,
    /// When the second of them was.
    silent: AtomicU64,
}

impl Load {
    /// Says that a request was given to the node.
    pub(crate) fn begun(&self, now: Moment) {
        // One may be a long request, and says nothing. Another one tells whether the node is alive.
        if self.unanswered.fetch_add(1, Relaxed) == 1 {
            self.silent.store(now.as_nanos(), Relaxed);
        }
    }

    /// Says that the node answered a request that was begun then, whatever it was.
    pub(crate) fn heard(&self, begun: Moment, now: Moment) {
        self.heard.store(now.as_nanos(), Relaxed);
        // An answer to an older request says nothing of those that wait since.
        if begun.as_nanos() >= self.silent.load(Relaxed) {
            self.unanswered.store(0, Relaxed);
        }
    }

    /// Says that the node did, within `latency`, what was asked, by a request that was one of `sharing` on the node.
    pub(crate) fn answered(&self, latency: Duration, sharing: usize, now: Moment) {
        self.heard(now.before(latency), now);
        self.latency
            .observe(alone(latency, sharing), latency.as_secs_f32(), now);
        let penalty = self.penalty.at(now, FORGIVENESS) * MENDED;
        match penalty > f32::EPSILON {
            true => self.penalty.store(penalty, now),
            false => self.penalty.set_to_nothing(),
        }
    }

    /// Says that the node refused, within `latency`, to do what was asked, for a reason of the request's own. That tells little of
    /// what it takes to do something, and must not make the node look fast.
    pub(crate) fn refused(&self, latency: Duration, sharing: usize, now: Moment) {
        self.latency.hold(alone(latency, sharing).max(REFUSAL), now);
    }

    /// Says that a request was given up after it had waited this long: an answer would have taken longer. It tells of the node
    /// if that was silent all the while, and else perhaps of the request alone.
    pub(crate) fn given_up(&self, waited: Duration, sharing: usize, now: Moment) {
        let latency = alone(waited, sharing);
        if self.silence(now) >= waited {
            self.latency.raise(latency, now);
        } else if latency > self.latency.at(now) {
            self.latency.observe(latency, waited.as_secs_f32(), now);
        }
    }

    /// Says that the node failed a request.
    pub(crate) fn failed(&self, now: Moment) {
        self.penalty.store(PENALTY, now);
    }

    /// Says that the node sheds load: it costs one latency more for each request that it refused lately.
    pub(crate) fn shed(&self, now: Moment) {
        let latency = self.latency.at(now).max(SHED);
        let penalty = self.penalty.at(now, FORGIVENESS) + latency;
        self.penalty.store(penalty.min(PENALTY), now);
    }

    /// Forgets everything, as of a node that has returned.
    pub(crate) fn forget(&self) {
        self.latency.forget();
        self.penalty.set_to_nothing();
        self.unanswered.store(0, Relaxed);
    }

    /// What one more request would cost on the node, beside `in_flight` others: in seconds, the latency to be expected times the
    /// slowdown of those that share it, itself included.
    pub(crate) fn cost(&self, in_flight: usize, now: Moment) -> f32 {
        let slowdown = slowdown(in_flight + 1);
        let mut latency = self.latency.at(now);
        if in_flight > 0 {
            if latency == 0.0 {
                latency = UNKNOWN;
            }
            latency = (latency * slowdown).max(self.seconds_silent(now));
        }
        (latency + self.penalty.at(now, FORGIVENESS)) * slowdown
    }

    /// The latency to be expected of a request beside `in_flight` others, if anything is known of it.
    pub(crate) fn latency(&self, in_flight: usize, now: Moment) -> Option<Duration> {
        let latency = self.latency.at(now) * slowdown(in_flight + 1);
        (latency > 0.0).then(|| Duration::from_secs_f32(latency))
    }

    /// How long ago the node last answered.
    pub(crate) fn silence(&self, now: Moment) -> Duration {
        now.since(Moment::from_nanos(self.heard.load(Relaxed)))
    }

    /// How long requests have gone unanswered, beyond a single one.
    fn seconds_silent(&self, now: Moment) -> f32 {
        if self.unanswered.load(Relaxed) < 2 {
            return 0.0;
        }
        now.seconds_since(Moment::from_nanos(self.silent.load(Relaxed)))
    }
}

/// How much slower a request is than alone, where so many share a node.
fn slowdown(sharing: usize) -> f32 {
    (sharing as f32).sqrt()
}

/// The latency, in seconds, that a request would have had alone.
fn alone(latency: Duration, sharing: usize) -> f32 {
    latency.as_secs_f32() / slowdown(sharing.max(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: Moment = Moment::from_nanos(1_000_000_000_000);

    fn ms(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    fn at(millis: u64) -> Moment {
        START.after(ms(millis))
    }

    /// Requests one after the other that each took so many milliseconds, from `from` on; answers when the last ended.
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
        assert!(
            (value / expected - 1.0).abs() < 0.02,
            "{value} instead of {expected}"
        );
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
            assert_near(
                load.cost(in_flight, at(1000)),
                0.01 * (in_flight + 1) as f32,
            );
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
        // Without any, nobody knows what it would do.
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
        // It takes a second one to be believed.
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
        assert_near(
            load.cost(1, at(1000)),
            2.0_f32.sqrt() * (2.0_f32.sqrt() * 0.01 + 5.0),
        );
        assert_near(load.cost(0, at(2000)), 0.009 + 5.0 / std::f32::consts::E);
        assert!(load.cost(0, at(9500)) < 0.01);
        // A second one is no dearer than the first.
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
        let (before, after) = (
            Moment::from_nanos(wraps),
            Moment::from_nanos(wraps + (20 << 20)),
        );
        let load = Load::default();
        load.answered(ms(10), 1, before);
        load.answered(ms(10), 1, after);
        assert_near(load.cost(0, after), 0.01);
        // A thread that was overtaken stamps the past.
        load.answered(ms(10), 1, before);
        assert_near(load.cost(0, after), 0.01);
    }
}
