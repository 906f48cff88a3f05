//! The nodes that can be asked: those of the list, seeds, and those that are about to join.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::error::Error as _;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use aws_smithy_runtime_api::client::dns::ResolveDns;
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout, timeout_at};

use super::ask::ask;
use super::survey::Survey;
use crate::config::Config;
use crate::node::Node;
use crate::seed::Host;

/// How long a refresh waits for the slower of several contacts once it has heard one. A slow one goes on in the background
/// and is heard in the next refresh.
const GRACE: Duration = Duration::from_millis(250);

/// How long the addresses of a seed's name are believed, as resolvers rarely tell the lifetime of a record.
const NAME_LIFETIME: Duration = Duration::from_secs(30);

/// When a round of questions is over.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Patience {
    /// After the grace period, whatever was heard.
    Grace,
    /// After the grace period if anyone has answered, and else when all have failed.
    UntilHeard,
}

struct Answer {
    contact: SocketAddr,
    path: Arc<str>,
    listed: Result<Vec<SocketAddr>, String>,
}

/// What the names of seeds were resolved to, and when.
type Names = HashMap<Box<str>, (Vec<IpAddr>, Instant)>;

pub(crate) struct Contacts {
    config: Arc<Config>,
    /// Nodes that are not in the list: seeds, and nodes about to join. They keep their connections from one refresh to the
    /// next.
    others: HashMap<SocketAddr, Arc<Node>>,
    names: Names,
    /// Names that could not be resolved when that was last tried, and why.
    unresolved: BTreeMap<Box<str>, String>,
    asking: JoinSet<Answer>,
    unanswered: HashSet<(SocketAddr, Arc<str>)>,
}

impl Contacts {
    pub(crate) fn new(config: Arc<Config>) -> Self {
        Self {
            config,
            others: HashMap::new(),
            names: HashMap::new(),
            unresolved: BTreeMap::new(),
            asking: JoinSet::new(),
            unanswered: HashSet::new(),
        }
    }

    /// The node at `addr`, whether it is in `list` or not.
    pub(crate) fn node(&mut self, addr: SocketAddr, list: &[Arc<Node>]) -> Arc<Node> {
        if let Some(node) = list.iter().find(|n| n.addr() == addr) {
            return Arc::clone(node);
        }
        let config = &self.config;
        let node = self.others.entry(addr).or_insert_with(|| {
            // However it was found this time: its certificate may be for the name alone.
            let name = match seed_of(config, &self.names, addr.ip()) {
                Some(Host::Name(name)) => Some(&**name),
                Some(Host::Ip(_)) | None => None,
            };
            Arc::new(Node::new(addr, name, &config.dialer, config.pool))
        });
        Arc::clone(node)
    }

    /// Every address of every seed, names resolved within the last half minute or, if `anew`, now.
    pub(crate) async fn seeds(&mut self, anew: bool, list: &[Arc<Node>]) -> Vec<Arc<Node>> {
        let config = Arc::clone(&self.config);
        let mut seeds = Vec::new();
        for host in &config.seeds.hosts {
            let addresses = match host {
                Host::Ip(ip) => vec![*ip],
                Host::Name(name) => self.resolve(name, anew).await,
            };
            for ip in addresses {
                seeds.push(self.node(SocketAddr::new(ip, config.seeds.port), list));
            }
        }
        seeds
    }

    async fn resolve(&mut self, name: &str, anew: bool) -> Vec<IpAddr> {
        let known = self.names.get(name);
        if let Some((addresses, when)) = known
            && !anew
            && when.elapsed() < NAME_LIFETIME
        {
            return addresses.clone();
        }
        let known = known
            .map(|(addresses, _)| addresses.clone())
            .unwrap_or_default();
        let limit = self.config.discovery_timeout;
        let error = match timeout(limit, self.config.resolver.resolve_dns(name)).await {
            Ok(Ok(addresses)) if !addresses.is_empty() => {
                // A node that was known by its address alone has a name now.
                self.others.retain(|addr, _| {
                    known.contains(&addr.ip()) || !addresses.contains(&addr.ip())
                });
                self.unresolved.remove(name);
                self.names
                    .insert(name.into(), (addresses.clone(), Instant::now()));
                return addresses;
            }
            Ok(Ok(_)) => "it has no address".to_owned(),
            Ok(Err(error)) => error
                .source()
                .map_or_else(|| error.to_string(), ToString::to_string),
            Err(_) => format!("no answer within {limit:?}"),
        };
        tracing::warn!(
            name,
            error,
            "the name of a seed does not resolve; check it and the resolver"
        );
        self.unresolved
            .insert(name.into(), format!("does not resolve: {error}"));
        known
    }

