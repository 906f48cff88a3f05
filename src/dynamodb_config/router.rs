//! Routing by key, as a client's configuration needs it: the tables that requests are about, and
//! the kind of node that a request goes to.

use std::sync::Arc;

use crate::cluster::Cluster;
use crate::config::Config;
use crate::dispatch::route::Aim;
use crate::dynamodb::access::{Access, Isolation};
use crate::tables::Tables;

#[derive(Clone, Debug)]
pub(super) struct Router {
    pub(super) tables: Arc<Tables>,
    pub(super) cluster: Arc<Cluster>,
    config: Arc<Config>,
}

impl Router {
    /// Returns `None` if no option routes requests by key.
    pub(super) fn new(
        config: &Arc<Config>,
        cluster: &Arc<Cluster>,
        tables: &Arc<Tables>,
    ) -> Option<Self> {
        let is_needed =
            config.clients.token_awareness.is_on() || config.clients.lwt_affinity.is_on();
        is_needed.then(|| {
            cluster.want_datacenter();
            Self {
                tables: Arc::clone(tables),
                cluster: Arc::clone(cluster),
                config: Arc::clone(config),
            }
        })
    }

    /// Returns the kind of node that a request goes to; `None` if any node will do.
    pub(super) fn aim(&self, access: Access, isolation: Option<Isolation>) -> Option<Aim> {
        if self.config.clients.lwt_affinity.applies(access, isolation) {
            return Some(Aim::Coordinator);
        }
        self.config.clients.token_awareness.is_on().then_some(Aim::Replica)
    }
}
