//! Which part of the cluster may serve requests, and what that means in the query of `/localnodes`.

use std::fmt;

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use crate::error::ConfigError;

/// The part of a cluster that serves requests.
///
/// Names are those of the snitch, compared exactly and with case.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Scope {
    /// Every node that the seeds and the nodes found through them know. A node only ever tells of
    /// its own datacenter, so a cluster of several datacenters needs a seed in each.
    Cluster,
    /// The nodes of one datacenter; made by [`Scope::datacenter`].
    #[non_exhaustive]
    Datacenter {
        /// The datacenter's name.
        datacenter: String,
    },
    /// The nodes of one rack; made by [`Scope::rack`].
    #[non_exhaustive]
    Rack {
        /// The name of the rack's datacenter.
        datacenter: String,
        /// The rack's name.
        rack: String,
    },
}

impl Scope {
    /// The nodes of one datacenter.
    pub fn datacenter(datacenter: impl Into<String>) -> Self {
        Self::Datacenter { datacenter: datacenter.into() }
    }

    /// The nodes of one rack of a datacenter.
    pub fn rack(datacenter: impl Into<String>, rack: impl Into<String>) -> Self {
        Self::Rack { datacenter: datacenter.into(), rack: rack.into() }
    }

    /// The datacenter around a rack.
    pub(crate) fn around(&self) -> Option<Self> {
        match self {
            Self::Rack { datacenter, .. } => Some(Self::datacenter(datacenter)),
            Self::Cluster | Self::Datacenter { .. } => None,
        }
    }

    pub(crate) fn validate(&self) -> Result<(), ConfigError> {
        let empty = match self {
            Self::Cluster => false,
            Self::Datacenter { datacenter } => datacenter.is_empty(),
            Self::Rack { datacenter, rack } => datacenter.is_empty() || rack.is_empty(),
        };
        if empty { Err(ConfigError::EmptyName { scope: self.to_string() }) } else { Ok(()) }
    }

    /// The path and query that ask a node for this scope. Names are percent-encoded, once.
    pub(crate) fn localnodes(&self) -> String {
        let encode = |name| utf8_percent_encode(name, NON_ALPHANUMERIC);
        match self {
            Self::Cluster => "/localnodes".to_owned(),
            Self::Datacenter { datacenter } => format!("/localnodes?dc={}", encode(datacenter)),
            Self::Rack { datacenter, rack } => {
                format!("/localnodes?dc={}&rack={}", encode(datacenter), encode(rack))
            }
        }
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cluster => f.write_str("the cluster"),
            Self::Datacenter { datacenter } => write!(f, "datacenter {datacenter:?}"),
            Self::Rack { datacenter, rack } => {
                write!(f, "rack {rack:?} of datacenter {datacenter:?}")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_percent_encoded_once() {
        assert_eq!(Scope::Cluster.localnodes(), "/localnodes");
        assert_eq!(Scope::datacenter("dc1").localnodes(), "/localnodes?dc=dc1");
        assert_eq!(
            Scope::rack("us east&1", "a+b=%20/ü").localnodes(),
            "/localnodes?dc=us%20east%261&rack=a%2Bb%3D%2520%2F%C3%BC"
        );
    }

    #[test]
    fn an_empty_name_is_refused_because_the_server_would_take_it_for_another_scope() {
        assert!(Scope::datacenter("").validate().is_err());
        assert!(Scope::rack("dc1", "").validate().is_err());
        assert!(Scope::rack("", "rack1").validate().is_err());
        assert!(Scope::rack("dc1", "rack1").validate().is_ok());
    }
}
