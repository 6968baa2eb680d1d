//! The edge's decisions: functions of their arguments, without clock, chance, socket or disk.

use std::net::{IpAddr, Ipv6Addr};
use std::time::Duration;

/// Shortest ceiling of the wait after a failed send.
const FIRST_BACKOFF: Duration = Duration::from_millis(500);
/// Longest wait that the edge chooses by itself.
const MAX_BACKOFF: Duration = Duration::from_secs(60);
/// Longest wait that the hub may ask for.
const MAX_HINT: Duration = Duration::from_secs(600);

/// How long to wait after the `failures`-th failure in a row (1, 2, ...): a part of a ceiling that doubles each time ("full
/// jitter"), so that many edges do not come back together. `chance` is a random number from 0 to 1; `hint` is the hub's own wish
/// (Retry-After), which is the least.
pub fn backoff(failures: u32, hint: Option<Duration>, chance: f64) -> Duration {
    let doublings = failures.saturating_sub(1).min(16);
    let ceiling = FIRST_BACKOFF.saturating_mul(1 << doublings).min(MAX_BACKOFF);
    let own = ceiling.mul_f64(chance.clamp(0.0, 1.0));
    own.max(hint.unwrap_or_default().min(MAX_HINT))
}

/// Where the forwarder stands after an answer, given the position before, the last sequence of the batch, and the highest
/// sequence that the hub says it holds.
///
/// Never above what was sent: a hub may know higher numbers of this name from a spool that was lost. It may go back, even below the
/// position before: a hub that was restored from a backup gets again what it lost.
pub fn position_after(sent_up_to: i64, hub_holds: i64) -> i64 {
    hub_holds.min(sent_up_to).max(0)
}

/// When a terminal is polled next, given when the last poll began (`None`: never): times in microseconds since the epoch, UTC.
/// The interval is shortened by up to a tenth by `chance` (0 to 1), so that terminals spread; the first poll comes within a tenth of it.
pub fn next_poll_us(last_began_us: Option<i64>, now_us: i64, every: Duration, chance: f64) -> i64 {
    let every_us = every.as_micros() as f64;
    let jitter = every_us * 0.1 * chance.clamp(0.0, 1.0);
    match last_began_us {
        None => now_us.saturating_add(jitter as i64),
        Some(began) => began.saturating_add((every_us - jitter) as i64),
    }
}

/// How many of `lines` of an unapproved terminal still fit into its sample.
pub fn sample_room(kept: i64, limit: i64, lines: usize) -> usize {
    usize::try_from(limit - kept).unwrap_or(0).min(lines)
}

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

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn the_wait_doubles_up_to_a_minute_and_chance_spreads_it() {
        let ceilings: Vec<_> = (1..=9).map(|failures| backoff(failures, None, 1.0).as_secs_f64()).collect();
        assert_eq!(ceilings, [0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 60.0, 60.0]);
        assert_eq!(backoff(5, None, 0.25), 2 * SECOND);
        assert_eq!(backoff(u32::MAX, None, 1.0), 60 * SECOND);
    }

    #[test]
    fn the_hubs_wish_is_the_least_but_not_for_ever() {
        assert_eq!(backoff(1, Some(30 * SECOND), 1.0), 30 * SECOND);
        assert_eq!(backoff(8, Some(SECOND), 1.0), 60 * SECOND);
        assert_eq!(backoff(1, Some(86_400 * SECOND), 0.0), 600 * SECOND);
    }

    #[test]
    fn a_hub_that_claims_more_than_was_sent_is_not_believed() {
        assert_eq!(position_after(100, 50_000), 100);
        assert_eq!(position_after(100, 60), 60);
        assert_eq!(position_after(100, -1), 0);
    }

    #[test]
    fn polls_spread_over_a_tenth_of_the_interval() {
        let every = Duration::from_secs(900);
        assert_eq!(next_poll_us(None, 5_000_000, every, 0.5), 50_000_000);
        assert_eq!(next_poll_us(Some(0), 5_000_000, every, 0.0), 900_000_000);
        assert_eq!(next_poll_us(Some(0), 5_000_000, every, 1.0), 810_000_000);
    }

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

    #[test]
    fn a_range_is_read_as_people_write_it() {
        let range: Network = "10.1.0.0/16".parse().unwrap();
        assert!(range.contains("10.1.255.1".parse().unwrap()) && !range.contains("10.2.0.1".parse().unwrap()));
        let everything: Network = "0.0.0.0/0".parse().unwrap();
        assert!(everything.contains("8.8.8.8".parse().unwrap()));
        assert!("10.1.0.0/33".parse::<Network>().is_err() && "ten".parse::<Network>().is_err());
    }
}
