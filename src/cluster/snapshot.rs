//! The nodes as they are known at one moment: those that may serve requests, and the rest of their
//! datacenter.

use std::sync::Arc;

use crate::cluster::node::Node;

/// The nodes that may serve requests, at least one, and the rest of the datacenter if the scope is
/// a rack.
///
/// Ordinary requests stay in the scope. Those routed by key may need any node of the datacenter,
/// whatever its rack.
#[derive(Debug)]
pub(crate) struct Snapshot {
    nodes: Arc<[Arc<Node>]>,
    /// The same as `nodes` if no others are known.
    all: Arc<[Arc<Node>]>,
    #[cfg(feature = "dynamodb_config")]
    by_url: Box<[Arc<Node>]>,
}

impl Snapshot {
    /// `None` if there are no nodes.
    pub(crate) fn new(nodes: impl IntoIterator<Item = Arc<Node>>) -> Option<Self> {
        Self::with_others(nodes, [])
    }

    /// `others` are the rest of the datacenter, and may repeat `nodes`. `None` if there are no
    /// nodes.
    pub(crate) fn with_others(
        nodes: impl IntoIterator<Item = Arc<Node>>,
        others: impl IntoIterator<Item = Arc<Node>>,
    ) -> Option<Self> {
        let nodes = sorted(nodes.into_iter().collect());
        if nodes.is_empty() {
            return None;
        }
        let all = sorted(nodes.iter().cloned().chain(others).collect());
        Some(Self {
            #[cfg(feature = "dynamodb_config")]
            by_url: by_url(&all),
            all: if all.len() == nodes.len() { Arc::clone(&nodes) } else { all },
            nodes,
        })
    }

    /// The nodes that may serve requests, in the order of their addresses.
    pub(crate) fn nodes(&self) -> &[Arc<Node>] {
        &self.nodes
    }

    /// The same with the rest of the datacenter, if the scope is a rack; in the order of their
    /// addresses.
    pub(crate) fn all(&self) -> &[Arc<Node>] {
        &self.all
    }

    /// Returns whether there are no others.
    pub(crate) fn is_whole(&self) -> bool {
        self.all.len() == self.nodes.len()
    }

    /// Returns whether `node` is in [`nodes`](Self::nodes).
    pub(crate) fn is_near(&self, node: &Node) -> bool {
        find(&self.nodes, node).is_some()
    }

    /// Returns whether `node` itself, and not another at its address, is in [`all`](Self::all).
    pub(super) fn contains(&self, node: &Arc<Node>) -> bool {
        find(&self.all, node).is_some_and(|found| Arc::ptr_eq(found, node))
    }

    /// Returns the nodes that serve the same requests as `node`: those of the scope, or all others.
    pub(crate) fn peers(&self, node: &Node) -> impl Iterator<Item = &Arc<Node>> {
        let is_near = self.is_near(node);
        self.all.iter().filter(move |other| self.is_near(other) == is_near)
    }

    /// Returns whether both hold the same nodes.
    pub(crate) fn is_like(&self, other: &Self) -> bool {
        let alike = |one: &[Arc<Node>], other: &[Arc<Node>]| {
            one.len() == other.len() && one.iter().zip(other).all(|(a, b)| Arc::ptr_eq(a, b))
        };
        alike(&self.nodes, &other.nodes) && alike(&self.all, &other.all)
    }
}

#[cfg(feature = "dynamodb_config")]
impl Snapshot {
    /// [`all`](Self::all) in the order used by Alternator's clients in other languages: bytewise by
    /// URL.
    pub(crate) fn by_url(&self) -> &[Arc<Node>] {
        &self.by_url
    }

    /// Returns the node of [`all`](Self::all) at `ip`, in whichever form it is written.
    pub(crate) fn at(&self, ip: std::net::IpAddr) -> Option<&Arc<Node>> {
        let ip = ip.to_canonical();
        self.all.binary_search_by_key(&ip, |n| n.addr().ip()).ok().map(|at| &self.all[at])
    }
}

fn sorted(mut nodes: Vec<Arc<Node>>) -> Arc<[Arc<Node>]> {
    nodes.sort_by_key(|n| n.addr());
    nodes.dedup_by_key(|n| n.addr());
    nodes.into()
}

/// Returns the node at the address of `node`.
fn find<'a>(nodes: &'a [Arc<Node>], node: &Node) -> Option<&'a Arc<Node>> {
    nodes.binary_search_by_key(&node.addr(), |n| n.addr()).ok().map(|at| &nodes[at])
}

/// The nodes in the order of their URLs as the other clients compare them.
#[cfg(feature = "dynamodb_config")]
fn by_url(nodes: &[Arc<Node>]) -> Box<[Arc<Node>]> {
    let mut nodes = nodes.to_vec();
    nodes.sort_by_cached_key(|node| canonical(&node.to_string()).to_owned());
    nodes.into()
}

