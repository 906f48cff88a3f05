//! How often a table is looked up.
//!
//! Lookups are rare while nothing changes, frequent while tablets move, and back off after
//! failures. Their rate is limited in any case, as each reads all tablets of the table from one
//! node.

use std::time::Duration;

/// Delay until the next lookup of a table that has changed, or is about to. Short enough to follow
/// tablets that move once a second.
const SOON: Duration = Duration::from_secs(1);

/// Minimum delay after a lookup, as a multiple of the time that it took: a fiftieth of the time is
/// spent on lookups at most.
const REST: u32 = 50;

/// Maximum of that delay, so that a change of the node list, or a response that does not match what
/// is known, is followed in time. Lookups that take a second then take a tenth of the time.
const MAX_REST: Duration = Duration::from_secs(10);

/// Delay after the first lookup that failed. It doubles with each further failure.
const MIN_BACKOFF: Duration = Duration::from_millis(100);

/// Maximum delay after lookups that failed.
const MAX_BACKOFF: Duration = Duration::from_secs(60);

/// Delay after a lookup that was denied, which takes an administrator to change: as long as
/// Alternator's other clients wait.
pub(super) const DENIED: Duration = Duration::from_secs(300);

/// Delay after a lookup of a missing table. It may be created at any time; until then its requests
/// can go to any node.
pub(super) const MISSING: Duration = Duration::from_secs(30);

/// Delay between two checks of whether a denied role may look again. Other roles wait as long, too,
/// which keeps requests of denied roles from taking the lock each time.
pub(super) const DENIED_CHECK: Duration = Duration::from_millis(100);

/// Part by which delays vary, so that clients that started together do not stay synchronized.
const JITTER: f64 = 0.1;

/// How the result of a lookup is expected to change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Freshness {
    /// The table will change soon, or has just changed.
    Moving,
    /// The table has not changed.
    Settled,
    /// The cluster does not expose where the table's replicas are, to any role.
    Hidden,
    /// The role may not read where the replicas are. Only an administrator can change that.
    Denied,
    /// Part of the lookup failed.
    Incomplete,
}

/// What the delay until the next lookup depends on.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Timing {
    /// Duration of this lookup.
    pub(crate) took: Duration,
    /// Maximum age of a lookup's result.
    pub(crate) max_age: Duration,
    /// From zero to one, exclusive.
    pub(crate) random: f64,
}

/// The delays between one table's lookups.
#[derive(Debug, Default)]
pub(super) struct Pace {
    /// The latest interval; zero before the first.
    interval: Duration,
    /// Consecutive lookups that failed.
    failures: u32,
}

impl Pace {
    /// Returns the delays after a lookup that succeeded: until the next one is allowed, and until
    /// it is due without any other reason.
    pub(super) fn succeeded(
        &mut self,
        freshness: Freshness,
        timing: Timing,
    ) -> (Duration, Duration) {
        let Timing { max_age, random, .. } = timing;
        let (soonest, interval) = match freshness {
            Freshness::Incomplete => {
                let delay = self.failed(random);
                return (delay, delay);
            }
            // Another role may look at once.
            Freshness::Denied => return (Duration::ZERO, Duration::ZERO),
            // Replicas stay hidden, so a mismatch is no reason to look again at once.
            Freshness::Hidden => (MISSING, DENIED),
            Freshness::Moving => (timing.rest(), SOON.min(max_age)),
            Freshness::Settled => {
                let doubled = (self.interval * 2).clamp(SOON.min(max_age), max_age);
                (timing.rest(), doubled)
            }
        };
        self.failures = 0;
        self.interval = interval.min(max_age);
        let due = interval.max(soonest);
        (with_jitter(soonest, random), with_jitter(due, random))
    }

    /// Returns the delay after a lookup that failed.
    pub(super) fn failed(&mut self, random: f64) -> Duration {
        let backoff = MIN_BACKOFF * 2_u32.saturating_pow(self.failures.min(16));
        self.failures = self.failures.saturating_add(1);
        with_jitter(backoff.min(MAX_BACKOFF), random)
    }
}

impl Timing {
    /// Returns the minimum delay until the next lookup.
    fn rest(self) -> Duration {
        let rest = self.took.saturating_mul(REST).min(MAX_REST);
        rest.max(SOON).min(self.max_age)
    }
}

fn with_jitter(delay: Duration, random: f64) -> Duration {
    delay.mul_f64(1.0 + JITTER * (2.0 * random - 1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    const MAX_AGE: Duration = Duration::from_secs(60);
    const MIDDLE: f64 = 0.5;

    fn timing(took: Duration, max_age: Duration, random: f64) -> Timing {
        Timing { took, max_age, random }
    }

    /// Returns the delay until the table is due after a lookup.
    fn due(pace: &mut Pace, freshness: Freshness, max_age: Duration, random: f64) -> Duration {
        pace.succeeded(freshness, timing(Duration::ZERO, max_age, random)).1
    }

    #[test]
    fn a_table_that_stays_as_it_is_is_looked_up_less_and_less_often() {
        let mut pace = Pace::default();
        let mut settled = || due(&mut pace, Freshness::Settled, MAX_AGE, MIDDLE).as_secs();
        assert_eq!([0; 8].map(|_| settled()), [1, 2, 4, 8, 16, 32, 60, 60]);
        assert_eq!(due(&mut pace, Freshness::Moving, MAX_AGE, MIDDLE), SOON);
        let next = due(&mut pace, Freshness::Settled, MAX_AGE, MIDDLE);
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
        let timing = timing(Duration::ZERO, MAX_AGE, MIDDLE);
        let denied = pace.succeeded(Freshness::Denied, timing);
        assert_eq!(denied, (Duration::ZERO, Duration::ZERO));
        assert_eq!(pace.succeeded(Freshness::Hidden, timing).0, MISSING);
        assert_eq!(due(&mut pace, Freshness::Hidden, MAX_AGE, MIDDLE), DENIED);
        assert_eq!(due(&mut pace, Freshness::Moving, MAX_AGE, MIDDLE), SOON);
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
        due(&mut pace, Freshness::Settled, MAX_AGE, MIDDLE);
        assert_eq!(pace.failed(MIDDLE), MIN_BACKOFF);
    }

    #[test]
    fn lookups_take_a_fiftieth_of_the_time_at_most() {
        let rest = |millis, max_age| timing(Duration::from_millis(millis), max_age, MIDDLE).rest();
        assert_eq!(rest(3, MAX_AGE), SOON);
        assert_eq!(rest(100, MAX_AGE), Duration::from_secs(5));
    }

    #[test]
    fn a_slow_lookup_does_not_put_off_the_next_for_long() {
        let short = Duration::from_millis(300);
        for millis in [201, 8000, u64::MAX] {
            let took = Duration::from_millis(millis);
            let rest = |max_age| timing(took, max_age, MIDDLE).rest();
            assert_eq!(rest(MAX_AGE), MAX_REST);
            assert_eq!(rest(short), short);
        }
        let rest = timing(Duration::ZERO, short, MIDDLE).rest();
        assert_eq!(rest, short);
    }
}
