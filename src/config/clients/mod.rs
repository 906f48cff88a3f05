//! The options of clients made with `dynamodb_config`.

pub(crate) mod authentication;
pub(crate) mod lwt_affinity;
pub(crate) mod token_awareness;
pub(crate) mod user_agent;

use std::time::Duration;

use super::positive;
use crate::compression::{RequestCompression, ResponseCompression};
use crate::error::ConfigError;
use crate::keys::partition_key::PartitionKey;
use crate::transport::Tls;
use authentication::Authentication;
use lwt_affinity::LwtAffinity;
use token_awareness::TokenAwareness;
use user_agent::UserAgent;

#[derive(Clone, Debug)]
pub(crate) struct ClientOptions {
    pub(crate) authentication: Authentication,
    pub(crate) user_agent: UserAgent,
    pub(crate) request_compression: RequestCompression,
    pub(crate) response_compression: ResponseCompression,
    pub(crate) token_awareness: TokenAwareness,
    pub(crate) lwt_affinity: LwtAffinity,
    /// The tables whose partition keys the user has named.
    pub(crate) tables: Vec<(String, PartitionKey)>,
    pub(crate) table_refresh_interval: Duration,
}

impl Default for ClientOptions {
    fn default() -> Self {
        Self {
            // By default Alternator requires no signature.
            authentication: Authentication::default(),
            user_agent: UserAgent::default(),
            // Bytes saved are CPU time spent, on both sides.
            request_compression: RequestCompression::off(),
            response_compression: ResponseCompression::off(),
            // As in ScyllaDB's drivers for CQL: two requests in three would else take one more hop,
            // of nine nodes with three replicas.
            token_awareness: TokenAwareness::on(),
            // Two coordinators of one key cost each other a round and may fail with 500.
            lwt_affinity: LwtAffinity::read_modify_write(),
            tables: Vec::new(),
            // As long as a client without requests keeps its node list. Moves are noticed sooner.
            table_refresh_interval: Duration::from_secs(60),
        }
    }
}

impl ClientOptions {
    /// Checks whether the options make sense together with the TLS settings.
    pub(super) fn check(&mut self, tls: Option<&Tls>) -> Result<(), ConfigError> {
        if self.authentication == Authentication::ClientCertificate
            && !tls.is_some_and(Tls::has_client_identity)
        {
            return Err(ConfigError::NoClientCertificate);
        }
        self.user_agent.header()?;
        positive("table_refresh_interval", &mut self.table_refresh_interval)
    }
}
