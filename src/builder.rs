//! Every option of a connector, with its default.

use std::time::Duration;

use aws_smithy_runtime_api::client::dns::ResolveDns;

use crate::balance::hedge::Hedging;
use crate::balance::policy::Policy;
use crate::config::Options;
use crate::config::resolver::Resolver;
use crate::config::seeds::GivenUrl;
use crate::connector::AlternatorConnector;
use crate::error::ConfigError;
use crate::scope::Scope;
use crate::transport::{NodeProxy, Tls};
#[cfg(feature = "dynamodb_config")]
use crate::{
    compression::{RequestCompression, ResponseCompression},
    config::clients::{
        authentication::Authentication, lwt_affinity::LwtAffinity, token_awareness::TokenAwareness,
        user_agent::UserAgent,
    },
    keys::key::PartitionKeyType,
    keys::partition_key::PartitionKey,
};

impl AlternatorConnector {
    /// Returns a builder with every option.
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
///
/// The options are in sections:
///
/// - [Cluster](#cluster): which nodes there are, and how they are connected
/// - [Balancing](#balancing): which node gets a request
/// - [Timeouts](#timeouts)
/// - [Limits](#limits)
/// - [Headers](#headers)
/// - [Clients made with `dynamodb_config`](#clients-made-with-dynamodb_config): keys, signatures,
///   compression
/// - [Tests](#tests)
#[derive(Clone, Debug)]
#[must_use]
pub struct ConnectorBuilder {
    options: Options,
}

/// # Cluster
impl ConnectorBuilder {
    /// Adds a seed: the URL of a node, or a name that resolves to several. See
    /// [`AlternatorConnector::new`].
    ///
    /// One seed that can be reached is enough to find the rest of its datacenter; two or three in
    /// different racks let a client start while a rack is down.
    pub fn seed(mut self, seed: impl Into<String>) -> Self {
        self.options.seeds.push(GivenUrl::from(seed));
        self
    }

    /// Adds several seeds, as [`seed`](Self::seed) does one.
    #[doc(alias = "nodes")]
    pub fn seeds<S: Into<String>>(mut self, seeds: impl IntoIterator<Item = S>) -> Self {
        self.options.seeds.extend(seeds.into_iter().map(GivenUrl::from));
        self
    }

    /// The part of the cluster that serves requests.
    ///
    /// Choose the client's own datacenter, or its own rack where traffic between racks is slow or
    /// costs money. With any scope but [`Scope::Cluster`] the first requests wait for the first
    /// refresh, as the seeds may not belong to the scope. Default: [`Scope::Cluster`].
    pub fn scope(mut self, scope: Scope) -> Self {
        self.options.scopes[0] = scope;
        self
    }

    /// Adds a scope that serves requests while no scope before it has a live node.
    ///
    /// The client changes over once three refreshes in a row have found no live node. May be called
    /// repeatedly; the first fallback comes after [`scope`](Self::scope). Default: none, so the
    /// last known nodes of the scope are kept.
    pub fn fallback(mut self, scope: Scope) -> Self {
        self.options.scopes.push(scope);
        self
    }

    /// Time between two refreshes of the node list while there are requests.
    ///
    /// It varies by a tenth. When a node cannot be connected, the next refresh comes sooner: after a
    /// tenth of the interval, or after a second if that is less. Default: 1 s, as in other
    /// Alternator clients.
    #[doc(alias = "update_interval")]
    pub fn active_refresh_interval(mut self, interval: Duration) -> Self {
        self.options.active_refresh_interval = interval;
        self
    }

    /// Time between two refreshes of the node list when there has been no request for that long.
    ///
    /// The next request triggers a refresh at once. Default: 60 s, as in other Alternator clients.
    pub fn idle_refresh_interval(mut self, interval: Duration) -> Self {
        self.options.idle_refresh_interval = interval;
        self
    }

    /// The only endpoint whose DynamoDB requests are balanced, written like a seed.
    ///
    /// All others go to the address that they name. Set it in programs that also talk to DynamoDB
    /// in AWS with the same `SdkConfig`: it is the `endpoint_url` of the clients that are for the
    /// cluster. Scheme, host and port are compared. Default: every DynamoDB request is balanced.
    pub fn only_endpoint(mut self, endpoint: impl Into<String>) -> Self {
        self.options.only_endpoint = Some(GivenUrl::from(endpoint));
        self
    }

    /// TLS settings for `https` seeds. Default: [`Tls::new`].
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
}

/// # Balancing
impl ConnectorBuilder {
    /// How the first node for a request is chosen. Default: [`Policy::PeakEwma`].
    pub fn policy(mut self, policy: Policy) -> Self {
        self.options.policy = policy;
        self
    }

