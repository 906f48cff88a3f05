//! In whose name tables are looked up: that of the client whose request asks for it.

use std::sync::Arc;

use aws_credential_types::Credentials;
use aws_smithy_runtime_api::client::identity::Identity;
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_types::config_bag::ConfigBag;
use bytes::Bytes;
use http::{HeaderValue, Request, header};

use super::fast_signer::{DATE, FastSigner, TOKEN, scope};
use crate::balance::moment::Moment;
use crate::dynamodb::host;
use crate::dynamodb::target::TARGET;
use crate::error::BoxError;
use crate::signing::{Date, Keys};
use crate::tables::lookup::{SignAs, TableLookup};
use crate::tables::{Role, Table, Tables};

/// Has a request carry the lesson that it asks for, where that is due, has a turn, and the sender
/// is known. `changes` is how often the node list has changed.
pub(super) fn carry(
    request: &mut HttpRequest,
    table: &Arc<Table>,
    tables: &Tables,
    changes: u64,
    sender: impl FnOnce(&HttpRequest) -> Option<Sender>,
) {
    // Without a turn nothing is begun: another request about the table may find one.
    let Some(turn) = tables.turn() else {
        return;
    };
    let Some(sender) = sender(request) else {
        return;
    };
    if let Some(claim) = table.begin(Moment::now(), changes, sender.role()) {
        request.add_extension(TableLookup {
            table: Arc::clone(table),
            claim,
            client: Arc::new(sender),
            turn,
        });
    }
}

/// Whoever has sent a request.
#[derive(Debug)]
pub(super) struct Sender {
    host: HeaderValue,
    user_agent: Option<HeaderValue>,
    signer: Option<Signer>,
}

/// What a request was signed with.
#[derive(Debug)]
struct Signer {
    keys: Arc<Keys>,
    identity: Identity,
    region: String,
    service: String,
    /// The date of that request, as it stands for the right time wherever the clock does not. A
    /// server takes it for a quarter of an hour, of which a lookup needs half a minute at most.
    date: Date,
}

impl Sender {
    /// The sender of a request that is not signed. `None` if the request is addressed to nobody in
    /// particular.
    pub(super) fn unsigned(request: &HttpRequest, user_agent: Option<HeaderValue>) -> Option<Self> {
        let host = match request.headers().get(header::HOST) {
            Some(host) => host,
            None => host::of_root(request.uri())?,
        };
        Some(Self { host: HeaderValue::from_str(host).ok()?, user_agent, signer: None })
    }

    /// The sender of a request that has been through the signer. One without a signature is that of
    /// an anonymous client. `None` if it was signed in a way that other requests cannot be.
    pub(super) fn signed(
        request: &HttpRequest,
        user_agent: Option<HeaderValue>,
        identity: &Identity,
        keys: &Arc<Keys>,
        config: &ConfigBag,
    ) -> Option<Self> {
        let unsigned = Self::unsigned(request, user_agent)?;
        if !request.headers().contains_key(header::AUTHORIZATION) {
            return Some(unsigned);
        }
        identity.data::<Credentials>()?;
        let (region, service) = scope(config)?;
        let signer = Signer {
            keys: Arc::clone(keys),
            identity: identity.clone(),
            region: region.to_owned(),
            service: service.to_owned(),
            date: Date::parse(request.headers().get(DATE)?)?,
        };
        Some(Self { signer: Some(signer), ..unsigned })
    }
}

impl Sender {
    fn role(&self) -> Role {
        let signer = self.signer.as_ref();
        let credentials = signer.and_then(|signer| signer.identity.data::<Credentials>());
        Role::of(credentials.map(Credentials::access_key_id))
    }
}

impl SignAs for Sender {
    fn complete(&self, request: &mut Request<Bytes>) -> Result<(), BoxError> {
        if let Some(signer) = &self.signer {
            signer.sign(&self.host, request)?;
        }
        let headers = request.headers_mut();
        headers.insert(header::HOST, self.host.clone());
        if let Some(user_agent) = &self.user_agent {
            headers.insert(header::USER_AGENT, user_agent.clone());
        }
        Ok(())
    }
}

impl Signer {
    fn sign(&self, host: &HeaderValue, request: &mut Request<Bytes>) -> Result<(), BoxError> {
        let credentials = self.identity.data().ok_or("the identity has no credentials")?;
        let target = request.headers().get(TARGET);
        let fast = FastSigner {
            credentials,
            region: &self.region,
            service: &self.service,
            host: host.as_bytes(),
            target: target.map_or(b"", HeaderValue::as_bytes),
            body: request.body(),
        };
        let signed = fast.sign_on(&self.keys, self.date.clone());
        let headers = request.headers_mut();
        headers.insert(DATE, signed.date.try_into()?);
        headers.insert(header::AUTHORIZATION, signed.authorization.try_into()?);
        if let Some(token) = signed.token {
            headers.insert(TOKEN, token.try_into()?);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use aws_smithy_types::body::SdkBody;

    use super::*;

    #[test]
    fn a_lookup_that_has_no_turn_is_begun_by_a_later_request() {
        let tables = Tables::new(&[]);
        let table = tables.named("orders", Moment::now()).unwrap();
        let is_carried = || {
            let mut request = HttpRequest::new(SdkBody::empty());
            request.set_uri("http://127.0.0.1:8000/").unwrap();
            let sender = |request: &HttpRequest| Sender::unsigned(request, None);
            carry(&mut request, &table, &tables, 0, sender);
            let request = request.try_into_http1x().unwrap();
            request.extensions().get::<TableLookup>().is_some()
        };
        let turns = || std::iter::from_fn(|| tables.turn()).collect::<Vec<_>>();
        let all = turns();
        assert!(!is_carried() && table.is_due(Moment::now(), 0));
        let count = all.len();
        drop(all);
        assert!(is_carried() && !table.is_due(Moment::now(), 0));
        assert_eq!(turns().len(), count, "the turn ended with the request");
    }
}
