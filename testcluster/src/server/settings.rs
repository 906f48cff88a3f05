//! What is fixed for all nodes when a cluster starts.

use std::collections::{BTreeSet, HashMap};
use std::time::Duration;

use bytes::Bytes;

use super::contention::Rules;
use crate::tokens::Defaults;
use crate::version::Version;
use crate::wire::reply::StandardHeaders;
use crate::wire::sigv4::Users;
use crate::wire::tls::Tls;

#[derive(Clone, Debug)]
pub(crate) struct Settings {
    pub(crate) version: Version,
    pub(crate) users: Option<Users>,
    pub(crate) tls: Tls,
    pub(crate) max_concurrent: usize,
    pub(crate) workers: usize,
    pub(crate) compression_threshold: usize,
    pub(crate) compression_level: i32,
    pub(crate) headers: StandardHeaders,
    pub(crate) failure_detection: Duration,
    pub(crate) listening_delay: Duration,
    pub(crate) shutdown_announcement: Duration,
    pub(crate) record: bool,
    pub(crate) canned: HashMap<String, Bytes>,
    pub(crate) tokens: Defaults,
    pub(crate) write_isolation: String,
    pub(crate) internal_addresses: bool,
    pub(crate) page_bytes: usize,
    pub(crate) routing_header: bool,
    pub(crate) hop_cost: Duration,
    pub(crate) contention: Rules,
    pub(crate) denied: BTreeSet<(String, String)>,
}
