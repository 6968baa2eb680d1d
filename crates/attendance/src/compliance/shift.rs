//! How well plans were kept: planned against covered minutes of each judged date, as figures and as a class (rules 12).
//!
//! A date without anything required, or not judged yet, has no class. Of every other date the figures add up: planned is covered,
//! forgiven, missed and unverified minutes together (rules 22, identity 2).

use jiff::civil::Date;
use serde::Serialize;

use crate::DayRecord;

/// What became of the plan of a date.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ShiftClass {
    /// Everything that was planned is covered, or forgiven by grace or a manager.
    Kept,
    /// Only the beginning is missing.
    Late,
    /// Something else is missing, alone or besides the beginning.
    Short,
    /// Nothing was covered, and there was no evidence of anybody.
    Absent,
    /// A punch is missing, so that some of the plan is neither covered nor missed.
    Unverified,
}

impl ShiftClass {
    /// All classes, the best first.
    pub const ALL: [Self; 5] = [Self::Kept, Self::Late, Self::Short, Self::Absent, Self::Unverified];

    /// Its word, as in JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Kept => "kept",
            Self::Late => "late",
            Self::Short => "short",
            Self::Absent => "absent",
            Self::Unverified => "unverified",
        }
    }
}

impl std::fmt::Display for ShiftClass {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.as_str())
    }
}

/// Planned against covered minutes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Coverage {
    /// Minutes that were to be attended.
    pub planned_minutes: i64,
    /// Of these, attended.
    pub covered_minutes: i64,
    /// Missed, but within the grace or excused.
    pub forgiven_minutes: i64,
    /// Missed: tardy, left early, away or absent.
    pub missed_minutes: i64,
    /// Unproven, because a punch is missing.
    pub unverified_minutes: i64,
}

impl Coverage {
    fn of(record: &DayRecord) -> Self {
        Self {
            planned_minutes: record.required_minutes,
            covered_minutes: record.covered_minutes,
            forgiven_minutes: record.grace_minutes + record.excused_minutes,
            missed_minutes: record.tardy_minutes
                + record.left_early_minutes
                + record.away_minutes
                + record.absent_minutes,
            unverified_minutes: record.unverified_minutes,
        }
    }

    /// Covered and forgiven minutes in percent of the planned ones, rounded down; `None` when nothing was planned.
    pub fn percent(&self) -> Option<i64> {
        (self.planned_minutes > 0).then(|| (self.covered_minutes + self.forgiven_minutes) * 100 / self.planned_minutes)
    }

    fn add(&mut self, other: &Self) {
        self.planned_minutes += other.planned_minutes;
        self.covered_minutes += other.covered_minutes;
        self.forgiven_minutes += other.forgiven_minutes;
        self.missed_minutes += other.missed_minutes;
        self.unverified_minutes += other.unverified_minutes;
    }
}

/// What became of the plan of one date.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct ShiftDay {
    /// Work date.
    pub date: Date,
    /// The class.
    pub class: ShiftClass,
    /// The figures.
    #[serde(flatten)]
    pub coverage: Coverage,
}

impl ShiftDay {
    /// Of a record; `None` when nothing was required of the date, or it is not judged yet.
    pub fn of(record: &DayRecord) -> Option<Self> {
        if !record.is_judged() || record.required_minutes == 0 {
            return None;
        }
        let coverage = Coverage::of(record);
        let missed = coverage.missed_minutes;
        let class = if coverage.unverified_minutes > 0 {
            ShiftClass::Unverified
        } else if missed == 0 {
            ShiftClass::Kept
        } else if coverage.covered_minutes == 0 && missed == record.absent_minutes {
            ShiftClass::Absent
        } else if missed == record.tardy_minutes {
            ShiftClass::Late
        } else {
            ShiftClass::Short
        };
        Some(Self { date: record.date, class, coverage })
    }
}

/// What became of the plans of a period.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct ShiftPeriod {
    /// Sums of the dates that have a class.
    #[serde(flatten)]
    pub coverage: Coverage,
    /// Dates whose plan was kept.
    pub kept_days: u64,
    /// Dates whose beginning is missing.
    pub late_days: u64,
    /// Dates of which something else is missing.
    pub short_days: u64,
    /// Dates on which nobody came.
    pub absent_days: u64,
    /// Dates of which some is unproven.
    pub unverified_days: u64,
    /// Dates that are not judged yet; they count in no other figure.
    pub open_days: u64,
}

