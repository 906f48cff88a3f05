//! Every way in which a table is learned, and what that costs requests: nothing.

use std::collections::BTreeSet;
use std::sync::{Mutex, mpsc};
use std::time::Duration;

use alternator_connector::{
    AlternatorConnector, Authentication, ReplicaSource, Scope, TokenAwareness,
};
use alternator_testcluster::{Cluster, Node};
use aws_config::BehaviorVersion;
use aws_sdk_dynamodb::Client;
use tokio::time::timeout;
use tracing::Level;

use crate::routing::{
    KEYS, create, get, hops, key, known_replicas, knows_the_order, knows_the_replicas, map_of,
    nine_nodes, put, reading_until, requests_of, until_the_order_is_known, with_table,
};
use crate::support::direct::{HOUR, header};
use crate::support::logs::{capture_logs, logged};
use crate::support::server::Server;
use crate::support::{
    TABLE, alternator_client, alternator_client_with_table, connector, create_table, eventually, s,
    within,
};

/// Learns the table by requests, and says from what.
async fn learn(cluster: &Cluster, connector: &AlternatorConnector) -> ReplicaSource {
    let client = alternator_client(connector).await;
    create_table(&client).await;
    reading_until(&client, "the replicas are known", || knows_the_replicas(connector, cluster))
        .await;
    let before = hops(cluster);
    for n in 0..KEYS {
        get(&client, n).await;
        put(&client, n).await;
    }
    assert_eq!(hops(cluster), before, "requests go to replicas");
    map_of(connector).unwrap()
}

#[tokio::test]
async fn tablets_are_learned_with_their_order_and_shards() {
    let cluster = nine_nodes().tablets(16).shards(7).start().unwrap();
    let connector = connector(&cluster).build().unwrap();
    assert_eq!(learn(&cluster, &connector).await, ReplicaSource::Tablets);
    assert!(knows_the_order(&connector, &cluster));
    let replicas = connector.routing(TABLE).unwrap().replicas(&s(key(0)));
    assert_eq!(replicas.len(), 3);
    let racks: BTreeSet<_> = replicas.iter().map(|r| r.rack.clone()).collect();
    assert_eq!(racks.len(), 3);
    for replica in replicas {
        assert!(replica.shard.is_some_and(|shard| shard < 7));
        assert_eq!(
            (replica.datacenter.as_deref(), replica.host_id.map(|id| id.len())),
            (Some("dc1"), Some(36))
        );
    }
}

#[tokio::test]
async fn vnodes_are_learned_in_an_order_that_all_clients_share() {
    let cluster = nine_nodes().vnodes(16).start().unwrap();
    let first = connector(&cluster).build().unwrap();
    assert_eq!(learn(&cluster, &first).await, ReplicaSource::Vnodes);
    let second = connector(&cluster).build().unwrap();
    let client = alternator_client(&second).await;
    reading_until(&client, "the replicas are known", || knows_the_replicas(&second, &cluster))
        .await;
    for n in 0..KEYS {
        assert_eq!(known_replicas(&first, n), known_replicas(&second, n));
    }
}

#[tokio::test]
async fn maps_of_many_pages_are_learned_whole() {
    for cluster in [nine_nodes().tablets(128), nine_nodes().vnodes(64)] {
        let cluster = cluster.page_bytes(2_000).start().unwrap();
        let connector = connector(&cluster).build().unwrap();
        learn(&cluster, &connector).await;
        assert!(requests_of(&cluster, "Query") > 10, "there are many pages");
    }
}

#[tokio::test]
async fn a_map_of_too_many_pages_is_given_up_and_the_log_is_told_once() {
    capture_logs();
    let cluster = nine_nodes().tablets(256).page_bytes(1).start().unwrap();
    let (connector, client) = alternator_client_with_table(connector(&cluster)).await;
    create(&client, "second", "pk").await;
    for table in [TABLE, "second"] {
        within(Duration::from_secs(60), "its key is known", async || {
            client.get_item().table_name(table).key("pk", s("x")).send().await.unwrap();
            connector.routing(table).is_some()
        })
        .await;
    }
    assert_eq!(map_of(&connector), None);
    assert_eq!(logged(Level::WARN, "more tablets or vnodes"), 1);
    assert_eq!(requests_of(&cluster, "DescribeTable"), 2, "it is not tried again soon");
}

