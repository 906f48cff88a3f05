//! A signer for the usual requests of DynamoDB, which does less work than the SDK's, as that has to
//! cover every kind of request.

use aws_credential_types::Credentials;
use aws_runtime::auth::{HttpSignatureType, SigV4OperationSigningConfig, SigningOptions};
use aws_smithy_runtime_api::client::auth::AuthSchemeEndpointConfig;
use aws_smithy_runtime_api::client::identity::Identity;
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_types::config_bag::ConfigBag;
use aws_types::SigningName;
use aws_types::region::SigningRegion;
use http::{HeaderName, header};

use super::operation::OperationContext;
use crate::dynamodb::host;
use crate::dynamodb::target::TARGET;
use crate::signing::{Date, Keys, Request, authorization};

pub(super) const DATE: HeaderName = HeaderName::from_static("x-amz-date");
const TOKEN: HeaderName = HeaderName::from_static("x-amz-security-token");

/// The parts of a request that are signed, and what they are signed with.
pub(super) struct FastSigner<'a> {
    pub(super) credentials: &'a Credentials,
    pub(super) region: &'a str,
    pub(super) service: &'a str,
    pub(super) host: &'a [u8],
    pub(super) target: &'a [u8],
    pub(super) body: &'a [u8],
}

impl<'a> FastSigner<'a> {
    /// Returns `None` if the request needs the SDK's signer.
    pub(super) fn of(
        request: &'a HttpRequest,
        identity: &'a Identity,
        endpoint: &AuthSchemeEndpointConfig<'_>,
        config: &'a ConfigBag,
    ) -> Option<Self> {
        let operation = config.load::<SigV4OperationSigningConfig>()?;
        let is_simple = signs_headers_and_body(&operation.signing_options)
            && config
                .load::<OperationContext>()
                .is_some_and(|operation| !operation.needs_sdk_signer)
            && endpoint.get("signingRegion").is_none()
            && endpoint.get("signingName").is_none()
            && request.method() == "POST";
        if !is_simple {
            return None;
        }
        let (region, service) = scope(config)?;
        let host_of_uri = host::of_root(request.uri())?;
        Some(Self {
            credentials: identity.data()?,
            region,
            service,
            host: header_of(request, &header::HOST).unwrap_or(host_of_uri.as_bytes()),
            target: header_of(request, &TARGET)?,
            body: request.body().bytes()?,
        })
    }

    /// Signs the body and the headers that decide what the request does: who sends it, to which
    /// host, when, and for which operation. Returns the headers that the signature adds.
    pub(super) fn sign(
        self,
        keys: &Keys,
        date: Date,
    ) -> impl Iterator<Item = (HeaderName, String)> + use<> {
        let token = self.credentials.session_token();
        let host = ("host", self.host);
        let date_signed = ("x-amz-date", date.as_str().as_bytes());
        let target = ("x-amz-target", self.target);
        let headers: &[_] = match token {
            None => &[host, date_signed, target],
            Some(token) => {
                let token = ("x-amz-security-token", token.as_bytes());
                &[host, date_signed, token, target]
            }
        };
        let signed = Request { method: "POST", path: "/", query: "", headers, body: self.body };
        let scope = (self.region, self.service);
        let authorization = authorization(keys, self.credentials, &date, scope, signed);
        let token = token.map(|token| (TOKEN, token.to_owned()));
        [(DATE, date.into_string()), (header::AUTHORIZATION, authorization)]
            .into_iter()
            .chain(token)
    }
}

/// Returns the region and the service that requests are signed for.
pub(super) fn scope(config: &ConfigBag) -> Option<(&str, &str)> {
    let operation = config.load::<SigV4OperationSigningConfig>()?;
    let region = config.load::<SigningRegion>().or(operation.region.as_ref())?;
    let service = config.load::<SigningName>().or(operation.name.as_ref())?;
    Some((region.as_ref(), service.as_ref()))
}

fn signs_headers_and_body(options: &SigningOptions) -> bool {
    options.signature_type == HttpSignatureType::HttpRequestHeaders
        && options.payload_override.is_none()
        && options.expires_in.is_none()
        && !options.content_sha256_header
        && !options.omit_session_token
}

fn header_of<'a>(request: &'a HttpRequest, name: &HeaderName) -> Option<&'a [u8]> {
    request.headers().get_all_bytes_by_name(name).next()
}
