//! The answer of the rules for one person and one work date (rules 3, 13).

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::{Code, CodeMinutes};

/// What a date is by calendar and roster (rules 7.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DayKind {
    /// A timetable applies.
    Workday,
    /// The statutory weekly rest.
    RestDay,
    /// Another planned day off.
    OffDay,
    /// A holiday, worked or not.
    PublicHoliday,
    /// Nothing planned, or not employed.
    Unassigned,
}

/// The outcome of a date (rules 13.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Not judged yet.
    Deferred,
    /// Worked.
    Present,
    /// Punches are missing.
    Incomplete,
    /// Nothing of the plan was attended, or a threshold says so.
    Absent,
    /// A threshold says so.
    HalfDay,
    /// Nothing was required because of leave.
    Leave,
    /// Nothing was required because of offsite work.
    Offsite,
    /// Nothing was planned and nobody came.
    Off,
}

/// Why a date is not judged (rules 10).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeferReason {
    /// The date, or its departure zone, is not over.
    InProgress,
    /// Terminals have not delivered everything yet.
    AwaitingData,
}

/// A coded finding that somebody may have to look at (rules 13.2). Ordered by its text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs)]
pub enum Exception {
    Absent,
    Away,
    ClockInTooEarly,
    ClockInTooLate,
    ClockOutTooEarly,
    ClockOutTooLate,
    HolidayDataMissing,
    LeftEarly,
    LongSession,
    MissingBreakEnd,
    MissingIn,
    MissingOut,
    PartialAbsence,
    StrayPunch,
    Tardy,
    UnapprovedOvertime,
    WorkedOnHoliday,
    WorkedOnLeave,
    WorkedOnOffDay,
    WorkedOnRestDay,
    WorkedUnassigned,
}

/// How much an exception matters (rules 13.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// For the record.
    Info,
    /// Worth a look.
    Low,
    /// To be reviewed.
    Medium,
    /// To be cleared.
    High,
    /// Blocks payroll.
    Critical,
}

impl Exception {
    /// All exceptions, by text.
    pub const ALL: [Self; 21] = [
        Self::Absent,
        Self::Away,
        Self::ClockInTooEarly,
        Self::ClockInTooLate,
        Self::ClockOutTooEarly,
        Self::ClockOutTooLate,
        Self::HolidayDataMissing,
        Self::LeftEarly,
        Self::LongSession,
        Self::MissingBreakEnd,
        Self::MissingIn,
        Self::MissingOut,
        Self::PartialAbsence,
        Self::StrayPunch,
        Self::Tardy,
        Self::UnapprovedOvertime,
        Self::WorkedOnHoliday,
        Self::WorkedOnLeave,
        Self::WorkedOnOffDay,
        Self::WorkedOnRestDay,
        Self::WorkedUnassigned,
    ];

    /// Its code, as in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Absent => "absent",
            Self::Away => "away",
            Self::ClockInTooEarly => "clock_in_too_early",
            Self::ClockInTooLate => "clock_in_too_late",
            Self::ClockOutTooEarly => "clock_out_too_early",
            Self::ClockOutTooLate => "clock_out_too_late",
            Self::HolidayDataMissing => "holiday_data_missing",
            Self::LeftEarly => "left_early",
            Self::LongSession => "long_session",
            Self::MissingBreakEnd => "missing_break_end",
            Self::MissingIn => "missing_in",
            Self::MissingOut => "missing_out",
            Self::PartialAbsence => "partial_absence",
            Self::StrayPunch => "stray_punch",
            Self::Tardy => "tardy",
            Self::UnapprovedOvertime => "unapproved_overtime",
            Self::WorkedOnHoliday => "worked_on_holiday",
            Self::WorkedOnLeave => "worked_on_leave",
            Self::WorkedOnOffDay => "worked_on_off_day",
            Self::WorkedOnRestDay => "worked_on_rest_day",
            Self::WorkedUnassigned => "worked_unassigned",
        }
    }

    /// How much it matters; a missing punch counts as critical even if an assumption resolved it (rules 13.2).
    pub fn severity(self) -> Severity {
        match self {
            Self::MissingIn | Self::MissingOut | Self::MissingBreakEnd => Severity::Critical,
            Self::Absent | Self::PartialAbsence | Self::LongSession | Self::WorkedOnLeave => Severity::High,
            Self::Tardy | Self::LeftEarly | Self::Away | Self::UnapprovedOvertime => Severity::Medium,
            outlier if outlier.is_outlier() => Severity::Medium,
            Self::StrayPunch => Severity::Low,
            _ => Severity::Info,
        }
    }

    /// Whether it says that a clock time is implausible for the shift (rules 13.1).
    pub fn is_outlier(self) -> bool {
        use Exception::{ClockInTooEarly, ClockInTooLate, ClockOutTooEarly, ClockOutTooLate};
        matches!(self, ClockInTooEarly | ClockInTooLate | ClockOutTooEarly | ClockOutTooLate)
    }
}

impl std::fmt::Display for Exception {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.as_str())
    }
}

impl Status {
    /// Its name, as in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Deferred => "deferred",
            Self::Present => "present",
            Self::Incomplete => "incomplete",
            Self::Absent => "absent",
            Self::HalfDay => "half_day",
            Self::Leave => "leave",
            Self::Offsite => "offsite",
            Self::Off => "off",
        }
    }
}