impl ShiftPeriod {
    /// Of records in any order.
    pub fn of<'a>(records: impl IntoIterator<Item = &'a DayRecord>) -> Self {
        let mut sums = Self::default();
        for record in records {
            sums.open_days += u64::from(!record.is_judged());
            let Some(day) = ShiftDay::of(record) else { continue };
            sums.coverage.add(&day.coverage);
            *sums.days_mut(day.class) += 1;
        }
        sums
    }

    /// The sum of two periods that share no date.
    #[must_use]
    pub fn plus(mut self, other: &Self) -> Self {
        self.coverage.add(&other.coverage);
        for class in ShiftClass::ALL {
            *self.days_mut(class) += other.days(class);
        }
        self.open_days += other.open_days;
        self
    }

    /// Dates of a class.
    pub const fn days(&self, class: ShiftClass) -> u64 {
        match class {
            ShiftClass::Kept => self.kept_days,
            ShiftClass::Late => self.late_days,
            ShiftClass::Short => self.short_days,
            ShiftClass::Absent => self.absent_days,
            ShiftClass::Unverified => self.unverified_days,
        }
    }

    const fn days_mut(&mut self, class: ShiftClass) -> &mut u64 {
        match class {
            ShiftClass::Kept => &mut self.kept_days,
            ShiftClass::Late => &mut self.late_days,
            ShiftClass::Short => &mut self.short_days,
            ShiftClass::Absent => &mut self.absent_days,
            ShiftClass::Unverified => &mut self.unverified_days,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{DayKind, Status};

    /// A record of a date of 480 planned minutes.
    fn record(day: i8, change: impl FnOnce(&mut DayRecord)) -> DayRecord {
        let mut record = DayRecord::new(jiff::civil::date(2026, 3, day), Status::Present, DayKind::Workday);
        record.required_minutes = 480;
        change(&mut record);
        let missed = record.tardy_minutes + record.left_early_minutes + record.away_minutes + record.absent_minutes;
        record.covered_minutes =
            480 - missed - record.unverified_minutes - record.grace_minutes - record.excused_minutes;
        record
    }

    #[test]
    fn a_date_is_classed_by_what_is_missing() {
        let class = |change: fn(&mut DayRecord)| ShiftDay::of(&record(2, change)).map(|day| day.class);
        assert_eq!(class(|_| {}), Some(ShiftClass::Kept));
        assert_eq!(class(|day| day.grace_minutes = 5), Some(ShiftClass::Kept));
        assert_eq!(class(|day| day.excused_minutes = 480), Some(ShiftClass::Kept));
        assert_eq!(class(|day| day.tardy_minutes = 5), Some(ShiftClass::Late));
        assert_eq!(class(|day| day.left_early_minutes = 5), Some(ShiftClass::Short));
        assert_eq!(class(|day| (day.tardy_minutes, day.away_minutes) = (5, 5)), Some(ShiftClass::Short));
        assert_eq!(class(|day| day.absent_minutes = 480), Some(ShiftClass::Absent));
        // One segment of two was missed.
        assert_eq!(class(|day| day.absent_minutes = 240), Some(ShiftClass::Short));
        assert_eq!(class(|day| (day.absent_minutes, day.excused_minutes) = (240, 240)), Some(ShiftClass::Absent));
        assert_eq!(class(|day| (day.unverified_minutes, day.tardy_minutes) = (240, 5)), Some(ShiftClass::Unverified));
        assert_eq!(class(|day| day.status = Status::Deferred), None);
        let mut rest = DayRecord::new(jiff::civil::date(2026, 3, 7), Status::Off, DayKind::RestDay);
        rest.worked_minutes = 60;
        assert_eq!(ShiftDay::of(&rest), None);
    }

    #[test]
    fn a_period_adds_up() {
        let records = [
            record(2, |_| {}),
            record(3, |day| day.tardy_minutes = 30),
            record(4, |day| day.absent_minutes = 480),
            record(5, |day| (day.unverified_minutes, day.grace_minutes) = (100, 10)),
            record(6, |day| day.status = Status::Deferred),
        ];
        let period = ShiftPeriod::of(&records);
        let Coverage { planned_minutes, covered_minutes, forgiven_minutes, missed_minutes, unverified_minutes } =
            period.coverage;
        assert_eq!(planned_minutes, covered_minutes + forgiven_minutes + missed_minutes + unverified_minutes);
        assert_eq!((planned_minutes, covered_minutes, missed_minutes), (1920, 480 + 450 + 370, 510));
        assert_eq!(period.coverage.percent(), Some(1310 * 100 / 1920));
        assert_eq!(ShiftClass::ALL.map(|class| period.days(class)), [1, 1, 0, 1, 1]);
        assert_eq!(period.open_days, 1);
        let halves = ShiftPeriod::of(&records[..2]).plus(&ShiftPeriod::of(&records[2..]));
        assert_eq!(halves, period);
        assert_eq!(ShiftPeriod::default().coverage.percent(), None);
    }

    #[test]
    fn a_class_has_the_same_word_everywhere() {
        for class in ShiftClass::ALL {
            assert_eq!(serde_json::to_value(class).unwrap(), class.as_str());
        }
    }
}
