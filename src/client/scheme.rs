//! The auth schemes of the SDK, with signers that finish the request before they sign it, and that sign what DynamoDB's requests
//! usually are with as little work as possible. Whatever is unusual goes to the SDK's own signer.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::SystemTime;

use aws_credential_types::Credentials;
use aws_runtime::auth::sigv4::{SCHEME_ID, SigV4Signer};
use aws_runtime::auth::{
    HttpSignatureType, PayloadSigningOverride, SigV4OperationSigningConfig,
    SigV4SessionTokenNameOverride, SigningOptions,
};
use aws_runtime::content_encoding::DeferredSignerSender;
use aws_smithy_runtime::client::auth::no_auth::NO_AUTH_SCHEME_ID;
use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::auth::{
    AuthScheme, AuthSchemeEndpointConfig, AuthSchemeId, Sign,
};
use aws_smithy_runtime_api::client::identity::{Identity, SharedIdentityResolver};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_runtime_api::client::retries::RequestAttempts;
use aws_smithy_runtime_api::client::runtime_components::{GetIdentityResolver, RuntimeComponents};
use aws_smithy_runtime_api::http::Headers;
use aws_smithy_types::config_bag::ConfigBag;
use aws_types::SigningName;
use aws_types::region::SigningRegion;
use http::{HeaderName, header};

use super::identity::is_anonymous;
use super::preparation::Preparation;
use super::support::carry;
use crate::authentication::Authentication;
use crate::balancer::TARGET;
use crate::host;
use crate::signing::{Date, Keys, Request, authorization, is_off};

/// A name of its own, as the SDK puts its own scheme in the place of any other that is called `noAuth`.
pub(super) const UNSIGNED: AuthSchemeId = AuthSchemeId::new("unsigned");

const DATE: HeaderName = HeaderName::from_static("x-amz-date");
const TOKEN: HeaderName = HeaderName::from_static("x-amz-security-token");

/// Signature Version 4.
#[derive(Debug)]
pub(super) struct SigV4 {
    preparation: Arc<Preparation>,
    authentication: Authentication,
    keys: Keys,
    sdk: SigV4Signer,
    /// Whether the SDK corrects the clock of this machine. By how much, only its own signer can know.
    clock_is_off: AtomicBool,
}

impl SigV4 {
    pub(super) fn new(preparation: Arc<Preparation>, authentication: Authentication) -> Self {
        Self {
            preparation,
            authentication,
            keys: Keys::default(),
            sdk: SigV4Signer::new(),
            clock_is_off: AtomicBool::new(false),
        }
    }

    fn sign(
        &self,
        request: &mut HttpRequest,
        identity: &Identity,
        endpoint: AuthSchemeEndpointConfig<'_>,
        components: &RuntimeComponents,
        config: &ConfigBag,
    ) -> Result<(), BoxError> {
        if self.authentication == Authentication::Required || !is_anonymous(identity) {
            let now = components.time_source().unwrap_or_default().now();
            let usual = if self.knows_the_time(config) {
                Usual::of(request, identity, &endpoint, config)
            } else {
                None
            };
            if let Some(usual) = usual {
                usual
                    .sign(&self.keys, now)
                    .complete(request.headers_mut())?;
            } else {
                self.sdk
                    .sign_http_request(request, identity, endpoint, components, config)?;
                self.watch_the_clock(now, request.headers());
            }
        }
        Ok(())
    }

    /// Whether the date to sign with can be told without the SDK's signer. The SDK corrects the clock when it retries, so that
    /// all retries, which are rare, show whether it does.
    fn knows_the_time(&self, config: &ConfigBag) -> bool {
        let is_first = config
            .load::<RequestAttempts>()
            .is_none_or(|attempts| attempts.attempts() <= 1);
        is_first && !self.clock_is_off.load(Ordering::Relaxed)
    }

    /// Whether the SDK's signer has corrected the clock.
    fn watch_the_clock(&self, now: SystemTime, headers: &Headers) {
        if let Some(date) = headers.get(DATE) {
            self.clock_is_off
                .store(is_off(now, date), Ordering::Relaxed);
        }
    }
}

impl AuthScheme for SigV4 {
    fn scheme_id(&self) -> AuthSchemeId {
        SCHEME_ID
    }

    fn identity_resolver(
        &self,
        resolvers: &dyn GetIdentityResolver,
    ) -> Option<SharedIdentityResolver> {
        resolvers.identity_resolver(SCHEME_ID)
    }

