//! The host of a request: what SigV4 signs, and so what the Host header must say.

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
}
