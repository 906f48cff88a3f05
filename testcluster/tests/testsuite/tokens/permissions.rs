//! Who may read the cluster's own tables.

use alternator_testcluster::{Cluster, Node};
use serde_json::json;

use crate::raw::{Response, Signer, ask, operation};

fn read(node: &Node, user: &str, table: &str) -> Response {
    let request = json!({"TableName": format!(".scylla.alternator.{table}")});
    let signed = operation("Scan", request.to_string()).signed(&Signer::new(user, "secret"));
    ask(node.addr(), signed)
}

#[test]
fn a_table_that_is_denied_cannot_be_read_by_that_user_and_all_others_can() {
    let cluster = Cluster::builder()
        .auth("alice", "secret")
        .auth("bob", "secret")
        .deny("alice", "system.tablets")
        .start()
        .unwrap();
    let node = cluster.node(0);
    assert_eq!(
        read(&node, "alice", "system.tablets").error(400, "AccessDeniedException"),
        "SELECT access on table system.tablets is denied to role alice, client address 127.0.0.1"
    );
    assert_eq!(read(&node, "alice", "system.local").status(), 200);
    assert_eq!(read(&node, "bob", "system.tablets").status(), 200);
    cluster.grant("alice", "system.tablets");
    assert_eq!(read(&node, "alice", "system.tablets").status(), 200);
    cluster.deny("bob", "system.local");
    read(&node, "bob", "system.local").error(400, "AccessDeniedException");
    read(&node, "bob", "system.absent").error(400, "ResourceNotFoundException");
}
