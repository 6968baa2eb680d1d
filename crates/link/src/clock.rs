//! How far a terminal's clock is off.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A clock that is off by more than this puts punches on the wrong minute, in seconds.
pub const CLOCK_TOLERANCE_S: i64 = 60;
/// A clock that is behind by more than this did not drift: it lost its time.
const RESET_S: i64 = 365 * 86_400;

/// What was seen of a terminal's clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Clock {
    /// Its face minus the time there, in seconds: positive when it is ahead. From uploads this is a bound: the clock is
    /// ahead by at least this, or behind by at most this.
    pub offset_s: i64,
    /// How it was measured.
    pub how: ClockSource,
    /// When, microseconds since the epoch, UTC.
    pub at_us: i64,
}

/// How a clock was measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClockSource {
    /// The terminal was asked for its time: exact to a second or two.
    Asked,
    /// By the printed times of what it uploaded at once. A punch is never uploaded before it was made, so that a clock
    /// ahead is seen for certain, and one behind by the shortest delay.
    Uploads,
}

impl ClockSource {
    /// The word for it in tables.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Asked => "asked",
            Self::Uploads => "uploads",
        }
    }

    /// The source of a word.
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::Asked, Self::Uploads].into_iter().find(|source| source.word() == word)
    }
}

impl Clock {
    /// True when its punches are on the wrong minute.
    pub const fn is_off(&self) -> bool {
        self.offset_s.unsigned_abs() > CLOCK_TOLERANCE_S.unsigned_abs()
    }

    /// True when the clock has lost its time: it began again in the past, as after an empty battery.
    pub const fn is_reset(&self) -> bool {
        self.offset_s < -RESET_S
    }

    /// What to do, when something is to be done.
    pub const fn cure(&self) -> Option<&'static str> {
        match (self.is_reset(), self.is_off()) {
            (true, _) => {
                Some("set it with `punchclock terminal time` or in the terminal's menu, and have its battery looked at")
            }
            (false, true) => {
                Some("set it with `punchclock terminal time` or in the terminal's menu, and check the terminal's zone")
            }
            (false, false) => None,
        }
    }
}

/// In words: `right`, `3 min 20 s ahead`, `at least 2 h ahead`, `at most 40 s behind`.
impl fmt::Display for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bound = match (self.how, self.offset_s) {
            (ClockSource::Asked, _) => "",
            (ClockSource::Uploads, 1..) => "at least ",
            (ClockSource::Uploads, _) => "at most ",
        };
        let span = span(self.offset_s.unsigned_abs());
        match self.offset_s {
            _ if self.is_reset() => write!(f, "reset, {span} behind"),
            0 => f.write_str("right"),
            1.. => write!(f, "{bound}{span} ahead"),
            _ => write!(f, "{bound}{span} behind"),
        }
    }
}

/// The two largest units of a span of seconds: `3 min 20 s`; empty for none.
pub fn span(seconds: u64) -> String {
    let units =
        [("days", seconds / 86_400), ("h", seconds / 3600 % 24), ("min", seconds / 60 % 60), ("s", seconds % 60)];
    let parts = units.iter().skip_while(|(_, count)| *count == 0).take(2).filter(|(_, count)| *count > 0);
    parts.map(|(unit, count)| format!("{count} {unit}")).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_offset_is_told_in_words_with_its_bound_and_a_cure() {
        let told = |offset_s, how| Clock { offset_s, how, at_us: 0 }.to_string();
        assert_eq!(told(0, ClockSource::Asked), "right");
        assert_eq!(told(200, ClockSource::Asked), "3 min 20 s ahead");
        assert_eq!(told(7200, ClockSource::Uploads), "at least 2 h ahead");
        assert_eq!(told(-40, ClockSource::Uploads), "at most 40 s behind");
        assert_eq!(told(-9679 * 86_400 - 3600, ClockSource::Asked), "reset, 9679 days 1 h behind");
        let clock = |offset_s| Clock { offset_s, how: ClockSource::Asked, at_us: 0 };
        assert_eq!((clock(60).cure(), clock(-60).is_off()), (None, false));
        assert!(clock(-61).cure().is_some_and(|cure| cure.contains("zone")));
        assert!(clock(-800_000_000).cure().is_some_and(|cure| cure.contains("battery")));
    }
}
