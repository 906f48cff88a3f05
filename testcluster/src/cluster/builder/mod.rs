//! The builder of a cluster, which also starts it.

mod tokens;

use std::collections::{BTreeSet, HashMap};
use std::io;
use std::net::IpAddr;
use std::time::Duration;

use bytes::Bytes;

use super::{Cluster, Location};
use crate::server::contention::Rules;
use crate::server::settings::Settings;
use crate::tokens::{Defaults, Spread, WriteIsolation};
use crate::version::Version;
use crate::wire::reply::StandardHeaders;
use crate::wire::tls::Tls;

/// Tablets of a table: few, so that what tests read and print is short.
const TABLETS: usize = 8;

/// Tokens of a node on the ring. The server gives it 256, which only makes the tables longer.
const VNODES: usize = 16;

/// Describes a cluster, which [`Builder::start`] starts.
#[derive(Clone, Debug)]
#[must_use]
pub struct Builder {
    locations: Vec<Location>,
    port: Option<u16>,
    server_header: Option<Option<String>>,
    spread: Option<Spread>,
    settings: Settings,
}

impl Cluster {
    /// Describes a cluster to start.
    pub fn builder() -> Builder {
        Builder::new()
    }
}

impl Builder {
    fn new() -> Self {
        Self {
            locations: Vec::new(),
            port: None,
            server_header: None,
            spread: None,
            settings: Settings {
                version: Version::default(),
                users: None,
                tls: Tls::Off,
                max_concurrent: usize::MAX,
                workers: usize::MAX,
                compression_threshold: 4096,
                compression_level: 6,
                headers: StandardHeaders::of(Version::default()),
                failure_detection: Duration::ZERO,
                listening_delay: Duration::ZERO,
                shutdown_announcement: Duration::ZERO,
                record: true,
                canned: HashMap::new(),
                tokens: Defaults {
                    spread: Spread::Tablets(TABLETS),
                    vnodes: VNODES,
                    factor: None,
                    shards: 2,
                    isolation: WriteIsolation::OnlyReadModifyWrite,
                },
                write_isolation: "only_rmw_uses_lwt".to_owned(),
                internal_addresses: false,
                page_bytes: 1 << 20,
                routing_header: false,
                hop_cost: Duration::ZERO,
                contention: Rules {
                    window: Duration::ZERO,
                    retry: Duration::from_millis(50),
                    errors: 0.0,
                },
                denied: BTreeSet::new(),
            },
        }
    }

    /// Adds nodes in `rack1` of `dc1`. Without any nodes the cluster has one there.
    pub fn nodes(self, count: usize) -> Self {
        self.rack("dc1", "rack1", count)
    }

    /// Adds nodes in a rack of a datacenter.
    pub fn rack(mut self, datacenter: &str, rack: &str, nodes: usize) -> Self {
        let location = Location::in_rack(datacenter, rack);
        self.locations.extend(std::iter::repeat_n(location, nodes));
        self
    }

    /// Adds a node at an address of the caller's choice, such as `::1`.
    pub fn node_at(mut self, ip: IpAddr, datacenter: &str, rack: &str) -> Self {
        self.locations.push(Location { ip: Some(ip), ..Location::in_rack(datacenter, rack) });
        self
    }

    /// The port of every node; by default one that is free on all addresses.
    pub fn port(mut self, port: u16) -> Self {
        self.port = Some(port);
        self
    }

    /// Adds a user, and enforces authorization: requests that are not signed by a user are refused.
    pub fn auth(mut self, user: &str, secret: &str) -> Self {
        self.settings.users.get_or_insert_default().0.insert(user.to_owned(), secret.to_owned());
        self
    }

    /// Whether the nodes speak TLS. Off by default.
    pub fn tls(mut self, tls: Tls) -> Self {
        self.settings.tls = tls;
        self
    }

    /// The release whose rules the nodes follow. 2026.2 by default.
    pub fn version(mut self, version: Version) -> Self {
        self.settings.version = version;
        self
    }

