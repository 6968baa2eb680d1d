//! The table of all knobs (rules 18.1) and of all checks (rules 16): path, what is accepted, meaning.
//!
//! This is the one place that says what a setting may be. [`Policy::validate`](super::Policy::validate) and
//! [`Checks::validate`](crate::compliance::Checks::validate) hold values against it, a policy file is read by it, and the
//! JSON schema of policy files is made from it. Defaults stand in [`Policy::default`](super::Policy::default) alone.

/// A setting of a policy file (rules 18.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Knob {
    /// Where it stands: `rounding.in.unit`, or `pay_rules[].code` for one of each item of a list. Of a condition only the
    /// last part: `daily_from`.
    pub path: &'static str,
    /// What it accepts.
    pub allowed: Allowed,
    /// Whether it may be null, which switches it off.
    pub nullable: bool,
    /// Whether an item cannot do without it.
    pub needed: bool,
    /// What it means, in one line.
    pub meaning: &'static str,
}

/// What a knob accepts (rules 18.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Allowed {
    /// True or false.
    Flag,
    /// A whole number, in the unit that the meaning names; minutes if it names none.
    Whole {
        /// The least.
        least: i64,
        /// The most.
        most: i64,
    },
    /// A number of minutes that divides an hour.
    DivisorOfHour,
    /// One of some words.
    OneOf(&'static [&'static str]),
    /// A list of some words.
    SomeOf(&'static [&'static str]),
    /// A clock time of the work date, `00:00` to `23:59`.
    Clock,
    /// A clock time of the work date, or of the following date with `+1`.
    PlanClock,
    /// Two clock times, `[from, to]`.
    Window,
    /// The name of a pay code.
    Code,
    /// A list of tables; their knobs have paths that go on with `[]`.
    Items,
    /// A table; its knobs have paths that go on with a dot.
    Table,
    /// A table of conditions, see [`CONDITIONS`].
    Conditions,
}

/// Longest duration any knob may name: ten weeks. Keeps all sums far from overflow.
const LONGEST: i64 = 70 * 1440;
const DAY: i64 = 1440;
const WEEK: i64 = 7 * DAY;

