//! One refresh of the node list: ask, compare, publish.

use std::collections::{BTreeSet, HashSet};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::contacts::{Contacts, Until};
use super::survey::{Finding, MISSES_TO_LEAVE, Misses, Survey};
use crate::cluster::node::Node;
use crate::cluster::{Cluster, Snapshot};
use crate::config::Config;
use crate::config::seeds::SeedHost;
use crate::error::{FailedContact, RefreshError};
use crate::scope::Scope;

mod around;

/// How many nodes of the list are asked in a refresh: more than one, so that one node's view is not
/// taken for the cluster's, and few, so that asking costs the cluster nothing.
const WITNESSES: usize = 3;

/// How many nodes are asked side by side when many are new.
const SIDE_BY_SIDE: usize = 64;

/// How many nodes of fallback scopes are remembered: enough for some of them to live.
const ACQUAINTANCES: usize = 16;

/// How long they are remembered before others are looked for.
const VISITS: Duration = Duration::from_secs(30);

/// What is remembered of the cluster from one refresh to the next, by whichever task.
#[derive(Debug)]
pub(crate) struct Memory {
    misses: Misses,
    /// The same for the datacenter around the rack in force; `None` until it was surveyed.
    misses_around: Option<Misses>,
    /// The place of the scope that the list belongs to among the configured ones.
    in_force: Option<usize>,
    /// In how many refreshes in a row that scope had no live node.
    lost: u32,
    /// Places of scopes that were reported as empty.
    reported: HashSet<usize>,
    /// Nodes of fallback scopes, to be asked when neither the list nor a seed answers.
    acquaintances: Vec<SocketAddr>,
    /// When they are to be looked up again.
    visit: Instant,
}

impl Memory {
    pub(crate) fn new(config: &Config) -> Self {
        let in_force =
            config.scopes.iter().position(|s| *s == Scope::Cluster).filter(|rank| *rank == 0);
        Self {
            misses: Misses::new(),
            misses_around: None,
            in_force,
            lost: 0,
            reported: HashSet::new(),
            acquaintances: Vec::new(),
            visit: Instant::now(),
        }
    }
}

/// Refreshes, one after the other, of one task.
pub(crate) struct Refresh {
    config: Arc<Config>,
    contacts: Contacts,
    /// Never held while anything is waited for, as the task may be stopped anywhere.
    memory: Arc<Mutex<Memory>>,
}

impl Refresh {
    pub(crate) fn new(config: Arc<Config>, memory: Arc<Mutex<Memory>>) -> Self {
        Self { contacts: Contacts::new(Arc::clone(&config)), config, memory }
    }

    fn memory(&self) -> MutexGuard<'_, Memory> {
        // What a panic leaves behind is at worst one refresh old.
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Asks around and publishes what has changed. Where nothing useful is heard, the list stays as
    /// it is.
    pub(crate) async fn run(&mut self, cluster: &Cluster) -> Result<(), RefreshError> {
        let mut listed = BTreeSet::new();
        let result = self.look(cluster, &mut listed).await;
        let is_listed = |addr| listed.contains(&addr);
        self.contacts.tidy(is_listed, &cluster.all_nodes(), Instant::now());
        result
    }

