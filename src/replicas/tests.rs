use std::collections::HashSet;
use std::net::IpAddr;

use proptest::collection::vec;
use proptest::prelude::*;

use super::ring::weight;
use super::*;

/// Ids of hosts that exist, and of some that nobody knows.
fn id(n: u16) -> String {
    format!("9e6b3b5c-0b9e-4c0c-9f0e-7f1f6d9f{n:04x}")
}

fn address(n: u16) -> IpAddr {
    let [high, low] = n.to_be_bytes();
    [10, 0, high, low].into()
}

/// Other than the address, so that confusing them shows.
fn internal(n: u16) -> IpAddr {
    let [high, low] = n.to_be_bytes();
    [192, 168, high, low].into()
}

fn hosts(count: u16) -> Hosts {
    Hosts::new((0..count).map(|n| {
        let host = Host {
            address: address(n),
            id: id(n).into(),
            datacenter: "dc1".into(),
            rack: "r1".into(),
        };
        (host, internal(n))
    }))
}

#[test]
fn a_host_has_the_address_by_which_it_is_listed() {
    let host = |n: u16| {
        let host = Host {
            address: address(n),
            id: id(n).into(),
            datacenter: "dc1".into(),
            rack: "r1".into(),
        };
        (host, internal(n))
    };
    let listed = [address(1), internal(2), address(3), internal(3)];
    let hosts = Hosts::as_listed((1..=4).map(host), |ip| listed.contains(&ip));
    let mut addresses: Vec<_> = hosts.all().iter().map(|host| host.address).collect();
    let mut expected = [address(1), internal(2), address(3), address(4)];
    addresses.sort_unstable();
    expected.sort_unstable();
    assert_eq!(addresses, expected);
    // Whatever their addresses, others call them as ever.
    assert!((1..=4).all(|n| hosts.knows_internal(internal(n))));
}

/// The replicas of a token, as numbers of hosts.
fn of(map: &Replicas, token: i64) -> Vec<u16> {
    let hosts = map.hosts();
    let number = |r: &Replica| match hosts[usize::from(r.host)].address {
        IpAddr::V4(ip) => u16::from_be_bytes([ip.octets()[2], ip.octets()[3]]),
        IpAddr::V6(_) => unreachable!("no host has one"),
    };
    map.of(Token(token)).iter().map(number).collect()
}

fn sorted(mut hosts: Vec<u16>) -> Vec<u16> {
    hosts.sort_unstable();
    hosts.dedup();
    hosts
}

/// Tokens near each other and near both ends, so that ranges meet.
fn token() -> impl Strategy<Value = i64> {
    prop_oneof![
        3 => -20..20_i64,
        1 => (0..4_i64).prop_map(|n| i64::MAX - n),
        1 => (1..4_i64).prop_map(|n| i64::MIN + n),
        1 => any::<i64>().prop_filter("no key has it", |t| *t != i64::MIN),
    ]
}

const KNOWN: u16 = 5;

fn numbers() -> impl Strategy<Value = Vec<u16>> {
    vec(0..KNOWN + 2, 0..4)
}

fn tablet(last_token: i64, numbers: &[u16]) -> Tablet {
    let replica = |n: &u16| (HostId::parse(&id(*n)).unwrap(), *n + 7);
    Tablet {
        last_token,
        replicas: numbers.iter().map(replica).collect(),
    }
}

fn hint(start: i64, end: i64, numbers: &[u16]) -> Hint {
    Hint {
        start,
        end,
        replicas: numbers.iter().map(|n| (address(*n), None)).collect(),
    }
}

