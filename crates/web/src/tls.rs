//! TLS on the hub's own listener, from two PEM files.
//!
//! Invariants:
//! * Files that can't be used at the start are refused with the cure; afterwards the certificate that was good stays in use until
//!   there is another good one. A renewed certificate needs no restart.
//! * A stranger who does not finish the handshake holds up nobody, for [`HANDSHAKE`] and among [`MOST_HANDSHAKES`].

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use axum::serve::Listener;
use rustls::ServerConfig;
use rustls::crypto::ring::default_provider;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

/// Longest time for a handshake.
const HANDSHAKE: Duration = Duration::from_secs(10);
/// Handshakes at once; who comes beyond waits to be accepted.
const MOST_HANDSHAKES: usize = 256;
/// How often the files are looked at, at most, when somebody connects.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// A certificate with its key, which is read again when the files change. Clones share it.
#[derive(Clone, Debug)]
pub struct Tls(Arc<Files>);

/// Why a certificate can't be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TlsError {
    /// One of the files can't be read as what it should be.
    #[error("the {what} {file} can't be used: {why}; it must be a PEM file that the user of the hub may read")]
    File {
        /// Certificate or key.
        what: &'static str,
        /// The file.
        file: String,
        /// What is wrong.
        why: String,
    },
    /// They do not go together.
    #[error("the certificate {certificate} and the key {key} can't be used together: {why}; they must be a pair")]
    NoPair {
        /// The certificate's file.
        certificate: String,
        /// The key's file.
        key: String,
        /// What is wrong.
        why: String,
    },
}

#[derive(Debug)]
struct Files {
    certificate: PathBuf,
    key: PathBuf,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    served: Arc<ServerConfig>,
    /// The files when they were last read, good or not.
    mark: Mark,
    looked: Instant,
}

/// Size and time of change of both files: another mark means other files.
type Mark = [Option<(u64, SystemTime)>; 2];

impl Tls {
    /// Reads the files: the certificate with its chain, and its private key, in PEM.
    ///
    /// # Errors
    /// [`TlsError`].
    pub fn from_files(certificate: PathBuf, key: PathBuf) -> Result<Self, TlsError> {
        let mark = mark(&certificate, &key);
        let served = load(&certificate, &key)?;
        let state = Mutex::new(State { served, mark, looked: Instant::now() });
        Ok(Self(Arc::new(Files { certificate, key, state })))
    }

    /// What is to be served now.
    fn current(&self, now: Instant) -> Arc<ServerConfig> {
        let Files { certificate, key, state } = &*self.0;
        let mut state = state.lock().unwrap_or_else(PoisonError::into_inner);
        if now.duration_since(state.looked) < LOOK_EVERY {
            return state.served.clone();
        }
        state.looked = now;
        let mark = mark(certificate, key);
        if mark != state.mark {
            state.mark = mark;
            match load(certificate, key) {
                Ok(served) => {
                    state.served = served;
                    tracing::info!(certificate = %certificate.display(), "the certificate has changed and is in use");
                }
                Err(error) => tracing::error!("{error}; the one before stays in use"),
            }
        }
        state.served.clone()
    }
}

fn mark(certificate: &Path, key: &Path) -> Mark {
    [certificate, key].map(|file| {
        let found = std::fs::metadata(file).ok()?;
        Some((found.len(), found.modified().ok()?))
    })
}

fn load(certificate: &Path, key: &Path) -> Result<Arc<ServerConfig>, TlsError> {
    let unusable = |what, file: &Path, why: String| TlsError::File { what, file: file.display().to_string(), why };
    let chain = CertificateDer::pem_file_iter(certificate)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(|error| unusable("certificate", certificate, error.to_string()))?;
    if chain.is_empty() {
        return Err(unusable("certificate", certificate, "there is no certificate in it".to_owned()));
    }
    let private = PrivateKeyDer::from_pem_file(key).map_err(|error| unusable("key", key, error.to_string()))?;
    let no_pair = |error: rustls::Error| TlsError::NoPair {
        certificate: certificate.display().to_string(),
        key: key.display().to_string(),
        why: error.to_string(),
    };
    let versions = ServerConfig::builder_with_provider(Arc::new(default_provider()));
    let mut config = versions
        .with_safe_default_protocol_versions()
        .and_then(|config| config.with_no_client_auth().with_single_cert(chain, private))
        .map_err(no_pair)?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}

