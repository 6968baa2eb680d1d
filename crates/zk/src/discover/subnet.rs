//! Parts of a network, and the addresses in them.

use std::fmt;
use std::net::Ipv4Addr;
use std::str::FromStr;

/// A part of an IPv4 network, such as `192.168.1.0/24` or a single address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Subnet {
    base: Ipv4Addr,
    prefix: u8,
}

/// A text that names no subnet.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no IPv4 subnet; write one such as 192.168.1.0/24, or a single address")]
pub struct NotASubnet(String);

impl Subnet {
    /// How many addresses a host can have in it: the first and the last of a subnet name the net itself and everybody,
    /// except where there are only one or two.
    pub fn host_count(self) -> u64 {
        let addresses = 1_u64 << (32 - u32::from(self.prefix));
        if self.has_ends() { addresses - 2 } else { addresses }
    }

    /// Those addresses, in order.
    pub fn hosts(self) -> impl Iterator<Item = Ipv4Addr> {
        let first = u64::from(u32::from(self.base)) + u64::from(self.has_ends());
        (first..first + self.host_count()).map(|address| Ipv4Addr::from(address as u32))
    }

    fn has_ends(self) -> bool {
        self.prefix <= 30
    }
}

impl FromStr for Subnet {
    type Err = NotASubnet;

    fn from_str(text: &str) -> Result<Subnet, NotASubnet> {
        let (address, prefix) = text.trim().split_once('/').unwrap_or((text.trim(), "32"));
        let address = address.parse::<Ipv4Addr>().ok();
        let prefix = prefix.parse::<u8>().ok().filter(|prefix| *prefix <= 32);
        let (Some(address), Some(prefix)) = (address, prefix) else { return Err(NotASubnet(text.to_owned())) };
        let mask = u32::MAX.checked_shl(32 - u32::from(prefix)).unwrap_or(0);
        Ok(Subnet { base: Ipv4Addr::from(u32::from(address) & mask), prefix })
    }
}

impl fmt::Display for Subnet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.base, self.prefix)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn subnet(text: &str) -> Subnet {
        text.parse().unwrap()
    }

    fn hosts(text: &str) -> Vec<String> {
        subnet(text).hosts().map(|address| address.to_string()).collect()
    }

    #[test]
    fn a_subnet_has_its_hosts_without_the_net_and_the_broadcast_address() {
        assert_eq!(hosts("192.168.1.0/30"), ["192.168.1.1", "192.168.1.2"]);
        assert_eq!(hosts("192.168.1.77/29").len(), 6);
        assert_eq!(hosts("192.168.1.77/29")[0], "192.168.1.73");
        assert_eq!(hosts("10.0.0.9"), ["10.0.0.9"]);
        assert_eq!(hosts("10.0.0.8/31"), ["10.0.0.8", "10.0.0.9"]);
        assert_eq!(hosts("255.255.255.255"), ["255.255.255.255"]);
        assert_eq!(hosts("255.255.255.252/30"), ["255.255.255.253", "255.255.255.254"]);
    }

    #[test]
    fn its_size_is_known_without_counting() {
        for (text, count) in [("10.0.0.0/24", 254), ("10.0.0.0/20", 4094), ("0.0.0.0/0", (1_u64 << 32) - 2)] {
            assert_eq!(subnet(text).host_count(), count, "{text}");
        }
        assert_eq!(subnet("10.0.3.0/20").hosts().count(), 4094);
    }

    #[test]
    fn it_prints_as_the_net_that_it_is() {
        assert_eq!(subnet(" 192.168.1.77/24 ").to_string(), "192.168.1.0/24");
        assert_eq!(subnet("192.168.1.77/0").to_string(), "0.0.0.0/0");
    }

    #[test]
    fn what_is_no_subnet_is_refused_with_an_example() {
        for text in ["", "gate", "192.168.1.0/33", "192.168.1/24", "fd00::/64", "10.0.0.0/", "10.0.0.0/-1"] {
            let error = text.parse::<Subnet>().unwrap_err().to_string();
            assert!(error.starts_with(&format!("`{text}` is no IPv4 subnet")) && error.contains("/24"), "{error}");
        }
    }
}
