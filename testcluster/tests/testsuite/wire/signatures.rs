//! Who gets in: Signature Version 4 by the server's rules, over the wire.

use std::net::SocketAddr;

use alternator_testcluster::Cluster;
use time::Duration;

use crate::raw::{NO_TABLES, Request, Signer, ask, list_tables, operation, start, started};
use crate::wire::enforcing;

#[track_caller]
fn assert_allowed(node: SocketAddr, request: &Request) {
    let response = ask(node, request);
    assert_eq!((response.status(), response.text()), (200, NO_TABLES));
}

#[track_caller]
fn assert_refused(node: SocketAddr, request: &Request, kind: &str, message: &str) {
    assert_eq!(ask(node, request).error(400, kind), message);
}

/// The request with its Authorization header edited.
fn edited(request: Request, edit: impl Fn(&str) -> String) -> Request {
    let authorization = request.value("Authorization").unwrap();
    request.without("Authorization").header("Authorization", &edit(&authorization))
}

#[test]
fn without_enforcement_nothing_is_checked() {
    let (_cluster, node) = start();
    assert_allowed(node, &list_tables());
    assert_allowed(node, &list_tables().signed(&Signer::new("nobody", "wrong")));
    assert_allowed(node, &list_tables().header("Authorization", "nonsense"));
    assert_allowed(node, &list_tables().without("Host"));
}

#[test]
fn a_right_signature_gets_in() {
    let (_cluster, node, signer) = enforcing(Cluster::builder());
    assert_allowed(node, &list_tables().signed(&signer));
    let body = r#"{"ExclusiveStartTableName":"zebra"}"#;
    assert_allowed(node, &operation("ListTables", body).signed(&signer));
}

#[test]
fn every_user_has_a_secret_of_its_own() {
    let (_cluster, node) = started(Cluster::builder().auth("a", "1").auth("b", "2"));
    assert_allowed(node, &list_tables().signed(&Signer::new("a", "1")));
    assert_allowed(node, &list_tables().signed(&Signer::new("b", "2")));
    let request = list_tables().signed(&Signer::new("a", "2"));
    assert_refused(node, &request, "UnrecognizedClientException", "wrong signature");
}

#[test]
fn nothing_that_was_signed_may_change() {
    let (_cluster, node, signer) = enforcing(Cluster::builder());
    let signed = list_tables().header("X-Test", "a").signed(&signer);
    let wrong = ("UnrecognizedClientException", "wrong signature");
    let changed = [
        signed.clone().body("{ }"),
        signed.clone().without("X-Test"),
        signed.clone().without("X-Test").header("X-Test", "b"),
        signed.clone().header("X-Test", "b"),
        signed.clone().without("X-Amz-Target").header("X-Amz-Target", "DynamoDB_20120810.GetItem"),
        signed.clone().without("Host").header("Host", "127.0.0.1:8000"),
        list_tables().signed(&Signer::new("user", "wrong")),
        list_tables().signed(&Signer::new("user", "")),
        edited(signed, |authorization| {
            let (before, _) = authorization.rsplit_once('=').unwrap();
            format!("{before}={}", "0".repeat(64))
        }),
    ];
    for request in changed {
        assert_refused(node, &request, wrong.0, wrong.1);
    }
}

#[test]
fn what_was_not_signed_may_change() {
    let (_cluster, node, signer) = enforcing(Cluster::builder());
    let signed = list_tables().signed(&signer);
    assert_allowed(node, &signed.clone().header("X-Test", "a").header("User-Agent", "anyone"));
    assert_allowed(node, &signed.header("X-Amz-Content-Sha256", "nonsense"));
}

#[test]
fn the_host_may_be_any_name_but_not_absent() {
    let (_cluster, node, signer) = enforcing(Cluster::builder());
    let host = |host: &str| list_tables().without("Host").header("Host", host);
    assert_allowed(node, &host("alternator.test").signed(&signer));
    assert_allowed(node, &host("dynamodb.us-east-1.amazonaws.com").signed(&signer));
    let unsigned = list_tables().without("Host").signed(&signer);
    assert_allowed(node, &unsigned.clone().header("Host", "whatever"));
    assert_refused(
        node,
        &unsigned,
        "InvalidSignatureException",
        "Host header is mandatory for signature verification",
    );
}

#[test]
fn region_and_service_may_be_anything() {
    let (_cluster, node, signer) = enforcing(Cluster::builder());
    let elsewhere = Signer { region: "mars".into(), service: "s3".into(), ..signer };
    assert_allowed(node, &list_tables().signed(&elsewhere));
}

#[test]
fn a_session_token_is_only_a_header() {
    let (_cluster, node, signer) = enforcing(Cluster::builder());
    let token = list_tables().header("X-Amz-Security-Token", "anything");
    assert_allowed(node, &token.signed(&signer));
}

