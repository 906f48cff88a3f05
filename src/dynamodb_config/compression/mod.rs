//! Compression of a client's requests and responses, by the client's options or by those of a
//! single operation.

mod intercept;
pub(super) mod support;

use std::sync::Arc;

use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::config_bag::ConfigBag;

use super::operation::OperationContext;
use crate::cluster::Cluster;
use crate::compression::{
    Compressed, Decoded, DecompressionError, Encoding, RequestCompression, ResponseCompression,
    encode,
};
use crate::config::Config;

const ACCEPT_ENCODING: &str = "accept-encoding";
const CONTENT_ENCODING: &str = "content-encoding";
const CONTENT_LENGTH: &str = "content-length";

#[derive(Clone, Debug)]
pub(super) struct Compression {
    config: Arc<Config>,
    cluster: Arc<Cluster>,
}

impl Compression {
    pub(super) fn new(config: &Arc<Config>, cluster: &Arc<Cluster>) -> Self {
        Self { config: Arc::clone(config), cluster: Arc::clone(cluster) }
    }

    /// Compresses the body of a request that is not signed yet, if the options want that and every
    /// node understands it.
    pub(super) fn encode(&self, request: &mut HttpRequest, config: &ConfigBag) {
        if !self.cluster.understands_compression() || !self.is_wanted(request, config) {
            return;
        }
        let body = request.body().bytes();
        let encoded = body.and_then(|body| encode(body, self.request_options(config)));
        if let Some((encoding, body)) = encoded {
            let headers = request.headers_mut();
            headers.insert(CONTENT_LENGTH, body.len().to_string());
            headers.insert(CONTENT_ENCODING, encoding.name());
            *request.body_mut() = body.into();
            request.add_extension(Compressed);
        }
    }

    /// Sets the encodings that the response may have, unless the user's own code has.
    pub(super) fn accept(&self, request: &mut HttpRequest, config: &ConfigBag) {
        if let Some(accepted) = self.response_options(config).accept_encoding()
            && !request.headers().contains_key(ACCEPT_ENCODING)
            && self.is_for_cluster(request)
        {
            request.headers_mut().insert(ACCEPT_ENCODING, accepted);
        }
    }

    /// Replaces a compressed body by one that is decompressed while it is read. If the options
    /// accept no encoding, responses are left alone.
    pub(super) fn decode(
        &self,
        response: &mut HttpResponse,
        config: &ConfigBag,
    ) -> Result<(), DecompressionError> {
        let Some(name) = response.headers().get(CONTENT_ENCODING) else {
            return Ok(());
        };
        let options = self.response_options(config);
        if options.accept_encoding().is_none() || name.eq_ignore_ascii_case("identity") {
            return Ok(());
        }
        let encoding = Encoding::named(name)
            .filter(|encoding| options.accepts(*encoding))
            .ok_or_else(|| DecompressionError::Unasked { encoding: name.to_owned() });
        // Taken even if the encoding is not accepted: the SDK's error holds the response, and must
        // not hold the connection with it.
        let body = response.take_body();
        let body = Decoded::new(body, encoding?, options.limit());
        *response.body_mut() = SdkBody::from_body_1_x(body);
        response.headers_mut().remove(CONTENT_ENCODING);
        response.headers_mut().remove(CONTENT_LENGTH);
        Ok(())
    }

    /// Returns whether the options want this request compressed. What the user has encoded is left
    /// alone, and so is what is not for the cluster.
    fn is_wanted(&self, request: &HttpRequest, config: &ConfigBag) -> bool {
        let size = request.body().bytes().map_or(0, <[u8]>::len);
        self.request_options(config).applies(size).is_some()
            && !request.headers().contains_key(CONTENT_ENCODING)
            && self.is_for_cluster(request)
    }

    fn is_for_cluster(&self, request: &HttpRequest) -> bool {
        self.config.is_for_cluster(|| request.uri().parse().ok())
    }

    fn request_options<'a>(&'a self, config: &'a ConfigBag) -> &'a RequestCompression {
        config
            .load::<OperationContext>()
            .and_then(|operation| operation.request_compression.as_ref())
            .unwrap_or(&self.config.clients.request_compression)
    }

    fn response_options<'a>(&'a self, config: &'a ConfigBag) -> &'a ResponseCompression {
        config
            .load::<OperationContext>()
            .and_then(|operation| operation.response_compression.as_ref())
            .unwrap_or(&self.config.clients.response_compression)
    }
}
