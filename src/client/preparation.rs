//! The last steps before and after a request is signed.

use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_runtime_api::client::retries::RequestAttempts;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::config_bag::ConfigBag;
use aws_types::app_name::AppName;
use http::HeaderValue;

use super::compression::Compression;
use crate::attempts::{Attempt, Invocation};
use crate::config::Config;
use crate::headers::Kept;
use crate::prepared::Prepared;

/// What is the same for every request of a client.
#[derive(Debug)]
pub(super) struct Preparation {
    user_agent: Option<HeaderValue>,
    kept: Kept,
    pub(super) compression: Compression,
}

impl Preparation {
    pub(super) fn new(config: &Config, app: Option<&AppName>, compression: Compression) -> Self {
        let user_agent = match app {
            Some(app) => config.user_agent.clone().of_app(app.as_ref()),
            None => config.user_agent.clone(),
        };
        Self {
            // It was checked with the configuration, and the name of an application is a token.
            user_agent: user_agent.header().ok().flatten(),
            kept: config.kept,
            compression,
        }
    }

    /// Brings the request into the form that is signed.
    pub(super) fn before_signing(
        &self,
        request: &mut HttpRequest,
        _components: &RuntimeComponents,
        config: &ConfigBag,
    ) -> Result<(), BoxError> {
        // The SDK makes both user agents, or none.
        match (self.kept.user_agent, self.kept.x_amz_user_agent) {
            (true, false) => drop(request.headers_mut().remove("x-amz-user-agent")),
            (false, true) => drop(request.headers_mut().remove("user-agent")),
            (true, true) | (false, false) => {}
        }
        self.compression.encode(request, config);
        Ok(())
    }

    /// Adds what is not signed.
    pub(super) fn after_signing(&self, request: &mut HttpRequest, config: &ConfigBag) {
        self.compression.accept(request, config);
        if let Some(invocation) = config.load::<Invocation>() {
            let number = config.load::<RequestAttempts>();
            request.add_extension(Prepared {
                attempt: Attempt {
                    invocation: *invocation,
                    is_first: number.is_none_or(|n| n.attempts() <= 1),
                },
                user_agent: self.user_agent.clone(),
            });
        }
    }
}
