//! The endpoint of requests: one address for the whole cluster, so that the rules for the endpoints
//! of AWS need not be evaluated.

use aws_smithy_runtime_api::client::endpoint::EndpointFuture;
use aws_smithy_types::endpoint::Endpoint;

use crate::config::Config;

/// The URL whose host requests are addressed to, whichever node they are sent to.
#[derive(Debug)]
pub(super) struct Address(String);

impl Address {
    pub(super) fn new(config: &Config) -> Self {
        Self(config.only_endpoint.as_ref().unwrap_or(&config.seeds.first).to_string())
    }

    /// Returns the endpoint: `configured`, which is the user's own endpoint URL, or else this one.
    fn resolve(&self, configured: Option<&str>) -> EndpointFuture<'_> {
        let url = configured.unwrap_or(&self.0).to_owned();
        EndpointFuture::ready(Ok(Endpoint::builder().url(url).build()))
    }
}

impl aws_sdk_dynamodb::config::endpoint::ResolveEndpoint for Address {
    fn resolve_endpoint<'a>(
        &'a self,
        params: &'a aws_sdk_dynamodb::config::endpoint::Params,
    ) -> EndpointFuture<'a> {
        self.resolve(params.endpoint())
    }
}

#[cfg(feature = "dynamodbstreams")]
impl aws_sdk_dynamodbstreams::config::endpoint::ResolveEndpoint for Address {
    fn resolve_endpoint<'a>(
        &'a self,
        params: &'a aws_sdk_dynamodbstreams::config::endpoint::Params,
    ) -> EndpointFuture<'a> {
        self.resolve(params.endpoint())
    }
}
