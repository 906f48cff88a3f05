//! The server releases that differ on the wire, so that a client can be tried against what is still
//! in the field.

/// The release whose rules the nodes follow. Later releases compare as greater.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Version {
    /// 5.x: `/localnodes` lists live nodes by the addresses by which they know each other, and
    /// ignores its parameters; no tablets, and no table of them; new tables have vnodes.
    V5,
    /// 6.1.0 to 6.1.3: `/localnodes` ignores its parameters and also lists nodes that are down.
    V6_1,
    /// 6.2.2: `/localnodes` lists live nodes, and ignores its parameters.
    V6_2,
    /// 2025.1 to 2025.4: `/localnodes` knows `dc` and `rack`; no compression; Seastar's own 413;
    /// new tables still have vnodes.
    V2025,
    /// 2026.1: compression both ways; 413 is an API error; new tables have tablets.
    V2026_1,
    /// 2026.2: a shed request is refused before its body is read.
    #[default]
    V2026_2,
    /// 2026.3: replies carry no `Server` header.
    V2026_3,
    /// 2026.4: a client certificate stands in for a signature.
    V2026_4,
}

impl Version {
    /// Whether `/localnodes` has the addresses by which nodes know each other rather than those
    /// that clients use.
    pub(crate) fn lists_internal_addresses(self) -> bool {
        self == Self::V5
    }

    pub(crate) fn lists_down_nodes(self) -> bool {
        self == Self::V6_1
    }

    pub(crate) fn has_tablets(self) -> bool {
        self > Self::V5
    }

    /// Whether new tables have tablets in the configuration that is shipped.
    pub(crate) fn prefers_tablets(self) -> bool {
        self >= Self::V2026_1
    }

    pub(crate) fn has_localnodes_parameters(self) -> bool {
        self >= Self::V2025
    }

    pub(crate) fn has_compression(self) -> bool {
        self >= Self::V2026_1
    }

    /// Whether the 16 MiB limit is Alternator's, answered in JSON, rather than Seastar's, answered
    /// in plain text.
    pub(crate) fn limits_bodies_itself(self) -> bool {
        self >= Self::V2026_1
    }

    pub(crate) fn sheds_before_reading(self) -> bool {
        self >= Self::V2026_2
    }

    pub(crate) fn names_its_server(self) -> bool {
        self < Self::V2026_3
    }

    pub(crate) fn trusts_client_certificates(self) -> bool {
        self >= Self::V2026_4
    }
}
