//! The clock of a terminal: the true time of its zone, and by how much it is wrong.
//!
//! Invariant: what it shows is the true local time plus an error; setting the clock changes the error and starts the drift
//! again.

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

/// Drift that a clock may have: one day each day.
const MAX_DRIFT_PPM: f64 = 1e6;

#[derive(Debug, Clone)]
pub(crate) struct Clock {
    zone: TimeZone,
    /// What it shows minus what is true, when it was set.
    error: SignedDuration,
    set_at: Timestamp,
    /// Millionths by which it runs fast; negative when it runs slow.
    drift_ppm: f64,
}

impl Clock {
    pub(crate) fn new(zone: TimeZone, now: Timestamp) -> Clock {
        Clock { zone, error: SignedDuration::ZERO, set_at: now, drift_ppm: 0.0 }
    }

    /// From now on it runs fast by so many millionths.
    pub(crate) fn drift(&mut self, ppm: f64, now: Timestamp) {
        self.error = self.error_at(now);
        self.set_at = now;
        self.drift_ppm = if ppm.is_finite() { ppm.clamp(-MAX_DRIFT_PPM, MAX_DRIFT_PPM) } else { 0.0 };
    }

    /// What it shows.
    pub(crate) fn shows(&self, now: Timestamp) -> DateTime {
        self.true_time(now).saturating_add(self.error_at(now))
    }

    /// Sets it to a wall-clock time.
    pub(crate) fn set(&mut self, shown: DateTime, now: Timestamp) {
        self.error = self.true_time(now).duration_until(shown);
        self.set_at = now;
    }

    /// Moves it.
    pub(crate) fn jump(&mut self, by: SignedDuration) {
        self.error = self.error.saturating_add(by);
    }

    /// The printed time of something that truly happened at `time`: for logs that are played again. The drift is left out.
    pub(crate) fn prints(&self, time: DateTime) -> DateTime {
        time.saturating_add(self.error)
    }

    /// The true time on its wall.
    pub(crate) fn true_time(&self, now: Timestamp) -> DateTime {
        self.zone.to_datetime(now)
    }

    fn error_at(&self, now: Timestamp) -> SignedDuration {
        let drifted = now.duration_since(self.set_at).as_secs_f64() * self.drift_ppm / 1e6;
        self.error.saturating_add(SignedDuration::try_from_secs_f64(drifted).unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    fn noon() -> Timestamp {
        "2026-11-20T04:00:00Z".parse().unwrap()
    }

    fn manila() -> Clock {
        Clock::new(TimeZone::get("Asia/Manila").unwrap(), noon())
    }

    #[test]
    fn a_clock_shows_the_time_of_its_zone_until_it_is_set() {
        let mut clock = manila();
        assert_eq!(clock.shows(noon()), date(2026, 11, 20).at(12, 0, 0, 0));
        clock.set(date(2000, 1, 1).at(0, 0, 7, 0), noon());
        let later = noon() + SignedDuration::from_mins(3);
        assert_eq!(clock.shows(later), date(2000, 1, 1).at(0, 3, 7, 0));
        assert_eq!(clock.prints(date(2026, 11, 20).at(12, 1, 0, 0)), date(2000, 1, 1).at(0, 1, 7, 0));
    }

    #[test]
    fn a_drift_grows_with_time_and_ends_when_the_clock_is_set() {
        let mut clock = manila();
        clock.drift(100.0, noon());
        let day = noon() + SignedDuration::from_hours(24);
        assert_eq!(clock.shows(day), date(2026, 11, 21).at(12, 0, 8, 640_000_000), "8.64 s a day");
        clock.set(date(2026, 11, 21).at(12, 0, 0, 0), day);
        assert_eq!(clock.shows(day), date(2026, 11, 21).at(12, 0, 0, 0));
        assert_eq!(clock.shows(day + SignedDuration::from_secs(10_000)), date(2026, 11, 21).at(14, 46, 41, 0));
    }

    #[test]
    fn a_clock_can_fall_back_to_the_epoch_and_jump() {
        let mut clock = manila();
        clock.set(date(1970, 1, 1).at(0, 0, 0, 0), noon());
        clock.jump(SignedDuration::from_secs(7));
        assert_eq!(clock.shows(noon()), date(1970, 1, 1).at(0, 0, 7, 0));
    }
}
