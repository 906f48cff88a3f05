//! Learns what is to be known of a table, from the cluster itself and in the name of a client that uses the table.

mod description;
mod rows;

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use http::Request;

use crate::cluster::Cluster;
use crate::config::Config;
use crate::error::BoxError;
use crate::table::{Table, Tables};

/// Completes a request that has a body and the header `x-amz-target`, in the name of a client: its address, what it says of
/// itself, and its signature.
pub(crate) trait Complete: fmt::Debug + Send + Sync {
    /// # Errors
    ///
    /// Where the request cannot be signed.
    fn complete(&self, request: &mut Request<Bytes>) -> Result<(), BoxError>;
}

/// One lookup of one table, which is asked for by a request and made in the background. Carried by that request as an extension.
#[derive(Clone, Debug)]
pub(crate) struct Lesson {
    pub(crate) table: Arc<Table>,
    pub(crate) client: Arc<dyn Complete>,
}

impl Lesson {
    /// Looks the table up, and tells it what was found or when to ask again.
    pub(crate) async fn give(
        self,
        _cluster: Arc<Cluster>,
        _tables: Arc<Tables>,
        _config: Arc<Config>,
    ) {
        let _ = self.table.name();
    }
}
