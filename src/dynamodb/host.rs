//! The host of a request: what SigV4 signs, and so what the Host header must say.

use http::request::Parts;
use http::{HeaderValue, Uri, Version, header};

use crate::error::Error;

/// Turns the URI into what a server expects, and keeps the host that was signed in the Host header.
pub(crate) fn address(head: &mut Parts) -> Result<(), Error> {
    if !head.headers.contains_key(header::HOST) {
        let host = signed_host(&head.uri)
            .ok_or_else(|| Error::Request { source: "its URI has no host".into() })?;
        head.headers.insert(header::HOST, host);
    }
    head.uri = match head.uri.path_and_query() {
        Some(path) if path != "/" => Uri::from(path.clone()),
        _ => Uri::from_static("/"),
    };
    head.version = Version::HTTP_11;
    Ok(())
}

/// The host as SigV4 signs it.
fn signed_host(uri: &Uri) -> Option<HeaderValue> {
    let authority = uri.authority()?.as_str();
    let host = uri.scheme_str().map_or(authority, |scheme| of(scheme, authority));
    HeaderValue::from_str(host).ok()
}

/// The host of a URI with this scheme and authority: the port is left out where it is the scheme's
/// own.
pub(crate) fn of<'a>(scheme: &str, authority: &'a str) -> &'a str {
    let port = match scheme {
        "http" => ":80",
        "https" => ":443",
        _ => return authority,
    };
    authority.strip_suffix(port).unwrap_or(authority)
}

/// The host of a URI like `http://10.0.0.1:8000/`, which names nothing but a scheme and a host.
#[cfg(feature = "dynamodb_config")]
pub(crate) fn of_root(uri: &str) -> Option<&str> {
    let (scheme, rest) = match uri.strip_prefix("http://") {
        Some(rest) => ("http", rest),
        None => ("https", uri.strip_prefix("https://")?),
    };
    let authority = rest.strip_suffix('/').unwrap_or(rest);
    let is_host =
        !authority.is_empty() && !authority.bytes().any(|b| matches!(b, b'/' | b'?' | b'#' | b'@'));
    is_host.then(|| of(scheme, authority))
}

#[cfg(test)]
mod tests {
    use http::Request;

    use super::*;

    #[test]
    fn the_port_of_the_scheme_is_left_out() {
        for (uri, host) in [
            ("https://dynamodb.us-east-1.amazonaws.com/", "dynamodb.us-east-1.amazonaws.com"),
            ("http://a:80/", "a"),
            ("https://a:443", "a"),
            ("http://a:443", "a:443"),
            ("https://a:80/", "a:80"),
            ("http://a:8080", "a:8080"),
            ("http://[::1]:8000/", "[::1]:8000"),
            ("http://[::1]:80/", "[::1]"),
            ("http://[::80]/", "[::80]"),
        ] {
            assert_eq!(of_root(uri), Some(host), "{uri}");
        }
    }

    #[test]
    fn a_uri_with_more_than_a_host_is_no_root() {
        for uri in [
            "/",
            "a:80",
            "http://",
            "http:///",
            "http://a//",
            "http://a/b",
            "http://a?b",
            "http://a/?b",
            "http://a#b",
            "http://u@a/",
            "ftp://a/",
            "HTTP://a/",
        ] {
            assert_eq!(of_root(uri), None, "{uri}");
        }
    }

    #[test]
    fn the_host_is_the_one_that_was_signed() {
        let host = |uri: &str| {
            let (mut head, ()) = Request::builder().uri(uri).body(()).unwrap().into_parts();
            address(&mut head).unwrap();
            assert_eq!(head.uri, "/");
            head.headers[header::HOST].to_str().unwrap().to_owned()
        };
        assert_eq!(
            host("https://dynamodb.us-east-1.amazonaws.com/"),
            "dynamodb.us-east-1.amazonaws.com"
        );
        assert_eq!(host("http://a:80/"), "a");
        assert_eq!(host("https://a:443"), "a");
        assert_eq!(host("http://a:443"), "a:443");
        assert_eq!(host("https://a:80"), "a:80");
        assert_eq!(host("http://[::1]:8000/"), "[::1]:8000");
    }

    #[test]
    fn a_host_header_that_is_there_already_stays() {
        let request =
            Request::builder().uri("http://a:1/").header("host", "signed").body(()).unwrap();
        let (mut head, ()) = request.into_parts();
        address(&mut head).unwrap();
        assert_eq!(head.headers[header::HOST], "signed");
    }

    #[test]
    fn a_request_without_any_host_is_an_error() {
        let (mut head, ()) = Request::builder().uri("/").body(()).unwrap().into_parts();
        assert!(matches!(address(&mut head), Err(Error::Request { .. })));
    }
}
