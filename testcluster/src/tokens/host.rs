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
    uuid::Builder::from_random_bytes(rng.u128(..).to_be_bytes()).into_uuid().to_string()
}

/// Returns `count` random tokens in ascending order.
pub(crate) fn ring_tokens(rng: &mut Rng, count: usize) -> Vec<i64> {
    let mut tokens: Vec<_> = (0..count).map(|_| rng.i64(i64::MIN + 1..)).collect();
    tokens.sort_unstable();
    tokens
}
