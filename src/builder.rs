//! Every option of a connector, with its default.

use std::time::Duration;

use aws_smithy_runtime_api::client::dns::ResolveDns;

use crate::balance::hedge::Hedging;
use crate::balance::policy::Policy;
use crate::compression::{RequestCompression, ResponseCompression};
use crate::config::Options;
use crate::config::authentication::Authentication;
use crate::config::lwt_affinity::LwtAffinity;
use crate::config::resolver::Resolver;
use crate::config::seeds::GivenUrl;
use crate::config::token_awareness::TokenAwareness;
use crate::config::user_agent::UserAgent;
use crate::connector::AlternatorConnector;
use crate::error::ConfigError;
use crate::keys::key::PartitionKeyType;
use crate::keys::partition_key::PartitionKey;
use crate::scope::Scope;
use crate::transport::{NodeProxy, Tls};

impl AlternatorConnector {
    /// A builder with every option.
    pub fn builder() -> ConnectorBuilder {
        ConnectorBuilder { options: Options::default() }
    }
}

/// Builds an [`AlternatorConnector`]. Every option but the seeds has a default.
///
/// ```
/// use alternator_connector::{AlternatorConnector, Scope};
///
/// let connector = AlternatorConnector::builder()
///     .seeds(["http://10.0.0.1:8000", "http://10.0.1.1:8000"])
///     .scope(Scope::rack("us-east-1", "us-east-1a"))
///     .fallback(Scope::datacenter("us-east-1"))
///     .build()?;
/// # Ok::<(), alternator_connector::ConfigError>(())
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct ConnectorBuilder {
    options: Options,
}

impl ConnectorBuilder {
    /// Adds a seed, the URL of a node or a name that stands for several. See
    /// [`AlternatorConnector::new`].
    pub fn seed(mut self, seed: impl Into<String>) -> Self {
        self.options.seeds.push(GivenUrl::from(seed));
        self
    }

    /// Adds seeds.
    pub fn seeds<S: Into<String>>(mut self, seeds: impl IntoIterator<Item = S>) -> Self {
        self.options.seeds.extend(seeds.into_iter().map(GivenUrl::from));
        self
    }

    /// The part of the cluster that serves requests. Default: [`Scope::Cluster`].
    ///
    /// With any other scope, the first requests wait for the first refresh, as seeds may live
    /// elsewhere.
    pub fn scope(mut self, scope: Scope) -> Self {
        match self.options.scopes.first_mut() {
            Some(first) => *first = scope,
            None => self.options.scopes.push(scope),
        }
        self
    }

    /// A further scope that serves requests while none of those before it has a live node, which
    /// three refreshes in a row must have found. May be called repeatedly; the first call comes
    /// after [`scope`](Self::scope). Default: none, and the last known nodes are kept.
    pub fn fallback(mut self, scope: Scope) -> Self {
        if self.options.scopes.is_empty() {
            self.options.scopes.push(Scope::Cluster);
        }
        self.options.scopes.push(scope);
        self
    }

    /// How the first node for a request is chosen. Default: [`Policy::PeakEwma`].
    pub fn policy(mut self, policy: Policy) -> Self {
        self.options.policy = policy;
        self
    }

    /// Time between two refreshes of the node list while there are requests. Default: 1 s, as other
    /// Alternator clients. It varies by a tenth, and a node that cannot be connected brings a
    /// refresh forward: it comes after a tenth of the interval, and after a second at the latest.
    pub fn active_refresh_interval(mut self, interval: Duration) -> Self {
        self.options.active_refresh_interval = interval;
        self
    }

    /// Time between two refreshes once there was no request for that long. The next request wakes
    /// the refresh up. Default: 60 s, as other Alternator clients.
    pub fn idle_refresh_interval(mut self, interval: Duration) -> Self {
        self.options.idle_refresh_interval = interval;
        self
    }

    /// How long a table's partition key and replica map are used before the table is looked up
    /// again, while it is in use. Default: 60 s. It varies by a tenth. While tablets move, or nodes
    /// join or leave, the table is looked up again after a second, and then less and less often.
    pub fn table_refresh_interval(mut self, interval: Duration) -> Self {
        self.options.table_refresh_interval = interval;
        self
    }

    /// How long one node may take to answer `/localnodes`, connecting included, and a resolver to
    /// resolve a seed's name. Several are asked side by side, so a slow one delays nothing.
    /// Default: 2 s.
    pub fn discovery_timeout(mut self, timeout: Duration) -> Self {
        self.options.discovery_timeout = timeout;
        self
    }

