//! Every knob of the rules with its default (rules 18.1). Minutes, unless a name says otherwise.

use serde::{Deserialize, Serialize};

use super::{ClockTime, Code, DayKind, Weekday};

/// A company's policy (rules 18.1). Missing knobs have their defaults, unknown ones are refused; see
/// [`Policy::validate`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Policy {
    /// How punches are read and paired (rules 5, 11.1).
    pub punch: PunchPolicy,
    /// Which work date a punch belongs to (rules 8).
    pub attribution: Attribution,
    /// Extra wait before a date is judged (rules 10).
    pub settle_delay: i64,
    /// What happens to an unpaired punch (rules 11.1).
    pub missing: Missing,
    /// Tolerated lateness and early departure (rules 12).
    pub grace: Grace,
    /// Rounding and snapping for paying (rules 11.3).
    pub rounding: Rounding,
    /// Presence before the plan (rules 11.3).
    pub pre_shift: Clipping,
    /// Presence after the plan (rules 11.3).
    pub post_shift: Clipping,
    /// Breaks by worked duration (rules 11.4).
    pub break_rules: Vec<BreakRule>,
    /// When a gap takes over a movable break (rules 11.2).
    pub movable_break: MovableBreak,
    /// What half a day is (rules 9.1).
    pub half_day: HalfDay,
    /// Ignore offsite entries; the date is judged by punches.
    pub offsite_requires_punches: bool,
    /// Thresholds that change a status (rules 13.3).
    pub status: StatusThresholds,
    /// Overlap of work and leave that raises `worked_on_leave`, inclusive (rules 13.2).
    pub leave_overlap_min: i64,
    /// Implausible clock times (rules 13.1).
    pub outlier: Outlier,
    /// A longer day raises `long_session`.
    pub max_session: i64,
    /// Limits of paid extension (rules 14.2).
    pub overtime: Overtime,
    /// Pay tiers; the highest percent wins, of equal ones the earlier rule (rules 14.3).
    pub pay_rules: Vec<PayRule>,
    /// Additional codes on top of the tier (rules 14.4).
    pub premiums: Vec<Premium>,
    /// Whose day kind and weekday the conditions look at (rules 14.1).
    pub premium_day_basis: PremiumDayBasis,
    /// First day of the workweek.
    pub week_start: Weekday,
    /// Pay for a holiday that dropped a timetable (rules 14.5).
    pub holiday_credit: HolidayCredit,
    /// Penalty units per tardy dates of a period (rules 14.6); null: none.
    pub tardy_penalty: Option<TardyPenalty>,
}

impl Default for Policy {
    fn default() -> Self {
        let window = ClockTime::from_minutes(22 * 60).zip(ClockTime::from_minutes(6 * 60)).map(|(from, to)| [from, to]);
        let rule = |code: &str, percent, when| PayRule { code: code.into(), percent, when };
        let on = |kinds: &[DayKind]| Condition { day_kinds: Some(kinds.to_vec()), ..Condition::default() };
        Self {
            punch: PunchPolicy::default(),
            attribution: Attribution::default(),
            settle_delay: 0,
            missing: Missing::default(),
            grace: Grace::default(),
            rounding: Rounding::default(),
            pre_shift: Clipping::Clip,
            post_shift: Clipping::Count,
            break_rules: Vec::new(),
            movable_break: MovableBreak::default(),
            half_day: HalfDay::default(),
            offsite_requires_punches: false,
            status: StatusThresholds::default(),
            leave_overlap_min: 30,
            outlier: Outlier::default(),
            max_session: 960,
            overtime: Overtime::default(),
            pay_rules: vec![
                rule("HOL", 200, on(&[DayKind::PublicHoliday])),
                rule("RD", 150, on(&[DayKind::RestDay, DayKind::OffDay])),
                rule("OT", 150, Condition { in_plan: Some(false), ..Condition::default() }),
            ],
            premiums: vec![Premium {
                code: "NIGHT".into(),
                percent: 10,
                of: PremiumBasis::Base,
                when: Condition { window, ..Condition::default() },
            }],
            premium_day_basis: PremiumDayBasis::WorkDate,
            week_start: Weekday::Mon,
            holiday_credit: HolidayCredit::TopUp,
            tardy_penalty: None,
        }
    }
}

/// How punches are read and paired (rules 5, 11.1).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PunchPolicy {
    /// A press with the same state within so many *seconds* after the last kept one is a repeat, inclusive.
    pub duplicate_window_seconds: i64,
    /// Trust declared directions.
    pub use_state: bool,
    /// How punches become sessions.
    pub pairing: Pairing,
    /// A shorter `first_last` date counts as one press; 0 is off.
    pub min_span: i64,
}

impl Default for PunchPolicy {
    fn default() -> Self {
        Self { duplicate_window_seconds: 60, use_state: false, pairing: Pairing::FirstLast, min_span: 30 }
    }
}

