//! The edge's decisions: functions of their arguments, without clock, chance, socket or disk.

mod batch;
pub mod clock;
mod contacts;
mod counting;
mod delivery;
pub mod drift;
pub mod hubs;
mod pin;
mod rate;
mod schedule;
mod search;
pub mod seen;
mod slots;
mod wire;

use std::time::Duration;

pub use batch::BatchSize;
pub use contacts::{Told, is_contact_due};
pub(crate) use counting::{Answer, Ask, Counting, Settled};
pub(crate) use delivery::{Delivery, Next, next_step};
pub use pin::{Admission, Caller, Doubt, Judgement, judge};
pub use rate::{BURST_SECONDS, Meter, Verdict};
pub use schedule::{AT_ONCE, Schedule, first_poll_us, next_poll_us, poll_every};
pub use search::{SEARCH_EVERY, is_search_due};
pub use slots::{SlotOwner, Slots};
pub(crate) use wire::{in_words, options_in_words, to_wire};

/// Shortest ceiling of the wait after a failed send.
const FIRST_BACKOFF: Duration = Duration::from_millis(500);
/// Longest wait that the edge chooses by itself.
const MAX_BACKOFF: Duration = Duration::from_secs(60);
/// Longest wait that the hub may ask for.
const MAX_HINT: Duration = Duration::from_secs(600);

/// How long to wait after the `failures`-th failure in a row (1, 2, ...): a part of a ceiling that doubles each time
/// ("full jitter"), so that many edges do not come back together. `chance` is a random number from 0 to 1; `hint` is
/// the hub's own wish (Retry-After), which is the least.
pub fn backoff(failures: u32, hint: Option<Duration>, chance: f64) -> Duration {
    let doublings = failures.saturating_sub(1).min(16);
    let ceiling = FIRST_BACKOFF.saturating_mul(1 << doublings).min(MAX_BACKOFF);
    let own = ceiling.mul_f64(chance.clamp(0.0, 1.0));
    own.max(hint.unwrap_or_default().min(MAX_HINT))
}

/// Where the forwarder stands after an answer, given the last sequence of the batch and the highest sequence that the
/// hub says it holds.
///
/// Never above what was sent: a hub may know higher numbers of this name from a spool that was lost. It may go back,
/// even below the position before: a hub that was restored from a backup gets again what it lost.
pub fn position_after(sent_up_to: i64, hub_holds: i64) -> i64 {
    hub_holds.min(sent_up_to).max(0)
}

/// How many more lines of an unapproved terminal are kept, when `kept` of `limit` are.
pub fn sample_room(kept: i64, limit: i64) -> usize {
    usize::try_from(limit.saturating_sub(kept)).unwrap_or(0)
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
    fn a_sample_is_filled_up_and_not_beyond() {
        assert_eq!(sample_room(0, 100), 100);
        assert_eq!(sample_room(99, 100), 1);
        assert_eq!(sample_room(101, 100), 0);
    }
}
