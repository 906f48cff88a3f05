//! Parsing of a node's response to `/localnodes`. It comes from the network, so every entry is
//! validated.

use std::net::{IpAddr, SocketAddr, SocketAddrV6};

use serde_json::Value;

use crate::address::host;

/// Maximum size of a response, in bytes: room for over 20,000 IPv6 addresses.
pub(crate) const BODY_LIMIT: usize = 1 << 20;

/// The addresses in a response, in its order and each once, and the number of invalid entries.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Parsed {
    pub(crate) nodes: Vec<SocketAddr>,
    pub(crate) skipped: usize,
}

/// Parses the body of a response: a JSON array of bare addresses, all with the port of `contact`.
///
/// An entry that is not the address of a host is skipped: servers that lack a node's address print
/// its UUID instead. `None` if the body is anything but an array.
pub(crate) fn parse(body: &[u8], contact: SocketAddr) -> Option<Parsed> {
    let entries: Vec<Value> = serde_json::from_slice(body).ok()?;
    let mut nodes = Vec::with_capacity(entries.len());
    let mut skipped = 0;
    for entry in &entries {
        match entry.as_str().and_then(|text| address(text, contact)) {
            Some(node) => nodes.push(node),
            None => skipped += 1,
        }
    }
    let mut seen = std::collections::HashSet::with_capacity(nodes.len());
    nodes.retain(|node| seen.insert(*node));
    Some(Parsed { nodes, skipped })
}

fn address(text: &str, contact: SocketAddr) -> Option<SocketAddr> {
    // The server writes the zone of a link-local address as a number behind a percent sign.
    let (ip, zone) = match text.split_once('%') {
        Some((ip, zone)) => (ip, Some(zone.parse::<u32>().ok()?)),
        None => (text, None),
    };
    match host(ip.parse().ok()?)? {
        IpAddr::V6(ip) => {
            let mut node = SocketAddrV6::new(ip, contact.port(), 0, 0);
            if ip.is_unicast_link_local() {
                node.set_scope_id(zone_towards(contact)?);
            }
            Some(node.into())
        }
        IpAddr::V4(_) if zone.is_some() => None,
        ip => Some(SocketAddr::new(ip, contact.port())),
    }
}

/// Returns the zone of nodes on the same link as `contact`. The zone that a server prints is the
/// number of its own interface, which means nothing here.
fn zone_towards(contact: SocketAddr) -> Option<u32> {
    match contact {
        SocketAddr::V6(contact) => Some(contact.scope_id()).filter(|zone| *zone != 0),
        SocketAddr::V4(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn parsed(body: &str) -> Option<(Vec<String>, usize)> {
        parsed_from("10.0.0.1:8000", body)
    }

    fn parsed_from(contact: &str, body: &str) -> Option<(Vec<String>, usize)> {
        parse(body.as_bytes(), contact.parse().unwrap())
            .map(|p| (p.nodes.iter().map(ToString::to_string).collect(), p.skipped))
    }

    #[test]
    fn addresses_keep_their_order_and_get_the_port() {
        let body = r#" ["127.0.0.2", "2001:db8::1",
            "127.0.0.1"] "#;
        let nodes = ["127.0.0.2:8000", "[2001:db8::1]:8000", "127.0.0.1:8000"].map(String::from);
        assert_eq!(parsed(body), Some((nodes.to_vec(), 0)));
        assert_eq!(parsed("[]"), Some((vec![], 0)));
    }

    #[test]
    fn an_entry_that_is_no_address_of_a_host_is_skipped_and_the_rest_is_kept() {
        let body = r#"["9e6b3b5c-0b9e-4c0c-9f0e-7f1f6d9f1b2a", "", "host", "10.0.0.1:8000", "[::1]", "0.0.0.0",
            "::", "224.0.0.1", "ff02::1", "255.255.255.255", "10.0.0.1%2", "fe80::1%eth0", 7, null, ["10.0.0.9"],
            "10.0.0.1"]"#;
        assert_eq!(parsed(body), Some((vec!["10.0.0.1:8000".to_owned()], 15)));
    }

    #[test]
    fn an_address_counts_once_however_it_is_written() {
        let body =
            r#"["127.0.0.1", "::ffff:127.0.0.1", "127.0.0.1", "2001:db8::1", "2001:db8:0::1"]"#;
        assert_eq!(
            parsed(body),
            Some((vec!["127.0.0.1:8000".into(), "[2001:db8::1]:8000".into()], 0))
        );
    }

    #[test]
    fn a_link_local_address_has_the_zone_of_the_contact_or_is_skipped() {
        let body = r#"["fe80::1%3", "fe80::2", "fe80::1%4", "2001:db8::1%3"]"#;
        let nodes = ["[fe80::1%7]:8000", "[fe80::2%7]:8000", "[2001:db8::1]:8000"]
            .map(String::from)
            .to_vec();
        assert_eq!(parsed_from("[fe80::9%7]:8000", body), Some((nodes, 0)));
        let nodes = vec!["[2001:db8::1]:8000".to_owned()];
        for contact in ["[2001:db8::9]:8000", "10.0.0.1:8000"] {
            assert_eq!(parsed_from(contact, body), Some((nodes.clone(), 3)));
        }
    }

    #[test]
    fn a_body_that_is_no_array_is_no_answer() {
        for body in
            ["", "{}", "\"127.0.0.1\"", "[\"127.0.0.1\"", "[\"127.0.0.1\"]x", "<html>", "null"]
        {
            assert_eq!(parsed(body), None, "{body}");
        }
        let deep = "[".repeat(100_000);
        assert_eq!(parsed(&deep), None);
    }

    proptest! {
        #[test]
        fn no_body_makes_the_parser_panic(body in proptest::collection::vec(any::<u8>(), 0..512)) {
            let _ = parse(&body, ([10, 0, 0, 1], 8000).into());
        }

        #[test]
        fn every_address_that_a_server_can_print_is_found(ips in proptest::collection::vec(any::<IpAddr>(), 0..40)) {
            let body = serde_json::to_vec(&ips.iter().map(ToString::to_string).collect::<Vec<_>>()).unwrap();
            let found = parse(&body, ([10, 0, 0, 1], 8000).into()).unwrap();
            for ip in ips {
                let ip = ip.to_canonical();
                let link_local = matches!(ip, IpAddr::V6(v6) if v6.is_unicast_link_local());
                let broadcast = ip.to_string() == "255.255.255.255";
                let host = !ip.is_unspecified() && !ip.is_multicast() && !broadcast && !link_local;
                prop_assert_eq!(found.nodes.contains(&SocketAddr::new(ip, 8000)), host);
            }
        }
    }
}
