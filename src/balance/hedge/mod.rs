//! When a read that waits for its response is sent to a second node as well.
//!
//! One slow response among many is usually due to the node and not to the request, and another node
//! responds sooner. Only reads are hedged, only those that wait unusually long, and only as many as
//! the budget pays for. Nothing here reads a clock or sends anything; the balancer does.

mod budget;
mod delay;
mod hedging;

use std::time::Duration;

use crate::dynamodb::read::Read;
use budget::Budget;
use delay::Delay;
pub use hedging::Hedging;
pub(crate) use hedging::When;

/// The hedging state shared by all reads of a connector.
#[derive(Debug)]
pub(crate) struct Hedger {
    due: Due,
    budget: Budget,
}

#[derive(Debug)]
enum Due {
    After(Duration),
    /// One for each kind of read.
    Observed(Box<[Delay]>),
}

impl Hedger {
    pub(crate) fn new(hedging: &Hedging) -> Self {
        Self {
            due: match hedging.when {
                When::After(delay) => Due::After(delay),
                When::P95 => Due::Observed((0..Read::KINDS).map(|_| Delay::new()).collect()),
            },
            budget: Budget::new(hedging.budget),
        }
    }

    /// Returns the delay after which to hedge a read that begins now, if it is known. Called once
    /// for each read, as each pays into the budget.
    pub(crate) fn due(&self, read: Read) -> Option<Duration> {
        self.budget.deposit();
        match &self.due {
            Due::After(delay) => Some(*delay),
            Due::Observed(delays) => delays[read.0].get(),
        }
    }

    /// Takes one hedge from the budget. A read that gets none may ask again after another delay:
    /// while more reads are due than the budget pays for, the slowest ask most often and get
    /// theirs.
    pub(crate) fn allow(&self) -> bool {
        self.budget.try_withdraw()
    }

    /// Records the latency of a read's first attempt, from the start of its delay to its response
    /// or to that of the hedge which overtook it, as it was slower than that, and so than the
    /// delay. Errors are not recorded, as they are not latencies, and neither is the latency of the
    /// hedge itself.
    pub(crate) fn observe(&self, read: Read, elapsed: Duration) {
        match &self.due {
            Due::After(_) => {}
            Due::Observed(delays) => delays[read.0].observe(elapsed),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::budget::BURST;
    use super::*;

    const MS: Duration = Duration::from_millis(1);
    const GET: Read = Read(0);
    const QUERY: Read = Read(1);

    /// Returns how many hedges the budget pays for now.
    fn drain(budget: &Budget) -> u32 {
        std::iter::repeat_with(|| budget.try_withdraw()).take_while(|allowed| *allowed).count()
            as u32
    }

    #[test]
    fn hedges_are_exactly_their_share_of_the_reads() {
        for (share, reads, hedges) in [
            (0.05, 19, 0),
            (0.05, 20, 1),
            (0.05, 1000, 50),
            (0.02, 1000, 20),
            (0.07, 1000, 70),
            (0.3, 1000, 300),
            (1.0, 1000, 1000),
            (0.000_001, 999_999, 0),
            (0.000_001, 1_000_000, 1),
        ] {
            let budget = Budget::new(share);
            let paid = (0..reads).map(|_| {
                budget.deposit();
                drain(&budget)
            });
            assert_eq!(paid.sum::<u32>(), hedges, "{share} of {reads}");
        }
    }

    #[test]
    fn a_calm_time_saves_up_no_more_than_the_burst() {
        for share in [0.05, 0.3, 1.0] {
            let budget = Budget::new(share);
            (0..100_000).for_each(|_| budget.deposit());
            assert_eq!(drain(&budget), BURST);
        }
    }

    proptest! {
        #[test]
        fn no_sequence_of_reads_and_hedges_exceeds_the_budget(
            share in 1..=1_000_000_u64,
            // Reads, and then as many tries of a hedge: often few, so that the bucket is seen at
            // every level.
            steps in proptest::collection::vec(
                (prop_oneof![0..5_u64, 0..500_u64], prop_oneof![0..5_u64, 0..50_u64]),
                1..50,
            ),
        ) {
            let budget = Budget::new(share as f64 / 1e6);
            let (mut reads, mut hedges) = (0, 0);
            // Hedges that the reads so far have not paid for; its maximum so far bounds what any
            // stretch can use.
            let mut least = 0;
            for (new, wanted) in steps {
                (0..new).for_each(|_| budget.deposit());
                reads += new;
                hedges += (0..wanted).filter(|_| budget.try_withdraw()).count() as u64;
                prop_assert!(hedges * 1_000_000 <= share * reads);
                let overdraft = (hedges * 1_000_000) as i64 - (share * reads) as i64;
                least = least.min(overdraft);
                prop_assert!(overdraft - least <= i64::from(BURST) * 1_000_000);
            }
        }
    }

    #[test]
    fn threads_neither_lose_nor_gain_a_hedge() {
        const THREADS: u32 = 4;
        const READS: u32 = 2_000_000;
        let budget = Budget::new(0.05);
        let start = std::sync::Barrier::new(THREADS as usize);
        // After each thread's turn the bucket is too empty to overflow, so every payment counts.
        let turn = || {
            budget.deposit();
            budget.try_withdraw()
        };
        let hedges: u32 = std::thread::scope(|scope| {
            let count = || {
                start.wait();
                (0..READS).filter(|_| turn()).count() as u32
            };
            let threads = [(); THREADS as usize].map(|()| scope.spawn(count));
            threads.map(|t| t.join().unwrap()).iter().sum()
        });
        assert_eq!(hedges + drain(&budget), THREADS * READS / 20);
    }

    #[test]
    fn a_fixed_delay_holds_for_every_read_at_once() {
        let hedger = Hedger::new(&Hedging::after(7 * MS));
        hedger.observe(GET, 100 * MS);
        assert_eq!(hedger.due(GET), Some(7 * MS));
        assert_eq!(hedger.due(QUERY), Some(7 * MS));
    }

    #[test]
    fn each_kind_of_read_has_its_own_delay() {
        let hedger = Hedger::new(&Hedging::p95());
        assert_eq!(hedger.due(GET), None);
        (0..1000).for_each(|_| hedger.observe(GET, 2 * MS));
        assert_eq!(hedger.due(GET), Some(2 * MS));
        assert_eq!(hedger.due(QUERY), None);
        (0..1000).for_each(|_| hedger.observe(QUERY, 30 * MS));
        assert_eq!(hedger.due(QUERY), Some(30 * MS));
        assert_eq!(hedger.due(GET), Some(2 * MS));
    }

    #[test]
    fn a_read_pays_for_hedges_before_its_delay_is_known() {
        let hedger = Hedger::new(&Hedging::p95());
        assert!((0..20).all(|_| !hedger.allow() && hedger.due(GET).is_none()));
        assert!(hedger.allow() && !hedger.allow());
    }

    #[test]
    fn a_read_costs_no_allocation() {
        let hedger = Hedger::new(&Hedging::p95());
        let counted = allocation_counter::measure(|| {
            for _ in 0..10_000 {
                hedger.due(GET);
                hedger.allow();
                hedger.observe(GET, MS);
            }
        });
        assert_eq!(counted.count_total, 0);
    }
}
