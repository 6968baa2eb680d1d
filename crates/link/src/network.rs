//! Networks, and who calls from behind a proxy: what both sides' listeners need to know whom they serve.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};

/// An address range, such as `192.168.0.0/16` or a single address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Network {
    base: Ipv6Addr,
    bits: u8,
}

/// A text that is no address range.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no network: write an address such as 10.1.2.3, or a range such as 10.1.0.0/16")]
pub struct NotANetwork(String);

impl Network {
    /// Private ranges, link-local ones and loopback: the default for terminals.
    pub const PRIVATE: [Self; 8] = [
        Self::v4([10, 0, 0, 0], 8),
        Self::v4([172, 16, 0, 0], 12),
        Self::v4([192, 168, 0, 0], 16),
        Self::v4([169, 254, 0, 0], 16),
        Self::v4([127, 0, 0, 0], 8),
        Self { base: Ipv6Addr::LOCALHOST, bits: 128 },
        Self { base: Ipv6Addr::new(0xfc00, 0, 0, 0, 0, 0, 0, 0), bits: 7 },
        Self { base: Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 0), bits: 10 },
    ];

    /// This machine itself: the default for proxies.
    pub const LOOPBACK: [Self; 2] = [Self::v4([127, 0, 0, 0], 8), Self { base: Ipv6Addr::LOCALHOST, bits: 128 }];

    const fn v4(octets: [u8; 4], bits: u8) -> Self {
        let [a, b, c, d] = octets;
        Self { base: std::net::Ipv4Addr::new(a, b, c, d).to_ipv6_mapped(), bits: 96 + bits }
    }

    /// Whether the address is inside. IPv4 addresses are inside whether they come plain or mapped into IPv6.
    pub fn contains(&self, address: IpAddr) -> bool {
        let differing = u128::from(mapped(address)) ^ u128::from(self.base);
        differing.leading_zeros() >= u32::from(self.bits)
    }
}

/// Who calls: `peer`, the other end of the connection, unless that is a trusted proxy; then whoever it says called it.
///
/// `forwarded` are the values of the headers `X-Forwarded-For` in their order. Each proxy appends its own caller, so they are
/// read from the end, and only as far as trusted proxies wrote them: what a stranger put there before is never believed.
pub fn caller<'a>(peer: IpAddr, forwarded: impl DoubleEndedIterator<Item = &'a str>, trusted: &[Network]) -> IpAddr {
    let is_trusted = |address: IpAddr| trusted.iter().any(|network| network.contains(address));
    let mut caller = peer.to_canonical();
    for named in forwarded.flat_map(|line| line.split(',')).rev() {
        let Some(address) = is_trusted(caller).then(|| address(named.trim())).flatten() else { break };
        caller = address;
    }
    caller
}

/// An address as proxies write it, perhaps with a port.
fn address(text: &str) -> Option<IpAddr> {
    let with_port = || text.parse::<SocketAddr>().map(|address| address.ip());
    text.parse::<IpAddr>().or_else(|_| with_port()).ok().map(|address| address.to_canonical())
}

fn mapped(address: IpAddr) -> Ipv6Addr {
    match address {
        IpAddr::V4(v4) => v4.to_ipv6_mapped(),
        IpAddr::V6(v6) => v6,
    }
}

impl std::str::FromStr for Network {
    type Err = NotANetwork;

    fn from_str(text: &str) -> Result<Self, NotANetwork> {
        let wrong = || NotANetwork(text.to_owned());
        let (address, length) = match text.split_once('/') {
            Some((address, length)) => (address, Some(length.parse::<u8>().map_err(|_| wrong())?)),
            None => (text, None),
        };
        let address: IpAddr = address.trim().parse().map_err(|_| wrong())?;
        let (most, unused) = if address.is_ipv4() { (32, 96) } else { (128, 0) };
        let length = length.unwrap_or(most);
        if length > most {
            return Err(wrong());
        }
        Ok(Self { base: mapped(address), bits: unused + length })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn private_addresses_are_let_in_and_public_ones_are_not() {
        let is_private = |text: &str| {
            let address = text.parse().unwrap();
            Network::PRIVATE.iter().any(|network| network.contains(address))
        };
        for inside in ["10.1.2.3", "172.31.255.1", "192.168.0.9", "127.0.0.1", "::1", "::ffff:10.0.0.1", "fd00::1"] {
            assert!(is_private(inside), "{inside}");
        }
        for outside in ["8.8.8.8", "172.32.0.1", "192.169.0.1", "2001:db8::1", "::ffff:8.8.8.8"] {
            assert!(!is_private(outside), "{outside}");
        }
    }

    fn called(peer: &str, forwarded: &[&str], trusted: &[&str]) -> String {
        let trusted: Vec<Network> = trusted.iter().map(|text| text.parse().unwrap()).collect();
        caller(peer.parse().unwrap(), forwarded.iter().copied(), &trusted).to_string()
    }

    #[test]
    fn a_trusted_proxy_is_believed_whom_it_serves_and_a_stranger_is_not() {
        assert_eq!(called("127.0.0.1", &["203.0.113.9"], &["127.0.0.0/8"]), "203.0.113.9");
        assert_eq!(called("::ffff:127.0.0.1", &["[2001:db8::7]:4711"], &["127.0.0.0/8"]), "2001:db8::7");
        assert_eq!(called("203.0.113.9", &["10.0.0.1"], &["127.0.0.0/8"]), "203.0.113.9");
        assert_eq!(called("127.0.0.1", &["203.0.113.9"], &[]), "127.0.0.1");
        assert_eq!(called("127.0.0.1", &[], &["127.0.0.0/8"]), "127.0.0.1");
    }

    #[test]
    fn only_what_trusted_proxies_appended_counts() {
        let two = ["127.0.0.0/8", "10.0.0.0/8"];
        assert_eq!(called("127.0.0.1", &["10.9.9.9, 198.51.100.1, 10.0.0.7"], &two), "198.51.100.1");
        assert_eq!(called("127.0.0.1", &["10.9.9.9", "198.51.100.1", "10.0.0.7"], &two), "198.51.100.1", "in lines");
        assert_eq!(called("127.0.0.1", &["127.0.0.1, 198.51.100.1"], &["127.0.0.0/8"]), "198.51.100.1");
        assert_eq!(called("127.0.0.1", &["10.9.9.9, unknown"], &two), "127.0.0.1", "a proxy that names nobody");
    }

    #[test]
    fn a_range_is_read_as_people_write_it() {
        let range: Network = "10.1.0.0/16".parse().unwrap();
        assert!(range.contains("10.1.255.1".parse().unwrap()) && !range.contains("10.2.0.1".parse().unwrap()));
        let everything: Network = "0.0.0.0/0".parse().unwrap();
        assert!(everything.contains("8.8.8.8".parse().unwrap()));
        assert!("10.1.0.0/33".parse::<Network>().is_err() && "ten".parse::<Network>().is_err());
    }
}
