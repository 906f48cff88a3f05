//! The names of seeds, resolved anew from time to time, in parallel and without delaying a refresh.

use std::collections::{HashMap, HashSet};
use std::net::IpAddr;
use std::slice;
use std::sync::Arc;
use std::time::Duration;

use aws_smithy_runtime_api::client::dns::ResolveDns;
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout, timeout_at};

use super::GRACE;
use crate::address::host;
use crate::config::Config;
use crate::config::resolver::Resolver;
use crate::config::seeds::SeedHost;
use crate::error::FailedContact;

/// How long the addresses of a name are used, as resolvers rarely report the TTL of a record.
const LIFETIME: Duration = Duration::from_secs(30);

/// Delay before a name that did not resolve is retried. Resolvers cache a failure for longer.
const RETRY: Duration = Duration::from_secs(5);

/// The same while no address is known at all, as every request waits for one.
const EAGER_RETRY: Duration = Duration::from_secs(1);

/// Timeout of a lookup. The threads of `getaddrinfo` cannot be stopped, and take as long as all
/// servers and search domains together: giving up early would only add another lookup beside it.
const LOOKUP_LIMIT: Duration = Duration::from_secs(60);

/// A resolver's result, or its error as text.
type Resolved = Result<Vec<IpAddr>, String>;

/// The state of one name. Addresses are kept if the resolver fails later.
#[derive(Default)]
struct Resolution {
    addresses: Vec<IpAddr>,
    as_of: Option<Instant>,
    failed: Option<Instant>,
    error: Option<String>,
    pending: bool,
}

impl Resolution {
    /// Returns whether a lookup is due: if `anew`, whatever the age of the addresses, but never
    /// soon after a failure.
    fn is_due(&self, now: Instant, anew: bool, retry: Duration) -> bool {
        let within = |when: Option<Instant>, age| when.is_some_and(|when| now < when + age);
        !self.pending && !within(self.failed, retry) && (anew || !within(self.as_of, LIFETIME))
    }
}

pub(crate) struct Names {
    config: Arc<Config>,
    known: HashMap<Box<str>, Resolution>,
    resolving: JoinSet<(Box<str>, Resolved)>,
}

impl Names {
    pub(crate) fn new(config: Arc<Config>) -> Self {
        let names = config.seeds.hosts.iter().filter_map(|host| match host {
            SeedHost::Name(name) => Some((name.clone(), Resolution::default())),
            SeedHost::Ip(_) => None,
        });
        Self { known: names.collect(), config, resolving: JoinSet::new() }
    }

    /// Returns the known addresses of a seed.
    pub(crate) fn addresses<'a>(&'a self, host: &'a SeedHost) -> &'a [IpAddr] {
        match host {
            SeedHost::Ip(ip) => slice::from_ref(ip),
            SeedHost::Name(name) => self.known.get(name).map_or(&[], |known| &known.addresses[..]),
        }
    }

    /// Returns the names that do not resolve, and why.
    pub(crate) fn unresolved(&self) -> impl Iterator<Item = FailedContact> {
        self.known.iter().filter_map(|(name, known)| {
            let unknown = known.addresses.is_empty().then_some("no answer yet");
            let why = known.error.as_deref().or(unknown)?;
            Some(FailedContact {
                contact: name.to_string(),
                reason: format!("does not resolve: {why}"),
            })
        })
    }

    /// Resolves the names that were not resolved recently, or all if `anew`. A slow resolver is
    /// only waited for while there is no address at all; its result is used in a later refresh.
    /// Returns the addresses that are new.
    pub(crate) async fn resolve(&mut self, anew: bool) -> Vec<IpAddr> {
        let begun = Instant::now();
        let retry = if self.anything_known() { RETRY } else { EAGER_RETRY };
        let mut resolving = false;
        for (name, known) in &mut self.known {
            if !known.is_due(begun, anew, retry) {
                continue;
            }
            resolving = true;
            known.pending = true;
            let (name, resolver) = (name.clone(), self.config.resolver.clone());
            self.resolving.spawn(async move {
                let found = resolve(&resolver, &name).await;
                (name, found)
            });
        }
        let mut new = Vec::new();
        while self.known.values().any(|known| known.pending) {
            let timeout = self.config.discovery_timeout;
            let limit = if !self.anything_known() {
                timeout
            } else if resolving {
                GRACE.min(timeout)
            } else {
                // A lookup that was too slow for an earlier refresh is not waited for again.
                Duration::ZERO
            };
            match timeout_at(begun + limit, self.resolving.join_next()).await {
                Ok(Some(Ok((name, found)))) => new.extend(self.note(&name, found)),
                // The resolver panicked.
                Ok(Some(Err(_)) | None) => {
                    for known in self.known.values_mut().filter(|k| k.pending) {
                        known.pending = false;
                        known.failed = Some(Instant::now());
                    }
                }
                Err(_) => break,
            }
        }
        new
    }

