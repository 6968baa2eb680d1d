//! What happens to jobs next: functions of their arguments.

use std::time::Duration;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::{Kind, LEASE, Schedule};

/// The longest wait before the second attempt.
const FIRST_WAIT: Duration = Duration::from_secs(10);

/// What becomes of a job whose attempt failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum AfterFailure {
    /// It may be claimed again from this instant on.
    Again(Timestamp),
    /// It stays, until somebody lets it be tried again.
    Dead,
}

/// The due time that is to be inserted, given the latest that there is. What was missed since that is one run, of the latest; a
/// schedule that never had a run missed all.
pub(super) fn next_slot(
    schedule: &Schedule,
    zone: &TimeZone,
    last: Option<Timestamp>,
    now: Timestamp,
) -> Option<Timestamp> {
    let missed = schedule.last_by(now, zone).filter(|missed| last.is_none_or(|last| last < *missed));
    missed.or_else(|| schedule.next_after(last.map_or(now, |last| last.max(now)), zone))
}

/// What becomes of a job after so many attempts (1, 2, ...), the last of which failed. `chance` is a random number from 0 to 1.
pub(super) fn after_failure(kind: &Kind, attempts: u32, chance: f64, now: Timestamp) -> AfterFailure {
    if attempts >= kind.tries {
        return AfterFailure::Dead;
    }
    AfterFailure::Again(later(now, wait_after(attempts, kind.longest_wait, chance)))
}

/// How long a job waits after so many attempts: a random part of a wait that doubles ("full jitter"), so that what failed
/// together does not come back together.
fn wait_after(attempts: u32, longest: Duration, chance: f64) -> Duration {
    let ceiling = FIRST_WAIT.saturating_mul(1 << attempts.saturating_sub(1).min(16)).min(longest);
    ceiling.mul_f64(chance.clamp(0.0, 1.0))
}

/// Until when a worker holds what it claims, or speaks of, now.
pub(super) fn lease_until(now: Timestamp) -> Timestamp {
    later(now, LEASE)
}

fn later(now: Timestamp, wait: Duration) -> Timestamp {
    now.checked_add(wait).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use jiff::ToSpan as _;
    use proptest::prelude::*;

    use super::*;
    use crate::jobs::{CLEAN_UP, DERIVE, PAYROLL};

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn due_times_that_were_missed_are_one_run_of_the_latest() {
        let (hourly, zone) = (":05".parse().unwrap(), TimeZone::get("Asia/Manila").unwrap());
        let next = |last: Option<&str>, now: &str| next_slot(&hourly, &zone, last.map(at), at(now)).unwrap();
        assert_eq!(
            next(Some("2026-03-04T10:05:00+08:00"), "2026-03-04T10:30:00+08:00"),
            at("2026-03-04T11:05:00+08:00")
        );
        let away = next(Some("2026-03-04T10:05:00+08:00"), "2026-03-04T14:30:00+08:00");
        assert_eq!(away, at("2026-03-04T14:05:00+08:00"));
        assert_eq!(
            next(Some("2026-03-04T14:05:00+08:00"), "2026-03-04T14:30:00+08:00"),
            at("2026-03-04T15:05:00+08:00")
        );
        assert_eq!(next(None, "2026-03-04T14:30:00+08:00"), at("2026-03-04T14:05:00+08:00"), "never before");
        // A clock that was set back inserts nothing that is there.
        assert_eq!(
            next(Some("2026-03-04T15:05:00+08:00"), "2026-03-04T14:30:00+08:00"),
            at("2026-03-04T16:05:00+08:00")
        );
    }

    #[test]
    fn the_wait_doubles_up_to_the_longest_chance_spreads_it_and_after_the_last_attempt_a_job_is_dead() {
        let now = at("2026-03-04T00:00:00Z");
        let after = |attempts, chance| match after_failure(&CLEAN_UP, attempts, chance, now) {
            AfterFailure::Again(due) => Some(due.duration_since(now).as_secs()),
            AfterFailure::Dead => None,
        };
        assert_eq!(
            [1, 2, 3, 4, 5, 6].map(|attempts| after(attempts, 1.0)),
            [Some(10), Some(20), Some(40), Some(80), None, None]
        );
        assert_eq!((after(4, 0.25), after(4, 0.0)), (Some(20), Some(0)));
        assert_eq!(wait_after(u32::MAX, DERIVE.longest_wait, 1.0), DERIVE.longest_wait);
    }

    #[test]
    fn a_payroll_file_is_tried_for_about_four_days() {
        let waits = (1..PAYROLL.tries).map(|attempts| wait_after(attempts, PAYROLL.longest_wait, 0.5));
        let days = waits.sum::<Duration>().as_secs_f64() / 86_400.0;
        assert!((3.9..4.1).contains(&days), "docs/payroll.md says four: {days}");
    }

    proptest! {
        /// However often and late somebody plans, each due time that is inserted is later than the one before, none lies further
        /// ahead than the next, and whoever looks after a due time has inserted one since.
        #[test]
        fn planned_due_times_go_up_and_none_is_inserted_twice(
            minutes in prop::collection::vec(0i64..3000, 1..40),
            zone in prop::sample::select(vec!["Asia/Manila", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe"]),
            schedule in prop::sample::select(vec!["02:00", "02:30", ":05", "every 15 min", "every 6 h at :30"]),
        ) {
            let (schedule, zone): (Schedule, _) = (schedule.parse().unwrap(), TimeZone::get(zone).unwrap());
            let mut now = at("2026-03-20T00:00:00Z");
            let mut last = None;
            for minutes in minutes {
                now = now.checked_add(minutes.minutes()).unwrap();
                // What is to come waits until it is due.
                if last.is_some_and(|last| last > now) {
                    continue;
                }
                let slot = next_slot(&schedule, &zone, last, now).unwrap();
                prop_assert!(last.is_none_or(|last| last < slot));
                let latest = schedule.last_by(now, &zone).unwrap();
                prop_assert!(slot == latest || slot == schedule.next_after(now, &zone).unwrap());
                prop_assert!(slot >= latest);
                last = Some(slot);
            }
        }
    }
}
