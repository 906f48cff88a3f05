//! The requests as the SDK made them, to be compared with what arrived.

use std::sync::{Arc, Mutex};

use alternator_testcluster::{Cluster, Node};
use aws_sdk_dynamodb::config::interceptors::BeforeTransmitInterceptorContextRef;
use aws_sdk_dynamodb::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_dynamodb::error::BoxError;

/// Notes every request that the SDK hands to its HTTP client. Clones share the notes.
#[derive(Clone, Debug, Default)]
pub(crate) struct Made(Arc<Mutex<Vec<Request>>>);

/// What no node reads and no signature covers, which the connector leaves out.
const LEFT_OUT: [&str; 3] = ["user-agent", "amz-sdk-request", "amz-sdk-invocation-id"];

/// The lines of a head in alphabetical order without those that are left out, and a body. The Host
/// line is missing: the SDK leaves it to its HTTP client.
#[derive(Clone, Debug)]
struct Request {
    head: Vec<String>,
    body: Vec<u8>,
}

/// The head of a DynamoDB request as a node received it.
#[derive(Debug)]
pub(crate) struct Arrived {
    node: Node,
    bytes: Vec<u8>,
    lines: Vec<String>,
}

impl Intercept for Made {
    fn name(&self) -> &'static str {
        "Made"
    }

    fn read_before_transmit(
        &self,
        context: &BeforeTransmitInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let request = context.request();
        let headers = request.headers().iter();
        let mut head: Vec<_> = headers
            .filter(|(name, _)| !LEFT_OUT.contains(name))
            .map(|(name, value)| format!("{name}: {value}"))
            .collect();
        head.push(format!("{} / HTTP/1.1", request.method()));
        head.sort();
        let body = request.body().bytes().unwrap_or_default().to_vec();
        self.0.lock().unwrap().push(Request { head, body });
        Ok(())
    }
}

impl Made {
    pub(crate) fn count(&self) -> usize {
        self.0.lock().unwrap().len()
    }

    /// Checks that a request arrived as it was made, byte for byte, with nothing added but one Host
    /// header, and nothing missing but what is left out.
    pub(crate) fn assert_unchanged(&self, arrived: &Arrived) {
        let is_host = |line: &String| line.starts_with("host: ");
        let (host, rest): (Vec<_>, Vec<_>) = arrived.lines.iter().cloned().partition(is_host);
        assert_eq!(host.len(), 1, "{arrived:?}");
        let made = self.0.lock().unwrap();
        let request = made
            .iter()
            .find(|request| request.head == rest)
            .unwrap_or_else(|| panic!("the SDK did not make {arrived:?}"));
        let whole = [&arrived.bytes[..], &request.body].concat();
        assert!(!request.body.is_empty() && arrived.node.saw(&whole), "{arrived:?}");
    }
}

impl Arrived {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.lines.iter().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
    }

    /// The names in `SignedHeaders`.
    pub(crate) fn signed(&self) -> Vec<&str> {
        let authorization = self.header("authorization").expect("it is signed");
        let (_, names) = authorization.split_once("SignedHeaders=").unwrap();
        names.split(',').next().unwrap().split(';').collect()
    }
}

/// Every DynamoDB request of the SDK of which a node has received the head, node by node. Probes
/// are the connector's own.
pub(crate) fn arrived(cluster: &Cluster) -> Vec<Arrived> {
    let mut all = Vec::new();
    for node in cluster.nodes() {
        for bytes in node.heads() {
            let text = str::from_utf8(&bytes).unwrap();
            let mut lines: Vec<_> = text.trim_end().split("\r\n").map(str::to_owned).collect();
            if lines[0].starts_with("POST") && !text.contains("DescribeEndpoints") {
                lines.sort();
                all.push(Arrived { node: node.clone(), bytes, lines });
            }
        }
    }
    all
}
