//! Slows down repeated failures of sign-in and set-up. Pure: the time is a value.
//!
//! An attempt is counted when it starts, so that parallel guesses wait for each other, and forgotten when it succeeds.
//! After [`FREE_ATTEMPTS`] each further one doubles the wait, up to [`LONGEST_WAIT`]. The name decides whether it exists or
//! not: an unknown name is treated as a known one. A stranger can make an account wait, but only for that long.

use std::collections::HashMap;

use jiff::{SignedDuration, Timestamp};

/// Attempts before the first wait.
const FREE_ATTEMPTS: u32 = 5;
/// The longest wait between two attempts.
const LONGEST_WAIT: SignedDuration = SignedDuration::from_secs(30);
/// Attempts are forgotten after this time without one.
const MEMORY: SignedDuration = SignedDuration::from_mins(15);
/// Names remembered at once; beyond it the oldest is forgotten.
const MOST_NAMES: usize = 10_000;

/// Attempts per name.
#[derive(Debug, Default)]
pub(crate) struct Governor {
    attempts: HashMap<String, Attempts>,
}

#[derive(Clone, Copy, Debug)]
struct Attempts {
    count: u32,
    last: Timestamp,
}

impl Governor {
    /// Counts an attempt. The error is the time to wait before the next one; a refused attempt is not counted.
    pub(crate) fn attempt(&mut self, name: &str, now: Timestamp) -> Result<(), SignedDuration> {
        self.forget(now);
        let known = self.attempts.entry(key(name)).or_insert(Attempts { count: 0, last: now });
        let waited = now.duration_since(known.last);
        let wait = wait_after(known.count);
        if waited < wait {
            return Err(wait - waited);
        }
        known.count = known.count.saturating_add(1);
        known.last = now;
        Ok(())
    }

    /// Forgets the attempts of a name that got in.
    pub(crate) fn succeeded(&mut self, name: &str) {
        self.attempts.remove(&key(name));
    }

    fn forget(&mut self, now: Timestamp) {
        if self.attempts.len() < MOST_NAMES {
            return;
        }
        self.attempts.retain(|_, attempts| now.duration_since(attempts.last) < MEMORY);
        if self.attempts.len() >= MOST_NAMES {
            let oldest = self.attempts.iter().min_by_key(|(_, attempts)| attempts.last).map(|(name, _)| name.clone());
            oldest.map(|name| self.attempts.remove(&name));
        }
    }
}

/// Names differ by what they are, not by how they are typed; long ones are cut so that they cost no memory.
fn key(name: &str) -> String {
    name.trim().to_lowercase().chars().take(64).collect()
}

/// The wait before the next attempt.
fn wait_after(count: u32) -> SignedDuration {
    match count.checked_sub(FREE_ATTEMPTS) {
        None => SignedDuration::ZERO,
        Some(over) => SignedDuration::from_secs(1 << over.min(10)).min(LONGEST_WAIT),
    }
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
            assert_eq!(governor.attempt("ann", second(0)), Ok(()));
        }
        assert_eq!(governor.attempt(" Ann", second(0)), Err(SignedDuration::from_secs(1)));
        assert_eq!(governor.attempt("ann", second(1)), Ok(()));
        assert_eq!(governor.attempt("ann", second(1)), Err(SignedDuration::from_secs(2)));
        assert_eq!(governor.attempt("bob", second(1)), Ok(()), "others are not slowed down");
        let mut now = 1;
        for _ in 0..20 {
            now += 30;
            assert_eq!(governor.attempt("ann", second(now)), Ok(()), "never more than 30 s");
        }
    }

    #[test]
    fn success_forgets_the_mistakes() {
        let mut governor = Governor::default();
        for _ in 0..5 {
            governor.attempt("ann", second(0)).unwrap();
        }
        governor.succeeded("ANN");
        assert_eq!(governor.attempt("ann", second(0)), Ok(()));
    }

    #[test]
    fn its_memory_is_bounded() {
        let mut governor = Governor::default();
        for number in 0..(MOST_NAMES + 50) {
            governor.attempt(&number.to_string(), second(0)).unwrap();
        }
        assert!(governor.attempts.len() <= MOST_NAMES);
    }
}
