//! Which writes go to one coordinator, and which one that is.

use crate::dynamodb::access::{Access, Isolation};

/// Which writes of a key all go to the same node, its coordinator.
///
/// A lightweight transaction costs more, and may fail, where another node coordinates one for the
/// same partition at the same time. The coordinator is a node of the datacenter, whatever the rack.
#[derive(Clone, Debug, PartialEq)]
#[must_use]
pub struct LwtAffinity {
    mode: Mode,
    order: CoordinatorOrder,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mode {
    Off,
    ReadModifyWrite,
    EveryWrite,
    Auto,
}

/// How the coordinator of a key is chosen. All clients that write the same keys must choose alike.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum CoordinatorOrder {
    /// The first replica of the key, in the order of the tablet's own list, and then its other
    /// replicas. While a table's replicas are not known it is [`Shared`](Self::Shared), which also
    /// settles who follows when no replica serves.
    #[default]
    PrimaryReplica,
    /// That of Alternator's clients for Go, Java, Python, C++ and C#.
    Shared,
    /// That of the Rust crate `alternator-client`, as of 1.0.1.
    RustClient,
}

impl LwtAffinity {
    fn of(mode: Mode) -> Self {
        Self { mode, order: CoordinatorOrder::PrimaryReplica }
    }

    /// None: writes are spread like reads.
    pub fn off() -> Self {
        Self::of(Mode::Off)
    }

    /// Those that depend on what is there: with a condition, with an update that reads, or that
    /// return what was there before. They are lightweight transactions unless the table's write
    /// isolation is `forbid_rmw` or `unsafe_rmw`.
    pub fn read_modify_write() -> Self {
        Self::of(Mode::ReadModifyWrite)
    }

    /// All, for tables whose write isolation is `always_use_lwt`.
    pub fn every_write() -> Self {
        Self::of(Mode::EveryWrite)
    }

    /// Those that the server makes lightweight transactions of, by the write isolation of the
    /// table, or else of the node that was asked for it. Until that is known, as
    /// [`read_modify_write`](Self::read_modify_write).
    pub fn auto() -> Self {
        Self::of(Mode::Auto)
    }

    /// How the coordinator is chosen. Default: [`CoordinatorOrder::PrimaryReplica`].
    pub fn order(mut self, order: CoordinatorOrder) -> Self {
        self.order = order;
        self
    }

    pub(crate) fn is_on(&self) -> bool {
        self.mode != Mode::Off
    }

    pub(crate) fn coordinator_order(&self) -> CoordinatorOrder {
        self.order
    }

    /// Whether it depends on a table's write isolation.
    pub(crate) fn asks_for_isolation(&self) -> bool {
        self.mode == Mode::Auto
    }

    /// Whether such a request goes to the coordinator.
    pub(crate) fn applies(&self, access: Access, isolation: Option<Isolation>) -> bool {
        let every_write = match (self.mode, isolation) {
            (Mode::Off, _) => return false,
            (Mode::Auto, Some(Isolation::ForbidRmw | Isolation::UnsafeRmw)) => return false,
            (Mode::EveryWrite, _) | (Mode::Auto, Some(Isolation::AlwaysUseLwt)) => true,
            (Mode::ReadModifyWrite, _) | (Mode::Auto, _) => false,
        };
        match access {
            Access::EventualRead | Access::ConsistentRead => false,
            Access::Write => every_write,
            Access::ReadModifyWrite => true,
        }
    }
}

impl Default for LwtAffinity {
    /// [`LwtAffinity::read_modify_write`].
    fn default() -> Self {
        Self::read_modify_write()
    }
}
