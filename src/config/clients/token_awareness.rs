//! Whether requests are routed by their key, as an option.

/// Whether requests go to nodes that hold the data which they are about.
#[derive(Clone, Debug, PartialEq)]
#[must_use]
pub struct TokenAwareness {
    is_on: bool,
}

impl TokenAwareness {
    /// Requests go to a replica of their key, by the replica map of the table, which is read from
    /// the cluster's own tables.
    pub fn on() -> Self {
        Self { is_on: true }
    }

    /// Requests go to any node.
    pub fn off() -> Self {
        Self { is_on: false }
    }

    pub(crate) fn is_on(&self) -> bool {
        self.is_on
    }
}

impl Default for TokenAwareness {
    /// [`TokenAwareness::on`].
    fn default() -> Self {
        Self::on()
    }
}
