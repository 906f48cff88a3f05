//! Signature Version 4 as Alternator verifies it, which is not quite as AWS does: any region and
//! service, only the signed headers matter, the canonical URI is always `/`, and a wrong signature
//! is an `UnrecognizedClientException`.

use std::collections::BTreeMap;

use aws_lc_rs::{digest, hmac};
use time::format_description::BorrowedFormatItem;
use time::macros::format_description;
use time::{Duration, OffsetDateTime};

use crate::error::ApiError;
use crate::wire::head::Head;

const ALGORITHM: &str = "AWS4-HMAC-SHA256";

/// How far a request's clock may be from the server's.
const SKEW: Duration = Duration::minutes(15);

const AMZ_DATE: &[BorrowedFormatItem<'static>] =
    format_description!("[year][month][day]T[hour][minute][second]Z");

/// The secret of every user, by access key.
#[derive(Clone, Debug, Default)]
pub(crate) struct Users(pub(crate) BTreeMap<String, String>);

/// Checks a request's signature over the bytes of the body as they were received. Returns the user.
pub(crate) fn verify(
    users: &Users,
    head: &Head,
    body: &[u8],
    now: OffsetDateTime,
) -> Result<String, ApiError> {
    if value(head, "Host").is_none() {
        return Err(invalid("Host header is mandatory for signature verification"));
    }
    let Some(authorization) = value(head, "Authorization") else {
        return Err(ApiError::new(
            "MissingAuthenticationTokenException",
            "Authorization header is mandatory for signature verification",
        ));
    };
    let authorization = String::from_utf8_lossy(&authorization);
    let claim = Claim::parse(&authorization)?;
    let Some(secret) = users.0.get(claim.user) else {
        return Err(ApiError::new(
            "UnrecognizedClientException",
            format!("User not found: {}", claim.user),
        ));
    };
    let signed: BTreeMap<&str, Vec<u8>> = claim
        .signed_headers()
        .map(|name| {
            // The server looks names up in lower case.
            let value = value(head, name).filter(|_| name == name.to_ascii_lowercase());
            (name, squeeze_spaces(value.unwrap_or_default()))
        })
        .collect();
    let date = check_date(&claim, &signed, now)
        .map_err(|why| invalid(format!("invalid signature: {why}")))?;
    if claim.expected_signature(secret, &date, &head.method(), &signed, body) != claim.signature {
        return Err(ApiError::new("UnrecognizedClientException", "wrong signature"));
    }
    Ok(claim.user.to_owned())
}

fn invalid(message: impl Into<String>) -> ApiError {
    ApiError::new("InvalidSignatureException", message)
}

/// The content of the Authorization header.
struct Claim<'a> {
    user: &'a str,
    date: &'a str,
    region: &'a str,
    service: &'a str,
    signed_headers: &'a str,
    signature: &'a str,
}

impl<'a> Claim<'a> {
    fn parse(authorization: &'a str) -> Result<Self, ApiError> {
        let Some((ALGORITHM, entries)) = authorization.split_once(' ') else {
            return Err(invalid(format!(
                "Authorization header must use {ALGORITHM} algorithm: {authorization}"
            )));
        };
        let (mut credential, mut signed_headers, mut signature) = ("", "", "");
        for entry in entries.split([' ', ',']) {
            match entry.split('=').collect::<Vec<_>>()[..] {
                ["Credential", value] => credential = value,
                ["SignedHeaders", value] => signed_headers = value,
                ["Signature", value] => signature = value,
                _ => {}
            }
        }
        let [user, date, region, service, _] = credential.split('/').collect::<Vec<_>>()[..] else {
            return Err(ApiError::validation(format!(
                "Incorrect credential information format: {credential}"
            )));
        };
        Ok(Self { user, date, region, service, signed_headers, signature })
    }

    fn signed_headers(&self) -> impl Iterator<Item = &'a str> {
        self.signed_headers.split(';').filter(|_| !self.signed_headers.is_empty())
    }

    fn expected_signature(
        &self,
        secret: &str,
        amz_date: &str,
        method: &str,
        signed: &BTreeMap<&str, Vec<u8>>,
        body: &[u8],
    ) -> String {
        let mut canonical = format!("{method}\n/\n\n").into_bytes();
        for (name, value) in signed {
            canonical.extend_from_slice(name.as_bytes());
            canonical.push(b':');
            canonical.extend_from_slice(value);
            canonical.push(b'\n');
        }
        canonical
            .extend_from_slice(format!("\n{}\n{}", self.signed_headers, sha256(body)).as_bytes());
        let Self { date, region, service, .. } = self;
        let to_sign = format!(
            "{ALGORITHM}\n{amz_date}\n{date}/{region}/{service}/aws4_request\n{}",
            sha256(&canonical)
        );
        let mut key = hmac::Key::new(hmac::HMAC_SHA256, format!("AWS4{secret}").as_bytes());
        for part in [date, region, service, "aws4_request"] {
            key = hmac::Key::new(hmac::HMAC_SHA256, hmac::sign(&key, part.as_bytes()).as_ref());
        }
        hex(hmac::sign(&key, to_sign.as_bytes()).as_ref())
    }
}

/// The signed date, if it is one, recent, and of the day that the credential's scope names. Dates
/// compare as text.
fn check_date(
    claim: &Claim<'_>,
    signed: &BTreeMap<&str, Vec<u8>>,
    now: OffsetDateTime,
) -> Result<String, String> {
    let Some(date) = signed.get("x-amz-date") else {
        return Err("X-Amz-Date header is mandatory for signature verification".to_owned());
    };
    let date = String::from_utf8_lossy(date);
    let (earliest, latest) = (amz_date(now - SKEW), amz_date(now + SKEW));
    if *date < *earliest {
        return Err(format!(
            "Signature expired: {date} is now earlier than {earliest} (current time - 15 min.)"
        ));
    }
    if *date > *latest {
        return Err(format!(
            "Signature not yet current: {date} is still later than {latest} (current time + 15 min.)"
        ));
    }
    let day = date.get(..8).unwrap_or(&date);
    if day != claim.date {
        return Err(format!(
            "X-Amz-Date date does not match the provided datestamp. Expected {}, got {day}",
            claim.date
        ));
    }
    Ok(date.into_owned())
}

#[expect(
    clippy::expect_used,
    reason = "an OffsetDateTime has every component that the format names"
)]
fn amz_date(at: OffsetDateTime) -> String {
    at.to_offset(time::UtcOffset::UTC).format(AMZ_DATE).expect("the format suits the type")
}

/// A header's value without the blanks around it.
fn value(head: &Head, name: &str) -> Option<Vec<u8>> {
    Some(head.get(name)?.trim_ascii().to_vec())
}

fn squeeze_spaces(mut value: Vec<u8>) -> Vec<u8> {
    value.dedup_by(|next, previous| (*next, *previous) == (b' ', b' '));
    value
}

fn sha256(bytes: &[u8]) -> String {
    hex(digest::digest(&digest::SHA256, bytes).as_ref())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests;
