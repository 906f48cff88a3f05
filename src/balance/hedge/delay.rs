//! The delay after which a read is unusually slow: the 95th percentile of the latest latencies.
//!
//! It is taken from the latencies themselves. An estimate that only steps up or down with each
//! response needs some 2,000 of them to follow a latency that has fallen to a tenth, if its steps
//! are to be small enough to hold still; the window below needs as many as it is long.

use std::fmt;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering::Relaxed};
use std::time::Duration;

/// Size of the window, in responses. The p95 of 512 exponential latencies is within a fifth of the
/// true one in 99 of 100 cases, and a change is fully seen after 512 responses.
const WINDOW: usize = 512;

/// Responses between two evaluations of the window, and before the first: the minimum for a p95,
/// with three of them above it.
const REFRESH: usize = 64;

/// Minimum delay, in microseconds: finagle's. Below it, timers and threads take longer than nodes.
const FLOOR: u32 = 1_000;

pub(super) struct Delay {
    /// The latest latencies in microseconds, the oldest of which is overwritten next.
    latest: [AtomicU32; WINDOW],
    seen: AtomicU64,
    /// In microseconds; zero until there were enough responses.
    p95: AtomicU32,
}

impl Delay {
    pub(super) fn new() -> Self {
        Self {
            latest: [const { AtomicU32::new(0) }; WINDOW],
            seen: AtomicU64::new(0),
            p95: AtomicU32::new(0),
        }
    }

    /// `None` until there were enough responses.
    pub(super) fn get(&self) -> Option<Duration> {
        match self.p95.load(Relaxed) {
            0 => None,
            micros => Some(Duration::from_micros(micros.into())),
        }
    }

    pub(super) fn observe(&self, latency: Duration) {
        let micros = u32::try_from(latency.as_micros()).unwrap_or(u32::MAX);
        let before = self.seen.fetch_add(1, Relaxed) as usize;
        self.latest[before % WINDOW].store(micros, Relaxed);
        let seen = before + 1;
        if seen.is_multiple_of(REFRESH) {
            self.refresh(seen.min(WINDOW));
        }
    }

    /// Evaluates the first `known` entries: all, except in a new window. Another thread may be
    /// about to overwrite one of them; a single old latency makes no difference.
    fn refresh(&self, known: usize) {
        let mut copy = [0; WINDOW];
        let latest = &mut copy[..known];
        for (latency, place) in latest.iter_mut().zip(&self.latest) {
            *latency = place.load(Relaxed);
        }
        let (_, p95, _) = latest.select_nth_unstable(known * 95 / 100);
        self.p95.store((*p95).max(FLOOR), Relaxed);
    }
}

