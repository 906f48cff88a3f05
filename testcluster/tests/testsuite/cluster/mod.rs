//! The cluster as a whole: who is listed when, what is shared, what is counted, and TLS.

mod counters;
mod membership;
mod nodes;
mod tls;

use std::collections::BTreeSet;

use alternator_testcluster::Node;

use crate::raw::{ask, get};

pub(crate) fn listed_with(node: &Node, query: &str) -> BTreeSet<String> {
    let response = ask(node.addr(), get(&format!("/localnodes{query}")));
    serde_json::from_str(response.text()).unwrap()
}

pub(crate) fn listed(node: &Node) -> BTreeSet<String> {
    listed_with(node, "")
}

pub(crate) fn lists(node: &Node, other: &Node) -> bool {
    listed(node).contains(&other.addr().ip().to_string())
}
