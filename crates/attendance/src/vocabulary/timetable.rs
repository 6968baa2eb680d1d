//! Templates of one shift (rules 3).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{ClockTime, Code};

/// The timetables of a company, by code (rules 3).
pub type Timetables = BTreeMap<Code, Timetable>;

/// The template of one shift (rules 3).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub enum Timetable {
    /// Clock times are planned.
    Fixed(Fixed),
    /// The arrival chooses the start within a band.
    Flex(Flex),
    /// Only the amount counts.
    Hours(Hours),
}

/// A plan with clock times (rules 3).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fixed {
    /// Planned stretches, in order; a split shift has several.
    pub segments: Vec<[ClockTime; 2]>,
    /// Breaks inside the segments.
    #[serde(default)]
    pub breaks: Vec<Break>,
    /// Whether the plan stands on public holidays.
    #[serde(default)]
    pub works_on_holidays: bool,
}

/// A plan whose start follows the arrival (rules 3).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Flex {
    /// Earliest start.
    pub earliest: ClockTime,
    /// Latest start.
    pub latest: ClockTime,
    /// Minutes to work, without unpaid breaks.
    pub net_minutes: i64,
    /// Breaks.
    #[serde(default)]
    pub breaks: Vec<Break>,
}

/// A plan without clock times (rules 3).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Hours {
    /// Minutes to work, without unpaid breaks.
    pub net_minutes: i64,
    /// Breaks.
    #[serde(default)]
    pub breaks: Vec<Break>,
}

/// A planned break (rules 3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Break {
    /// Start.
    pub from: ClockTime,
    /// End, exclusive. The break keeps this clock length even in an hour that the clock skips or repeats.
    pub to: ClockTime,
    /// A paid break is part of the plan and is not deducted.
    #[serde(default)]
    pub paid: bool,
    /// Where an unpaid break is deducted.
    #[serde(default)]
    pub deduct: Deduct,
}

/// Where an unpaid break is deducted (rules 11.2).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Deduct {
    /// At its planned place.
    #[default]
    Auto,
    /// Where the person took it, if a fitting gap was punched; fixed timetables only.
    Movable,
}

impl Timetable {
    /// Its breaks.
    pub fn breaks(&self) -> &[Break] {
        match self {
            Self::Fixed(fixed) => &fixed.breaks,
            Self::Flex(flex) => &flex.breaks,
            Self::Hours(hours) => &hours.breaks,
        }
    }
}

/// The required timetable `DEFAULT`: 08:00 to 18:00, lunch 12:00 to 13:00 unpaid (rules 18.1).
pub fn default_timetables() -> Timetables {
    let clock = |hour: i32| ClockTime::from_minutes(hour * 60);
    let segments = clock(8).zip(clock(18)).map(|(from, to)| [from, to]).into_iter().collect();
    let lunch = clock(12).zip(clock(13)).map(|(from, to)| Break { from, to, paid: false, deduct: Deduct::Auto });
    let fixed = Fixed { segments, breaks: lunch.into_iter().collect(), works_on_holidays: false };
    BTreeMap::from([("DEFAULT".into(), Timetable::Fixed(fixed))])
}
