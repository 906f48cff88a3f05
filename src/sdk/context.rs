//! Requests of clients made with `dynamodb_config`, which attach to them what the connector cannot
//! see.

use std::sync::Arc;

use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_types::body::SdkBody;
use http::Request;

use crate::compression::Compressed;
use crate::connector::Inner;
use crate::discovery::CompressionProbe;
use crate::dispatch::choice::ByKey;
use crate::dispatch::context::RequestContext;
use crate::dispatch::plan::Preference;
use crate::pass_through::Timeouts;
use crate::tables::lookup::TableLookup;

/// Sends a request as its context says, and runs in the background what is attached to it.
pub(super) async fn send(
    inner: Arc<Inner>,
    timeouts: Timeouts,
    context: RequestContext,
    mut request: Request<SdkBody>,
) -> Result<HttpResponse, ConnectorError> {
    let (attempt, route) = context.complete(request.headers_mut());
    let extensions = request.extensions_mut();
    let compressed = extensions.remove::<Compressed>();
    let cluster = || Arc::clone(inner.cluster());
    if let Some(probe) = extensions.remove::<CompressionProbe>() {
        inner.clients.spawn(probe.ask(cluster(), inner.config.discovery_timeout));
    }
    if let Some(lookup) = extensions.remove::<TableLookup>() {
        let (tables, config) = (Arc::clone(&inner.clients.tables), Arc::clone(&inner.config));
        inner.clients.spawn(lookup.run(cluster(), tables, config));
    }
    let order = inner.config.clients.lwt_affinity.coordinator_order();
    let by_key = route.as_ref().map(|route| ByKey { route, order });
    let preference = by_key.as_ref().map(|by_key| by_key as &dyn Preference);
    let capture = request.extensions_mut().remove();
    let response = inner.call(request, Some(attempt), preference, timeouts).await;
    let mut response = response.map_err(super::connector_error)?;
    if let Some(route) = &route {
        route.apply_hint(response.headers());
    }
    if let Some(compressed) = compressed {
        response.extensions_mut().insert(compressed);
    }
    super::convert(response, capture)
}
