//! What the command line says.

use alternator_connector::{AlternatorConnector, ConnectorBuilder, Scope};
use clap::Parser;

/// Drives DynamoDB requests through the connector for about ten seconds, and checks every item that
/// was written.
///
/// Without arguments it starts a cluster of three nodes in this process; one is killed, returns,
/// and a fourth joins.
#[derive(Debug, Parser)]
#[command(
    after_help = "Credentials for --endpoint are those of the environment (AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY) or of the \
                  profile in ~/.aws. Without any, requests are signed by a made-up user, which a cluster that does not enforce \
                  authorization accepts."
)]
pub(crate) struct Arguments {
    /// Runs the same requests against the cluster of this node, or of the nodes that this name
    /// stands for, in a table of their own that is deleted afterwards; nothing is killed. May be
    /// given several times.
    #[arg(long = "endpoint", value_name = "URL")]
    pub(crate) endpoints: Vec<String>,
    /// Sends requests to this datacenter only.
    #[arg(long = "dc", value_name = "NAME", requires = "endpoints")]
    datacenter: Option<String>,
    /// And to this rack of it only.
    #[arg(long, value_name = "NAME", requires = "datacenter")]
    rack: Option<String>,
}

impl Arguments {
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