/// Without repetitions, and in order.
fn distinct(numbers: &[u16]) -> Vec<u16> {
    let mut seen = HashSet::new();
    let numbers = numbers.iter().filter(|n| seen.insert(**n));
    numbers.copied().collect()
}

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
            let holds = |row: &&RingRange| match row.start < row.end {
                true => row.start < token && token <= row.end,
                false => token > row.start || token <= row.end,
            };
            let number = |row: &RingRange| (0..KNOWN).find(|n| internal(*n) == row.endpoint);
            let expected = rows.iter().filter(holds).filter_map(number).collect();
            prop_assert_eq!(sorted(of(&map, token)), sorted(expected));
        }
    }

    #[test]
    fn a_hint_changes_its_own_range_and_nothing_else(
        tablets in vec((token(), numbers()), 0..8),
        hints in vec((token(), token(), vec(0..KNOWN + 2, 1..4)), 1..6),
        tokens in vec(token(), 1..40),
    ) {
        let mut map = Replicas::from_tablets(&hosts(KNOWN), tablets.iter().map(|(t, n)| tablet(*t, n)));
        let mut expected: Vec<_> = tokens.iter().map(|t| sorted(of(&map, *t))).collect();
        for (a, b, numbers) in hints {
            let (start, end) = (a.min(b), a.max(b));
            let hint = hint(start, end, &distinct(&numbers));
            if start == end {
                continue;
            }
            map = map.with_hint(&hint).unwrap_or(map);
            prop_assert!(map.with_hint(&hint).is_none(), "it says nothing new now");
            for (token, expected) in tokens.iter().zip(&mut expected) {
                if hint.covers(Token(*token)) {
                    *expected = sorted(numbers.clone());
                }
            }
            let found: Vec<_> = tokens.iter().map(|t| sorted(of(&map, *t))).collect();
            prop_assert_eq!(&found, &expected);
            prop_assert!(map.ends.is_sorted_by(|a, b| a < b));
        }
    }

    #[test]
    fn a_hint_in_a_ring_keeps_the_order_that_all_clients_make(end in -20..20_i64, numbers in vec(0..KNOWN, 1..4)) {
        let row = |n: &u16| RingRange { start: end - 5, end, endpoint: internal(*n) };
        let ring = Replicas::from_ring(&hosts(KNOWN), Kind::Ring, numbers.iter().map(row));
        let other = RingRange { start: end - 5, end, endpoint: internal(0) };
        let hinted = Replicas::from_ring(&hosts(KNOWN), Kind::Ring, [other]);
        let hint = hint(end - 5, end, &distinct(&numbers));
        let hinted = hinted.with_hint(&hint).unwrap_or(hinted);
        prop_assert_eq!(of(&hinted, end), of(&ring, end));
    }

    #[test]
    fn a_hint_reads_as_it_was_written(
        start in i64::MIN..i64::MAX,
        length in 1..u64::MAX,
        replicas in vec((any::<IpAddr>(), any::<Option<u16>>()), 1..6),
    ) {
        let end = start.saturating_add_unsigned(length);
        let mut replicas: Vec<_> = replicas
            .into_iter()
            .filter_map(|(ip, shard)| Some((crate::address::host(ip)?, shard)))
            .collect();
        replicas.sort_unstable();
        replicas.dedup_by_key(|(ip, _)| *ip);
        let hint = Hint { start, end, replicas };
        let expected = (!hint.replicas.is_empty()).then(|| hint.clone());
        prop_assert_eq!(Hint::parse(&hint.to_string()), expected);
    }

    #[test]
    fn no_text_makes_the_parsers_panic(text in "[-0-9a-f:.,/ %]{0,60}|.{0,60}") {
        if let Some(hint) = Hint::parse(&text) {
            prop_assert_eq!(Hint::parse(&hint.to_string()), Some(hint));
        }
        let _ = HostId::parse(&text);
    }
}

/// Two datacenters with four hosts each.
fn two_datacenters() -> Hosts {
    Hosts::new((0..8).map(|n| {
        let host = Host {
            address: address(n),
            id: id(n).into(),
            datacenter: ["dc1", "dc2"][usize::from(n / 4)].into(),
            rack: "r1".into(),
        };
        (host, internal(n))
    }))
}

/// Hints have no shards, and list the replicas in the datacenter of the node that gives them.
#[test]
fn a_hint_of_what_is_known_of_its_datacenter_says_nothing_new() {
    let tablets = [tablet(0, &[0, 4, 1, 5]), tablet(100, &[1, 0, 4, 5])];
    let map = Replicas::from_tablets(&two_datacenters(), tablets);
    for known in [
        hint(-5, 0, &[0, 1]),
        hint(i64::MIN, 0, &[1, 0]),
        hint(0, 100, &[5, 4]),
        hint(-5, 50, &[4, 5]),
    ] {
        assert_eq!(map.with_hint(&known), None, "{known}");
    }
    for news in [
        hint(-5, 0, &[0]),
        hint(-5, 0, &[0, 1, 2]),
        hint(-5, 0, &[0, 2]),
        hint(-5, 0, &[9]),
        hint(-5, 101, &[0, 1]),
    ] {
        assert!(map.with_hint(&news).is_some(), "{news}");
    }
}

#[test]
fn a_hint_takes_neither_shards_nor_replicas_of_other_datacenters() {
    let tablets = [tablet(0, &[0, 4, 1, 5])];
    let map = Replicas::from_tablets(&two_datacenters(), tablets);
    let hinted = map.with_hint(&hint(-5, 0, &[2, 1])).unwrap();
    let shards = |token| {
        let replicas = hinted.of(Token(token)).iter();
        replicas.map(|replica| replica.shard).collect::<Vec<_>>()
    };
    assert_eq!(of(&hinted, -1), [2, 1, 4, 5]);
    assert_eq!(shards(-1), [None, Some(8), Some(11), Some(12)]);
    assert_eq!(of(&hinted, -5), [0, 4, 1, 5]);
}

