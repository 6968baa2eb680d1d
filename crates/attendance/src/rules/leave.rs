//! Step 6: leave and offsite on the plan (rules 9). The result does not depend on punches.

use super::day::Day;
use super::layout::{Form, LaidWindow, Layout, window_spans};
use super::leave_fixed::apply_to_fixed;
use super::leave_flex::apply_to_amount;
use super::zone::LocalClock;
use crate::spans::{Span, Spans};
use crate::vocabulary::{ClockTime, Leave, Lunch, Offsite, Part, Policy};
use smallvec::SmallVec;

/// What remains to be attended on a date after leave and offsite. Instants and durations are minutes.
#[derive(Debug, Clone, Default)]
pub(crate) struct Owed {
    pub(crate) scheduled: i64,
    pub(crate) leave: i64,
    pub(crate) paid_leave: i64,
    pub(crate) offsite: i64,
    pub(crate) required: i64,
    /// The judged plan J; of a flexible date it is known once the arrival is (step 9).
    pub(crate) plan: Spans,
    /// Offsite credit with a position.
    pub(crate) credit: Spans,
    /// Offsite credit without a position (`hours` timetables).
    pub(crate) floating_credit: i64,
    /// Presence in here is never worked time.
    pub(crate) leave_spans: Spans,
    /// Of these, full, am and pm leave.
    pub(crate) half_or_full: Spans,
    /// All presence of the date lies in leave (full leave on an `hours` timetable).
    pub(crate) whole_date: bool,
    /// Unpaid windows that exist on the date.
    pub(crate) windows: SmallVec<[LaidWindow; 2]>,
    /// What a flexible date still needs to be finished.
    pub(crate) band: Option<Band>,
    /// No clock position at all (`hours` timetables).
    pub(crate) is_amount: bool,
}

/// The start band of a flexible date after am leave and offsite.
#[derive(Debug, Clone, Default)]
pub(crate) struct Band {
    /// Earliest start before it was moved.
    pub(crate) opening: i64,
    pub(crate) earliest: i64,
    pub(crate) latest: i64,
    /// Windows and hours items: walking steps around them.
    pub(crate) obstacles: Spans,
    pub(crate) am_leave: bool,
    /// Net minutes of pm leave after the personal end.
    pub(crate) pm_leave: i64,
    /// Net minutes of pm offsite after the personal end.
    pub(crate) pm_offsite: i64,
}

impl Owed {
    /// Whether something is to be attended at known clock times.
    pub(crate) fn has_judged_plan(&self) -> bool {
        self.required > 0 && !self.is_amount
    }

    /// Whether nothing is required because of leave or offsite.
    pub(crate) fn is_freed(&self) -> bool {
        self.required == 0 && self.leave + self.offsite > 0
    }

    /// E' of section 8: the end of the judged plan; of a flexible date the latest possible one.
    pub(crate) fn expected_end(&self) -> Option<i64> {
        if !self.has_judged_plan() {
            return None;
        }
        match &self.band {
            Some(band) => Some(band.obstacles.walk_around(band.latest, self.required)),
            None => self.plan.bounds().map(|plan| plan.end),
        }
    }
}

/// An entry of leave or offsite, in the order of application: full, am, pm, hours by start.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Item {
    pub(crate) part: Part,
    /// The place of an hours item.
    pub(crate) span: Span,
    pub(crate) paid: bool,
}

pub(crate) type Items = SmallVec<[Item; 2]>;

/// Whether a half-day leave switches the unpaid windows of its date off.
pub(crate) fn waives_windows(policy: &Policy, leave: &[Item]) -> bool {
    policy.half_day.lunch == Lunch::Waived && leave.iter().any(|item| matches!(item.part, Part::Am | Part::Pm))
}

/// Applies leave, then offsite.
pub(crate) fn apply<'a>(
    policy: &Policy,
    day: &Day,
    leave: impl Iterator<Item = &'a Leave>,
    offsite: impl Iterator<Item = &'a Offsite>,
    clock: &LocalClock,
) -> Owed {
    let Some(layout) = &day.layout else { return Owed::default() };
    if layout.scheduled == 0 {
        return untouched(layout);
    }
    let at = |time: ClockTime| clock.instant(day.number * 1440 + time.minutes());
    let item = |part, from: Option<ClockTime>, to: Option<ClockTime>, paid| {
        let span = from.zip(to).map_or(Span::new(0, 0), |(from, to)| Span::new(at(from), at(to)));
        Item { part, span, paid }
    };
    let ordered = |mut items: Items| {
        items.sort_by_key(|item| (item.part, item.span));
        items
    };
    let leave = ordered(leave.map(|one| item(one.part, one.from, one.to, one.paid)).collect());
    let offsite = if policy.offsite_requires_punches {
        Items::new()
    } else {
        ordered(offsite.map(|one| item(one.part, one.from, one.to, true)).collect())
    };
    if leave.is_empty() && offsite.is_empty() {
        return untouched(layout);
    }
    match layout.form {
        Form::Fixed => apply_to_fixed(policy, layout, &leave, &offsite, at),
        Form::Flex { .. } | Form::Hours => apply_to_amount(policy, layout, &leave, &offsite),
    }
}

/// The plan as it is.
pub(crate) fn untouched(layout: &Layout) -> Owed {
    let band = match layout.form {
        Form::Flex { earliest, latest } => {
            let obstacles = window_spans(&layout.windows);
            Some(Band { opening: earliest, earliest, latest, obstacles, ..Band::default() })
        }
        Form::Fixed | Form::Hours => None,
    };
    Owed {
        scheduled: layout.scheduled,
        required: layout.scheduled,
        plan: layout.net.clone(),
        windows: layout.windows.clone(),
        band,
        is_amount: layout.form == Form::Hours,
        ..Owed::default()
    }
}
