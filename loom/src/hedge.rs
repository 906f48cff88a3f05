//! The budget for hedges, which every read pays into.

#[path = "../../src/balance/hedge/budget.rs"]
#[allow(dead_code)]
mod budget;

use loom::sync::Arc;

use crate::side_by_side;
use budget::Budget;

#[test]
fn one_hedge_is_taken_once() {
    loom::model(|| {
        let budget = Arc::new(Budget::new(1.0));
        budget.deposit();
        let copy = Arc::clone(&budget);
        let (one, other) = side_by_side(|| budget.try_withdraw(), move || copy.try_withdraw());
        assert!(one != other);
    });
}

#[test]
fn what_two_reads_pay_is_there_in_the_end() {
    loom::model(|| {
        let budget = Arc::new(Budget::new(0.5));
        let copy = Arc::clone(&budget);
        side_by_side(|| budget.deposit(), move || copy.deposit());
        assert!(budget.try_withdraw());
        assert!(!budget.try_withdraw());
    });
}

#[test]
fn a_hedge_is_never_taken_before_it_was_paid() {
    loom::model(|| {
        let budget = Arc::new(Budget::new(1.0));
        let copy = Arc::clone(&budget);
        let ((), early) = side_by_side(|| budget.deposit(), move || copy.try_withdraw());
        assert_eq!(budget.try_withdraw(), !early);
    });
}
