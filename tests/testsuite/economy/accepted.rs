//! Every operation with every combination of options, in each of the three ways in which nodes know
//! a client.

use alternator_connector::{Authentication, Tls};
use alternator_testcluster::{Cluster, Version};

use crate::economy::clients::{Clients, anonymous, eventually_compresses};
use crate::economy::enforcing;
use crate::economy::operations::{OPERATIONS, run_all};
use crate::economy::options::{Coding, Options};
use crate::support::heads::heads;
use crate::support::{connector, sdk_config, without_key_routing};

/// How nodes know who sends a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Known {
    BySignature,
    Not,
    ByCertificate,
}

impl Known {
    fn cluster(self) -> Cluster {
        let cluster = match self {
            Self::BySignature => enforcing(),
            Self::Not => Cluster::builder().nodes(3),
            Self::ByCertificate => {
                enforcing().tls(alternator_testcluster::Tls::Mutual).version(Version::V2026_4)
            }
        };
        cluster.start().unwrap()
    }

    async fn clients(self, cluster: &Cluster, options: Options) -> Clients {
        let mut builder = options.of(without_key_routing(connector(cluster)));
        if self == Self::ByCertificate {
            let (certificate, key) = cluster.client_identity();
            let tls = Tls::new().ca_pem(cluster.ca_pem());
            builder = builder
                .tls(tls.client_identity_pem(certificate, key))
                .authentication(Authentication::ClientCertificate);
        }
        let connector = builder.build().unwrap();
        let sdk = match self {
            Self::Not => anonymous(&connector).await,
            Self::BySignature | Self::ByCertificate => sdk_config(&connector).await,
        };
        Clients::new(&connector, &sdk)
    }

    /// The headers of every request but that of an encoding, in alphabetical order.
    fn headers(self, options: Options) -> Vec<&'static str> {
        let mut names = options.headers();
        if self == Self::BySignature {
            names.extend(["authorization", "x-amz-date"]);
        }
        names.sort_unstable();
        names
    }
}

async fn every_operation_with_every_combination(known: Known) {
    for options in Options::all() {
        let cluster = known.cluster();
        let clients = known.clients(&cluster, options).await;
        if options.requests.is_some() {
            eventually_compresses(&cluster, &clients.dynamodb).await;
        }
        if let Err(error) = run_all(&clients).await {
            panic!("{known:?}, {options:?}: {error}");
        }
        assert_heads(&cluster, known, options);
        for operation in OPERATIONS {
            let executed = |node: &alternator_testcluster::Node| {
                node.stats().executed_by_operation.get(operation).copied().unwrap_or(0)
            };
            let executed: u64 = cluster.nodes().iter().map(executed).sum();
            assert!(executed > 0, "{known:?}, {options:?}: {operation}");
        }
    }
}

fn assert_heads(cluster: &Cluster, known: Known, options: Options) {
    let wanted = known.headers(options);
    let mut encoded = 0;
    for head in heads(cluster) {
        let mut names = head.names();
        if let Some(encoding) = head.header("content-encoding") {
            let wanted = match options.requests {
                Some(Coding::Gzip) => "gzip",
                Some(Coding::Deflate) => "deflate",
                None => panic!("{options:?}: {head:?}"),
            };
            assert_eq!(encoding, wanted, "{options:?}");
            names.retain(|name| *name != "content-encoding");
            encoded += 1;
        }
        assert_eq!(names, wanted, "{known:?}, {options:?}: {head:?}");
    }
    // The long ones are, at least: one request that creates, one that updates, one batch, and the
    // one that came before.
    assert!(options.requests.is_none() || encoded >= 4, "{encoded}");
}

#[tokio::test]
async fn signed_requests_are_accepted_and_have_the_headers_asked_for() {
    every_operation_with_every_combination(Known::BySignature).await;
}

#[tokio::test]
async fn unsigned_requests_are_accepted_and_have_the_headers_asked_for() {
    every_operation_with_every_combination(Known::Not).await;
}

#[tokio::test]
async fn requests_with_a_certificate_are_accepted_and_have_the_headers_asked_for() {
    every_operation_with_every_combination(Known::ByCertificate).await;
}

#[tokio::test]
async fn a_cluster_that_knows_no_compression_accepts_everything_with_everything_on() {
    for options in Options::all().filter(|options| options.requests.is_some()) {
        let cluster = enforcing().version(Version::V2025).start().unwrap();
        let clients = Known::BySignature.clients(&cluster, options).await;
        for _ in 0..2 {
            if let Err(error) = run_all(&clients).await {
                panic!("{options:?}: {error}");
            }
        }
        let mut encoded = heads(&cluster);
        encoded.retain(|head| head.header("content-encoding").is_some());
        assert!(encoded.is_empty(), "{options:?}: {encoded:?}");
    }
}
