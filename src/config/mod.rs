//! The options of a connector as plain data, each default with its reason.

#[cfg(feature = "dynamodb_config")]
pub(crate) mod clients;
pub(crate) mod kept_headers;
pub(crate) mod resolver;
pub(crate) mod seeds;

use std::num::NonZeroUsize;
use std::ops::Deref;
use std::time::Duration;

use http::Uri;

use crate::balance::hedge::{Hedging, When};
use crate::balance::policy::Policy;
#[cfg(feature = "dynamodb_config")]
use crate::config::clients::ClientOptions;
use crate::config::kept_headers::Kept;
use crate::config::resolver::{Resolver, SystemResolver};
use crate::config::seeds::{GivenUrl, Origin, Scheme, Seeds, without_secrets};
use crate::error::ConfigError;
use crate::scope::Scope;
use crate::transport::{Dialer, Keepalive, NodeProxy, PoolLimits, Tls};

/// What longer durations are cut to. `Duration::MAX` is how one says "never", but deadlines
/// computed from it would overflow; with a year they do not, and it makes no difference to anyone.
const NEVER: Duration = Duration::from_secs(365 * 24 * 60 * 60);

/// What the builder collects.
#[derive(Clone, Debug)]
pub(crate) struct Options {
    pub(crate) seeds: Vec<GivenUrl>,
    /// The preferred scope, which is always there, and its fallbacks.
    pub(crate) scopes: Vec<Scope>,
    pub(crate) policy: Policy,
    pub(crate) active_refresh_interval: Duration,
    pub(crate) idle_refresh_interval: Duration,
    pub(crate) discovery_timeout: Duration,
    pub(crate) connect_timeout: Duration,
    pub(crate) connect_budget: Duration,
    pub(crate) read_timeout: Option<Duration>,
    pub(crate) hedging: Option<Hedging>,
    pub(crate) max_connections_per_node: usize,
    pub(crate) max_waiting_per_node: usize,
    pub(crate) idle_connection_timeout: Duration,
    pub(crate) tcp_keepalive: Option<Duration>,
    pub(crate) only_endpoint: Option<GivenUrl>,
    pub(crate) tls: Option<Tls>,
    pub(crate) node_proxy: NodeProxy,
    pub(crate) resolver: Resolver,
    pub(crate) kept_headers: Vec<String>,
    #[cfg(feature = "dynamodb_config")]
    pub(crate) clients: ClientOptions,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            seeds: Vec::new(),
            scopes: vec![Scope::Cluster],
            policy: Policy::default(),
            // Both intervals are those of the Java, Python, C++ and C# clients of Alternator.
            active_refresh_interval: Duration::from_secs(1),
            idle_refresh_interval: Duration::from_secs(60),
            // Far more than /localnodes takes, which a node answers from memory.
            discovery_timeout: Duration::from_secs(2),
            // Linux repeats a lost SYN after one second. Another node is the better use of that
            // second.
            connect_timeout: Duration::from_secs(1),
            // The SDK gives up on a request that makes no progress for 5.9 s.
            connect_budget: Duration::from_secs(4),
            read_timeout: None,
            // Reads that are sent twice are load that nobody has asked for.
            hedging: None,
            // Envoy's default of connections per cluster; an Alternator connection serves one
            // request at a time.
            max_connections_per_node: 1024,
            // Envoy's default of pending requests per cluster.
            max_waiting_per_node: 1024,
            // The SDK's own. Alternator itself never closes an idle connection, but what is in
            // between may: the shortest known is Azure's load balancer with four minutes.
            idle_connection_timeout: Duration::from_secs(90),
            // With the probes that follow, a host that has vanished is noticed within 5 s, half of
            // the time that a node gives itself for a request. A host that is there pays a packet
            // every 3 s for each idle connection.
            tcp_keepalive: Some(Duration::from_secs(3)),
            only_endpoint: None,
            tls: None,
            node_proxy: NodeProxy::default(),
            resolver: Resolver::new(SystemResolver),
            // The server reads none of them.
            kept_headers: Vec::new(),
            #[cfg(feature = "dynamodb_config")]
            clients: ClientOptions::default(),
        }
    }
}