    /// Maximum number of requests in flight on a node; further ones get `RequestLimitExceeded`. No
    /// limit by default.
    pub fn shedding(mut self, max_concurrent: usize) -> Self {
        self.settings.max_concurrent = max_concurrent;
        self
    }

    /// How many requests of the DynamoDB API a node serves at once, delays included. Further ones
    /// wait for their turn. No limit by default.
    pub fn workers(mut self, per_node: usize) -> Self {
        self.settings.workers = per_node;
        self
    }

    /// Minimum size of replies that are compressed for clients that accept it. 4096 bytes by
    /// default; 0 turns compression off.
    pub fn response_compression_threshold(mut self, bytes: usize) -> Self {
        self.settings.compression_threshold = bytes;
        self
    }

    /// Compression level of replies, from 1 to 9. 6 by default; 0 or less turns compression off,
    /// except for streamed replies.
    pub fn response_compression_level(mut self, level: i32) -> Self {
        self.settings.compression_level = level;
        self
    }

    /// The `Server` header of replies, or none. By default the one that the release sends.
    pub fn server_header(mut self, server: Option<&str>) -> Self {
        self.server_header = Some(server.map(str::to_owned));
        self
    }

    /// Leaves the `Date` header out of replies.
    pub fn without_date_header(mut self) -> Self {
        self.settings.headers.date = false;
        self
    }

    /// Leaves the `Content-Type` header out of replies.
    pub fn without_content_type_header(mut self) -> Self {
        self.settings.headers.content_type = false;
        self
    }

    /// How long the other nodes still list a node that was stopped. The server's failure detector
    /// needs 20 s; the default is zero, so that tests of something else need not wait.
    pub fn failure_detection(mut self, delay: Duration) -> Self {
        self.settings.failure_detection = delay;
        self
    }

    /// How long a node that starts is listed before it listens. Zero by default.
    pub fn listening_delay(mut self, delay: Duration) -> Self {
        self.settings.listening_delay = delay;
        self
    }

    /// How long a node that drains is still listed after it stopped listening. The server takes 2
    /// s; the default is zero.
    pub fn shutdown_announcement(mut self, delay: Duration) -> Self {
        self.settings.shutdown_announcement = delay;
        self
    }

    /// Whether nodes record the heads and bytes that they receive. On by default; benchmarks turn
    /// it off.
    pub fn record(mut self, record: bool) -> Self {
        self.settings.record = record;
        self
    }

    /// Always responds to an operation with this body, without the store, for benchmarks of
    /// clients.
    pub fn canned(mut self, operation: &str, body: impl Into<Bytes>) -> Self {
        self.settings.canned.insert(operation.to_owned(), body.into());
        self
    }

    /// Starts the cluster, and returns when every node is started.
    ///
    /// # Errors
    ///
    /// If an address cannot be bound, the store cannot be opened, the write isolation is unknown,
    /// or the release would list internal addresses to clients.
    pub fn start(mut self) -> io::Result<Cluster> {
        if self.settings.internal_addresses && self.settings.version.lists_internal_addresses() {
            return Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                "this release lists the nodes' internal addresses to clients, at which nothing listens: take a later one, or leave \
                 internal addresses out",
            ));
        }
        let defaults = StandardHeaders::of(self.settings.version);
        self.settings.headers.server = self.server_header.unwrap_or(defaults.server);
        let by_release = if self.settings.version.prefers_tablets() {
            Spread::Tablets(TABLETS)
        } else {
            Spread::Vnodes
        };
        self.settings.tokens.spread = self.spread.unwrap_or(by_release);
        self.settings.tokens.isolation = WriteIsolation::parse(&self.settings.write_isolation)
            .map_err(|error| io::Error::new(io::ErrorKind::InvalidInput, error.message))?;
        if self.locations.is_empty() {
            self.locations.push(Location::in_rack("dc1", "rack1"));
        }
        Cluster::start(self.locations, self.port, self.settings)
    }
}
