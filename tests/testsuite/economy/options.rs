//! Every combination of the options that change requests and answers.

use alternator_connector::{ConnectorBuilder, RequestCompression, ResponseCompression, UserAgent};

/// The headers of the SDK that the server does not read.
pub(crate) const USELESS: [&str; 5] =
    ["amz-sdk-invocation-id", "amz-sdk-request", "content-type", "user-agent", "x-amz-user-agent"];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Agent {
    Default,
    Replaced,
    Omitted,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Coding {
    Gzip,
    Deflate,
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Options {
    pub(crate) agent: Agent,
    /// Compresses requests of any length.
    pub(crate) requests: Option<Coding>,
    pub(crate) compressed_answers: bool,
    pub(crate) keep_all: bool,
}

impl Options {
    pub(crate) fn all() -> impl Iterator<Item = Self> {
        let agents = [Agent::Default, Agent::Replaced, Agent::Omitted].into_iter();
        agents.flat_map(|agent| {
            let codings = [None, Some(Coding::Gzip), Some(Coding::Deflate)].into_iter();
            codings.flat_map(move |requests| {
                let rest = [(false, false), (false, true), (true, false), (true, true)];
                rest.into_iter().map(move |(compressed_answers, keep_all)| Self {
                    agent,
                    requests,
                    compressed_answers,
                    keep_all,
                })
            })
        })
    }

    pub(crate) fn of(self, mut builder: ConnectorBuilder) -> ConnectorBuilder {
        builder = match self.agent {
            Agent::Default => builder,
            Agent::Replaced => builder.user_agent(UserAgent::new("inventory/2.4")),
            Agent::Omitted => builder.user_agent(UserAgent::omitted()),
        };
        builder = match self.requests {
            None => builder,
            Some(Coding::Gzip) => {
                builder.request_compression(RequestCompression::gzip().min_size(0))
            }
            Some(Coding::Deflate) => {
                builder.request_compression(RequestCompression::deflate().min_size(0))
            }
        };
        if self.compressed_answers {
            builder = builder.response_compression(ResponseCompression::on());
        }
        if self.keep_all {
            builder = USELESS.into_iter().fold(builder, ConnectorBuilder::keep_header);
        }
        builder
    }

    /// The headers of every request, in alphabetical order, but for those of a signature.
    pub(crate) fn headers(self) -> Vec<&'static str> {
        let mut names = vec!["content-length", "host", "x-amz-target"];
        if self.compressed_answers {
            names.push("accept-encoding");
        }
        if self.keep_all {
            names.extend(USELESS);
        } else if self.agent != Agent::Omitted {
            names.push("user-agent");
        }
        names.sort_unstable();
        names
    }
}
