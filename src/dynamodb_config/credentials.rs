//! Credentials that may be missing: requests are unsigned while none are found.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use aws_credential_types::Credentials;
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{self, ProvideCredentials, SharedCredentialsProvider, future};
use aws_smithy_async::time::SharedTimeSource;
use aws_smithy_runtime_api::client::identity::Identity;
use aws_types::SdkConfig;
use tokio::runtime::Handle;
use tokio::sync::Mutex;

use crate::config::clients::authentication::Authentication;

/// How long requests are unsigned before the provider is asked for credentials again. Soon enough
/// for an application that starts before the agent which has its credentials, and longer than the
/// ten seconds by which the SDK's identity cache asks early.
const RETRY_INTERVAL: Duration = Duration::from_secs(30);

/// A credentials provider that returns anonymous credentials while the configured one has none, so
/// that requests are unsigned and do not fail.
///
/// Only the first request waits for a provider that finds nothing. After that it is asked in the
/// background, and requests are signed once it finds credentials.
#[derive(Debug)]
pub(super) struct OptionalCredentials(Arc<Provider>);

#[derive(Debug)]
struct Provider {
    configured: SharedCredentialsProvider,
    time: SharedTimeSource,
    /// Whether the configured provider was asked and has never had any.
    found_none: AtomicBool,
    /// Whether it has ever had any. From then on, to have none is an error.
    found_some: AtomicBool,
    /// Held while it is asked in the background.
    asking: Arc<Mutex<()>>,
}

impl OptionalCredentials {
    /// Returns the provider to use in place of the configured one; `None` if that one is to stay.
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

    fn new(configured: SharedCredentialsProvider, time: SharedTimeSource) -> Self {
        Self(Arc::new(Provider {
            configured,
            time,
            found_none: AtomicBool::new(false),
            found_some: AtomicBool::new(false),
            asking: Arc::default(),
        }))
    }

    async fn provide(&self) -> provider::Result {
        let provider = &self.0;
        if provider.found_none.load(Ordering::Relaxed) {
            self.ask_in_background();
            return Ok(provider.anonymous());
        }
        let credentials = provider.ask().await;
        if provider.found_none.load(Ordering::Relaxed) {
            return Ok(provider.anonymous());
        }
        credentials
    }

    fn ask_in_background(&self) {
        let guard = Arc::clone(&self.0.asking).try_lock_owned();
        if let (Ok(guard), Ok(runtime)) = (guard, Handle::try_current()) {
            let provider = Arc::clone(&self.0);
            runtime.spawn(async move {
                // The result shows in `found_none`. The next request asks again, and gets the
                // credentials or the error.
                let _ = provider.ask().await;
                drop(guard);
            });
        }
    }
}

impl Provider {
    async fn ask(&self) -> provider::Result {
        let credentials = self.configured.provide_credentials().await;
        let is_none = matches!(credentials, Err(CredentialsError::CredentialsNotLoaded(_)));
        if credentials.is_ok() {
            self.found_some.store(true, Ordering::Relaxed);
        }
        let never = is_none && !self.found_some.load(Ordering::Relaxed);
        if !self.found_none.swap(never, Ordering::Relaxed) && never {
            tracing::info!("no credentials were found, so requests are not signed");
        }
        credentials
    }

    fn anonymous(&self) -> Credentials {
        let until = self.time.now() + RETRY_INTERVAL;
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
        self.0.configured.fallback_on_interrupt()
    }
}

/// Returns whether requests with this identity are unsigned.
pub(super) fn is_anonymous(identity: &Identity) -> bool {
    identity.data::<Credentials>().is_some_and(|credentials| credentials.access_key_id().is_empty())
}
