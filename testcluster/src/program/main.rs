//! The cluster as a program, for local development and for clients in any language.

use std::error::Error;
use std::future::ready;
use std::io::{self, Write};
use std::path::PathBuf;
use std::pin::pin;

use alternator_testcluster::{Cluster, Tls};
use clap::Parser;

/// An embedded multi-node ScyllaDB Alternator on 127.0.0.1 and upwards. Prints the URL of every
/// node, one a line, and serves until it is interrupted.
#[derive(Parser)]
struct Arguments {
    /// How many nodes, all in rack1 of dc1
    #[arg(long, default_value_t = 3, conflicts_with = "dcs")]
    nodes: usize,

    /// The port of every node; a free one by default
    #[arg(long)]
    port: Option<u16>,

    /// Nodes by datacenter and rack, such as "dc1:rack1=2,rack2=1;dc2=3"; a datacenter without
    /// racks has rack1
    #[arg(long, value_parser = parse_topology)]
    dcs: Option<Topology>,

    /// A user and a secret; unsigned requests are refused. May be given several times
    #[arg(long, value_name = "USER:SECRET", value_parser = parse_user)]
    auth: Vec<(String, String)>,

    /// Serve HTTPS
    #[arg(long)]
    tls: bool,

    /// Write the certificate of the authority that signed the nodes' certificates to this file
    #[arg(long, value_name = "FILE", default_value = "alternator-ca.pem", requires = "tls")]
    ca_out: PathBuf,
}

#[derive(Clone)]
struct Topology(Vec<Rack>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Rack {
    datacenter: String,
    name: String,
    nodes: usize,
}

fn parse_topology(text: &str) -> Result<Topology, String> {
    let mut racks = Vec::new();
    let mut add = |datacenter: &str, name: &str, nodes: &str| {
        let nodes = nodes.parse().map_err(|_| format!("{nodes:?} is not a number of nodes"))?;
        racks.push(Rack { datacenter: datacenter.to_owned(), name: name.to_owned(), nodes });
        Ok::<_, String>(())
    };
    for datacenter in text.split(';') {
        if let Some((datacenter, racks)) = datacenter.split_once(':') {
            for rack in racks.split(',') {
                let (name, nodes) = rack
                    .split_once('=')
                    .ok_or_else(|| format!("expected RACK=NODES, not {rack:?}"))?;
                add(datacenter, name, nodes)?;
            }
        } else {
            let (name, nodes) = datacenter.split_once('=').ok_or_else(|| {
                format!("expected DC=NODES or DC:RACK=NODES,…, not {datacenter:?}")
            })?;
            add(name, "rack1", nodes)?;
        }
    }
    Ok(Topology(racks))
}

fn parse_user(text: &str) -> Result<(String, String), String> {
    let (user, secret) = text.split_once(':').ok_or("expected USER:SECRET")?;
    Ok((user.to_owned(), secret.to_owned()))
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments = Arguments::parse();
    let mut builder = Cluster::builder().record(false);
    builder = match arguments.dcs {
        None => builder.nodes(arguments.nodes),
        Some(Topology(racks)) => racks
            .into_iter()
            .fold(builder, |builder, rack| builder.rack(&rack.datacenter, &rack.name, rack.nodes)),
    };
    if let Some(port) = arguments.port {
        builder = builder.port(port);
    }
    for (user, secret) in &arguments.auth {
        builder = builder.auth(user, secret);
    }
    if arguments.tls {
        builder = builder.tls(Tls::Server);
    }
    let cluster = builder.start()?;
    if arguments.tls {
        std::fs::write(&arguments.ca_out, cluster.ca_pem())?;
        eprintln!("The certificate authority is in {}", arguments.ca_out.display());
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(serve(&cluster.urls()))?;
    Ok(())
}

/// Prints the URLs and waits for the interrupt.
async fn serve(urls: &[String]) -> io::Result<()> {
    let mut interrupt = pin!(tokio::signal::ctrl_c());
    // The handler is installed once it is polled, which must be before the program reports that it
    // is ready.
    tokio::select! {
        biased;
        interrupted = &mut interrupt => return interrupted,
        () = ready(()) => {}
    }
    let mut out = io::stdout();
    for url in urls {
        writeln!(out, "{url}")?;
    }
    out.flush()?;
    interrupt.await
}

#[cfg(test)]
mod tests;
