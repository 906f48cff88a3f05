use super::*;

#[test]
fn a_token_belongs_to_the_range_that_ends_with_it_or_next_after_it() {
    let ranges = [-10, 0, 10].map(|last| Range::new(last, Vec::new()));
    let map = Map { ranges: ranges.into() };
    for (token, last) in [
        (i64::MIN, -10),
        (-10, -10),
        (-9, 0),
        (0, 0),
        (1, 10),
        (10, 10),
        (11, -10),
        (i64::MAX, -10),
    ] {
        assert_eq!(map.of(token).map(|range| range.last), Some(last), "{token}");
    }
    assert_eq!(Map::default().of(0), None);
    assert_eq!([0, 1].map(|at| map.ring_start(at)), [10, -10]);
    assert_eq!([0, 1].map(|at| map.line_start(at)), [i64::MIN, -10]);
}