#[test]
fn what_is_odd_is_no_hint() {
    let parsed = |text| Hint::parse(text).map(|hint| hint.to_string());
    for hint in [
        "-9223372036854775808,-3,10.0.0.1",
        "0,9223372036854775807,10.0.0.1/0,10.0.0.2/65535,2001:db8::1/3",
        "-5,-4,2001:db8::1",
    ] {
        assert_eq!(parsed(hint).as_deref(), Some(hint));
    }
    for odd in [
        "",
        "1",
        "1,2",
        "1,2,",
        "1,2,10.0.0.1,",
        ",2,10.0.0.1",
        "2,1,10.0.0.1",
        "2,2,10.0.0.1",
        "+1,2,10.0.0.1",
        "01,2,10.0.0.1",
        "-0,2,10.0.0.1",
        "1, 2,10.0.0.1",
        " 1,2,10.0.0.1",
        "1,9223372036854775808,10.0.0.1",
        "1,2,host",
        "1,2,[2001:db8::1]",
        "1,2,0.0.0.0",
        "1,2,10.0.0.1:8000",
        "1,2,10.0.0.1/",
        "1,2,10.0.0.1/-1",
        "1,2,10.0.0.1/65536",
        "1,2,10.0.0.1/1/1",
        "1,2,10.0.0.1,10.0.0.1",
        "1,2,10.0.0.1/1,10.0.0.1/2",
    ] {
        assert_eq!(parsed(odd), None, "{odd}");
    }
    let crowd: Vec<_> = (0..65).map(|n| format!("10.0.0.{n}")).collect();
    assert_eq!(parsed(&format!("1,2,{}", crowd.join(","))), None);
}

#[test]
fn ids_of_hosts_are_compared_as_numbers() {
    let parsed = HostId::parse("9e6b3b5c-0b9e-4c0c-9f0e-7f1f6d9f1b2a");
    assert!(parsed.is_some());
    assert_eq!(
        parsed,
        HostId::parse("9E6B3B5C-0B9E-4C0C-9F0E-7F1F6D9F1B2A")
    );
    for odd in [
        "",
        "9e6b3b5c-0b9e-4c0c-9f0e-7f1f6d9f1b2",
        "9e6b3b5c0b9e-4c0c-9f0e-7f1f6d9f1b2a0",
        "9e6b3b5c-0b9e-4c0c-9f0e-7f1f6d9f1b2g",
        "+e6b3b5c-0b9e-4c0c-9f0e-7f1f6d9f1b2a",
    ] {
        assert_eq!(HostId::parse(odd), None, "{odd}");
    }
}

#[test]
fn hosts_are_the_same_whoever_lists_them_and_in_whatever_order() {
    let described = |n| {
        let host = Host {
            address: address(n),
            id: id(n).into(),
            datacenter: "dc1".into(),
            rack: "r1".into(),
        };
        (host, internal(n))
    };
    let one = Hosts::new((0..9).map(described));
    let other = Hosts::new((0..9).rev().chain(3..5).map(described));
    assert_eq!(one, other);
    assert!(
        one.knows(HostId::parse(&id(8)).unwrap()) && !one.knows(HostId::parse(&id(9)).unwrap())
    );
}

/// Nine hosts with 256 vnodes each: the primary replicas are spread as evenly as chance does it, and two hosts stand in the same
/// order whoever else is there.
#[test]
fn the_order_in_a_ring_is_even_and_depends_on_nobody_else() {
    let mut random = fastrand::Rng::with_seed(7);
    let mut first = [0_u32; 9];
    let ranges = 9 * 256;
    for _ in 0..ranges {
        let end = random.i64(..);
        let mut all: Vec<u16> = (0..9).collect();
        random.shuffle(&mut all);
        let row = |n: &u16| RingRange {
            start: end.wrapping_sub(1),
            end,
            endpoint: internal(*n),
        };
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
        [
            of(0, "10.0.0.1"),
            of(-1, "10.0.0.2"),
            of(i64::MAX, "2001:db8::1")
        ],
        [
            13_832_900_481_964_669_109,
            13_395_172_797_161_269_893,
            15_038_163_770_308_033_826
        ]
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
    let more = Hosts::new((0..9).map(|n| {
        let host = Host {
            address: address(8 - n),
            id: id(8 - n).into(),
            datacenter: "dc1".into(),
            rack: format!("r{n}").into(),
        };
        (host, internal(8 - n))
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
