//! Requests as the SDK handed them to its HTTP client, and as nodes received them.

use std::sync::{Arc, Mutex};

use alternator_testcluster::{Cluster, Node};
use aws_sdk_dynamodb::config::interceptors::BeforeTransmitInterceptorContextRef;
use aws_sdk_dynamodb::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_dynamodb::error::BoxError;

/// What no node reads and no signature covers, which the connector leaves out.
const LEFT_OUT: [&str; 3] = ["user-agent", "amz-sdk-request", "amz-sdk-invocation-id"];

/// Records every request that the SDK hands to its HTTP client. Clones share the records.
#[derive(Clone, Debug, Default)]
pub struct Recorder(Arc<Mutex<Vec<Request>>>);

/// A request without its Host header, which the SDK leaves to its HTTP client.
#[derive(Clone, Debug)]
struct Request {
    method: String,
    /// In alphabetical order.
    headers: Vec<String>,
    body: Vec<u8>,
}

impl Request {
    fn without(&self, names: &[&str]) -> Vec<String> {
        let name = |line: &String| line.split_once(": ").unwrap().0.to_owned();
        self.headers.iter().filter(|line| !names.contains(&&*name(line))).cloned().collect()
    }
}

impl Intercept for Recorder {
    fn name(&self) -> &'static str {
        "Recorder"
    }

    fn read_before_transmit(
        &self,
        context: &BeforeTransmitInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let request = context.request();
        let headers = request.headers().iter();
        let mut headers: Vec<_> = headers.map(|(name, value)| format!("{name}: {value}")).collect();
        headers.sort();
        self.0.lock().unwrap().push(Request {
            method: request.method().to_owned(),
            headers,
            body: request.body().bytes().unwrap_or_default().to_vec(),
        });
        Ok(())
    }
}

impl Recorder {
    pub fn count(&self) -> usize {
        self.0.lock().unwrap().len()
    }

    /// Returns the headers of the latest request in alphabetical order, except those of these
    /// names.
    pub fn latest_without(&self, names: &[&str]) -> Vec<String> {
        self.0.lock().unwrap().last().expect("a request was made").without(names)
    }

    /// Checks that a request arrived as it was made, byte for byte, with nothing added but one Host
    /// header, and nothing missing but what is left out.
    pub fn assert_unchanged(&self, arrived: &Head) {
        assert_eq!(arrived.names().iter().filter(|name| **name == "host").count(), 1);
        let headers = arrived.headers_without_host();
        let made = self.0.lock().unwrap();
        let request = made
            .iter()
            .filter(|request| arrived.text.starts_with(&format!("{} / HTTP/1.1", request.method)))
            .find(|request| request.without(&LEFT_OUT) == headers)
            .unwrap_or_else(|| panic!("the SDK did not make {arrived:?}"));
        let whole = [arrived.text.as_bytes(), &request.body].concat();
        assert!(!request.body.is_empty() && arrived.node.saw(&whole), "{arrived:?}");
    }
}

/// The head of a DynamoDB request as a node received it.
#[derive(Clone, Debug)]
pub struct Head {
    node: Node,
    text: String,
}

impl Head {
    pub fn text(&self) -> &str {
        &self.text
    }

    fn headers(&self) -> impl Iterator<Item = &str> {
        headers(&self.text)
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers().find_map(|line| {
            let (field, value) = line.split_once(": ")?;
            field.eq_ignore_ascii_case(name).then_some(value)
        })
    }

    pub fn headers_without_host(&self) -> Vec<String> {
        headers_without_host(&self.text)
    }

    pub fn operation(&self) -> &str {
        let target = self.header("x-amz-target").expect("a target");
        target.split_once('.').expect("an operation").1
    }

    /// Returns the names of its headers in alphabetical order.
    pub fn names(&self) -> Vec<&str> {
        let mut names: Vec<_> =
            self.headers().map(|line| line.split(':').next().expect("a name")).collect();
        names.sort_unstable();
        names
    }

    /// Returns the names in `SignedHeaders`.
    pub fn signed(&self) -> Vec<&str> {
        let authorization = self.header("authorization").expect("it is signed");
        let (_, names) = authorization.split_once("SignedHeaders=").unwrap();
        names.split(',').next().unwrap().split(';').collect()
    }

    /// Returns the access key that it is signed with.
    pub fn access_key(&self) -> &str {
        let authorization = self.header("authorization").expect("it is signed");
        let (_, credential) = authorization.split_once("Credential=").unwrap();
        credential.split('/').next().unwrap()
    }
}

fn headers(head: &str) -> impl Iterator<Item = &str> {
    head.trim_end().split("\r\n").skip(1)
}

/// Returns the headers of a head in alphabetical order, except the host, which the SDK leaves to
/// its HTTP client.
pub fn headers_without_host(head: &str) -> Vec<String> {
    let headers = headers(head).filter(|line| !line.starts_with("host: "));
    let mut headers: Vec<_> = headers.map(str::to_owned).collect();
    headers.sort();
    headers
}

/// Returns every request of the DynamoDB API, node by node, except those that the connector makes
/// itself: all `DescribeEndpoints`.
pub fn heads(cluster: &Cluster) -> Vec<Head> {
    let of = |node: Node| {
        let heads = node.heads();
        heads
            .into_iter()
            .map(move |head| Head { node: node.clone(), text: String::from_utf8(head).unwrap() })
    };
    let all = cluster.nodes().into_iter().flat_map(of);
    all.filter(|head| head.text.starts_with("POST") && head.operation() != "DescribeEndpoints")
        .collect()
}

/// Returns the requests for one operation.
pub fn heads_of(cluster: &Cluster, operation: &str) -> Vec<Head> {
    let mut heads = heads(cluster);
    heads.retain(|head| head.operation() == operation);
    heads
}

/// Returns the only request for an operation.
pub fn head_of(cluster: &Cluster, operation: &str) -> Head {
    let mut heads = heads_of(cluster, operation);
    assert_eq!(heads.len(), 1, "{operation}");
    heads.remove(0)
}
