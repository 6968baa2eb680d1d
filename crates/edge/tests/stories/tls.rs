//! TLS to a hub: a pinned key, or the authorities of the system.

use std::net::SocketAddr;
use std::sync::Arc;

use edge::{HttpUplink, TokenFile, Uplink as _, UplinkError, pin_of};
use link::Batch;
use link::enrol::Pin;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio_rustls::TlsAcceptor;

use crate::workplace::Workplace;

/// A certificate that its own key signed, out of date since 1975, for a name that nobody calls.
struct Identity {
    certificate: CertificateDer<'static>,
    key: rcgen::KeyPair,
}

fn identity() -> Identity {
    let key = rcgen::KeyPair::generate().unwrap();
    certified(key)
}

/// Another certificate of a key.
fn certified(key: rcgen::KeyPair) -> Identity {
    let mut wanted = rcgen::CertificateParams::new(vec!["elsewhere.example".to_owned()]).unwrap();
    wanted.not_after = rcgen::date_time_ymd(1975, 1, 1);
    let certificate = wanted.self_signed(&key).unwrap().der().clone();
    Identity { certificate, key }
}

/// A hub that has both.
async fn hub(identity: &Identity) -> SocketAddr {
    serve(&identity.certificate, &identity.key).await
}

/// Answers every call over TLS with an acknowledgement. It shows the certificate whether the key is that one's or not.
async fn serve(certificate: &CertificateDer<'static>, key: &rcgen::KeyPair) -> SocketAddr {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let key = provider.key_provider.load_private_key(key).unwrap();
    let shown = SingleCertAndKey::from(CertifiedKey::new(vec![certificate.clone()], key));
    let versions = rustls::ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let config = versions.with_no_client_auth().with_cert_resolver(Arc::new(shown));
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let socket = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = socket.local_addr().unwrap();
    tokio::spawn(async move {
        loop {
            let (stream, _) = socket.accept().await.unwrap();
            let Ok(mut stream) = acceptor.accept(stream).await else { continue };
            let mut head = [0; 4096];
            let _ = stream.read(&mut head).await;
            let body = r#"{"high_seq":7,"outcomes":[]}"#;
            let answer =
                format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}", body.len());
            let _ = stream.write_all(answer.as_bytes()).await;
            let _ = stream.shutdown().await;
        }
    });
    address
}

async fn send(hub: SocketAddr, pins: &[Pin]) -> Result<i64, UplinkError> {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let place = Workplace::new();
    let file = place.spool().with_file_name("token");
    std::fs::write(&file, "secret").unwrap();
    let token = TokenFile::new(file, place.spool().with_file_name("edge.key"));
    let uplink = HttpUplink::new([format!("https://{hub}")], token, pins).unwrap();
    uplink.send(&Batch::default()).await.map(|ack| ack.high_seq)
}

#[tokio::test]
async fn a_pinned_hub_is_known_by_its_key_and_by_nothing_else() {
    let ours = identity();
    let pin = pin_of(&ours.certificate).unwrap();
    assert_eq!(send(hub(&ours).await, &[pin]).await, Ok(7), "neither name nor date matter");
    let renewed = certified(ours.key);
    assert_eq!(send(hub(&renewed).await, &[pin]).await, Ok(7), "another certificate of the same key");

    let other = pin_of(&identity().certificate).unwrap();
    assert_eq!(send(hub(&renewed).await, &[other, pin]).await, Ok(7), "it is one of several hubs, each with its own");

    let error = send(hub(&identity()).await, &[pin]).await.unwrap_err().to_string();
    assert!(error.contains("its certificate has the key sha256//") && error.contains(&pin.to_string()), "{error}");
    assert!(error.contains("enrol again with a new code"), "{error}");
}

#[tokio::test]
async fn who_shows_the_hubs_certificate_without_having_its_key_is_not_the_hub() {
    let (ours, thief) = (identity(), identity());
    let pin = pin_of(&ours.certificate).unwrap();
    let error = send(serve(&ours.certificate, &thief.key).await, &[pin]).await.unwrap_err().to_string();
    assert!(error.contains("ignature"), "{error}");
}

#[tokio::test]
async fn without_a_pin_the_authorities_of_the_system_decide() {
    let error = send(hub(&identity()).await, &[]).await.unwrap_err().to_string();
    assert!(error.contains("can't be reached") && error.contains("ertificate"), "{error}");
}

#[tokio::test]
async fn a_pin_without_tls_is_refused() {
    let place = Workplace::new();
    let token = TokenFile::new(place.spool(), place.spool().with_file_name("edge.key"));
    let pin = pin_of(&identity().certificate).unwrap();
    let error = HttpUplink::new(["http://127.0.0.1:8080"], token, &[pin]).unwrap_err().to_string();
    assert!(error.contains("has a pinned certificate, and no TLS"), "{error}");
}
