//! One certificate authority for the cluster, a certificate for each node and one for a client.

use std::io;
use std::net::IpAddr;
use std::sync::Arc;

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa,
    KeyPair,
};
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::PrivatePkcs8KeyDer;
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig};

/// A name that every node's certificate carries besides the node's address.
const CLUSTER_NAME: &str = "alternator.test";

/// Whether the nodes speak TLS.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Tls {
    /// Plain HTTP.
    #[default]
    Off,
    /// HTTPS: each node has a certificate for its address and for `alternator.test`.
    Server,
    /// HTTPS, and a client must show a certificate of the cluster's authority.
    Mutual,
    /// HTTPS: each node has a certificate for `alternator.test` alone, and none for its address.
    Named,
}

pub(crate) struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
    pub(crate) pem: String,
    pub(crate) client: (String, String),
}

impl Authority {
    pub(crate) fn new() -> io::Result<Self> {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        // A unique name, as clients distinguish authorities by name before they look at keys.
        let name = format!("alternator-testcluster authority {:016x}", fastrand::u64(..));
        params.distinguished_name.push(DnType::CommonName, name);
        let issuer = CertifiedIssuer::self_signed(params, generate()?).map_err(io::Error::other)?;

        let mut client = CertificateParams::default();
        client.distinguished_name.push(DnType::CommonName, "alternator-testcluster client");
        client.extended_key_usages.push(ExtendedKeyUsagePurpose::ClientAuth);
        let key = generate()?;
        let certificate = client.signed_by(&key, &issuer).map_err(io::Error::other)?;
        Ok(Self { pem: issuer.pem(), client: (certificate.pem(), key.serialize_pem()), issuer })
    }

    /// A node's side of TLS. Each call makes a new key for session tickets, as a process does when
    /// it starts.
    pub(crate) fn server_config(
        &self,
        ip: IpAddr,
        tls: Tls,
    ) -> io::Result<Option<Arc<ServerConfig>>> {
        if tls == Tls::Off {
            return Ok(None);
        }
        let mut names = vec![CLUSTER_NAME.to_owned()];
        if tls != Tls::Named {
            names.push(ip.to_string());
        }
        let mut params = CertificateParams::new(names).map_err(io::Error::other)?;
        params.extended_key_usages.push(ExtendedKeyUsagePurpose::ServerAuth);
        let key = generate()?;
        let certificate = params.signed_by(&key, &self.issuer).map_err(io::Error::other)?;

        let provider = Arc::new(aws_lc_rs::default_provider());
        let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()
            .map_err(io::Error::other)?;
        let builder = if tls == Tls::Mutual {
            let mut roots = RootCertStore::empty();
            roots.add(self.issuer.der().clone()).map_err(io::Error::other)?;
            let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider)
                .build()
                .map_err(io::Error::other)?;
            builder.with_client_cert_verifier(verifier)
        } else {
            builder.with_no_client_auth()
        };
        let mut config = builder
            .with_single_cert(
                vec![certificate.der().clone()],
                PrivatePkcs8KeyDer::from(key.serialize_der()).into(),
            )
            .map_err(io::Error::other)?;
        config.ticketer = aws_lc_rs::Ticketer::new().map_err(io::Error::other)?;
        Ok(Some(Arc::new(config)))
    }
}

fn generate() -> io::Result<KeyPair> {
    KeyPair::generate().map_err(io::Error::other)
}
