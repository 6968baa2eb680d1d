//! What one person adds to a rulebook.

use jiff::ToSpan as _;
use jiff::civil::Date;

use super::book::{Rulebook, Shape};
use super::calendar::check_roster;
use super::calendar_day::day_number;
use crate::Zones;
use crate::vocabulary::{
    Adjustment, Assignment, Change, ClockTime, Employment, Leave, Modifier, Offsite, Override, Part, Punch,
};

/// Most minutes that a correction can concern.
const MINUTES_PER_DAY: i64 = 24 * 60;

/// What the rules need to know of one person. Borrowed: the same person can be derived for many ranges and moments.
///
/// A person without employment dates counts as employed always; who wants silence before the first punch narrows the
/// range. `punches` must hold all punches of the range and so many before it that the scan finds a quiet date boundary
/// (rules 8); a week more on either side is ample for people who sleep.
#[derive(Debug, Clone, Copy)]
pub struct Person<'a> {
    /// Zones of the person's site, by work date (rules 4).
    pub zones: &'a Zones,
    /// First and last date of employment.
    pub employment: Employment,
    /// Dates between two employments: of somebody who left and was hired again.
    pub gaps: &'a [DateRange],
    /// Patterns of timetables.
    pub assignments: &'a [Assignment],
    /// Other values for single dates.
    pub overrides: &'a [Override],
    /// Shortened plans.
    pub modifiers: &'a [Modifier],
    /// Leave.
    pub leaves: &'a [Leave],
    /// Offsite work.
    pub offsite: &'a [Offsite],
    /// Corrections.
    pub adjustments: &'a [Adjustment],
    /// Punches, in any order.
    pub punches: &'a [Punch],
}

/// Work dates to report, both inclusive (rules 6). An inverted range is empty.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DateRange {
    /// First date.
    pub from: Date,
    /// Last date.
    pub to: Date,
}

/// When the derivation is made, in seconds since the epoch (rules 6).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moment {
    /// Now, or an instant of the past: only what was known then is used (rules 6, step 1).
    pub as_of: i64,
    /// The person's terminals have delivered everything up to here; `None`: nobody waits for it (rules 10).
    pub watermark: Option<i64>,
}

/// An entry of a person that the rules cannot use as it is (rules 7.1, 9.3).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{field}: {problem}")]
pub struct PersonError {
    /// The entry, as in `leaves[2]`.
    pub field: String,
    /// What is wrong and what would be accepted.
    pub problem: String,
}

impl<'a> Person<'a> {
    /// Whether the person is employed on a date.
    pub fn is_employed(&self, date: Date) -> bool {
        let Employment { from, to } = self.employment;
        let is_in_gap = |gap: &DateRange| gap.from <= date && date <= gap.to;
        from.is_none_or(|from| from <= date) && to.is_none_or(|to| date <= to) && !self.gaps.iter().any(is_in_gap)
    }

    /// Somebody of whom nothing is known but patterns and punches; employed always.
    pub const fn new(zones: &'a Zones, assignments: &'a [Assignment], punches: &'a [Punch]) -> Self {
        Self {
            zones,
            employment: Employment { from: None, to: None },
            gaps: &[],
            assignments,
            overrides: &[],
            modifiers: &[],
            leaves: &[],
            offsite: &[],
            adjustments: &[],
            punches,
        }
    }

