//! TLS to the hub: either the certificates that the system trusts, or exactly the keys that were pinned, one for all hubs or one
//! for each.
//!
//! A pinned hub is known by the key of its certificate and by nothing else: neither by a name, which a hub in an office may not
//! have, nor by a date, because a Pi that wakes up without a network does not know the time.

use std::sync::Arc;

use link::enrol::Pin;
use ring::digest::{SHA256, digest};
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, ring as provider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{ClientConfig, DigitallySignedStruct, Error, SignatureScheme};

/// The pin of a certificate: what [`Pin`] says of its key.
///
/// # Errors
/// When it is no X.509 certificate.
pub fn pin_of(certificate: &CertificateDer<'_>) -> Result<Pin, Error> {
    let key = ParsedCertificate::try_from(certificate)?.subject_public_key_info();
    let hash = digest(&SHA256, &key);
    let bytes = hash.as_ref().try_into().map_err(|_| Error::General("SHA-256 has 32 bytes".to_owned()))?;
    Ok(Pin(bytes))
}

/// A client that talks only to hubs that have one of the pinned keys.
pub(crate) fn pinned(pins: &[Pin]) -> Result<ClientConfig, Error> {
    let provider = Arc::new(provider::default_provider());
    let verifier = Arc::new(TheseKeys { pins: pins.to_vec(), provider: provider.clone() });
    let versions = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
    Ok(versions.dangerous().with_custom_certificate_verifier(verifier).with_no_client_auth())
}

/// Takes a certificate that has a pinned key; that the other side holds the key, the handshake's signature shows.
#[derive(Debug)]
struct TheseKeys {
    pins: Vec<Pin>,
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for TheseKeys {
    fn verify_server_cert(
        &self,
        certificate: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let shown = pin_of(certificate)?;
        if self.pins.contains(&shown) {
            return Ok(ServerCertVerified::assertion());
        }
        Err(Error::General(format!(
            "its certificate has the key {shown}, and the pinned one is {}: either something else answers there, or the hub has \
             another certificate; then enrol again with a new code from the hub",
            list(&self.pins)
        )))
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, certificate, signed, &self.provider.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, certificate, signed, &self.provider.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

/// The pins, for a person.
fn list(pins: &[Pin]) -> String {
    pins.iter().map(Pin::to_string).collect::<Vec<_>>().join(" or ")
}
