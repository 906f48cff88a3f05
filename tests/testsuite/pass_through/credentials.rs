//! Every way by which the SDK fetches credentials works through the connector, and its secrets stay
//! away from the nodes.

use alternator_testcluster::Cluster;

use crate::pass_through::program;
use crate::support::file::File;
use crate::support::server::Server;
use crate::support::{USER, connector, create_table, sdk_config};

/// What the servers of credentials hand out. The session token is meant for the nodes, the secret
/// is for nobody.
const SECRET: &str = "secret-key-of-the-role";
const SESSION: &str = "session-token-of-the-role";

/// A cluster that knows the role's credentials and nobody else's.
async fn cluster() -> Cluster {
    let cluster = Cluster::builder().nodes(3).auth(USER.0, SECRET).start().unwrap();
    let connector = connector(&cluster).build().unwrap();
    let credentials =
        aws_sdk_dynamodb::config::Credentials::new(USER.0, SECRET, None, None, "test");
    let config = aws_sdk_dynamodb::config::Builder::from(&sdk_config(&connector).await)
        .credentials_provider(credentials);
    create_table(&aws_sdk_dynamodb::Client::from_conf(config.build())).await;
    cluster
}

fn json() -> String {
    format!(
        r#"{{"Code": "Success", "Type": "AWS-HMAC", "AccessKeyId": "{}", "SecretAccessKey": "{SECRET}",
            "Token": "{SESSION}", "Expiration": "2099-01-01T00:00:00Z", "LastUpdated": "2020-01-01T00:00:00Z"}}"#,
        USER.0
    )
}

fn sts(action: &str) -> String {
    format!(
        "<{action}Response xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><{action}Result><Credentials>\
         <AccessKeyId>{}</AccessKeyId><SecretAccessKey>{SECRET}</SecretAccessKey>\
         <SessionToken>{SESSION}</SessionToken><Expiration>2099-01-01T00:00:00Z</Expiration></Credentials>\
         <AssumedRoleUser><AssumedRoleId>A:s</AssumedRoleId><Arn>arn:aws:sts::111122223333:assumed-role/r/s</Arn>\
         </AssumedRoleUser></{action}Result></{action}Response>",
        USER.0
    )
}

/// Runs the program, and checks that its requests were served and that no node saw a secret which
/// the server saw.
fn assert_works(
    cluster: &Cluster,
    server: &Server,
    environment: &[(&str, &str)],
    secrets: &[&str],
) {
    let printed = program::run(cluster, environment);
    assert_eq!(printed.matches("written").count(), 9, "{printed}");
    let requests = server.requests().concat();
    for secret in secrets {
        assert!(requests.contains(secret), "{secret} in {requests}");
    }
    for node in cluster.nodes() {
        assert!(node.saw(SESSION.as_bytes()), "{node:?} sees what it is sent");
        for secret in secrets.iter().chain([&SECRET]) {
            assert!(!node.saw(secret.as_bytes()), "{secret} reached {node:?}");
        }
        let strange = |head: &Vec<u8>| {
            !head.starts_with(b"GET /localnodes") && !head.starts_with(b"POST / HTTP/1.1\r\n")
        };
        assert!(!node.heads().iter().any(strange), "{node:?}");
    }
    assert!(!requests.contains("DynamoDB"), "{requests}");
}

#[tokio::test]
async fn container_credentials_work_and_stay_secret() {
    let cluster = cluster().await;
    let server = Server::start(|head, _| head.starts_with("GET /credentials ").then(json));
    let url = format!("{}/credentials", server.url());
    let environment = [
        ("AWS_REGION", "us-east-1"),
        ("AWS_CONTAINER_CREDENTIALS_FULL_URI", &*url),
        ("AWS_CONTAINER_AUTHORIZATION_TOKEN", "token-of-the-container"),
    ];
    assert_works(&cluster, &server, &environment, &["authorization: token-of-the-container"]);
}

