//! A published test vector of Signature Version 4, and the limits of the server's rules, which are
//! tested over the wire.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use time::macros::datetime;

use super::*;
use crate::wire::head::tests::parse;

const VANILLA: &str = "AWS4-HMAC-SHA256 \
    Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, \
    SignedHeaders=host;x-amz-date, \
    Signature=5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b";

const NOW: OffsetDateTime = datetime!(2015-08-30 12:36:00 UTC);

type Headers = Vec<(&'static str, String)>;

fn vanilla() -> Headers {
    vec![
        ("Host", "example.amazonaws.com".into()),
        ("X-Amz-Date", "20150830T123600Z".into()),
        ("Authorization", VANILLA.into()),
    ]
}

fn check(headers: &Headers, now: OffsetDateTime) -> Result<(), (String, String)> {
    let secret = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
    let users = Users(BTreeMap::from([("AKIDEXAMPLE".into(), secret.into())]));
    let lines: String =
        headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    let head = parse(format!("POST / HTTP/1.1\r\n{lines}\r\n").as_bytes()).unwrap().unwrap();
    verify(&users, &head, b"", now)
        .map(drop)
        .map_err(|error| (error.kind.into_owned(), error.message))
}

fn refused(headers: &Headers) -> (String, String) {
    check(headers, NOW).unwrap_err()
}

fn error(kind: &str, message: &str) -> (String, String) {
    (kind.to_owned(), message.to_owned())
}

/// The vanilla request with its Authorization edited.
fn edited(from: &str, to: &str) -> Headers {
    assert!(VANILLA.contains(from), "nothing to edit");
    let mut headers = vanilla();
    headers[2].1 = VANILLA.replace(from, to);
    headers
}

#[test]
fn published_vectors_verify() {
    assert_eq!(check(&vanilla(), NOW), Ok(()));
}

#[test]
fn header_names_have_no_case_and_unsigned_headers_do_not_matter() {
    let mut request = vanilla();
    request[0].0 = "hOST";
    request[1].0 = "x-amz-date";
    request.push(("X-Other", "anything".into()));
    assert_eq!(check(&request, NOW), Ok(()));
}

#[test]
fn blanks_around_values_do_not_matter() {
    let mut request = vanilla();
    request[0].1 = " example.amazonaws.com\t".into();
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
fn an_unknown_user_is_unknown_before_anything_is_computed() {
    let mut request = edited("AKIDEXAMPLE", "nobody");
    request[1].1 = "19700101T000000Z".into();
    assert_eq!(refused(&request), error("UnrecognizedClientException", "User not found: nobody"));
}

#[test]
fn whatever_was_signed_cannot_change() {
    let wrong = error("UnrecognizedClientException", "wrong signature");
    let mut request = vanilla();
    request[0].1 = "other.amazonaws.com".into();
    assert_eq!(refused(&request), wrong);
    let mut request = vanilla();
    request.push(("Host", "again".into()));
    assert_eq!(refused(&request), wrong);
    assert_eq!(refused(&edited("us-east-1", "us-east-2")), wrong);
    assert_eq!(refused(&edited("host;x", "accept;host;x")), wrong);
    assert_eq!(refused(&edited("Signature=5", "Signature=6")), wrong);
}
