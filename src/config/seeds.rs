//! The seeds: where the cluster is first looked for, and the URLs that name it. Scheme and port of
//! the seeds are those of all nodes.
//!
//! They are not parsed by the `url` crate, which forgets a default port that was written: it prints
//! `http://a:80` as `http://a/`, while the errors and logs here are to show what was given.

use std::fmt;
use std::net::{IpAddr, SocketAddr};

use http::Uri;

use crate::address::host;
use crate::error::ConfigError;

/// The scheme that all nodes are spoken to with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scheme {
    Http,
    Https,
}

impl Scheme {
    fn parse(text: &str) -> Option<Self> {
        [Self::Http, Self::Https]
            .into_iter()
            .find(|scheme| text.eq_ignore_ascii_case(scheme.as_str()))
    }

    fn as_str(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Https => "https",
        }
    }

    pub(crate) fn default_port(self) -> u16 {
        match self {
            Self::Http => 80,
            Self::Https => 443,
        }
    }
}

impl fmt::Display for Scheme {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A host: one address, or a name that stands for all its addresses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum SeedHost {
    Ip(IpAddr),
    Name(Box<str>),
}

impl SeedHost {
    fn parse(text: &str) -> Result<Self, &'static str> {
        if let Some(ip) = parse_ip(text) {
            let ip = host(ip).ok_or("has an address that cannot be one host's")?;
            return Ok(Self::Ip(ip));
        }
        // The rules for names are those of certificates, so that a name works for http and https
        // alike.
        match rustls::pki_types::DnsName::try_from(text) {
            Ok(_) => Ok(Self::Name(text.to_ascii_lowercase().into())),
            Err(_) => Err("has no valid host"),
        }
    }

    /// Whether this is how the host of a URL reads.
    fn is(&self, text: &str) -> bool {
        match self {
            Self::Ip(ip) => parse_ip(text) == Some(*ip),
            Self::Name(name) => name.eq_ignore_ascii_case(text),
        }
    }
}

/// The address that a URL's host is; an IPv4 address has one form here, however it is written.
fn parse_ip(host: &str) -> Option<IpAddr> {
    let ip: IpAddr = match host.strip_prefix('[') {
        Some(v6) => v6.strip_suffix(']')?.parse().ok()?,
        None => host.parse().ok()?,
    };
    Some(ip.to_canonical())
}

/// Scheme, port and host of a URL that has nothing else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Origin {
    pub(crate) scheme: Scheme,
    pub(crate) port: u16,
    host: SeedHost,
}

impl Origin {
    /// Reads a URL, or says what is wrong with it.
    pub(crate) fn parse(url: &str) -> Result<Self, &'static str> {
        // A URL of the crate `http` has no place for a zone.
        let bracketed = url.split(['[', ']']).nth(1);
        if bracketed.is_some_and(|host| host.contains('%')) {
            return Err("has an IPv6 zone; use an address that needs none");
        }
        let uri: Uri = url.parse().map_err(|_| "is not a URL")?;
        let scheme = uri.scheme_str().ok_or("has no scheme, http or https")?;
        let scheme = Scheme::parse(scheme).ok_or("has a scheme other than http and https")?;
        // A URL with a scheme has an authority, or it would not have parsed.
        let authority = uri.authority().ok_or("has no host")?;
        if authority.as_str().contains('@') {
            return Err("has user information; credentials belong in the SDK's configuration");
        }
        if uri.path() != "/" || uri.query().is_some() || url.contains('#') {
            return Err("has a path, query or fragment");
        }
        let host = authority.host();
        let port = match authority.as_str().strip_prefix(host) {
            Some("") => scheme.default_port(),
            _ => match authority.port_u16() {
                None | Some(0) => return Err("has a port that is not a number from 1 to 65535"),
                Some(port) => port,
            },
        };
        Ok(Self { scheme, port, host: SeedHost::parse(host)? })
    }

    /// Whether a request to `uri` is for this origin. Checked for every request, so nothing is
    /// allocated.
    pub(crate) fn matches(&self, uri: &Uri) -> bool {
        uri.scheme_str().and_then(Scheme::parse) == Some(self.scheme)
            && uri.port_u16().unwrap_or_else(|| self.scheme.default_port()) == self.port
            && uri.host().is_some_and(|host| self.host.is(host))
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { scheme, port, host } = self;
        match host {
            SeedHost::Ip(ip) => write!(f, "{scheme}://{}", SocketAddr::new(*ip, *port)),
            SeedHost::Name(name) => write!(f, "{scheme}://{name}:{port}"),
        }
    }
}

/// A URL as the user wrote it. `Debug` leaves out the user information, which may hold a password.
#[derive(Clone)]
pub(crate) struct GivenUrl(String);

impl GivenUrl {
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl<S: Into<String>> From<S> for GivenUrl {
    fn from(url: S) -> Self {
        Self(url.into())
    }
}

impl fmt::Debug for GivenUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", without_secrets(&self.0))
    }
}

/// All seeds of a cluster; never empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Seeds {
    /// Its scheme and port are those of all seeds.
    pub(crate) first: Origin,
    pub(crate) hosts: Vec<SeedHost>,
}