/// How punches become sessions (rules 11.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Pairing {
    /// First punch in, last punch out.
    FirstLast,
    /// In, out, in, out.
    Alternate,
    /// By declared directions; needs `use_state`.
    ByState,
}

/// Which work date a punch belongs to (rules 8).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Attribution {
    /// Until when a departure after midnight may belong to the previous date; `00:00` switches the fold off.
    pub fold_cutoff: ClockTime,
    /// An arrival may be so much earlier than the planned start.
    pub checkin_before: i64,
    /// Longest departure zone after a night shift.
    pub overnight_tail: i64,
    /// Shortest departure zone between adjoining shifts.
    pub handover_min: i64,
    /// Longest credible time from the first punch to a folded departure; null is unlimited.
    pub max_fold_span: Option<i64>,
}

impl Default for Attribution {
    fn default() -> Self {
        let fold_cutoff = ClockTime::from_minutes(6 * 60).unwrap_or(ClockTime::MIDNIGHT);
        Self { fold_cutoff, checkin_before: 120, overnight_tail: 360, handover_min: 60, max_fold_span: Some(1080) }
    }
}

/// What happens to an unpaired punch (rules 11.1).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Missing {
    /// A departure without arrival.
    #[serde(rename = "in")]
    pub arrival: MissingIn,
    /// An arrival without departure.
    #[serde(rename = "out")]
    pub departure: MissingOut,
}

/// A departure without arrival (rules 11.1).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MissingIn {
    /// Only an exception.
    #[default]
    Flag,
    /// The plan start stands in (fixed plans).
    AssumePlanStart,
}

/// An arrival without departure (rules 11.1).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MissingOut {
    /// Only an exception.
    #[default]
    Flag,
    /// The plan end stands in (fixed plans).
    AssumePlanEnd,
}

/// Tolerated lateness and early departure; forgives, does not pay (rules 12).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Grace {
    /// After a segment's start, inclusive.
    #[serde(rename = "in")]
    pub arrival: i64,
    /// Before a segment's end, inclusive.
    #[serde(rename = "out")]
    pub departure: i64,
    /// What counts once grace is exceeded.
    pub count_from: CountFrom,
}

/// What counts once grace is exceeded (rules 12).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CountFrom {
    /// All of it.
    #[default]
    Start,
    /// What lies beyond grace.
    GraceEnd,
}

/// Rounding and snapping of punches, for paying (rules 11.3).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Rounding {
    /// Arrivals.
    #[serde(rename = "in")]
    pub arrival: UnitRounding,
    /// Departures.
    #[serde(rename = "out")]
    pub departure: UnitRounding,
    /// Snapping to the plan's bounds comes first.
    pub snap: Snap,
    /// Which times lateness is judged on.
    pub judge_on: JudgeOn,
}

/// A grid on the local clock (rules 11.3).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct UnitRounding {
    /// Direction.
    pub mode: RoundingMode,
    /// Grid; divides 60.
    pub unit: i64,
}

impl Default for UnitRounding {
    fn default() -> Self {
        Self { mode: RoundingMode::None, unit: 1 }
    }
}

/// Direction of rounding (rules 11.3).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RoundingMode {
    /// Unchanged.
    #[default]
    None,
    /// To the nearest line, ties later.
    Nearest,
    /// Earlier.
    Down,
    /// Later.
    Up,
}

/// How near to a bound of the plan a punch counts as the bound; a side whose two values are 0 is off (rules 11.3).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Snap {
    /// Arrival before the plan's start.
    pub in_before: i64,
    /// Arrival after the plan's start.
    pub in_after: i64,
    /// Departure before the plan's end.
    pub out_before: i64,
    /// Departure after the plan's end.
    pub out_after: i64,
}

/// Which times lateness is judged on (rules 12).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum JudgeOn {
    /// As punched.
    #[default]
    Actual,
    /// As paid.
    Rounded,
}

/// Presence outside the plan (rules 11.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Clipping {
    /// Cut off.
    Clip,
    /// Counted.
    Count,
}

/// A break by worked duration (rules 11.4).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BreakRule {
    /// Applies to more than so many worked minutes.
    pub after: i64,
    /// Break owed.
    pub deduct: i64,
    /// Never cut below `after`.
    #[serde(default = "yes")]
    pub cap: bool,
}

/// When a gap takes over a movable break (rules 11.2).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MovableBreak {
    /// How far outside the window the gap may start, inclusive.
    pub margin: i64,
    /// Shortest gap.
    pub min_len: i64,
}

impl Default for MovableBreak {
    fn default() -> Self {
        Self { margin: 60, min_len: 15 }
    }
}

