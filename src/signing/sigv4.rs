//! The texts of Signature Version 4: the canonical request, what is signed of it, and the header
//! that comes of it.

use std::iter::once;

use aws_credential_types::Credentials;

use super::crypto::{Hex, sha256};
use super::date::Date;
use super::keys::{CredentialScope, Keys, SigningKey};
use super::text::Text;

/// What a signature covers of a request.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Request<'a> {
    pub(crate) method: &'a str,
    /// Path and query in the canonical form, which is not made here, as DynamoDB has one path and
    /// no query.
    pub(crate) path: &'a str,
    pub(crate) query: &'a str,
    /// In alphabetical order, with names in lower case, and values without blanks at their ends or
    /// more than one in a row.
    pub(crate) headers: &'a [(&'a str, &'a [u8])],
    pub(crate) body: &'a [u8],
}

/// The value of the `Authorization` header of a request that these credentials sign on this date.
/// Their session token is one of the request's headers, if it is to be signed.
pub(crate) fn authorization(
    keys: &Keys,
    credentials: &Credentials,
    date: &Date,
    (region, service): (&str, &str),
    request: Request<'_>,
) -> String {
    let canonical = canonical(request);
    let scope = CredentialScope { day: date.day(), region, service };
    keys.with(credentials, scope, |key| {
        let mut message = Text::new();
        for part in ["AWS4-HMAC-SHA256\n", date.as_str(), "\n", &key.scope, "\n"] {
            message.push(part.as_bytes());
        }
        message.push(sha256(canonical.as_bytes()).as_bytes());
        header(request, credentials, key, &key.sign(message.as_bytes()))
    })
}

fn header(
    request: Request<'_>,
    credentials: &Credentials,
    key: &SigningKey,
    signature: &Hex,
) -> String {
    const CREDENTIAL: &str = "AWS4-HMAC-SHA256 Credential=";
    const SIGNED_HEADERS: &str = ", SignedHeaders=";
    const SIGNATURE: &str = ", Signature=";
    let access_key = credentials.access_key_id();
    // A header value of exactly this size is taken over by the request without another allocation.
    let names: usize = names(request.headers).map(str::len).sum();
    let around = CREDENTIAL.len() + SIGNED_HEADERS.len() + SIGNATURE.len() + 1;
    let length = around + access_key.len() + key.scope.len() + names + signature.as_str().len();
    let mut value = String::with_capacity(length);
    for part in [CREDENTIAL, access_key, "/", &key.scope, SIGNED_HEADERS] {
        value.push_str(part);
    }
    value.extend(self::names(request.headers));
    value.push_str(SIGNATURE);
    value.push_str(signature.as_str());
    value
}

fn canonical(request: Request<'_>) -> Text {
    let mut text = Text::new();
    for part in [request.method, "\n", request.path, "\n", request.query, "\n"] {
        text.push(part.as_bytes());
    }
    for (name, value) in request.headers {
        for part in [name.as_bytes(), b":", value, b"\n"] {
            text.push(part);
        }
    }
    text.push(b"\n");
    names(request.headers).for_each(|part| text.push(part.as_bytes()));
    text.push(b"\n");
    text.push(sha256(request.body).as_bytes());
    text
}

/// The names of the headers, and what stands between them.
fn names<'a>(headers: &'a [(&'a str, &'a [u8])]) -> impl Iterator<Item = &'a str> {
    let between = once("").chain(std::iter::repeat(";"));
    headers.iter().zip(between).flat_map(|((name, _), between)| [between, *name])
}
