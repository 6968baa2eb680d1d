//! The address of a PostgreSQL server, and how the line to it is encrypted: `sslmode` and `sslrootcert` as elsewhere.
//!
//! * `disable`: in plain. So is a server on this machine where nothing is said.
//! * `prefer`: encrypted if the server can. So is a server elsewhere where nothing is said.
//! * `require`: encrypted, or not at all. As `prefer` it keeps others from listening, and proves nothing of who answers.
//! * `verify-full`: encrypted, and the server shows a certificate for its name that leads to a root of the system, or to one in the
//!   PEM file that `sslrootcert` names.

use std::path::{Path, PathBuf};
use std::str::FromStr as _;
use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, ring as provider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};
use tokio_postgres::Config;
use tokio_postgres::config::{Host, SslMode};

use super::Error;

/// Where a server is, and what it has to show.
#[derive(Debug)]
pub(super) struct Address {
    pub(super) config: Config,
    proof: Proof,
}

#[derive(Debug, PartialEq, Eq)]
enum Proof {
    /// Any certificate will do.
    None,
    /// One that leads to a root of this file, or of the system.
    Root(Option<PathBuf>),
}

impl Address {
    /// Reads an address. Those stand in settings, logs and lists of processes: a password does not belong into one.
    pub(super) fn parse(url: &str) -> Result<Self, Error> {
        let (server, options) = url.split_once('?').unwrap_or((url, ""));
        let (mut others, mut mode, mut root) = (Vec::new(), None, None);
        for option in options.split('&').filter(|option| !option.is_empty()) {
            match option.split_once('=') {
                Some(("sslmode", value)) => mode = Some(value),
                Some(("sslrootcert", value)) => root = Some(PathBuf::from(value)),
                _ => others.push(option),
            }
        }
        // The parser's words could quote a part of a password.
        let config = Config::from_str(&format!("{server}?{}", others.join("&"))).map_err(|_| Error::Address)?;
        let is_whole = config.get_user().is_some() && config.get_dbname().is_some() && !config.get_hosts().is_empty();
        if !is_whole || config.get_password().is_some() {
            return Err(Error::Address);
        }
        let (mode, proof) = match (mode, root) {
            (None, None) if config.get_hosts().iter().all(is_here) => (SslMode::Disable, Proof::None),
            (None | Some("prefer"), None) => (SslMode::Prefer, Proof::None),
            (Some("disable"), None) => (SslMode::Disable, Proof::None),
            (Some("require"), None) => (SslMode::Require, Proof::None),
            (Some("verify-full"), root) => (SslMode::Require, Proof::Root(root)),
            (_, Some(_)) => return Err(Error::Tls(String::from("sslrootcert counts with sslmode=verify-full alone"))),
            (Some(_), None) => {
                return Err(Error::Tls(String::from("sslmode is one of disable, prefer, require and verify-full")));
            }
        };
        let mut config = config;
        config.ssl_mode(mode);
        Ok(Self { config, proof })
    }

    /// How the line to it is encrypted, where it is.
    pub(super) fn client(&self) -> Result<ClientConfig, Error> {
        let provider = Arc::new(provider::default_provider());
        let versions = ClientConfig::builder_with_provider(Arc::clone(&provider)).with_safe_default_protocol_versions();
        let versions = versions.map_err(|cause| Error::Tls(cause.to_string()))?;
        let config = match &self.proof {
            Proof::None => versions.dangerous().with_custom_certificate_verifier(Arc::new(AnyCertificate { provider })),
            Proof::Root(None) => versions.with_root_certificates(roots_of_system()?),
            Proof::Root(Some(file)) => versions.with_root_certificates(roots_of_file(file)?),
        };
        Ok(config.with_no_client_auth())
    }
}

/// On this machine.
fn is_here(host: &Host) -> bool {
    match host {
        Host::Unix(_) => true,
        Host::Tcp(name) => {
            name == "localhost" || name.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
        }
    }
}

fn roots_of_file(file: &Path) -> Result<RootCertStore, Error> {
    let unusable = |cause: &dyn std::fmt::Display| Error::Tls(format!("sslrootcert {}: {cause}", file.display()));
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_file_iter(file).map_err(|cause| unusable(&cause))? {
        let certificate = certificate.map_err(|cause| unusable(&cause))?;
        roots.add(certificate).map_err(|cause| unusable(&cause))?;
    }
    if roots.is_empty() { Err(unusable(&"there is no certificate in it")) } else { Ok(roots) }
}

fn roots_of_system() -> Result<RootCertStore, Error> {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    let cure = "this system trusts no root: install ca-certificates, or name a PEM file with sslrootcert";
    if roots.is_empty() { Err(Error::Tls(cure.to_owned())) } else { Ok(roots) }
}

/// Takes whatever certificate is shown; that the other side holds its key, the handshake's signature shows.
#[derive(Debug)]
struct AnyCertificate {
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for AnyCertificate {
    fn verify_server_cert(
        &self,
        _certificate: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, certificate, signed, &self.provider.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, certificate, signed, &self.provider.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::{Address, Proof, SslMode};

    fn mode(url: &str) -> (SslMode, Proof) {
        let Address { config, proof } = Address::parse(url).unwrap();
        (config.get_ssl_mode(), proof)
    }

    #[test]
    fn a_server_elsewhere_is_talked_to_in_secret_if_it_can_unless_something_is_said() {
        for (url, wanted) in [
            ("postgres://ann@127.0.0.1/hub", SslMode::Disable),
            ("postgres://ann@localhost:5433/hub?connect_timeout=3", SslMode::Disable),
            ("postgres://ann@/hub?host=/run/postgresql", SslMode::Disable),
            ("postgres://ann@db.example/hub", SslMode::Prefer),
            ("postgres://ann@localhost,db.example/hub", SslMode::Prefer),
            ("postgres://ann@localhost/hub?sslmode=prefer", SslMode::Prefer),
            ("postgres://ann@db.example/hub?sslmode=disable", SslMode::Disable),
            ("postgres://ann@db.example/hub?sslmode=require", SslMode::Require),
        ] {
            assert_eq!(mode(url), (wanted, Proof::None), "{url}");
        }
        let root = Some("/etc/root.pem".into());
        let full = "postgres://ann@db.example/hub?sslmode=verify-full";
        assert_eq!(mode(full), (SslMode::Require, Proof::Root(None)));
        assert_eq!(mode(&format!("{full}&sslrootcert=/etc/root.pem")), (SslMode::Require, Proof::Root(root)));
    }

    #[test]
    fn what_is_no_mode_is_refused_with_those_there_are() {
        for options in ["sslmode=allow", "sslmode=verify-ca", "sslmode=require&sslrootcert=/etc/root.pem"] {
            let refused = Address::parse(&format!("postgres://ann@h/hub?{options}")).unwrap_err().to_string();
            assert!(refused.contains("verify-full"), "{refused}");
        }
    }
}
