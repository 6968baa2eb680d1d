//! Whether the edge's own clock is believed, and whether it was moved. A Pi has no clock that goes on without power: it starts
//! anywhere, and somebody sets it later.

use link::health::EDGE_CLOCK_TOLERANCE_US;

/// A clock that moved by more than this beside a steady one did not just go on.
const JUMP_US: i64 = 5_000_000;
/// A question that took longer does not tell the hub's time.
const LONGEST_QUESTION_US: i64 = 20_000_000;

/// Two clocks read together, microseconds: the one that people set, since the epoch in UTC, and one that only goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Look {
    /// The clock.
    pub now_us: i64,
    /// The steady one, from any beginning.
    pub steady_us: i64,
}

/// By how much the clock was moved between two looks, microseconds; 0 when it went on.
pub fn moved_us(before: Look, now: Look) -> i64 {
    let went_us = now.steady_us.saturating_sub(before.steady_us);
    let moved_us = now.now_us.saturating_sub(before.now_us).saturating_sub(went_us);
    if moved_us.unsigned_abs() > JUMP_US.unsigned_abs() { moved_us } else { 0 }
}

/// The edge's clock minus the hub's, microseconds: the hub told its time between two looks. `None` when that took too long, or
/// when the clock was moved meanwhile.
pub fn offset_us(asked: Look, answered: Look, hub_us: i64) -> Option<i64> {
    let took_us = answered.steady_us.saturating_sub(asked.steady_us);
    let is_good = (0..=LONGEST_QUESTION_US).contains(&took_us) && moved_us(asked, answered) == 0;
    is_good.then(|| answered.now_us.saturating_sub(took_us / 2).saturating_sub(hub_us))
}

/// Whether the clock is believed: the hub's word counts, and before there is one since the last jump, the system's.
pub fn is_believed(is_synchronised: bool, offset_us: Option<i64>) -> bool {
    offset_us.map_or(is_synchronised, |offset_us| offset_us.unsigned_abs() <= EDGE_CLOCK_TOLERANCE_US.unsigned_abs())
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND_US: i64 = 1_000_000;
    const YEARS_US: i64 = 56 * 365 * 86_400 * SECOND_US;

    fn look(now_us: i64, steady_us: i64) -> Look {
        Look { now_us, steady_us }
    }

    #[test]
    fn a_clock_that_is_set_has_moved_and_one_that_is_slewed_has_not() {
        let before = look(1000 * SECOND_US, 10 * SECOND_US);
        assert_eq!(moved_us(before, look(1060 * SECOND_US, 70 * SECOND_US)), 0);
        assert_eq!(moved_us(before, look(1062 * SECOND_US, 70 * SECOND_US)), 0, "corrected a little");
        assert_eq!(moved_us(before, look(1060 * SECOND_US + YEARS_US, 70 * SECOND_US)), YEARS_US);
        assert_eq!(moved_us(before, look(0, 11 * SECOND_US)), -1001 * SECOND_US);
    }

    #[test]
    fn the_hub_told_its_time_in_the_middle_of_the_question() {
        let asked = look(1000 * SECOND_US, 0);
        let answered = look(1004 * SECOND_US, 4 * SECOND_US);
        assert_eq!(offset_us(asked, answered, 1002 * SECOND_US), Some(0));
        assert_eq!(offset_us(asked, answered, 902 * SECOND_US), Some(100 * SECOND_US));
        assert_eq!(offset_us(asked, look(1030 * SECOND_US, 30 * SECOND_US), 1015 * SECOND_US), None, "too long");
        assert_eq!(offset_us(asked, look(YEARS_US, 4 * SECOND_US), 1002 * SECOND_US), None, "set in the middle");
    }

    #[test]
    fn the_hub_is_believed_before_the_system_and_nobody_knows_in_the_beginning() {
        assert!(!is_believed(false, None));
        assert!(is_believed(true, None));
        assert!(is_believed(false, Some(-EDGE_CLOCK_TOLERANCE_US)));
        assert!(!is_believed(true, Some(EDGE_CLOCK_TOLERANCE_US + 1)));
    }
}
