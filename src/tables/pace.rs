//! When a table is looked up again.

use std::time::Duration;

/// How soon again where something has changed or is about to: soon enough to follow tablets that
/// move once a second.
const SOON: Duration = Duration::from_secs(1);

/// How much of the time is spent on lookups, as its inverse: a fiftieth.
const REST: u32 = 50;

/// But a change of the node list, or a request that did not fit, has no table wait for longer than
/// this. Lookups that take as much as a second take a tenth of the time then.
const LONGEST_REST: Duration = Duration::from_secs(10);

/// The first wait after a lookup that failed, and the longest.
const FIRST_RETRY: Duration = Duration::from_millis(100);
const LAST_RETRY: Duration = Duration::from_secs(60);

/// After what needs an administrator to be changed: as long as Alternator's other clients wait.
pub(super) const REFUSED: Duration = Duration::from_secs(300);

/// After there was no such table: it may be created any time, but then its first requests may as
/// well go anywhere.
pub(super) const ABSENT: Duration = Duration::from_secs(30);

/// How often a role that was refused finds out that it is still not to ask. Until then no other
/// role asks either, but a request costs nothing.
pub(super) const PASS: Duration = Duration::from_millis(100);

/// Intervals and waits vary by this part, so that clients that began together do not ask together
/// for ever.
const JITTER: f64 = 0.1;

/// What may be expected of a table that was looked up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Freshness {
    /// It will change soon, or has just changed.
    Moving,
    /// It stays as it is.
    Settled,
    /// The cluster tells nobody where its replicas are.
    Hidden,
    /// Whoever has asked may not know where its replicas are, which is for an administrator to
    /// change.
    Denied,
    /// Not everything could be asked.
    Incomplete,
}

/// What the time until the next lookup depends on.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Timing {
    /// How long this one took.
    pub(crate) took: Duration,
    /// The longest that what it has found is taken for what it was.
    pub(crate) longest: Duration,
    /// At least zero, and below one.
    pub(crate) random: f64,
}

/// The rhythm of one table's lookups.
#[derive(Debug, Default)]
pub(super) struct Pace {
    /// The latest interval; zero before the first.
    interval: Duration,
    /// Lookups in a row that failed.
    failures: u32,
}

impl Pace {
    /// In how long it may be looked up again, and in how long it is to be without any other reason.
    pub(super) fn learned(&mut self, freshness: Freshness, timing: Timing) -> (Duration, Duration) {
        let Timing { longest, random, .. } = timing;
        let (soonest, interval) = match freshness {
            Freshness::Incomplete => {
                let again = self.failed(random);
                return (again, again);
            }
            // To another role, it is what it was.
            Freshness::Denied => return (Duration::ZERO, Duration::ZERO),
            // Doubts will not be settled either.
            Freshness::Hidden => (ABSENT, REFUSED),
            Freshness::Moving => (timing.pause(), SOON.min(longest)),
            Freshness::Settled => {
                let doubled = (self.interval * 2).clamp(SOON.min(longest), longest);
                (timing.pause(), doubled)
            }
        };
        self.failures = 0;
        self.interval = interval.min(longest);
        let due = interval.max(soonest);
        (varied(soonest, random), varied(due, random))
    }

    /// In how long after a lookup that failed.
    pub(super) fn failed(&mut self, random: f64) -> Duration {
        let doubled = FIRST_RETRY * 2_u32.saturating_pow(self.failures.min(16));
        self.failures = self.failures.saturating_add(1);
        varied(doubled.min(LAST_RETRY), random)
    }
}

impl Timing {
    /// The shortest time until the next lookup.
    fn pause(self) -> Duration {
        let rest = self.took.saturating_mul(REST).min(LONGEST_REST);
        rest.max(SOON).min(self.longest)
    }
}

