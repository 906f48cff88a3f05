//! What a request is about, read from the typed input of its operation.

use std::sync::Arc;

use aws_smithy_runtime_api::client::interceptors::context::Input;

use super::router::Router;
use crate::route::Route;
use crate::table::Table;

/// What a request is about.
#[derive(Clone, Debug, Default)]
pub(super) struct Subject {
    /// Where it belongs, as far as that is known.
    pub(super) route: Option<Route>,
    /// A table that should be learned of, one at most for each request.
    pub(super) lesson: Option<Arc<Table>>,
}

impl Subject {
    pub(super) fn of(_input: &Input, _router: &Router) -> Self {
        Self::default()
    }
}
