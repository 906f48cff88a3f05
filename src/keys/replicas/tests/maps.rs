//! Who is found for a token.

use super::*;

proptest! {
    #[test]
    fn a_token_of_tablets_is_found_as_by_a_naive_scan(
        tablets in vec((token(), numbers()), 0..12),
        tokens in vec(token(), 1..40),
    ) {
        let map = Replicas::from_tablets(&hosts(KNOWN), tablets.iter().map(|(t, n)| tablet(*t, n)));
        for token in tokens {
            let end = tablets.iter().map(|(end, _)| *end).filter(|end| *end >= token).min();
            let owners = tablets.iter().rev().find(|(e, _)| Some(*e) == end);
            let expected = owners.map_or_else(Vec::new, |(_, numbers)| {
                distinct(numbers).into_iter().filter(|n| *n < KNOWN).collect()
            });
            prop_assert_eq!(of(&map, token), expected);
        }
    }

    #[test]
    fn a_token_of_a_ring_is_found_as_by_a_naive_scan(
        cuts in vec((token(), numbers()), 0..12),
        left_out in vec(any::<bool>(), 12),
        shuffle in any::<u64>(),
        tokens in vec(token(), 1..40),
    ) {
        let mut cuts = cuts;
        cuts.sort_by_key(|(token, _)| *token);
        cuts.dedup_by_key(|(token, _)| *token);
        let mut rows = Vec::new();
        for (i, (end, numbers)) in cuts.iter().enumerate() {
            let (start, _) = cuts[(i + cuts.len() - 1) % cuts.len()];
            let row = |n: &u16| RingRange { start, end: *end, endpoint: internal(*n) };
            if !left_out[i] {
                rows.extend(numbers.iter().map(row));
            }
        }
        rows.extend_from_within(..rows.len() / 2);
        fastrand::Rng::with_seed(shuffle).shuffle(&mut rows);
        let map = Replicas::from_ring(&hosts(KNOWN), Kind::Ring, rows.iter().copied());
        for token in tokens {
            let holds = |row: &&RingRange| {
                let (after, before) = (row.start < token, token <= row.end);
                if row.start < row.end { after && before } else { after || before }
            };
            let number = |row: &RingRange| (0..KNOWN).find(|n| internal(*n) == row.endpoint);
            let expected = rows.iter().filter(holds).filter_map(number).collect();
            prop_assert_eq!(sorted(of(&map, token)), sorted(expected));
        }
    }
}

/// Nine hosts with 256 vnodes each: the primary replicas are spread as evenly as chance does it,
/// and two hosts stand in the same order whoever else is there.
#[test]
fn the_order_in_a_ring_is_even_and_depends_on_nobody_else() {
    let mut random = fastrand::Rng::with_seed(7);
    let mut first = [0_u32; 9];
    let ranges = 9 * 256;
    for _ in 0..ranges {
        let end = random.i64(..);
        let mut all: Vec<u16> = (0..9).collect();
        random.shuffle(&mut all);
        let row = |n: &u16| RingRange { start: end.wrapping_sub(1), end, endpoint: internal(*n) };
        let three = Replicas::from_ring(&hosts(9), Kind::Ring, all[..3].iter().map(row));
        let two = Replicas::from_ring(&hosts(9), Kind::Ring, all[..2].iter().map(row));
        let three = of(&three, end);
        first[usize::from(three[0])] += 1;
        let without: Vec<_> = three.into_iter().filter(|n| *n != all[2]).collect();
        assert_eq!(of(&two, end), without);
    }
    // Six standard deviations of a binomial distribution.
    let mean = f64::from(ranges / 9);
    let bound = 6.0 * mean.sqrt();
    for count in first {
        assert!((f64::from(count) - mean).abs() < bound, "{first:?}");
    }
}

/// Clients of this release and of later ones must agree. Computed once by other means.
#[test]
fn the_order_in_a_ring_stays_what_it_was() {
    let of = |end, ip: &str| weight(end, ip.parse().unwrap());
    assert_eq!(
        [of(0, "10.0.0.1"), of(-1, "10.0.0.2"), of(i64::MAX, "2001:db8::1")],
        [13_832_900_481_964_669_109, 13_395_172_797_161_269_893, 15_038_163_770_308_033_826]
    );
    assert_eq!(of(5, "10.0.0.1"), of(5, "::ffff:10.0.0.1"));
}

fn large() -> Replicas {
    let step = u64::MAX / 10_000;
    let tablet = |n: u64| {
        let last = i64::MIN.wrapping_add_unsigned(step * (n + 1));
        let first = (n % 9) as u16;
        tablet(last, &[first, (first + 1) % 9, (first + 2) % 9])
    };
    Replicas::from_tablets(&hosts(9), (0..10_000).map(tablet))
}

#[test]
fn a_map_of_ten_thousand_tablets_takes_less_than_half_a_mebibyte() {
    let map = large();
    let bytes = size_of_val(&*map.ends) + size_of_val(&*map.until) + size_of_val(&*map.replicas);
    assert_eq!(map.replicas.len(), 30_000);
    assert!(bytes < 1 << 19, "{bytes}");
}

#[test]
fn maps_route_alike_whatever_else_is_known_of_hosts() {
    let more = Hosts::new((0..9).rev().map(|n| {
        let (mut host, internal) = host(n);
        host.rack = format!("r{n}").into();
        (host, internal)
    }));
    let map = |hosts: &Hosts, end, replicas: &[u16]| {
        Replicas::from_tablets(hosts, [tablet(end, replicas), tablet(i64::MAX, &[0])])
    };
    let one = map(&hosts(5), 7, &[3, 1]);
    assert!(one.routes_like(&map(&more, 7, &[3, 1])));
    for other in [
        map(&more, 8, &[3, 1]),
        map(&more, 7, &[1, 3]),
        map(&more, 7, &[3, 2]),
        map(&more, 7, &[3]),
    ] {
        assert!(!one.routes_like(&other));
    }
}

#[test]
fn looking_a_token_up_allocates_nothing() {
    let map = large();
    let mut found = 0;
    let allocated = allocation_counter::measure(|| {
        for n in 0..1000_u64 {
            let token = Token((n << 54) as i64);
            found += map.of(token).len();
        }
    });
    assert_eq!((allocated.count_total, found), (0, 3000));
}
