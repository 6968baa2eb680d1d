//! What a reading tells of each day: the terminal's own closeouts (link, "closeout").

use std::collections::{BTreeMap, BTreeSet};

use attendance::punch::RawPunch;
use jiff::civil::Date;
use link::closeout::{Closeouts, READING_DATES, printed_date};
use link::{DayReading, Reading};
use zk::{AttendanceLog, PackedTime, UserRef};

use crate::plan::Slots;
use crate::reading::punch;

/// Seconds of a packed day; a greater packed time is a later one on the terminal's face.
const PACKED_DAY: i32 = 86_400;

/// The dates of a terminal that the hub has doubts about, and whether their punches are to be sent once more.
pub(crate) type Doubts = BTreeMap<Date, bool>;

/// A reading with the punches that are to be sent once more.
#[derive(Debug)]
pub(crate) struct Closing {
    pub(crate) reading: Reading,
    pub(crate) again: Vec<RawPunch>,
}

/// Closes the latest days of a log. Slots must have been given already, so that each record keeps who made it.
pub(crate) fn close(serial: &str, log: &AttendanceLog, slots: &mut Slots, doubts: &Doubts, read_us: i64) -> Closing {
    let told = latest_days(log.records.iter().map(|record| record.time));
    let mut closeouts = Closeouts::default();
    let mut nameless: BTreeMap<Date, u64> = BTreeMap::new();
    let mut listed: BTreeMap<Date, Vec<(String, i64)>> = doubts.keys().map(|date| (*date, Vec::new())).collect();
    let mut again = Vec::new();
    for (record, raw) in log.iter().filter(|(record, _)| told.contains(&packed_day(record.time))) {
        let said = match &record.user {
            UserRef::Number(number) => punch(serial, &number.text(), record, raw),
            UserRef::Slot(slot) => punch(serial, slots.give(*slot, record.time).unwrap_or_default(), record, raw),
        };
        let (Some(date), Some(seconds)) = (printed_date(&said), said.time.seconds()) else { continue };
        if said.user.is_empty() {
            *nameless.entry(date).or_default() += 1;
        } else if closeouts.add(&said) {
            if let Some(list) = listed.get_mut(&date) {
                list.push((said.user.clone(), seconds));
            }
            if doubts.get(&date) == Some(&true) {
                again.push(said);
            }
        }
    }
    let dates: BTreeSet<Date> = closeouts.days.keys().chain(nameless.keys()).copied().collect();
    let from = dates.first().copied();
    // A doubted date without a record is told too, so that the doubt ends.
    let doubted = doubts.keys().filter(|date| from.is_some_and(|from| from <= **date));
    let dates: BTreeSet<Date> = dates.iter().chain(doubted).copied().collect();
    let days = dates.iter().map(|date| DayReading {
        date: *date,
        closeout: closeouts.days.get(date).copied().unwrap_or_default(),
        nameless: nameless.get(date).copied().unwrap_or_default(),
        in_spool: None,
        listed: listed.remove(date),
    });
    let reading = Reading { serial: serial.to_owned(), read_us, from, days: days.collect(), only_days: false };
    Closing { reading, again }
}

/// The latest days that have records, as [`packed_day`].
fn latest_days(times: impl Iterator<Item = PackedTime>) -> BTreeSet<i32> {
    let mut days = BTreeSet::new();
    for time in times {
        // A log is nearly in order: most records are of a day that is known.
        if days.insert(packed_day(time)) && days.len() > READING_DATES {
            days.pop_first();
        }
    }
    days
}

/// The day of a packed time, as a number that grows with it.
const fn packed_day(time: PackedTime) -> i32 {
    time.0.div_euclid(PACKED_DAY)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_latest_dates_are_told_in_whatever_order_they_stand() {
        let day = |n: i32| PackedTime(n * PACKED_DAY + 5);
        let many = i32::try_from(READING_DATES).unwrap() + 10;
        let told = latest_days((0..many).rev().chain(0..many).map(day));
        assert_eq!((told.len(), told.first(), told.last()), (READING_DATES, Some(&10), Some(&(many - 1))));
        assert_eq!(latest_days([day(3), day(3)].into_iter()).len(), 1);
    }
}
