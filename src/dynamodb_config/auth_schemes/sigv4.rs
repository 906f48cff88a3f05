//! The auth scheme of signed requests: Signature Version 4, with a fast signer for the usual
//! requests of DynamoDB and the SDK's own signer for all others.

use std::sync::Arc;

use aws_runtime::auth::sigv4::{SCHEME_ID, SigV4Signer};
use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::auth::{
    AuthScheme, AuthSchemeEndpointConfig, AuthSchemeId, Sign,
};
use aws_smithy_runtime_api::client::identity::{Identity, SharedIdentityResolver};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_runtime_api::client::runtime_components::{GetIdentityResolver, RuntimeComponents};
use aws_smithy_types::config_bag::ConfigBag;

use crate::config::clients::authentication::Authentication;
use crate::dynamodb_config::clock::Clock;
use crate::dynamodb_config::credentials::is_anonymous;
use crate::dynamodb_config::fast_signer::{DATE, FastSigner};
use crate::dynamodb_config::lookup_sender::LookupSender;
use crate::dynamodb_config::preparation::{Preparation, is_first_attempt};
use crate::signing::{Date, Keys};

/// The scheme, whose signer prepares the request before it signs it.
#[derive(Debug)]
pub(in crate::dynamodb_config) struct SigV4 {
    preparation: Arc<Preparation>,
    authentication: Authentication,
    keys: Arc<Keys>,
    sdk: SigV4Signer,
    clock: Arc<Clock>,
}

impl SigV4 {
    pub(in crate::dynamodb_config) fn new(
        preparation: Arc<Preparation>,
        authentication: Authentication,
        clock: Arc<Clock>,
    ) -> Self {
        Self { preparation, authentication, keys: Arc::default(), sdk: SigV4Signer::new(), clock }
    }

    /// Signs the request, unless the option allows anonymous ones and `identity` is anonymous.
    fn sign(
        &self,
        request: &mut HttpRequest,
        identity: &Identity,
        endpoint: &AuthSchemeEndpointConfig<'_>,
        components: &RuntimeComponents,
        config: &ConfigBag,
    ) -> Result<(), BoxError> {
        if self.authentication != Authentication::Required && is_anonymous(identity) {
            return Ok(());
        }
        let now = components.time_source().unwrap_or_default().now();
        // On retries only the SDK's signer knows the date to sign with.
        if is_first_attempt(config)
            && !self.clock.is_skewed()
            && let Some(fast) = FastSigner::of(request, identity, endpoint, config)
        {
            for (name, value) in fast.sign(&self.keys, Date::of(now)) {
                request.headers_mut().try_insert(name, value)?;
            }
            return Ok(());
        }
        self.sdk.sign_http_request(request, identity, endpoint.clone(), components, config)?;
        // The SDK's signer corrects the clock for retries, so the date of a retry shows whether it
        // is skewed.
        if let Some(date) = request.headers().get(DATE) {
            self.clock.compare(now, date);
        }
        Ok(())
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
        let sign = |request: &mut _| self.sign(request, identity, &endpoint, components, config);
        self.preparation.prepare(request, config, sign, |request, user_agent| {
            LookupSender::of_signed(request, user_agent, identity, &self.keys, config)
        })
    }
}