    /// Sends slow reads to a second node as well, and takes the first good response.
    ///
    /// This is the only way in which a request is ever sent twice; writes never are. Default: no
    /// hedging, as it adds load to the cluster.
    pub fn hedging(mut self, hedging: Hedging) -> Self {
        self.options.hedging = Some(hedging);
        self
    }
}

/// # Timeouts
impl ConnectorBuilder {
    /// Maximum time for one node to answer `/localnodes`, including connecting, and for the
    /// resolver to resolve a seed's name.
    ///
    /// Several nodes are asked at once, so a slow one delays nothing. Default: 2 s, far more than a
    /// node needs to answer from memory.
    pub fn discovery_timeout(mut self, timeout: Duration) -> Self {
        self.options.discovery_timeout = timeout;
        self
    }

    /// Maximum time to connect to one node, including TLS, or to wait for a free connection to it.
    ///
    /// The SDK's connect timeout is used if it is shorter. Requests rarely wait this long, as the
    /// next node is tried in parallel: after a tenth of a second or twice the time of the last
    /// connect, and after half of this timeout at the latest. Default: 1 s, when Linux would
    /// retransmit a lost SYN.
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.options.connect_timeout = timeout;
        self
    }

    /// Maximum time that one call may spend on connecting, all nodes together.
    ///
    /// Default: 4 s, which stays below the 5.9 s after which the SDK considers a request stalled.
    pub fn connect_budget(mut self, budget: Duration) -> Self {
        self.options.connect_budget = budget;
        self
    }

    /// Maximum time from the start of a request on a node's connection to the head of the response.
    /// It also limits how long a response body may stall.
    ///
    /// The SDK's read timeout, if set, is used instead. `Duration::MAX` means no limit. Default:
    ///
    /// - 42 s for the operations that change a schema: `CreateTable`, `UpdateTable`, `DeleteTable`,
    ///   `UpdateTimeToLive`, `TagResource`, `UntagResource`. The server gives them 10 s, and 30 s
    ///   more for nodes to agree on the schema.
    /// - 12 s for all others. The server gives up after 10 s, and says so.
    /// - 5 s for a body that stalls, as in the SDK's stalled-stream protection, which clients made
    ///   with [`dynamodb_config`](AlternatorConnector::dynamodb_config) therefore do without.
    pub fn read_timeout(mut self, timeout: Duration) -> Self {
        self.options.read_timeout = Some(timeout);
        self
    }

    /// Maximum time that a connection may be idle before it is no longer used.
    ///
    /// The next refresh closes it, so it may stay open for a refresh interval longer. Keep it below
    /// the idle timeout of any load balancer or firewall on the way. Default: 90 s, as in the SDK.
    pub fn idle_connection_timeout(mut self, timeout: Duration) -> Self {
        self.options.idle_connection_timeout = timeout;
        self
    }

    /// Time without a packet from a node, on an open connection, before TCP keepalive probes its
    /// host.
    ///
    /// Up to three probes are sent, a third of that time apart. If none is acknowledged, or a
    /// request is not for as long as that takes, the host is gone: its requests fail, and its idle
    /// connections are closed. A node that takes long for a request is not affected, as its host
    /// answers the probes. In whole seconds, rounded up; `None` leaves it to the system, which may
    /// need hours. Without `TCP_USER_TIMEOUT`, which only Linux has, a loss is found later while a
    /// request is being sent.
    ///
    /// Default: 3 s, so that a host that lost power or network is detected within about 5 s.
    pub fn tcp_keepalive(mut self, idle: Option<Duration>) -> Self {
        self.options.tcp_keepalive = idle;
        self
    }
}

/// # Limits
impl ConnectorBuilder {
    /// Maximum number of connections to one node, each of which serves one request at a time.
    ///
    /// A request beyond that waits for a free connection, up to the connect timeout, and then goes
    /// to another node. Default: 1024, as Envoy's limit for a whole cluster: it stops a flood, and
    /// does not shape normal traffic.
    #[doc(alias = "max_pool_connections")]
    pub fn max_connections_per_node(mut self, limit: usize) -> Self {
        self.options.max_connections_per_node = limit;
        self
    }

    /// Maximum number of requests that wait for a free connection to one node.
    ///
    /// Further requests go to another node at once, and fail if all nodes have as many. Zero means
    /// that no request waits. Default: 1024, as Envoy's limit of pending requests, which bounds
    /// what piles up while the whole cluster stalls.
    pub fn max_waiting_per_node(mut self, limit: usize) -> Self {
        self.options.max_waiting_per_node = limit;
        self
    }
}

