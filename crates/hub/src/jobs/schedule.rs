//! When a job is due by the clock of the company.
//!
//! Invariants:
//! * A schedule is a list of times of the day, so every hub finds the same due times, whenever it started.
//! * Where the clock is put forward, a time that is skipped is due when it would have been: an hour that is left out is no run
//!   less. Where it is put back, a daily time is due once, and shorter intervals go on through the hour that comes twice.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use jiff::civil::{Date, Time};
use jiff::tz::{AmbiguousOffset, TimeZone};
use jiff::{Timestamp, ToSpan as _};

const DAY_MINUTES: u16 = 24 * 60;
/// Dates around an instant among which its neighbours are: a clock that was moved, or a date that was skipped, shifts them.
const DATES_AROUND: std::ops::RangeInclusive<i64> = -2..=2;

/// Times of the day at which something is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Schedule {
    /// Minutes after midnight of the first.
    first: u16,
    /// Minutes from one to the next; a day for one only.
    every: u16,
}

/// A text that says no schedule.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "a time of the day like `02:00`, `:05` for every hour, `every 15 min`, `every 6 h`, `every 6 h at :30`, or `off`"
)]
pub struct NotASchedule;

impl Schedule {
    /// Reads `02:00`, `:05`, `every 15 min`, `every 6 h`, `every 6 h at :30`; `off` is `None`. Intervals are counted from midnight.
    ///
    /// # Errors
    /// [`NotASchedule`], which says what there is.
    pub fn parse(text: &str) -> Result<Option<Self>, NotASchedule> {
        if text.trim() == "off" { Ok(None) } else { text.parse().map(Some) }
    }

    /// The last due time up to an instant.
    pub fn last_by(&self, now: Timestamp, zone: &TimeZone) -> Option<Timestamp> {
        self.around(now, zone).range(..=now).next_back().copied()
    }

    /// The first due time after an instant.
    pub fn next_after(&self, now: Timestamp, zone: &TimeZone) -> Option<Timestamp> {
        let after = now.checked_add(1.nanosecond()).ok()?;
        self.around(now, zone).range(after..).next().copied()
    }

    /// The due times of the dates around an instant.
    fn around(&self, now: Timestamp, zone: &TimeZone) -> BTreeSet<Timestamp> {
        let today = now.to_zoned(zone.clone()).date();
        DATES_AROUND.flat_map(|days| self.of_date(today.saturating_add(days.days()), zone)).collect()
    }

    fn of_date(&self, date: Date, zone: &TimeZone) -> impl Iterator<Item = Timestamp> {
        let is_daily = self.every == DAY_MINUTES;
        (self.first..DAY_MINUTES).step_by(self.every.into()).flat_map(move |minute| {
            // Both parts are within a day.
            let time = Time::midnight().saturating_add(i64::from(minute).minutes());
            let at = date.to_datetime(time);
            let (first, again) = match zone.to_ambiguous_timestamp(at).offset() {
                AmbiguousOffset::Unambiguous { offset } => (offset, None),
                // By the clock as it was before: past the gap.
                AmbiguousOffset::Gap { before, .. } => (before, None),
                AmbiguousOffset::Fold { before, after } => (before, (!is_daily).then_some(after)),
            };
            [Some(first), again].into_iter().flatten().filter_map(move |offset| offset.to_timestamp(at).ok())
        })
    }
}

impl FromStr for Schedule {
    type Err = NotASchedule;

    fn from_str(text: &str) -> Result<Self, NotASchedule> {
        let words: Vec<&str> = text.split_whitespace().collect();
        let schedule = match words.as_slice() {
            [time] => match time.split_once(':') {
                Some(("", minute)) => Self { first: below(minute, 60)?, every: 60 },
                Some((hour, minute)) => Self { first: below(hour, 24)? * 60 + below(minute, 60)?, every: DAY_MINUTES },
                None => return Err(NotASchedule),
            },
            ["every", count, "min"] => Self { first: 0, every: below(count, DAY_MINUTES + 1)? },
            ["every", count, "h"] => Self { first: 0, every: below(count, 25)? * 60 },
            ["every", count, "h", "at", minute] => {
                let minute = minute.strip_prefix(':').ok_or(NotASchedule)?;
                Self { first: below(minute, 60)?, every: below(count, 25)? * 60 }
            }
            _ => return Err(NotASchedule),
        };
        if schedule.every == 0 { Err(NotASchedule) } else { Ok(schedule) }
    }
}

/// A number below another, of one or two digits and more.
fn below(text: &str, limit: u16) -> Result<u16, NotASchedule> {
    let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let number = text.parse().ok().filter(|number| is_number && *number < limit);
    number.ok_or(NotASchedule)
}

