use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::Arc;

use anyhow::{Context as _, Result, anyhow};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use rustls::crypto::ring::default_provider;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};

/// A connection that was taken, in clear or encrypted.
pub(crate) trait Line: Read + Write + Send {}
impl<L: Read + Write + Send> Line for L {}

/// Who signs the certificates of servers: whoever trusts it, trusts them.
pub struct Authority(CertifiedIssuer<'static, KeyPair>);

/// Who a server is: its certificate and key.
pub struct Identity(Arc<ServerConfig>);

impl Authority {
    /// One of this name, with a key of its own, that nobody trusts yet.
    ///
    /// # Errors
    /// When no key can be made.
    pub fn new(name: &str) -> Result<Self> {
        let mut wanted = CertificateParams::new(Vec::new())?;
        wanted.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        wanted.distinguished_name.push(DnType::CommonName, name);
        Ok(Self(CertifiedIssuer::self_signed(wanted, KeyPair::generate()?)?))
    }

    /// Its certificate, as PEM.
    #[must_use]
    pub fn certificate(&self) -> String {
        self.0.pem()
    }

    /// A server of this name.
    ///
    /// # Errors
    /// When no certificate can be made of it.
    pub fn identity(&self, name: &str) -> Result<Identity> {
        self.identity_of(&[name])
    }

    /// A server of these names or IP addresses; of none, one that has a common name only.
    ///
    /// # Errors
    /// When no certificate can be made of them.
    pub fn identity_of(&self, names: &[&str]) -> Result<Identity> {
        let key = KeyPair::generate()?;
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let certificate = CertificateParams::new(names)?.signed_by(&key, &self.0)?;
        identity(certificate.der(), &key)
    }

    /// A server that shows the certificate of the authority itself.
    ///
    /// # Errors
    /// When no server can be made of it.
    pub fn itself(&self) -> Result<Identity> {
        identity(self.0.der(), self.0.key())
    }
}

fn identity(certificate: &CertificateDer<'static>, key: &KeyPair) -> Result<Identity> {
    let key = PrivateKeyDer::try_from(key.serialize_der()).map_err(|why| anyhow!("no key: {why}"))?;
    let config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(vec![certificate.clone()], key)?;
    Ok(Identity(Arc::new(config)))
}

/// Takes connections on loopback, each in a thread of its own: with an identity by TLS. The address without a path.
pub(crate) fn listen(
    identity: Option<&Identity>,
    serve: impl Fn(Box<dyn Line>) -> Result<()> + Send + Sync + 'static,
) -> Result<String> {
    let socket = TcpListener::bind("127.0.0.1:0").context("a receiver listens")?;
    let address = socket.local_addr()?;
    let config = identity.map(|identity| identity.0.clone());
    let base = match config {
        // Certificates are for names.
        Some(_) => format!("https://localhost:{}", address.port()),
        None => format!("http://{address}"),
    };
    let serve = Arc::new(serve);
    std::thread::spawn(move || {
        for stream in socket.incoming().flatten() {
            let (serve, config) = (serve.clone(), config.clone());
            // A line that breaks is what clients have to live with.
            std::thread::spawn(move || {
                let line: Box<dyn Line> = match config {
                    Some(config) => Box::new(StreamOwned::new(ServerConnection::new(config)?, stream)),
                    None => Box::new(stream),
                };
                serve(line)
            });
        }
    });
    Ok(base)
}
