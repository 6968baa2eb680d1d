//! Leave and offsite on flexible and `hours` timetables (rules 9.2, 9.3).

use super::layout::{Form, Layout, window_spans};
use super::leave::{Band, Item, Owed, untouched, waives_windows};
use crate::spans::{Span, Spans};
use crate::vocabulary::{Part, Policy};

pub(crate) fn apply_to_amount(policy: &Policy, layout: &Layout, leave: &[Item], offsite: &[Item]) -> Owed {
    let mut owed = untouched(layout);
    if waives_windows(policy, leave) {
        owed.windows.clear();
    }
    let windows = window_spans(&owed.windows);
    let hours_items = |items: &[Item]| -> Spans {
        items.iter().filter(|item| item.part == Part::Hours).map(|item| item.span).collect()
    };
    let hours_leave = hours_items(leave);
    let mut obstacles = windows.clone();
    obstacles.add_all(&hours_leave);
    obstacles.add_all(&hours_items(offsite));

    take_leave(&mut owed, leave, &windows);
    let has = |items: &[Item], part| items.iter().any(|item| item.part == part);
    let full = has(leave, Part::Full) || has(leave, Part::Am) && has(leave, Part::Pm);
    let mut band = match layout.form {
        Form::Flex { earliest, latest } => {
            let half = layout.scheduled / 2;
            let moved = has(leave, Part::Am) || has(offsite, Part::Am);
            let start = |at| if moved { obstacles.step_out(obstacles.walk_around(at, half)) } else { at };
            Some(Band {
                opening: earliest,
                earliest: start(earliest),
                latest: start(latest),
                am_leave: has(leave, Part::Am) && !full,
                pm_leave: if has(leave, Part::Pm) && !full { layout.scheduled - half } else { 0 },
                pm_offsite: 0,
                obstacles,
            })
        }
        Form::Hours | Form::Fixed => None,
    };
    let mut taken = windows;
    taken.add_all(&hours_leave);
    take_offsite(&mut owed, offsite, band.as_mut(), taken);
    owed.required = owed.scheduled - owed.leave - owed.offsite;

    owed.leave_spans.add_all(&hours_leave);
    if full {
        match layout.bounds {
            Some(bounds) => {
                owed.leave_spans.add(bounds);
                owed.half_or_full.add(bounds);
            }
            None => owed.whole_date = true,
        }
    }
    owed.band = band;
    owed
}

/// Counts leave; all items together take at most what is scheduled.
fn take_leave(owed: &mut Owed, leave: &[Item], windows: &Spans) {
    let half = owed.scheduled / 2;
    let mut taken = windows.clone();
    for item in leave {
        let wanted = match item.part {
            Part::Full => owed.scheduled,
            Part::Am => half,
            Part::Pm => owed.scheduled - half,
            Part::Hours => {
                let free = Spans::one(item.span).without(&taken).total();
                taken.add(item.span);
                free
            }
        };
        let minutes = wanted.min(owed.scheduled - owed.leave);
        owed.leave += minutes;
        if item.paid {
            owed.paid_leave += minutes;
        }
    }
}

/// Counts offsite work and gives it its place; `taken` are windows and hours leave. What follows the personal end gets its
/// place when that is known (step 9).
fn take_offsite(owed: &mut Owed, offsite: &[Item], mut band: Option<&mut Band>, mut taken: Spans) {
    let half = owed.scheduled / 2;
    for item in offsite {
        let left = owed.scheduled - owed.leave - owed.offsite;
        let wanted = match item.part {
            Part::Full => left,
            Part::Am => half.min(left),
            Part::Pm => (owed.scheduled - half).min(left),
            Part::Hours => {
                let place = Spans::one(item.span).without(&taken).first(left);
                taken.add(item.span);
                if band.is_some() {
                    owed.credit.add_all(&place);
                }
                place.total()
            }
        };
        owed.offsite += wanted;
        match (band.as_deref_mut(), item.part) {
            (None, _) => owed.floating_credit += wanted,
            (Some(band), Part::Full) => owed.credit.add_all(&walked(&band.obstacles, band.earliest, wanted)),
            (Some(band), Part::Am) => owed.credit.add_all(&walked(&band.obstacles, band.opening, wanted)),
            (Some(band), Part::Pm) => band.pm_offsite += wanted,
            (Some(_), Part::Hours) => {}
        }
    }
}

/// The next `minutes` minutes from `at`, outside the obstacles.
pub(crate) fn walked(obstacles: &Spans, at: i64, minutes: i64) -> Spans {
    Spans::one(Span::new(at, obstacles.walk_around(at, minutes))).without(obstacles)
}
