//! The steps right before and right after a request is signed, which are the same for signed and
//! unsigned requests.

use std::sync::Arc;

use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_runtime_api::client::retries::RequestAttempts;
use aws_smithy_runtime_api::http::Headers;
use aws_smithy_types::config_bag::ConfigBag;
use aws_types::app_name::AppName;
use http::HeaderValue;

use super::compression::Compression;
use super::compression::support::attach_probe;
use super::lookup_sender::{LookupSender, attach_lookup};
use super::operation::OperationContext;
use super::router::Router;
use crate::config::Config;
use crate::config::clients::user_agent::UserAgent;
use crate::dispatch::attempts::Attempt;
use crate::dispatch::context::RequestContext;

/// What all requests of a client share.
#[derive(Debug)]
pub(super) struct Preparation {
    config: Arc<Config>,
    /// The application that the SDK's configuration names.
    app: Option<AppName>,
    /// The `user-agent` header of requests from that application.
    user_agent: Option<HeaderValue>,
    compression: Compression,
    /// `None` if nothing is routed by key.
    router: Option<Router>,
}

impl Preparation {
    pub(super) fn new(
        config: &Arc<Config>,
        app: Option<&AppName>,
        compression: Compression,
        router: Option<Router>,
    ) -> Self {
        Self {
            config: Arc::clone(config),
            app: app.cloned(),
            user_agent: header(&config.clients.user_agent, app),
            compression,
            router,
        }
    }

    /// Makes a request ready to be sent. `sign` signs it, and a probe that goes with it; `sender`
    /// returns the sender of a table lookup, with this user agent.
    pub(super) fn prepare(
        &self,
        request: &mut HttpRequest,
        config: &ConfigBag,
        sign: impl Fn(&mut HttpRequest) -> Result<(), BoxError>,
        sender: impl FnOnce(&HttpRequest, Option<HeaderValue>) -> Option<LookupSender>,
    ) -> Result<(), BoxError> {
        self.before_signing(request, config);
        if let Some(mut probe) = self.compression.probe(request, config) {
            sign(&mut probe)?;
            attach_probe(request, probe);
        }
        sign(request)?;
        self.after_signing(request, config, sender);
        Ok(())
    }

    /// Removes and compresses what must not be changed once the request is signed.
    fn before_signing(&self, request: &mut HttpRequest, config: &ConfigBag) {
        // The SDK makes both user agents, or none.
        match (self.config.kept.user_agent, self.config.kept.x_amz_user_agent) {
            (true, false) => remove_sdk_user_agent(request.headers_mut(), "x-amz-user-agent"),
            (false, true) => remove_sdk_user_agent(request.headers_mut(), "user-agent"),
            (true, true) | (false, false) => {}
        }
        self.compression.encode(request, config);
    }

    /// Adds what is not signed: a header, and the extensions for the connector.
    fn after_signing(
        &self,
        request: &mut HttpRequest,
        config: &ConfigBag,
        sender: impl FnOnce(&HttpRequest, Option<HeaderValue>) -> Option<LookupSender>,
    ) {
        self.compression.accept(request, config);
        let Some(operation) = config.load::<OperationContext>() else {
            return;
        };
        let user_agent = self.user_agent(config.load::<AppName>());
        if let Some(router) = &self.router
            && let Some(table) = &operation.subject.due_table
            && self.config.is_for_cluster(|| request.uri().parse().ok())
        {
            attach_lookup(request, table, router, |r| sender(r, user_agent.clone()));
        }
        request.add_extension(RequestContext {
            attempt: Attempt {
                invocation: operation.invocation,
                is_first: is_first_attempt(config),
            },
            user_agent,
            route: operation.subject.route.clone(),
        });
    }

    fn user_agent(&self, app: Option<&AppName>) -> Option<HeaderValue> {
        if app == self.app.as_ref() {
            return self.user_agent.clone();
        }
        header(&self.config.clients.user_agent, app)
    }
}

/// Returns whether this is the first attempt of its operation.
pub(super) fn is_first_attempt(config: &ConfigBag) -> bool {
    config.load::<RequestAttempts>().is_none_or(|attempts| attempts.attempts() <= 1)
}

/// Returns the `user-agent` header. It is valid: `user_agent` was checked with the configuration,
/// and the name of an application is a token.
fn header(user_agent: &UserAgent, app: Option<&AppName>) -> Option<HeaderValue> {
    let header = match app {
        Some(app) => user_agent.clone().of_app(app.as_ref()).header(),
        None => user_agent.header(),
    };
    header.ok().flatten()
}

/// Removes a user agent header that the SDK has made. One that the user has set stays.
fn remove_sdk_user_agent(headers: &mut Headers, name: &'static str) {
    if headers.get(name).is_some_and(|value| value.starts_with("aws-sdk-rust/")) {
        headers.remove(name);
    }
}
