//! The responses of one refresh about one scope, and what follows from them: pure, so that every
//! case can be tested.
//!
//! One node's view is not the cluster's. The list is the union of what several nodes list; a node
//! joins once it responds and lists itself, and leaves once no node has listed it, itself included,
//! for several refreshes.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::net::SocketAddr;

use crate::error::FailedContact;

/// Number of refreshes in a row in which a node must be missing before it is dropped. Refreshes
/// without a response do not count.
pub(crate) const MISSES_TO_LEAVE: u32 = 3;

/// How many refreshes in a row have missed each node of the list.
pub(crate) type Misses = HashMap<SocketAddr, u32>;

#[derive(Debug, Default)]
pub(crate) struct Survey {
    current: BTreeSet<SocketAddr>,
    heard: HashMap<SocketAddr, Vec<SocketAddr>>,
    failed: HashMap<SocketAddr, String>,
    asked: HashSet<SocketAddr>,
}

/// The result of a survey.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Finding {
    /// No node responded.
    NoResponse,
    /// Nodes responded, but none is listed in this scope.
    Empty,
    /// Nodes are listed, but none of them has responded.
    Unreachable,
    /// The nodes that may serve requests, in order of their addresses.
    Nodes(Vec<SocketAddr>),
}

impl Survey {
    /// `current` is the list before this refresh.
    pub(crate) fn new(current: impl IntoIterator<Item = SocketAddr>) -> Self {
        Self { current: current.into_iter().collect(), ..Self::default() }
    }

    pub(crate) fn note_asked(&mut self, contact: SocketAddr) {
        self.asked.insert(contact);
    }

    pub(crate) fn note(&mut self, contact: SocketAddr, answer: Result<Vec<SocketAddr>, String>) {
        self.asked.insert(contact);
        match answer {
            Ok(listed) => {
                self.heard.insert(contact, listed);
            }
            Err(error) => {
                self.failed.insert(contact, error);
            }
        }
    }

    pub(crate) fn was_asked(&self, contact: SocketAddr) -> bool {
        self.asked.contains(&contact)
    }

    pub(crate) fn any_responded(&self) -> bool {
        !self.heard.is_empty()
    }

    /// Returns how many nodes have responded.
    pub(crate) fn answers(&self) -> usize {
        self.heard.len()
    }

    /// Returns whether any listed node has responded.
    pub(crate) fn any_alive(&self) -> bool {
        self.heard.values().flatten().any(|n| self.heard.contains_key(n))
    }

    /// Returns the nodes that were queried and have not responded, and why.
    pub(crate) fn failures(&self) -> impl Iterator<Item = FailedContact> {
        self.asked.iter().filter(|n| !self.heard.contains_key(n)).map(|n| FailedContact {
            contact: n.to_string(),
            reason: self.failed.get(n).map_or("no answer yet", String::as_str).to_owned(),
        })
    }

    /// Returns every listed node.
    pub(crate) fn listed(&self) -> BTreeSet<SocketAddr> {
        self.heard.values().flatten().copied().collect()
    }

    /// Returns the nodes to query next, the most useful first: those no longer listed, if the list
    /// is of this scope; those that would join; and, while no listed node has responded, all of
    /// them.
    ///
    /// The lists of the contacts are taken in turns, so that one with ten thousand false entries
    /// does not hide another.
    pub(crate) fn to_ask(&self, in_force: bool) -> Vec<SocketAddr> {
        let none_alive = !self.any_alive();
        let is_unasked = |n: &&SocketAddr| !self.asked.contains(*n);
        let may_join = |n: &&SocketAddr| none_alive || !self.current.contains(*n);
        let lists = self.heard.values();
        let mut joining: Vec<_> = lists
            .flat_map(|listed| listed.iter().filter(is_unasked).filter(may_join).enumerate())
            .collect();
        joining.sort_unstable();
        let listed = self.listed();
        let missing = self.current.iter().filter(|n| in_force && !listed.contains(n));
        let mut seen = HashSet::new();
        let next = missing.filter(is_unasked).chain(joining.into_iter().map(|(_, node)| node));
        next.filter(|n| seen.insert(**n)).copied().collect()
    }

