//! TLS to the nodes. The same settings serve requests and discovery.

use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{Resumption, WebPkiServerVerifier};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, KeyLogFile, RootCertStore, SignatureScheme};

use crate::error::{BoxError, ConfigError};

/// Number of TLS sessions kept per node for resumption. rustls keeps no more for one server; of
/// more connections opened at once, the rest need a full handshake.
const SESSIONS_PER_NODE: usize = 8;

/// TLS settings for `https` seeds.
///
/// By default the roots of the operating system are trusted, and a node must present a certificate
/// for the address it is dialed by or, if it was found by resolving a seed's name, for that name.
///
/// ```
/// # let (ca, chain, key) = (vec![], vec![], vec![]);
/// use alternator_connector::Tls;
///
/// let tls = Tls::new()
///     .ca_pem(ca)
///     .client_identity_pem(chain, key)
///     .server_name("alternator.example.com");
/// ```
#[derive(Clone, Default)]
pub struct Tls {
    cas: Vec<Encoded>,
    system_roots_too: bool,
    identity: Option<Identity>,
    server_name: Option<String>,
    accept_anything: bool,
    key_log: bool,
}

#[derive(Clone)]
enum Encoded {
    Pem(Vec<u8>),
    Der(Vec<u8>),
}

#[derive(Clone)]
enum Identity {
    Pem { chain: Vec<u8>, key: Vec<u8> },
    Der { chain: Vec<Vec<u8>>, key: Vec<u8> },
}

impl Tls {
    /// The defaults: the system's roots, no client certificate.
    pub fn new() -> Self {
        Self::default()
    }

    /// Trusts the certificate authorities in this PEM text instead of the system's roots. May be
    /// called repeatedly.
    pub fn ca_pem(mut self, pem: impl Into<Vec<u8>>) -> Self {
        self.cas.push(Encoded::Pem(pem.into()));
        self
    }

    /// Trusts this DER-encoded certificate authority instead of the system's roots. May be called
    /// repeatedly.
    pub fn ca_der(mut self, der: impl Into<Vec<u8>>) -> Self {
        self.cas.push(Encoded::Der(der.into()));
        self
    }

    /// Trusts the system's roots beside the given certificate authorities.
    pub fn system_roots_too(mut self) -> Self {
        self.system_roots_too = true;
        self
    }

    /// Presents this certificate chain, signed with this private key, to nodes that ask for one.
    /// Both are PEM texts; the key is in PKCS#8, PKCS#1 or SEC1.
    pub fn client_identity_pem(
        mut self,
        chain: impl Into<Vec<u8>>,
        key: impl Into<Vec<u8>>,
    ) -> Self {
        self.identity = Some(Identity::Pem { chain: chain.into(), key: key.into() });
        self
    }

    /// Like [`client_identity_pem`](Self::client_identity_pem), with each certificate and the key
    /// DER-encoded.
    pub fn client_identity_der(
        mut self,
        chain: impl IntoIterator<Item = Vec<u8>>,
        key: impl Into<Vec<u8>>,
    ) -> Self {
        self.identity = Some(Identity::Der { chain: chain.into_iter().collect(), key: key.into() });
        self
    }

    #[cfg(feature = "dynamodb_config")]
    pub(crate) fn has_client_identity(&self) -> bool {
        self.identity.is_some()
    }

    /// Expects every node's certificate to be for this name, and sends it as SNI, whatever address
    /// is dialed. For clusters whose nodes share a certificate without their addresses in it.
    pub fn server_name(mut self, name: impl Into<String>) -> Self {
        self.server_name = Some(name.into());
        self
    }

    /// Writes session secrets to the file that the environment variable `SSLKEYLOGFILE` names, if
    /// it is set, so that captured traffic can be decrypted.
    pub fn key_log_from_env(mut self) -> Self {
        self.key_log = true;
        self
    }

    /// Accepts **any** certificate of any node. Anyone between client and node can then read and
    /// change everything. For experiments only.
    pub fn danger_accept_any_certificate(mut self) -> Self {
        self.accept_anything = true;
        self
    }

    pub(crate) fn resolve(&self) -> Result<TlsClient, ConfigError> {
        let provider = Arc::new(provider());
        let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()
            .map_err(|e| failed("the crypto provider supports no version of TLS", e))?;
        let builder = if self.accept_anything {
            builder.dangerous().with_custom_certificate_verifier(Arc::new(AcceptAnything(provider)))
        } else {
            let verifier =
                WebPkiServerVerifier::builder_with_provider(Arc::new(self.roots()?), provider)
                    .build()
                    .map_err(|e| failed("the certificate authorities cannot be used", e))?;
            builder.with_webpki_verifier(verifier)
        };
        let mut config = match &self.identity {
            None => builder.with_no_client_auth(),
            Some(identity) => {
                let (chain, key) = identity.parse()?;
                builder.with_client_auth_cert(chain, key).map_err(|e| {
                    failed("the client certificate and its key do not fit together", e)
                })?
            }
        };
        if self.key_log {
            config.key_log = Arc::new(KeyLogFile::new());
        }
        let server_name = self.server_name.as_deref().map(parse_name).transpose()?;
        Ok(TlsClient { config, server_name })
    }

