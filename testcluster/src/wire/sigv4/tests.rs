//! The published test vectors of Signature Version 4, and where the server's rules differ from
//! AWS's.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use time::macros::datetime;

use super::*;

const VANILLA: &str = "AWS4-HMAC-SHA256 \
    Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, \
    SignedHeaders=host;x-amz-date, \
    Signature=5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b";

const NOW: OffsetDateTime = datetime!(2015-08-30 12:36:00 UTC);

fn vanilla() -> Vec<(String, Vec<u8>)> {
    headers(&[
        ("Host", "example.amazonaws.com"),
        ("X-Amz-Date", "20150830T123600Z"),
        ("Authorization", VANILLA),
    ])
}

fn headers(pairs: &[(&str, &str)]) -> Vec<(String, Vec<u8>)> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), value.as_bytes().to_vec())).collect()
}

fn check(headers: &[(String, Vec<u8>)], now: OffsetDateTime) -> Result<(), (String, String)> {
    let secret = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
    let users = Users(BTreeMap::from([("AKIDEXAMPLE".into(), secret.into())]));
    verify(&users, "POST", headers, b"", now)
        .map(drop)
        .map_err(|error| (error.kind.into_owned(), error.message))
}

fn refused(headers: &[(String, Vec<u8>)]) -> (String, String) {
    check(headers, NOW).unwrap_err()
}

fn error(kind: &str, message: &str) -> (String, String) {
    (kind.to_owned(), message.to_owned())
}

/// The vanilla request with its Authorization edited.
fn edited(from: &str, to: &str) -> Vec<(String, Vec<u8>)> {
    assert!(VANILLA.contains(from), "nothing to edit");
    let mut headers = vanilla();
    headers[2].1 = VANILLA.replace(from, to).into_bytes();
    headers
}

#[test]
fn published_vectors_verify() {
    assert_eq!(check(&vanilla(), NOW), Ok(()));
}

#[test]
fn header_names_have_no_case_and_unsigned_headers_do_not_matter() {
    let mut request = vanilla();
    request[0].0 = "hOST".into();
    request[1].0 = "x-amz-date".into();
    request.push(("X-Other".into(), b"anything".to_vec()));
    assert_eq!(check(&request, NOW), Ok(()));
}

#[test]
fn entries_may_be_separated_by_commas_or_spaces() {
    assert_eq!(check(&edited(", ", ","), NOW), Ok(()));
    assert_eq!(check(&edited(", ", " "), NOW), Ok(()));
}

#[test]
fn blanks_around_values_do_not_matter() {
    let mut request = vanilla();
    request[0].1 = b" example.amazonaws.com\t".to_vec();
    assert_eq!(check(&request, NOW), Ok(()));
}

#[test]
fn a_clock_may_be_a_quarter_of_an_hour_off() {
    let edge = NOW + SKEW;
    assert_eq!(check(&vanilla(), edge), Ok(()));
    assert_eq!(
        check(&vanilla(), edge + Duration::SECOND).unwrap_err(),
        error(
            "InvalidSignatureException",
            "invalid signature: Signature expired: 20150830T123600Z is now earlier than \
             20150830T123601Z (current time - 15 min.)"
        )
    );
    let edge = NOW - SKEW;
    assert_eq!(check(&vanilla(), edge), Ok(()));
    assert_eq!(
        check(&vanilla(), edge - Duration::SECOND).unwrap_err(),
        error(
            "InvalidSignatureException",
            "invalid signature: Signature not yet current: 20150830T123600Z is still later than \
             20150830T123559Z (current time + 15 min.)"
        )
    );
}

#[test]
fn what_is_missing_is_named() {
    let mut request = vanilla();
    request.remove(0);
    assert_eq!(
        refused(&request),
        error("InvalidSignatureException", "Host header is mandatory for signature verification")
    );
    let mut request = vanilla();
    request.remove(2);
    assert_eq!(
        refused(&request),
        error(
            "MissingAuthenticationTokenException",
            "Authorization header is mandatory for signature verification"
        )
    );
    assert_eq!(
        refused(&edited("host;x-amz-date", "host")),
        error(
            "InvalidSignatureException",
            "invalid signature: X-Amz-Date header is mandatory for signature verification"
        )
    );
}

#[test]
fn other_algorithms_are_refused() {
    let request = edited("AWS4-HMAC-SHA256", "AWS4-ECDSA-P256-SHA256");
    let (kind, message) = refused(&request);
    assert_eq!(kind, "InvalidSignatureException");
    assert!(message.starts_with(
        "Authorization header must use AWS4-HMAC-SHA256 algorithm: AWS4-ECDSA-P256-SHA256 Credential="
    ));
}

#[test]
fn a_credential_has_five_parts() {
    assert_eq!(
        refused(&edited("/aws4_request", "")),
        error(
            "ValidationException",
            "Incorrect credential information format: AKIDEXAMPLE/20150830/us-east-1/service"
        )
    );
}

#[test]
fn an_unknown_user_is_unknown_before_anything_is_computed() {
    let mut request = edited("AKIDEXAMPLE", "nobody");
    request[1].1 = b"19700101T000000Z".to_vec();
    assert_eq!(refused(&request), error("UnrecognizedClientException", "User not found: nobody"));
}

#[test]
fn the_scope_names_the_day_of_the_date() {
    assert_eq!(
        refused(&edited("/20150830/", "/20150831/")),
        error(
            "InvalidSignatureException",
            "invalid signature: X-Amz-Date date does not match the provided datestamp. \
             Expected 20150831, got 20150830"
        )
    );
}

#[test]
fn whatever_was_signed_cannot_change() {
    let wrong = error("UnrecognizedClientException", "wrong signature");
    let mut request = vanilla();
    request[0].1 = b"other.amazonaws.com".to_vec();
    assert_eq!(refused(&request), wrong);
    let mut request = vanilla();
    request.push(("Host".into(), b"again".to_vec()));
    assert_eq!(refused(&request), wrong);
    assert_eq!(refused(&edited("us-east-1", "us-east-2")), wrong);
    assert_eq!(refused(&edited("host;x", "accept;host;x")), wrong);
    assert_eq!(refused(&edited("Signature=5", "Signature=6")), wrong);
}
