//! What is not DynamoDB's arrives as it was sent, at where it was addressed.

use alternator_connector::Body;
use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use tower::Service;

use crate::support::server::Server;
use crate::support::{connector, data_requests};

async fn send(
    connector: &alternator_connector::AlternatorConnector,
    request: Request<Full<Bytes>>,
) -> Response<Body> {
    connector.clone().call(request).await.unwrap()
}

#[tokio::test]
async fn requests_of_other_services_arrive_untouched_and_so_do_their_answers() {
    let cluster = alternator_testcluster::Cluster::builder().nodes(3).start().unwrap();
    let connector = connector(&cluster).build().unwrap();
    let server = Server::start(|_, body| Some(format!("answer to {body}")));
    let targets = [
        None,
        Some(""),
        Some("Kinesis_20131202.PutRecord"),
        Some("DynamoDB_20111205.GetItem"),
        Some("dynamodb_20120810.GetItem"),
        Some("xDynamoDB_20120810.GetItem"),
    ];
    for target in targets {
        let mut request = Request::put(format!("{}/a/b%20c?d=e&f", server.url()))
            .header("authorization", "for the server")
            .header("x-twice", "1")
            .header("x-twice", "2");
        if let Some(target) = target {
            request = request.header("x-amz-target", target);
        }
        let answer = send(&connector, request.body(Full::from("question")).unwrap()).await;
        assert_eq!(answer.status(), 200);
        assert_eq!(answer.headers()["x-of-server"], "1");
        let body = answer.into_body().collect().await.unwrap().to_bytes();
        assert_eq!(body, "answer to question");

        let arrived = server.requests().pop().unwrap();
        let (head, body) = arrived.split_once("\r\n\r\n").unwrap();
        assert_eq!(body, "question");
        let mut lines: Vec<_> = head.split("\r\n").map(str::to_owned).collect();
        let mut expected = vec![
            "PUT /a/b%20c?d=e&f HTTP/1.1".to_owned(),
            "authorization: for the server".to_owned(),
            "content-length: 8".to_owned(),
            format!("host: {}", server.addr()),
            "x-twice: 1".to_owned(),
            "x-twice: 2".to_owned(),
        ];
        expected.extend(target.map(|target| format!("x-amz-target: {target}")));
        lines.sort();
        expected.sort();
        assert_eq!(lines, expected);
    }
    assert_eq!(server.requests().len(), targets.len());
    assert_eq!(data_requests(&cluster), [0, 0, 0]);
    assert!(!cluster.nodes().iter().any(|node| node.saw(b"question")));
}

#[tokio::test]
async fn a_body_that_threads_cannot_share_arrives_with_its_length() {
    let cluster = alternator_testcluster::Cluster::builder().start().unwrap();
    let connector = connector(&cluster).build().unwrap();
    let server = Server::start(|_, body| Some(format!("answer to {body}")));
    let request = Request::put(server.url()).body(Full::from("question").boxed_unsync()).unwrap();
    let answer = connector.clone().call(request).await.unwrap();
    let body = answer.into_body().collect().await.unwrap().to_bytes();
    assert_eq!(body, "answer to question");
    let arrived = server.requests().pop().unwrap();
    assert!(arrived.contains("content-length: 8\r\n"), "{arrived}");
}

#[tokio::test]
async fn a_failure_of_what_passes_through_is_told_as_such() {
    let cluster = alternator_testcluster::Cluster::builder().start().unwrap();
    let connector = connector(&cluster).build().unwrap();
    // Nobody listens at the address of a server that is gone.
    let gone = std::net::TcpListener::bind("127.0.0.98:0").unwrap().local_addr().unwrap();
    let request = Request::get(format!("http://{gone}/")).body(Full::<Bytes>::default()).unwrap();
    let error = connector.clone().call(request).await.unwrap_err();
    assert!(matches!(error, alternator_connector::Error::PassThrough { .. }), "{error:?}");
    assert!(error.to_string().contains("not for the cluster"), "{error}");
}
