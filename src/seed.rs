//! Where the cluster is first looked for. Scheme and port of the seeds are those of all nodes.

use std::fmt;
use std::net::IpAddr;

use http::Uri;

use crate::error::ConfigError;

/// The scheme that all nodes are spoken to with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scheme {
    Http,
    Https,
}

impl Scheme {
    pub(crate) fn default_port(self) -> u16 {
        match self {
            Self::Http => 80,
            Self::Https => 443,
        }
    }
}

impl fmt::Display for Scheme {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Http => "http",
            Self::Https => "https",
        })
    }
}

/// A seed's host: one address, or a name that stands for all its addresses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Host {
    Ip(IpAddr),
    Name(Box<str>),
}

/// All seeds of a cluster; never empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Seeds {
    pub(crate) scheme: Scheme,
    pub(crate) port: u16,
    pub(crate) hosts: Vec<Host>,
}

impl Seeds {
    pub(crate) fn parse(texts: &[String]) -> Result<Self, ConfigError> {
        let (first, rest) = texts.split_first().ok_or(ConfigError::NoSeeds)?;
        let (scheme, port, host) = parse(first)?;
        let mut seeds = Self {
            scheme,
            port,
            hosts: vec![host],
        };
        for other in rest {
            let (scheme, port, host) = parse(other)?;
            let mixed = |what| ConfigError::MixedSeeds {
                first: first.clone(),
                other: other.clone(),
                what,
            };
            if scheme != seeds.scheme {
                return Err(mixed("scheme"));
            }
            if port != seeds.port {
                return Err(mixed("port"));
            }
            if !seeds.hosts.contains(&host) {
                seeds.hosts.push(host);
            }
        }
        Ok(seeds)
    }
}

fn parse(seed: &str) -> Result<(Scheme, u16, Host), ConfigError> {
    let bad = |reason| ConfigError::Seed {
        seed: seed.to_owned(),
        reason,
    };
    let uri: Uri = seed.parse().map_err(|_| bad("is not a URL"))?;
    let scheme = match uri.scheme_str() {
        Some(s) if s.eq_ignore_ascii_case("http") => Scheme::Http,
        Some(s) if s.eq_ignore_ascii_case("https") => Scheme::Https,
        Some(_) => return Err(bad("has a scheme other than http and https")),
        None => return Err(bad("has no scheme, http or https")),
    };
    // A URL with a scheme has an authority, or it would not have parsed.
    let authority = uri.authority().ok_or_else(|| bad("has no host"))?;
    if authority.as_str().contains('@') {
        return Err(bad(
            "has user information; credentials belong in the SDK's configuration",
        ));
    }
    if uri.path() != "/" || uri.query().is_some() || seed.contains('#') {
        return Err(bad("has a path, query or fragment"));
    }
    let host = authority.host();
    let port = match authority.as_str().strip_prefix(host) {
        Some("") => scheme.default_port(),
        _ => match authority.port_u16() {
            None | Some(0) => return Err(bad("has a port that is not a number from 1 to 65535")),
            Some(port) => port,
        },
    };
    Ok((
        scheme,
        port,
        parse_host(host).ok_or_else(|| bad("has no valid host"))?,
    ))
}

fn parse_host(host: &str) -> Option<Host> {
    if let Some(v6) = host.strip_prefix('[') {
        return v6.strip_suffix(']')?.parse().ok().map(Host::Ip);
    }
    if let Ok(ip) = host.parse() {
        return Some(Host::Ip(ip));
    }
    // The rules for names are those of certificates, so that a name works for http and https alike.
    rustls::pki_types::DnsName::try_from(host).ok()?;
    Some(Host::Name(host.to_ascii_lowercase().into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seeds(texts: &[&str]) -> Result<Seeds, ConfigError> {
        Seeds::parse(&texts.iter().map(|s| (*s).to_owned()).collect::<Vec<_>>())
    }

    #[test]
    fn scheme_host_and_port_are_taken_from_the_url() {
        let parsed = seeds(&["HTTPS://Alternator.Example.com:8043/"]).unwrap();
        assert_eq!((parsed.scheme, parsed.port), (Scheme::Https, 8043));
        assert_eq!(parsed.hosts, [Host::Name("alternator.example.com".into())]);
        assert_eq!(
            seeds(&["http://[::1]:8000"]).unwrap().hosts,
            [Host::Ip("::1".parse().unwrap())]
        );
        assert_eq!(seeds(&["http://a"]).unwrap().port, 80);
        assert_eq!(seeds(&["https://a"]).unwrap().port, 443);
    }

    #[test]
    fn the_same_host_twice_counts_once() {
        assert_eq!(
            seeds(&["http://a:1", "http://A:1/", "http://b:1"])
                .unwrap()
                .hosts
                .len(),
            2
        );
    }

    #[test]
    fn a_bad_seed_is_named_in_the_error() {
        for bad in [
            "",
            "10.0.0.1:8000",
            "ftp://a:1",
            "http://",
            "http://user:pw@a:1",
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
        ] {
            let error = seeds(&["http://ok:1", bad]).unwrap_err().to_string();
            assert!(error.contains(&format!("{bad:?}")), "{bad}: {error}");
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
}
