//! A terminal's clock readings as instants (rules 4.2).

use jiff::civil::DateTime;
use jiff::tz::{AmbiguousOffset, Offset, TimeZone};

/// What is remarkable about a reading (rules 4.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Flag {
    /// The clock was set forward over this time; the terminal was not moved yet.
    NonexistentLocalTime,
    /// The clock was set back over this time; record order decided.
    AmbiguousLocalTime,
    /// The reading is earlier than an earlier record of the terminal.
    ClockWentBack,
}

/// A reading as an instant (rules 4.2).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Localized {
    /// Seconds since the epoch.
    pub at: i64,
    /// What is remarkable, in the order of section 4.2.
    pub flags: Vec<Flag>,
}

/// Turns the readings of one terminal, in the order of its own records, into instants (rules 4.2). All are kept.
pub fn localize(zone: &TimeZone, readings: impl IntoIterator<Item = DateTime>) -> Vec<Localized> {
    let mut last = i64::MIN;
    readings
        .into_iter()
        .map(|reading| {
            let mut flags = Vec::new();
            let at = match zone.to_ambiguous_timestamp(reading).offset() {
                AmbiguousOffset::Unambiguous { offset } => seconds(reading, offset),
                AmbiguousOffset::Gap { before, .. } => {
                    flags.push(Flag::NonexistentLocalTime);
                    seconds(reading, before)
                }
                AmbiguousOffset::Fold { before, after } => {
                    flags.push(Flag::AmbiguousLocalTime);
                    let earlier = seconds(reading, before);
                    if earlier < last { seconds(reading, after) } else { earlier }
                }
            };
            if at < last {
                flags.push(Flag::ClockWentBack);
            }
            last = last.max(at);
            Localized { at, flags }
        })
        .collect()
}

fn seconds(reading: DateTime, offset: Offset) -> i64 {
    use crate::rules::calendar_day::day_number;
    let time = reading.time();
    let of_day = i64::from(time.hour()) * 3600 + i64::from(time.minute()) * 60 + i64::from(time.second());
    day_number(reading.date()) * 86_400 + of_day - i64::from(offset.seconds())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reading_before_the_last_one_is_kept_and_flagged() {
        let zone = TimeZone::get("Asia/Manila").unwrap();
        let readings = ["2025-03-10T08:00:30", "2025-03-10T07:00:00", "2025-03-10T07:30:00"];
        let localized = localize(&zone, readings.iter().map(|text| text.parse().unwrap()));
        assert_eq!(localized[0], Localized { at: 1_741_564_830, flags: vec![] });
        assert_eq!(localized[1].flags, [Flag::ClockWentBack]);
        assert_eq!(localized[2].flags, [Flag::ClockWentBack]);
    }
}
