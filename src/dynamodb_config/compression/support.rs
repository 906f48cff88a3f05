//! Learns whether the nodes understand compressed requests, before the first is sent, and falls
//! back to plain ones where a node turns out not to.

use std::error::Error;
use std::time::Duration;

use aws_smithy_runtime_api::client::interceptors::context::InterceptorContext;
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::retries::classifiers::{
    ClassifyRetry, RetryAction, RetryClassifierPriority,
};
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::config_bag::ConfigBag;
use aws_smithy_types::retry::ErrorKind;

use super::Compression;
use crate::balance::moment::Moment;
use crate::compression::{Compressed, DecompressionError};
use crate::discovery::{CompressionProbe, MISTAKEN};

impl Compression {
    /// A question to be asked along with this request, if it is time for one: a request like any
    /// other, to be signed like this one, and then given to [`carry`].
    pub(in crate::dynamodb_config) fn probe(
        &self,
        request: &HttpRequest,
        config: &ConfigBag,
    ) -> Option<HttpRequest> {
        let cluster = self.cluster();
        if cluster.understands_compression()
            || !self.applies(request, config)
            || !cluster.begin_probe(Moment::now())
        {
            return None;
        }
        let mut probe = HttpRequest::new(SdkBody::from(CompressionProbe::BODY));
        probe.set_method("POST").ok()?;
        probe.set_uri(request.uri()).ok()?;
        let headers = probe.headers_mut();
        headers.insert("x-amz-target", CompressionProbe::TARGET);
        headers.insert("content-encoding", "gzip");
        Some(probe)
    }
}

/// Lets the request take the question along to the connector.
pub(in crate::dynamodb_config) fn carry(request: &mut HttpRequest, probe: HttpRequest) {
    if let Some(probe) = probe.try_into_http1x().ok().and_then(CompressionProbe::new) {
        request.add_extension(probe);
    }
}

/// Has the SDK send a request again, as it is, that a node took for broken because it was
/// compressed. It was not executed.
#[derive(Debug)]
pub(in crate::dynamodb_config) struct PlainAgain(pub(in crate::dynamodb_config) Compression);

impl ClassifyRetry for PlainAgain {
    fn classify_retry(&self, context: &InterceptorContext) -> RetryAction {
        if is_too_large(context) {
            // It would be again.
            return RetryAction::RetryForbidden;
        }
        if !context.response().is_some_and(is_mistaken) {
            return RetryAction::NoActionIndicated;
        }
        self.0.cluster().doubt_compression(Moment::now());
        RetryAction::retryable_error_with_explicit_delay(ErrorKind::ClientError, Duration::ZERO)
    }

    fn name(&self) -> &'static str {
        "PlainAgain"
    }

    fn priority(&self) -> RetryClassifierPriority {
        RetryClassifierPriority::run_after(RetryClassifierPriority::transient_error_classifier())
    }
}

/// Whether the answer is larger than it may be.
fn is_too_large(context: &InterceptorContext) -> bool {
    let Some(Err(error)) = context.output_or_error() else {
        return false;
    };
    let mut next: Option<&(dyn Error + 'static)> = Some(error);
    while let Some(error) = next {
        if matches!(error.downcast_ref(), Some(DecompressionError::TooLarge { .. })) {
            return true;
        }
        next = error.source();
    }
    false
}

/// Whether a node took a compressed body for the request itself.
fn is_mistaken(response: &HttpResponse) -> bool {
    response.status().as_u16() == 400
        && response.extension::<Compressed>().is_some()
        && response
            .body()
            .bytes()
            .is_some_and(|body| body.windows(MISTAKEN.len()).any(|window| window == MISTAKEN))
}
