//! How far a terminal's clock is off. Faces are compared with what a right clock in the terminal's zone shows, both as
//! printed, so that an hour that comes twice makes no difference, and a terminal that missed a change of the hour is seen.
//!
//! Two ways: a terminal that is polled tells its time, which is exact to a second. One that pushes shows it by the punches
//! that it uploads at once. A punch is never uploaded before it was made, so that a face in the future is a clock ahead for
//! certain; how far a clock is behind is told by the shortest delay of some uploads, because each may have been held up.

use std::collections::VecDeque;

use attendance::punch::PrintedTime;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use link::{Clock, ClockSource};

/// Uploads that are looked at: few, so that a clock that was set right is seen to be right soon.
const UPLOADS: usize = 5;
/// Fewer than these say nothing about a clock behind.
const ENOUGH: usize = 3;
/// Uploads within this time are one: after an outage everything that was kept comes together.
const TOGETHER_US: i64 = 10_000_000;
/// More records in one upload did not come at once: it is a log that is uploaded again, or was kept.
const MOST_AT_ONCE: usize = 3;
/// How long a time that was told is believed more than what uploads show.
const TOLD_IS_FRESH_US: i64 = 3_600_000_000;
/// Two offsets that differ by less are the same: seconds are cut off, lines are slow.
const SAME_WITHIN_S: i64 = 5;

/// A clock that was asked for its time: `face_s` is what it showed, in seconds since 1970 on its face, between the request
/// at `asked_us` and the reply at `told_us`. `None` for times that no calendar has.
pub fn asked(face_s: i64, asked_us: i64, told_us: i64, zone: &TimeZone) -> Option<Clock> {
    let middle_us = asked_us.saturating_add(told_us.saturating_sub(asked_us) / 2);
    // A face shows whole seconds: on the average it is half a second further.
    let offset_us =
        face_s.checked_mul(1_000_000)?.saturating_add(500_000).saturating_sub(right_face_us(middle_us, zone)?);
    let offset_s = offset_us.saturating_add(499_999).div_euclid(1_000_000);
    Some(Clock { offset_s, how: ClockSource::Asked, at_us: told_us })
}

/// What a right clock of the zone shows, microseconds since 1970 on its face.
fn right_face_us(at_us: i64, zone: &TimeZone) -> Option<i64> {
    let civil = Timestamp::from_microsecond(at_us).ok()?.to_zoned(zone.clone()).datetime();
    PrintedTime::from_civil(civil).seconds()?.checked_mul(1_000_000)?.checked_add(at_us.rem_euclid(1_000_000))
}

/// The latest face in an upload that may have come at once: one of few records, some of them new. `None` otherwise.
pub fn face_at_once(faces_s: &[Option<i64>], new: usize) -> Option<i64> {
    let is_at_once = new > 0 && faces_s.len() <= MOST_AT_ONCE;
    is_at_once.then(|| faces_s.iter().flatten().copied().max()).flatten()
}

/// The last uploads of one terminal: each as the face of its latest punch minus the right face, in seconds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Uploads(VecDeque<(i64, i64)>);

impl Uploads {
    /// Takes the latest face of an upload that came at `now_us`, and tells what the last ones show together. `None` while
    /// they show nothing for certain.
    pub fn add(&mut self, face_s: i64, now_us: i64, zone: &TimeZone) -> Option<Clock> {
        let ahead_s = face_s.checked_sub(right_face_us(now_us, zone)?.div_euclid(1_000_000))?;
        match self.0.back_mut() {
            Some((best_s, at_us)) if now_us.abs_diff(*at_us) < TOGETHER_US.unsigned_abs() => {
                *best_s = ahead_s.max(*best_s);
            }
            _ => self.0.push_back((ahead_s, now_us)),
        }
        if self.0.len() > UPLOADS {
            self.0.pop_front();
        }
        let offset_s = self.0.iter().map(|(ahead_s, _)| *ahead_s).max()?;
        let is_certain = offset_s > 0 || self.0.len() >= ENOUGH;
        is_certain.then_some(Clock { offset_s, how: ClockSource::Uploads, at_us: now_us })
    }
}

/// Which of two looks at a clock counts, the one before or a new one. What a terminal told stands for a while, unless its
/// uploads are further ahead than that, which is certain.
pub fn newer(before: Option<Clock>, new: Clock) -> Clock {
    let Some(before) = before else { return new };
    let is_fresh = new.at_us.abs_diff(before.at_us) < TOLD_IS_FRESH_US.unsigned_abs();
    let is_told = (before.how, new.how) == (ClockSource::Asked, ClockSource::Uploads);
    let is_further = new.offset_s > before.offset_s.saturating_add(SAME_WITHIN_S);
    if is_told && is_fresh && !is_further { before } else { new }
}