/// # Headers
impl ConnectorBuilder {
    /// Keeps a header that the SDK sends and Alternator does not read.
    ///
    /// It is one of `content-type`, `user-agent` (the SDK's own), `x-amz-user-agent`,
    /// `amz-sdk-request` and `amz-sdk-invocation-id`. May be called repeatedly. A header that an
    /// interceptor of the user's adds is always sent. Default: none is kept.
    ///
    /// Of these headers, the other clients always send `content-type` and `x-amz-user-agent`, which
    /// the SDK signs; the rest is left out of their requests too, unless it is kept.
    pub fn keep_header(mut self, name: impl Into<String>) -> Self {
        self.options.kept_headers.push(name.into());
        self
    }
}

/// # Clients made with `dynamodb_config`
///
/// These options concern what is decided before the connector sees a request, so they apply to
/// clients made with [`dynamodb_config`](AlternatorConnector::dynamodb_config) only.
#[cfg(feature = "dynamodb_config")]
impl ConnectorBuilder {
    /// Whether requests go to nodes that hold their data. Default: [`TokenAwareness::on`], as two
    /// in three requests would otherwise take one more hop in a cluster of nine nodes with three
    /// replicas.
    pub fn token_awareness(mut self, awareness: TokenAwareness) -> Self {
        self.options.clients.token_awareness = awareness;
        self
    }

    /// Which writes of a key all go to one node, its coordinator. Default:
    /// [`LwtAffinity::read_modify_write`], as two coordinators of one key slow each other down and
    /// may fail with 500.
    pub fn lwt_affinity(mut self, affinity: LwtAffinity) -> Self {
        self.options.clients.lwt_affinity = affinity;
        self
    }

    /// The partition key of a table, which then need not be looked up.
    ///
    /// May be called repeatedly. Default: the table is looked up when the first request is about
    /// it; that request goes to any node.
    pub fn table_partition_key(
        mut self,
        name: impl Into<String>,
        partition_key: impl Into<String>,
        key_type: PartitionKeyType,
    ) -> Self {
        let key = PartitionKey { name: partition_key.into().into(), key_type };
        self.options.clients.tables.push((name.into(), key));
        self
    }

    /// How long a table's partition key and replica map are used before the table is looked up
    /// again, while it is in use.
    ///
    /// It varies by a tenth. While tablets move, or nodes join or leave, the table is looked up
    /// again after a second, and then less and less often. Default: 60 s, as long as an idle client
    /// keeps its node list.
    pub fn table_refresh_interval(mut self, interval: Duration) -> Self {
        self.options.clients.table_refresh_interval = interval;
        self
    }

    /// Whether requests are signed. Default: [`Authentication::Optional`].
    pub fn authentication(mut self, authentication: Authentication) -> Self {
        self.options.clients.authentication = authentication;
        self
    }

    /// The `User-Agent` of requests. Default: [`UserAgent::default`].
    ///
    /// Requests of other clients have none, unless the SDK's is [kept](Self::keep_header).
    pub fn user_agent(mut self, user_agent: UserAgent) -> Self {
        self.options.clients.user_agent = user_agent;
        self
    }

    /// Whether the bodies of requests are compressed. Default: [`RequestCompression::off`], as it
    /// saves bytes at the price of CPU time on both sides.
    pub fn request_compression(mut self, compression: RequestCompression) -> Self {
        self.options.clients.request_compression = compression;
        self
    }

    /// Whether nodes may compress the bodies of responses. Default: [`ResponseCompression::off`],
    /// as it saves bytes at the price of CPU time on both sides.
    pub fn response_compression(mut self, compression: ResponseCompression) -> Self {
        self.options.clients.response_compression = compression;
        self
    }
}

/// # Tests
impl ConnectorBuilder {
    /// Resolves the names of seeds with this resolver, such as one with fixed addresses for tests.
    ///
    /// A resolver made for the SDK works here too. Default: the operating system's.
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
}

/// # Building
impl ConnectorBuilder {
    /// Makes the connector.
    ///
    /// # Errors
    ///
    /// A [`ConfigError`] that names the value that cannot be used.
    pub fn build(self) -> Result<AlternatorConnector, ConfigError> {
        AlternatorConnector::with(&self.options)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_in_urls_are_not_printed() {
        let builder = AlternatorConnector::builder()
            .seed("http://user:secret@10.0.0.1:8000")
            .only_endpoint("http://user:secret@alternator.example.com:8000");
        let printed = format!("{builder:?}");
        assert!(printed.contains("http://***@10.0.0.1:8000"), "{printed}");
        assert!(printed.contains("http://***@alternator.example.com:8000"), "{printed}");
        assert!(!printed.contains("secret"), "{printed}");
    }
}