impl Seeds {
    pub(crate) fn parse(urls: &[GivenUrl]) -> Result<Self, ConfigError> {
        let mut urls = urls.iter().map(GivenUrl::as_str);
        let given = urls.next().ok_or(ConfigError::NoSeeds)?;
        let first = parse(given)?;
        let mut hosts = vec![first.host.clone()];
        for other in urls {
            let Origin { scheme, port, host } = parse(other)?;
            if (scheme, port) != (first.scheme, first.port) {
                return Err(ConfigError::MixedSeeds {
                    first: given.to_owned(),
                    other: other.to_owned(),
                    what: if scheme == first.scheme { "port" } else { "scheme" },
                });
            }
            if !hosts.contains(&host) {
                hosts.push(host);
            }
        }
        Ok(Self { first, hosts })
    }
}

fn parse(seed: &str) -> Result<Origin, ConfigError> {
    Origin::parse(seed).map_err(|reason| ConfigError::Seed { seed: without_secrets(seed), reason })
}

/// A URL as it may be shown: without the user information, which may hold a password.
pub(crate) fn without_secrets(url: &str) -> String {
    match url.rsplit_once('@') {
        None => url.to_owned(),
        Some((before, host)) => {
            let scheme = before.find("://").map_or("", |at| &before[..at + 3]);
            format!("{scheme}***@{host}")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seeds(texts: &[&str]) -> Result<Seeds, ConfigError> {
        Seeds::parse(&texts.iter().map(|s| (*s).into()).collect::<Vec<_>>())
    }

    #[test]
    fn scheme_host_and_port_are_taken_from_the_url() {
        let parsed = seeds(&["HTTPS://Alternator.Example.com:8043/"]).unwrap();
        assert_eq!((parsed.first.scheme, parsed.first.port), (Scheme::Https, 8043));
        assert_eq!(parsed.hosts, [SeedHost::Name("alternator.example.com".into())]);
        assert_eq!(
            seeds(&["http://[::1]:8000"]).unwrap().hosts,
            [SeedHost::Ip("::1".parse().unwrap())]
        );
        assert_eq!(seeds(&["http://a"]).unwrap().first.port, 80);
        assert_eq!(seeds(&["https://a"]).unwrap().first.port, 443);
    }

    #[test]
    fn the_same_host_twice_counts_once() {
        assert_eq!(seeds(&["http://a:1", "http://A:1/", "http://b:1"]).unwrap().hosts.len(), 2);
    }

    #[test]
    fn a_bad_seed_is_named_in_the_error() {
        for bad in [
            "",
            "10.0.0.1:8000",
            "ftp://a:1",
            "http://",
            "http://a:1/path",
            "http://a:1?x=y",
            "http://a:1/#f",
            "http://a:0",
            "http://a:99999",
            "http://a:x",
            "http://a:",
            "http://[::1:8000",
            "http://[zz]:1",
            "http://a b:1",
            "http://.:1",
            "http://0.0.0.0:1",
            "http://[::]:1",
            "http://224.0.0.1:1",
            "http://[ff02::1]:1",
            "http://[::ffff:0.0.0.0]:1",
            "http://255.255.255.255:1",
        ] {
            let error = seeds(&["http://ok:1", bad]).unwrap_err().to_string();
            assert!(error.contains(&format!("{bad:?}")), "{bad}: {error}");
        }
    }

    #[test]
    fn a_password_in_a_seed_is_not_shown() {
        for bad in ["http://user:p@ss@a:1", "user:p@ss@a:1", "http://user:p@ss@a:1/x y"] {
            let error = seeds(&[bad]).unwrap_err().to_string();
            assert!(error.contains("***@a:1") && !error.contains("ss"), "{error}");
        }
    }

    #[test]
    fn seeds_that_differ_in_scheme_or_port_are_refused() {
        for (other, what) in [("https://b:1", "scheme"), ("http://b:2", "port")] {
            let error = seeds(&["http://a:1", other]).unwrap_err().to_string();
            assert!(error.contains("http://a:1") && error.contains(other) && error.contains(what));
        }
        assert!(matches!(seeds(&[]), Err(ConfigError::NoSeeds)));
    }

    #[test]
    fn an_ipv4_address_is_the_same_however_it_is_written() {
        assert_eq!(
            seeds(&["http://[::ffff:10.0.0.1]:1", "http://10.0.0.1:1"]).unwrap().hosts,
            [SeedHost::Ip("10.0.0.1".parse().unwrap())]
        );
    }

    #[test]
    fn a_zone_is_refused_as_such() {
        for seed in ["http://[fe80::1%eth0]:1", "http://[fe80::1%252]:1"] {
            let error = seeds(&[seed]).unwrap_err().to_string();
            assert!(error.contains("zone"), "{error}");
        }
    }

    #[test]
    fn an_endpoint_is_compared_by_scheme_host_and_port() {
        for (endpoint, same, others) in [
            (
                "http://Alternator.example.com:80",
                "HTTP://alternator.Example.com/?x=y",
                [
                    "https://alternator.example.com/",
                    "http://alternator.example.com:81/",
                    "http://b/",
                    "/",
                ],
            ),
            (
                "https://[2001:DB8::1]",
                "https://[2001:db8:0::1]:443/",
                [
                    "http://[2001:db8::1]:443/",
                    "https://[2001:db8::1]:80/",
                    "https://[2001:db8::2]/",
                    "*",
                ],
            ),
        ] {
            let origin = Origin::parse(endpoint).unwrap();
            assert!(origin.matches(&same.parse().unwrap()), "{same}");
            for other in others {
                assert!(!origin.matches(&other.parse().unwrap()), "{other}");
            }
        }
    }
}
