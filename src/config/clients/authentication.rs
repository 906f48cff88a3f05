//! Whether requests are signed, as an option.

/// Whether the requests of a client made with
/// [`dynamodb_config`](crate::AlternatorConnector::dynamodb_config) are signed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Authentication {
    /// Requests are signed where there are credentials, and sent without a signature where none are
    /// configured, as Alternator's own default allows. A cluster that insists answers the latter
    /// with `MissingAuthenticationTokenException`.
    #[default]
    Optional,
    /// Requests are signed, and fail before they are sent where there are no credentials.
    Required,
    /// Requests carry no signature, as the node knows the client by its certificate
    /// ([`Tls::client_identity_pem`](crate::Tls::client_identity_pem)) and ignores a signature.
    /// Alternator does so since release 2026.4; earlier ones that insist on a signature refuse such
    /// requests. It needs `https` seeds and a client certificate.
    ClientCertificate,
}
