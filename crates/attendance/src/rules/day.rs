//! One date of a person, as calendar, roster and timetable make it, before any punch is looked at.

use jiff::civil::Date;

use super::book::Rulebook;
use super::calendar::{Kind, Roster};
use super::calendar_day::date_of;
use super::known::Known;
use super::layout::{Form, Layout, Trims, lay_out};
use super::zone::Clocks;
use crate::spans::Span;
use crate::vocabulary::Modifier;

/// A date with its kind and its plan before leave.
#[derive(Debug, Clone)]
pub(crate) struct Day {
    pub(crate) date: Date,
    /// Days since 1970-01-01.
    pub(crate) number: i64,
    /// 00:00 local time as an instant in minutes.
    pub(crate) midnight: i64,
    pub(crate) kind: Kind,
    pub(crate) layout: Option<Layout>,
}

impl Day {
    /// Start and end of the plan before leave: S and E of section 8.
    pub(crate) fn bounds(&self) -> Option<Span> {
        self.layout.as_ref()?.bounds
    }

    /// Whether the plan has clock times of its own.
    pub(crate) fn is_fixed(&self) -> bool {
        self.layout.as_ref().is_some_and(|layout| layout.form == Form::Fixed)
    }
}

/// Everything that is needed to lay dates out.
#[derive(Debug)]
pub(crate) struct Days<'a> {
    pub(crate) book: &'a Rulebook,
    pub(crate) roster: Roster<'a>,
    pub(crate) modifiers: &'a [Modifier],
    pub(crate) clocks: Clocks,
}

impl Days<'_> {
    /// Steps 3 and 4 for one date.
    pub(crate) fn day(&self, number: i64, known: &Known<'_>) -> Day {
        let date = date_of(number);
        let kind = self.roster.kind(number, date, known);
        let midnight = self.clocks.midnight(number);
        Day { date, number, midnight, kind, layout: kind.template.and_then(|at| self.layout(at, number, date)) }
    }

    /// Minutes of the timetable that a holiday dropped, as it would have been laid out.
    pub(crate) fn dropped_minutes(&self, day: &Day) -> Option<i64> {
        Some(self.layout(day.kind.dropped?, day.number, day.date)?.scheduled)
    }

    fn layout(&self, template: usize, number: i64, date: Date) -> Option<Layout> {
        let trims = Trims::on(self.modifiers, date);
        Some(lay_out(self.book.templates.get(template)?, number * 1440, trims, self.clocks.on(number)))
    }
}
