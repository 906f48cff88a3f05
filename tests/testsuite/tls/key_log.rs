//! Session secrets are written down only where that was asked for.

use alternator_connector::AlternatorConnector;
use alternator_testcluster::{Cluster, Tls};

use crate::support::file::File;
use crate::support::{child, client_without_retries};

#[test]
fn session_secrets_are_logged_only_on_request() {
    let cluster = Cluster::builder().tls(Tls::Server).start().unwrap();
    let url = cluster.node(0).url();
    for (asked, logged) in [("yes", true), ("no", false)] {
        let file = File::new("keys", "");
        child::run("tls::key_log::a_program_that_logs_keys", |program| {
            program
                .env("SSLKEYLOGFILE", file.path())
                .env("SEED", &url)
                .env("CA", cluster.ca_pem())
                .env("ASKED", asked)
        });
        let secrets = file.read();
        assert_eq!(secrets.contains("CLIENT_TRAFFIC_SECRET_0 "), logged, "{secrets}");
        assert_eq!(secrets.is_empty(), !logged, "{secrets}");
    }
}

#[tokio::test]
#[ignore = "runs as a child of the test above"]
async fn a_program_that_logs_keys() {
    let mut tls = alternator_connector::Tls::new().ca_pem(child::var("CA"));
    if child::var("ASKED") == "yes" {
        tls = tls.key_log_from_env();
    }
    let connector =
        AlternatorConnector::builder().seed(child::var("SEED")).tls(tls).build().unwrap();
    let client = client_without_retries(&connector).await;
    client.list_tables().send().await.unwrap();
}