#[tokio::test]
async fn instance_metadata_gives_region_and_credentials_and_stays_secret() {
    let cluster = cluster().await;
    let server = Server::start(|head, _| {
        Some(match head.split(' ').nth(1)? {
            "/latest/api/token" => "token-of-the-instance".to_owned(),
            "/latest/meta-data/placement/region" => "mars-north-1".to_owned(),
            path if path.ends_with("/role") => json(),
            path if path.contains("/iam/security-credentials") => "role".to_owned(),
            _ => return None,
        })
    });
    let url = server.url();
    let environment = [("AWS_EC2_METADATA_SERVICE_ENDPOINT", &*url)];
    assert_works(
        &cluster,
        &server,
        &environment,
        &["x-aws-ec2-metadata-token: token-of-the-instance"],
    );
    assert!(cluster.node(0).saw(b"/mars-north-1/dynamodb/"));
}

#[tokio::test]
async fn a_web_identity_token_is_for_sts_alone() {
    let cluster = cluster().await;
    let server = Server::start(|_, body| {
        body.contains("Action=AssumeRoleWithWebIdentity").then(|| sts("AssumeRoleWithWebIdentity"))
    });
    let (url, token) = (server.url(), File::new("token", "web-identity-token"));
    let environment = [
        ("AWS_REGION", "us-east-1"),
        ("AWS_ROLE_ARN", "arn:aws:iam::111122223333:role/r"),
        ("AWS_WEB_IDENTITY_TOKEN_FILE", token.path()),
        ("AWS_ENDPOINT_URL_STS", &*url),
    ];
    assert_works(&cluster, &server, &environment, &["web-identity-token"]);
}

#[tokio::test]
async fn an_assumed_role_is_asked_of_sts_with_a_signature_that_no_node_sees() {
    let cluster = cluster().await;
    let server =
        Server::start(|_, body| body.contains("Action=AssumeRole&").then(|| sts("AssumeRole")));
    let config = File::new(
        "profile",
        "[default]\nrole_arn = arn:aws:iam::111122223333:role/r\nsource_profile = base\nregion = us-east-1\n\
         [profile base]\naws_access_key_id = key-of-the-base\naws_secret_access_key = secret-of-the-base\n",
    );
    let url = server.url();
    let environment = [("AWS_CONFIG_FILE", config.path()), ("AWS_ENDPOINT_URL_STS", &*url)];
    assert_works(
        &cluster,
        &server,
        &environment,
        &["Credential=key-of-the-base/", "/sts/aws4_request"],
    );
    assert!(!cluster.nodes().iter().any(|node| node.saw(b"secret-of-the-base")));
}

/// The name of STS exists for the proxy alone, and the proxy hears of nothing else: neither of
/// nodes nor of AWS.
#[tokio::test]
async fn a_proxy_of_the_environment_is_for_what_passes_through_and_not_for_nodes() {
    let cluster = cluster().await;
    let proxy = Server::start(|head, _| {
        head.starts_with("POST http://sts.invalid/ HTTP/1.1\r\n")
            .then(|| sts("AssumeRoleWithWebIdentity"))
    });
    let (url, token) = (proxy.url(), File::new("token", "web-identity-token"));
    let mut environment = vec![
        ("AWS_REGION", "us-east-1"),
        ("AWS_ROLE_ARN", "arn:aws:iam::111122223333:role/r"),
        ("AWS_WEB_IDENTITY_TOKEN_FILE", token.path()),
        ("AWS_ENDPOINT_URL_STS", "http://sts.invalid"),
    ];
    for name in ["http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"]
    {
        environment.push((name, &*url));
    }
    assert_works(&cluster, &proxy, &environment, &["web-identity-token"]);
    assert_eq!(proxy.requests().len(), 1);

    // With every node gone, a request of DynamoDB's still looks for no other way.
    cluster.nodes().iter().for_each(|node| node.stop());
    let printed = program::run(&cluster, &environment);
    assert!(printed.contains("no node could be reached"), "{printed}");
    let requests = proxy.requests();
    assert!(requests.iter().all(|r| r.starts_with("POST http://sts.invalid/ ")), "{requests:?}");
}