    /// Adds to `everyone` whom anyone lists.
    async fn look(
        &mut self,
        cluster: &Cluster,
        everyone: &mut BTreeSet<SocketAddr>,
    ) -> Result<(), RefreshError> {
        let (list, known) = (cluster.nodes(), cluster.all_nodes());
        let scopes = self.config.scopes.clone();
        let mut error = None;
        for (rank, scope) in scopes.iter().enumerate() {
            let in_force = self.memory().in_force == Some(rank);
            let survey = self.survey(scope, in_force, &list, &known).await;
            everyone.append(&mut survey.listed());
            let finding = survey.finding(in_force.then_some(&mut self.memory().misses));
            match &finding {
                Finding::Nodes(nodes) => {
                    self.enter(rank, scope);
                    self.publish_within(cluster, scope, nodes);
                    self.look_around(cluster, scope, everyone).await;
                    self.look_further(rank, &cluster.nodes()).await;
                    return Ok(());
                }
                Finding::Nobody => {}
                Finding::Unreachable | Finding::Silence => error = Some(self.unanswered(&survey)),
            }
            if finding == Finding::Silence {
                break;
            }
            if in_force {
                // Its nodes may serve requests all the same: one bad moment of discovery is no
                // reason to leave them.
                let mut memory = self.memory();
                memory.lost += 1;
                if memory.lost < MISSES_TO_LEAVE {
                    break;
                }
            }
            if finding == Finding::Nobody {
                self.report_empty(rank, scope);
            }
        }
        // A rack may be dead and the rest of its datacenter not.
        let in_force = self.memory().in_force;
        if let Some(rank) = in_force {
            self.look_around(cluster, &scopes[rank], everyone).await;
        }
        if list.is_empty() && scopes.contains(&Scope::Cluster) {
            self.publish_seeds(cluster).await;
        }
        Err(error.unwrap_or_else(|| {
            let scopes: Vec<_> = scopes.iter().map(ToString::to_string).collect();
            RefreshError::EmptyScope { scopes: scopes.join(" or ") }
        }))
    }

    /// `list` is of this scope as it was last known, and `known` are the nodes that are connected
    /// already.
    async fn survey(
        &mut self,
        scope: &Scope,
        in_force: bool,
        list: &[Arc<Node>],
        known: &[Arc<Node>],
    ) -> Survey {
        let path: Arc<str> = scope.localnodes().into();
        let mut survey = Survey::new(list.iter().map(|n| n.addr()));
        self.contacts.begin(&path, &mut survey);

        let witnesses =
            fastrand::choose_multiple(list, WITNESSES).into_iter().cloned().collect::<Vec<_>>();
        self.contacts.ask(&witnesses, &path, Until::Grace, &mut survey).await;
        // A few who agree are believed. Fewer may know less than the seeds do.
        if survey.answers() < WITNESSES || *scope == Scope::Cluster {
            let silent = !survey.anyone_answered();
            let mut more = self.contacts.seeds(silent, known).await;
            let listed = survey.listed();
            more.retain(|n| !survey.was_asked(n.addr()) && !listed.contains(&n.addr()));
            if silent {
                more.extend(
                    list.iter().filter(|n| !survey.was_asked(n.addr())).take(SIDE_BY_SIDE).cloned(),
                );
                let acquaintances = self.memory().acquaintances.clone();
                for addr in acquaintances {
                    more.push(self.contacts.node(addr, known));
                }
                // Those asked first may still answer.
                more.extend(witnesses);
            }
            more.sort_by_key(|n| n.addr());
            more.dedup_by_key(|n| n.addr());
            self.contacts.ask(&more, &path, Until::Heard, &mut survey).await;
        }
        // A list that is still empty is worth waiting for, as the next scope may be far away.
        let until = if list.is_empty() { Until::Alive } else { Until::Heard };
        let end = Instant::now() + self.config.discovery_timeout;
        loop {
            let mut next = survey.to_ask(in_force);
            if next.is_empty() || Instant::now() > end {
                return survey;
            }
            next.truncate(SIDE_BY_SIDE);
            let nodes: Vec<_> = next.iter().map(|addr| self.contacts.node(*addr, known)).collect();
            self.contacts.ask(&nodes, &path, until, &mut survey).await;
        }
    }

    /// Puts these nodes in the place of the snapshot's, if they are others.
    fn publish(&mut self, cluster: &Cluster, nodes: &[SocketAddr], others: &[SocketAddr]) {
        let known = cluster.all_nodes();
        let mut at = |addrs: &[SocketAddr]| -> Vec<_> {
            addrs.iter().map(|addr| self.contacts.node(*addr, &known)).collect()
        };
        let Some(next) = Snapshot::with_others(at(nodes), at(others)) else {
            return;
        };
        if cluster.snapshot().as_ref().is_some_and(|s| s.is_like(&next)) {
            return;
        }
        tracing::info!(nodes = ?next.nodes(), all = next.all().len(), "the node list has changed");
        cluster.publish(next);
    }