/// Whether two looks show the same.
pub fn is_same(one: Option<Clock>, other: Option<Clock>) -> bool {
    match (one, other) {
        (Some(one), Some(other)) => {
            one.how == other.how && one.offset_s.abs_diff(other.offset_s) <= SAME_WITHIN_S.unsigned_abs()
        }
        (one, other) => one.is_none() && other.is_none(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND_US: i64 = 1_000_000;

    fn zone() -> TimeZone {
        TimeZone::get("Asia/Manila").unwrap()
    }

    fn us(text: &str) -> i64 {
        text.parse::<Timestamp>().unwrap().as_microsecond()
    }

    fn face(text: &str) -> i64 {
        PrintedTime::parse(text).seconds().unwrap()
    }

    fn offset(uploads: &mut Uploads, face_text: &str, at: &str) -> Option<i64> {
        uploads.add(face(face_text), us(at), &zone()).map(|clock| clock.offset_s)
    }

    #[test]
    fn a_told_time_is_compared_with_the_middle_of_the_question() {
        let told = |face_text, asked_us, told_us| asked(face(face_text), asked_us, told_us, &zone()).unwrap().offset_s;
        let asked_us = us("2026-03-04T00:00:00Z");
        assert_eq!(told("2026-03-04 08:00:00", asked_us, asked_us + SECOND_US), 0);
        assert_eq!(told("2026-03-04 08:00:02", asked_us, asked_us + 4 * SECOND_US), 0);
        assert_eq!(told("2026-03-04 07:58:00", asked_us, asked_us), -120);
        assert_eq!(told("2000-01-01 00:12:00", asked_us, asked_us) / 86_400, -9559, "it was reset");
    }

    #[test]
    fn a_face_in_the_future_is_a_clock_ahead_at_once() {
        let mut uploads = Uploads::default();
        assert_eq!(offset(&mut uploads, "2026-03-04 08:05:00", "2026-03-04T00:00:02Z"), Some(298));
    }

    #[test]
    fn a_clock_behind_is_told_by_the_shortest_delay_of_some_uploads() {
        let mut uploads = Uploads::default();
        assert_eq!(offset(&mut uploads, "2026-03-04 07:10:00", "2026-03-04T00:00:00Z"), None, "it may have been kept");
        assert_eq!(offset(&mut uploads, "2026-03-04 07:12:00", "2026-03-04T00:00:05Z"), None, "so may its neighbour");
        assert_eq!(offset(&mut uploads, "2026-03-04 08:10:00", "2026-03-04T00:12:04Z"), None);
        assert_eq!(offset(&mut uploads, "2026-03-04 08:20:00", "2026-03-04T00:22:01Z"), Some(-121));
        assert_eq!(offset(&mut uploads, "2026-03-04 08:30:00", "2026-03-04T00:33:00Z"), Some(-121));
    }

    #[test]
    fn a_clock_that_was_set_right_is_seen_to_be_right_after_some_uploads() {
        let mut uploads = Uploads::default();
        assert_eq!(offset(&mut uploads, "2026-03-04 09:00:00", "2026-03-04T00:00:00Z"), Some(3600));
        let mut last = None;
        for minute in 1..=5 {
            let at = format!("2026-03-04T00:{minute:02}:02Z");
            last = offset(&mut uploads, &format!("2026-03-04 08:{minute:02}:00"), &at);
        }
        assert_eq!(last, Some(-2));
    }

    #[test]
    fn an_hour_that_comes_twice_makes_no_difference_and_a_missed_change_is_seen() {
        let berlin = TimeZone::get("Europe/Berlin").unwrap();
        let second_pass = us("2026-10-25T01:30:00Z");
        let right = asked(face("2026-10-25 02:30:00"), second_pass, second_pass, &berlin).unwrap();
        assert_eq!(right.offset_s, 0);
        let missed = asked(face("2026-10-25 03:30:00"), second_pass, second_pass, &berlin).unwrap();
        assert_eq!(missed.offset_s, 3600);
    }

    #[test]
    fn only_what_came_at_once_and_is_new_tells_the_time() {
        assert_eq!(face_at_once(&[Some(5), None, Some(9)], 1), Some(9));
        assert_eq!(face_at_once(&[Some(5)], 0), None, "known: it is uploaded again");
        assert_eq!(face_at_once(&[Some(1); 4], 4), None, "kept for a while");
        assert_eq!(face_at_once(&[None], 1), None, "no date");
    }

    #[test]
    fn what_a_terminal_told_stands_unless_its_uploads_are_ahead_of_it() {
        let clock = |offset_s, how, at_us| Clock { offset_s, how, at_us };
        let told = clock(10, ClockSource::Asked, 0);
        let later = |offset_s| clock(offset_s, ClockSource::Uploads, 60 * SECOND_US);
        assert_eq!(newer(Some(told), later(8)), told);
        assert_eq!(newer(Some(told), later(100)), later(100), "somebody set it ahead");
        let old = clock(8, ClockSource::Uploads, TOLD_IS_FRESH_US);
        assert_eq!(newer(Some(told), old), old);
        assert_eq!(newer(Some(later(100)), told), told);
        assert!(is_same(Some(told), Some(clock(15, ClockSource::Asked, 9))) && !is_same(Some(told), None));
    }
}