    /// Returns the new list. `misses` counts, from one refresh to the next, how often a node was
    /// missing; with `None`, as after a change of scope, a node that is not listed is dropped at
    /// once.
    pub(crate) fn finding(&self, misses: Option<&mut Misses>) -> Finding {
        if self.heard.is_empty() {
            return Finding::NoResponse;
        }
        let listed = self.listed();
        if listed.is_empty() {
            return Finding::Empty;
        }
        if !self.any_alive() {
            return Finding::Unreachable;
        }
        let answers_for_itself = |n: &SocketAddr| self.heard.get(n).is_some_and(|l| l.contains(n));
        let mut nodes: BTreeSet<_> = listed
            .iter()
            .filter(|n| self.current.contains(n) || answers_for_itself(n))
            .copied()
            .collect();
        if let Some(misses) = misses {
            misses.retain(|n, _| self.current.contains(n) && !listed.contains(n));
            for node in self.current.iter().filter(|n| !listed.contains(n)) {
                let missed = misses.entry(*node).or_default();
                *missed += 1;
                if *missed < MISSES_TO_LEAVE {
                    nodes.insert(*node);
                }
            }
        }
        if nodes.is_empty() {
            Finding::Unreachable
        } else {
            Finding::Nodes(nodes.into_iter().collect())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn node(i: u8) -> SocketAddr {
        ([10, 0, 0, i], 8000).into()
    }

    fn nodes(list: &[u8]) -> Vec<SocketAddr> {
        list.iter().map(|i| node(*i)).collect()
    }

    fn survey(current: &[u8], heard: &[(u8, &[u8])], failed: &[u8]) -> Survey {
        let mut survey = Survey::new(nodes(current));
        for (contact, listed) in heard {
            survey.note(node(*contact), Ok(nodes(listed)));
        }
        for contact in failed {
            survey.note(node(*contact), Err("refused".to_owned()));
        }
        survey
    }

    fn found(list: &[u8]) -> Finding {
        Finding::Nodes(nodes(list))
    }

    #[test]
    fn a_listed_node_joins_only_once_it_has_answered_for_itself() {
        let all: &[u8] = &[1, 2, 3];
        let waiting = survey(&[1, 2], &[(1, all)], &[]);
        assert_eq!(waiting.to_ask(true), nodes(&[3]));
        assert_eq!(waiting.finding(None), found(&[1, 2]));
        assert_eq!(survey(&[1, 2], &[(1, all)], &[3]).finding(None), found(&[1, 2]));
        assert_eq!(survey(&[1, 2], &[(1, all), (3, all)], &[]).finding(None), found(&[1, 2, 3]));
        // It responds, but does not list itself: it is joining, or is in another scope.
        assert_eq!(survey(&[1, 2], &[(1, all), (3, &[1, 2])], &[]).finding(None), found(&[1, 2]));
    }

    #[test]
    fn a_node_that_sees_only_itself_does_not_narrow_the_list() {
        let alone = survey(&[1, 2, 3], &[(1, &[1])], &[]);
        assert_eq!(alone.to_ask(true), nodes(&[2, 3]));
        let mut misses = Misses::new();
        let survey = survey(&[1, 2, 3], &[(1, &[1]), (2, &[1, 2, 3]), (3, &[1, 2, 3])], &[]);
        for _ in 0..10 {
            assert_eq!(survey.finding(Some(&mut misses)), found(&[1, 2, 3]));
        }
        assert!(misses.is_empty());
    }

    #[test]
    fn a_node_leaves_after_several_refreshes_without_a_word_of_it() {
        let mut misses = Misses::new();
        let gone = || survey(&[1, 2, 3], &[(1, &[1, 2])], &[3]);
        assert_eq!(gone().finding(Some(&mut misses)), found(&[1, 2, 3]));
        assert_eq!(gone().finding(Some(&mut misses)), found(&[1, 2, 3]));
        assert_eq!(gone().finding(Some(&mut misses)), found(&[1, 2]));
    }

    #[test]
    fn a_node_that_is_listed_again_starts_anew() {
        let mut misses = Misses::new();
        for _ in 0..5 {
            let gone = survey(&[1, 2], &[(1, &[1])], &[2]);
            assert_eq!(gone.finding(Some(&mut misses)), found(&[1, 2]));
            let back = survey(&[1, 2], &[(1, &[1, 2])], &[]);
            assert_eq!(back.finding(Some(&mut misses)), found(&[1, 2]));
        }
    }

    #[test]
    fn one_failed_refresh_does_not_drop_a_datacenter() {
        // Nodes 1 and 2 are in one datacenter, 3 and 4 in another whose nodes fail to respond once.
        let mut misses = Misses::new();
        let blip = survey(&[1, 2, 3, 4], &[(1, &[1, 2])], &[3, 4]);
        assert_eq!(blip.finding(Some(&mut misses)), found(&[1, 2, 3, 4]));
        let over = survey(&[1, 2, 3, 4], &[(1, &[1, 2]), (3, &[3, 4])], &[]);
        assert_eq!(over.finding(Some(&mut misses)), found(&[1, 2, 3, 4]));
        assert!(misses.is_empty());
    }

    #[test]
    fn after_a_change_of_scope_a_node_that_is_not_listed_goes_at_once() {
        assert_eq!(survey(&[1, 2, 9], &[(1, &[1, 2])], &[]).finding(None), found(&[1, 2]));
    }

    #[test]
    fn silence_an_empty_scope_and_a_dead_one_are_told_apart() {
        assert_eq!(survey(&[1], &[], &[1]).finding(None), Finding::NoResponse);
        assert_eq!(survey(&[1], &[(1, &[])], &[]).finding(None), Finding::Empty);
        let dead = survey(&[1, 2], &[(9, &[1, 2])], &[]);
        assert_eq!(dead.to_ask(true), nodes(&[1, 2]));
        assert_eq!(survey(&[1, 2], &[(9, &[1, 2])], &[1, 2]).finding(None), Finding::Unreachable);
    }

    #[test]
    fn nobody_is_asked_twice() {
        let mut survey = survey(&[1, 2], &[(1, &[1, 3])], &[2]);
        survey.note_asked(node(3));
        assert!(survey.to_ask(true).is_empty());
    }

    #[test]
    fn whoever_is_missing_from_a_scope_that_is_not_in_force_is_not_asked() {
        let rack = survey(&[1, 2, 3, 4], &[(3, &[]), (4, &[])], &[]);
        assert!(rack.to_ask(false).is_empty());
        assert_eq!(rack.to_ask(true), nodes(&[1, 2]));
    }

    #[test]
    fn a_contact_that_lists_many_does_not_hide_what_another_says() {
        let many: Vec<u8> = (10..250).collect();
        let heard: &[(u8, &[u8])] = &[(1, &many), (2, &[1, 2, 255])];
        let to_ask = survey(&[1, 2], heard, &[]).to_ask(true);
        assert_eq!(to_ask.len(), 241);
        assert!(to_ask[..2].contains(&node(255)));
    }
}
