//! The auth schemes of the SDK, with signers that finish the request before they sign it, and that
//! sign what DynamoDB's requests usually are with as little work as possible. Whatever is unusual
//! goes to the SDK's own signer.

use std::sync::Arc;

use aws_runtime::auth::sigv4::{SCHEME_ID, SigV4Signer};
use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::auth::{
    AuthScheme, AuthSchemeEndpointConfig, AuthSchemeId, Sign,
};
use aws_smithy_runtime_api::client::identity::{
    Identity, IdentityCacheLocation, IdentityFuture, ResolveIdentity, SharedIdentityResolver,
};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_runtime_api::client::retries::RequestAttempts;
use aws_smithy_runtime_api::client::runtime_components::{GetIdentityResolver, RuntimeComponents};
use aws_smithy_types::config_bag::ConfigBag;

use super::clock::Clock;
use super::compression::support::carry;
use super::fast_signer::{DATE, FastSigner};
use super::identity::is_anonymous;
use super::lookup_sender::Sender;
use super::preparation::Preparation;
use crate::config::authentication::Authentication;
use crate::signing::Keys;

/// A name of its own, as the SDK puts its own scheme in the place of any other that is called
/// `noAuth`.
pub(super) const UNSIGNED: AuthSchemeId = AuthSchemeId::new("unsigned");

/// Signature Version 4.
#[derive(Debug)]
pub(super) struct SigV4 {
    preparation: Arc<Preparation>,
    authentication: Authentication,
    keys: Arc<Keys>,
    sdk: SigV4Signer,
    clock: Arc<Clock>,
}

impl SigV4 {
    pub(super) fn new(
        preparation: Arc<Preparation>,
        authentication: Authentication,
        clock: Arc<Clock>,
    ) -> Self {
        Self { preparation, authentication, keys: Arc::default(), sdk: SigV4Signer::new(), clock }
    }

    /// Signs the request, unless its credentials are none.
    fn sign(
        &self,
        request: &mut HttpRequest,
        identity: &Identity,
        endpoint: AuthSchemeEndpointConfig<'_>,
        components: &RuntimeComponents,
        config: &ConfigBag,
    ) -> Result<(), BoxError> {
        if self.authentication != Authentication::Required && is_anonymous(identity) {
            return Ok(());
        }
        let now = components.time_source().unwrap_or_default().now();
        let fast = if self.knows_the_time(config) {
            FastSigner::of(request, identity, &endpoint, config)
        } else {
            None
        };
        if let Some(fast) = fast {
            let signed = fast.sign(&self.keys, now);
            return signed.complete(request.headers_mut());
        }
        self.sdk.sign_http_request(request, identity, endpoint, components, config)?;
        // The SDK corrects the clock when it retries, so that retries, which are rare, show whether
        // it does.
        if let Some(date) = request.headers().get(DATE) {
            self.clock.compare(now, date);
        }
        Ok(())
    }

    /// Whether the date to sign with can be told without the SDK's signer.
    fn knows_the_time(&self, config: &ConfigBag) -> bool {
        let is_first =
            config.load::<RequestAttempts>().is_none_or(|attempts| attempts.attempts() <= 1);
        is_first && !self.clock.is_skewed()
    }
}

impl AuthScheme for SigV4 {
    fn scheme_id(&self) -> AuthSchemeId {
        SCHEME_ID
    }

    fn identity_resolver(
        &self,
        resolvers: &dyn GetIdentityResolver,
    ) -> Option<SharedIdentityResolver> {
        resolvers.identity_resolver(SCHEME_ID)
    }

    fn signer(&self) -> &dyn Sign {
        self
    }
}

impl Sign for SigV4 {
    fn sign_http_request(
        &self,
        request: &mut HttpRequest,
        identity: &Identity,
        endpoint: AuthSchemeEndpointConfig<'_>,
        components: &RuntimeComponents,
        config: &ConfigBag,
    ) -> Result<(), BoxError> {
        self.preparation.before_signing(request, config);
        if let Some(mut probe) = self.preparation.compression.probe(request, config) {
            self.sign(&mut probe, identity, endpoint.clone(), components, config)?;
            carry(request, probe);
        }
        self.sign(request, identity, endpoint, components, config)?;
        self.preparation.after_signing(request, config, |request, user_agent| {
            Sender::signed(request, user_agent, identity, &self.keys, config)
        });
        Ok(())
    }
}

/// No signature.
#[derive(Debug)]
pub(super) struct Unsigned {
    preparation: Arc<Preparation>,
    nobody: SharedIdentityResolver,
}

impl Unsigned {
    pub(super) fn new(preparation: Arc<Preparation>) -> Self {
        Self { preparation, nobody: SharedIdentityResolver::new(Nobody) }
    }
}

/// Who sends requests without a signature. The SDK's own equivalent goes through the cache of
/// identities.
#[derive(Debug)]
struct Nobody;

impl ResolveIdentity for Nobody {
    fn resolve_identity<'a>(
        &'a self,
        _: &'a RuntimeComponents,
        _: &'a ConfigBag,
    ) -> IdentityFuture<'a> {
        IdentityFuture::ready(Ok(Identity::new(Self, None)))
    }

    fn cache_location(&self) -> IdentityCacheLocation {
        IdentityCacheLocation::IdentityResolver
    }
}

impl AuthScheme for Unsigned {
    fn scheme_id(&self) -> AuthSchemeId {
        UNSIGNED
    }

    fn identity_resolver(&self, _: &dyn GetIdentityResolver) -> Option<SharedIdentityResolver> {
        Some(self.nobody.clone())
    }

    fn signer(&self) -> &dyn Sign {
        self
    }
}

impl Sign for Unsigned {
    fn sign_http_request(
        &self,
        request: &mut HttpRequest,
        _: &Identity,
        _: AuthSchemeEndpointConfig<'_>,
        _: &RuntimeComponents,
        config: &ConfigBag,
    ) -> Result<(), BoxError> {
        self.preparation.before_signing(request, config);
        if let Some(probe) = self.preparation.compression.probe(request, config) {
            carry(request, probe);
        }
        self.preparation.after_signing(request, config, Sender::unsigned);
        Ok(())
    }
}
