//! Which addresses can be a host's, wherever they come from: seeds, resolvers and nodes.

use std::net::IpAddr;

/// The address as it is compared and connected, if it can be that of a host. An IPv4 address has
/// one form, however it is written.
pub(crate) fn host(ip: IpAddr) -> Option<IpAddr> {
    let ip = ip.to_canonical();
    let is_broadcast = matches!(ip, IpAddr::V4(v4) if v4.is_broadcast());
    (!ip.is_unspecified() && !ip.is_multicast() && !is_broadcast).then_some(ip)
}