impl fmt::Display for Schedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (hour, minute, every) = (self.first / 60, self.first % 60, self.every);
        match (every, hour) {
            (DAY_MINUTES, _) => write!(f, "{hour:02}:{minute:02}"),
            (60, 0) => write!(f, ":{minute:02}"),
            _ if !every.is_multiple_of(60) => write!(f, "every {every} min"),
            _ if minute == 0 => write!(f, "every {} h", every / 60),
            _ => write!(f, "every {} h at :{minute:02}", every / 60),
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn zone(name: &str) -> TimeZone {
        TimeZone::get(name).unwrap()
    }

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    /// The due times after an instant, in the zone's own words.
    fn after(schedule: &str, zone_name: &str, from: &str, many: usize) -> Vec<String> {
        let (schedule, zone): (Schedule, _) = (schedule.parse().unwrap(), zone(zone_name));
        let next = |now: &Timestamp| schedule.next_after(*now, &zone);
        let times = std::iter::successors(next(&at(from)), next).take(many);
        times.map(|time| time.to_zoned(zone.clone()).strftime("%d %H:%M %:z").to_string()).collect()
    }

    #[test]
    fn every_form_reads_back_as_it_is_written_and_anything_else_is_told_what_there_is() {
        for text in ["02:00", ":05", "every 15 min", "every 6 h", "every 6 h at :30", "23:59", "every 7 min"] {
            assert_eq!(text.parse::<Schedule>().unwrap().to_string(), text);
        }
        assert_eq!(Schedule::parse("off"), Ok(None));
        for text in [
            "",
            "24:00",
            "2",
            ":60",
            "every 0 min",
            "every 25 h",
            "every 6 h at 30",
            "every +5 min",
            "soon",
            "02:00 UTC",
        ] {
            assert_eq!(Schedule::parse(text), Err(NotASchedule), "{text}");
        }
        assert!(NotASchedule.to_string().contains("`02:00`"));
    }

    #[test]
    fn a_daily_time_comes_once_a_day_also_where_the_clock_is_moved() {
        assert_eq!(
            after("02:30", "Europe/Berlin", "2026-03-27T12:00:00Z", 3),
            ["28 02:30 +01:00", "29 03:30 +02:00", "30 02:30 +02:00"],
            "the clock skips 02:30"
        );
        assert_eq!(
            after("02:30", "Europe/Berlin", "2026-10-23T12:00:00Z", 3),
            ["24 02:30 +02:00", "25 02:30 +02:00", "26 02:30 +01:00"],
            "the clock shows 02:30 twice"
        );
        assert_eq!(
            after("02:30", "Pacific/Apia", "2011-12-29T00:00:00-10:00", 3),
            ["29 02:30 -10:00", "31 02:30 +14:00", "01 02:30 +14:00"],
            "a date that there never was"
        );
    }

    #[test]
    fn an_hourly_time_comes_every_hour_also_where_the_clock_is_moved() {
        assert_eq!(
            after(":05", "Europe/Berlin", "2026-03-29T00:00:00Z", 3),
            ["29 01:05 +01:00", "29 03:05 +02:00", "29 04:05 +02:00"]
        );
        assert_eq!(
            after(":05", "Europe/Berlin", "2026-10-25T00:00:00Z", 3),
            ["25 02:05 +02:00", "25 02:05 +01:00", "25 03:05 +01:00"]
        );
    }

    #[test]
    fn intervals_are_counted_from_midnight() {
        assert_eq!(
            after("every 6 h at :30", "Asia/Manila", "2026-03-04T12:00:00+08:00", 3),
            ["04 12:30 +08:00", "04 18:30 +08:00", "05 00:30 +08:00"]
        );
        assert_eq!(
            after("every 50 min", "Asia/Manila", "2026-03-04T23:00:00+08:00", 2),
            ["04 23:20 +08:00", "05 00:00 +08:00"]
        );
    }

    #[test]
    fn between_two_neighbours_there_is_no_due_time() {
        for zone_name in ["Asia/Manila", "Europe/Berlin", "Australia/Lord_Howe", "America/St_Johns", "Pacific/Apia"] {
            let zone = zone(zone_name);
            for text in ["02:00", ":05", "every 15 min", "every 6 h at :30", "every 7 min"] {
                let schedule: Schedule = text.parse().unwrap();
                // Half a year, at every minute of the hour.
                for step in 0..150 {
                    let now = at("2026-02-01T00:00:00Z").checked_add((step * 1777).minutes()).unwrap();
                    let (last, next) =
                        (schedule.last_by(now, &zone).unwrap(), schedule.next_after(now, &zone).unwrap());
                    assert!(last <= now && now < next, "{zone_name} {text} {now}: {last} {next}");
                    assert_eq!(schedule.next_after(last, &zone), Some(next), "{zone_name} {text} {now}");
                    assert_eq!(schedule.last_by(next, &zone), Some(next), "{zone_name} {text} {now}");
                }
            }
        }
    }
}
