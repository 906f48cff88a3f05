//! A node's load, which every request that ends changes.

#[path = "../../src/balance/load/fading.rs"]
#[allow(dead_code)]
mod fading;
#[path = "../../src/balance/load/peak_ewma.rs"]
#[allow(dead_code)]
mod peak_ewma;

use std::time::Duration;

use loom::sync::Arc;

use crate::balance::moment::Moment;
use crate::side_by_side;
use fading::{Fading, Ticks};
use peak_ewma::PeakEwma;

fn at(seconds: u64) -> Moment {
    Moment::default().after(Duration::from_secs(1000 + seconds))
}

#[test]
fn a_value_belongs_to_its_own_time() {
    loom::model(|| {
        let fading = Arc::new(Fading::default());
        let [early, late] = [(); 2].map(|()| Arc::clone(&fading));
        let early = loom::thread::spawn(move || early.store(1.0, at(1)));
        let late = loom::thread::spawn(move || late.store(2.0, at(2)));
        let (value, stamp) = fading.load();
        let is_late = stamp.until(at(2)) == Ticks::NONE;
        match value {
            0.0 => assert_eq!(stamp, Ticks::NONE),
            1.0 => assert!(!is_late),
            2.0 => assert!(is_late),
            other => panic!("nobody has written {other}"),
        }
        early.join().unwrap();
        late.join().unwrap();
        assert!(fading.load().0 > 0.0);
    });
}

#[test]
fn two_answers_at_once_leave_what_one_of_them_says() {
    loom::model(|| {
        let latency = Arc::new(PeakEwma::default());
        latency.observe(0.010, 0.010, at(0));
        let copy = Arc::clone(&latency);
        side_by_side(
            || latency.observe(0.030, 0.030, at(1)),
            move || copy.observe(0.020, 0.020, at(1)),
        );
        // Neither is a peak by itself; the second may be, as far as the first confirms it.
        let estimate = latency.at(at(1));
        assert!((0.009..=0.0201).contains(&estimate), "{estimate}");
    });
}

#[test]
fn the_first_answers_make_an_estimate_in_any_order() {
    loom::model(|| {
        let latency = Arc::new(PeakEwma::default());
        let copy = Arc::clone(&latency);
        side_by_side(
            || latency.observe(0.030, 0.030, at(1)),
            move || copy.observe(0.020, 0.020, at(1)),
        );
        let estimate = latency.at(at(1));
        assert!((0.0199..=0.0301).contains(&estimate), "{estimate}");
    });
}
