//! Switches off the SDK's hooks whose only product would be dropped, and has answers decompressed.

use aws_runtime::auth::sigv4;
use aws_runtime::invocation_id::InvocationIdInterceptor;
use aws_runtime::request_info::RequestInfoInterceptor;
use aws_runtime::service_clock_skew::ServiceClockSkewInterceptor;
use aws_runtime::user_agent::UserAgentInterceptor;
use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::context::{
    BeforeDeserializationInterceptorContextMut, BeforeSerializationInterceptorContextRef,
    BeforeTransmitInterceptorContextMut,
};
use aws_smithy_runtime_api::client::interceptors::{
    Intercept, disable_interceptor, dyn_dispatch_hint,
};
use aws_smithy_runtime_api::client::runtime_components::{GetIdentityResolver, RuntimeComponents};
use aws_smithy_types::config_bag::{ConfigBag, Storable, StoreReplace};

use super::compression::Compression;
use crate::attempts::Invocation;
use crate::authentication::Authentication;
use crate::headers::Kept;

const WHY: &str = "Alternator does not read what it makes";

impl Storable for Invocation {
    type Storer = StoreReplace<Self>;
}

#[derive(Debug)]
pub(super) struct Hooks {
    authentication: Authentication,
    kept: Kept,
    compression: Compression,
}

impl Hooks {
    pub(super) fn new(
        authentication: Authentication,
        kept: Kept,
        compression: Compression,
    ) -> Self {
        Self {
            authentication,
            kept,
            compression,
        }
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
        let state = config.interceptor_state();
        if !self.kept.user_agent && !self.kept.x_amz_user_agent {
            state.store_put(disable_interceptor::<UserAgentInterceptor>(WHY));
        }
        if !self.kept.request {
            state.store_put(disable_interceptor::<RequestInfoInterceptor>(WHY));
        }
        if !self.kept.invocation_id {
            state.store_put(disable_interceptor::<InvocationIdInterceptor>(WHY));
        }
        state.store_put(Invocation::next());
        Ok(())
    }

    fn modify_before_retry_loop(
        &self,
        context: &mut BeforeTransmitInterceptorContextMut<'_>,
        components: &RuntimeComponents,
        config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        if !self.kept.content_type {
            context.request_mut().headers_mut().remove("content-type");
        }
        if self.authentication == Authentication::ClientCertificate
            || components.identity_resolver(sigv4::SCHEME_ID).is_none()
        {
            // No signature has a date that could be off.
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
}
