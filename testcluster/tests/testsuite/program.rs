//! The program: what it prints, that it serves, and that it ends when it is interrupted.

use std::io::{BufRead, BufReader, Read};
use std::net::SocketAddr;
use std::process::{Child, ChildStdout, Command, Stdio};

use crate::raw::{Signer, ask, get, list_tables};

struct Program {
    child: Child,
    out: BufReader<ChildStdout>,
}

impl Program {
    fn start(arguments: &[&str]) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_alternator-testcluster"))
            .args(arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let out = BufReader::new(child.stdout.take().unwrap());
        Self { child, out }
    }

    fn url(&mut self) -> String {
        let mut line = String::new();
        self.out.read_line(&mut line).unwrap();
        line.trim_end().to_owned()
    }

    fn node(&mut self) -> SocketAddr {
        self.url().strip_prefix("http://").unwrap().parse().unwrap()
    }

    fn interrupt(mut self) {
        let kill =
            Command::new("kill").args(["-INT", &self.child.id().to_string()]).status().unwrap();
        assert!(kill.success());
        assert!(self.child.wait().unwrap().success());
        let mut rest = String::new();
        self.out.read_to_string(&mut rest).unwrap();
        assert_eq!(rest, "", "more was printed than the URLs");
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // Already gone, unless a test failed.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn it_prints_a_url_for_each_node_and_serves_until_interrupted() {
    let mut program = Program::start(&["--nodes", "2"]);
    let (one, two) = (program.node(), program.node());
    assert_eq!(
        (one.ip().to_string(), two.ip().to_string()),
        ("127.0.0.1".into(), "127.0.0.2".into())
    );
    assert_eq!(one.port(), two.port());
    assert_eq!(ask(two, get("/")).text(), "healthy: db.test:8000");
    program.interrupt();
}

#[test]
fn nodes_are_in_the_datacenters_and_racks_that_were_asked_for() {
    let mut program = Program::start(&["--dcs", "dc1:a=1,b=1;dc2=1"]);
    let node = program.node();
    let named = |query: &str| ask(node, get(&format!("/localnodes{query}"))).text().to_owned();
    assert_eq!(named("?rack=b"), r#"["127.0.0.2"]"#);
    assert_eq!(named("?dc=dc2&rack=rack1"), r#"["127.0.0.3"]"#);
    program.url();
    program.url();
    program.interrupt();
}

#[test]
fn requests_must_be_signed_by_a_user_that_was_given() {
    let mut program = Program::start(&["--nodes", "1", "--auth", "alice:wonder:land"]);
    let node = program.node();
    assert_eq!(ask(node, list_tables()).status(), 400);
    let signer = Signer::new("alice", "wonder:land");
    assert_eq!(ask(node, list_tables().signed(&signer)).status(), 200);
    program.interrupt();
}

#[test]
fn with_tls_it_writes_the_authority_to_a_file() {
    let file =
        std::env::temp_dir().join(format!("alternator-testcluster-{}.pem", std::process::id()));
    let mut program =
        Program::start(&["--nodes", "1", "--tls", "--ca-out", file.to_str().unwrap()]);
    assert!(program.url().starts_with("https://127.0.0.1:"));
    let pem = std::fs::read_to_string(&file).unwrap();
    std::fs::remove_file(&file).unwrap();
    assert!(pem.starts_with("-----BEGIN CERTIFICATE-----"));
    program.interrupt();
}

#[test]
fn nonsense_is_refused_with_an_explanation() {
    for arguments in
        [&["--dcs", "dc1"][..], &["--auth", "alice"], &["--nodes", "2", "--dcs", "dc1=1"]]
    {
        let output = Command::new(env!("CARGO_BIN_EXE_alternator-testcluster"))
            .args(arguments)
            .output()
            .unwrap();
        assert!(!output.status.success(), "{arguments:?} was taken");
        assert!(!output.stderr.is_empty() && output.stdout.is_empty());
    }
}
