//! The write isolation of a table: which of its writes are lightweight transactions.

use crate::error::ApiError;

/// The tag that sets it for a table.
pub(crate) const TAG: &str = "system:write_isolation";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum WriteIsolation {
    Always,
    Forbid,
    OnlyReadModifyWrite,
    Unsafe,
}

impl WriteIsolation {
    /// Reads the value of the tag, or of the option `alternator_write_isolation`.
    pub(crate) fn parse(value: &str) -> Result<Self, ApiError> {
        match value {
            "a" | "always" | "always_use_lwt" => Ok(Self::Always),
            "f" | "forbid" | "forbid_rmw" => Ok(Self::Forbid),
            "o" | "only_rmw_uses_lwt" => Ok(Self::OnlyReadModifyWrite),
            "u" | "unsafe" | "unsafe_rmw" => Ok(Self::Unsafe),
            other => Err(ApiError::validation(format!(
                "Incorrect write isolation tag {other}. Allowed values: a, always, always_use_lwt, f, forbid, \
                     forbid_rmw, o, only_rmw_uses_lwt, u, unsafe, unsafe_rmw"
            ))),
        }
    }

    /// Whether there are lightweight transactions at all; then every write of TransactWriteItems is
    /// one.
    pub(crate) fn has_lwt(self) -> bool {
        matches!(self, Self::Always | Self::OnlyReadModifyWrite)
    }

    /// Whether a write of one item is a lightweight transaction.
    ///
    /// # Errors
    ///
    /// Where the write has to read first, and the table forbids that.
    pub(crate) fn uses_lwt(self, reads_before: bool) -> Result<bool, ApiError> {
        match self {
            Self::Always => Ok(true),
            Self::OnlyReadModifyWrite => Ok(reads_before),
            Self::Unsafe => Ok(false),
            Self::Forbid if reads_before => Err(ApiError::validation(
                "Read-modify-write operations are disabled by 'forbid_rmw' write isolation policy. Refer to \
                 https://github.com/scylladb/scylla/blob/master/docs/alternator/alternator.md#write-isolation-policies \
                 for more information.",
            )),
            Self::Forbid => Ok(false),
        }
    }
}