impl fmt::Debug for Delay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Delay").field(&self.get()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    fn exponential(random: &mut fastrand::Rng) -> f64 {
        -(1.0 - random.f64()).ln()
    }

    fn normal(random: &mut fastrand::Rng) -> f64 {
        (2.0 * exponential(random)).sqrt() * (std::f64::consts::TAU * random.f64()).cos()
    }

    /// Latencies in milliseconds, and the true p95.
    type Latencies = (&'static str, fn(&mut fastrand::Rng) -> f64, f64);

    const SHAPES: [Latencies; 4] = [
        ("exponential", |r| 2.0 * exponential(r), 5.991),
        ("log-normal", |r| 2.0 * normal(r).exp(), 10.361),
        // The p95 is the median of the slow ones.
        (
            "bimodal, one in ten slow",
            |r| if r.f64() < 0.9 { 2.0 } else { 20.0 } * (0.3 * normal(r)).exp(),
            20.0,
        ),
        // The p95 is the 0.9694th quantile of the fast ones, 1.872 standard deviations above their
        // median.
        (
            "bimodal, one in fifty slow",
            |r| if r.f64() < 0.98 { 2.0 } else { 100.0 } * (0.3 * normal(r)).exp(),
            3.507,
        ),
    ];

    /// The delay divided by the true p95, once per window, in ascending order.
    fn ratios(p95: f64, mut next: impl FnMut(&Delay) -> f64) -> Vec<f64> {
        let delay = Delay::new();
        let window = |_| {
            for _ in 0..WINDOW {
                delay.observe(MS.mul_f64(next(&delay)));
            }
            delay.get().unwrap().as_secs_f64() * 1e3 / p95
        };
        let mut ratios: Vec<_> = (0..200).map(window).collect();
        ratios.sort_by(f64::total_cmp);
        ratios
    }

    /// Nine in ten within a fifth, none off by half, and no bias.
    fn assert_close(shape: &str, ratios: &[f64]) {
        let summary = [0, 10, 100, 189, 199].map(|at| ratios[at]);
        let [lowest, low, median, high, highest] = summary;
        assert!(
            lowest > 0.66
                && low > 0.8
                && (0.95..1.05).contains(&median)
                && high < 1.2
                && highest < 1.5,
            "{shape}: {summary:?}"
        );
    }

    fn observe(delay: &Delay, latency: Duration, times: usize) {
        for _ in 0..times {
            delay.observe(latency);
        }
    }

    #[test]
    fn it_is_what_at_most_one_in_twenty_of_the_latest_exceed() {
        let random = &mut fastrand::Rng::with_seed(7);
        let delay = Delay::new();
        let mut seen = Vec::new();
        let mut expected = None;
        for _ in 0..50 * WINDOW {
            let micros = random.u64(1_000..1_000_000);
            seen.push(micros);
            delay.observe(Duration::from_micros(micros));
            if seen.len() % REFRESH == 0 {
                let mut latest = seen[seen.len().saturating_sub(WINDOW)..].to_vec();
                latest.sort_unstable();
                expected = Some(Duration::from_micros(latest[latest.len() * 95 / 100]));
            }
            assert_eq!(delay.get(), expected, "after {}", seen.len());
        }
    }

    #[test]
    fn nothing_is_known_before_enough_answers() {
        let delay = Delay::new();
        observe(&delay, MS, REFRESH - 1);
        assert_eq!(delay.get(), None);
        observe(&delay, MS, 1);
        assert_eq!(delay.get(), Some(MS));
    }

    #[test]
    fn it_is_never_below_a_millisecond_and_bears_every_latency() {
        for (latency, expected) in [
            (Duration::ZERO, MS),
            (MS / 3, MS),
            (2 * MS, 2 * MS),
            (Duration::MAX, Duration::from_micros(u32::MAX.into())),
        ] {
            let delay = Delay::new();
            observe(&delay, latency, WINDOW);
            assert_eq!(delay.get(), Some(expected));
        }
    }

    #[test]
    fn it_is_close_to_the_true_p95() {
        for (shape, latency, p95) in SHAPES {
            let random = &mut fastrand::Rng::with_seed(7);
            assert_close(shape, &ratios(p95, |_| latency(random)));
        }
    }

    #[test]
    fn reads_that_their_hedge_overtook_do_not_shift_it() {
        for (shape, latency, p95) in SHAPES {
            let random = &mut fastrand::Rng::with_seed(7);
            // The hedge begins after the delay; that is all that is known of the first attempt.
            let hedged = |delay: &Delay| {
                let due = delay.get().map_or(f64::MAX, |d| d.as_secs_f64() * 1e3);
                latency(random).min(due + latency(random))
            };
            assert_close(shape, &ratios(p95, hedged));
        }
    }

    #[test]
    fn it_follows_a_rise_within_two_looks_and_a_fall_within_a_window_and_one() {
        // The change comes right after an evaluation, or in between.
        for offset in [0, 1, REFRESH / 2, REFRESH - 1] {
            let delay = Delay::new();
            observe(&delay, 2 * MS, 2 * WINDOW + offset);
            observe(&delay, 100 * MS, 2 * REFRESH);
            assert_eq!(delay.get(), Some(100 * MS));
            observe(&delay, 100 * MS, WINDOW);
            observe(&delay, 2 * MS, WINDOW + REFRESH);
            assert_eq!(delay.get(), Some(2 * MS));
        }
    }
}
