//! A server that speaks TLS with the certificates of `tests/certificates`, and answers every request alike.

use std::{
    fs,
    io::{Read as _, Write as _},
    net::TcpListener,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

use rustls::{
    RootCertStore, ServerConfig, ServerConnection, StreamOwned,
    crypto::ring,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
    server::WebPkiClientVerifier,
};

/// Returns the path of one of the certificates.
pub(crate) fn certificate(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/certificates").join(name)
}

/// The server. Its thread ends with the process.
pub(crate) struct TlsServer {
    /// `127.0.0.1:PORT`.
    pub(crate) at: String,
    answered: Arc<AtomicUsize>,
}

impl TlsServer {
    /// Starts one with a certificate, `server` or `expired`, and with a want of the clients'; it answers these bytes.
    pub(crate) fn start(certificate: &str, wants_client: bool, answer: Vec<u8>) -> Self {
        let config = Arc::new(config(certificate, wants_client));
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let at = listener.local_addr().unwrap().to_string();
        let answered = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&answered);
        thread::spawn(move || {
            for socket in listener.incoming().flatten() {
                let (config, answer, count) = (Arc::clone(&config), answer.clone(), Arc::clone(&count));
                thread::spawn(move || {
                    let mut stream = StreamOwned::new(ServerConnection::new(config).unwrap(), socket);
                    let (mut bytes, mut some) = (Vec::new(), [0; 4096]);
                    while let Ok(length @ 1..) = stream.read(&mut some) {
                        bytes.extend_from_slice(&some[..length]);
                        if is_whole(&bytes) {
                            count.fetch_add(1, Ordering::SeqCst);
                            drop(stream.write_all(&answer));
                            stream.conn.send_close_notify();
                            drop(stream.flush());
                            return;
                        }
                    }
                    // What the client has sent is read, so that the alert before the end arrives.
                    drop(stream.flush());
                    drop(stream.sock.shutdown(std::net::Shutdown::Write));
                    drop(stream.sock.read_to_end(&mut bytes));
                });
            }
        });
        Self { at, answered }
    }

    /// How many requests it has answered.
    pub(crate) fn answered(&self) -> usize {
        self.answered.load(Ordering::SeqCst)
    }
}

fn config(name: &str, wants_client: bool) -> ServerConfig {
    let read = |name: &str| fs::read(certificate(name)).unwrap();
    let chain = CertificateDer::pem_slice_iter(&read(&format!("{name}.pem"))).map(Result::unwrap).collect();
    let key = PrivateKeyDer::from_pem_slice(&read(&format!("{name}.key"))).unwrap();
    let provider = Arc::new(ring::default_provider());
    let builder =
        ServerConfig::builder_with_provider(Arc::clone(&provider)).with_safe_default_protocol_versions().unwrap();
    let builder = if wants_client {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_slice(&read("ca.pem")).unwrap()).unwrap();
        let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider).build().unwrap();
        builder.with_client_cert_verifier(verifier)
    } else {
        builder.with_no_client_auth()
    };
    builder.with_single_cert(chain, key).unwrap()
}

/// Tells whether a request has come to its end.
fn is_whole(bytes: &[u8]) -> bool {
    let text = String::from_utf8_lossy(bytes);
    let Some((head, body)) = text.split_once("\r\n\r\n") else { return false };
    let length =
        head.lines().find_map(|line| line.to_ascii_lowercase().strip_prefix("content-length:")?.trim().parse().ok());
    body.len() >= length.unwrap_or(0)
}
