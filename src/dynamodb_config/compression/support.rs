//! Whether the nodes support compressed requests: a probe finds out before the first one is
//! compressed, and a request that a node could not read is sent again uncompressed.

use std::error::Error;
use std::sync::Arc;
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
use crate::cluster::Cluster;
use crate::compression::{Compressed, DecompressionError};
use crate::discovery::{CompressionProbe, understands_compression};
use crate::error::chain;

impl Compression {
    /// Returns a probe to be sent along with this request, if one is due. The probe is to be signed
    /// as this request is, and then given to [`attach_probe`].
    pub(in crate::dynamodb_config) fn probe(
        &self,
        request: &HttpRequest,
        config: &ConfigBag,
    ) -> Option<HttpRequest> {
        if self.cluster.understands_compression()
            || !self.is_wanted(request, config)
            || !self.cluster.begin_probe(Moment::now())
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

/// Attaches a probe to the request, from which the connector takes it.
pub(in crate::dynamodb_config) fn attach_probe(request: &mut HttpRequest, probe: HttpRequest) {
    if let Some(probe) = probe.try_into_http1x().ok().and_then(CompressionProbe::new) {
        request.add_extension(probe);
    }
}

/// Retries, without compression, a request that a node rejected because it does not understand
/// compression. Such a request was not executed.
#[derive(Debug)]
pub(in crate::dynamodb_config) struct RetryUncompressed(Arc<Cluster>);

impl RetryUncompressed {
    pub(in crate::dynamodb_config) fn new(cluster: &Arc<Cluster>) -> Self {
        Self(Arc::clone(cluster))
    }
}

impl ClassifyRetry for RetryUncompressed {
    fn classify_retry(&self, context: &InterceptorContext) -> RetryAction {
        if is_too_large(context) {
            // It would be again.
            return RetryAction::RetryForbidden;
        }
        if !context.response().is_some_and(is_mistaken) {
            return RetryAction::NoActionIndicated;
        }
        self.0.doubt_compression(Moment::now());
        RetryAction::retryable_error_with_explicit_delay(ErrorKind::ClientError, Duration::ZERO)
    }

    fn name(&self) -> &'static str {
        "RetryUncompressed"
    }

    fn priority(&self) -> RetryClassifierPriority {
        RetryClassifierPriority::run_after(RetryClassifierPriority::transient_error_classifier())
    }
}

/// Returns whether the response was larger than the options allow.
fn is_too_large(context: &InterceptorContext) -> bool {
    let is_too_large = |error: &(dyn Error + 'static)| {
        matches!(error.downcast_ref(), Some(DecompressionError::TooLarge { .. }))
    };
    matches!(context.output_or_error(), Some(Err(error)) if chain(error).any(is_too_large))
}

/// Returns whether the node took a compressed body for the JSON of the request.
fn is_mistaken(response: &HttpResponse) -> bool {
    let understands = |body| understands_compression(response.status().into(), body);
    response.extension::<Compressed>().is_some()
        && response.body().bytes().and_then(understands) == Some(false)
}