#[tokio::test]
async fn a_page_of_tablets_with_many_replicas_each_is_read() {
    let cluster = (2..=5)
        .fold(nine_nodes(), |cluster, n| cluster.rack(&format!("dc{n}"), "rack1", 3))
        .tablets(2048)
        .page_bytes(usize::MAX);
    let cluster = with_table(cluster.failure_detection(HOUR)).await;
    let connector = connector(&cluster).scope(Scope::datacenter("dc1")).build().unwrap();
    let client = alternator_client(&connector).await;
    until_the_order_is_known(&client, &connector, &cluster).await;
    assert_eq!(known_replicas(&connector, 0).len(), 15);
}

#[tokio::test]
async fn a_table_that_shares_the_tablets_of_another_is_learned_by_that_one() {
    let cluster = nine_nodes().start().unwrap();
    let (connector, client) = alternator_client_with_table(connector(&cluster)).await;
    create(&client, "base", "pk").await;
    cluster.colocate(TABLE, "base");
    until_the_order_is_known(&client, &connector, &cluster).await;
    assert_eq!(map_of(&connector), Some(ReplicaSource::Tablets));
}

#[tokio::test]
async fn a_client_without_credentials_learns_unsigned() {
    let cluster = Cluster::builder().nodes(6).start().unwrap();
    let connector = connector(&cluster).authentication(Authentication::Optional).build().unwrap();
    let sdk = aws_config::defaults(BehaviorVersion::latest())
        .http_client(connector.clone())
        .no_credentials()
        .load()
        .await;
    let client = Client::from_conf(connector.dynamodb_config(&sdk).build());
    create_table(&client).await;
    until_the_order_is_known(&client, &connector, &cluster).await;
    assert!(requests_of(&cluster, "DescribeTable") > 0 && requests_of(&cluster, "Query") > 0);
    for head in cluster.nodes().iter().flat_map(Node::heads) {
        assert_eq!(header(&head, "authorization"), None);
    }
}

#[tokio::test]
async fn no_request_waits_for_a_lookup() {
    let (held, release) = mpsc::channel::<()>();
    let release = Mutex::new(release);
    let server = Server::start(move |head, _| {
        if head.contains("DescribeTable") {
            // Until the other end is dropped.
            let _ = release.lock().unwrap().recv();
        }
        let is_discovery = head.starts_with("GET");
        let answer = if is_discovery { r#"["127.0.0.98"]"# } else { "{}" };
        Some(answer.to_owned())
    });
    let connector = AlternatorConnector::builder().seed(server.url());
    // No lookup is given up within the test.
    let connector = connector.discovery_timeout(HOUR).build().unwrap();
    let client = alternator_client(&connector).await;
    let requests = async {
        get(&client, 0).await;
        let is_lookup = |request: &String| request.contains("DescribeTable");
        eventually("a lookup was begun", async || server.requests().iter().any(is_lookup)).await;
        get(&client, 0).await;
        put(&client, 0).await;
    };
    let ended = timeout(Duration::from_secs(60), requests).await;
    assert!(ended.is_ok(), "requests end while the lookup is held");
    drop(held);
}

#[tokio::test]
async fn a_table_is_looked_up_once_however_many_requests_come_first() {
    let cluster = nine_nodes().start().unwrap();
    let (connector, client) = alternator_client_with_table(connector(&cluster)).await;
    let all = (0..64).map(|n| get(&client, n));
    futures_util::future::join_all(all).await;
    eventually("the table is known", async || map_of(&connector).is_some()).await;
    assert_eq!(requests_of(&cluster, "DescribeTable"), 1);
}

#[tokio::test]
async fn nothing_is_looked_up_where_nothing_is_routed_by_key() {
    let cluster = nine_nodes().start().unwrap();
    let (connector, client) = alternator_client_with_table(
        connector(&cluster)
            .token_awareness(TokenAwareness::off())
            .lwt_affinity(alternator_connector::LwtAffinity::off()),
    )
    .await;
    for n in 0..KEYS {
        get(&client, n).await;
    }
    assert!(connector.routing(TABLE).is_none());
    assert_eq!(requests_of(&cluster, "DescribeTable"), 0);
}
