//! What the connector knows for routing by key, as the client's hooks need it.

use std::sync::Arc;

use crate::balance::moment::Moment;
use crate::connector::Inner;
use crate::dispatch::route::Aim;
use crate::dynamodb::access::{Access, Isolation};
use crate::tables::Table;

#[derive(Clone, Debug)]
pub(super) struct Router(Arc<Inner>);

impl Router {
    /// `None` where the options route nothing by key.
    pub(super) fn new(connector: &Arc<Inner>) -> Option<Self> {
        let config = &connector.config;
        let routes = config.token_awareness.is_on || config.lwt_affinity.is_on();
        routes.then(|| {
            connector.cluster().want_datacenter();
            Self(Arc::clone(connector))
        })
    }

    /// The table of that name, known or not; `None` if there is no room for it now.
    pub(super) fn table(&self, name: &str, now: Moment) -> Option<Arc<Table>> {
        self.0.tables.named(name, now)
    }

    /// Forgets what is known of a table.
    pub(super) fn forget(&self, name: &str) {
        self.0.tables.forget(name);
    }

    /// How often the node list has changed.
    pub(super) fn changes(&self) -> u64 {
        self.0.cluster().changes()
    }

    /// What such a request aims at; `None` where it may go to any node.
    pub(super) fn aim(&self, access: Access, isolation: Option<Isolation>) -> Option<Aim> {
        let config = &self.0.config;
        if config.lwt_affinity.applies(access, isolation) {
            return Some(Aim::Coordinator);
        }
        config.token_awareness.is_on.then_some(Aim::Replica)
    }
}