/// What half a day is (rules 9.1).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct HalfDay {
    /// How a fixed plan is split.
    pub mode: HalfDayMode,
    /// The unpaid windows on a half-day-leave date.
    pub lunch: Lunch,
    /// `points`: afternoon leave keeps the plan before this.
    pub am_end: Option<ClockTime>,
    /// `points`: morning leave keeps the plan from this.
    pub pm_start: Option<ClockTime>,
}

/// How a fixed plan is split (rules 9.1).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HalfDayMode {
    /// Half of the net minutes.
    #[default]
    NetHalf,
    /// At given clock times.
    Points,
}

/// The unpaid windows on a half-day-leave date (rules 9.1).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Lunch {
    /// Stay where they are.
    #[default]
    Scheduled,
    /// Do not exist.
    Waived,
}

/// Thresholds that change a status, never minutes (rules 13.3).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct StatusThresholds {
    /// Half day if less is worked; 0 is off.
    pub half_day_below: i64,
    /// Absent if less is worked; 0 is off.
    pub absent_below: i64,
    /// Half day if more is tardy; null is off.
    pub half_day_if_tardy_over: Option<i64>,
    /// Absent if more is tardy; null is off.
    pub absent_if_tardy_over: Option<i64>,
}

/// How far from the plan a clock time may be before it is implausible; strict (rules 13.1).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Outlier {
    /// Arrival before the start.
    pub early_in: i64,
    /// Arrival after the start.
    pub late_in: i64,
    /// Departure before the end.
    pub early_out: i64,
    /// Departure after the end.
    pub late_out: i64,
}

impl Default for Outlier {
    fn default() -> Self {
        Self { early_in: 120, late_in: 120, early_out: 120, late_out: 180 }
    }
}

/// Limits of paid extension (rules 14.2). `min`, `cap` and `unit` apply on dates with a plan, approval on every date.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Overtime {
    /// Less extension is dropped.
    pub min: i64,
    /// More extension is dropped; null is off.
    pub cap: Option<i64>,
    /// Only approved minutes are paid.
    pub requires_approval: bool,
    /// Paid in multiples of this.
    pub unit: i64,
    /// Missed minutes are made up before overtime starts.
    pub offset_deficit: bool,
}

impl Default for Overtime {
    fn default() -> Self {
        Self { min: 0, cap: None, requires_approval: false, unit: 1, offset_deficit: false }
    }
}

/// A pay tier (rules 14.3).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PayRule {
    /// Pay code.
    pub code: Code,
    /// Percent of the base rate.
    pub percent: i64,
    /// When it applies.
    pub when: Condition,
}

/// A code on top of the tier (rules 14.4).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Premium {
    /// Premium code.
    pub code: Code,
    /// Percent.
    pub percent: i64,
    /// What the percent is taken of.
    #[serde(default)]
    pub of: PremiumBasis,
    /// When it applies.
    pub when: Condition,
}

/// What a premium's percent is taken of (rules 14.4).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PremiumBasis {
    /// The base rate.
    #[default]
    Base,
    /// The minute's tier; reported under `CODE*TIER`.
    Tier,
}

/// Conditions on a worked minute; all that are given must hold (rules 14.3).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Condition {
    /// The day kind is one of these.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub day_kinds: Option<Vec<DayKind>>,
    /// The weekday is one of these.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub weekdays: Option<Vec<Weekday>>,
    /// The minute lies in the judged plan (or offsite credit), or does not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub in_plan: Option<bool>,
    /// The number of the minute among the worked ones of the date is at least this.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub daily_from: Option<i64>,
    /// That number is below this.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub daily_to: Option<i64>,
    /// So many consecutive worked dates of the workweek end here.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub consecutive_day: Option<i64>,
    /// The local time of day lies in `[from, to)`; wraps midnight if `to` is not after `from`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub window: Option<[ClockTime; 2]>,
    /// So many minutes were already accumulated in the workweek.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub week_from: Option<i64>,
    /// Which minutes accumulate for `week_from`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub week_basis: Option<WeekBasis>,
}

/// Which minutes accumulate over the workweek (rules 14.3).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WeekBasis {
    /// Those that no other rule raises above 100 percent; the default.
    #[default]
    Straight,
    /// All.
    All,
}

/// Whose day kind and weekday the conditions look at (rules 14.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PremiumDayBasis {
    /// Those of the work date.
    WorkDate,
    /// Those of the minute's civil date.
    CalendarDate,
}

/// Pay for a holiday that dropped a timetable (rules 14.5).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HolidayCredit {
    /// Filled up to the timetable's minutes.
    TopUp,
    /// The timetable's minutes, whatever was worked.
    Always,
    /// Nothing.
    Never,
}

/// Penalty units of a period (rules 14.6).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TardyPenalty {
    /// One unit per so many tardy dates.
    pub every: i64,
}

fn yes() -> bool {
    true
}
