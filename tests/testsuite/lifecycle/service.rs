//! The connector as a tower service, without the SDK.

use alternator_testcluster::Cluster;
use http::{Request, StatusCode};
use http_body_util::{BodyExt, Full};
use tower::{Service, ServiceExt};

use crate::support::direct::{HOUR, get_item, request, send_direct};
use crate::support::{connector, data_requests};

#[tokio::test]
async fn dynamodb_requests_are_balanced_and_others_go_where_they_are_addressed() {
    let cluster = Cluster::builder().nodes(3).start().unwrap();
    let elsewhere = Cluster::builder().start().unwrap();
    let connector = connector(&cluster).active_refresh_interval(HOUR).build().unwrap();
    let list = "{}";
    for _ in 0..9 {
        let (status, body) = send_direct(&connector, request("ListTables", list)).await.unwrap();
        assert_eq!(status, StatusCode::OK);
        assert_eq!(body, r#"{"TableNames":[]}"#);
    }
    assert!(data_requests(&cluster).iter().all(|n| *n >= 1));
    assert_eq!(data_requests(&cluster).iter().sum::<u64>(), 9);

    let other =
        Request::get(format!("{}/", elsewhere.node(0).url())).body(Full::default()).unwrap();
    let (status, body) = send_direct(&connector, other).await.unwrap();
    assert_eq!(status, StatusCode::OK);
    assert!(body.starts_with(b"healthy: "), "{body:?}");
    assert_eq!(elsewhere.node(0).stats().requests_of("GET /"), 1);
    assert!(cluster.nodes().iter().all(|n| n.stats().requests_of("GET /") == 0));
}

#[tokio::test]
async fn one_service_takes_request_after_request() {
    let cluster = Cluster::builder().canned("GetItem", "{}").start().unwrap();
    let mut service = connector(&cluster).build().unwrap();
    for _ in 0..3 {
        let ready = ServiceExt::<Request<Full<_>>>::ready(&mut service).await.unwrap();
        let response = ready.call(get_item()).await.unwrap();
        assert_eq!(response.status(), StatusCode::OK);
    }
}

#[tokio::test]
async fn a_body_that_threads_cannot_share_reaches_a_node() {
    let cluster = Cluster::builder().canned("GetItem", "{}").start().unwrap();
    let connector = connector(&cluster).build().unwrap();
    // As a reverse proxy has it: the bodies of axum and others are `Send` and not `Sync`.
    let request = get_item().map(BodyExt::boxed_unsync);
    let response = connector.oneshot(request).await.unwrap();
    assert_eq!(response.status(), StatusCode::OK);
    assert!(cluster.node(0).saw(br#""Key":{"pk":{"S":"x"}}"#));
}
