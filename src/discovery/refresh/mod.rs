//! One refresh of the node list: query, compare, publish.

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
use crate::error::RefreshError;
use crate::scope::Scope;

mod around;

/// Number of nodes queried in a refresh: more than one, so that one node's view is not taken for
/// the cluster's, and few, so that it costs the cluster almost nothing.
const WITNESSES: usize = 3;

/// Maximum number of new nodes queried in parallel.
const MAX_PARALLEL: usize = 64;

/// Number of nodes of fallback scopes that are remembered: enough for some of them to be alive.
const MAX_FALLBACK_NODES: usize = 16;

/// How long they are remembered before they are looked up again.
const FALLBACK_LIFETIME: Duration = Duration::from_secs(30);

/// What is remembered of the cluster from one refresh to the next, also by another task.
#[derive(Debug)]
pub(crate) struct Memory {
    misses: Misses,
    /// The same for the datacenter around the rack in force; `None` until it was surveyed.
    misses_around: Option<Misses>,
    /// Index of the scope in force among the configured ones.
    in_force: Option<usize>,
    /// In how many refreshes in a row that scope had no live node.
    lost: u32,
    /// Indices of scopes that were reported as empty.
    reported: HashSet<usize>,
    /// Nodes of fallback scopes, queried when neither the list nor a seed responds.
    fallback_nodes: Vec<SocketAddr>,
    /// When they are to be looked up again.
    fallback_due: Instant,
}

impl Memory {
    pub(crate) fn new(config: &Config) -> Self {
        Self {
            misses: Misses::new(),
            misses_around: None,
            in_force: (config.scopes.first() == Some(&Scope::Cluster)).then_some(0),
            lost: 0,
            reported: HashSet::new(),
            fallback_nodes: Vec::new(),
            fallback_due: Instant::now(),
        }
    }
}

/// Refreshes, one after the other, of one task.
pub(crate) struct Refresh {
    config: Arc<Config>,
    contacts: Contacts,
    /// Never held across an await, as the task may be stopped anywhere.
    memory: Arc<Mutex<Memory>>,
}

impl Refresh {
    pub(crate) fn new(config: Arc<Config>, memory: Arc<Mutex<Memory>>) -> Self {
        Self { contacts: Contacts::new(Arc::clone(&config)), config, memory }
    }

    fn memory(&self) -> MutexGuard<'_, Memory> {
        // After a panic it is at worst one refresh old.
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Surveys the cluster and publishes what has changed. Without a useful response, the list
    /// stays as it is.
    pub(crate) async fn run(&mut self, cluster: &Cluster) -> Result<(), RefreshError> {
        let mut listed = BTreeSet::new();
        let result = self.survey_scopes(cluster, &mut listed).await;
        let is_listed = |addr| listed.contains(&addr);
        self.contacts.tidy(is_listed, &cluster.all_nodes(), Instant::now());
        result
    }

    /// Runs the refresh, and adds every listed node to `listed_nodes`.
    async fn survey_scopes(
        &mut self,
        cluster: &Cluster,
        listed_nodes: &mut BTreeSet<SocketAddr>,
    ) -> Result<(), RefreshError> {
        let (list, known) = (cluster.nodes(), cluster.all_nodes());
        let scopes = self.config.scopes.clone();
        let mut error = None;
        for (rank, scope) in scopes.iter().enumerate() {
            let in_force = self.memory().in_force == Some(rank);
            let survey = self.survey(scope, in_force, &list, &known).await;
            listed_nodes.append(&mut survey.listed());
            let finding = survey.finding(in_force.then_some(&mut self.memory().misses));
            match &finding {
                Finding::Nodes(nodes) => {
                    self.enter(rank, scope);
                    self.publish_within(cluster, scope, nodes);
                    self.survey_datacenter(cluster, scope, listed_nodes).await;
                    self.find_fallback_nodes(rank, &cluster.nodes()).await;
                    return Ok(());
                }
                Finding::Empty => {}
                Finding::Unreachable | Finding::NoResponse => {
                    error = Some(self.unanswered(&survey))
                }
            }
            if finding == Finding::NoResponse {
                break;
            }
            if in_force {
                // Its nodes may serve requests anyway: one failed survey is no reason to leave
                // them.
                let mut memory = self.memory();
                memory.lost += 1;
                if memory.lost < MISSES_TO_LEAVE {
                    break;
                }
            }
            if finding == Finding::Empty {
                self.report_empty(rank, scope);
            }
        }
        // The rest of the datacenter may be alive if the rack is not.
        let in_force = self.memory().in_force;
        if let Some(rank) = in_force {
            self.survey_datacenter(cluster, &scopes[rank], listed_nodes).await;
        }
        if list.is_empty() && scopes.contains(&Scope::Cluster) {
            self.publish_seeds(cluster).await;
        }
        Err(error.unwrap_or_else(|| {
            let scopes: Vec<_> = scopes.iter().map(ToString::to_string).collect();
            RefreshError::EmptyScope { scopes: scopes.join(" or ") }
        }))
    }