    fn anything_known(&self) -> bool {
        self.config.seeds.hosts.iter().any(|host| !self.addresses(host).is_empty())
    }

    fn note(&mut self, name: &str, found: Resolved) -> Vec<IpAddr> {
        let Some(known) = self.known.get_mut(name) else {
            return Vec::new();
        };
        known.pending = false;
        match found {
            Ok(addresses) => {
                let mut new = addresses.clone();
                new.retain(|ip| !known.addresses.contains(ip));
                known.addresses = addresses;
                known.as_of = Some(Instant::now());
                known.failed = None;
                known.error = None;
                new
            }
            Err(error) => {
                // A lasting failure is logged once.
                if known.error.is_none() {
                    tracing::warn!(
                        name,
                        error,
                        "the name of a seed does not resolve; check it and the resolver"
                    );
                }
                known.failed = Some(Instant::now());
                known.error = Some(error);
                Vec::new()
            }
        }
    }
}

async fn resolve(resolver: &Resolver, name: &str) -> Resolved {
    match timeout(LOOKUP_LIMIT, resolver.resolve_dns(name)).await {
        Ok(Ok(addresses)) => hosts(addresses),
        Ok(Err(error)) => {
            // The resolver's own message is in the source.
            let source = std::error::Error::source(&error).map(ToString::to_string);
            Err(source.unwrap_or_else(|| error.to_string()))
        }
        Err(_) => Err(format!("no answer within {LOOKUP_LIMIT:?}")),
    }
}

/// Keeps the addresses that a host can have, as for those that nodes list.
fn hosts(addresses: Vec<IpAddr>) -> Resolved {
    let mut seen = HashSet::new();
    let hosts: Vec<_> =
        addresses.into_iter().filter_map(host).filter(|ip| seen.insert(*ip)).collect();
    if hosts.is_empty() { Err("it has no address of a host".to_owned()) } else { Ok(hosts) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_left_alone_after_a_failure_and_while_it_is_looked_up() {
        let now = Instant::now();
        let new = Resolution::default();
        assert!(new.is_due(now, false, RETRY));
        let pending = Resolution { pending: true, ..Resolution::default() };
        assert!(!pending.is_due(now + LOOKUP_LIMIT, true, RETRY));

        let failed = Resolution { failed: Some(now), ..Resolution::default() };
        for retry in [RETRY, EAGER_RETRY] {
            for anew in [false, true] {
                assert!(!failed.is_due(now + retry / 2, anew, retry));
                assert!(failed.is_due(now + retry, anew, retry));
            }
        }
    }

    #[test]
    fn a_name_is_looked_up_again_when_its_addresses_are_old_or_silent() {
        let now = Instant::now();
        let known = Resolution { as_of: Some(now), ..Resolution::default() };
        assert!(!known.is_due(now + LIFETIME / 2, false, RETRY));
        assert!(known.is_due(now + LIFETIME / 2, true, RETRY));
        assert!(known.is_due(now + LIFETIME, false, RETRY));
    }

    #[test]
    fn only_addresses_of_hosts_are_used_and_each_once() {
        let resolved = |ips: &[&str]| hosts(ips.iter().map(|ip| ip.parse().unwrap()).collect());
        let found = resolved(&["0.0.0.0", "::ffff:10.0.0.1", "224.0.0.1", "10.0.0.1", "::1"]);
        let wanted: [IpAddr; 2] = ["10.0.0.1", "::1"].map(|ip| ip.parse().unwrap());
        assert_eq!(found.unwrap(), wanted);
        assert!(resolved(&["::", "255.255.255.255"]).is_err());
        assert!(resolved(&[]).is_err());
    }
}