fn varied(wait: Duration, random: f64) -> Duration {
    wait.mul_f64(1.0 + JITTER * (2.0 * random - 1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    const LONGEST: Duration = Duration::from_secs(60);
    const MIDDLE: f64 = 0.5;

    fn timing(took: Duration, longest: Duration, random: f64) -> Timing {
        Timing { took, longest, random }
    }

    /// In how long it is to be looked up again.
    fn due(pace: &mut Pace, freshness: Freshness, longest: Duration, random: f64) -> Duration {
        pace.learned(freshness, timing(Duration::ZERO, longest, random)).1
    }

    #[test]
    fn a_table_that_stays_as_it_is_is_looked_up_less_and_less_often() {
        let mut pace = Pace::default();
        let mut settled = || due(&mut pace, Freshness::Settled, LONGEST, MIDDLE).as_secs();
        assert_eq!([0; 8].map(|_| settled()), [1, 2, 4, 8, 16, 32, 60, 60]);
        assert_eq!(due(&mut pace, Freshness::Moving, LONGEST, MIDDLE), SOON);
        let next = due(&mut pace, Freshness::Settled, LONGEST, MIDDLE);
        assert_eq!(next, 2 * SOON);
    }

    #[test]
    fn an_interval_is_never_longer_than_the_option_says_but_for_its_jitter() {
        let short = Duration::from_millis(300);
        let mut pace = Pace::default();
        for freshness in [Freshness::Moving, Freshness::Settled, Freshness::Settled] {
            assert_eq!(due(&mut pace, freshness, short, MIDDLE), short);
        }
        for (random, expected) in [(0.0, 270), (0.999_999_999, 330)] {
            let wait = due(&mut pace, Freshness::Settled, short, random);
            assert_eq!(wait.as_millis().next_multiple_of(10), expected);
        }
    }

    #[test]
    fn what_nobody_may_know_is_asked_for_late_and_what_a_role_may_not_by_others_at_once() {
        let mut pace = Pace::default();
        let timing = timing(Duration::ZERO, LONGEST, MIDDLE);
        let denied = pace.learned(Freshness::Denied, timing);
        assert_eq!(denied, (Duration::ZERO, Duration::ZERO));
        assert_eq!(pace.learned(Freshness::Hidden, timing).0, ABSENT);
        assert_eq!(due(&mut pace, Freshness::Hidden, LONGEST, MIDDLE), REFUSED);
        assert_eq!(due(&mut pace, Freshness::Moving, LONGEST, MIDDLE), SOON);
    }

    #[test]
    fn failures_in_a_row_wait_longer_each_time_up_to_a_minute() {
        let mut pace = Pace::default();
        let mut waits = [0; 12].map(|_| pace.failed(MIDDLE).as_millis());
        let expected =
            [100, 200, 400, 800, 1600, 3200, 6400, 12_800, 25_600, 51_200, 60_000, 60_000];
        assert_eq!(waits, expected);
        waits.fill_with(|| pace.failed(MIDDLE).as_millis());
        assert_eq!(waits, [60_000; 12]);
        due(&mut pace, Freshness::Settled, LONGEST, MIDDLE);
        assert_eq!(pace.failed(MIDDLE), FIRST_RETRY);
    }

    #[test]
    fn lookups_take_a_fiftieth_of_the_time_at_most() {
        let pause =
            |millis, longest| timing(Duration::from_millis(millis), longest, MIDDLE).pause();
        assert_eq!(pause(3, LONGEST), SOON);
        assert_eq!(pause(100, LONGEST), Duration::from_secs(5));
    }

    #[test]
    fn a_slow_lookup_does_not_put_off_the_next_for_long() {
        let short = Duration::from_millis(300);
        for millis in [201, 8000, u64::MAX] {
            let took = Duration::from_millis(millis);
            let pause = |longest| timing(took, longest, MIDDLE).pause();
            assert_eq!(pause(LONGEST), LONGEST_REST);
            assert_eq!(pause(short), short);
        }
        let pause = timing(Duration::ZERO, short, MIDDLE).pause();
        assert_eq!(pause, short);
    }
}
