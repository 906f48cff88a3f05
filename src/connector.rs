//! What a user touches, and what all its clones share.

use std::future::ready;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::Either;
use futures_util::stream::{FuturesUnordered, StreamExt};
use http::{Request, Response, Uri};
use tokio::runtime::Handle;
use tokio::time::timeout;

use crate::cluster::Cluster;
use crate::cluster::node::Node;
use crate::config::seeds::GivenUrl;
use crate::config::{Config, Options};
use crate::discovery::{Contacts, Refresher, ask, seed_nodes};
use crate::dispatch::attempts::Attempt;
use crate::dispatch::balancer::{Balancer, Limits};
#[cfg(feature = "dynamodb_config")]
use crate::dispatch::clients::Clients;
use crate::dispatch::plan::Preference;
use crate::dispatch::response::ResponseBody;
use crate::error::{BoxError, ConfigError, Error, FailedContact, RefreshError};
use crate::pass_through::{PassThrough, Timeouts};
use crate::scope::Scope;
use crate::stats::Stats;

/// How often whoever waits for a refresh looks whether its task still runs.
const CHECK: Duration = Duration::from_secs(1);

/// An HTTP client that sends every DynamoDB request to a live node of a ScyllaDB Alternator
/// cluster, and every other request to where it was addressed.
///
/// It is an HTTP client of the AWS SDK, to be given to `http_client`, and a
/// [`tower_service::Service`] that can be used without it. Clones are cheap and share everything:
/// connections, node list and counters.
///
/// Making one needs no runtime and asks nobody. For `https` it reads the system's root
/// certificates, unless others are trusted instead, and opens the file of
/// [`Tls::key_log_from_env`](crate::Tls::key_log_from_env), where that is on.
///
/// The task that follows the cluster starts with the first request, on the Tokio runtime of that
/// request, moves to another runtime when that one ends, and stops when the last clone is dropped.
/// Runtimes need both time and I/O enabled, or Tokio panics.
#[doc(alias = "AlternatorLB")]
#[derive(Clone, Debug)]
pub struct AlternatorConnector {
    inner: Result<Arc<Inner>, Arc<ConfigError>>,
}

#[derive(Debug)]
pub(crate) struct Inner {
    pub(crate) config: Arc<Config>,
    pub(crate) balancer: Balancer,
    refresher: Refresher,
    pub(crate) pass_through: PassThrough,
    #[cfg(feature = "dynamodb_config")]
    pub(crate) clients: Clients,
}

impl AlternatorConnector {
    /// Makes a connector with the default options for the cluster that the seeds belong to.
    ///
    /// A seed is the URL of a node, such as `http://10.0.0.1:8000`,
    /// `https://alternator.example.com:8043` or `http://[2001:db8::1]:8000`. All nodes have the
    /// scheme and port of the seeds. A name stands for all addresses that it resolves to.
    ///
    /// This does not fail, so that the connector can go straight into `http_client(..)`. A seed
    /// that cannot be used is logged at once, at level `ERROR`. Every request then fails, before
    /// anything is signed or sent, with an [`Error::Config`] that names the seed, and no node is
    /// known. To get the error instead, use the [`builder`](Self::builder).
    pub fn new<S: Into<String>>(seeds: impl IntoIterator<Item = S>) -> Self {
        let seeds = seeds.into_iter().map(GivenUrl::from).collect();
        let options = Options { seeds, ..Options::default() };
        Self::with(&options).unwrap_or_else(|error| {
            let source = Arc::new(error);
            let error = Error::Config { source: Arc::clone(&source) };
            tracing::error!("every request will fail: {}", Error::explain(&error));
            Self { inner: Err(source) }
        })
    }

    pub(crate) fn with(options: &Options) -> Result<Self, ConfigError> {
        let config = Arc::new(Config::parse(options)?);
        let cluster = Arc::new(Cluster::new(seed_nodes(&config)));
        let random = &mut fastrand::Rng::new();
        Ok(Self {
            inner: Ok(Arc::new(Inner {
                #[cfg(feature = "dynamodb_config")]
                clients: Clients::new(&config.clients),
                balancer: Balancer::new(Arc::clone(&cluster), &config, random),
                refresher: Refresher::new(Arc::clone(&config), cluster),
                pass_through: PassThrough::default(),
                config,
            })),
        })
    }

