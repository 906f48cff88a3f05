//! What resolves the names of seeds: the SDK's own trait, so that a resolver made for the SDK
//! serves here too.

use aws_smithy_runtime_api::client::dns::{
    DnsFuture, ResolveDns, ResolveDnsError, SharedDnsResolver,
};

/// What resolves the names of seeds.
pub(crate) type Resolver = SharedDnsResolver;

/// The operating system's resolver.
#[derive(Debug)]
pub(crate) struct SystemResolver;

impl ResolveDns for SystemResolver {
    fn resolve_dns<'a>(&'a self, name: &'a str) -> DnsFuture<'a> {
        DnsFuture::new(async move {
            let found = tokio::net::lookup_host((name, 0)).await.map_err(ResolveDnsError::new)?;
            Ok(found.map(|addr| addr.ip()).collect())
        })
    }
}
