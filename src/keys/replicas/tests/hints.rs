//! What hints change.

use super::*;

fn hint(start: i64, end: i64, numbers: &[u16]) -> Hint {
    Hint { start, end, replicas: numbers.iter().map(|n| (address(*n), None)).collect() }
}

proptest! {
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
        let (mut host, internal) = host(n);
        host.datacenter = ["dc1", "dc2"][usize::from(n / 4)].into();
        (host, internal)
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
    let hinted = Replicas::from_tablets(&two_datacenters(), tablets)
        .with_hint(&hint(-5, 0, &[2, 1]))
        .unwrap();
    let shards =
        |token| hinted.of(Token(token)).iter().map(|replica| replica.shard).collect::<Vec<_>>();
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
