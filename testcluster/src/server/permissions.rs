//! Read permissions on the cluster's own tables.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::sync::Mutex;

use crate::error::ApiError;
use crate::sync::lock;

/// Denied pairs of user and table, such as `system.tablets`. Every other pair is granted.
#[derive(Debug, Default)]
pub(crate) struct Permissions(Mutex<BTreeSet<(String, String)>>);

impl Permissions {
    pub(crate) fn new(denied: BTreeSet<(String, String)>) -> Self {
        Self(Mutex::new(denied))
    }

    pub(crate) fn deny(&self, user: &str, table: &str) {
        lock(&self.0).insert((user.to_owned(), table.to_owned()));
    }

    pub(crate) fn grant(&self, user: &str, table: &str) {
        lock(&self.0).remove(&(user.to_owned(), table.to_owned()));
    }

    /// # Errors
    ///
    /// Where the user may not read the table.
    pub(crate) fn check(
        &self,
        user: &str,
        table: &str,
        client: Option<IpAddr>,
    ) -> Result<(), ApiError> {
        if lock(&self.0).contains(&(user.to_owned(), table.to_owned())) {
            let client = client.map_or_else(|| "unknown".to_owned(), |ip| ip.to_string());
            return Err(ApiError::new(
                "AccessDeniedException",
                format!(
                    "SELECT access on table {table} is denied to role {user}, client address {client}"
                ),
            ));
        }
        Ok(())
    }
}