impl Options {
    /// Checks each option that can be wrong by itself.
    fn check(&mut self) -> Result<(), ConfigError> {
        self.scopes.iter().try_for_each(Scope::validate)?;
        let hedging_delay = match &mut self.hedging {
            Some(Hedging { budget, .. }) if !(*budget > 0.0 && *budget <= 1.0) => {
                return Err(ConfigError::HedgingBudget { budget: *budget });
            }
            Some(Hedging { when: When::After(delay), .. }) => Some(delay),
            _ => None,
        };
        for (option, duration) in [
            ("active_refresh_interval", Some(&mut self.active_refresh_interval)),
            ("idle_refresh_interval", Some(&mut self.idle_refresh_interval)),
            ("discovery_timeout", Some(&mut self.discovery_timeout)),
            ("connect_timeout", Some(&mut self.connect_timeout)),
            ("connect_budget", Some(&mut self.connect_budget)),
            ("read_timeout", self.read_timeout.as_mut()),
            ("Hedging::after", hedging_delay),
            ("idle_connection_timeout", Some(&mut self.idle_connection_timeout)),
            ("tcp_keepalive", self.tcp_keepalive.as_mut()),
        ] {
            duration.map_or(Ok(()), |duration| positive(option, duration))?;
        }
        #[cfg(feature = "dynamodb_config")]
        self.clients.check(self.tls.as_ref())?;
        Ok(())
    }
}

/// Options that are known to make sense, and what is made of them.
#[derive(Debug)]
pub(crate) struct Config {
    options: Options,
    pub(crate) seeds: Seeds,
    pub(crate) pool: PoolLimits,
    pub(crate) only_endpoint: Option<Origin>,
    pub(crate) dialer: Dialer,
    pub(crate) kept: Kept,
}

/// All other options are read as they were given.
impl Deref for Config {
    type Target = Options;

    fn deref(&self) -> &Options {
        &self.options
    }
}

impl Config {
    pub(crate) fn parse(options: &Options) -> Result<Self, ConfigError> {
        let mut options = options.clone();
        options.check()?;
        let seeds = Seeds::parse(&options.seeds)?;
        let max_connections = NonZeroUsize::new(options.max_connections_per_node)
            .ok_or(ConfigError::Zero { option: "max_connections_per_node" })?;
        let only_endpoint = options.only_endpoint.as_ref().map(|endpoint| {
            Origin::parse(endpoint.as_str()).map_err(|reason| ConfigError::Endpoint {
                endpoint: without_secrets(endpoint.as_str()),
                reason,
            })
        });
        let tls = match (seeds.first.scheme, &options.tls) {
            (Scheme::Https, tls) => Some(tls.clone().unwrap_or_default().resolve()?),
            (Scheme::Http, None) => None,
            (Scheme::Http, Some(_)) => {
                let what = "TLS settings are given, but the seeds are http; write https".to_owned();
                return Err(ConfigError::Tls { what, source: None });
            }
        };
        Ok(Self {
            seeds,
            pool: PoolLimits {
                max_connections,
                max_waiting: options.max_waiting_per_node,
                connect_timeout: options.connect_timeout,
                idle_timeout: options.idle_connection_timeout,
            },
            only_endpoint: only_endpoint.transpose()?,
            dialer: Dialer::new(tls, options.node_proxy.clone())
                .with_keepalive(options.tcp_keepalive.map(Keepalive::new)),
            kept: Kept::parse(&options.kept_headers)?,
            options,
        })
    }

    /// Returns whether a DynamoDB request to `uri` is for the cluster. `uri` is called only if the
    /// options restrict the endpoint.
    pub(crate) fn is_for_cluster(&self, uri: impl FnOnce() -> Option<Uri>) -> bool {
        self.only_endpoint.as_ref().is_none_or(|only| uri().is_some_and(|uri| only.matches(&uri)))
    }
}