const WEEKDAYS: &[&str] = &["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
const DAY_KINDS: &[&str] = &["workday", "rest_day", "off_day", "public_holiday", "unassigned"];
const ROUNDING_MODES: &[&str] = &["none", "nearest", "down", "up"];
const CLIPPING: &[&str] = &["clip", "count"];

const fn knob(path: &'static str, allowed: Allowed, meaning: &'static str) -> Knob {
    Knob { path, allowed, nullable: false, needed: false, meaning }
}

const fn whole(path: &'static str, least: i64, most: i64, meaning: &'static str) -> Knob {
    knob(path, Allowed::Whole { least, most }, meaning)
}

/// A duration up to [`LONGEST`].
const fn minutes(path: &'static str, meaning: &'static str) -> Knob {
    whole(path, 0, LONGEST, meaning)
}

impl Knob {
    const fn or_null(self) -> Self {
        Self { nullable: true, ..self }
    }

    const fn needed(self) -> Self {
        Self { needed: true, ..self }
    }
}

/// Every knob of a policy (rules 18.1), in the order of the reference.
pub const KNOBS: &[Knob] = &[
    knob("punch.use_state", Allowed::Flag, "trust the directions that terminals declare"),
    knob("punch.pairing", Allowed::OneOf(&["first_last", "alternate", "by_state"]), "how punches become sessions"),
    whole("punch.duplicate_window_seconds", 0, LONGEST, "seconds within which the same press is a repeat, inclusive"),
    minutes("punch.min_span", "a shorter first_last date counts as one press; 0 is off"),
    knob(
        "attribution.fold_cutoff",
        Allowed::Clock,
        "until when a departure after midnight may belong to the day before",
    ),
    // A zone of attribution must stay within a day of its date (rules 22, invariant 7).
    whole("attribution.checkin_before", 0, DAY, "how long before a planned start an arrival belongs to it"),
    minutes("attribution.overnight_tail", "how long after a night shift a departure belongs to it"),
    minutes("attribution.handover_min", "the least of that between adjoining shifts"),
    minutes(
        "attribution.max_fold_span",
        "longest credible time from first punch to a folded departure; null is unlimited",
    )
    .or_null(),
    minutes("settle_delay", "extra wait before a date is judged"),
    knob("missing.in", Allowed::OneOf(&["flag", "assume_plan_start"]), "what a departure without arrival becomes"),
    knob("missing.out", Allowed::OneOf(&["flag", "assume_plan_end"]), "what an arrival without departure becomes"),
    minutes("grace.in", "tolerated lateness, inclusive"),
    minutes("grace.out", "tolerated early departure, inclusive"),
    knob("grace.count_from", Allowed::OneOf(&["start", "grace_end"]), "what counts once grace is exceeded"),
    knob("rounding.in.mode", Allowed::OneOf(ROUNDING_MODES), "how arrivals are rounded, for paying"),
    knob("rounding.in.unit", Allowed::DivisorOfHour, "grid of arrivals"),
    knob("rounding.out.mode", Allowed::OneOf(ROUNDING_MODES), "how departures are rounded, for paying"),
    knob("rounding.out.unit", Allowed::DivisorOfHour, "grid of departures"),
    minutes("rounding.snap.in_before", "an arrival so little before the plan's start counts as the start"),
    minutes("rounding.snap.in_after", "an arrival so little after the plan's start counts as the start"),
    minutes("rounding.snap.out_before", "a departure so little before the plan's end counts as the end"),
    minutes("rounding.snap.out_after", "a departure so little after the plan's end counts as the end"),
    knob("rounding.judge_on", Allowed::OneOf(&["actual", "rounded"]), "which times lateness is judged on"),
    knob("pre_shift", Allowed::OneOf(CLIPPING), "presence before the plan"),
    knob("post_shift", Allowed::OneOf(CLIPPING), "presence after the plan"),
    knob("break_rules", Allowed::Items, "breaks by worked duration"),
    minutes("break_rules[].after", "applies to more than so many worked minutes").needed(),
    minutes("break_rules[].deduct", "the break that is owed then").needed(),
    knob("break_rules[].cap", Allowed::Flag, "never cut below `after`; true if it is not said"),
    minutes("movable_break.margin", "how far outside its window a movable break may start, inclusive"),
    minutes("movable_break.min_len", "the shortest gap that can be a movable break"),
    knob("half_day.mode", Allowed::OneOf(&["net_half", "points"]), "how a fixed plan is split in halves"),
    knob("half_day.am_end", Allowed::PlanClock, "with points: afternoon leave keeps the plan before this").or_null(),
    knob("half_day.pm_start", Allowed::PlanClock, "with points: morning leave keeps the plan from this").or_null(),
    knob(
        "half_day.lunch",
        Allowed::OneOf(&["scheduled", "waived"]),
        "the unpaid windows on a date with half-day leave",
    ),
    knob("offsite_requires_punches", Allowed::Flag, "ignore offsite entries; the date is judged by punches"),
    minutes("leave_overlap_min", "work within leave that raises worked_on_leave, inclusive"),
    minutes("status.half_day_below", "half_day if less is worked; 0 is off"),
    minutes("status.absent_below", "absent if less is worked; 0 is off"),
    minutes("status.half_day_if_tardy_over", "half_day if more is tardy; null is off").or_null(),
    minutes("status.absent_if_tardy_over", "absent if more is tardy; null is off").or_null(),
    minutes("outlier.early_in", "an arrival so long before the plan's start is plausible"),
    minutes("outlier.late_in", "an arrival so long after the plan's start is plausible"),
    minutes("outlier.early_out", "a departure so long before the plan's end is plausible"),
    minutes("outlier.late_out", "a departure so long after the plan's end is plausible"),
    minutes("max_session", "a longer day raises long_session"),
    minutes("overtime.min", "less extension than this is not paid"),
    minutes("overtime.cap", "more extension than this is not paid; null is off").or_null(),
    knob("overtime.requires_approval", Allowed::Flag, "only approved extension is paid"),
    whole("overtime.unit", 1, DAY, "extension is paid in multiples of this"),
    knob("overtime.offset_deficit", Allowed::Flag, "missed minutes are made up before overtime starts"),
    knob("pay_rules", Allowed::Items, "pay tiers; the highest percent wins, of equal ones the earlier rule"),
    knob("pay_rules[].code", Allowed::Code, "pay code of the tier").needed(),
    whole("pay_rules[].percent", 0, 1000, "percent of the base rate").needed(),
    knob("pay_rules[].when", Allowed::Conditions, "when the tier applies; all conditions must hold").needed(),
    knob("premiums", Allowed::Items, "codes on top of the tier"),
    knob("premiums[].code", Allowed::Code, "code of the premium").needed(),
    whole("premiums[].percent", 0, 1000, "percent on top").needed(),
    knob("premiums[].of", Allowed::OneOf(&["base", "tier"]), "what the percent is taken of; base if it is not said"),
    knob("premiums[].when", Allowed::Conditions, "when the premium applies; all conditions must hold").needed(),
    knob("premium_day_basis", Allowed::OneOf(&["work_date", "calendar_date"]), "whose day kind conditions look at"),
    knob("week_start", Allowed::OneOf(WEEKDAYS), "first day of the workweek"),
    knob(
        "holiday_credit",
        Allowed::OneOf(&["top_up", "always", "never"]),
        "pay for a holiday that dropped a timetable",
    ),
    knob("tardy_penalty", Allowed::Table, "penalty units for tardy dates; null is off").or_null(),
    whole("tardy_penalty.every", 1, LONGEST, "one unit per so many tardy *dates* of a period").needed(),
];

/// The conditions of pay rules and premiums (rules 14.3).
pub const CONDITIONS: &[Knob] = &[
    knob("day_kinds", Allowed::SomeOf(DAY_KINDS), "the day kind is listed").or_null(),
    knob("weekdays", Allowed::SomeOf(WEEKDAYS), "the weekday is listed").or_null(),
    knob("in_plan", Allowed::Flag, "the minute lies in the plan, or does not").or_null(),
    minutes("daily_from", "so many minutes of the date were worked before").or_null(),
    minutes("daily_to", "fewer minutes of the date were worked before").or_null(),
    whole("consecutive_day", 1, 7, "so many consecutive worked dates of the workweek end here").or_null(),
    knob("window", Allowed::Window, "the local time of day; wraps midnight if the end is not after the start")
        .or_null(),
    minutes("week_from", "so many minutes of the workweek were accumulated before").or_null(),
    knob("week_basis", Allowed::OneOf(&["straight", "all"]), "which minutes accumulate; straight if it is not said")
        .or_null(),
];

/// Every compliance check (rules 16).
pub const CHECKS: &[Knob] = &[
    knob("checks.daily_rest", Allowed::Table, "rest between worked dates").or_null(),
    whole("checks.daily_rest.min", 1, WEEK, "the least rest").needed(),
    knob("checks.weekly_rest", Allowed::Table, "longest free stretch of a workweek").or_null(),
    whole("checks.weekly_rest.min", 1, WEEK, "the least rest").needed(),
    knob("checks.max_week", Allowed::Table, "worked minutes of a workweek").or_null(),
    whole("checks.max_week.max", 1, WEEK, "the most").needed(),
    knob("checks.max_day", Allowed::Table, "worked minutes of a date").or_null(),
    whole("checks.max_day.max", 1, 2 * DAY, "the most").needed(),
    knob("checks.consecutive_days", Allowed::Table, "worked dates in a row").or_null(),
    whole("checks.consecutive_days.max", 1, 366, "the most *dates*").needed(),
    knob("checks.break", Allowed::Items, "breaks owed by those who work long; one check or a list"),
    whole("checks.break[].after", 0, 2 * DAY, "applies to more than so many worked minutes").needed(),
    whole("checks.break[].min", 1, DAY, "the least sum of breaks").needed(),
    whole("checks.break[].min_part", 1, DAY, "a shorter gap is no break; 1 if it is not said"),
    knob("checks.avg_week", Allowed::Table, "worked minutes of the average week").or_null(),
    whole("checks.avg_week.max", 1, WEEK, "the most").needed(),
    whole("checks.avg_week.weeks", 1, 104, "over so many *weeks*").needed(),
];

impl std::fmt::Display for Allowed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Flag => f.write_str("true or false"),
            Self::Whole { least, most } => write!(f, "{least} to {most}"),
            Self::DivisorOfHour => f.write_str("a divisor of 60, as 1, 5, 6, 10 or 15"),
            Self::OneOf(words) => f.write_str(&words.join(", ")),
            Self::SomeOf(words) => write!(f, "a list of {}", words.join(", ")),
            Self::Clock => f.write_str("a clock time of the same date, 00:00 to 23:59"),
            Self::PlanClock => f.write_str("a clock time, HH:MM, or HH:MM+1 for the following date"),
            Self::Window => f.write_str("two clock times 00:00 to 23:59, without +1"),
            Self::Code => f.write_str("the name of a pay code"),
            Self::Items => f.write_str("a list of tables"),
            Self::Table | Self::Conditions => f.write_str("a table"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_knob_is_listed_twice() {
        for table in [KNOBS, CONDITIONS, CHECKS] {
            let mut paths: Vec<_> = table.iter().map(|knob| knob.path).collect();
            paths.sort_unstable();
            assert!(paths.windows(2).all(|pair| pair[0] != pair[1]));
        }
    }
}
