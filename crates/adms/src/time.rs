//! Times as the protocol writes them: printed (`2024-07-07 01:29:01`), and packed into one number by the security dialect
//! (adms 9). Both are wall-clock times of a face without a zone.

use std::fmt;
use std::str::FromStr;

/// Wall-clock time: no zone, no daylight-saving flag, one second of resolution. Ordered as the fields are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CivilTime {
    /// Full year, 0 to 9999.
    pub year: u16,
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

/// The text is no time.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no time: write YYYY-MM-DD hh:mm:ss with a date that exists")]
pub struct NotATime(String);

impl CivilTime {
    /// True when the calendar has this date and the day this second.
    pub const fn exists(self) -> bool {
        matches!(self.month, 1..=12)
            && self.day >= 1
            && self.day <= days_in_month(self.year, self.month)
            && self.hour < 24
            && self.minute < 60
            && self.second < 60
            && self.year <= 9999
    }
}

impl fmt::Display for CivilTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { year, month, day, hour, minute, second } = self;
        write!(f, "{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}")
    }
}

impl FromStr for CivilTime {
    type Err = NotATime;

    /// Reads `YYYY-MM-DD hh:mm:ss`, exactly as [`CivilTime`] prints itself.
    fn from_str(text: &str) -> Result<Self, NotATime> {
        let not_a_time = || NotATime(text.escape_debug().to_string());
        let number = |at: std::ops::Range<usize>| text.get(at).and_then(|digits| digits.parse::<u8>().ok());
        let read = || {
            Some(Self {
                year: text.get(0..4)?.parse().ok()?,
                month: number(5..7)?,
                day: number(8..10)?,
                hour: number(11..13)?,
                minute: number(14..16)?,
                second: number(17..19)?,
            })
        };
        // Printing it again tells signs, blanks and other separators from the one form.
        read().filter(|time| time.exists() && time.to_string() == text).ok_or_else(not_a_time)
    }
}

const fn days_in_month(year: u16, month: u8) -> u8 {
    match month {
        2 if year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400)) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

const DAY_SECONDS: i64 = 86_400;
const DAYS_PER_MONTH: i64 = 31;
const MONTHS: i64 = 12;

/// A time packed into one number: seconds since 2000 in a calendar whose months all have 31 days. It is read as signed,
/// so that a clock which fell back to 1970 says 1970; it spans 1933 to 2066.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct PackedTime(pub i32);

impl PackedTime {
    /// The wall-clock time. The date need not exist (31 February can be packed): see [`CivilTime::exists`].
    pub const fn civil(self) -> CivilTime {
        let packed = self.0 as i64;
        let (days, seconds) = (packed.div_euclid(DAY_SECONDS), packed.rem_euclid(DAY_SECONDS));
        let months = days.div_euclid(DAYS_PER_MONTH);
        CivilTime {
            year: (2000 + months.div_euclid(MONTHS)) as u16,
            month: (months.rem_euclid(MONTHS) + 1) as u8,
            day: (days.rem_euclid(DAYS_PER_MONTH) + 1) as u8,
            hour: (seconds / 3600) as u8,
            minute: (seconds / 60 % 60) as u8,
            second: (seconds % 60) as u8,
        }
    }

    /// Packs a wall-clock time; `None` when the year is outside 1933 to 2066 or a field out of its range.
    pub fn from_civil(time: CivilTime) -> Option<Self> {
        let fits = matches!(time.month, 1..=12)
            && matches!(time.day, 1..=31)
            && time.hour < 24
            && time.minute < 60
            && time.second < 60;
        let months = (i64::from(time.year) - 2000) * MONTHS + i64::from(time.month) - 1;
        let days = months * DAYS_PER_MONTH + i64::from(time.day) - 1;
        let seconds = i64::from(time.hour) * 3600 + i64::from(time.minute) * 60 + i64::from(time.second);
        i32::try_from(days * DAY_SECONDS + seconds).ok().filter(|_| fits).map(Self)
    }
}

impl fmt::Display for PackedTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_reads_back_and_nothing_else_is_one() {
        assert_eq!("2024-02-29 23:59:59".parse::<CivilTime>().unwrap().to_string(), "2024-02-29 23:59:59");
        for text in [
            "2023-02-29 00:00:00",
            "2024-13-01 00:00:00",
            "2024-01-01 24:00:00",
            "2024-1-1 0:0:0",
            "2024-01-01T00:00:00",
            "2024-01-01 00:00:00 ",
            "+024-01-01 00:00:00",
            "",
        ] {
            assert!(text.parse::<CivilTime>().is_err(), "{text}");
        }
    }

    #[test]
    fn what_is_packed_is_read_back() {
        for packed in [i32::MIN, -964_223_993, -1, 0, 840_931_200, i32::MAX] {
            assert_eq!(PackedTime::from_civil(PackedTime(packed).civil()), Some(PackedTime(packed)));
        }
        assert_eq!(PackedTime(-964_223_993).civil().to_string(), "1970-01-01 00:00:07");
        assert!(!PackedTime(840_931_200).civil().exists(), "31 February");
    }
}