    fn signer(&self) -> &dyn Sign {
        self
    }
}

impl Sign for SigV4 {
    fn sign_http_request(
        &self,
        request: &mut HttpRequest,
        identity: &Identity,
        endpoint: AuthSchemeEndpointConfig<'_>,
        components: &RuntimeComponents,
        config: &ConfigBag,
    ) -> Result<(), BoxError> {
        self.preparation
            .before_signing(request, components, config)?;
        if let Some(mut question) = self.preparation.compression.question(request, config) {
            self.sign(
                &mut question,
                identity,
                endpoint.clone(),
                components,
                config,
            )?;
            carry(request, question);
        }
        self.sign(request, identity, endpoint, components, config)?;
        self.preparation.after_signing(request, config);
        Ok(())
    }
}

/// A request that need not go to the SDK's signer.
struct Usual<'a> {
    credentials: &'a Credentials,
    region: &'a str,
    service: &'a str,
    host: &'a [u8],
    target: &'a [u8],
    body: &'a [u8],
}

impl<'a> Usual<'a> {
    fn of(
        request: &'a HttpRequest,
        identity: &'a Identity,
        endpoint: &AuthSchemeEndpointConfig<'_>,
        config: &'a ConfigBag,
    ) -> Option<Self> {
        let operation = config.load::<SigV4OperationSigningConfig>()?;
        let is_usual = signs_headers_and_body(&operation.signing_options)
            && config.load::<PayloadSigningOverride>().is_none()
            && config.load::<SigV4SessionTokenNameOverride>().is_none()
            && config.load::<DeferredSignerSender>().is_none()
            && endpoint.get("signingRegion").is_none()
            && endpoint.get("signingName").is_none()
            && request.method() == "POST";
        if !is_usual {
            return None;
        }
        let region = config
            .load::<SigningRegion>()
            .or(operation.region.as_ref())?;
        let service = config.load::<SigningName>().or(operation.name.as_ref())?;
        let host_of_uri = host::of_root(request.uri())?;
        Some(Self {
            credentials: identity.data()?,
            region: region.as_ref(),
            service: service.as_ref(),
            host: header_of(request, &header::HOST).unwrap_or(host_of_uri.as_bytes()),
            target: header_of(request, &TARGET)?,
            body: request.body().bytes()?,
        })
    }

    /// Signs what decides who asks whom for what, and nothing else.
    fn sign(self, keys: &Keys, now: SystemTime) -> Signed {
        let date = Date::of(now);
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
        let signed = Request {
            method: "POST",
            path: "/",
            query: "",
            headers,
            body: self.body,
        };
        let scope = (self.region, self.service);
        let authorization = authorization(keys, self.credentials, &date, scope, signed);
        Signed {
            authorization,
            date: date.into_string(),
            token: token.map(str::to_owned),
        }
    }
}

/// The headers that a signature adds.
struct Signed {
    authorization: String,
    date: String,
    token: Option<String>,
}

impl Signed {
    fn complete(self, headers: &mut Headers) -> Result<(), BoxError> {
        headers.try_insert(DATE, self.date)?;
        headers.try_insert(header::AUTHORIZATION, self.authorization)?;
        if let Some(token) = self.token {
            headers.try_insert(TOKEN, token)?;
        }
        Ok(())
    }
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

/// No signature.
#[derive(Debug)]
pub(super) struct Unsigned {
    preparation: Arc<Preparation>,
}

impl Unsigned {
    pub(super) fn new(preparation: Arc<Preparation>) -> Self {
        Self { preparation }
    }
}

impl AuthScheme for Unsigned {
    fn scheme_id(&self) -> AuthSchemeId {
        UNSIGNED
    }

    fn identity_resolver(
        &self,
        resolvers: &dyn GetIdentityResolver,
    ) -> Option<SharedIdentityResolver> {
        resolvers.identity_resolver(NO_AUTH_SCHEME_ID)
    }

    fn signer(&self) -> &dyn Sign {
        self
    }
}

impl Sign for Unsigned {
    fn sign_http_request(
        &self,
        request: &mut HttpRequest,
        _: &Identity,
        _: AuthSchemeEndpointConfig<'_>,
        components: &RuntimeComponents,
        config: &ConfigBag,
    ) -> Result<(), BoxError> {
        self.preparation
            .before_signing(request, components, config)?;
        if let Some(question) = self.preparation.compression.question(request, config) {
            carry(request, question);
        }
        self.preparation.after_signing(request, config);
        Ok(())
    }
}