    fn roots(&self) -> Result<RootCertStore, ConfigError> {
        let mut roots = RootCertStore::empty();
        if self.cas.is_empty() || self.system_roots_too {
            let found = rustls_native_certs::load_native_certs();
            roots.add_parsable_certificates(found.certs);
            if roots.is_empty() {
                let why = found.errors.into_iter().next().map(|e| Box::new(e) as BoxError);
                return Err(ConfigError::Tls {
                    what: "the system has no trusted roots; install them or give the CA".to_owned(),
                    source: why,
                });
            }
        }
        for ca in &self.cas {
            let certificates = match ca {
                Encoded::Pem(pem) => certificates(pem, "the CA")?,
                Encoded::Der(der) => vec![CertificateDer::from(der.clone())],
            };
            for certificate in certificates {
                roots.add(certificate).map_err(|e| failed("the CA is not a certificate", e))?;
            }
        }
        Ok(roots)
    }
}

impl std::fmt::Debug for Tls {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tls")
            .field("cas", &self.cas.len())
            .field("client_identity", &self.identity.is_some())
            .field("server_name", &self.server_name)
            .field("accept_anything", &self.accept_anything)
            .finish_non_exhaustive()
    }
}

impl Identity {
    fn parse(&self) -> Result<(Vec<CertificateDer<'static>>, PrivateKeyDer<'static>), ConfigError> {
        let (chain, key) = match self {
            Self::Pem { chain, key } => (
                certificates(chain, "the client certificate")?,
                PrivateKeyDer::from_pem_slice(key).map_err(BoxError::from),
            ),
            Self::Der { chain, key } => (
                chain.iter().cloned().map(CertificateDer::from).collect(),
                PrivateKeyDer::try_from(key.clone()).map_err(BoxError::from),
            ),
        };
        Ok((chain, key.map_err(|e| failed("the client's private key cannot be read", e))?))
    }
}

/// TLS settings that were validated.
#[derive(Clone, Debug)]
pub(crate) struct TlsClient {
    config: ClientConfig,
    server_name: Option<ServerName<'static>>,
}

impl TlsClient {
    /// Returns the settings for one node: sessions are resumed only with the node that issued their
    /// tickets.
    pub(crate) fn for_node(
        &self,
        dialed_as: ServerName<'static>,
    ) -> (Arc<ClientConfig>, ServerName<'static>) {
        let mut config = self.config.clone();
        config.resumption = Resumption::in_memory_sessions(SESSIONS_PER_NODE);
        (Arc::new(config), self.server_name.clone().unwrap_or(dialed_as))
    }
}

fn parse_name(name: &str) -> Result<ServerName<'static>, ConfigError> {
    ServerName::try_from(name.to_owned())
        .map_err(|e| failed(&format!("server_name {name:?} is not a name"), e))
}

fn certificates(pem: &[u8], what: &str) -> Result<Vec<CertificateDer<'static>>, ConfigError> {
    let all: Vec<_> = CertificateDer::pem_slice_iter(pem)
        .collect::<Result<_, _>>()
        .map_err(|e| failed(&format!("{what} is not PEM"), e))?;
    if all.is_empty() {
        return Err(ConfigError::Tls {
            what: format!(
                "{what} has no certificate in it; PEM starts with -----BEGIN CERTIFICATE-----"
            ),
            source: None,
        });
    }
    Ok(all)
}

fn failed(what: &str, source: impl Into<BoxError>) -> ConfigError {
    ConfigError::Tls { what: what.to_owned(), source: Some(source.into()) }
}

#[cfg(feature = "aws-lc")]
fn provider() -> CryptoProvider {
    rustls::crypto::aws_lc_rs::default_provider()
}

#[cfg(all(feature = "ring", not(feature = "aws-lc")))]
fn provider() -> CryptoProvider {
    rustls::crypto::ring::default_provider()
}

#[cfg(not(any(feature = "aws-lc", feature = "ring")))]
compile_error!("alternator-connector needs one of the features aws-lc and ring");

#[derive(Debug)]
struct AcceptAnything(Arc<CryptoProvider>);

impl ServerCertVerifier for AcceptAnything {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
