//! Who has which timetable when (rules 3, 7.1).

use jiff::civil::Date;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{Code, DayKind, Weekday, instant};

/// What a pattern says of a date: a timetable, or a kind of day without one (rules 3).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Shift {
    /// A timetable's code.
    Timetable(Code),
    /// The statutory weekly rest, `rest_day`.
    RestDay,
    /// Any other planned day off, `off_day`.
    OffDay,
    /// Nothing planned, `unassigned`.
    Unassigned,
}

impl From<&str> for Shift {
    fn from(text: &str) -> Self {
        match text {
            "rest_day" => Self::RestDay,
            "off_day" => Self::OffDay,
            "unassigned" => Self::Unassigned,
            code => Self::Timetable(code.into()),
        }
    }
}

impl Shift {
    /// The kind of day a token stands for; `None` for a timetable.
    pub fn token(&self) -> Option<DayKind> {
        match self {
            Self::Timetable(_) => None,
            Self::RestDay => Some(DayKind::RestDay),
            Self::OffDay => Some(DayKind::OffDay),
            Self::Unassigned => Some(DayKind::Unassigned),
        }
    }
}

impl Serialize for Shift {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(match self {
            Self::Timetable(code) => code.as_str(),
            Self::RestDay => "rest_day",
            Self::OffDay => "off_day",
            Self::Unassigned => "unassigned",
        })
    }
}

impl<'de> Deserialize<'de> for Shift {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(|text| text.as_str().into())
    }
}

/// A pattern of timetables over a range of dates; open ends are null (rules 7.1). Among patterns that cover a date the
/// one that starts latest wins, of equal starts the later entry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Assignment {
    /// By weekday.
    Weekly {
        /// First date.
        #[serde(default)]
        from: Option<Date>,
        /// Last date, inclusive.
        #[serde(default)]
        to: Option<Date>,
        /// The week.
        days: WeekPattern,
    },
    /// A repeating cycle, also backwards from the anchor.
    Cycle {
        /// First date.
        #[serde(default)]
        from: Option<Date>,
        /// Last date, inclusive.
        #[serde(default)]
        to: Option<Date>,
        /// A date on which the cycle starts.
        anchor: Date,
        /// One value per date.
        cycle: Vec<Shift>,
    },
}

/// One value per weekday; a missing weekday is unassigned (rules 7.1).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[allow(missing_docs)]
pub struct WeekPattern {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mon: Option<Shift>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tue: Option<Shift>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub wed: Option<Shift>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub thu: Option<Shift>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fri: Option<Shift>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sat: Option<Shift>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sun: Option<Shift>,
}

impl WeekPattern {
    /// The value of a weekday.
    pub fn get(&self, day: Weekday) -> Option<&Shift> {
        match day {
            Weekday::Mon => &self.mon,
            Weekday::Tue => &self.tue,
            Weekday::Wed => &self.wed,
            Weekday::Thu => &self.thu,
            Weekday::Fri => &self.fri,
            Weekday::Sat => &self.sat,
            Weekday::Sun => &self.sun,
        }
        .as_ref()
    }
}

/// Another value for one date; of several entries for a date the last one counts (rules 7.1).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Override {
    /// The date.
    pub date: Date,
    /// What applies instead of the pattern.
    pub shift: Shift,
    /// When it was entered, in seconds since the epoch; `None` means it was always known.
    #[serde(default, with = "instant::option", skip_serializing_if = "Option::is_none")]
    pub recorded_at: Option<i64>,
}

/// Shortens every plan of a range of dates (rules 7.2).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Modifier {
    /// First date.
    pub from: Date,
    /// Last date, inclusive.
    pub to: Date,
    /// Net minutes removed at the start.
    #[serde(default)]
    pub trim_start: i64,
    /// Net minutes removed at the end.
    #[serde(default)]
    pub trim_end: i64,
    /// What it is for.
    #[serde(default)]
    pub tag: String,
}

/// First and last date of employment, both inclusive; open ends are null (rules 7.1).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Employment {
    /// First date.
    pub from: Option<Date>,
    /// Last date.
    pub to: Option<Date>,
}

/// The required week: timetable `DEFAULT` from Monday to Friday, Saturday and Sunday rest days (rules 18.1).
pub fn default_assignments() -> Vec<Assignment> {
    let work = || Some(Shift::Timetable("DEFAULT".into()));
    let days = WeekPattern {
        mon: work(),
        tue: work(),
        wed: work(),
        thu: work(),
        fri: work(),
        sat: Some(Shift::RestDay),
        sun: Some(Shift::RestDay),
    };
    vec![Assignment::Weekly { from: None, to: None, days }]
}
