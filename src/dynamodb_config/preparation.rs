//! The last steps before and after a request is signed.

use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_runtime_api::client::retries::RequestAttempts;
use aws_smithy_runtime_api::http::Headers;
use aws_smithy_types::config_bag::ConfigBag;
use aws_types::app_name::AppName;
use http::HeaderValue;

use super::compression::Compression;
use super::hooks::OperationContext;
use super::lookup_sender::{self, Sender};
use crate::config::Config;
use crate::config::kept_headers::Kept;
use crate::config::user_agent::UserAgent;
use crate::dispatch::attempts::Attempt;
use crate::dispatch::context::RequestContext;

/// What is the same for every request of a client.
#[derive(Debug)]
pub(super) struct Preparation {
    says: UserAgent,
    /// The application that the SDK's configuration names, and the header for it.
    app: Option<AppName>,
    user_agent: Option<HeaderValue>,
    kept: Kept,
    pub(super) compression: Compression,
}

impl Preparation {
    pub(super) fn new(config: &Config, app: Option<&AppName>, compression: Compression) -> Self {
        Self {
            says: config.user_agent.clone(),
            app: app.cloned(),
            user_agent: header(&config.user_agent, app),
            kept: config.kept,
            compression,
        }
    }

    /// Brings the request into the form that is signed.
    pub(super) fn before_signing(&self, request: &mut HttpRequest, config: &ConfigBag) {
        // The SDK makes both user agents, or none.
        match (self.kept.user_agent, self.kept.x_amz_user_agent) {
            (true, false) => remove_the_sdks(request.headers_mut(), "x-amz-user-agent"),
            (false, true) => remove_the_sdks(request.headers_mut(), "user-agent"),
            (true, true) | (false, false) => {}
        }
        self.compression.encode(request, config);
    }

    /// Adds what is not signed. `sender` says who has sent the request, with this user agent.
    pub(super) fn after_signing(
        &self,
        request: &mut HttpRequest,
        config: &ConfigBag,
        sender: impl FnOnce(&HttpRequest, Option<HeaderValue>) -> Option<Sender>,
    ) {
        self.compression.accept(request, config);
        if let Some(operation) = config.load::<OperationContext>() {
            let user_agent = self.user_agent(config.load::<AppName>());
            if let Some(table) = &operation.subject.due_table
                && self.compression.is_for_cluster(request)
            {
                let tables = self.compression.tables();
                let changes = self.compression.cluster().changes();
                lookup_sender::carry(request, table, tables, changes, |r| {
                    sender(r, user_agent.clone())
                });
            }
            let number = config.load::<RequestAttempts>();
            request.add_extension(RequestContext {
                attempt: Attempt {
                    invocation: operation.invocation,
                    is_first: number.is_none_or(|n| n.attempts() <= 1),
                },
                user_agent,
                route: operation.subject.route.clone(),
            });
        }
    }

    fn user_agent(&self, app: Option<&AppName>) -> Option<HeaderValue> {
        if app == self.app.as_ref() {
            return self.user_agent.clone();
        }
        header(&self.says, app)
    }
}

/// The header of a user agent, which was checked with the configuration; the name of an application
/// is a token.
fn header(user_agent: &UserAgent, app: Option<&AppName>) -> Option<HeaderValue> {
    let user_agent = user_agent.clone();
    let user_agent = match app {
        Some(app) => user_agent.of_app(app.as_ref()),
        None => user_agent,
    };
    user_agent.header().ok().flatten()
}

/// Removes a user agent that the SDK has made, and none that the user has set.
fn remove_the_sdks(headers: &mut Headers, name: &'static str) {
    let of_sdk = |value: &str| value.starts_with("aws-sdk-rust/");
    if headers.get(name).is_some_and(of_sdk) {
        headers.remove(name);
    }
}
