//! Which requests go to one coordinator, by the mode and by what the server makes of them.

use Spread::{Coordinator, Everyone, Replicas};
use alternator_connector::{LwtAffinity, Policy, TokenAwareness};
use alternator_testcluster::Cluster;
use aws_sdk_dynamodb::Client;

use crate::routing::{
    client_that_knows_replicas, differences, get, key, nine_nodes, requests_of_each, with_table,
};
use crate::support::{TABLE, connector, s};

/// How many nodes were asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Spread {
    Coordinator,
    Replicas,
    Everyone,
}

async fn write(client: &Client, condition: Option<&str>) {
    client
        .put_item()
        .table_name(TABLE)
        .item("pk", s(key(0)))
        .set_condition_expression(condition.map(str::to_owned))
        .send()
        .await
        .unwrap();
}

/// Sends the same request many times, and says who had it.
async fn spread(cluster: &Cluster, operation: &str, send: impl AsyncFn()) -> Spread {
    let before = requests_of_each(cluster, operation);
    for _ in 0..30 {
        send().await;
    }
    let asked = differences(&requests_of_each(cluster, operation), &before);
    match asked.iter().filter(|asked| **asked > 0).count() {
        1 => Coordinator,
        3 => Replicas,
        9 => Everyone,
        _ => panic!("{operation} {asked:?}"),
    }
}

#[tokio::test]
async fn the_mode_says_which_requests_go_to_the_coordinator() {
    let (off, reading) = (&LwtAffinity::off(), &LwtAffinity::read_modify_write());
    let (every, auto) = (&LwtAffinity::every_write(), &LwtAffinity::auto());
    let (aware, unaware) = (&TokenAwareness::on(), &TokenAwareness::off());
    let (some, all, none) = ("only_rmw_uses_lwt", "always_use_lwt", "unsafe_rmw");
    // What becomes of reads, of plain writes and of conditional ones.
    for (mode, awareness, isolation, expected) in [
        (off, aware, some, [Replicas, Replicas, Replicas]),
        (reading, aware, some, [Replicas, Replicas, Coordinator]),
        (every, aware, some, [Replicas, Coordinator, Coordinator]),
        (auto, aware, some, [Replicas, Replicas, Coordinator]),
        (auto, aware, all, [Replicas, Coordinator, Coordinator]),
        (auto, aware, none, [Replicas, Replicas, Replicas]),
        (reading, unaware, some, [Everyone, Everyone, Coordinator]),
        (every, unaware, some, [Everyone, Coordinator, Coordinator]),
    ] {
        let cluster = with_table(nine_nodes().write_isolation(isolation)).await;
        let builder = connector(&cluster)
            .policy(Policy::RoundRobin)
            .token_awareness(awareness.clone())
            .lwt_affinity(mode.clone());
        let (_, client) = client_that_knows_replicas(&cluster, &cluster.nodes(), builder).await;
        let condition = Some("attribute_not_exists(absent)");
        let found = [
            spread(&cluster, "GetItem", async || get(&client, 0).await).await,
            spread(&cluster, "PutItem", async || write(&client, None).await).await,
            spread(&cluster, "PutItem", async || write(&client, condition).await).await,
        ];
        assert_eq!(found, expected, "{mode:?} {awareness:?} {isolation}");
    }
}
