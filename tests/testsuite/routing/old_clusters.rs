//! Releases that tell less.

use alternator_connector::ReplicaSource;
use alternator_testcluster::{Cluster, Version};

use crate::routing::{knows_the_replicas, map_of, nine_nodes, reading_until};
use crate::support::{USER, alternator_client_with_table, connector};

#[tokio::test]
async fn a_cluster_that_has_no_tablets_is_learned_from_its_ring() {
    // It would tell clients of internal addresses.
    let oldest = Cluster::builder().nodes(9).auth(USER.0, USER.1);
    for builder in [
        oldest.version(Version::V5),
        nine_nodes().version(Version::V6_2),
        nine_nodes().version(Version::V2025),
    ] {
        let cluster = builder.start().unwrap();
        let (connector, client) = alternator_client_with_table(connector(&cluster)).await;
        reading_until(&client, "the replicas are known", || {
            knows_the_replicas(&connector, &cluster)
        })
        .await;
        assert_eq!(map_of(&connector), Some(ReplicaSource::Vnodes));
    }
}