/// Cuts the duration of an option, which must not be zero, to [`NEVER`].
fn positive(option: &'static str, duration: &mut Duration) -> Result<(), ConfigError> {
    *duration = NEVER.min(*duration);
    if duration.is_zero() { Err(ConfigError::Zero { option }) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options() -> Options {
        Options { seeds: vec!["http://10.0.0.1:8000".into()], ..Options::default() }
    }

    #[test]
    fn a_zero_is_named_in_the_error() {
        type Set = fn(&mut Options);
        let zeros: [(&str, Set); 11] = [
            ("active_refresh_interval", |o| o.active_refresh_interval = Duration::ZERO),
            ("idle_refresh_interval", |o| o.idle_refresh_interval = Duration::ZERO),
            ("table_refresh_interval", |o| o.clients.table_refresh_interval = Duration::ZERO),
            ("discovery_timeout", |o| o.discovery_timeout = Duration::ZERO),
            ("connect_timeout", |o| o.connect_timeout = Duration::ZERO),
            ("connect_budget", |o| o.connect_budget = Duration::ZERO),
            ("read_timeout", |o| o.read_timeout = Some(Duration::ZERO)),
            ("Hedging::after", |o| o.hedging = Some(Hedging::after(Duration::ZERO))),
            ("max_connections_per_node", |o| o.max_connections_per_node = 0),
            ("idle_connection_timeout", |o| o.idle_connection_timeout = Duration::ZERO),
            ("tcp_keepalive", |o| o.tcp_keepalive = Some(Duration::ZERO)),
        ];
        for (name, set) in zeros {
            let mut options = options();
            set(&mut options);
            let error = Config::parse(&options).unwrap_err().to_string();
            assert!(error.contains(name), "{error}");
        }
    }

    #[test]
    fn what_is_unlimited_stays_within_what_clocks_can_do() {
        let config = Config::parse(&Options {
            active_refresh_interval: Duration::MAX,
            idle_refresh_interval: Duration::MAX,
            clients: ClientOptions {
                table_refresh_interval: Duration::MAX,
                ..ClientOptions::default()
            },
            discovery_timeout: Duration::MAX,
            connect_timeout: Duration::MAX,
            connect_budget: Duration::MAX,
            read_timeout: Some(Duration::MAX),
            hedging: Some(Hedging::after(Duration::MAX)),
            idle_connection_timeout: Duration::MAX,
            tcp_keepalive: Some(Duration::MAX),
            max_connections_per_node: usize::MAX,
            max_waiting_per_node: usize::MAX,
            ..options()
        })
        .unwrap();
        for duration in [
            config.active_refresh_interval,
            config.idle_refresh_interval,
            config.clients.table_refresh_interval,
            config.discovery_timeout,
            config.connect_timeout,
            config.connect_budget,
            config.read_timeout.unwrap(),
            config.pool.idle_timeout,
        ] {
            assert_eq!(duration, NEVER);
        }
        assert_eq!(config.hedging.clone().unwrap().when, When::After(NEVER));
    }

    #[test]
    fn a_hedging_budget_is_a_share() {
        let parse = |share| {
            Config::parse(&Options { hedging: Some(Hedging::p95().budget(share)), ..options() })
        };
        for share in [f64::MIN_POSITIVE, 0.05, 1.0] {
            assert_eq!(parse(share).unwrap().hedging.clone().unwrap().budget, share);
        }
        for bad in [0.0, -0.05, 1.001, 5.0, f64::INFINITY, f64::NAN] {
            let error = parse(bad).unwrap_err().to_string();
            assert!(error.contains(&format!("budget of {bad} ")), "{error}");
        }
        assert_eq!(Config::parse(&options()).unwrap().hedging, None);
    }

    #[test]
    fn tls_settings_for_http_seeds_are_refused() {
        let options = Options { tls: Some(Tls::new()), ..options() };
        assert!(Config::parse(&options).unwrap_err().to_string().contains("https"));
    }

    #[test]
    fn a_bad_endpoint_is_named_in_the_error() {
        for bad in ["alternator.example.com", "http://a:99999", "http://a/path"] {
            let options = Options { only_endpoint: Some(bad.into()), ..options() };
            let error = Config::parse(&options).unwrap_err().to_string();
            assert!(error.contains(&format!("only_endpoint {bad:?}")), "{error}");
        }
    }
}
