//! Clock times of plans and windows, and weekdays (rules 3).

use serde::{Deserialize, Serialize};

/// A clock time relative to a work date: `HH:MM` on the date, `HH:MM+1` on the following one (rules 3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ClockTime(i32);

/// A text that is no clock time (rules 3).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no clock time; write HH:MM (00:00 to 23:59), or HH:MM+1 for the following date")]
pub struct ClockTimeError(String);

impl ClockTime {
    /// 00:00 of the work date.
    pub const MIDNIGHT: Self = Self(0);

    /// The time `minutes` after 00:00 of the work date; 1440 and more lie on the following date. `None` outside two days.
    pub fn from_minutes(minutes: i32) -> Option<Self> {
        (0..2 * 1440).contains(&minutes).then_some(Self(minutes))
    }

    /// Minutes after 00:00 of the work date, 0 to 2879.
    pub fn minutes(self) -> i64 {
        i64::from(self.0)
    }
}

impl std::str::FromStr for ClockTime {
    type Err = ClockTimeError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let error = || ClockTimeError(text.to_owned());
        let (clock, day) = match text.strip_suffix("+1") {
            Some(clock) => (clock, 1440),
            None => (text, 0),
        };
        let (hours, minutes) = clock.split_once(':').ok_or_else(error)?;
        let number = |digits: &str, below: i32| {
            let plain = digits.len() == 2 && digits.bytes().all(|byte| byte.is_ascii_digit());
            plain.then(|| digits.parse::<i32>().ok()).flatten().filter(|number| *number < below)
        };
        match (number(hours, 24), number(minutes, 60)) {
            (Some(hours), Some(minutes)) => Ok(Self(hours * 60 + minutes + day)),
            _ => Err(error()),
        }
    }
}

impl std::fmt::Display for ClockTime {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let next_day = if self.0 >= 1440 { "+1" } else { "" };
        write!(f, "{:02}:{:02}{next_day}", self.0 % 1440 / 60, self.0 % 60)
    }
}

impl TryFrom<String> for ClockTime {
    type Error = ClockTimeError;
    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<ClockTime> for String {
    fn from(time: ClockTime) -> Self {
        time.to_string()
    }
}

/// A weekday, Monday first (rules 3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Weekday {
    /// Monday
    Mon,
    /// Tuesday
    Tue,
    /// Wednesday
    Wed,
    /// Thursday
    Thu,
    /// Friday
    Fri,
    /// Saturday
    Sat,
    /// Sunday
    Sun,
}

impl Weekday {
    /// Its name, as in JSON.
    pub fn as_str(self) -> &'static str {
        ["mon", "tue", "wed", "thu", "fri", "sat", "sun"].get(self.from_monday()).copied().unwrap_or("sun")
    }

    /// 0 for Monday to 6 for Sunday.
    pub fn from_monday(self) -> usize {
        self as usize
    }
}

impl From<jiff::civil::Weekday> for Weekday {
    fn from(day: jiff::civil::Weekday) -> Self {
        use jiff::civil::Weekday as Jiff;
        match day {
            Jiff::Monday => Self::Mon,
            Jiff::Tuesday => Self::Tue,
            Jiff::Wednesday => Self::Wed,
            Jiff::Thursday => Self::Thu,
            Jiff::Friday => Self::Fri,
            Jiff::Saturday => Self::Sat,
            Jiff::Sunday => Self::Sun,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_time_on_the_following_date_says_so() {
        let time: ClockTime = "06:30+1".parse().unwrap();
        assert_eq!((time.minutes(), time.to_string().as_str()), (1830, "06:30+1"));
        for wrong in ["24:00", "7:00", "07:60", "0700", "07:00+2", "+7:00", ""] {
            assert!(wrong.parse::<ClockTime>().is_err(), "{wrong}");
        }
    }
}