    /// How long one node may take to be connected, TLS included, or a busy one to free a
    /// connection. The SDK's own connect timeout applies where it is shorter. A request seldom
    /// waits for as long: after a tenth of a second, or twice what connecting took the last time,
    /// and half of this timeout at the latest, the next node is tried beside the first. Default: 1
    /// s, after which Linux would repeat a lost SYN.
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.options.connect_timeout = timeout;
        self
    }

    /// How long one call may spend on connecting, all nodes together. Default: 4 s, which stays
    /// below the 5.9 s after which the SDK takes a request for stalled.
    pub fn connect_budget(mut self, budget: Duration) -> Self {
        self.options.connect_budget = budget;
        self
    }

    /// How long a node may take from the moment it has the connection to the head of its answer.
    /// The SDK's own read timeout, where set, takes its place. Default: 12 s, and 42 s for the
    /// operations that change a schema (`CreateTable`, `UpdateTable`, `DeleteTable`,
    /// `UpdateTimeToLive`, `TagResource`, `UntagResource`). By then the server would have given up
    /// itself, and said so: after 10 s, and after 30 s more in which nodes are to agree on a
    /// schema. `Duration::MAX` means no limit.
    ///
    /// It also is how long nothing may come of an answer's body. Default there: 5 s, as in the
    /// SDK's protection against stalled streams, which clients made with
    /// [`dynamodb_config`](AlternatorConnector::dynamodb_config) therefore do without.
    pub fn read_timeout(mut self, timeout: Duration) -> Self {
        self.options.read_timeout = Some(timeout);
        self
    }

    /// Sends a read that waits unusually long to a second node as well, and takes the first good
    /// answer. This is the only way in which a request is ever sent twice, and writes never are.
    /// Default: no hedging, as it is load that nobody has asked for.
    pub fn hedging(mut self, hedging: Hedging) -> Self {
        self.options.hedging = Some(hedging);
        self
    }

    /// The most connections to one node, each of which serves one request at a time. A request
    /// beyond that waits for one to become free, up to the connect timeout, and then goes to
    /// another node. Default: 1024, as Envoy's for a whole cluster, which is there to stop a flood
    /// and not to shape traffic.
    pub fn max_connections_per_node(mut self, limit: usize) -> Self {
        self.options.max_connections_per_node = limit;
        self
    }

    /// The most requests that wait at one node for one of its connections to become free. Another
    /// one goes to another node at once, and where every node has as many, it fails. Zero: no
    /// request waits. Default: 1024, as Envoy's of pending requests, which bounds what a stall of
    /// the whole cluster piles up.
    pub fn max_waiting_per_node(mut self, limit: usize) -> Self {
        self.options.max_waiting_per_node = limit;
        self
    }

    /// How long a connection may be without a request and still be used. After that the next
    /// refresh closes it, so it may stay open for up to a refresh interval more. Default: 90 s, as
    /// in the SDK.
    pub fn idle_connection_timeout(mut self, timeout: Duration) -> Self {
        self.options.idle_connection_timeout = timeout;
        self
    }

    /// How long nothing may come from a node on an open connection before its host is asked, by a
    /// TCP keepalive probe, whether it is still there. Three probes follow one another by a third
    /// of that time. A host that answers none, or acknowledges nothing of a request for as long as
    /// that takes, is gone: requests on the connection fail, and idle connections are closed. The
    /// host answers by itself, however long the node takes for a request. In whole seconds, rounded
    /// up; `None` leaves it to the system, which may notice after hours. Systems without
    /// `TCP_USER_TIMEOUT`, which is Linux's, notice later while a request is being sent.
    ///
    /// Default: 3 s, by which a host that has lost its power or its network is noticed within about
    /// 5 s.
    pub fn tcp_keepalive(mut self, idle: Option<Duration>) -> Self {
        self.options.tcp_keepalive = idle;
        self
    }

    /// Balances only the DynamoDB requests that the SDK addresses to this endpoint, such as the
    /// `endpoint_url` of one of several clients. All others go where they are addressed, for
    /// processes that also talk to DynamoDB in AWS with the same `SdkConfig`. It is written like a
    /// seed, and compared by scheme, host and port. Default: every DynamoDB request is balanced.
    pub fn only_endpoint(mut self, endpoint: impl Into<String>) -> Self {
        self.options.only_endpoint = Some(GivenUrl::from(endpoint));
        self
    }

    /// TLS settings, for `https` seeds. Default: [`Tls::new`].
    pub fn tls(mut self, tls: Tls) -> Self {
        self.options.tls = Some(tls);
        self
    }

    /// Whether nodes are connected through the proxies that the environment names. Default:
    /// [`NodeProxy::Never`].
    pub fn node_proxy(mut self, proxy: NodeProxy) -> Self {
        self.options.node_proxy = proxy;
        self
    }

    /// Whether requests are signed. Default: [`Authentication::Optional`].
    ///
    /// This and the options below that say so concern clients made with
    /// [`dynamodb_config`](AlternatorConnector::dynamodb_config): what they are about is settled
    /// before the connector sees a request.
    pub fn authentication(mut self, authentication: Authentication) -> Self {
        self.options.authentication = authentication;
        self
    }

    /// What requests say about who sends them, for clients made with
    /// [`dynamodb_config`](AlternatorConnector::dynamodb_config). Default: [`UserAgent::default`].
    /// The other clients' requests have none, unless the SDK's is [kept](Self::keep_header).
    pub fn user_agent(mut self, user_agent: UserAgent) -> Self {
        self.options.user_agent = user_agent;
        self
    }

    /// Keeps a header that the SDK sends and Alternator does not read: one of `content-type`,
    /// `user-agent` (the SDK's own), `x-amz-user-agent`, `amz-sdk-request` and
    /// `amz-sdk-invocation-id`. May be called repeatedly. Default: none is kept.
    ///
    /// Clients that are not made with [`dynamodb_config`](AlternatorConnector::dynamodb_config)
    /// send `content-type` and `x-amz-user-agent` anyway, as the SDK signs them. A header that an
    /// interceptor of the user's adds is always sent by those that are.
    pub fn keep_header(mut self, name: impl Into<String>) -> Self {
        self.options.kept_headers.push(name.into());
        self
    }

    /// Whether the bodies of requests are compressed, for clients made with
    /// [`dynamodb_config`](AlternatorConnector::dynamodb_config). Default:
    /// [`RequestCompression::off`].
    pub fn request_compression(mut self, compression: RequestCompression) -> Self {
        self.options.request_compression = compression;
        self
    }

    /// Whether nodes may compress their answers, for clients made with
    /// [`dynamodb_config`](AlternatorConnector::dynamodb_config). Default:
    /// [`ResponseCompression::off`].
    pub fn response_compression(mut self, compression: ResponseCompression) -> Self {
        self.options.response_compression = compression;
        self
    }

    /// Whether requests go to nodes that hold the data which they are about, for clients made with
    /// [`dynamodb_config`](AlternatorConnector::dynamodb_config). Default: [`TokenAwareness::on`].
    pub fn token_awareness(mut self, awareness: TokenAwareness) -> Self {
        self.options.token_awareness = awareness;
        self
    }

    /// Which writes of a key all go to one node, for clients made with
    /// [`dynamodb_config`](AlternatorConnector::dynamodb_config). Default:
    /// [`LwtAffinity::read_modify_write`].
    pub fn lwt_affinity(mut self, affinity: LwtAffinity) -> Self {
        self.options.lwt_affinity = affinity;
        self
    }

    /// The partition key of a table, so that it need not be asked for. May be called repeatedly.
    /// Default: it is asked for when the first request is about the table, which itself goes to any
    /// node.
    pub fn table_partition_key(
        mut self,
        name: impl Into<String>,
        partition_key: impl Into<String>,
        key_type: PartitionKeyType,
    ) -> Self {
        let key = PartitionKey { name: partition_key.into().into(), key_type };
        self.options.tables.push((name.into(), key));
        self
    }

    /// What resolves the names of seeds. Default: the operating system. A resolver made for the SDK
    /// serves here too:
    ///
    /// ```
    /// use alternator_connector::{AlternatorConnector, dns::{DnsFuture, ResolveDns}};
    ///
    /// #[derive(Debug)]
    /// struct Fixed;
    ///
    /// impl ResolveDns for Fixed {
    ///     fn resolve_dns<'a>(&'a self, _name: &'a str) -> DnsFuture<'a> {
    ///         DnsFuture::ready(Ok(vec![[10, 0, 0, 1].into(), [10, 0, 0, 2].into()]))
    ///     }
    /// }
    ///
    /// let connector = AlternatorConnector::builder()
    ///     .seed("http://alternator.internal:8000")
    ///     .dns_resolver(Fixed)
    ///     .build()?;
    /// # Ok::<(), alternator_connector::ConfigError>(())
    /// ```
    pub fn dns_resolver(mut self, resolver: impl ResolveDns + 'static) -> Self {
        self.options.resolver = Resolver::new(resolver);
        self
    }

    /// The connector.
    ///
    /// # Errors
    ///
    /// A [`ConfigError`] that names the value which cannot be used.
    pub fn build(self) -> Result<AlternatorConnector, ConfigError> {
        AlternatorConnector::with(&self.options)
    }
}
