//! What the command line says.

use alternator_connector::{AlternatorConnector, ConnectorBuilder, Scope};

pub(crate) const HELP: &str = "\
Drives DynamoDB requests through the connector for about ten seconds, and checks every item that was written.

    cargo run --release --example quickstart
        starts a cluster of three nodes in this process; one is killed, returns, and a fourth joins

    cargo run --release --example quickstart -- --endpoint http://10.0.0.1:8000
        runs the same requests against a cluster that is already there, in a table of their own that is deleted
        afterwards; nothing is killed

    --endpoint URL   a node of the cluster, or a name for several; may be given several times
    --dc NAME        send requests to this datacenter only
    --rack NAME      and to this rack of it only

Credentials for --endpoint are those of the environment (AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY) or of the
profile in ~/.aws. Without any, requests are signed by a made-up user, which a cluster that does not enforce
authorization accepts.";

#[derive(Debug, Default)]
pub(crate) struct Arguments {
    pub(crate) help: bool,
    /// The cluster that is already there; empty for one of our own.
    pub(crate) endpoints: Vec<String>,
    datacenter: Option<String>,
    rack: Option<String>,
}

impl Arguments {
    pub(crate) fn parse(mut words: impl Iterator<Item = String>) -> Result<Self, String> {
        let mut arguments = Self::default();
        while let Some(word) = words.next() {
            let mut value = || words.next().ok_or_else(|| format!("{word} needs a value"));
            match word.as_str() {
                "--endpoint" => arguments.endpoints.push(value()?),
                "--dc" => arguments.datacenter = Some(value()?),
                "--rack" => arguments.rack = Some(value()?),
                "--help" | "-h" => arguments.help = true,
                _ => return Err(format!("{word} is not an option; see --help")),
            }
        }
        if arguments.rack.is_some() && arguments.datacenter.is_none() {
            return Err("--rack needs --dc: names of racks repeat between datacenters".to_owned());
        }
        if arguments.datacenter.is_some() && arguments.endpoints.is_empty() {
            return Err("--dc needs --endpoint: the embedded cluster has one rack".to_owned());
        }
        Ok(arguments)
    }

    /// A connector for these nodes, in the scope of the arguments.
    pub(crate) fn connector(&self, seeds: &[String]) -> ConnectorBuilder {
        let builder = AlternatorConnector::builder().seeds(seeds);
        match (&self.datacenter, &self.rack) {
            (Some(datacenter), Some(rack)) => builder.scope(Scope::rack(datacenter, rack)),
            (Some(datacenter), None) => builder.scope(Scope::datacenter(datacenter)),
            (None, _) => builder,
        }
    }
}
