//! The configuration of clients made for Alternator: their requests have only the headers that a
//! node reads, and do only the work that these need.
//!
//! All of it hangs on the client's configuration, as the connector sees a request only after it was
//! signed. An interceptor disables what makes headers that no node reads. The last steps are taken
//! by the signers, which run after the hooks of all interceptors.

mod auth_schemes;
mod clock;
mod compression;
mod credentials;
mod endpoint;
mod fast_signer;
mod hooks;
mod lookup_sender;
mod operation;
mod preparation;
mod router;
mod subject;

use std::sync::Arc;

use aws_smithy_runtime_api::client::interceptors::SharedInterceptor;
use aws_smithy_runtime_api::client::stalled_stream_protection::StalledStreamProtectionConfig;
use aws_types::SdkConfig;
use aws_types::region::Region;

use crate::config::clients::authentication::Authentication;
use crate::connector::{AlternatorConnector, Inner};
use crate::tables::routing::TableRouting;
use auth_schemes::{SchemeChoice, SigV4, Unsigned};
use clock::Clock;
use compression::Compression;
use compression::support::RetryUncompressed;
use credentials::OptionalCredentials;
use endpoint::Address;
use hooks::{Hooks, SignedRequests};
use preparation::Preparation;
use router::Router;

/// The region that requests are signed for if the configuration names none. A node accepts any.
const REGION: Region = Region::from_static("us-east-1");

/// What a client's configuration has in place of the SDK's own.
struct Parts {
    address: Address,
    schemes: SchemeChoice,
    sigv4: SigV4,
    unsigned: Unsigned,
    classifier: RetryUncompressed,
    hooks: SharedInterceptor,
}

impl Parts {
    fn new(connector: &Inner, sdk: &SdkConfig, router: Option<Router>) -> Self {
        let (options, cluster) = (&connector.config, connector.cluster());
        let authentication = options.clients.authentication;
        let clock = Arc::new(Clock::default());
        let compression = Compression::new(options, cluster);
        let preparation = Arc::new(Preparation::new(
            options,
            sdk.app_name(),
            compression.clone(),
            router.clone(),
        ));
        let signed = match authentication {
            Authentication::ClientCertificate => SignedRequests::None,
            Authentication::Optional if sdk.credentials_provider().is_none() => {
                SignedRequests::WithOwnCredentials
            }
            Authentication::Optional | Authentication::Required => SignedRequests::All,
        };
        Self {
            address: Address::new(options),
            schemes: SchemeChoice(authentication),
            sigv4: SigV4::new(Arc::clone(&preparation), authentication, Arc::clone(&clock)),
            unsigned: Unsigned::new(preparation),
            classifier: RetryUncompressed::new(cluster),
            hooks: Hooks::shared(signed, clock, options.kept, compression, router),
        }
    }
}

/// Returns the shared configuration with what all clients of the connector have in common.
fn shared(connector: &AlternatorConnector, sdk: &SdkConfig) -> SdkConfig {
    let mut shared = sdk.clone().into_builder().http_client(connector.clone());
    if sdk.region().is_none() {
        shared.set_region(REGION);
    }
    if let Ok(inner) = connector.inner() {
        if sdk.stalled_stream_protection().is_none() {
            // The connector takes a request's body at once, and has its own limit for responses
            // that stall.
            shared.set_stalled_stream_protection(Some(StalledStreamProtectionConfig::disabled()));
        }
        if let Some(provider) = OptionalCredentials::of(inner.config.clients.authentication, sdk) {
            shared.set_credentials_provider(Some(provider));
        }
    }
    shared.build()
}

/// Makes the configuration of a client of either service: their builders have the same methods, but
/// no trait in common.
macro_rules! config {
    ($service:ident, $connector:expr, $sdk:expr, $router:expr) => {{
        let mut config = $service::config::Builder::from(&shared($connector, $sdk));
        // An invalid configuration is reported by the connector, with the first operation.
        if let Ok(inner) = $connector.inner() {
            let parts = Parts::new(inner, $sdk, $router(inner));
            config = config
                .endpoint_resolver(parts.address)
                .auth_scheme_resolver(parts.schemes)
                .push_auth_scheme(parts.sigv4)
                .push_auth_scheme(parts.unsigned)
                .retry_classifier(parts.classifier);
            config.push_interceptor(parts.hooks);
        }
        config
    }};
}

fn router(connector: &Inner) -> Option<Router> {
    Router::new(&connector.config, connector.cluster(), &connector.clients.tables)
}

impl AlternatorConnector {
    /// Returns the configuration of a DynamoDB client that sends its requests by this connector, as
    /// small and as cheap as Alternator accepts them. Everything else is taken from `sdk`. Change
    /// it as needed, then build it:
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
    /// [`only_endpoint`](crate::ConnectorBuilder::only_endpoint), unless `sdk` has an endpoint URL.
    /// The connector chooses the node in any case. If `sdk` has no region, requests are signed for
    /// `us-east-1`; a node accepts any.
    pub fn dynamodb_config(&self, sdk: &SdkConfig) -> aws_sdk_dynamodb::config::Builder {
        config!(aws_sdk_dynamodb, self, sdk, router)
    }

    /// Like [`dynamodb_config`](Self::dynamodb_config), for a client of DynamoDB Streams.
    #[cfg(feature = "dynamodbstreams")]
    pub fn dynamodbstreams_config(
        &self,
        sdk: &SdkConfig,
    ) -> aws_sdk_dynamodbstreams::config::Builder {
        config!(aws_sdk_dynamodbstreams, self, sdk, |_| None::<Router>)
    }

    /// Returns what is known of a table, by which requests about it are routed; `None` while
    /// nothing is known. A table is looked up when a client made with
    /// [`dynamodb_config`](Self::dynamodb_config) sends a request about it.
    pub fn routing(&self, table: &str) -> Option<TableRouting> {
        let table = self.inner().ok()?.clients.tables.find(table)?;
        Option::clone(&table.info()).map(TableRouting)
    }
}
