//! Which addresses are those of the own network or of nobody: a receiver there is talked to only where an operator allows it, so that
//! an address that somebody entered, or a name that somebody else controls, makes the hub ask nothing within.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

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
}
