//! Locked periods: what may be locked, and what came too late for it (rules 17.4).

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::vocabulary::{CodeMinutes, DayRecord, Status, Totals};

/// What a locked record lacks: candidate minus frozen, in minutes (rules 17.4). In JSON only what is not 0.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Delta {
    /// Worked minutes.
    #[serde(skip_serializing_if = "is_zero")]
    pub worked_minutes: i64,
    /// Tardy minutes.
    #[serde(skip_serializing_if = "is_zero")]
    pub tardy_minutes: i64,
    /// Left-early minutes.
    #[serde(skip_serializing_if = "is_zero")]
    pub left_early_minutes: i64,
    /// Away minutes.
    #[serde(skip_serializing_if = "is_zero")]
    pub away_minutes: i64,
    /// Absent minutes.
    #[serde(skip_serializing_if = "is_zero")]
    pub absent_minutes: i64,
    /// Unverified minutes.
    #[serde(skip_serializing_if = "is_zero")]
    pub unverified_minutes: i64,
    /// Leave minutes.
    #[serde(skip_serializing_if = "is_zero")]
    pub leave_minutes: i64,
    /// Paid minutes.
    #[serde(skip_serializing_if = "is_zero")]
    pub paid_minutes: i64,
    /// Minutes per pay code.
    #[serde(skip_serializing_if = "CodeMinutes::is_empty")]
    pub pay: CodeMinutes,
}

impl Delta {
    /// What a record of now has more than a frozen one. A missing record has nothing.
    pub fn between(frozen: Option<&DayRecord>, candidate: Option<&DayRecord>) -> Self {
        figures(candidate).minus(&figures(frozen))
    }

    /// Without what was posted already.
    #[must_use]
    pub fn minus(self, posted: &Self) -> Self {
        self.with(posted, -1)
    }

    /// Both together.
    #[must_use]
    pub fn plus(self, other: &Self) -> Self {
        self.with(other, 1)
    }

    /// Adds what was posted into a period to what the period's days sum up to. Counts of days stay: they were that period's.
    pub fn add_to(&self, totals: &mut Totals) {
        totals.worked_minutes += self.worked_minutes;
        totals.paid_minutes += self.paid_minutes;
        totals.tardy_minutes += self.tardy_minutes;
        totals.left_early_minutes += self.left_early_minutes;
        for (code, minutes) in self.pay.iter() {
            totals.pay.add(code, minutes);
        }
    }

    fn with(mut self, other: &Self, times: i64) -> Self {
        for (figure, more) in self.figures_mut().into_iter().zip(other.figures()) {
            *figure += times * more;
        }
        for (code, minutes) in other.pay.iter() {
            self.pay.add(code, times * minutes);
        }
        self
    }

    /// Whether nothing differs.
    pub fn is_zero(&self) -> bool {
        *self == Self::default()
    }

    /// The figures without those per code, by name, in the order of the reference.
    pub fn named(&self) -> [(&'static str, i64); 8] {
        let names = ["worked", "tardy", "left_early", "away", "absent", "unverified", "leave", "paid"];
        let mut named = names.map(|name| (name, 0));
        named.iter_mut().zip(self.figures()).for_each(|(named, figure)| named.1 = figure);
        named
    }

    fn figures(&self) -> [i64; 8] {
        [
            self.worked_minutes,
            self.tardy_minutes,
            self.left_early_minutes,
            self.away_minutes,
            self.absent_minutes,
            self.unverified_minutes,
            self.leave_minutes,
            self.paid_minutes,
        ]
    }

    fn figures_mut(&mut self) -> [&mut i64; 8] {
        [
            &mut self.worked_minutes,
            &mut self.tardy_minutes,
            &mut self.left_early_minutes,
            &mut self.away_minutes,
            &mut self.absent_minutes,
            &mut self.unverified_minutes,
            &mut self.leave_minutes,
            &mut self.paid_minutes,
        ]
    }
}

/// The dates that keep a period from being locked: those not judged yet, or incomplete (rules 17.4).
pub fn unlockable<'a>(records: impl IntoIterator<Item = &'a DayRecord>) -> Vec<Date> {
    let is_open = |record: &&DayRecord| matches!(record.status, Status::Deferred | Status::Incomplete);
    records.into_iter().filter(is_open).map(|record| record.date).collect()
}

fn figures(record: Option<&DayRecord>) -> Delta {
    record.map_or_else(Delta::default, |record| Delta {
        worked_minutes: record.worked_minutes,
        tardy_minutes: record.tardy_minutes,
        left_early_minutes: record.left_early_minutes,
        away_minutes: record.away_minutes,
        absent_minutes: record.absent_minutes,
        unverified_minutes: record.unverified_minutes,
        leave_minutes: record.leave_minutes,
        paid_minutes: record.paid_minutes,
        pay: record.pay.clone(),
    })
}

fn is_zero(minutes: &i64) -> bool {
    *minutes == 0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::DayKind;

    fn record(worked: i64, tardy: i64, overtime: i64) -> DayRecord {
        let date = Date::constant(2025, 3, 10);
        let mut record = DayRecord::new(date, Status::Present, DayKind::Workday);
        (record.worked_minutes, record.tardy_minutes) = (worked, tardy);
        record.pay.add(&"REG".into(), worked - overtime);
        record.pay.add(&"OT".into(), overtime);
        record
    }

    #[test]
    fn a_delta_names_only_what_differs_and_posting_it_leaves_nothing() {
        let (frozen, now) = (record(530, 10, 0), record(600, 0, 60));
        let delta = Delta::between(Some(&frozen), Some(&now));
        let text = serde_json::to_string(&delta).unwrap();
        assert_eq!(text, r#"{"worked_minutes":70,"tardy_minutes":-10,"pay":{"OT":60,"REG":10}}"#);
        assert_eq!(serde_json::from_str::<Delta>(&text).unwrap(), delta);
        assert!(delta.clone().minus(&delta).is_zero());
        assert!(Delta::between(Some(&frozen), Some(&frozen)).is_zero());
    }

    #[test]
    fn a_record_that_is_gone_takes_its_minutes_back() {
        let delta = Delta::between(Some(&record(530, 10, 0)), None);
        assert_eq!((delta.worked_minutes, delta.pay.get("REG")), (-530, -530));
    }

    #[test]
    fn what_is_not_judged_or_incomplete_cannot_be_locked() {
        let open = DayRecord { status: Status::Incomplete, ..record(0, 0, 0) };
        assert_eq!(unlockable([&record(1, 0, 0), &open]), [Date::constant(2025, 3, 10)]);
    }
}