    /// Returns the addresses of the nodes in the scope that serves now, in no particular order.
    ///
    /// Where the scope is a rack, requests that belong to one node of the datacenter may also go to
    /// its other racks; [`stats`](Self::stats) has those nodes too.
    #[doc(alias = "get_known_nodes")]
    pub fn known_nodes(&self) -> Vec<SocketAddr> {
        let Ok(inner) = &self.inner else { return Vec::new() };
        inner.cluster().nodes().iter().map(|node| node.addr()).collect()
    }

    /// Returns the address of the node that the next request would try first, if it belongs to no
    /// key. To ask changes nothing: round robin does not move on.
    pub fn next_node(&self) -> Option<SocketAddr> {
        self.inner.as_ref().ok()?.balancer.peek().map(|node| node.addr())
    }

    /// Returns the counters of the connector and of its nodes.
    pub fn stats(&self) -> Stats {
        let cluster = self.inner.as_ref().ok().map(|inner| inner.cluster());
        Stats {
            redispatched: cluster.map_or(0, |cluster| cluster.redispatched.get()),
            hedged: cluster.map_or(0, |cluster| cluster.hedged.get()),
            nodes: cluster.map_or_else(Vec::new, |cluster| {
                cluster.all_nodes().iter().map(|node| node.stats()).collect()
            }),
        }
    }

    /// Refreshes the node list now, and returns when that is done.
    ///
    /// # Errors
    ///
    /// [`Error::NoNodes`] if no node answered or no scope has a node; the list stays as it was.
    /// [`Error::Config`], [`Error::NoRuntime`].
    pub async fn refresh(&self) -> Result<(), Error> {
        let inner = self.running()?;
        inner.refresher.hurry();
        let mut refresh = std::pin::pin!(inner.cluster().refresh());
        loop {
            match timeout(CHECK, &mut refresh).await {
                Ok(refreshed) => return refreshed.map_err(|source| Error::NoNodes { source }),
                // The task may have ended, or stand still, with another runtime.
                Err(_) => inner.ensure_running()?,
            }
        }
    }

    /// Checks that the preferred scope has a node, which finds a misspelled datacenter or rack.
    /// [`Scope::Cluster`] always passes, and fallback scopes are not looked at.
    ///
    /// # Errors
    ///
    /// [`Error::NoNodes`] with [`RefreshError::EmptyScope`] if nodes answered and none of them
    /// lists a node in that scope, with [`RefreshError::Unanswered`] if no node answered.
    /// [`Error::Config`], [`Error::NoRuntime`].
    #[doc(alias = "check_if_rack_and_datacenter_set_correctly")]
    pub async fn check_scope(&self) -> Result<(), Error> {
        let inner = self.running()?;
        let Some(scope) = inner.config.scopes.first().filter(|scope| **scope != Scope::Cluster)
        else {
            return Ok(());
        };
        let (path, limit) = (scope.localnodes(), inner.config.discovery_timeout);
        let found = inner.ask_contacts(async |contact| {
            Ok((!ask(contact, &path, limit).await?.is_empty()).then_some(()))
        });
        let empty = || RefreshError::EmptyScope { scopes: scope.to_string() };
        let found = found.await.and_then(|found| found.ok_or_else(empty));
        found.map_err(|error| Error::NoNodes { source: Arc::new(error) })
    }

    /// Returns whether the servers can list the nodes of one datacenter or rack, which ScyllaDB
    /// can since 2025.1. They are asked for a rack that does not exist: an older server ignores
    /// the rack and lists all nodes.
    ///
    /// # Errors
    ///
    /// [`Error::NoNodes`] if no node answered, or the one that did lists no node at all.
    /// [`Error::Config`], [`Error::NoRuntime`].
    #[doc(alias = "check_if_rack_datacenter_feature_is_supported")]
    pub async fn supports_racks(&self) -> Result<bool, Error> {
        let inner = self.running()?;
        let limit = inner.config.discovery_timeout;
        let nowhere = "/localnodes?rack=fakeRack";
        let found = inner.ask_contacts(async |contact| {
            // Both queries go to the same node: different nodes may be of different versions.
            let all = ask(contact, &Scope::Cluster.localnodes(), limit).await?.len();
            let some = ask(contact, nowhere, limit).await?.len();
            if all == 0 { Err("it lists no node".into()) } else { Ok(Some(all != some)) }
        });
        let found = found.await.map(|differ| differ == Some(true));
        found.map_err(|error| Error::NoNodes { source: Arc::new(error) })
    }

