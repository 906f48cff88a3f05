//! What a request does to its items, and which accesses the server makes lightweight transactions
//! of.

/// What a request does to its items, by the rules of the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Access {
    EventualRead,
    ConsistentRead,
    /// A write that depends on nothing that is there.
    Write,
    /// A write that depends on what is there.
    ReadModifyWrite,
}

/// What the server uses lightweight transactions for: `alternator_write_isolation`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Isolation {
    AlwaysUseLwt,
    OnlyRmwUsesLwt,
    ForbidRmw,
    UnsafeRmw,
}

impl Isolation {
    /// By its long or its short name.
    pub(crate) fn named(name: &str) -> Option<Self> {
        match name {
            "a" | "always" | "always_use_lwt" => Some(Self::AlwaysUseLwt),
            "o" | "only_rmw_uses_lwt" => Some(Self::OnlyRmwUsesLwt),
            "f" | "forbid" | "forbid_rmw" => Some(Self::ForbidRmw),
            "u" | "unsafe" | "unsafe_rmw" => Some(Self::UnsafeRmw),
            _ => None,
        }
    }
}