/// Returns a node's URL as the other clients compare it: without the scheme's default port.
#[cfg(feature = "dynamodb_config")]
fn canonical(url: &str) -> &str {
    let default = if url.starts_with("https:") { ":443" } else { ":80" };
    url.strip_suffix(default).unwrap_or(url)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::net::{IpAddr, SocketAddr};

    use http::Uri;

    use super::*;
    use crate::cluster::node::unconnected;
    use crate::config::seeds::Scheme;

    fn node(addr: &str) -> Arc<Node> {
        unconnected(addr.parse().unwrap())
    }

    fn addrs(nodes: &[Arc<Node>]) -> Vec<SocketAddr> {
        nodes.iter().map(|n| n.addr()).collect()
    }

    fn parsed(addrs: &[&str]) -> Vec<SocketAddr> {
        addrs.iter().map(|a| a.parse().unwrap()).collect()
    }

    #[test]
    fn nodes_are_in_the_order_of_their_addresses_and_all_of_them_once() {
        let [one, two, three] = ["10.0.0.9:1", "10.0.0.10:1", "10.0.0.8:1"].map(node);
        let near = [Arc::clone(&two), Arc::clone(&one)];
        let snapshot = Snapshot::with_others(near, [three, one]).unwrap();
        assert_eq!(addrs(snapshot.nodes()), parsed(&["10.0.0.9:1", "10.0.0.10:1"]));
        assert_eq!(addrs(snapshot.all()), parsed(&["10.0.0.8:1", "10.0.0.9:1", "10.0.0.10:1"]));
    }

    #[test]
    fn without_others_all_are_those_that_may_serve() {
        let snapshot = Snapshot::new(["10.0.0.2:1", "10.0.0.1:1"].map(node)).unwrap();
        assert_eq!(addrs(snapshot.all()), addrs(snapshot.nodes()));
        assert!(Snapshot::with_others([], [node("10.0.0.1:1")]).is_none());
    }

    #[test]
    fn a_node_is_found_by_its_address_in_any_form() {
        let near = ["10.0.0.1:1", "[2001:db8::1]:1"].map(node);
        let snapshot = Snapshot::with_others(near, [node("10.0.0.2:1")]).unwrap();
        let found = |ip: &str| snapshot.at(ip.parse().unwrap()).map(|n| n.addr());
        for (ip, addr) in [
            ("10.0.0.1", "10.0.0.1:1"),
            ("::ffff:10.0.0.1", "10.0.0.1:1"),
            ("10.0.0.2", "10.0.0.2:1"),
            ("2001:db8:0:0::1", "[2001:db8::1]:1"),
        ] {
            assert_eq!(found(ip), Some(addr.parse().unwrap()), "{ip}");
        }
        assert_eq!(found("10.0.0.3"), None);
        assert_eq!(found("::10.0.0.1"), None);
    }

    #[test]
    fn only_nodes_of_the_scope_are_near() {
        let (near, far) = (node("10.0.0.1:1"), node("10.0.0.2:1"));
        let snapshot = Snapshot::with_others([Arc::clone(&near)], [Arc::clone(&far)]).unwrap();
        assert!(snapshot.is_near(&near) && !snapshot.is_near(&far));
        assert!(snapshot.contains(&near) && snapshot.contains(&far));
        assert!(!snapshot.contains(&node("10.0.0.1:1")));
    }

    #[test]
    fn a_port_after_an_address_moves_it_behind_those_that_begin_like_it() {
        let order = |port: u16| {
            let nodes = (1..=12).map(|i| node(&format!("10.0.0.{i}:{port}")));
            let snapshot = Snapshot::new(nodes).unwrap();
            let last = |n: &Arc<Node>| match n.addr().ip() {
                IpAddr::V4(ip) => ip.octets()[3],
                IpAddr::V6(_) => 0,
            };
            snapshot.by_url().iter().map(last).collect::<Vec<_>>()
        };
        assert_eq!(order(8000), [10, 11, 12, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
        assert_eq!(order(80), [1, 10, 11, 12, 2, 3, 4, 5, 6, 7, 8, 9]);
    }

    /// An address to stand for a name: that of `a.example` begins like that of `a`, and that of `b`
    /// comes after both.
    fn address(host: &str, beside_ipv6: bool) -> String {
        let host = host.to_ascii_lowercase();
        let address = match &*host {
            "a" if beside_ipv6 => "[2001:db8::2]",
            "a" => "10.0.0.1",
            "a.example" => "10.0.0.12",
            "b" => "10.0.0.2",
            other => other,
        };
        address.to_owned()
    }

    /// What a node at this URL is displayed as.
    fn displayed(url: &Uri, beside_ipv6: bool) -> String {
        let scheme = match url.scheme_str() {
            Some("https") => Scheme::Https,
            _ => Scheme::Http,
        };
        let port = url.port_u16().unwrap_or_else(|| scheme.default_port());
        let host = address(url.host().unwrap(), beside_ipv6);
        let addr: SocketAddr = format!("{host}:{port}").parse().unwrap();
        format!("{scheme}://{addr}")
    }

    #[test]
    fn urls_are_in_the_order_of_the_other_clients() {
        let cases = include_str!("../../tests/data/vectors/endpoint-order.tsv");
        for case in cases.lines().skip(1) {
            let [_, inputs, expected, _] = case.split('\t').collect::<Vec<_>>()[..] else {
                panic!("{case}");
            };
            let beside_ipv6 = inputs.contains('[');
            let parse = |urls: &str| -> Vec<Uri> {
                urls.split(',').map(|url| url.parse().unwrap()).collect()
            };
            let nodes = parse(inputs).into_iter().map(|url| {
                let displayed = displayed(&url, beside_ipv6);
                canonical(&displayed).to_owned()
            });
            let nodes: BTreeSet<_> = nodes.collect();
            let expected = parse(expected).into_iter().map(|url| {
                let port = url.port().map_or(String::new(), |port| format!(":{port}"));
                let host = address(url.host().unwrap(), beside_ipv6);
                format!("{}://{host}{port}", url.scheme().unwrap())
            });
            assert!(nodes.into_iter().eq(expected), "{case}");
        }
    }
}
