//! The configuration of a client whose requests are made for Alternator: nothing that it does not
//! read, and no work for that.
//!
//! What a request costs is settled before the connector sees it, so all of this hangs from the
//! client's own configuration: an interceptor switches off what makes useless headers, and the last
//! steps are taken by the signers, which come after every interceptor's hooks.

mod auth_schemes;
mod clock;
mod compression;
mod endpoint;
mod fast_signer;
mod hooks;
mod identity;
mod lookup_sender;
mod preparation;
mod router;
mod subject;

use std::sync::Arc;

use aws_smithy_runtime_api::client::stalled_stream_protection::StalledStreamProtectionConfig;
use aws_types::SdkConfig;
use aws_types::region::Region;

use crate::config::authentication::Authentication;
use crate::connector::AlternatorConnector;
use auth_schemes::{SigV4, Unsigned};
use clock::Clock;
use compression::Compression;
use compression::support::PlainAgain;
use endpoint::Address;
use hooks::{Hooks, SignedRequests};
use identity::{OptionalCredentials, Schemes};
use preparation::Preparation;
use router::Router;

/// What requests are signed for where the configuration names no region. The server takes any.
const REGION: Region = Region::from_static("us-east-1");

/// The two services have builders of the same shape, and no trait for it.
macro_rules! config {
    ($service:ident, $connector:expr, $sdk:expr, $router:expr) => {{
        let (connector, sdk): (&AlternatorConnector, &SdkConfig) = ($connector, $sdk);
        let mut config = $service::config::Builder::from(sdk).http_client(connector.clone());
        if sdk.region().is_none() {
            config.set_region(Some(REGION));
        }
        // A configuration that cannot work is reported by the connector, with the first operation.
        if let Ok(inner) = connector.inner() {
            let authentication = inner.config.authentication;
            let clock = Arc::new(Clock::default());
            let compression = Compression::new(inner);
            let preparation = Preparation::new(&inner.config, sdk.app_name(), compression.clone());
            let preparation = Arc::new(preparation);
            if sdk.stalled_stream_protection().is_none() {
                // The connector takes over a request's body at once, and has a limit of its own for
                // answers that stop.
                config =
                    config.stalled_stream_protection(StalledStreamProtectionConfig::disabled());
            }
            if let Some(provider) = OptionalCredentials::of(authentication, sdk) {
                config.set_credentials_provider(Some(provider));
            }
            config = config
                .endpoint_resolver(Address::new(&inner.config))
                .auth_scheme_resolver(Schemes::new(authentication))
                .push_auth_scheme(SigV4::new(
                    Arc::clone(&preparation),
                    authentication,
                    Arc::clone(&clock),
                ))
                .push_auth_scheme(Unsigned::new(preparation))
                .retry_classifier(PlainAgain(compression.clone()));
            let signed = match authentication {
                Authentication::ClientCertificate => SignedRequests::None,
                Authentication::Optional if sdk.credentials_provider().is_none() => {
                    SignedRequests::Few
                }
                Authentication::Optional | Authentication::Required => SignedRequests::All,
            };
            config.push_interceptor(Hooks::shared(
                signed,
                clock,
                inner.config.kept,
                compression,
                $router(inner),
            ));
        }
        config
    }};
}

impl AlternatorConnector {
    /// The configuration of a DynamoDB client whose requests are the smallest and cheapest that
    /// Alternator accepts, sent by this connector, and otherwise as `sdk` says. To be changed at
    /// will, and built:
    ///
    /// ```
    /// # async fn example() -> Result<(), alternator_connector::ConfigError> {
    /// use alternator_connector::AlternatorConnector;
    /// use aws_config::BehaviorVersion;
    ///
    /// let alternator = AlternatorConnector::builder().seed("http://10.0.0.1:8000").build()?;
    /// let sdk = aws_config::defaults(BehaviorVersion::latest()).http_client(alternator.clone()).load().await;
    /// let client = aws_sdk_dynamodb::Client::from_conf(alternator.dynamodb_config(&sdk).build());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// Requests are addressed to the first seed, or to
    /// [`only_endpoint`](crate::ConnectorBuilder::only_endpoint), unless `sdk` has an endpoint URL;
    /// which node gets them is the connector's choice in any case. Where `sdk` has no region, they
    /// are signed for `us-east-1`; the server takes any.
    pub fn dynamodb_config(&self, sdk: &SdkConfig) -> aws_sdk_dynamodb::config::Builder {
        config!(aws_sdk_dynamodb, self, sdk, Router::new)
    }

    /// Like [`dynamodb_config`](Self::dynamodb_config), for a client of DynamoDB Streams.
    #[cfg(feature = "dynamodbstreams")]
    pub fn dynamodbstreams_config(
        &self,
        sdk: &SdkConfig,
    ) -> aws_sdk_dynamodbstreams::config::Builder {
        config!(aws_sdk_dynamodbstreams, self, sdk, |_| None)
    }
}
