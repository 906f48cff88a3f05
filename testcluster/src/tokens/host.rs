//! A node as the owner of tokens.

use std::net::IpAddr;

use fastrand::Rng;

#[derive(Clone, Debug)]
pub(crate) struct Host {
    /// The node's UUID in the cluster's tables.
    pub(crate) id: String,
    /// The address for clients.
    pub(crate) address: IpAddr,
    /// The address for other nodes.
    pub(crate) internal: IpAddr,
    pub(crate) datacenter: String,
    pub(crate) rack: String,
    /// Its tokens on the ring, in ascending order.
    pub(crate) tokens: Vec<i64>,
}

/// Returns a random UUID.
pub(crate) fn uuid(rng: &mut Rng) -> String {
    let bits = rng.u128(..);
    // Version 4, and the variant of RFC 9562.
    let bits = bits & !(0xf << 76) & !(0x3 << 62) | 0x4 << 76 | 0x2 << 62;
    let digits = format!("{bits:032x}");
    [&digits[..8], &digits[8..12], &digits[12..16], &digits[16..20], &digits[20..]].join("-")
}

/// Returns `count` random tokens in ascending order.
pub(crate) fn ring_tokens(rng: &mut Rng, count: usize) -> Vec<i64> {
    let mut tokens: Vec<_> = (0..count).map(|_| rng.i64(i64::MIN + 1..)).collect();
    tokens.sort_unstable();
    tokens
}
