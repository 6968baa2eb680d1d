//! Which addresses are those of the own network or of nobody: another system there is talked to only where an operator allows it, so that
//! an address that somebody entered, or a name that somebody else controls, makes the hub ask nothing within.
//!
//! Invariants:
//! * A client connects to an address that was looked at, and to no other: no redirect is followed and no proxy asked.
//! * Words of an error hold no address, which may carry a secret; the name of a host at most.
//! * By TLS nothing is said to who has not shown a certificate that the system trusts, for the name in the address.

use std::error::Error;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::time::Duration;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::{Client, Url};
use rustls::CertificateError;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// Names of a certificate that are shown, and characters of each.
const NAMES_SHOWN: usize = 3;
const NAME_CHARS: usize = 100;
/// How an authority becomes one that is trusted.
const TRUST_IT: &str = "put its certificate into /usr/local/share/ca-certificates as a .crt file and run update-ca-certificates, or name its file \
                        with SSL_CERT_FILE";

/// A client that waits so long for an answer. TLS needs a process-wide rustls provider.
///
/// # Errors
/// In words, when none can be made.
pub(crate) fn client(timeout: Duration, allow_private: bool) -> Result<Client, String> {
    let client = Client::builder()
        .timeout(timeout)
        .connect_timeout(CONNECT_TIMEOUT)
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .user_agent(concat!("punchclock/", env!("CARGO_PKG_VERSION")))
        .dns_resolver(Looked { allow_private })
        .build();
    client.map_err(no_client)
}

/// Why no client could be made, with the cure.
#[must_use]
pub fn no_client(error: reqwest::Error) -> String {
    let cure = "if this machine has no certificates, install the package ca-certificates; if SSL_CERT_FILE is set, look at that file";
    format!("no client can be made: {}; {cure}", in_words(error))
}

/// Why nothing came back, without the address, which may carry a secret.
#[must_use]
pub fn in_words(error: reqwest::Error) -> String {
    let error = error.without_url();
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        if let Some(why) = distrust(inner) {
            return format!("nothing was sent: {}", certificate_in_words(why));
        }
        text = format!("{text}: {inner}");
        cause = inner.source();
    }
    text
}

/// What is wrong with a certificate, if that is the error.
fn distrust<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a CertificateError> {
    if let Some(rustls::Error::InvalidCertificate(why)) = error.downcast_ref() {
        return Some(why);
    }
    // An I/O error tells the causes of what is in it as its own, and not what is in it.
    let within = error.downcast_ref::<io::Error>()?.get_ref()?;
    distrust(within)
}

fn certificate_in_words(why: &CertificateError) -> String {
    match why {
        CertificateError::UnknownIssuer => format!(
            "nobody whom this machine trusts has signed the certificate there; where an authority of your own has, {TRUST_IT}"
        ),
        // An authority has the name of a trusted one and another key, or who answers does not have the key of the certificate.
        CertificateError::BadSignature => format!(
            "the signature there does not fit; somebody may be in between, or an authority of your own has a new key: ask whoever keeps that \
             server, and if it has, {TRUST_IT}"
        ),
        CertificateError::NotValidForNameContext { expected, presented } => match hosts(presented) {
            None => "the certificate there names no host (only a common name, which counts no more); it has to be made again with a \
                     subjectAltName"
                .to_owned(),
            Some(hosts) => format!(
                "the certificate there is for {hosts}, not for {}; write the address with a name that the certificate has",
                expected.to_str()
            ),
        },
        // The verifier has no other sign of it than the name of its error.
        CertificateError::Other(why) if format!("{why:?}").contains("CaUsedAsEndEntity") => {
            "the certificate there is the certificate of an authority itself; make one for the server that is signed by it".to_owned()
        }
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
            "the certificate there has expired; whoever keeps that server has to renew it, unless this machine's clock is wrong".to_owned()
        }
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            "the certificate there is not valid yet; look at this machine's clock".to_owned()
        }
        other => format!("the certificate there is not good ({other}); whoever keeps that server has to look at it"),
    }
}

/// The hosts that a certificate names, some of many; `None` when it names none. The verifier tells each name in its debug form.
fn hosts(presented: &[String]) -> Option<String> {
    let host = |name: &String| -> Option<String> {
        let inner = name.strip_prefix("DnsName(\"").and_then(|rest| rest.strip_suffix("\")"));
        let inner = inner.or_else(|| name.strip_prefix("IpAddress(")?.strip_suffix(')'))?;
        Some(inner.escape_debug().take(NAME_CHARS).collect())
    };
    let mut hosts: Vec<String> = presented.iter().filter_map(host).collect();
    let more = hosts.len().saturating_sub(NAMES_SHOWN);
    hosts.truncate(NAMES_SHOWN);
    match (hosts.is_empty(), more) {
        (true, _) => None,
        (_, 0) => Some(hosts.join(", ")),
        _ => Some(format!("{} and {more} more", hosts.join(", "))),
    }
}