    /// Surveys `scope`. `list` are its last known nodes, and `known` all existing ones.
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
        // If all witnesses responded, they are enough. Fewer may know less than the seeds do.
        if survey.answers() < WITNESSES || *scope == Scope::Cluster {
            let silent = !survey.any_responded();
            let mut more = self.contacts.seeds(silent, known).await;
            let listed = survey.listed();
            more.retain(|n| !survey.was_asked(n.addr()) && !listed.contains(&n.addr()));
            if silent {
                let unasked = list.iter().filter(|n| !survey.was_asked(n.addr()));
                more.extend(unasked.take(MAX_PARALLEL).cloned());
                let fallback_nodes = self.memory().fallback_nodes.clone();
                more.extend(self.contacts.nodes(&fallback_nodes, known));
                // Those queried first may still respond.
                more.extend(witnesses);
            }
            more.sort_by_key(|n| n.addr());
            more.dedup_by_key(|n| n.addr());
            self.contacts.ask(&more, &path, Until::Heard, &mut survey).await;
        }
        // An empty list is worth waiting for, as the next scope may be far away.
        let until = if list.is_empty() { Until::Alive } else { Until::Heard };
        let end = Instant::now() + self.config.discovery_timeout;
        loop {
            let mut next = survey.to_ask(in_force);
            if next.is_empty() || Instant::now() > end {
                return survey;
            }
            next.truncate(MAX_PARALLEL);
            let nodes = self.contacts.nodes(&next, known);
            self.contacts.ask(&nodes, &path, until, &mut survey).await;
        }
    }

    /// Publishes these nodes, if the snapshot holds others.
    fn publish(&mut self, cluster: &Cluster, nodes: &[SocketAddr], others: &[SocketAddr]) {
        let known = cluster.all_nodes();
        let nodes = self.contacts.nodes(nodes, &known);
        let others = self.contacts.nodes(others, &known);
        let Some(next) = Snapshot::with_others(nodes, others) else {
            return;
        };
        if cluster.snapshot().as_ref().is_some_and(|s| s.is_like(&next)) {
            return;
        }
        tracing::info!(nodes = ?next.nodes(), all = next.all().len(), "the node list has changed");
        cluster.publish(next);
    }

    /// Remembers some nodes outside of the scope, to continue with if all its nodes and the seeds
    /// are dead. Every node knows all others, so some are enough.
    async fn find_fallback_nodes(&mut self, rank: usize, list: &[Arc<Node>]) {
        let fallbacks = &self.config.scopes[rank + 1..];
        let (Some(scope), true) = (fallbacks.last(), self.memory().fallback_due <= Instant::now())
        else {
            return;
        };
        let path: Arc<str> = scope.localnodes().into();
        let mut survey = Survey::default();
        self.contacts.begin(&path, &mut survey);
        let contact: Vec<_> = fastrand::choice(list).into_iter().cloned().collect();
        self.contacts.ask(&contact, &path, Until::Grace, &mut survey).await;
        let listed = survey.listed();
        let outside = listed.iter().filter(|n| !list.iter().any(|l| l.addr() == **n));
        let outside = fastrand::choose_multiple(outside.copied(), MAX_FALLBACK_NODES);
        let mut memory = self.memory();
        if survey.any_responded() {
            memory.fallback_due = Instant::now() + FALLBACK_LIFETIME;
        }
        if !outside.is_empty() {
            memory.fallback_nodes = outside;
        }
    }

    /// Publishes the seeds: until a node has responded, they are the best guess.
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
        let mut contacts: Vec<_> = survey.failures().chain(self.contacts.unresolved()).collect();
        contacts.sort_unstable();
        RefreshError::Unanswered { contacts }
    }
}

/// Returns the nodes that can be used before the first survey: the seeds that are addresses, if any
/// node of the cluster may serve.
pub(crate) fn seed_nodes(config: &Config) -> Option<Snapshot> {
    if config.scopes.first() != Some(&Scope::Cluster) {
        return None;
    }
    let addresses = config.seeds.hosts.iter().filter_map(|host| match host {
        SeedHost::Ip(ip) => Some(SocketAddr::new(*ip, config.seeds.first.port)),
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
        // A port that was given back has no listener.
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let options = Options {
            seeds: vec![format!("http://{}", port.local_addr().unwrap()).into()],
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
