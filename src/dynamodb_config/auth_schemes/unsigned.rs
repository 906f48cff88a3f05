//! The auth scheme of requests without a signature.

use std::sync::Arc;

use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::auth::{
    AuthScheme, AuthSchemeEndpointConfig, AuthSchemeId, Sign,
};
use aws_smithy_runtime_api::client::identity::{
    Identity, IdentityCacheLocation, IdentityFuture, ResolveIdentity, SharedIdentityResolver,
};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_runtime_api::client::runtime_components::{GetIdentityResolver, RuntimeComponents};
use aws_smithy_types::config_bag::ConfigBag;

use crate::dynamodb_config::lookup_sender::LookupSender;
use crate::dynamodb_config::preparation::Preparation;

/// Not `noAuth`: the SDK replaces any scheme of that name by its own.
pub(super) const SCHEME_ID: AuthSchemeId = AuthSchemeId::new("unsigned");

/// The scheme, whose signer prepares the request and signs nothing.
#[derive(Debug)]
pub(in crate::dynamodb_config) struct Unsigned {
    preparation: Arc<Preparation>,
    anonymous: SharedIdentityResolver,
}

impl Unsigned {
    pub(in crate::dynamodb_config) fn new(preparation: Arc<Preparation>) -> Self {
        Self { preparation, anonymous: SharedIdentityResolver::new(Anonymous) }
    }
}

/// The identity of unsigned requests. The SDK's own equivalent goes through the identity cache.
#[derive(Debug)]
struct Anonymous;

impl ResolveIdentity for Anonymous {
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
        SCHEME_ID
    }

    fn identity_resolver(&self, _: &dyn GetIdentityResolver) -> Option<SharedIdentityResolver> {
        Some(self.anonymous.clone())
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
        self.preparation.prepare(request, config, |_| Ok(()), LookupSender::of_unsigned)
    }
}
