//! Zones by date: who moves to another site, or whose site changes its zone, lives by another clock from a date on (rules 4).

use std::fmt;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _};

use crate::DateRange;

/// Where what has no first date begins.
const BEGINNING: Date = Date::constant(1, 1, 1);

/// The zones in which the dates of a person, or what a terminal prints, are to be read.
#[derive(Clone, PartialEq, Eq)]
pub struct Zones {
    first: TimeZone,
    /// Each with its first date, by date; none is the zone before it.
    later: Vec<(Date, TimeZone)>,
}

impl Zones {
    /// A zone from the beginning, and others from a date on. Of several that begin on a date the last one counts.
    pub fn new(first: TimeZone, later: impl IntoIterator<Item = (Date, TimeZone)>) -> Self {
        let (mut first, mut all): (TimeZone, Vec<(Date, TimeZone)>) = (first, Vec::new());
        let mut sorted: Vec<_> = later.into_iter().collect();
        sorted.sort_by_key(|(from, _)| *from);
        for (from, zone) in sorted {
            if from <= BEGINNING {
                first = zone;
                continue;
            }
            all.pop_if(|(date, _)| *date == from);
            if all.last().map_or(&first, |(_, before)| before) != &zone {
                all.push((from, zone));
            }
        }
        Self { first, later: all }
    }

    /// The zone of a date.
    pub fn on(&self, date: Date) -> &TimeZone {
        self.later.iter().rev().find(|(from, _)| *from <= date).map_or(&self.first, |(_, zone)| zone)
    }

    /// The zone from the beginning.
    pub const fn first(&self) -> &TimeZone {
        &self.first
    }

    /// The other ones, each with its first date, by date.
    pub fn later(&self) -> &[(Date, TimeZone)] {
        &self.later
    }

    /// When a date begins; `None` beyond the calendar.
    pub fn midnight(&self, date: Date) -> Option<Timestamp> {
        date.to_zoned(self.on(date).clone()).ok().map(|midnight| midnight.timestamp())
    }

    /// The zone at an instant: the last one whose first date has begun.
    pub fn at(&self, instant: Timestamp) -> &TimeZone {
        let has_begun = |from: Date| self.midnight(from).is_some_and(|midnight| midnight <= instant);
        self.later.iter().rev().find(|(from, _)| has_begun(*from)).map_or(&self.first, |(_, zone)| zone)
    }

    /// The civil date at an instant.
    pub fn date(&self, at: Timestamp) -> Date {
        self.at(at).to_datetime(at).date()
    }

    /// The dates that two read in different zones.
    pub fn differing(&self, other: &Self) -> Vec<DateRange> {
        let mut starts: Vec<Date> = vec![BEGINNING];
        starts.extend(self.later.iter().chain(&other.later).map(|(from, _)| *from));
        starts.sort();
        starts.dedup();
        let ends = starts.iter().skip(1).map(|next| next.saturating_sub(1.day())).chain([Date::MAX]);
        let ranges = starts.iter().zip(ends).map(|(from, to)| DateRange { from: *from, to });
        ranges.filter(|range| self.on(range.from) != other.on(range.from)).collect()
    }
}

impl From<TimeZone> for Zones {
    fn from(zone: TimeZone) -> Self {
        Self { first: zone, later: Vec::new() }
    }
}

/// As the zone, when there is one.
impl fmt::Debug for Zones {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.first, f)?;
        self.later.iter().try_for_each(|(from, zone)| write!(f, ", {from}: {zone:?}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn zone(name: &str) -> TimeZone {
        TimeZone::get(name).unwrap()
    }

    fn date(text: &str) -> Date {
        text.parse().unwrap()
    }

    fn moved(from: &str, to: &str) -> Zones {
        Zones::new(zone("Asia/Manila"), [(date(from), zone("Asia/Tokyo")), (date(to), zone("Asia/Manila"))])
    }

    #[test]
    fn each_date_has_the_zone_that_begins_last_before_it() {
        let zones = moved("2026-03-16", "2026-04-01");
        let on = |text: &str| zones.on(date(text)).iana_name().unwrap().to_owned();
        assert_eq!(on("2026-03-15"), "Asia/Manila");
        assert_eq!(on("2026-03-16"), "Asia/Tokyo");
        assert_eq!(on("2026-03-31"), "Asia/Tokyo");
        assert_eq!(on("2026-04-01"), "Asia/Manila");
        // Tokyo's 16th begins at 15:00 UTC, an hour before Manila's.
        let at = |text: &str| zones.date(text.parse().unwrap());
        assert_eq!(at("2026-03-15T14:59:00Z"), date("2026-03-15"));
        assert_eq!(at("2026-03-15T15:00:00Z"), date("2026-03-16"));
    }

    #[test]
    fn a_zone_that_goes_on_is_no_change_and_the_last_of_a_date_counts() {
        let same = Zones::new(zone("Asia/Manila"), [(date("2026-01-01"), zone("Asia/Manila"))]);
        assert_eq!(same, Zones::from(zone("Asia/Manila")));
        assert_eq!(format!("{same:?}"), format!("{:?}", zone("Asia/Manila")));
        let day = date("2026-01-01");
        let twice = Zones::new(zone("UTC"), [(day, zone("Asia/Tokyo")), (day, zone("UTC"))]);
        assert_eq!(twice, Zones::from(zone("UTC")));
    }

    #[test]
    fn what_differs_is_told_by_dates() {
        let (one, two) = (moved("2026-03-16", "2026-04-01"), moved("2026-03-20", "2026-04-05"));
        let told = |a: &Zones, b: &Zones| -> Vec<String> {
            a.differing(b).iter().map(|range| format!("{} to {}", range.from, range.to)).collect()
        };
        assert_eq!(told(&one, &two), ["2026-03-16 to 2026-03-19", "2026-04-01 to 2026-04-04"]);
        assert_eq!(told(&one, &two), told(&two, &one));
        assert!(one.differing(&one).is_empty());
        let tokyo = Zones::from(zone("Asia/Tokyo"));
        assert_eq!(told(&Zones::from(zone("Asia/Manila")), &tokyo), ["0001-01-01 to 9999-12-31"]);
    }
}
