//! The clients that are compared, but for what a benchmark sets.

use alternator_driver::{AlternatorBuilder, AlternatorConfig};
use aws_config::{BehaviorVersion, ConfigLoader, Region};
use aws_sdk_dynamodb::config::Credentials;

const REGION: Region = Region::from_static("us-east-1");

/// Returns what requests are signed with.
pub fn credentials() -> Credentials {
    Credentials::new("AKIDEXAMPLE", "secret", None, None, "bench")
}

/// The SDK's configuration, with its defaults and neither credentials nor a place to send requests
/// to.
pub fn sdk() -> ConfigLoader {
    aws_config::defaults(BehaviorVersion::latest()).region(REGION)
}

/// `alternator-client` with its defaults and no credentials, for nodes that speak HTTP.
pub fn peer(urls: &[String]) -> AlternatorBuilder {
    let address = |url: &String| {
        let address = url.strip_prefix("http://").expect("nodes speak http");
        let (host, port) = address.split_once(':').expect("urls have a port");
        (host.to_owned(), port.to_owned())
    };
    let (hosts, ports): (Vec<_>, Vec<_>) = urls.iter().map(address).unzip();
    AlternatorConfig::builder()
        .scheme("http")
        .port(ports[0].parse().unwrap())
        .seed_hosts(hosts)
        .region(REGION)
}
