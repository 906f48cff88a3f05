//! A TLS server that is no node: it notes what it is asked for and what it receives, and answers
//! nothing.

use std::io::Read;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard};

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::Acceptor;
use rustls::{ServerConfig, StreamOwned};

/// Above the addresses of the nodes.
const ADDRESS: [u8; 4] = [127, 0, 0, 99];

pub(crate) struct Stranger {
    addr: SocketAddr,
    notes: Arc<Mutex<Notes>>,
}

#[derive(Default)]
struct Notes {
    /// What each handshake asked for.
    names: Vec<Option<String>>,
    received: Vec<u8>,
}

impl Stranger {
    /// Listens at the port, with this certificate and its key in PEM. Ends with the process.
    pub(crate) fn start(port: u16, certificate: &str, key: &str) -> Self {
        let certificate = CertificateDer::from_pem_slice(certificate.as_bytes()).unwrap();
        let key = PrivateKeyDer::from_pem_slice(key.as_bytes()).unwrap();
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![certificate], key)
            .unwrap();
        let config = Arc::new(config);
        let addr = SocketAddr::from((ADDRESS, port));
        let listener = TcpListener::bind(addr).unwrap();
        let notes = Arc::<Mutex<Notes>>::default();
        let (written, config) = (Arc::clone(&notes), Arc::clone(&config));
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (written, config) = (Arc::clone(&written), Arc::clone(&config));
                std::thread::spawn(move || serve(stream, &written, config));
            }
        });
        Self { addr, notes }
    }

    pub(crate) fn url(&self) -> String {
        format!("https://{}", self.addr)
    }

    pub(crate) fn handshakes(&self) -> usize {
        self.notes().names.len()
    }

    /// The name that each handshake asked for.
    pub(crate) fn names(&self) -> Vec<Option<String>> {
        self.notes().names.clone()
    }

    /// What came after the handshakes, decrypted.
    pub(crate) fn received(&self) -> Vec<u8> {
        self.notes().received.clone()
    }

    fn notes(&self) -> MutexGuard<'_, Notes> {
        self.notes.lock().unwrap()
    }
}

fn serve(mut stream: TcpStream, notes: &Mutex<Notes>, config: Arc<ServerConfig>) -> Option<()> {
    let mut acceptor = Acceptor::default();
    let accepted = loop {
        if acceptor.read_tls(&mut stream).ok()? == 0 {
            return None;
        }
        if let Some(accepted) = acceptor.accept().ok()? {
            break accepted;
        }
    };
    let name = accepted.client_hello().server_name().map(str::to_owned);
    notes.lock().unwrap().names.push(name);
    let mut tls = StreamOwned::new(accepted.into_connection(config).ok()?, stream);
    let mut buffer = [0; 1024];
    loop {
        let length = tls.read(&mut buffer).ok().filter(|n| *n > 0)?;
        notes.lock().unwrap().received.extend_from_slice(&buffer[..length]);
    }
}
