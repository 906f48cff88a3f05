//! The interceptor of a client: it disables the SDK's interceptors whose results a node does not
//! read, finds out what a request is about, and decompresses responses.

use std::sync::Arc;

use aws_runtime::auth::{PayloadSigningOverride, SigV4SessionTokenNameOverride, sigv4};
use aws_runtime::content_encoding::DeferredSignerSender;
use aws_runtime::invocation_id::InvocationIdInterceptor;
use aws_runtime::request_info::RequestInfoInterceptor;
use aws_runtime::service_clock_skew::ServiceClockSkewInterceptor;
use aws_runtime::user_agent::UserAgentInterceptor;
use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::context::{
    AfterDeserializationInterceptorContextRef, BeforeDeserializationInterceptorContextMut,
    BeforeDeserializationInterceptorContextRef, BeforeSerializationInterceptorContextRef,
    BeforeTransmitInterceptorContextMut,
};
use aws_smithy_runtime_api::client::interceptors::{
    DisableInterceptor, Intercept, SharedInterceptor, disable_interceptor, dyn_dispatch_hint,
};
use aws_smithy_runtime_api::client::runtime_components::{GetIdentityResolver, RuntimeComponents};
use aws_smithy_types::config_bag::{ConfigBag, FrozenLayer, Layer};

use super::clock::Clock;
use super::compression::Compression;
use super::operation::OperationContext;
use super::router::Router;
use super::subject::Subject;
use crate::compression::{RequestCompression, ResponseCompression};
use crate::config::kept_headers::Kept;
use crate::dispatch::attempts::Invocation;

const WHY: &str = "Alternator does not read what it makes";

/// Which requests of a client are signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SignedRequests {
    All,
    /// Those of operations that have credentials of their own.
    WithOwnCredentials,
    None,
}

#[derive(Debug)]
pub(super) struct Hooks {
    signed: SignedRequests,
    clock: Arc<Clock>,
    kept: Kept,
    /// The SDK's interceptors that are disabled. One layer is shared by all operations, which costs
    /// less than to store each of them for every operation.
    disabled: FrozenLayer,
    compression: Compression,
    /// `None` if nothing is routed by key.
    router: Option<Router>,
}

impl Hooks {
    /// Returns the interceptor as a permanent one: the SDK does not check for each hook whether it
    /// is disabled.
    pub(super) fn shared(
        signed: SignedRequests,
        clock: Arc<Clock>,
        kept: Kept,
        compression: Compression,
        router: Option<Router>,
    ) -> SharedInterceptor {
        let mut disabled = Layer::new("AlternatorHooks");
        if !kept.user_agent && !kept.x_amz_user_agent {
            disabled.store_put(disable_interceptor::<UserAgentInterceptor>(WHY));
        }
        if !kept.request {
            disabled.store_put(disable_interceptor::<RequestInfoInterceptor>(WHY));
        }
        if !kept.invocation_id {
            disabled.store_put(disable_interceptor::<InvocationIdInterceptor>(WHY));
        }
        if signed != SignedRequests::All {
            // It only serves signatures.
            disabled.store_put(disable_interceptor::<ServiceClockSkewInterceptor>(WHY));
        }
        SharedInterceptor::permanent(Self {
            signed,
            clock,
            kept,
            disabled: disabled.freeze(),
            compression,
            router,
        })
    }
}

#[dyn_dispatch_hint]
impl Intercept for Hooks {
    fn name(&self) -> &'static str {
        "AlternatorHooks"
    }

    fn read_before_execution(
        &self,
        _: &BeforeSerializationInterceptorContextRef<'_>,
        config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        config.push_shared_layer(self.disabled.clone());
        Ok(())
    }

    fn read_before_serialization(
        &self,
        context: &BeforeSerializationInterceptorContextRef<'_>,
        components: &RuntimeComponents,
        config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let state = config.interceptor_state();
        if self.signed == SignedRequests::WithOwnCredentials
            && components.identity_resolver(sigv4::SCHEME_ID).is_some()
        {
            state.unset::<DisableInterceptor<ServiceClockSkewInterceptor>>();
        }
        let request_compression = state.load::<RequestCompression>().cloned();
        let response_compression = state.load::<ResponseCompression>().cloned();
        // The user's interceptors have changed the input by now, if they do.
        let subject = self.router.as_ref().map(|r| Subject::of(context.input(), r));
        config.interceptor_state().store_put(OperationContext {
            invocation: Invocation::next(),
            subject: subject.unwrap_or_default(),
            request_compression,
            response_compression,
            needs_sdk_signer: false,
        });
        Ok(())
    }

    fn modify_before_retry_loop(
        &self,
        context: &mut BeforeTransmitInterceptorContextMut<'_>,
        _: &RuntimeComponents,
        config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let state = config.interceptor_state();
        let needs_sdk_signer = state.load::<PayloadSigningOverride>().is_some()
            || state.load::<SigV4SessionTokenNameOverride>().is_some()
            || state.load::<DeferredSignerSender>().is_some();
        if needs_sdk_signer
            && let Some(operation) = config.get_mut_from_interceptor_state::<OperationContext>()
        {
            operation.needs_sdk_signer = true;
        }
        if !self.kept.content_type {
            context.request_mut().headers_mut().remove("content-type");
        }
        Ok(())
    }

    fn read_after_transmit(
        &self,
        context: &BeforeDeserializationInterceptorContextRef<'_>,
        components: &RuntimeComponents,
        config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let response = context.response();
        if !response.status().is_success() {
            let now = components.time_source().unwrap_or_default().now();
            self.clock.check_failure(now, response);
        } else if self.signed == SignedRequests::All && !self.clock.is_skewed() {
            // Skew makes signatures fail, and is looked for when a request has failed.
            let state = config.interceptor_state();
            state.store_put(disable_interceptor::<ServiceClockSkewInterceptor>(WHY));
        }
        Ok(())
    }

    fn modify_before_deserialization(
        &self,
        context: &mut BeforeDeserializationInterceptorContextMut<'_>,
        _: &RuntimeComponents,
        config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        Ok(self.compression.decode(context.response_mut(), config)?)
    }

    fn read_after_deserialization(
        &self,
        context: &AfterDeserializationInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        if let (Some(router), Some(operation)) = (&self.router, config.load::<OperationContext>()) {
            operation.subject.note_response(context.response(), router);
        }
        Ok(())
    }
}
