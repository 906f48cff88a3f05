//! The nodes that can be queried: those of the list, seeds, and those that are about to join.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use tokio::task::JoinSet;
use tokio::time::{Instant, timeout_at};

use super::GRACE;
use super::ask::ask;
use super::names::Names;
use super::survey::Survey;
use crate::cluster::node::Node;
use crate::config::Config;
use crate::config::seeds::SeedHost;
use crate::error::FailedContact;

/// When a round of queries is over.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Until {
    /// After the grace period, in any case.
    Grace,
    /// After the grace period if any node has responded, otherwise when all have failed.
    Heard,
    /// After the grace period if a listed node has responded, otherwise when all have failed.
    Alive,
}

struct Answer {
    contact: SocketAddr,
    path: Arc<str>,
    when: Instant,
    listed: Result<Vec<SocketAddr>, String>,
}

pub(crate) struct Contacts {
    config: Arc<Config>,
    names: Names,
    /// Nodes that are not in the list: seeds, and nodes about to join. They keep their connections
    /// from one refresh to the next.
    others: HashMap<SocketAddr, Arc<Node>>,
    asking: JoinSet<Answer>,
    /// The queries in progress, with the round in which they were sent.
    unanswered: HashMap<(SocketAddr, Arc<str>), u64>,
    /// Responses that came during a survey of another scope.
    late: Vec<Answer>,
    round: u64,
}

impl Contacts {
    pub(crate) fn new(config: Arc<Config>) -> Self {
        Self {
            names: Names::new(Arc::clone(&config)),
            config,
            others: HashMap::new(),
            asking: JoinSet::new(),
            unanswered: HashMap::new(),
            late: Vec::new(),
            round: 0,
        }
    }

    /// Returns the node at `addr`, whether it is in `list` or not.
    pub(crate) fn node(&mut self, addr: SocketAddr, list: &[Arc<Node>]) -> Arc<Node> {
        if let Some(node) = list.iter().find(|n| n.addr() == addr) {
            return Arc::clone(node);
        }
        let config = &self.config;
        let node = self.others.entry(addr).or_insert_with(|| {
            // However it was found this time: its certificate may be for the name only.
            let name = match seed_of(config, &self.names, addr.ip()) {
                Some(SeedHost::Name(name)) => Some(&**name),
                Some(SeedHost::Ip(_)) | None => None,
            };
            Arc::new(Node::new(addr, name, &config.dialer, config.pool))
        });
        Arc::clone(node)
    }

    /// Returns the nodes at `addrs`, likewise.
    pub(crate) fn nodes(&mut self, addrs: &[SocketAddr], list: &[Arc<Node>]) -> Vec<Arc<Node>> {
        addrs.iter().map(|addr| self.node(*addr, list)).collect()
    }

    /// Returns every known address of every seed, with names resolved recently or, if `anew`, now.
    pub(crate) async fn seeds(&mut self, anew: bool, list: &[Arc<Node>]) -> Vec<Arc<Node>> {
        let named = self.names.resolve(anew).await;
        // A node that was known by its address alone has a name now.
        self.others.retain(|addr, _| !named.contains(&addr.ip()));
        let seeds = &self.config.seeds;
        let ips = seeds.hosts.iter().flat_map(|host| self.names.addresses(host));
        let addrs: Vec<_> = ips.map(|ip| SocketAddr::new(*ip, seeds.first.port)).collect();
        self.nodes(&addrs, list)
    }

    /// Returns the names of seeds that do not resolve, and why.
    pub(crate) fn unresolved(&self) -> impl Iterator<Item = FailedContact> {
        self.names.unresolved()
    }

    /// Begins a round of queries about one scope, and adds to `survey` the responses that came too
    /// late for their own refresh.
    pub(crate) fn begin(&mut self, path: &Arc<str>, survey: &mut Survey) {
        self.round += 1;
        for answer in std::mem::take(&mut self.late) {
            self.note(answer, path, survey);
        }
        while let Some(Ok(answer)) = self.asking.try_join_next() {
            self.note(answer, path, survey);
        }
    }