    /// Checks entries as they should be when they are saved (rules 9.3, 18.1): known timetables, hours with times, at most
    /// one full, am and pm item per date, one kind of pay for the leave of a flexible date. The derivation itself never
    /// stops: an unknown timetable counts as unassigned there.
    pub fn check(&self, book: &Rulebook) -> Result<(), PersonError> {
        check_roster(book, self)?;
        let leaves = self.leaves.iter().enumerate();
        for (index, leave) in leaves {
            let field = format!("leaves[{index}]");
            check_item(&field, leave.part, leave.from, leave.to)?;
            for earlier in self.leaves.iter().take(index).filter(|one| one.date == leave.date) {
                check_once(&field, leave.part, earlier.part)?;
                if leave.paid != earlier.paid && self.may_be_flexible(book) {
                    let problem = format!("all leave of {} must be paid, or none of it", leave.date);
                    return Err(PersonError { field, problem });
                }
            }
        }
        for (index, offsite) in self.offsite.iter().enumerate() {
            let field = format!("offsite[{index}]");
            check_item(&field, offsite.part, offsite.from, offsite.to)?;
            for earlier in self.offsite.iter().take(index).filter(|one| one.date == offsite.date) {
                check_once(&field, offsite.part, earlier.part)?;
            }
        }
        for (index, adjustment) in self.adjustments.iter().enumerate() {
            if let Err(problem) = self.check_change(book, &adjustment.change) {
                return Err(PersonError { field: format!("adjustments[{index}]"), problem });
            }
        }
        Ok(())
    }

    /// Corrections as they can mean something (rules 17.1): minutes of one day, a pay code of the policy, a work date beside the
    /// punch.
    fn check_change(&self, book: &Rulebook, change: &Change) -> Result<(), String> {
        match change {
            Change::Credit { minutes, .. } | Change::ApproveOvertime { minutes, .. }
                if !(1..=MINUTES_PER_DAY).contains(minutes) =>
            {
                Err(format!("{minutes} minutes: a date takes 1 to {MINUTES_PER_DAY}"))
            }
            Change::Credit { date, code, .. } if !book.pay(day_number(*date)).tiers.contains(code) => {
                let known: Vec<String> = book.pay(day_number(*date)).tiers.iter().map(ToString::to_string).collect();
                Err(format!("pay code {code} is not in the policy; it has {}", known.join(", ")))
            }
            Change::AddPunch { at, work_date: Some(date), .. } => {
                let made =
                    jiff::Timestamp::from_second(*at).map_err(|_| "the time of the punch is no instant".to_owned())?;
                let made = self.zones.date(made);
                let is_near = made.saturating_sub(1.day()) <= *date && *date <= made.saturating_add(1.day());
                if is_near {
                    Ok(())
                } else {
                    Err(format!("a punch of {made} can't belong to {date}: one date away at most"))
                }
            }
            _ => Ok(()),
        }
    }

    /// Whether some pattern or override of the person names a timetable without fixed clock times.
    fn may_be_flexible(&self, book: &Rulebook) -> bool {
        use crate::vocabulary::Shift;
        let is_flexible = |shift: &Shift| match shift {
            Shift::Timetable(code) => book
                .template_at(code)
                .and_then(|at| book.templates.get(at))
                .is_some_and(|template| !matches!(template.shape, Shape::Fixed { .. })),
            _ => false,
        };
        let patterns = self.assignments.iter().any(|assignment| match assignment {
            Assignment::Weekly { days, .. } => {
                let all = [&days.mon, &days.tue, &days.wed, &days.thu, &days.fri, &days.sat, &days.sun];
                all.into_iter().flatten().any(is_flexible)
            }
            Assignment::Cycle { cycle, .. } => cycle.iter().any(is_flexible),
        });
        patterns || self.overrides.iter().any(|one| is_flexible(&one.shift))
    }
}

fn check_item(field: &str, part: Part, from: Option<ClockTime>, to: Option<ClockTime>) -> Result<(), PersonError> {
    let problem = match (part, from, to) {
        (Part::Hours, Some(from), Some(to)) if from < to => return Ok(()),
        (Part::Hours, Some(from), Some(to)) => format!("{from} to {to}: the end must come after the start"),
        (Part::Hours, ..) => "part `hours` needs from and to".to_owned(),
        (_, None, None) => return Ok(()),
        _ => "from and to belong to part `hours` only".to_owned(),
    };
    Err(PersonError { field: field.to_owned(), problem })
}

fn check_once(field: &str, part: Part, earlier: Part) -> Result<(), PersonError> {
    if part != earlier || part == Part::Hours {
        return Ok(());
    }
    let problem = "the date already has an item of this part".to_owned();
    Err(PersonError { field: field.to_owned(), problem })
}
