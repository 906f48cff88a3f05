//! What hosts are known by.

use super::*;

#[test]
fn a_host_has_the_address_by_which_it_is_listed() {
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

#[test]
fn ids_of_hosts_are_compared_as_numbers() {
    let parsed = HostId::parse("9e6b3b5c-0b9e-4c0c-9f0e-7f1f6d9f1b2a");
    assert!(parsed.is_some());
    assert_eq!(parsed, HostId::parse("9E6B3B5C-0B9E-4C0C-9F0E-7F1F6D9F1B2A"));
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
    let one = Hosts::new((0..9).map(host));
    let other = Hosts::new((0..9).rev().chain(3..5).map(host));
    assert_eq!(one, other);
    assert!(
        one.knows(HostId::parse(&id(8)).unwrap()) && !one.knows(HostId::parse(&id(9)).unwrap())
    );
}
