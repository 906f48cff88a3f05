//! The names of seeds, resolved anew from time to time, side by side and without holding anyone up.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use aws_smithy_runtime_api::client::dns::ResolveDns;
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout, timeout_at};

use super::contacts::GRACE;
use crate::config::Config;
use crate::resolver::Resolver;
use crate::seed::Host;

/// How long the addresses of a name are believed, as resolvers rarely tell the lifetime of a record.
const LIFETIME: Duration = Duration::from_secs(30);

/// A resolver's answer, or why there is none.
type Resolved = Result<Vec<IpAddr>, String>;

/// What is known of one name. Addresses outlive a resolver that fails.
#[derive(Default)]
struct Known {
    addresses: Vec<IpAddr>,
    as_of: Option<Instant>,
    error: Option<String>,
    pending: bool,
}

pub(crate) struct Names {
    config: Arc<Config>,
    known: HashMap<Box<str>, Known>,
    resolving: JoinSet<(Box<str>, Resolved)>,
}

impl Names {
    pub(crate) fn new(config: Arc<Config>) -> Self {
        let names = config.seeds.hosts.iter().filter_map(|host| match host {
            Host::Name(name) => Some((name.clone(), Known::default())),
            Host::Ip(_) => None,
        });
        Self {
            known: names.collect(),
            config,
            resolving: JoinSet::new(),
        }
    }

    /// The addresses of a name, as far as they are known.
    pub(crate) fn addresses(&self, name: &str) -> &[IpAddr] {
        self.known
            .get(name)
            .map_or(&[], |known| &known.addresses[..])
    }

    /// The names that do not resolve, and why.
    pub(crate) fn unresolved(&self) -> impl Iterator<Item = (String, String)> {
        self.known.iter().filter_map(|(name, known)| {
            let unknown = known.addresses.is_empty().then_some("no answer yet");
            let why = known.error.as_deref().or(unknown)?;
            Some((name.to_string(), format!("does not resolve: {why}")))
        })
    }

    /// Resolves the names that were not resolved lately, or all if `anew`. A resolver that takes long is only waited for
    /// while there is no address at all; its answer is used in a later refresh. Returns the addresses that are new.
    pub(crate) async fn resolve(&mut self, anew: bool) -> Vec<IpAddr> {
        for (name, known) in &mut self.known {
            let lately = known.as_of.is_some_and(|when| when.elapsed() < LIFETIME);
            if known.pending || (lately && !anew) {
                continue;
            }
            known.pending = true;
            let (name, resolver, limit) = (
                name.clone(),
                self.config.resolver.clone(),
                self.config.discovery_timeout,
            );
            self.resolving.spawn(async move {
                let found = resolve(&resolver, &name, limit).await;
                (name, found)
            });
        }
        let begun = Instant::now();
        let mut new = Vec::new();
        while self.known.values().any(|known| known.pending) {
            let patience = match self.anything_known() {
                true => GRACE.min(self.config.discovery_timeout),
                false => self.config.discovery_timeout,
            };
            match timeout_at(begun + patience, self.resolving.join_next()).await {
                Ok(Some(Ok((name, found)))) => new.extend(self.note(&name, found)),
                // The resolver panicked.
                Ok(Some(Err(_)) | None) => {
                    self.known.values_mut().for_each(|k| k.pending = false);
                }
                Err(_) => break,
            }
        }
        new
    }

    fn anything_known(&self) -> bool {
        let is_address = |host: &Host| matches!(host, Host::Ip(_));
        self.config.seeds.hosts.iter().any(is_address)
            || self.known.values().any(|k| !k.addresses.is_empty())
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
                known.error = None;
                new
            }
            Err(error) => {
                // A failure that goes on is said aloud once.
                if known.error.is_none() {
                    tracing::warn!(
                        name,
                        error,
                        "the name of a seed does not resolve; check it and the resolver"
                    );
                }
                known.error = Some(error);
                Vec::new()
            }
        }
    }
}

async fn resolve(resolver: &Resolver, name: &str, limit: Duration) -> Resolved {
    match timeout(limit, resolver.resolve_dns(name)).await {
        Ok(Ok(addresses)) if addresses.is_empty() => Err("it has no address".to_owned()),
        Ok(Ok(addresses)) => Ok(addresses),
        Ok(Err(error)) => {
            // The resolver's own words are in the source.
            let source = std::error::Error::source(&error).map(ToString::to_string);
            Err(source.unwrap_or_else(|| error.to_string()))
        }
        Err(_) => Err(format!("no answer within {limit:?}")),
    }
}
