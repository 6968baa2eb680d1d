//! How many requests one address may make. The time is a value.
//!
//! Each address has an allowance that refills steadily up to [`BURST_SECONDS`] of it. A terminal at work asks every few seconds;
//! one that sends its whole log again asks as fast as it is answered, and two million punches fit into a full allowance. A program
//! that asks without end is slowed down to the rate, and costs the others no more than that.

use std::collections::HashMap;
use std::net::IpAddr;
use std::num::NonZeroU32;
use std::time::{Duration, Instant};

/// Seconds of the rate that may come at once.
pub const BURST_SECONDS: u32 = 100;
/// Addresses remembered at once; beyond it the one that asked least is forgotten.
const MOST_REMEMBERED: usize = 10_000;

/// What is thought of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It is answered.
    Pass,
    /// It is one too many.
    Refused {
        /// The one before was answered.
        is_first: bool,
    },
}

/// The allowances of all addresses.
#[derive(Debug)]
pub struct Meter {
    /// Time that one request uses up.
    cost: Duration,
    addresses: HashMap<IpAddr, Used>,
}

#[derive(Debug, Clone, Copy)]
struct Used {
    /// When the allowance is whole again.
    whole_at: Instant,
    was_refused: bool,
}

impl Meter {
    /// Allowances of this many requests a second.
    pub fn new(per_second: NonZeroU32) -> Self {
        Self { cost: Duration::from_secs(1) / per_second.get(), addresses: HashMap::new() }
    }

    /// Counts a request; a refused one uses up nothing.
    pub fn count(&mut self, from: IpAddr, now: Instant) -> Verdict {
        self.make_room(now);
        let used = self.addresses.entry(from.to_canonical()).or_insert(Used { whole_at: now, was_refused: false });
        let whole_at = used.whole_at.max(now) + self.cost;
        if whole_at.duration_since(now) > Duration::from_secs(BURST_SECONDS.into()) {
            let is_first = !std::mem::replace(&mut used.was_refused, true);
            return Verdict::Refused { is_first };
        }
        *used = Used { whole_at, was_refused: false };
        Verdict::Pass
    }

    fn make_room(&mut self, now: Instant) {
        if self.addresses.len() < MOST_REMEMBERED {
            return;
        }
        self.addresses.retain(|_, used| used.whole_at > now);
        if self.addresses.len() >= MOST_REMEMBERED {
            let least = self.addresses.iter().min_by_key(|(_, used)| used.whole_at).map(|(address, _)| *address);
            least.map(|address| self.addresses.remove(&address));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn meter(per_second: u32) -> Meter {
        Meter::new(NonZeroU32::new(per_second).unwrap())
    }

    fn address(number: u32) -> IpAddr {
        std::net::Ipv4Addr::from_bits(0x0a00_0000 + number).into()
    }

    /// How many of a volley are answered.
    fn passed(meter: &mut Meter, from: IpAddr, count: u32, now: Instant) -> u32 {
        (0..count).map(|_| u32::from(meter.count(from, now) == Verdict::Pass)).sum()
    }

    #[test]
    fn a_whole_log_passes_at_once_and_a_flood_is_slowed_to_the_rate() {
        let (mut meter, start) = (meter(200), Instant::now());
        assert_eq!(passed(&mut meter, address(1), 30_000, start), 20_000);
        assert_eq!(meter.count(address(1), start), Verdict::Refused { is_first: false });
        assert_eq!(passed(&mut meter, address(1), 30_000, start + Duration::from_secs(1)), 200);
        assert_eq!(meter.count(address(2), start), Verdict::Pass, "others are not slowed down");
        let rested = start + Duration::from_secs(u64::from(BURST_SECONDS) * 2);
        assert_eq!(passed(&mut meter, address(1), 30_000, rested), 20_000);
    }

    #[test]
    fn the_first_refusal_of_a_row_is_told_apart() {
        let (mut meter, start) = (meter(1), Instant::now());
        assert_eq!(passed(&mut meter, address(1), BURST_SECONDS, start), BURST_SECONDS);
        let verdicts = [0, 0, 1, 1].map(|second| meter.count(address(1), start + Duration::from_secs(second)));
        let refused = |is_first| Verdict::Refused { is_first };
        assert_eq!(verdicts, [refused(true), refused(false), Verdict::Pass, refused(true)]);
    }

    #[test]
    fn its_memory_is_bounded_and_keeps_who_asks_most() {
        let (mut meter, now) = (meter(1), Instant::now());
        passed(&mut meter, address(0), BURST_SECONDS, now);
        for number in 1..=(MOST_REMEMBERED as u32 + 50) {
            assert_eq!(meter.count(address(number), now), Verdict::Pass);
        }
        assert_eq!(meter.addresses.len(), MOST_REMEMBERED);
        assert_eq!(meter.count(address(0), now), Verdict::Refused { is_first: true });
    }
}