impl DayKind {
    /// Its name, as in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Workday => "workday",
            Self::RestDay => "rest_day",
            Self::OffDay => "off_day",
            Self::PublicHoliday => "public_holiday",
            Self::Unassigned => "unassigned",
        }
    }
}

impl std::fmt::Display for Status {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.as_str())
    }
}

impl std::fmt::Display for DayKind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.as_str())
    }
}

/// A work date of one person as the rules see it (rules 3). Durations are minutes; the four instants are seconds since the
/// epoch, on whole minutes. In JSON a field that has its default is left out.
///
/// Held on judged dates (rules 22): `scheduled = leave + offsite + required`; `required = covered + tardy + left early +
/// away + absent + unverified + grace + excused`; `sum(pay) = worked - unpaid extra`; `paid = sum(pay) + paid leave +
/// holiday credit`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DayRecord {
    /// Work date.
    pub date: Date,
    /// Outcome.
    pub status: Status,
    /// Why it is not judged.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub defer_reason: Option<DeferReason>,
    /// What the date is.
    pub day_kind: DayKind,
    /// Timetable that applies.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shift: Option<Code>,
    /// First instant of the judged plan.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plan_start: Option<i64>,
    /// End of the judged plan.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plan_end: Option<i64>,
    /// Earliest arrival punch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_in: Option<i64>,
    /// Latest departure punch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_out: Option<i64>,
    /// Planned, without unpaid breaks.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub scheduled_minutes: i64,
    /// Of these, leave.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub leave_minutes: i64,
    /// Of the leave, paid.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub paid_leave_minutes: i64,
    /// Paid for a holiday that dropped a timetable.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub holiday_credit_minutes: i64,
    /// Of the scheduled minutes, offsite.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub offsite_minutes: i64,
    /// Of the scheduled minutes, to be attended.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub required_minutes: i64,
    /// Between paired punches.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub presence_minutes: i64,
    /// Unpaid breaks within the presence.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub break_minutes: i64,
    /// Worked, with offsite and manual credit.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub worked_minutes: i64,
    /// Required and attended.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub covered_minutes: i64,
    /// Required and missed before the first evidence of a segment.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub tardy_minutes: i64,
    /// Required and missed after the last evidence of a segment.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub left_early_minutes: i64,
    /// Required and missed in between.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub away_minutes: i64,
    /// Required in segments without any evidence.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub absent_minutes: i64,
    /// Required and in the shadow of an unpaired punch.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub unverified_minutes: i64,
    /// Required, missed and forgiven by grace.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub grace_minutes: i64,
    /// Required, missed and excused by a person.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub excused_minutes: i64,
    /// Worked and not paid.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub unpaid_extra_minutes: i64,
    /// Paid.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub paid_minutes: i64,
    /// Paid minutes per tier.
    #[serde(default, skip_serializing_if = "CodeMinutes::is_empty")]
    pub pay: CodeMinutes,
    /// Minutes per premium; `CODE*TIER` if its percent is taken of the tier.
    #[serde(default, skip_serializing_if = "CodeMinutes::is_empty")]
    pub premiums: CodeMinutes,
    /// Findings, by code.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub exceptions: Vec<Exception>,
    /// Whether a clock time is implausible for the shift.
    #[serde(default, skip_serializing_if = "is_false")]
    pub is_outlier: bool,
}

impl DayRecord {
    /// A record whose other fields have their defaults.
    pub fn new(date: Date, status: Status, day_kind: DayKind) -> Self {
        Self {
            date,
            status,
            defer_reason: None,
            day_kind,
            shift: None,
            plan_start: None,
            plan_end: None,
            first_in: None,
            last_out: None,
            scheduled_minutes: 0,
            leave_minutes: 0,
            paid_leave_minutes: 0,
            holiday_credit_minutes: 0,
            offsite_minutes: 0,
            required_minutes: 0,
            presence_minutes: 0,
            break_minutes: 0,
            worked_minutes: 0,
            covered_minutes: 0,
            tardy_minutes: 0,
            left_early_minutes: 0,
            away_minutes: 0,
            absent_minutes: 0,
            unverified_minutes: 0,
            grace_minutes: 0,
            excused_minutes: 0,
            unpaid_extra_minutes: 0,
            paid_minutes: 0,
            pay: CodeMinutes::default(),
            premiums: CodeMinutes::default(),
            exceptions: Vec::new(),
            is_outlier: false,
        }
    }

    /// Whether the date was judged (rules 10).
    pub fn is_judged(&self) -> bool {
        self.status != Status::Deferred
    }
}

#[allow(clippy::trivially_copy_pass_by_ref)]
fn is_zero(minutes: &i64) -> bool {
    *minutes == 0
}

#[allow(clippy::trivially_copy_pass_by_ref)]
fn is_false(flag: &bool) -> bool {
    !*flag
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exceptions_are_ordered_by_their_text() {
        let texts: Vec<_> = Exception::ALL.iter().map(|exception| exception.as_str()).collect();
        assert!(texts.is_sorted() && Exception::ALL.is_sorted());
        for exception in Exception::ALL {
            assert_eq!(serde_json::to_value(exception).unwrap(), exception.as_str());
        }
    }
}
