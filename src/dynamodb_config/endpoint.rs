//! Where requests are addressed: one name for the whole cluster, so that no rules about the
//! endpoints of AWS need to be followed.

use aws_smithy_runtime_api::client::endpoint::EndpointFuture;
use aws_smithy_types::endpoint::Endpoint;

use crate::config::Config;

/// The URL that the host of requests is taken from. It says nothing of the node that gets them.
#[derive(Debug)]
pub(super) struct Address(String);

impl Address {
    pub(super) fn new(config: &Config) -> Self {
        Self(config.address.to_string())
    }

    /// `chosen` is the endpoint URL of the user's own.
    fn resolve(&self, chosen: Option<&str>) -> EndpointFuture<'_> {
        let url = chosen.unwrap_or(&self.0).to_owned();
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
