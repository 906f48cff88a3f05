//! What compression changes in the SDK's requests and answers.

use std::sync::Arc;

use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::config_bag::ConfigBag;

use crate::cluster::Cluster;
use crate::compression::{
    Compressed, DecodeError, Decoded, Encoding, RequestCompression, ResponseCompression, encode,
};
use crate::config::Config;

const ACCEPT_ENCODING: &str = "accept-encoding";
const CONTENT_ENCODING: &str = "content-encoding";
const CONTENT_LENGTH: &str = "content-length";

/// What a client compresses where the operation has no options of its own.
#[derive(Clone, Debug)]
pub(super) struct Compression {
    pub(super) cluster: Arc<Cluster>,
    requests: RequestCompression,
    responses: ResponseCompression,
}

impl Compression {
    pub(super) fn new(config: &Config, cluster: &Arc<Cluster>) -> Self {
        Self {
            cluster: Arc::clone(cluster),
            requests: config.request_compression,
            responses: config.response_compression,
        }
    }

    pub(super) fn of_request<'a>(&'a self, config: &'a ConfigBag) -> &'a RequestCompression {
        config
            .load::<RequestCompression>()
            .unwrap_or(&self.requests)
    }

    fn of_response<'a>(&'a self, config: &'a ConfigBag) -> &'a ResponseCompression {
        config
            .load::<ResponseCompression>()
            .unwrap_or(&self.responses)
    }

    /// Compresses the body of a request that is not signed yet, if every node understands that. What the user has encoded is left
    /// alone.
    pub(super) fn encode(&self, request: &mut HttpRequest, config: &ConfigBag) {
        if !self.cluster.understands_compression()
            || request.headers().contains_key(CONTENT_ENCODING)
        {
            return;
        }
        let options = self.of_request(config);
        let encoded = request
            .body()
            .bytes()
            .and_then(|body| encode(body, options));
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
        if let Some(accepted) = self.of_response(config).accept_encoding()
            && !request.headers().contains_key(ACCEPT_ENCODING)
        {
            request.headers_mut().insert(ACCEPT_ENCODING, accepted);
        }
    }

    /// Lets a compressed answer be decompressed while it is read. Where none was asked for, answers are left alone.
    pub(super) fn decode(
        &self,
        response: &mut HttpResponse,
        config: &ConfigBag,
    ) -> Result<(), DecodeError> {
        let Some(name) = response.headers().get(CONTENT_ENCODING) else {
            return Ok(());
        };
        let options = self.of_response(config);
        if options.accept_encoding().is_none() || name.eq_ignore_ascii_case("identity") {
            return Ok(());
        }
        let encoding = Encoding::named(name)
            .filter(|encoding| options.accepts(*encoding))
            .ok_or_else(|| DecodeError::Unasked {
                encoding: name.to_owned(),
            });
        // Where it is not what was asked for it is dropped, so that the SDK's error does not hold on to the connection.
        let body = response.take_body();
        let body = Decoded::new(body, encoding?, options.limit());
        *response.body_mut() = SdkBody::from_body_1_x(body);
        response.headers_mut().remove(CONTENT_ENCODING);
        response.headers_mut().remove(CONTENT_LENGTH);
        Ok(())
    }
}
