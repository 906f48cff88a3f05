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
use aws_smithy_runtime_api::client::retries::RequestAttempts;
use aws_smithy_runtime_api::client::runtime_components::{GetIdentityResolver, RuntimeComponents};
use aws_smithy_types::config_bag::ConfigBag;

use crate::config::clients::authentication::Authentication;
use crate::dynamodb_config::clock::Clock;
use crate::dynamodb_config::compression::support::attach_probe;
use crate::dynamodb_config::credentials::is_anonymous;
use crate::dynamodb_config::fast_signer::{DATE, FastSigner};
use crate::dynamodb_config::lookup_sender::LookupSender;
use crate::dynamodb_config::preparation::Preparation;
use crate::signing::Keys;

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
        endpoint: AuthSchemeEndpointConfig<'_>,
        components: &RuntimeComponents,
        config: &ConfigBag,
    ) -> Result<(), BoxError> {
        if self.authentication != Authentication::Required && is_anonymous(identity) {
            return Ok(());
        }
        let now = components.time_source().unwrap_or_default().now();
        let fast = if self.is_clock_right(config) {
            FastSigner::of(request, identity, &endpoint, config)
        } else {
            None
        };
        if let Some(fast) = fast {
            let signature = fast.sign(&self.keys, now);
            return signature.insert_into(request.headers_mut());
        }
        self.sdk.sign_http_request(request, identity, endpoint, components, config)?;
        // The SDK's signer corrects the clock for retries, so the date of a retry shows whether it
        // is skewed.
        if let Some(date) = request.headers().get(DATE) {
            self.clock.compare(now, date);
        }
        Ok(())
    }

    /// Returns whether the local clock gives the date to sign with. On retries only the SDK's
    /// signer knows it.
    fn is_clock_right(&self, config: &ConfigBag) -> bool {
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
            attach_probe(request, probe);
        }
        self.sign(request, identity, endpoint, components, config)?;
        self.preparation.after_signing(request, config, |request, user_agent| {
            LookupSender::of_signed(request, user_agent, identity, &self.keys, config)
        });
        Ok(())
    }
}
