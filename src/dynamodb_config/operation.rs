//! One operation of a client: what the interceptor finds out and the signers need. It lies in the
//! operation's config bag.

use aws_smithy_types::config_bag::{Storable, StoreReplace};

use super::subject::Subject;
use crate::compression::{RequestCompression, ResponseCompression};
use crate::dispatch::attempts::Invocation;

/// An operation, the same for all of its attempts.
#[derive(Clone, Debug)]
pub(super) struct OperationContext {
    pub(super) invocation: Invocation,
    pub(super) subject: Subject,
    /// The operation's own compression option, if it has one. Copied here so that the config bag
    /// need not be searched for each request: a miss visits every layer.
    pub(super) request_compression: Option<RequestCompression>,
    /// Likewise, for responses.
    pub(super) response_compression: Option<ResponseCompression>,
    /// Whether the operation asks for a signature of a kind that only the SDK's signer makes.
    /// Found out once, for the same reason.
    pub(super) needs_sdk_signer: bool,
}

impl Storable for OperationContext {
    type Storer = StoreReplace<Self>;
}
