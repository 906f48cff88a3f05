//! Auto traits and `Clone` of the public types, checked when this file is compiled. A private field
//! can take them away without any other sign.

use std::fmt::Debug;

use alternator_connector::{
    AlternatorConnector, Authentication, Body, CompressionLevel, ConfigError, ConnectError,
    ConnectorBuilder, CoordinatorOrder, DecompressionError, Error, FailedContact, FailedNode,
    Hedging, LwtAffinity, NodeProxy, NodeState, NodeStats, PartitionKeyType, Policy, RefreshError,
    Replica, ReplicaSource, RequestCompression, ResponseCompression, ResponseFuture, Scope, Stats,
    TableRouting, Tls, TokenAwareness, UserAgent,
};

const fn is_sent<T: Debug + Send + Unpin + 'static>() {}
const fn is_shared<T: Debug + Send + Sync + Unpin + 'static>() {}
const fn is_cloned<T: Clone + Debug + Send + Sync + Unpin + 'static>() {}

const _: () = {
    is_cloned::<AlternatorConnector>();
    is_cloned::<Authentication>();
    is_cloned::<CompressionLevel>();
    is_cloned::<ConnectorBuilder>();
    is_cloned::<CoordinatorOrder>();
    is_cloned::<Hedging>();
    is_cloned::<LwtAffinity>();
    is_cloned::<NodeProxy>();
    is_cloned::<NodeState>();
    is_cloned::<NodeStats>();
    is_cloned::<PartitionKeyType>();
    is_cloned::<Policy>();
    is_cloned::<Replica>();
    is_cloned::<ReplicaSource>();
    is_cloned::<RequestCompression>();
    is_cloned::<ResponseCompression>();
    is_cloned::<Scope>();
    is_cloned::<Stats>();
    is_cloned::<TableRouting>();
    is_cloned::<Tls>();
    is_cloned::<TokenAwareness>();
    is_cloned::<UserAgent>();

    is_shared::<ConfigError>();
    is_shared::<ConnectError>();
    is_shared::<DecompressionError>();
    is_shared::<Error>();
    is_shared::<FailedContact>();
    is_shared::<FailedNode>();
    is_shared::<RefreshError>();
    is_shared::<ResponseFuture>();

    // It is read by one task, and the bodies of the SDK's default client are no more than this.
    is_sent::<Body>();
};

#[test]
fn every_public_type_is_checked() {
    let exports = include_str!("../../src/lib.rs").split("\npub use ").skip(1);
    let words = exports.flat_map(|path| path.split(|c: char| !c.is_alphanumeric()));
    let types: Vec<_> = words.filter(|word| word.starts_with(char::is_uppercase)).collect();
    assert!(types.len() > 30, "{types:?}");
    // A boxed trait object says for itself what it is.
    for name in types.into_iter().filter(|name| *name != "BoxError") {
        assert!(include_str!("auto_traits.rs").contains(&format!("::<{name}>()")), "{name}");
    }
}
