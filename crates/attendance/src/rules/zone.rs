//! The person's clock: local time to instant and back (rules 4.1), with one look at the zone per derivation.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use smallvec::SmallVec;

use super::calendar_day::day_number;
use crate::Zones;

/// The offsets of a zone over a stretch of time. Local times and instants are minutes since the epoch, on the local clock
/// and in UTC.
#[derive(Debug, Clone)]
pub(crate) struct LocalClock {
    /// From when (seconds since the epoch) which offset (seconds east) holds; the first one holds from ever.
    offsets: SmallVec<[(i64, i64); 4]>,
}

impl LocalClock {
    /// Reads the zone from one instant (seconds) to another. Outside, the nearest offset is used.
    pub(crate) fn new(zone: &TimeZone, from: i64, to: i64) -> Self {
        let clamp =
            |second| Timestamp::from_second(second).unwrap_or(if second < 0 { Timestamp::MIN } else { Timestamp::MAX });
        let start = clamp(from);
        let mut offsets = SmallVec::new();
        offsets.push((i64::MIN, i64::from(zone.to_offset(start).seconds())));
        for change in zone.following(start).take_while(|change| change.timestamp().as_second() <= to) {
            let offset = i64::from(change.offset().seconds());
            if offsets.last().is_none_or(|(_, before)| *before != offset) {
                offsets.push((change.timestamp().as_second(), offset));
            }
        }
        Self { offsets }
    }

    /// The instant of a local time. A time that exists twice means the first; one that does not exist is read with the
    /// offset before the change.
    pub(crate) fn instant(&self, local: i64) -> i64 {
        let second = local * 60;
        let mut before = None;
        for (index, (start, offset)) in self.offsets.iter().enumerate() {
            let at = second - offset;
            if at < *start {
                return (second - before.unwrap_or(*offset)).div_euclid(60);
            }
            if self.offsets.get(index + 1).is_none_or(|(end, _)| at < *end) {
                return at.div_euclid(60);
            }
            before = Some(*offset);
        }
        local
    }

    /// The local time of an instant.
    pub(crate) fn local(&self, minute: i64) -> i64 {
        let second = minute * 60;
        let offset = match self.offsets.as_slice() {
            [(_, offset)] => *offset,
            several => several.iter().rev().find(|(start, _)| *start <= second).map_or(0, |(_, offset)| *offset),
        };
        (second + offset).div_euclid(60)
    }

    /// The first instant after `minute` at which the offset changes.
    pub(crate) fn next_change(&self, minute: i64) -> Option<i64> {
        let later = |(start, _): &(i64, i64)| *start > minute.saturating_mul(60);
        self.offsets.iter().skip(1).find(|change| later(change)).map(|(start, _)| start.div_euclid(60))
    }
}

/// A person's clocks: each work date is told by that of its zone, whatever the dates around it are told by.
#[derive(Debug, Clone)]
pub(crate) struct Clocks {
    first: LocalClock,
    /// Each with the number of its first date, by date.
    later: Vec<(i64, LocalClock)>,
}

impl Clocks {
    /// Reads the zones from one instant (seconds) to another.
    pub(crate) fn new(zones: &Zones, from: i64, to: i64) -> Self {
        let clock = |zone| LocalClock::new(zone, from, to);
        let later = zones.later().iter().map(|(date, zone)| (day_number(*date), clock(zone)));
        Self { first: clock(zones.first()), later: later.collect() }
    }

    /// The clock of a work date.
    pub(crate) fn on(&self, number: i64) -> &LocalClock {
        self.later.iter().rev().find(|(from, _)| *from <= number).map_or(&self.first, |(_, clock)| clock)
    }

    /// The instant at which a date begins.
    pub(crate) fn midnight(&self, number: i64) -> i64 {
        self.on(number).instant(number * 1440)
    }

    /// The number of the civil date at an instant: by the last clock whose first date has begun.
    pub(crate) fn date(&self, minute: i64) -> i64 {
        let has_begun = |from: &i64, clock: &LocalClock| clock.instant(from * 1440) <= minute;
        let begun = self.later.iter().rev().find(|(from, clock)| has_begun(from, clock));
        begun.map_or(&self.first, |(_, clock)| clock).local(minute).div_euclid(1440)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn clock(zone: &str) -> LocalClock {
        LocalClock::new(&TimeZone::get(zone).unwrap(), 1_735_000_000, 1_767_000_000)
    }

    #[test]
    fn a_skipped_time_moves_forward_and_a_repeated_one_is_the_first() {
        let clock = clock("America/New_York");
        let spring = day_number(jiff::civil::date(2025, 3, 9)) * 1440;
        assert_eq!(clock.instant(spring + 150), spring + 150 + 300);
        assert_eq!(clock.local(clock.instant(spring + 150)), spring + 210);
        let autumn = day_number(jiff::civil::date(2025, 11, 2)) * 1440;
        assert_eq!(clock.instant(autumn + 90), autumn + 90 + 240);
        assert_eq!(clock.next_change(autumn), Some(autumn + 360));
    }

    #[test]
    fn local_time_and_instant_agree_with_the_time_zone_database() {
        for name in ["Asia/Seoul", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu", "America/Santiago"] {
            let zone = TimeZone::get(name).unwrap();
            let clock = clock(name);
            let first = day_number(jiff::civil::date(2025, 1, 1)) * 1440;
            for local in (first..first + 365 * 1440).step_by(15) {
                let date = crate::rules::calendar_day::date_of(local.div_euclid(1440));
                let of_day = local.rem_euclid(1440);
                let civil = date.at((of_day / 60) as i8, (of_day % 60) as i8, 0, 0);
                let expected = zone.to_ambiguous_timestamp(civil).compatible().unwrap().as_second().div_euclid(60);
                assert_eq!(clock.instant(local), expected, "{name} {civil}");
            }
        }
    }
}
