//! Slows down repeated failures of sign-in and set-up. Pure: the time is a value.
//!
//! An attempt is counted when it starts, so that parallel guesses wait for each other, and forgotten when it succeeds.
//! After [`FREE_ATTEMPTS`] each further one doubles the wait, up to [`LONGEST_WAIT`]. The name decides whether it exists or
//! not: an unknown name is treated as a known one. A stranger can make an account wait, but only for that long.
//!
//! Attempts also count for the address that they come from, so that one password can't be tried on every name. Many people may
//! share an address, so more is free there, and whoever gets in takes back no attempt but their own.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};

use jiff::{SignedDuration, Timestamp};

/// Attempts on a name before the first wait.
const FREE_ATTEMPTS: u32 = 5;
/// Attempts from an address before the first wait.
const FREE_FROM_ADDRESS: u32 = 50;
/// The longest wait between two attempts.
const LONGEST_WAIT: SignedDuration = SignedDuration::from_secs(30);
/// Attempts are forgotten after this time without one.
const MEMORY: SignedDuration = SignedDuration::from_mins(15);
/// Names and addresses remembered at once; beyond it the oldest is forgotten.
const MOST_REMEMBERED: usize = 10_000;

/// Attempts per name and per address.
#[derive(Debug, Default)]
pub(crate) struct Governor {
    attempts: HashMap<Key, Attempts>,
}

/// What attempts are counted for.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Key {
    Name(String),
    Address(IpAddr),
}

#[derive(Clone, Copy, Debug)]
struct Attempts {
    count: u32,
    last: Timestamp,
}

impl Governor {
    /// Counts an attempt on a name from an address. The error is the time to wait before the next one; a refused attempt is
    /// not counted.
    pub(crate) fn attempt(&mut self, name: &str, from: Option<IpAddr>, now: Timestamp) -> Result<(), SignedDuration> {
        self.forget(now);
        let keys = keys(name, from);
        let waits = keys.iter().filter_map(|key| self.attempts.get(key).map(|attempts| attempts.wait(key, now)));
        let wait = waits.max().unwrap_or(SignedDuration::ZERO);
        if wait > SignedDuration::ZERO {
            return Err(wait);
        }
        for key in keys {
            let known = self.attempts.entry(key).or_insert(Attempts { count: 0, last: now });
            if now.duration_since(known.last) >= MEMORY {
                known.count = 0;
            }
            known.count = known.count.saturating_add(1);
            known.last = now;
        }
        Ok(())
    }

    /// Forgets the attempts on a name that got in, and this one from the address.
    pub(crate) fn succeeded(&mut self, name: &str, from: Option<IpAddr>) {
        for key in keys(name, from) {
            match &key {
                Key::Name(_) => drop(self.attempts.remove(&key)),
                Key::Address(_) => {
                    self.attempts.entry(key).and_modify(|attempts| attempts.count = attempts.count.saturating_sub(1));
                }
            }
        }
    }

    fn forget(&mut self, now: Timestamp) {
        if self.attempts.len() < MOST_REMEMBERED {
            return;
        }
        self.attempts.retain(|_, attempts| now.duration_since(attempts.last) < MEMORY);
        while self.attempts.len() > MOST_REMEMBERED - 2 {
            let oldest = self.attempts.iter().min_by_key(|(_, attempts)| attempts.last).map(|(key, _)| key.clone());
            oldest.map(|key| self.attempts.remove(&key));
        }
    }
}

impl Attempts {
    /// The wait before the next attempt at `now`.
    fn wait(self, key: &Key, now: Timestamp) -> SignedDuration {
        let waited = now.duration_since(self.last);
        let free = match key {
            Key::Name(_) => FREE_ATTEMPTS,
            Key::Address(_) => FREE_FROM_ADDRESS,
        };
        match self.count.checked_sub(free) {
            Some(over) => {
                let whole = SignedDuration::from_secs(1 << over.min(10)).min(LONGEST_WAIT);
                (whole - waited).max(SignedDuration::ZERO)
            }
            None => SignedDuration::ZERO,
        }
    }
}

