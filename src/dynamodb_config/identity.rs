//! As whom requests are sent: with which auth scheme, and what becomes of requests where no
//! credentials are configured.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use aws_credential_types::Credentials;
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{self, ProvideCredentials, SharedCredentialsProvider, future};
use aws_runtime::auth::sigv4;
use aws_smithy_async::time::SharedTimeSource;
use aws_smithy_runtime_api::client::auth::AuthSchemeOptionsFuture;
use aws_smithy_runtime_api::client::identity::Identity;
use aws_smithy_runtime_api::client::runtime_components::{GetIdentityResolver, RuntimeComponents};
use aws_smithy_types::config_bag::ConfigBag;
use aws_types::SdkConfig;
use tokio::runtime::Handle;
use tokio::sync::Mutex;

use super::auth_schemes::UNSIGNED;
use crate::config::authentication::Authentication;

/// How long requests go unsigned before credentials are looked for again where there were none:
/// soon enough for an application that has started before the agent which has its credentials, and
/// more than the ten seconds by which the SDK's cache asks early.
const AGAIN: Duration = Duration::from_secs(30);

/// Chooses the auth scheme.
#[derive(Debug)]
pub(super) struct Schemes(Authentication);

impl Schemes {
    pub(super) fn new(authentication: Authentication) -> Self {
        Self(authentication)
    }

    fn resolve(&self, components: &RuntimeComponents) -> AuthSchemeOptionsFuture<'static> {
        let is_signed = match self.0 {
            Authentication::Required => true,
            Authentication::ClientCertificate => false,
            Authentication::Optional => components.identity_resolver(sigv4::SCHEME_ID).is_some(),
        };
        let scheme = if is_signed { sigv4::SCHEME_ID } else { UNSIGNED };
        AuthSchemeOptionsFuture::ready(Ok(vec![scheme.into()]))
    }
}

impl aws_sdk_dynamodb::config::auth::ResolveAuthScheme for Schemes {
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
impl aws_sdk_dynamodbstreams::config::auth::ResolveAuthScheme for Schemes {
    fn resolve_auth_scheme<'a>(
        &'a self,
        _: &'a aws_sdk_dynamodbstreams::config::auth::Params,
        _: &'a ConfigBag,
        components: &'a RuntimeComponents,
    ) -> AuthSchemeOptionsFuture<'a> {
        self.resolve(components)
    }
}

/// The credentials of the configuration, or none: a chain that finds nothing makes requests
/// unsigned, and not impossible.
///
/// Only the first request waits for such a chain. After that it is asked in the background, and
/// signed again with what it finds.
#[derive(Debug)]
pub(super) struct OptionalCredentials(Arc<Chain>);

#[derive(Debug)]
struct Chain {
    provider: SharedCredentialsProvider,
    time: SharedTimeSource,
    /// Whether it has never had any.
    found_nothing: AtomicBool,
    /// Whether it has ever had any. From then on, to have nothing is an error.
    had_some: AtomicBool,
    /// Held while it is asked in the background.
    asking: Arc<Mutex<()>>,
}

impl OptionalCredentials {
    /// What is to provide credentials in place of the provider of the configuration, if anything.
    pub(super) fn of(
        authentication: Authentication,
        sdk: &SdkConfig,
    ) -> Option<SharedCredentialsProvider> {
        if authentication != Authentication::Optional {
            return None;
        }
        let time = sdk.time_source().unwrap_or_default();
        Some(SharedCredentialsProvider::new(Self::new(sdk.credentials_provider()?, time)))
    }

    fn new(provider: SharedCredentialsProvider, time: SharedTimeSource) -> Self {
        Self(Arc::new(Chain {
            provider,
            time,
            found_nothing: AtomicBool::new(false),
            had_some: AtomicBool::new(false),
            asking: Arc::default(),
        }))
    }

    async fn provide(&self) -> provider::Result {
        let chain = &self.0;
        if chain.found_nothing.load(Ordering::Relaxed) {
            self.ask_in_background();
            return Ok(chain.anonymous());
        }
        let answer = chain.ask().await;
        if chain.found_nothing.load(Ordering::Relaxed) {
            return Ok(chain.anonymous());
        }
        answer
    }

    fn ask_in_background(&self) {
        let turn = Arc::clone(&self.0.asking).try_lock_owned();
        if let (Ok(turn), Ok(runtime)) = (turn, Handle::try_current()) {
            let chain = Arc::clone(&self.0);
            runtime.spawn(async move {
                // What it found is asked for again by a request, which also hears of an error.
                let _ = chain.ask().await;
                drop(turn);
            });
        }
    }
}

impl Chain {
    async fn ask(&self) -> provider::Result {
        let answer = self.provider.provide_credentials().await;
        let nothing = matches!(answer, Err(CredentialsError::CredentialsNotLoaded(_)));
        if answer.is_ok() {
            self.had_some.store(true, Ordering::Relaxed);
        }
        let never = nothing && !self.had_some.load(Ordering::Relaxed);
        if !self.found_nothing.swap(never, Ordering::Relaxed) && never {
            tracing::info!("no credentials were found, so requests are not signed");
        }
        answer
    }

    fn anonymous(&self) -> Credentials {
        let until = self.time.now() + AGAIN;
        Credentials::new("", "", None, Some(until), "anonymous")
    }
}

impl ProvideCredentials for OptionalCredentials {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::new(self.provide())
    }

    fn fallback_on_interrupt(&self) -> Option<Credentials> {
        self.0.provider.fallback_on_interrupt()
    }
}

/// Whether an identity is that of requests without a signature.
pub(super) fn is_anonymous(identity: &Identity) -> bool {
    identity.data::<Credentials>().is_some_and(|credentials| credentials.access_key_id().is_empty())
}
