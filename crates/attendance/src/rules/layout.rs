//! Step 4: the plan of a date as instants (rules 7.2).

use jiff::civil::Date;
use smallvec::SmallVec;

use super::book::{Shape, Template};
use super::zone::LocalClock;
use crate::spans::{Span, Spans};
use crate::vocabulary::Modifier;

/// A timetable laid out on one date, before leave. Instants are minutes since the epoch.
#[derive(Debug, Clone)]
pub(crate) struct Layout {
    pub(crate) form: Form,
    /// First and last instant of the plan; none if only the amount counts or modifiers consumed everything.
    pub(crate) bounds: Option<Span>,
    /// Planned minutes without unpaid breaks.
    pub(crate) scheduled: i64,
    /// Net plan of a fixed timetable, unpaid windows taken out.
    pub(crate) net: Spans,
    /// Segments of a fixed timetable.
    pub(crate) segments: SmallVec<[Span; 2]>,
    /// Unpaid windows.
    pub(crate) windows: SmallVec<[LaidWindow; 2]>,
}

/// The three types of timetable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    Fixed,
    /// With the earliest and the latest start.
    Flex {
        earliest: i64,
        latest: i64,
    },
    Hours,
}

/// An unpaid window on a date.
#[derive(Debug, Clone, Copy)]
pub(crate) struct LaidWindow {
    pub(crate) span: Span,
    pub(crate) movable: bool,
}

/// Minutes that modifiers take from the two ends of a plan.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Trims {
    pub(crate) start: i64,
    pub(crate) end: i64,
}

impl Trims {
    /// The sum of the modifiers that cover a date.
    pub(crate) fn on(modifiers: &[Modifier], date: Date) -> Self {
        let mut sum = Self::default();
        for modifier in modifiers.iter().filter(|one| one.from <= date && date <= one.to) {
            sum.start += modifier.trim_start.max(0);
            sum.end += modifier.trim_end.max(0);
        }
        sum
    }
}

/// Lays a timetable out on the date whose local day starts at local minute `midnight`.
pub(crate) fn lay_out(template: &Template, midnight: i64, trims: Trims, clock: &LocalClock) -> Layout {
    let at = |minutes: i64| clock.instant(midnight + minutes);
    // A window is converted by its start only and keeps its length, also in an hour that is skipped or repeated.
    let windows = template.windows.iter().map(|window| {
        let start = at(window.from);
        LaidWindow { span: Span::new(start, start + window.length), movable: window.movable }
    });
    let windows: SmallVec<[LaidWindow; 2]> = windows.collect();
    match &template.shape {
        Shape::Fixed { segments } => {
            let segments = segments.iter().map(|(from, to)| Span::new(at(*from), at(*to)));
            fixed(segments.filter(|segment| !segment.is_empty()).collect(), windows, trims)
        }
        Shape::Flex { earliest, latest, net } => {
            let scheduled = (net - trims.start - trims.end).max(0);
            let (earliest, latest) = (at(*earliest), at(*latest));
            let end = window_spans(&windows).walk_around(latest, scheduled);
            let bounds = (scheduled > 0).then_some(Span::new(earliest, end));
            amount(Form::Flex { earliest, latest }, bounds, scheduled, windows)
        }
        Shape::Hours { net } => amount(Form::Hours, None, (net - trims.start - trims.end).max(0), windows),
    }
}

fn fixed(segments: SmallVec<[Span; 2]>, windows: SmallVec<[LaidWindow; 2]>, trims: Trims) -> Layout {
    let planned: Spans = segments.iter().copied().collect();
    let mut net = planned.without(&window_spans(&windows));
    let mut bounds = planned.bounds();
    if trims.end > 0 {
        net = net.first(net.total() - trims.end);
        bounds = net.bounds().zip(bounds).map(|(rest, plan)| Span::new(plan.start, rest.end));
    }
    if trims.start > 0 {
        net = net.last(net.total() - trims.start);
        bounds = net.bounds().zip(bounds).map(|(rest, plan)| Span::new(rest.start, plan.end));
    }
    Layout { form: Form::Fixed, bounds, scheduled: net.total(), net, segments, windows }
}

fn amount(form: Form, bounds: Option<Span>, scheduled: i64, windows: SmallVec<[LaidWindow; 2]>) -> Layout {
    Layout { form, bounds, scheduled, net: Spans::default(), segments: SmallVec::new(), windows }
}

/// Windows as a set of minutes.
pub(crate) fn window_spans(windows: &[LaidWindow]) -> Spans {
    windows.iter().map(|window| window.span).collect()
}

impl Layout {
    /// The gaps between consecutive segments.
    pub(crate) fn gaps(&self) -> impl Iterator<Item = Span> {
        self.segments.iter().zip(self.segments.iter().skip(1)).map(|(a, b)| Span::new(a.end, b.start))
    }
}
