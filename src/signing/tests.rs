//! Signatures are those of AWS's published vectors, and those that the SDK's own signer makes of
//! the same headers.

use std::fs;
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{
    SignableBody, SignableRequest, SigningParams, SigningSettings, sign,
};
use aws_sigv4::sign::v4;
use proptest::prelude::*;

use super::crypto::sha256;
use super::{Date, Keys, Request, authorization};

/// What a vector says about signing, and the `Authorization` header that must come of it.
struct Vector {
    context: serde_json::Value,
    method: String,
    headers: Vec<(String, String)>,
    body: String,
    authorization: String,
}

impl Vector {
    fn read(dir: &Path) -> Self {
        let file = |name| fs::read_to_string(dir.join(name)).unwrap();
        let context: serde_json::Value = serde_json::from_str(&file("context.json")).unwrap();
        let request = file("request.txt");
        let (head, body) = request.split_once("\n\n").unwrap_or((&request, ""));
        let mut lines = head.lines();
        let first = lines.next().unwrap();
        let mut headers: Vec<_> = lines
            .map(|line| {
                let (name, value) = line.split_once(':').unwrap();
                (name.to_ascii_lowercase(), value.to_owned())
            })
            .collect();
        headers.push(("x-amz-date".into(), "20150830T123600Z".into()));
        let token = context["credentials"]["token"].as_str();
        if let Some(token) = token.filter(|_| context["omit_session_token"] != true) {
            headers.push(("x-amz-security-token".into(), token.into()));
        }
        if context["sign_body"] == true {
            let hash = sha256(body.as_bytes()).as_str().to_owned();
            headers.push(("x-amz-content-sha256".into(), hash));
        }
        headers.sort();
        let signed = file("header-signed-request.txt");
        let authorization = signed.lines().find_map(|line| line.strip_prefix("Authorization:"));
        Self {
            method: first.strip_suffix(" / HTTP/1.1").unwrap().to_owned(),
            body: body.to_owned(),
            authorization: authorization.unwrap().to_owned(),
            headers,
            context,
        }
    }

    fn sign(&self) -> String {
        let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
        let credentials = &self.context["credentials"];
        let credentials = Credentials::new(
            text(&credentials["access_key_id"]),
            text(&credentials["secret_access_key"]),
            None,
            None,
            "vector",
        );
        assert_eq!(self.context["timestamp"], "2015-08-30T12:36:00Z");
        let date = Date::of(UNIX_EPOCH + Duration::from_secs(1_440_938_160));
        let scope = (&*text(&self.context["region"]), &*text(&self.context["service"]));
        let headers: Vec<_> =
            self.headers.iter().map(|(name, value)| (name.as_str(), value.as_bytes())).collect();
        let request = Request {
            method: &self.method,
            path: "/",
            query: "",
            headers: &headers,
            body: self.body.as_bytes(),
        };
        authorization(&Keys::default(), &credentials, &date, scope, request)
    }
}

#[test]
fn the_published_vectors_are_signed_as_published() {
    let all = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/sigv4");
    let mut count = 0;
    for entry in fs::read_dir(all).unwrap() {
        let dir = entry.unwrap().path();
        if dir.is_dir() {
            let vector = Vector::read(&dir);
            assert_eq!(vector.sign(), vector.authorization, "{}", dir.display());
            count += 1;
        }
    }
    assert_eq!(count, 10);
}

/// What the SDK's signer puts into a request: its `Authorization` header and its date.
fn signed_by_the_sdk(
    credentials: &Credentials,
    time: SystemTime,
    (region, service): (&str, &str),
    (host, target, body): (&str, &str, &[u8]),
) -> (String, String) {
    let identity = credentials.clone().into();
    let params = v4::SigningParams::builder()
        .identity(&identity)
        .region(region)
        .name(service)
        .time(time)
        .settings(SigningSettings::default())
        .build()
        .unwrap();
    let uri = format!("http://{host}/");
    let headers = [("x-amz-target", target)].into_iter();
    let request = SignableRequest::new("POST", &uri, headers, SignableBody::Bytes(body)).unwrap();
    let params = SigningParams::V4(params);
    let (instructions, _) = sign(request, &params).unwrap().into_parts();
    let header =
        |wanted| instructions.headers().find(|(name, _)| *name == wanted).unwrap().1.to_owned();
    (header("authorization"), header("x-amz-date"))
}

proptest! {
    #[test]
    fn the_sdk_signs_the_same_headers_the_same_way(
        access_key in "[!-+--~]{1,40}",
        secret in "[ -~]{1,90}",
        token in proptest::option::of("[!-~]{1,1500}"),
        seconds in 0..253_402_300_800_u64,
        region in "[a-z0-9-]{1,20}",
        service in "[a-z0-9]{1,12}",
        host in "[a-z0-9]{1,30}(:[1-9][0-9]{2})?",
        target in "DynamoDB(Streams)?_20120810\\.[A-Za-z]{1,30}",
        body in proptest::collection::vec(any::<u8>(), 0..3000),
    ) {
        let credentials = Credentials::new(access_key, secret, token.clone(), None, "test");
        let time = UNIX_EPOCH + Duration::from_secs(seconds);
        let (expected, expected_date) =
            signed_by_the_sdk(&credentials, time, (&region, &service), (&host, &target, &body));

        let date = Date::of(time);
        prop_assert_eq!(date.as_str(), expected_date);
        let mut headers = vec![
            ("host", host.as_bytes()),
            ("x-amz-date", date.as_str().as_bytes()),
        ];
        if let Some(token) = &token {
            headers.push(("x-amz-security-token", token.as_bytes()));
        }
        headers.push(("x-amz-target", target.as_bytes()));
        let request = Request {
            method: "POST",
            path: "/",
            query: "",
            headers: &headers,
            body: &body,
        };
        let scope = (&*region, &*service);
        let value = authorization(&Keys::default(), &credentials, &date, scope, request);
        prop_assert_eq!(value.capacity(), value.len());
        prop_assert_eq!(value, expected);
    }
}
