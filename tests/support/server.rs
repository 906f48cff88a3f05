//! A small HTTP server that notes every byte it receives.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

/// What answers a request: its head and body go in, the body of the answer comes out; nothing is a
/// 404.
type Answer = dyn Fn(&str, &str) -> Option<String> + Send + Sync;

pub(crate) struct Server {
    addr: SocketAddr,
    requests: Arc<Mutex<Vec<String>>>,
}

impl Server {
    /// Starts a server on an address of no node. It ends with the process.
    pub(crate) fn start(
        answer: impl Fn(&str, &str) -> Option<String> + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.98:0").unwrap();
        let addr = listener.local_addr().unwrap();
        let requests = Arc::<Mutex<Vec<String>>>::default();
        let (notes, answer) =
            (Arc::clone(&requests), Arc::<Answer>::from(Box::new(answer) as Box<Answer>));
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (notes, answer) = (Arc::clone(&notes), Arc::clone(&answer));
                std::thread::spawn(move || serve(stream, &notes, &*answer));
            }
        });
        Self { addr, requests }
    }

    pub(crate) fn addr(&self) -> SocketAddr {
        self.addr
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.addr)
    }

    /// Every request with its head and body, as it arrived.
    pub(crate) fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap().clone()
    }
}

fn serve(mut stream: TcpStream, notes: &Mutex<Vec<String>>, answer: &Answer) -> Option<()> {
    let mut received = Vec::new();
    loop {
        let (head, body) = loop {
            let text = String::from_utf8_lossy(&received);
            if let Some((head, body)) = text.split_once("\r\n\r\n")
                && body.len() >= content_length(head)
            {
                break (head.to_owned(), body.to_owned());
            }
            let mut buffer = [0; 4096];
            let length = stream.read(&mut buffer).ok().filter(|n| *n > 0)?;
            received.extend_from_slice(&buffer[..length]);
        };
        received.clear();
        notes.lock().unwrap().push(format!("{head}\r\n\r\n{body}"));
        let (status, answer) = match answer(&head, &body) {
            Some(answer) => ("200 OK", answer),
            None => ("404 Not Found", String::new()),
        };
        let length = answer.len();
        // The lifetime of a token, which IMDS tells in a header.
        let ttl = "x-aws-ec2-metadata-token-ttl-seconds: 21600";
        write!(stream, "HTTP/1.1 {status}\r\ncontent-length: {length}\r\nx-of-server: 1\r\n{ttl}\r\n\r\n{answer}").ok()?;
    }
}

fn content_length(head: &str) -> usize {
    head.lines()
        .find_map(|line| line.to_ascii_lowercase().strip_prefix("content-length: ")?.parse().ok())
        .unwrap_or(0)
}
