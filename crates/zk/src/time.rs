//! The two times of the protocol: the packed one, seconds since 2000 in a calendar whose months all have 31 days (zk 5.1), and
//! the six bytes of real-time events (zk 5.2).
//!
//! Invariants: any 32 bits decode without a panic; the value is read as *signed* and divided downwards, so a clock that fell
//! back to 1970 says 1970 and not 2103, at the price of the years from 2067; a date that the calendar does not have is a value
//! of its own, [`InvalidTime`].

use std::fmt;

const DAY_SECONDS: i64 = 86_400;
const DAYS_PER_MONTH: i64 = 31;
const MONTHS: i64 = 12;

/// A time as a terminal packs it. Spans 1933 to 2066.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PackedTime(pub i32);

/// Wall-clock time of a terminal's own face: no zone, no daylight-saving flag.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CivilTime {
    /// Full year.
    pub year: i32,
    /// 1 to 12.
    pub month: u8,
    /// 1 to 31.
    pub day: u8,
    /// 0 to 23.
    pub hour: u8,
    /// 0 to 59.
    pub minute: u8,
    /// 0 to 59.
    pub second: u8,
}

/// The time of a real-time event (zk 5.2): year since 2000, month, day, hour, minute and second, a byte each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct EventTime(pub [u8; 6]);

/// A time as a terminal said it that the calendar or the clock does not have, such as 31 February. Its text is the printed
/// form, so that it can be kept as it was said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct InvalidTime(CivilTime);

impl PackedTime {
    /// The wall-clock time (zk 5.1).
    ///
    /// # Errors
    /// [`InvalidTime`] when the day does not exist in that month.
    pub fn civil(self) -> Result<CivilTime, InvalidTime> {
        self.printed().checked()
    }

    /// Packs a wall-clock time; `None` when its fields are out of range or the year is outside 1933 to 2066. Impossible dates up
    /// to the 31st can be packed, as terminals do.
    pub fn from_civil(time: CivilTime) -> Option<PackedTime> {
        if !time.is_printable() {
            return None;
        }
        let months = (i64::from(time.year) - 2000) * MONTHS + i64::from(time.month) - 1;
        let days = months * DAYS_PER_MONTH + i64::from(time.day) - 1;
        let seconds = i64::from(time.hour) * 3600 + i64::from(time.minute) * 60 + i64::from(time.second);
        i32::try_from(days * DAY_SECONDS + seconds).ok().map(PackedTime)
    }

    /// The four bytes of the wire.
    pub fn to_bytes(self) -> [u8; 4] {
        self.0.to_le_bytes()
    }

    fn printed(self) -> CivilTime {
        let packed = i64::from(self.0);
        let (days, seconds) = (packed.div_euclid(DAY_SECONDS), packed.rem_euclid(DAY_SECONDS));
        let months = days.div_euclid(DAYS_PER_MONTH);
        CivilTime {
            year: (2000 + months.div_euclid(MONTHS)) as i32,
            month: (months.rem_euclid(MONTHS) + 1) as u8,
            day: (days.rem_euclid(DAYS_PER_MONTH) + 1) as u8,
            hour: (seconds / 3600) as u8,
            minute: (seconds / 60 % 60) as u8,
            second: (seconds % 60) as u8,
        }
    }
}

impl EventTime {
    /// The wall-clock time (zk 5.2).
    ///
    /// # Errors
    /// [`InvalidTime`] when there is no such day, or no such time of day.
    pub fn civil(self) -> Result<CivilTime, InvalidTime> {
        let [year, month, day, hour, minute, second] = self.0;
        CivilTime { year: 2000 + i32::from(year), month, day, hour, minute, second }.checked()
    }

    /// The bytes of a wall-clock time; `None` when the year is outside 2000 to 2255.
    pub fn from_civil(time: CivilTime) -> Option<EventTime> {
        let year = u8::try_from(time.year.checked_sub(2000)?).ok()?;
        Some(EventTime([year, time.month, time.day, time.hour, time.minute, time.second]))
    }
}

impl CivilTime {
    /// Itself.
    ///
    /// # Errors
    /// [`InvalidTime`] when there is no such day, or no such time of day.
    pub fn checked(self) -> Result<CivilTime, InvalidTime> {
        let exists = self.is_printable() && self.day <= days_in_month(self.year, self.month);
        if exists { Ok(self) } else { Err(InvalidTime(self)) }
    }

