//! Hosts with numbers, and maps of them.

mod hints;
mod hosts;
mod maps;

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

/// With the address by which other hosts know it.
fn host(n: u16) -> (Host, IpAddr) {
    let host =
        Host { address: address(n), id: id(n).into(), datacenter: "dc1".into(), rack: "r1".into() };
    (host, internal(n))
}

fn hosts(count: u16) -> Hosts {
    Hosts::new((0..count).map(host))
}

/// The replicas of a token, as numbers of hosts.
fn of(map: &Replicas, token: i64) -> Vec<u16> {
    let hosts = map.hosts();
    let number = |r: &Placement| match hosts[usize::from(r.host)].address {
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
    Tablet { last_token, replicas: numbers.iter().map(replica).collect() }
}

/// Without repetitions, and in order.
fn distinct(numbers: &[u16]) -> Vec<u16> {
    let mut seen = HashSet::new();
    numbers.iter().filter(|n| seen.insert(**n)).copied().collect()
}
