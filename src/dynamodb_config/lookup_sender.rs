//! Table lookups of a client: attached to one of its requests, and sent with the identity of that
//! request.

use std::sync::Arc;

use aws_credential_types::Credentials;
use aws_smithy_runtime_api::client::identity::Identity;
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_types::config_bag::ConfigBag;
use bytes::Bytes;
use http::{HeaderValue, Request, header};

use super::fast_signer::{DATE, FastSigner, scope};
use super::router::Router;
use crate::balance::moment::Moment;
use crate::dynamodb::host;
use crate::dynamodb::target::TARGET;
use crate::error::BoxError;
use crate::signing::{Date, Keys};
use crate::tables::lookup::{SignAs, TableLookup};
use crate::tables::{Role, Table};

/// Attaches a lookup of `table` to the request, if a lookup permit is free, the sender is known,
/// and the lookup is due.
pub(super) fn attach_lookup(
    request: &mut HttpRequest,
    table: &Arc<Table>,
    router: &Router,
    sender: impl FnOnce(&HttpRequest) -> Option<LookupSender>,
) {
    // The permit comes first: if none is free, the table stays due, and a later request about it
    // begins the lookup.
    let Some(permit) = router.tables.lookup_permit() else {
        return;
    };
    let Some(sender) = sender(request) else {
        return;
    };
    if let Some(claim) = table.begin_lookup(Moment::now(), router.cluster.changes(), sender.role())
    {
        request.add_extension(TableLookup {
            table: Arc::clone(table),
            claim,
            client: Arc::new(sender),
            permit,
        });
    }
}

/// The identity of the request that a lookup came with.
#[derive(Debug)]
pub(super) struct LookupSender {
    host: HeaderValue,
    user_agent: Option<HeaderValue>,
    /// `None` for an anonymous client.
    signer: Option<Signer>,
}

/// What the request was signed with.
#[derive(Debug)]
struct Signer {
    keys: Arc<Keys>,
    identity: Identity,
    region: String,
    service: String,
    /// The request's own date, as it is right even if the local clock is not. A server accepts it
    /// for 15 minutes; a lookup needs half a minute at most.
    date: Date,
}

impl LookupSender {
    /// Returns the sender of an unsigned request; `None` if the request names no host.
    pub(super) fn of_unsigned(
        request: &HttpRequest,
        user_agent: Option<HeaderValue>,
    ) -> Option<Self> {
        let host = match request.headers().get(header::HOST) {
            Some(host) => host,
            None => host::of_root(request.uri())?,
        };
        Some(Self { host: HeaderValue::from_str(host).ok()?, user_agent, signer: None })
    }

    /// Returns the sender of a request that has passed the signer, which leaves a request of an
    /// anonymous client unsigned. `None` if the request's signature cannot be made for others.
    pub(super) fn of_signed(
        request: &HttpRequest,
        user_agent: Option<HeaderValue>,
        identity: &Identity,
        keys: &Arc<Keys>,
        config: &ConfigBag,
    ) -> Option<Self> {
        let anonymous = Self::of_unsigned(request, user_agent)?;
        if !request.headers().contains_key(header::AUTHORIZATION) {
            return Some(anonymous);
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
        Some(Self { signer: Some(signer), ..anonymous })
    }

    fn role(&self) -> Role {
        let signer = self.signer.as_ref();
        let credentials = signer.and_then(|signer| signer.identity.data::<Credentials>());
        Role::of(credentials.map(Credentials::access_key_id))
    }
}

impl SignAs for LookupSender {
    fn sign(&self, request: &mut Request<Bytes>) -> Result<(), BoxError> {
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
        let signer = FastSigner {
            credentials,
            region: &self.region,
            service: &self.service,
            host: host.as_bytes(),
            target: target.map_or(b"", HeaderValue::as_bytes),
            body: request.body(),
        };
        for (name, value) in signer.sign(&self.keys, self.date.clone()) {
            request.headers_mut().insert(name, value.try_into()?);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use aws_smithy_types::body::SdkBody;

    use super::*;
    use crate::cluster::Cluster;
    use crate::config::{Config, Options};
    use crate::tables::Tables;

    #[test]
    fn a_lookup_that_has_no_turn_is_begun_by_a_later_request() {
        let options = Options { seeds: vec!["http://127.0.0.1:1".into()], ..Options::default() };
        let config = Arc::new(Config::parse(&options).unwrap());
        let cluster = Arc::new(Cluster::new(None));
        let router = Router::new(&config, &cluster, &Arc::new(Tables::new(&[]))).unwrap();
        let table = router.tables.find_or_insert("orders", Moment::now()).unwrap();
        let is_attached = || {
            let mut request = HttpRequest::new(SdkBody::empty());
            request.set_uri("http://127.0.0.1:8000/").unwrap();
            let sender = |request: &HttpRequest| LookupSender::of_unsigned(request, None);
            attach_lookup(&mut request, &table, &router, sender);
            let request = request.try_into_http1x().unwrap();
            request.extensions().get::<TableLookup>().is_some()
        };
        let is_due = || table.is_due(Moment::now(), router.cluster.changes());
        let permits = || std::iter::from_fn(|| router.tables.lookup_permit()).collect::<Vec<_>>();
        let all = permits();
        assert!(!is_attached() && is_due());
        let count = all.len();
        drop(all);
        assert!(is_attached() && !is_due());
        assert_eq!(permits().len(), count, "the permit ended with the request");
    }
}