/// The address of another system, if it may be one.
///
/// # Errors
/// What is wrong with it, with the cure.
pub(crate) fn checked_url(text: &str, allow_private: bool) -> Result<Url, String> {
    let url = Url::parse(text).map_err(|error| format!("`{text}` is no address ({error}); write https://HOST/PATH"))?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err("the address has a password in it, which lists would show; put it into the token's file".to_owned());
    }
    match url.scheme() {
        "https" => {}
        "http" if allow_private => {}
        "http" => {
            return Err(
                "plain HTTP shows all that is said to whoever is on the line; use https, or --allow-private".to_owned()
            );
        }
        other => return Err(format!("{other} is no way to another system; use https")),
    }
    let literal = url.host_str().map(|host| host.trim_matches(['[', ']'])).and_then(|host| host.parse::<IpAddr>().ok());
    match literal {
        Some(address) if !allow_private && !is_public(address) => Err(not_public(address)),
        _ => Ok(url),
    }
}

pub(crate) fn not_public(address: IpAddr) -> String {
    format!("{address} is no address of the public network; allow it with --allow-private")
}

/// Looks names up, and leaves out addresses that are not to be talked to: what is connected to is what was looked at.
struct Looked {
    allow_private: bool,
}

impl Resolve for Looked {
    fn resolve(&self, name: Name) -> Resolving {
        let allow_private = self.allow_private;
        Box::pin(async move {
            let found: Vec<_> = tokio::net::lookup_host((name.as_str(), 0)).await?.collect();
            let (good, bad): (Vec<_>, Vec<_>) =
                found.into_iter().partition(|found| allow_private || is_public(found.ip()));
            match (good.is_empty(), bad.first()) {
                (true, Some(bad)) => Err(not_public(bad.ip()).into()),
                _ => Ok(Box::new(good.into_iter()) as Addrs),
            }
        })
    }
}

/// Whether an address is one of the public network.
pub(crate) fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    let is_shared = a == 100 && (64..128).contains(&b);
    let is_for_protocols = (a, b, c) == (192, 0, 0);
    let is_for_benchmarks = a == 198 && (b == 18 || b == 19);
    !(a == 0
        || a >= 240
        || is_shared
        || is_for_protocols
        || is_for_benchmarks
        || address.is_private()
        || address.is_loopback()
        || address.is_link_local()
        || address.is_multicast()
        || address.is_documentation())
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    let [a, b, c, d, e, f, high, low] = address.segments();
    let within = || {
        let ([x, y], [z, w]) = (high.to_be_bytes(), low.to_be_bytes());
        Ipv4Addr::new(x, y, z, w)
    };
    match (a, b, c, d, e, f) {
        // An IPv4 address in other clothes: mapped, or translated.
        (0, 0, 0, 0, 0, 0xffff | 0) if address != Ipv6Addr::LOCALHOST && !address.is_unspecified() => {
            is_public_v4(within())
        }
        (0x64, 0xff9b, 0, 0, 0, 0) => is_public_v4(within()),
        // 6to4 has one in its prefix.
        (0x2002, ..) => {
            let ([x, y], [z, w]) = (b.to_be_bytes(), c.to_be_bytes());
            is_public_v4(Ipv4Addr::new(x, y, z, w))
        }
        // What is given out to the public network begins with 001.
        _ => a & 0xe000 == 0x2000 && (a, b) != (0x2001, 0xdb8),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_the_own_network_are_not_public_in_whatever_clothes() {
        let own = "0.0.0.0 10.1.2.3 100.64.0.1 127.0.0.1 127.9.9.9 169.254.169.254 172.16.0.1 192.168.1.1 192.0.0.8 198.18.0.1 224.0.0.1 \
                   240.0.0.1 255.255.255.255 :: ::1 fe80::1 fc00::1 fd12::1 ff02::1 ::ffff:127.0.0.1 ::ffff:10.0.0.1 ::127.0.0.1 \
                   64:ff9b::a00:1 64:ff9b:1::1 2002:7f00:1:: 2002:c0a8:101:: 2001:db8::1";
        for address in own.split_whitespace() {
            assert!(!is_public(address.parse().unwrap()), "{address}");
        }
        for address in
            "1.1.1.1 93.184.216.34 172.15.0.1 172.32.0.1 100.63.0.1 2606:2800:220:1::1 ::ffff:1.1.1.1 64:ff9b::101:101"
                .split_whitespace()
        {
            assert!(is_public(address.parse().unwrap()), "{address}");
        }
    }

    #[test]
    fn plain_http_and_addresses_of_the_own_network_need_a_word() {
        for address in [
            "http://crm.example/x",
            "https://127.0.0.1/x",
            "https://[::1]/x",
            "https://169.254.169.254/",
            "https://0x7f.1/",
        ] {
            let error = checked_url(address, false).unwrap_err();
            assert!(error.contains("--allow-private"), "{address}: {error}");
            assert!(checked_url(address, true).is_ok(), "{address}");
        }
        assert!(checked_url("https://crm.example/x", false).is_ok());
        assert!(checked_url("ftp://crm.example", true).is_err());
        assert!(checked_url("https://u:p@crm.example", true).unwrap_err().contains("password"));
    }
}