    /// Whether each field is one that a packed time can print; the day may still be missing in that month.
    fn is_printable(self) -> bool {
        (1..=12).contains(&self.month)
            && (1..=31).contains(&self.day)
            && self.hour < 24
            && self.minute < 60
            && self.second < 60
    }
}

impl InvalidTime {
    /// The fields as the terminal said them.
    pub fn printed(self) -> CivilTime {
        self.0
    }
}

impl fmt::Display for CivilTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let CivilTime { year, month, day, hour, minute, second } = self;
        write!(f, "{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}")
    }
}

impl fmt::Display for InvalidTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl std::error::Error for InvalidTime {}

fn days_in_month(year: i32, month: u8) -> u8 {
    match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn printed(packed: i32) -> String {
        PackedTime(packed).civil().map_or_else(|invalid| format!("{invalid} (no date)"), |time| time.to_string())
    }

    /// zk 14.3.
    #[test]
    fn packed_times_print_as_the_terminal_shows_them() {
        for (packed, expected) in [
            (0, "2000-01-01 00:00:00"),
            (594_063_665, "2018-06-25 17:41:05"),
            (776_522_096, "2024-02-29 12:34:56"),
            (835_660_799, "2025-12-31 23:59:59"),
            (835_660_800, "2026-01-01 00:00:00"),
            (864_123_120, "2026-11-20 10:12:00"),
            (840_931_200, "2026-02-31 00:00:00 (no date)"),
        ] {
            assert_eq!(printed(packed), expected);
        }
    }

    /// zk 14.3.
    #[test]
    fn the_six_bytes_of_an_event_print_as_the_terminal_shows_them() {
        for (bytes, expected) in [
            ([0x12, 6, 0x19, 0x11, 0x29, 5], "2018-06-25 17:41:05"),
            ([0x12, 0x0c, 7, 0x13, 9, 6], "2018-12-07 19:09:06"),
            ([0x12, 0x0b, 0x1d, 0x0c, 0x37, 3], "2018-11-29 12:55:03"),
        ] {
            let time = EventTime(bytes).civil().unwrap();
            assert_eq!(time.to_string(), expected);
            assert_eq!(EventTime::from_civil(time), Some(EventTime(bytes)));
        }
        assert_eq!(EventTime([26, 2, 31, 8, 0, 0]).civil().unwrap_err().to_string(), "2026-02-31 08:00:00");
        assert_eq!(EventTime([26, 13, 1, 24, 60, 99]).civil().unwrap_err().to_string(), "2026-13-01 24:60:99");
    }

    /// zk 14.3: 2099 and all ones, which are dates of the far future only when read unsigned.
    #[test]
    fn what_only_an_unsigned_clock_could_mean_is_read_as_the_past() {
        assert_eq!(printed(3_214_079_999_u32 as i32), "1966-05-14 17:31:43");
        assert_eq!(printed(u32::MAX as i32), "1999-12-31 23:59:59");
    }

    #[test]
    fn a_clock_that_fell_back_to_the_epoch_says_1970_and_not_2103() {
        assert_eq!(printed(-964_223_993), "1970-01-01 00:00:07");
        assert_eq!(PackedTime(0xc687_1c07_u32 as i32), PackedTime(-964_223_993));
        assert_eq!(printed(-1), "1999-12-31 23:59:59");
    }

    #[test]
    fn years_that_a_signed_value_cannot_hold_are_not_packed() {
        let new_year = |year| CivilTime { year, month: 1, day: 1, hour: 0, minute: 0, second: 0 };
        assert!(PackedTime::from_civil(new_year(2066)).is_some());
        assert_eq!(PackedTime::from_civil(new_year(2099)), None);
        assert_eq!(PackedTime::from_civil(CivilTime { month: 13, ..new_year(2026) }), None);
    }

    #[test]
    fn what_is_packed_is_read_back() {
        for packed in [i32::MIN, i32::MIN + 1, -964_223_993, -1, 0, 1, 840_931_200, 864_123_120, i32::MAX] {
            let time = PackedTime(packed);
            let fields = time.civil().unwrap_or_else(InvalidTime::printed);
            assert_eq!(PackedTime::from_civil(fields), Some(time));
        }
    }
}