/// Names differ by what they are, not by how they are typed; long ones are cut so that they cost no memory. Whoever has an
/// IPv6 address has its whole /64.
fn keys(name: &str, from: Option<IpAddr>) -> Vec<Key> {
    let address = from.map(|from| match from.to_canonical() {
        IpAddr::V6(v6) => IpAddr::V6(Ipv6Addr::from_bits(v6.to_bits() >> 64 << 64)),
        v4 @ IpAddr::V4(_) => v4,
    });
    let name = name.trim().to_lowercase().chars().take(64).collect();
    [Key::Name(name)].into_iter().chain(address.map(Key::Address)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn second(s: i64) -> Timestamp {
        Timestamp::from_second(1_700_000_000 + s).unwrap()
    }

    #[test]
    fn a_few_mistakes_are_free_and_then_each_wait_doubles_up_to_a_limit() {
        let mut governor = Governor::default();
        for _ in 0..5 {
            assert_eq!(governor.attempt("ann", None, second(0)), Ok(()));
        }
        assert_eq!(governor.attempt(" Ann", None, second(0)), Err(SignedDuration::from_secs(1)));
        assert_eq!(governor.attempt("ann", None, second(1)), Ok(()));
        assert_eq!(governor.attempt("ann", None, second(1)), Err(SignedDuration::from_secs(2)));
        assert_eq!(governor.attempt("bob", None, second(1)), Ok(()), "others are not slowed down");
        let mut now = 1;
        for _ in 0..20 {
            now += 30;
            assert_eq!(governor.attempt("ann", None, second(now)), Ok(()), "never more than 30 s");
        }
    }

    #[test]
    fn success_forgets_the_mistakes() {
        let mut governor = Governor::default();
        for _ in 0..5 {
            governor.attempt("ann", None, second(0)).unwrap();
        }
        governor.succeeded("ANN", None);
        assert_eq!(governor.attempt("ann", None, second(0)), Ok(()));
    }

    #[test]
    fn one_password_cant_be_tried_on_every_name_from_one_address() {
        let mut governor = Governor::default();
        let (here, there) = (Some(IpAddr::from([203, 0, 113, 9])), Some(IpAddr::from([203, 0, 113, 10])));
        for name in 0..FREE_FROM_ADDRESS {
            assert_eq!(governor.attempt(&name.to_string(), here, second(0)), Ok(()), "{name}");
        }
        assert_eq!(governor.attempt("ann", here, second(0)), Err(SignedDuration::from_secs(1)));
        assert_eq!(governor.attempt("ann", there, second(0)), Ok(()), "elsewhere nobody waits");
        governor.succeeded("7", here);
        assert_eq!(governor.attempt("7", here, second(0)), Ok(()), "who gets in takes back their own attempt");
        assert!(governor.attempt("7", here, second(0)).is_err(), "and no other");
        assert_eq!(governor.attempt("ann", here, second(15 * 60)), Ok(()));
        assert_eq!(governor.attempt("ann", here, second(15 * 60)), Ok(()), "a quarter of an hour of rest forgets");
    }

    #[test]
    fn a_caller_with_a_network_of_its_own_is_one_caller() {
        let mut governor = Governor::default();
        for host in 0..u64::from(FREE_FROM_ADDRESS) {
            let from = Ipv6Addr::from_bits(0x2001_0db8_0000_0001_u128 << 64 | u128::from(host));
            governor.attempt(&host.to_string(), Some(from.into()), second(0)).unwrap();
        }
        let another = "2001:db8:0:1:ffff::1".parse().unwrap();
        assert!(governor.attempt("ann", Some(another), second(0)).is_err());
    }

    #[test]
    fn its_memory_is_bounded() {
        let mut governor = Governor::default();
        for number in 0..(MOST_REMEMBERED + 50) {
            governor.attempt(&number.to_string(), None, second(0)).unwrap();
        }
        assert!(governor.attempts.len() <= MOST_REMEMBERED);
    }
}
