//! Which checks a company makes, and their limits (rules 16).

use jiff::civil::Date;
use serde::de::value::{MapAccessDeserializer, SeqAccessDeserializer};
use serde::de::{Deserializer, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Serialize};

use crate::rules::calendar_day::{date_of, day_number};
use crate::vocabulary::{CHECKS, check_against};
use crate::{DateRange, PolicyError};

/// The longest average that can be asked for.
const MOST_WEEKS: i64 = 104;

/// The checks to make, each of them optional (rules 16). Minutes, unless a name says otherwise.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Checks {
    /// Rest from the last worked minute of a worked date to the first of the next worked date.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub daily_rest: Option<AtLeast>,
    /// Longest free stretch of a workweek, which lasts from 00:00 of its first date to 00:00 after its last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub weekly_rest: Option<AtLeast>,
    /// Worked minutes of a workweek.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_week: Option<AtMost>,
    /// Worked minutes of a date.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_day: Option<AtMost>,
    /// Worked *dates* in a row; every date beyond is a finding.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub consecutive_days: Option<AtMost>,
    /// Breaks between the worked intervals of a date. In JSON one check, or a list of them.
    #[serde(rename = "break", deserialize_with = "one_or_several", skip_serializing_if = "Vec::is_empty")]
    pub breaks: Vec<BreakCheck>,
    /// Worked minutes of the average week up to the last date of the range.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub avg_week: Option<AverageWeek>,
}

/// Less is a finding (rules 16).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AtLeast {
    /// The least that is allowed.
    pub min: i64,
}

/// More is a finding (rules 16).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AtMost {
    /// The most that is allowed.
    pub max: i64,
}

/// Breaks owed by those who work long (rules 16).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BreakCheck {
    /// Applies to more than so many worked minutes.
    pub after: i64,
    /// The least sum of breaks.
    pub min: i64,
    /// A shorter gap is no break.
    #[serde(default = "one")]
    pub min_part: i64,
}

/// The longest average week over a number of weeks (rules 16). Dates of full leave do not count, neither as time nor as
/// dates.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AverageWeek {
    /// The most that is allowed.
    pub max: i64,
    /// Over so many *weeks* that end with the range.
    pub weeks: i64,
}

impl Checks {
    /// Checks every limit. The first one out of range is named, with its value and what is allowed.
    pub fn validate(&self) -> Result<(), PolicyError> {
        #[derive(Serialize)]
        struct Named<'a> {
            checks: &'a Checks,
        }
        check_against(CHECKS, &Named { checks: self })
    }

    /// The dates that are derived to check a range: the range, and the weeks of the average before its end (rules 16).
    pub fn lookback(&self, range: DateRange) -> DateRange {
        let first = self.avg_week.map_or(range.from, |average| average.first_date(range.to));
        DateRange { from: first.min(range.from), to: range.to }
    }
}

impl AverageWeek {
    fn first_date(&self, last: Date) -> Date {
        date_of(day_number(last) - self.weeks.clamp(1, MOST_WEEKS) * 7 + 1)
    }
}

fn one() -> i64 {
    1
}

/// Reads a check or a list of checks; an error speaks of the one that was written.
fn one_or_several<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<BreakCheck>, D::Error> {
    struct Either;

    impl<'de> Visitor<'de> for Either {
        type Value = Vec<BreakCheck>;

        fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("a break check or a list of them")
        }

        fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
            BreakCheck::deserialize(MapAccessDeserializer::new(map)).map(|check| vec![check])
        }

        fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<Self::Value, A::Error> {
            Vec::deserialize(SeqAccessDeserializer::new(list))
        }
    }

    deserializer.deserialize_any(Either)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str) -> Checks {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn a_second_break_check_makes_a_list() {
        let one = read(r#"{"break": {"after": 479, "min": 60}}"#);
        assert_eq!(one.breaks, [BreakCheck { after: 479, min: 60, min_part: 1 }]);
        let two = read(r#"{"break": [{"after": 239, "min": 30}, {"after": 479, "min": 60}]}"#);
        assert_eq!(two.breaks.len(), 2);
        for checks in [one, two] {
            assert_eq!(read(&serde_json::to_string(&checks).unwrap()), checks);
        }
        let error = serde_json::from_str::<Checks>(r#"{"break": {"after": 479, "most": 60}}"#).unwrap_err();
        assert!(error.to_string().contains("unknown field `most`"), "{error}");
    }

    #[test]
    fn a_limit_out_of_range_is_named() {
        let refused = |json: &str| read(json).validate().unwrap_err().to_string();
        assert_eq!(refused(r#"{"daily_rest": {"min": 0}}"#), "`checks.daily_rest.min` is 0; allowed: 1 to 10080");
        assert!(refused(r#"{"avg_week": {"max": 2880, "weeks": 0}}"#).contains("checks.avg_week.weeks"));
        assert!(refused(r#"{"break": {"after": 360, "min": 30, "min_part": 0}}"#).contains("checks.break[0].min_part"));
        assert_eq!(Checks::default().validate(), Ok(()));
    }

    #[test]
    fn only_the_average_looks_back() {
        let range = DateRange { from: jiff::civil::date(2025, 3, 10), to: jiff::civil::date(2025, 3, 16) };
        assert_eq!(read(r#"{"max_week": {"max": 3120}}"#).lookback(range), range);
        let average = read(r#"{"avg_week": {"max": 2880, "weeks": 17}}"#).lookback(range);
        assert_eq!(average, DateRange { from: jiff::civil::date(2024, 11, 18), to: range.to });
        assert_eq!(read(r#"{"avg_week": {"max": 2880, "weeks": 1}}"#).lookback(range), range);
    }
}
