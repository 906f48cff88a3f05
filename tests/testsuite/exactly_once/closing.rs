//! Answers after which the server closes the connection without having said so.

use alternator_connector::Error;
use alternator_testcluster::{Cluster, Fault, Scope, Version};
use http::StatusCode;

use crate::support::direct::{HOUR, get_item, request, send_direct};
use crate::support::{connector, eventually};

#[tokio::test]
async fn the_connection_of_a_shed_request_is_not_used_again() {
    for version in [Version::V2026_1, Version::V2026_2] {
        let cluster = Cluster::builder()
            .version(version)
            .shedding(1)
            .canned("GetItem", "{}")
            .start()
            .unwrap();
        let connector = connector(&cluster).active_refresh_interval(HOUR).build().unwrap();
        connector.refresh().await.unwrap();
        let node = cluster.node(0);
        for _ in 0..20 {
            node.inject(Fault::Hang(Scope::Data));
            let first = tokio::spawn(send_direct(&connector, get_item()));
            eventually("a request is under way", async || {
                connector.stats().nodes[0].in_flight == 1 && node.stats().data_requests() % 3 == 1
            })
            .await;
            let idle = connector.stats().nodes[0].connections_idle;
            let (status, body) = send_direct(&connector, get_item()).await.unwrap();
            assert_eq!(status, StatusCode::BAD_REQUEST);
            assert!(String::from_utf8_lossy(&body).contains("RequestLimitExceeded"));
            let left = idle.saturating_sub(1);
            assert_eq!(connector.stats().nodes[0].connections_idle, left);
            node.heal();
            assert_eq!(first.await.unwrap().unwrap().0, StatusCode::OK);
            assert_eq!(send_direct(&connector, get_item()).await.unwrap().0, StatusCode::OK);
        }
    }
}

#[tokio::test]
async fn the_connection_of_a_request_that_is_too_large_is_not_used_again() {
    for version in [Version::V2025, Version::V2026_1, Version::V2026_2] {
        let cluster = Cluster::builder()
            .version(version)
            .record(false)
            .canned("GetItem", "{}")
            .start()
            .unwrap();
        let connector = connector(&cluster).active_refresh_interval(HOUR).build().unwrap();
        connector.refresh().await.unwrap();
        for _ in 0..5 {
            // The server closes with the body half sent, so the answer may be lost.
            match send_direct(&connector, request("PutItem", vec![b' '; (16 << 20) + 1])).await {
                Ok((status, _)) => assert_eq!(status, StatusCode::PAYLOAD_TOO_LARGE),
                Err(error) => assert!(matches!(error, Error::Unanswered { .. }), "{error}"),
            }
            assert_eq!(send_direct(&connector, get_item()).await.unwrap().0, StatusCode::OK);
        }
    }
}
