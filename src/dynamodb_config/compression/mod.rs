//! What compression changes in the SDK's requests and answers.

mod intercept;
pub(super) mod support;

use std::sync::Arc;

use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::config_bag::ConfigBag;

use super::hooks::OperationContext;
use crate::cluster::Cluster;
use crate::compression::{
    Compressed, Decoded, DecompressionError, Encoding, RequestCompression, ResponseCompression,
    encode,
};
use crate::connector::Inner;
use crate::tables::Tables;

const ACCEPT_ENCODING: &str = "accept-encoding";
const CONTENT_ENCODING: &str = "content-encoding";
const CONTENT_LENGTH: &str = "content-length";

/// Compression by a client's options, or those of the operation where it has its own.
#[derive(Clone, Debug)]
pub(super) struct Compression(Arc<Inner>);

impl Compression {
    pub(super) fn new(connector: &Arc<Inner>) -> Self {
        Self(Arc::clone(connector))
    }

    pub(super) fn cluster(&self) -> &Cluster {
        self.0.cluster()
    }

    pub(super) fn tables(&self) -> &Tables {
        &self.0.tables
    }

    pub(super) fn is_for_cluster(&self, request: &HttpRequest) -> bool {
        self.0.balances(true, || request.uri().parse().ok())
    }

    fn of_requests<'a>(&'a self, config: &'a ConfigBag) -> &'a RequestCompression {
        let of_operation = config.load::<OperationContext>();
        let of_operation =
            of_operation.and_then(|operation| operation.request_compression.as_ref());
        of_operation.unwrap_or(&self.0.config.request_compression)
    }

    fn of_answers<'a>(&'a self, config: &'a ConfigBag) -> &'a ResponseCompression {
        let of_operation = config.load::<OperationContext>();
        let of_operation =
            of_operation.and_then(|operation| operation.response_compression.as_ref());
        of_operation.unwrap_or(&self.0.config.response_compression)
    }

    /// Whether the options want this request compressed. What the user has encoded is left alone,
    /// and so is what goes elsewhere.
    pub(super) fn applies(&self, request: &HttpRequest, config: &ConfigBag) -> bool {
        let size = request.body().bytes().map_or(0, <[u8]>::len);
        self.of_requests(config).applies(size).is_some()
            && !request.headers().contains_key(CONTENT_ENCODING)
            && self.is_for_cluster(request)
    }

    /// Compresses the body of a request that is not signed yet, if every node understands that.
    pub(super) fn encode(&self, request: &mut HttpRequest, config: &ConfigBag) {
        if !self.cluster().understands_compression() || !self.applies(request, config) {
            return;
        }
        let body = request.body().bytes();
        let encoded = body.and_then(|body| encode(body, self.of_requests(config)));
        if let Some((encoding, body)) = encoded {
            let headers = request.headers_mut();
            headers.insert(CONTENT_LENGTH, body.len().to_string());
            headers.insert(CONTENT_ENCODING, encoding.name());
            *request.body_mut() = body.into();
            request.add_extension(Compressed);
        }
    }

    /// Tells the node which encodings the answer may have, unless the user's own code has.
    pub(super) fn accept(&self, request: &mut HttpRequest, config: &ConfigBag) {
        if let Some(accepted) = self.of_answers(config).accept_encoding()
            && !request.headers().contains_key(ACCEPT_ENCODING)
            && self.is_for_cluster(request)
        {
            request.headers_mut().insert(ACCEPT_ENCODING, accepted);
        }
    }

    /// Lets a compressed answer be decompressed while it is read. Where none was asked for, answers
    /// are left alone.
    pub(super) fn decode(
        &self,
        response: &mut HttpResponse,
        config: &ConfigBag,
    ) -> Result<(), DecompressionError> {
        let Some(name) = response.headers().get(CONTENT_ENCODING) else {
            return Ok(());
        };
        let options = self.of_answers(config);
        if options.accept_encoding().is_none() || name.eq_ignore_ascii_case("identity") {
            return Ok(());
        }
        let encoding = Encoding::named(name)
            .filter(|encoding| options.accepts(*encoding))
            .ok_or_else(|| DecompressionError::Unasked { encoding: name.to_owned() });
        // Where it is not what was asked for it is dropped, so that the SDK's error does not hold
        // on to the connection.
        let body = response.take_body();
        let body = Decoded::new(body, encoding?, options.limit());
        *response.body_mut() = SdkBody::from_body_1_x(body);
        response.headers_mut().remove(CONTENT_ENCODING);
        response.headers_mut().remove(CONTENT_LENGTH);
        Ok(())
    }
}
