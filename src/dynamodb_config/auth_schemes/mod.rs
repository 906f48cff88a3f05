//! The auth schemes of a client, and the choice between them.

mod sigv4;
mod unsigned;

use aws_runtime::auth::sigv4::SCHEME_ID;
use aws_smithy_runtime_api::client::auth::AuthSchemeOptionsFuture;
use aws_smithy_runtime_api::client::runtime_components::{GetIdentityResolver, RuntimeComponents};
use aws_smithy_types::config_bag::ConfigBag;

use crate::config::clients::authentication::Authentication;
pub(super) use sigv4::SigV4;
pub(super) use unsigned::Unsigned;

/// Chooses an operation's auth scheme by the option, and by whether there are credentials.
#[derive(Debug)]
pub(super) struct SchemeChoice(pub(super) Authentication);

impl SchemeChoice {
    fn resolve(&self, components: &RuntimeComponents) -> AuthSchemeOptionsFuture<'static> {
        let is_signed = match self.0 {
            Authentication::Required => true,
            Authentication::ClientCertificate => false,
            Authentication::Optional => components.identity_resolver(SCHEME_ID).is_some(),
        };
        let scheme = if is_signed { SCHEME_ID } else { unsigned::SCHEME_ID };
        AuthSchemeOptionsFuture::ready(Ok(vec![scheme.into()]))
    }
}

impl aws_sdk_dynamodb::config::auth::ResolveAuthScheme for SchemeChoice {
    fn resolve_auth_scheme<'a>(
        &'a self,
        _: &'a aws_sdk_dynamodb::config::auth::Params,
        _: &'a ConfigBag,
        components: &'a RuntimeComponents,
    ) -> AuthSchemeOptionsFuture<'a> {
        self.resolve(components)
    }
}

#[cfg(feature = "dynamodbstreams")]
impl aws_sdk_dynamodbstreams::config::auth::ResolveAuthScheme for SchemeChoice {
    fn resolve_auth_scheme<'a>(
        &'a self,
        _: &'a aws_sdk_dynamodbstreams::config::auth::Params,
        _: &'a ConfigBag,
        components: &'a RuntimeComponents,
    ) -> AuthSchemeOptionsFuture<'a> {
        self.resolve(components)
    }
}
