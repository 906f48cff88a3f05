//! What a node that holds no replica of a key says of those that do, with its answer.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use crate::address;

/// More replicas than a range has within a datacenter.
const MOST_REPLICAS: usize = 64;

/// The value of the header `X-Scylla-Alternator-Routing-V1`: the replicas of the tokens behind
/// `start`, up to and with `end`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Hint {
    pub(crate) start: i64,
    pub(crate) end: i64,
    /// Addresses as in `/localnodes`, and shards where they are told; at least one, and each host
    /// once.
    pub(crate) replicas: Vec<(IpAddr, Option<u16>)>,
}

impl Hint {
    /// Reads `<start>,<end>,<address>[/<shard>],…`. Anything else is no hint.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split(',');
        let start = number(parts.next()?)?;
        let end = number(parts.next()?)?;
        let replicas = parts.map(replica).collect::<Option<Vec<_>>>()?;
        let is_repeated = |i: usize| replicas[..i].iter().any(|(ip, _)| *ip == replicas[i].0);
        let is_sound = start < end
            && (1..=MOST_REPLICAS).contains(&replicas.len())
            && !(0..replicas.len()).any(is_repeated);
        is_sound.then_some(Self { start, end, replicas })
    }
}

fn replica(text: &str) -> Option<(IpAddr, Option<u16>)> {
    let (ip, shard) = match text.split_once('/') {
        Some((ip, shard)) => (ip, Some(number(shard)?)),
        None => (text, None),
    };
    Some((address::host(ip.parse().ok()?)?, shard))
}

/// A decimal number as servers write it, so without a plus sign or leading zeros.
fn number<T: FromStr>(text: &str) -> Option<T> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let is_plain =
        digits.bytes().all(|b| b.is_ascii_digit()) && (text == "0" || !digits.starts_with('0'));
    is_plain.then(|| text.parse().ok())?
}

impl fmt::Display for Hint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{},{}", self.start, self.end)?;
        for (ip, shard) in &self.replicas {
            write!(f, ",{ip}")?;
            if let Some(shard) = shard {
                write!(f, "/{shard}")?;
            }
        }
        Ok(())
    }
}