#[test]
fn runs_of_spaces_in_signed_headers_are_one_space() {
    let (_cluster, node, signer) = enforcing(Cluster::builder());
    assert_allowed(node, &list_tables().header("X-Test", "a   b  c").signed(&signer));
}

#[test]
fn a_missing_signature_is_a_missing_token() {
    let (_cluster, node, _) = enforcing(Cluster::builder());
    assert_refused(
        node,
        &list_tables(),
        "MissingAuthenticationTokenException",
        "Authorization header is mandatory for signature verification",
    );
}

#[test]
fn only_one_algorithm_is_known() {
    let (_cluster, node, signer) = enforcing(Cluster::builder());
    for authorization in [
        "nonsense",
        "Basic dXNlcjpzZWNyZXQ=",
        "AWS4-HMAC-SHA256",
        "AWS4-ECDSA-P256-SHA256 Credential=user/20260101/dynamodb/aws4_request",
    ] {
        assert_refused(
            node,
            &list_tables().header("Authorization", authorization),
            "InvalidSignatureException",
            &format!("Authorization header must use AWS4-HMAC-SHA256 algorithm: {authorization}"),
        );
    }
    let query = list_tables()
        .start("POST /?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Signature=0 HTTP/1.1")
        .signed(&signer);
    assert_allowed(node, &query);
    assert_refused(
        node,
        &query.without("Authorization"),
        "MissingAuthenticationTokenException",
        "Authorization header is mandatory for signature verification",
    );
}

#[test]
fn entries_may_be_separated_by_commas_or_spaces() {
    let (_cluster, node, signer) = enforcing(Cluster::builder());
    for separator in [",", " ", ",  ", " , "] {
        let separated = |authorization: &str| authorization.replace(", ", separator);
        assert_allowed(node, &edited(list_tables().signed(&signer), separated));
    }
}

#[test]
fn a_credential_has_five_parts() {
    let (_cluster, node, signer) = enforcing(Cluster::builder());
    let short = |text: &str| text.replace("/aws4_request", "");
    let day = &signer.date[..8];
    assert_refused(
        node,
        &edited(list_tables().signed(&signer), short),
        "ValidationException",
        &format!("Incorrect credential information format: user/{day}/us-east-1/dynamodb"),
    );
    assert_refused(
        node,
        &list_tables().header("Authorization", "AWS4-HMAC-SHA256 x"),
        "ValidationException",
        "Incorrect credential information format: ",
    );
}

#[test]
fn an_unknown_user_is_named() {
    let (_cluster, node, _) = enforcing(Cluster::builder());
    let request = list_tables().signed(&Signer::new("nobody", "secret"));
    assert_refused(node, &request, "UnrecognizedClientException", "User not found: nobody");
}

#[test]
fn the_date_must_be_signed_and_recent() {
    let (_cluster, node, signer) = enforcing(Cluster::builder());
    for minutes in [-14, 14] {
        let skewed = signer.clone().off_by(Duration::minutes(minutes));
        assert_allowed(node, &list_tables().signed(&skewed));
    }
    for (minutes, complaint) in [(-16, "Signature expired: "), (16, "Signature not yet current: ")]
    {
        let skewed = signer.clone().off_by(Duration::minutes(minutes));
        let response = ask(node, list_tables().signed(&skewed));
        let message = response.error(400, "InvalidSignatureException");
        let start = format!("invalid signature: {complaint}{} is ", skewed.date);
        assert!(message.starts_with(&start), "{message}");
    }
    let unsigned = |text: &str| text.replace(";x-amz-date", "");
    assert_refused(
        node,
        &edited(list_tables().signed(&signer), unsigned),
        "InvalidSignatureException",
        "invalid signature: X-Amz-Date header is mandatory for signature verification",
    );
}

#[test]
fn date_is_no_substitute_for_x_amz_date() {
    let (_cluster, node, signer) = enforcing(Cluster::builder());
    let request = list_tables().header("Date", &signer.date).signed(&signer).without("X-Amz-Date");
    ask(node, request).error(400, "InvalidSignatureException");
}

#[test]
fn the_scope_is_of_the_day_of_the_date() {
    let (_cluster, node, signer) = enforcing(Cluster::builder());
    let day = signer.date[..8].to_owned();
    let other = |text: &str| text.replace(&format!("/{day}/"), "/20200101/");
    assert_refused(
        node,
        &edited(list_tables().signed(&signer), other),
        "InvalidSignatureException",
        &format!(
            "invalid signature: X-Amz-Date date does not match the provided datestamp. \
             Expected 20200101, got {day}"
        ),
    );
}

#[test]
fn a_refused_request_is_not_executed() {
    let (cluster, node, _) = enforcing(Cluster::builder());
    ask(node, list_tables());
    assert_eq!(cluster.node(0).stats().executed, 0);
}