    /// The names of seeds that do not resolve, and why.
    pub(crate) fn unresolved(&self) -> impl Iterator<Item = (String, String)> {
        self.unresolved
            .iter()
            .map(|(name, why)| (name.to_string(), why.clone()))
    }

    /// Asks all `nodes` side by side and notes in `survey` what they say.
    pub(crate) async fn ask(
        &mut self,
        nodes: &[Arc<Node>],
        path: &Arc<str>,
        patience: Patience,
        survey: &mut Survey,
    ) {
        for node in nodes {
            survey.note_asked(node.addr());
            // Nobody is asked twice at once: a node that hangs holds one question, not one per refresh.
            if self.unanswered.insert((node.addr(), Arc::clone(path))) {
                let (node, path, limit) = (
                    Arc::clone(node),
                    Arc::clone(path),
                    self.config.discovery_timeout,
                );
                self.asking.spawn(async move {
                    let listed = ask(&node, &path, limit).await.map_err(|e| e.to_string());
                    Answer {
                        contact: node.addr(),
                        path,
                        listed,
                    }
                });
            }
        }
        let grace = Instant::now() + GRACE.min(self.config.discovery_timeout);
        let end = Instant::now() + self.config.discovery_timeout;
        while nodes
            .iter()
            .any(|n| self.unanswered.contains(&(n.addr(), Arc::clone(path))))
        {
            let until = if patience == Patience::Grace || survey.anyone_answered() {
                grace
            } else {
                end
            };
            match timeout_at(until, self.asking.join_next()).await {
                Ok(Some(Ok(answer))) => self.note(answer, path, survey),
                // The task ended without an answer, with the runtime it ran on.
                Ok(Some(Err(_)) | None) => {
                    self.unanswered.clear();
                    break;
                }
                Err(_) => break,
            }
        }
    }

    /// Notes the answers that came after the refresh that asked for them.
    pub(crate) fn note_late(&mut self, path: &Arc<str>, survey: &mut Survey) {
        while let Some(Ok(answer)) = self.asking.try_join_next() {
            self.note(answer, path, survey);
        }
    }

    fn note(&mut self, answer: Answer, path: &Arc<str>, survey: &mut Survey) {
        let Answer {
            contact,
            path: answered,
            listed,
        } = answer;
        if answered == *path {
            survey.note(contact, listed);
        }
        self.unanswered.remove(&(contact, answered));
    }

    /// Forgets everyone who is neither a seed nor listed; whoever is in `list` now belongs to the snapshot.
    pub(crate) fn retain(&mut self, listed: impl Fn(SocketAddr) -> bool, list: &[Arc<Node>]) {
        let Self {
            config,
            others,
            names,
            ..
        } = self;
        others.retain(|addr, node| {
            let seed = seed_of(config, names, addr.ip()).is_some();
            if list.iter().any(|n| n.addr() == *addr) {
                return false;
            }
            if !seed && !listed(*addr) {
                node.pool.retire();
                return false;
            }
            true
        });
    }
}

/// The seed that stands for this address, if any does.
fn seed_of<'a>(config: &'a Config, names: &Names, ip: IpAddr) -> Option<&'a Host> {
    config.seeds.hosts.iter().find(|host| match host {
        Host::Ip(seed) => *seed == ip,
        Host::Name(name) => names.get(name).is_some_and(|(ips, _)| ips.contains(&ip)),
    })
}