/// A listener whose connections have finished their handshake.
pub(crate) struct TlsListener {
    socket: TcpListener,
    tls: Tls,
    shaking: JoinSet<Option<(TlsStream<TcpStream>, SocketAddr)>>,
}

impl TlsListener {
    pub(crate) fn new(socket: TcpListener, tls: Tls) -> Self {
        Self { socket, tls, shaking: JoinSet::new() }
    }

    fn shake(&mut self, stream: TcpStream, peer: SocketAddr) {
        let acceptor = TlsAcceptor::from(self.tls.current(Instant::now()));
        self.shaking.spawn(async move {
            match tokio::time::timeout(HANDSHAKE, acceptor.accept(stream)).await {
                Ok(Ok(stream)) => Some((stream, peer)),
                Ok(Err(error)) => {
                    tracing::debug!(%peer, %error, "a TLS handshake failed");
                    None
                }
                Err(_) => None,
            }
        });
    }
}

impl Listener for TlsListener {
    type Io = TlsStream<TcpStream>;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        loop {
            tokio::select! {
                Some(shaken) = self.shaking.join_next() => {
                    if let Ok(Some(ready)) = shaken {
                        return ready;
                    }
                }
                (stream, peer) = Listener::accept(&mut self.socket), if self.shaking.len() < MOST_HANDSHAKES => {
                    self.shake(stream, peer);
                }
            }
        }
    }

    fn local_addr(&self) -> std::io::Result<Self::Addr> {
        self.socket.local_addr()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Folder(tempfile::TempDir);

    impl Folder {
        fn file(&self, name: &str) -> PathBuf {
            self.0.path().join(name)
        }

        /// Puts a new pair into the two files; returns it.
        fn renew(&self) -> (String, String) {
            let key = rcgen::KeyPair::generate().unwrap();
            let made =
                rcgen::CertificateParams::new(vec!["hub.example".to_owned()]).unwrap().self_signed(&key).unwrap();
            let pair = (made.pem(), key.serialize_pem());
            std::fs::write(self.file("certificate"), &pair.0).unwrap();
            std::fs::write(self.file("key"), &pair.1).unwrap();
            pair
        }

        fn tls(&self) -> Result<Tls, TlsError> {
            Tls::from_files(self.file("certificate"), self.file("key"))
        }
    }

    fn folder() -> Folder {
        Folder(tempfile::tempdir().unwrap())
    }

    #[test]
    fn a_renewed_certificate_is_served_and_a_broken_one_is_not() {
        let folder = folder();
        folder.renew();
        let tls = folder.tls().unwrap();
        let mut later = Instant::now();
        let mut current = || {
            later += LOOK_EVERY;
            tls.current(later)
        };
        let first = current();
        assert!(Arc::ptr_eq(&first, &current()), "nothing has changed");

        std::fs::write(folder.file("certificate"), "half of it").unwrap();
        assert!(Arc::ptr_eq(&first, &current()), "the one that was good stays");
        folder.renew();
        let second = current();
        assert!(!Arc::ptr_eq(&first, &second));
        assert!(Arc::ptr_eq(&second, &current()));
    }

    #[test]
    fn what_cant_be_used_is_named_with_its_cure() {
        let folder = folder();
        let says = || folder.tls().unwrap_err().to_string();
        assert!(says().contains("the certificate ") && says().contains("must be a PEM file"), "{}", says());
        let (_, other_key) = folder.renew();
        std::fs::remove_file(folder.file("key")).unwrap();
        assert!(says().starts_with("the key "), "{}", says());
        folder.renew();
        std::fs::write(folder.file("key"), other_key).unwrap();
        assert!(says().contains("they must be a pair"), "{}", says());
        std::fs::write(folder.file("certificate"), "\n").unwrap();
        assert!(says().contains("there is no certificate in it"), "{}", says());
    }
}
