//! The subjects of scans.

use aws_sdk_dynamodb::operation::scan::ScanInput;
use aws_sdk_dynamodb::operation::scan::builders::ScanInputBuilder;
use aws_smithy_runtime_api::client::interceptors::context::Input;
use proptest::prelude::*;

use super::Verdict::{Nowhere, Read};
use super::{A, Routers, item, key, text};
use crate::dynamodb_config::subject::scan::start_of;
use crate::keys::key::Token;

fn scan() -> ScanInputBuilder {
    ScanInput::builder().table_name("texts")
}

fn segment(segment: i32, total: i32) -> ScanInputBuilder {
    scan().segment(segment).total_segments(total)
}

#[test]
fn a_page_belongs_to_the_key_that_it_starts_after() {
    let routers = Routers::new();
    let of = |scan: ScanInputBuilder| scan.set_exclusive_start_key(Some(key())).build().unwrap();
    routers.check("unsegmented", of(scan()), Read, &[A]);
    routers.check("segmented", of(segment(1, 4)), Read, &[A]);
}

#[test]
fn the_first_page_of_a_segment_belongs_to_where_the_segment_starts() {
    let routers = Routers::new();
    let strange = item([("sk", text("a"))]);
    for (i, n) in [(0, 2), (1, 2), (3, 4), (999_999, 1_000_000)] {
        for start_key in [None, Some(strange.clone())] {
            let scan = segment(i, n).set_exclusive_start_key(start_key);
            let (verdict, partitions) = routers.classify(&Input::erase(scan.build().unwrap()));
            assert_eq!((verdict, partitions.len()), (Read, 1));
            assert_eq!(partitions[0].token, start_of(i, n));
            assert_eq!(partitions[0].hash, 0);
        }
    }
}

#[test]
fn the_first_page_of_a_table_belongs_nowhere() {
    let routers = Routers::new();
    let rows = [
        ("whole table", scan()),
        ("one segment", segment(0, 1)),
        ("no total", scan().segment(0)),
        ("no segment", scan().total_segments(4)),
        ("segment beyond", segment(4, 4)),
        ("negative segment", segment(-1, 4)),
        ("no segments", segment(0, 0)),
        ("negative segments", segment(0, -4)),
        ("incomplete start", scan().set_exclusive_start_key(Some(item([("sk", text("a"))])))),
        ("index", segment(1, 4).index_name("by_time")),
    ];
    for (what, scan) in rows {
        routers.check(what, scan.build().unwrap(), Nowhere, &[]);
    }
}

#[test]
fn a_segment_that_is_a_tablet_belongs_to_that_tablet() {
    // A tablet of 2^k ends at the token before the next multiple of 2^(64 - k).
    for k in 1..20 {
        let total = 1 << k;
        for i in [0, 1, total / 2, total - 1] {
            let length = 1_i128 << (64 - k);
            let first = i128::from(i64::MIN) + i128::from(i) * length;
            let token = i128::from(start_of(i, total).unwrap().0);
            assert!(first <= token && token - first < i128::from(total) + 1, "{i} of {total}");
        }
    }
}

proptest! {
    #[test]
    fn segments_start_in_their_order_and_within_themselves(total in 2..1_000_000, part in 0.0..1.0) {
        let segment = (f64::from(total) * part) as i32;
        let start = |segment: i32| {
            let length = u64::MAX / total as u64;
            i128::from(i64::MIN) + i128::from(length) * i128::from(segment)
        };
        let Token(token) = start_of(segment, total).unwrap();
        prop_assert!(start(segment) <= token.into());
        prop_assert!(i128::from(token) < start(segment + 1));
    }
}