    /// Learns of nodes outside of the scope that could say where to go on if all its nodes and the
    /// seeds were dead. Every node knows all others, so it is enough to know some.
    async fn look_further(&mut self, rank: usize, list: &[Arc<Node>]) {
        let fallbacks = &self.config.scopes[rank + 1..];
        let (Some(scope), true) = (fallbacks.last(), self.memory().visit <= Instant::now()) else {
            return;
        };
        let path: Arc<str> = scope.localnodes().into();
        let mut survey = Survey::default();
        self.contacts.begin(&path, &mut survey);
        let someone: Vec<_> = fastrand::choice(list).into_iter().cloned().collect();
        self.contacts.ask(&someone, &path, Until::Grace, &mut survey).await;
        let listed = survey.listed();
        let strangers = listed.iter().filter(|n| !list.iter().any(|l| l.addr() == **n));
        let strangers = fastrand::choose_multiple(strangers.copied(), ACQUAINTANCES);
        let mut memory = self.memory();
        if survey.anyone_answered() {
            memory.visit = Instant::now() + VISITS;
        }
        if !strangers.is_empty() {
            memory.acquaintances = strangers;
        }
    }

    /// Until anyone has answered, the seeds are the best guess of where the cluster is.
    async fn publish_seeds(&mut self, cluster: &Cluster) {
        let seeds = self.contacts.seeds(false, &[]).await;
        if let Some(snapshot) = Snapshot::new(seeds) {
            self.memory().in_force = self.config.scopes.iter().position(|s| *s == Scope::Cluster);
            cluster.publish(snapshot);
        }
    }

    fn enter(&self, rank: usize, scope: &Scope) {
        let mut memory = self.memory();
        memory.reported.remove(&rank);
        memory.lost = 0;
        if memory.in_force != Some(rank) {
            memory.misses.clear();
            memory.misses_around = None;
            memory.in_force = Some(rank);
            drop(memory);
            if rank > 0 {
                tracing::warn!(%scope, "no preferred scope has a live node; falling back");
            } else {
                tracing::info!(%scope, "routing to the preferred scope");
            }
        }
    }

    fn report_empty(&self, rank: usize, scope: &Scope) {
        if self.memory().reported.insert(rank) {
            tracing::error!(%scope, "no node lives in this scope; check the names of datacenter and rack");
        }
    }

    fn unanswered(&self, survey: &Survey) -> RefreshError {
        let mut contacts: Vec<_> = survey
            .failures()
            .map(|(node, reason)| FailedContact {
                contact: node.to_string(),
                reason: reason.to_owned(),
            })
            .chain(self.contacts.unresolved())
            .collect();
        contacts.sort_unstable();
        RefreshError::Unanswered { contacts }
    }
}

/// The nodes that can be used before anyone was asked: the seeds that are addresses, if any node of
/// the cluster may serve.
pub(crate) fn seed_nodes(config: &Config) -> Option<Snapshot> {
    if config.scopes.first() != Some(&Scope::Cluster) {
        return None;
    }
    let addresses = config.seeds.hosts.iter().filter_map(|host| match host {
        SeedHost::Ip(ip) => Some(SocketAddr::new(*ip, config.seeds.port)),
        SeedHost::Name(_) => None,
    });
    Snapshot::new(
        addresses.map(|addr| Arc::new(Node::new(addr, None, &config.dialer, config.pool))),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Options;

    #[tokio::test]
    async fn a_refresh_that_fails_keeps_no_strangers_either() {
        // Nobody listens on a port that was given back.
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let options = Options {
            seeds: vec![format!("http://{}", port.local_addr().unwrap())],
            ..Options::default()
        };
        drop(port);
        let config = Arc::new(Config::parse(&options).unwrap());
        let memory = Arc::new(Mutex::new(Memory::new(&config)));
        let mut refresh = Refresh::new(Arc::clone(&config), memory);
        let stranger = refresh.contacts.node(([127, 0, 0, 2], 1).into(), &[]);
        let cluster = Cluster::new(seed_nodes(&config));
        assert!(refresh.run(&cluster).await.is_err());
        assert_eq!(Arc::strong_count(&stranger), 1);
    }
}
