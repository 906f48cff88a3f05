//! Releases that tell less.

use alternator_testcluster::Version;

use super::*;

#[tokio::test]
async fn a_cluster_that_has_no_tablets_is_learned_from_its_ring() {
    for version in [Version::V5, Version::V6_2, Version::V2025] {
        let cluster = nine().version(version).start().unwrap();
        let connector = connector(&cluster).build().unwrap();
        let client = client(&connector).await;
        create_table(&client).await;
        asking_until(&client, "the replicas are known", || {
            knows_the_replicas(&connector, &cluster)
        })
        .await;
        assert_eq!(map_of(&connector), Some(ReplicaMap::Vnodes));
    }
}
