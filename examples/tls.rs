//! HTTPS with a private certificate authority, for nodes that demand a certificate of the client
//! too.

mod common;

use alternator_connector::{AlternatorConnector, Error, Tls};
use alternator_testcluster::Cluster;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::KeyType;

use common::{Failure, SECRET, USER, check, create_table, s, sdk_config};

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let cluster = Cluster::builder()
        .nodes(3)
        .auth(USER, SECRET)
        .tls(alternator_testcluster::Tls::Mutual)
        .start()?;
    // Files, usually.
    let (ca, (certificate, key)) = (cluster.ca_pem(), cluster.client_identity());

    println!("the nodes are {}", cluster.urls().join(" "));
    let tls = Tls::new().ca_pem(ca).client_identity_pem(certificate, key);
    let connector =
        AlternatorConnector::builder().seeds(cluster.urls()).tls(tls.clone()).build()?;
    let client = Client::new(&sdk_config(&connector).await);
    create_table(&client, "secrets", &[("id", KeyType::Hash)])?.send().await?;
    client.put_item().table_name("secrets").item("id", s("1")).send().await?;
    let found = client.scan().table_name("secrets").send().await?;
    check(found.count() == 1, "requests are served over TLS")?;

    // Nodes are dialed by address. Where their certificates hold a name instead, say which.
    let connector = AlternatorConnector::builder()
        .seeds(cluster.urls())
        .tls(tls.server_name("alternator.test"))
        .build()?;
    let client = Client::new(&sdk_config(&connector).await);
    let found = client.scan().table_name("secrets").send().await?;
    check(found.count() == 1, "certificates may hold a name")?;

    println!("not everyone is trusted");
    let other = Cluster::builder().start()?;
    let stranger = Tls::new().ca_pem(other.ca_pem());
    fails(&cluster, stranger, "UnknownIssuer").await?;
    let anonymous = Tls::new().ca_pem(ca);
    fails(&cluster, anonymous, "CertificateRequired").await
}

/// Checks that nothing comes of a connection with these settings, and that the error says why.
async fn fails(cluster: &Cluster, tls: Tls, why: &str) -> Result<(), Failure> {
    let connector = AlternatorConnector::builder().seeds(cluster.urls()).tls(tls).build()?;
    let error = connector.refresh().await.err().map(|error| Error::explain(&error));
    let error = error.unwrap_or_default();
    println!("  {error}");
    check(error.contains(why), &format!("the error says {why}"))
}