    /// [`check_scope`](Self::check_scope), by its name in the Python library AlternatorLB.
    pub async fn check_if_rack_and_datacenter_set_correctly(&self) -> Result<(), Error> {
        self.check_scope().await
    }

    /// [`supports_racks`](Self::supports_racks), by its name in the Python library AlternatorLB.
    pub async fn check_if_rack_datacenter_feature_is_supported(&self) -> Result<bool, Error> {
        self.supports_racks().await
    }

    pub(crate) fn inner(&self) -> Result<&Arc<Inner>, Error> {
        self.inner.as_ref().map_err(|e| Error::Config { source: Arc::clone(e) })
    }

    fn running(&self) -> Result<&Arc<Inner>, Error> {
        let inner = self.inner()?;
        inner.ensure_running()?;
        Ok(inner)
    }
}

impl Inner {
    /// Whether a request is for the cluster.
    pub(crate) fn balances(&self, is_dynamodb: bool, uri: impl FnOnce() -> Option<Uri>) -> bool {
        is_dynamodb && self.config.is_for_cluster(uri)
    }

    /// Sends a DynamoDB request to the cluster. `attempt` says whether it is a retry,
    /// `preference` which nodes it should go to; `timeouts` are the caller's own.
    pub(crate) fn call<B>(
        &self,
        request: Request<B>,
        attempt: Option<Attempt>,
        preference: Option<&dyn Preference>,
        timeouts: Timeouts,
    ) -> impl Future<Output = Result<Response<ResponseBody>, Error>>
    where
        B: http_body::Body<Data = Bytes>,
        B::Error: Into<BoxError>,
    {
        if let Err(error) = self.ensure_running() {
            return Either::Left(ready(Err(error)));
        }
        self.cluster().note_use();
        let limits = Limits {
            connect: timeouts.connect.unwrap_or(Duration::MAX).min(self.config.connect_timeout),
            connect_budget: self.config.connect_budget,
            read: timeouts.read.or(self.config.read_timeout),
        };
        Either::Right(self.balancer.call(request, attempt, preference, limits))
    }

    pub(crate) fn cluster(&self) -> &Arc<Cluster> {
        &self.balancer.cluster
    }

    fn ensure_running(&self) -> Result<(), Error> {
        if Handle::try_current().is_err() {
            return Err(Error::NoRuntime);
        }
        self.refresher.ensure();
        Ok(())
    }

    /// Asks contacts side by side, and returns the first result; none if there are answers without
    /// one.
    async fn ask_contacts<T>(
        &self,
        question: impl AsyncFn(&Arc<Node>) -> Result<Option<T>, BoxError>,
    ) -> Result<Option<T>, RefreshError> {
        let (contacts, mut failures) = self.contacts().await;
        let answers = contacts.iter().map(async |contact| (contact, question(contact).await));
        let mut answers: FuturesUnordered<_> = answers.collect();
        let mut answered = false;
        while let Some((contact, answer)) = answers.next().await {
            match answer {
                Ok(None) => answered = true,
                Ok(found) => return Ok(found),
                Err(error) => failures.push(FailedContact {
                    contact: contact.addr().to_string(),
                    reason: error.to_string(),
                }),
            }
        }
        failures.sort_unstable();
        if answered { Ok(None) } else { Err(RefreshError::Unanswered { contacts: failures }) }
    }

    /// A few who can be asked about the cluster, nodes of the list before seeds; and the names of
    /// seeds that do not resolve, and why.
    async fn contacts(&self) -> (Vec<Arc<Node>>, Vec<FailedContact>) {
        let list = self.cluster().nodes();
        let mut some: Vec<_> = fastrand::choose_multiple(&list, 3).into_iter().cloned().collect();
        let mut contacts = Contacts::new(Arc::clone(&self.config));
        for seed in contacts.seeds(true, &list).await {
            if !some.iter().any(|node| node.addr() == seed.addr()) {
                some.push(seed);
            }
        }
        (some, contacts.unresolved().collect())
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.refresher.stop();
        self.cluster().retire();
    }
}
