//! The heads of requests as nodes received them.

use alternator_testcluster::Cluster;

use crate::support::direct;

/// The head of a request of the DynamoDB API.
#[derive(Clone, Debug)]
pub(crate) struct Head(String);

impl Head {
    pub(crate) fn text(&self) -> &str {
        &self.0
    }

    pub(crate) fn header(&self, name: &str) -> Option<String> {
        direct::header(self.0.as_bytes(), name)
    }

    pub(crate) fn operation(&self) -> String {
        self.header("x-amz-target")
            .expect("a target")
            .split('.')
            .nth(1)
            .expect("an operation")
            .to_owned()
    }

    /// The names of its headers in alphabetical order.
    pub(crate) fn names(&self) -> Vec<&str> {
        let mut names: Vec<_> = self
            .0
            .trim_end()
            .split("\r\n")
            .skip(1)
            .map(|line| line.split(':').next().expect("a name"))
            .collect();
        names.sort_unstable();
        names
    }

    /// The names in `SignedHeaders`.
    pub(crate) fn signed(&self) -> Vec<String> {
        let authorization = self.header("authorization").expect("it is signed");
        let (_, names) = authorization.split_once("SignedHeaders=").unwrap();
        names.split(',').next().unwrap().split(';').map(str::to_owned).collect()
    }
}

/// Every request of the DynamoDB API, node by node, but for those that the connector makes itself:
/// all `DescribeEndpoints`.
pub(crate) fn heads(cluster: &Cluster) -> Vec<Head> {
    cluster
        .nodes()
        .into_iter()
        .flat_map(|node| node.heads())
        .map(|head| Head(String::from_utf8(head).unwrap()))
        .filter(|head| head.0.starts_with("POST") && head.operation() != "DescribeEndpoints")
        .collect()
}

/// The requests for one operation.
pub(crate) fn heads_of(cluster: &Cluster, operation: &str) -> Vec<Head> {
    let mut heads = heads(cluster);
    heads.retain(|head| head.operation() == operation);
    heads
}

/// The only request for an operation.
pub(crate) fn head_of(cluster: &Cluster, operation: &str) -> Head {
    let mut heads = heads_of(cluster, operation);
    assert_eq!(heads.len(), 1, "{operation}");
    heads.remove(0)
}
