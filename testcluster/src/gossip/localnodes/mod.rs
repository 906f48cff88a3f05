//! `/localnodes`: the nodes that a node lists for a datacenter and rack. Pure, so that the rules
//! can be read in one place.

use percent_encoding::percent_decode_str;

use crate::gossip::members::{Gossip, Member, View};
use crate::version::Version;

/// The parameters of a request. An empty parameter is an absent one.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Query {
    pub(crate) datacenter: Option<String>,
    pub(crate) rack: Option<String>,
}

impl Query {
    /// Reads the part of the URL after the question mark as Seastar does: the last of several equal
    /// keys wins, and what cannot be decoded is ignored.
    pub(crate) fn parse(query: &str) -> Self {
        let mut parsed = Self::default();
        for parameter in query.split('&') {
            let (key, value) = parameter.split_once('=').unwrap_or((parameter, ""));
            let (Some(key), Some(value)) = (decode(key), decode(value)) else {
                continue;
            };
            let value = Some(value).filter(|value| !value.is_empty());
            match key.as_str() {
                "dc" => parsed.datacenter = value,
                "rack" => parsed.rack = value,
                _ => {}
            }
        }
        parsed
    }
}

fn decode(text: &str) -> Option<String> {
    let whole = |at: usize| {
        text.as_bytes()
            .get(at + 1..at + 3)
            .is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit))
    };
    if text.match_indices('%').any(|(at, _)| !whole(at)) {
        return None;
    }
    Some(percent_decode_str(&text.replace('+', " ")).decode_utf8_lossy().into_owned())
}

/// Returns the entries that the node `this` lists, in random order.
pub(crate) fn entries(
    version: Version,
    members: &[Member],
    this: &Member,
    view: &View,
    query: &Query,
) -> Vec<String> {
    let (datacenter, rack) = if version.has_localnodes_parameters() {
        (query.datacenter.as_deref().unwrap_or(&this.datacenter), query.rack.as_deref())
    } else {
        (this.datacenter.as_str(), None)
    };
    let mut entries: Vec<String> = members
        .iter()
        .filter(|member| {
            member.datacenter == datacenter && rack.is_none_or(|rack| member.rack == rack)
        })
        .filter(|member| is_listed(version, member, this, view))
        .map(|member| member.ip.to_string())
        .collect();
    fastrand::shuffle(&mut entries);
    entries
}

fn is_listed(version: Version, member: &Member, this: &Member, view: &View) -> bool {
    let seen = match view {
        View::Cluster => true,
        View::Only(alive) => {
            member.ip == this.ip || alive.contains(&member.ip) || version.lists_down_nodes()
        }
    };
    seen && match member.gossip {
        Gossip::Normal | Gossip::Leaving => true,
        Gossip::Down => version.lists_down_nodes(),
        Gossip::Joining | Gossip::Shutdown => false,
    }
}

#[cfg(test)]
mod tests;