    /// Queries all `nodes` in parallel and adds their responses to `survey`.
    pub(crate) async fn ask(
        &mut self,
        nodes: &[Arc<Node>],
        path: &Arc<str>,
        until: Until,
        survey: &mut Survey,
    ) {
        for node in nodes {
            survey.note_asked(node.addr());
            let query = (node.addr(), Arc::clone(path));
            // A node has one query at a time: one that hangs holds one, not one per refresh.
            if self.unanswered.contains_key(&query) {
                continue;
            }
            self.unanswered.insert(query, self.round);
            let (node, path) = (Arc::clone(node), Arc::clone(path));
            let limit = self.config.discovery_timeout;
            self.asking.spawn(async move {
                let listed = ask(&node, &path, limit).await.map_err(|e| e.to_string());
                Answer { contact: node.addr(), path, when: Instant::now(), listed }
            });
        }
        let begun = Instant::now();
        while self.is_waiting_for(nodes, path) {
            let enough = match until {
                Until::Grace => true,
                Until::Heard => survey.any_responded(),
                Until::Alive => survey.any_alive(),
            };
            let limit = self.config.discovery_timeout;
            let until = begun + if enough { GRACE.min(limit) } else { limit };
            match timeout_at(until, self.asking.join_next()).await {
                Ok(Some(Ok(answer))) => self.note(answer, path, survey),
                // The task ended without a response, with the runtime it ran on.
                Ok(Some(Err(_)) | None) => {
                    self.unanswered.clear();
                    break;
                }
                Err(_) => break,
            }
        }
    }

    /// Returns whether one of the nodes was queried in this round and has not responded. One that
    /// has been silent since an earlier round is not waited for again.
    fn is_waiting_for(&self, nodes: &[Arc<Node>], path: &Arc<str>) -> bool {
        nodes.iter().any(|node| {
            let round = self.unanswered.get(&(node.addr(), Arc::clone(path)));
            round == Some(&self.round)
        })
    }

    fn note(&mut self, answer: Answer, path: &Arc<str>, survey: &mut Survey) {
        let query = (answer.contact, Arc::clone(&answer.path));
        self.unanswered.remove(&query);
        // A response from before a long sleep is outdated.
        let fresh = self.config.active_refresh_interval * 2 + self.config.discovery_timeout;
        if answer.when.elapsed() > fresh {
            return;
        }
        if answer.path == *path {
            survey.note(answer.contact, answer.listed);
        } else {
            self.late.push(answer);
        }
    }

    /// Closes unneeded connections to nodes outside of `list`, and forgets those that are neither
    /// seeds nor listed; the nodes in `list` belong to the snapshot.
    pub(crate) fn tidy(
        &mut self,
        listed: impl Fn(SocketAddr) -> bool,
        list: &[Arc<Node>],
        now: Instant,
    ) {
        let Self { config, others, names, .. } = self;
        others.retain(|addr, node| {
            let seed = seed_of(config, names, addr.ip()).is_some();
            if list.iter().any(|n| n.addr() == *addr) {
                return false;
            }
            if !seed && !listed(*addr) {
                node.pool.retire();
                return false;
            }
            node.pool.sweep(now);
            true
        });
    }
}

/// Returns the seed for this address, if there is one.
fn seed_of<'a>(config: &'a Config, names: &Names, ip: IpAddr) -> Option<&'a SeedHost> {
    config.seeds.hosts.iter().find(|host| names.addresses(host).contains(&ip))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    use super::*;
    use crate::config::Options;

    /// A seed that responds to one query, and stays connected.
    async fn seed() -> (TcpListener, Contacts) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let options = Options {
            seeds: vec![format!("http://{}", listener.local_addr().unwrap()).into()],
            ..Options::default()
        };
        let contacts = Contacts::new(Arc::new(Config::parse(&options).unwrap()));
        (listener, contacts)
    }

    #[tokio::test]
    async fn an_idle_connection_to_a_seed_outside_of_the_list_expires() {
        let (listener, mut contacts) = seed().await;
        let seeds = contacts.seeds(false, &[]).await;
        let limit = Duration::from_secs(60);
        let answering = async {
            let (mut stream, _) = listener.accept().await.unwrap();
            let _ = stream.read(&mut [0; 1024]).await.unwrap();
            let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n[]";
            stream.write_all(answer).await.unwrap();
            stream
        };
        let (listed, _stream) = tokio::join!(ask(&seeds[0], "/localnodes", limit), answering);
        assert!(listed.unwrap().is_empty());
        let now = Instant::now();
        contacts.tidy(|_| false, &[], now);
        assert_eq!(seeds[0].pool.idle(), 1);
        contacts.tidy(|_| false, &[], now + contacts.config.pool.idle_timeout);
        assert_eq!(seeds[0].pool.idle(), 0);
        assert_eq!(contacts.others.len(), 1);
    }

    #[tokio::test]
    async fn whoever_is_neither_a_seed_nor_listed_is_forgotten() {
        let (_listener, mut contacts) = seed().await;
        let nodes: Vec<SocketAddr> = (1..=3).map(|i| ([10, 0, 0, i], 8000).into()).collect();
        for addr in &nodes {
            contacts.node(*addr, &[]);
        }
        contacts.seeds(false, &[]).await;
        contacts.tidy(|addr| addr == nodes[0], &[], Instant::now());
        assert!(contacts.others.contains_key(&nodes[0]));
        assert_eq!(contacts.others.len(), 2);
    }
}
