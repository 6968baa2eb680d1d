//! The civil time that a terminal prints on its own face (punch identity, "time").

use std::fmt;

use jiff::civil::{Date, DateTime};

/// A printed civil time: no zone, no offset, one second of resolution (rules 5.2).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum PrintedTime {
    /// Seconds since 1970-01-01 00:00:00 on the terminal's own face; negative before.
    Seconds(i64),
    /// A text that is no date, as its bytes.
    Raw(Vec<u8>),
}

const EPOCH: DateTime = DateTime::constant(1970, 1, 1, 0, 0, 0, 0);

impl PrintedTime {
    /// Reads `YYYY-MM-DD hh:mm:ss`. The negative fields that terminals print for times before 2000
    /// (`1971--10--29 -23:-59:-53`) are undone (real punch data, "Impossible times"). Anything else is kept as it is.
    pub fn parse(text: &str) -> Self {
        let trimmed = text.trim_matches(['\0', ' ', '\t', '\r', '\n']);
        match Fields::read(trimmed.as_bytes()) {
            Some(fields) => fields
                .civil()
                .or_else(|| fields.undo_negative())
                .map_or_else(|| Self::Raw(trimmed.as_bytes().to_vec()), Self::Seconds),
            None => Self::Raw(trimmed.as_bytes().to_vec()),
        }
    }

    /// The seconds, or `None` for a text that is no date.
    pub const fn seconds(&self) -> Option<i64> {
        match self {
            Self::Seconds(seconds) => Some(*seconds),
            Self::Raw(_) => None,
        }
    }

    /// The civil date and time, or `None` for a text that is no date (or a year that no calendar here reaches).
    pub fn civil(&self) -> Option<DateTime> {
        EPOCH.checked_add(jiff::SignedDuration::from_secs(self.seconds()?)).ok()
    }

    /// The printed time of a civil date and time.
    pub fn from_civil(time: DateTime) -> Self {
        Self::Seconds(seconds_of(time.date(), time.hour().into(), time.minute().into(), time.second().into()))
    }
}

impl fmt::Display for PrintedTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.civil(), self) {
            // Not by `strftime`, which reads its format each time: an import writes the time of each of its rows.
            (Some(at), _) => write!(
                f,
                "{:04}-{:02}-{:02} {:02}:{:02}:{:02}",
                at.year(),
                at.month(),
                at.day(),
                at.hour(),
                at.minute(),
                at.second()
            ),
            (None, Self::Raw(bytes)) => write!(f, "{}", String::from_utf8_lossy(bytes)),
            (None, Self::Seconds(seconds)) => write!(f, "{seconds} s from 1970"),
        }
    }
}

fn seconds_of(date: Date, hour: i64, minute: i64, second: i64) -> i64 {
    let days = i64::from((date - Date::constant(1970, 1, 1)).get_days());
    days * 86_400 + hour * 3600 + minute * 60 + second
}

/// The six printed numbers, each with its sign.
struct Fields {
    year: i64,
    month: i64,
    day: i64,
    hour: i64,
    minute: i64,
    second: i64,
}

impl Fields {
    fn read(text: &[u8]) -> Option<Self> {
        let mut rest = text;
        let year = number(&mut rest, 4, 4)?;
        let mut next = |separator: u8| {
            rest = rest.strip_prefix(&[separator])?;
            number(&mut rest, 1, 2)
        };
        let fields = Self {
            year,
            month: next(b'-')?,
            day: next(b'-')?,
            hour: next(b' ')?,
            minute: next(b':')?,
            second: next(b':')?,
        };
        rest.is_empty().then_some(fields)
    }

    fn civil(&self) -> Option<i64> {
        // No year below zero is printed with four digits, so none could be read again.
        let year = i16::try_from(self.year).ok().filter(|year| *year >= 0)?;
        let date = Date::new(year, self.month.try_into().ok()?, self.day.try_into().ok()?).ok()?;
        let clock = (0..24).contains(&self.hour) && (0..60).contains(&self.minute) && (0..60).contains(&self.second);
        clock.then(|| seconds_of(date, self.hour, self.minute, self.second))
    }

    /// The exporter divides a negative packed time with truncation, so that no printed field is above its first value.
    /// Packing the fields again gives the terminal's number; unpacking it with flooring gives its face.
    fn undo_negative(&self) -> Option<i64> {
        let (month, day) = (self.month - 1, self.day - 1);
        let none_positive = [self.year - 2000, month, day, self.hour, self.minute, self.second].iter().all(|n| *n <= 0);
        let in_range =
            month > -12 && day > -31 && self.hour > -24 && self.minute > -60 && self.second > -60 && self.year > 1900;
        if !none_positive || !in_range {
            return None;
        }
        let days = (self.year - 2000) * 372 + month * 31 + day;
        let packed = days * 86_400 + self.hour * 3600 + self.minute * 60 + self.second;
        let (days, second) = (packed.div_euclid(86_400), packed.rem_euclid(86_400));
        let year = i16::try_from(days.div_euclid(372) + 2000).ok()?;
        let month = i8::try_from(days.div_euclid(31).rem_euclid(12) + 1).ok()?;
        let day = i8::try_from(days.rem_euclid(31) + 1).ok()?;
        Some(seconds_of(Date::new(year, month, day).ok()?, 0, 0, second))
    }
}

/// A number of `least..=most` digits with an optional minus sign in front.
fn number(rest: &mut &[u8], least: usize, most: usize) -> Option<i64> {
    let (negative, digits) = match rest.strip_prefix(b"-") {
        Some(digits) => (true, digits),
        None => (false, *rest),
    };
    let length = digits.iter().take_while(|b| b.is_ascii_digit()).count();
    if length < least || length > most {
        return None;
    }
    let value = digits[..length].iter().fold(0, |value, digit| value * 10 + i64::from(digit - b'0'));
    *rest = &digits[length..];
    Some(if negative { -value } else { value })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> String {
        PrintedTime::parse(text).to_string()
    }

    #[test]
    fn the_negative_dates_of_failed_clock_batteries_are_undone() {
        assert_eq!(shown("1971--10--29 -23:-59:-53"), "1970-01-01 00:00:07");
        assert_eq!(shown("1990-00--8 -16:-29:-40"), "1989-11-22 07:30:20");
    }

    #[test]
    fn what_is_no_date_is_kept_as_it_was_printed() {
        for text in [
            "2026-02-31 10:00:00",
            "2026-13-45 25:61:00",
            "yesterday",
            "",
            "2026-06-02",
            "2026-06-02T09:15:00",
            "-0023-01-01 00:00:00",
        ] {
            assert_eq!(PrintedTime::parse(text), PrintedTime::Raw(text.as_bytes().to_vec()), "{text}");
        }
    }

    #[test]
    fn civil_and_seconds_agree() {
        let time = PrintedTime::parse("2024-02-29 12:34:56");
        assert_eq!(time.seconds(), Some(1_709_210_096));
        assert_eq!(time.civil().map(PrintedTime::from_civil), Some(time));
    }
}
