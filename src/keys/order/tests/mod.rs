//! The orders are those of other clients, whatever is left out on the way to them.

mod naive;

use proptest::prelude::*;

use super::{Draw, Generator, go};
use crate::keys::key::vectors::{rows, with_key};

const SPECIFIED: &str = include_str!("../../../../tests/data/vectors/query-plan.tsv");
const DERIVED: &str = include_str!("../../../../tests/data/vectors/query-plan-derived.tsv");
const UNSORTED: &str = include_str!("../../../../tests/data/vectors/query-plan-unsorted-go.tsv");
const XORSHIFT: &str = include_str!("../../../../tests/data/vectors/query-plan-xorshift.tsv");
const AFFINITY: &str = include_str!("../../../../tests/data/vectors/affinity-order.tsv");
const NUMBERS: &str = include_str!("../../../../tests/data/vectors/go-rand-derived.tsv");

fn numbers<T: std::str::FromStr<Err: std::fmt::Debug>>(list: &str) -> Vec<T> {
    list.split(',').map(|n| n.parse().unwrap()).collect()
}

/// The numbers from 1 to `count`, in the order of the names that are made of them.
fn sorted(count: usize, name: fn(usize) -> String) -> Vec<usize> {
    let mut nodes: Vec<usize> = (1..=count).collect();
    nodes.sort_by_key(|node| name(*node));
    nodes
}

/// Each row is a seed, a number of nodes, and the order in which they come.
fn assert_orders(
    file: &'static str,
    count: usize,
    generator: Generator,
    nodes: impl Fn(usize) -> Vec<usize>,
) {
    let mut seen = 0;
    for row in rows(file) {
        let nodes = nodes(row[1].parse().unwrap());
        let expected: Vec<usize> = numbers(row[2]);
        let ours: Vec<usize> = Draw::new(generator, row[0].parse().unwrap(), nodes.len())
            .map(|i| nodes[i])
            .take(expected.len())
            .collect();
        assert_eq!(ours, expected, "{row:?}");
        seen += 1;
    }
    assert_eq!(seen, count);
}

#[test]
fn every_vector_of_query_plans_is_reproduced() {
    let by_name = |count| sorted(count, |i| format!("http://node{i}.example.com:8000"));
    let by_address = |count| sorted(count, |i| format!("http://10.0.0.{i}:8000"));
    assert_orders(SPECIFIED, 7, Generator::Go, by_name);
    assert_orders(DERIVED, 110, Generator::Go, by_address);
    assert_orders(UNSORTED, 8, Generator::Go, |count| (1..=count).collect());
    assert_orders(XORSHIFT, 14, Generator::XorShift, by_name);
}

#[test]
fn every_vector_of_affinity_orders_is_reproduced_from_the_key() {
    let nodes = sorted(12, |i| format!("http://10.0.0.{i}:8000/"));
    let mut seen = 0;
    for row in rows(AFFINITY) {
        let [key_type, _, value, _, go, rust] = row[..] else {
            panic!("{row:?}");
        };
        let seed = with_key(key_type, value, |key| key.hash());
        for (generator, order) in [(Generator::Go, go), (Generator::XorShift, rust)] {
            let ours: Vec<usize> = Draw::new(generator, seed, 12).map(|i| nodes[i]).collect();
            assert_eq!(ours, numbers::<usize>(order), "{key_type} {value} {generator:?}");
        }
        seen += 1;
    }
    assert_eq!(seen, 14);
}

#[test]
fn every_vector_of_go_numbers_is_reproduced() {
    let mut seen = 0;
    for row in rows(NUMBERS) {
        let mut source = go::Source::new(row[0].parse().unwrap());
        let expected: Vec<i64> = numbers(row[2]);
        let ours = expected.iter().map(|_| match row[1].strip_prefix("intn(") {
            Some(len) => source.below(len.strip_suffix(')').unwrap().parse().unwrap()) as i64,
            None => source.int63(),
        });
        assert_eq!(ours.collect::<Vec<_>>(), expected, "{row:?}");
        seen += 1;
    }
    assert_eq!(seen, 17);
}

#[test]
fn nothing_is_drawn_of_nothing() {
    for generator in [Generator::Go, Generator::XorShift] {
        assert_eq!(Draw::new(generator, 7, 0).next(), None);
    }
}

#[test]
fn the_first_is_drawn_without_allocation() {
    let allocated = allocation_counter::measure(|| {
        for generator in [Generator::Go, Generator::XorShift] {
            assert!(Draw::new(generator, 42, 1000).next().is_some());
        }
    });
    assert_eq!(allocated.count_total, 0);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    /// Past the 273 numbers that are made of two words each, and past the 607 after which no word
    /// is used.
    #[test]
    fn go_numbers_equal_those_of_the_whole_generator(seed in any::<i64>()) {
        let mut whole = naive::Generator::new(seed);
        let mut source = go::Source::new(seed);
        for draw in 0..700 {
            prop_assert_eq!(source.int63(), whole.int63(), "draw {}", draw);
        }
    }

    /// Large bounds are the ones for which numbers are often refused.
    #[test]
    fn go_numbers_below_a_bound_equal_those_of_the_whole_generator(
        seed in any::<i64>(),
        len in prop_oneof![1..100_i64, 1..=i64::from(i32::MAX)],
    ) {
        let mut whole = naive::Generator::new(seed);
        let mut source = go::Source::new(seed);
        for draw in 0..100 {
            prop_assert_eq!(source.below(len as usize) as i64, whole.intn(len), "draw {}", draw);
        }
    }

    #[test]
    fn every_number_is_drawn_once(
        seed in any::<i64>(),
        len in 0..1000_usize,
        generator in prop_oneof![Just(Generator::Go), Just(Generator::XorShift)],
    ) {
        let mut drawn: Vec<usize> = Draw::new(generator, seed, len).collect();
        drawn.sort_unstable();
        prop_assert_eq!(drawn, (0..len).collect::<Vec<_>>());
    }
}
