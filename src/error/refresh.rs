//! Why the node list could not be refreshed.

use std::fmt;

use super::explain::listed;

/// Why the node list could not be refreshed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RefreshError {
    /// No refresh has ended yet.
    #[error("the first refresh of the node list has not ended")]
    #[non_exhaustive]
    Pending,
    /// None of the contacts answered `/localnodes`.
    #[error("no node answered /localnodes: {}", listed(.contacts))]
    #[non_exhaustive]
    Unanswered {
        /// The nodes that were asked and the seeds that do not resolve, sorted.
        contacts: Vec<FailedContact>,
    },
    /// Nodes answered, but none lives in any of the scopes.
    #[error("no node lives in {scopes}")]
    #[non_exhaustive]
    EmptyScope {
        /// The scopes that were asked for.
        scopes: String,
    },
}

impl RefreshError {
    /// What to check first, to be read after the word "check".
    pub(crate) fn what_to_check(&self) -> &'static str {
        match self {
            Self::Pending | Self::Unanswered { .. } => {
                "the seeds, and that the nodes are running and reachable"
            }
            Self::EmptyScope { .. } => {
                "the names of datacenter and rack, and whether there should be a fallback scope"
            }
        }
    }
}

/// A contact of the cluster that did not answer, and why.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub struct FailedContact {
    /// The address of a node, such as `10.0.0.1:8000`, or the name of a seed that does not resolve.
    pub contact: String,
    /// Why there is no answer, with all causes.
    pub reason: String,
}

impl fmt::Display for FailedContact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.contact, self.reason)
    }
}
