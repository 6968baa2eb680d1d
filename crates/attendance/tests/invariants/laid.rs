//! The plan of a date, minute by minute and before leave: sections 7.2 and 9 once more, written apart from the engine.

use std::collections::BTreeSet;

use attendance::{Break, ClockTime, DayRecord, Flex, HalfDayMode, Leave, Lunch, Part, Timetable};
use jiff::civil::Date;

use crate::company::{Company, days_after};

/// A plan with clock times. Instants are minutes since the epoch.
pub(crate) struct Laid {
    /// S and E of section 8.
    pub(crate) start: i64,
    pub(crate) end: i64,
    /// The net minutes of a fixed plan.
    net: Vec<i64>,
    /// The minutes of a fixed plan with its unpaid windows.
    gross: Vec<i64>,
    windows: BTreeSet<i64>,
    flex: Option<Band>,
}

/// The band of a flexible plan.
#[derive(Clone, Copy)]
struct Band {
    earliest: i64,
    latest: i64,
}

/// A clock time of a date as an instant in minutes.
fn instant(company: &Company, date: Date, clock: ClockTime) -> i64 {
    let minutes = clock.minutes();
    let local = days_after(date, minutes / 1440).at((minutes / 60 % 24) as i8, (minutes % 60) as i8, 0, 0);
    local.to_zoned(company.tz()).unwrap().timestamp().as_second().div_euclid(60)
}

/// Right after the n-th minute from `at` that lies outside of `closed`.
pub(crate) fn walk(closed: &BTreeSet<i64>, at: i64, minutes: i64) -> i64 {
    let (mut here, mut left) = (at, minutes);
    while left > 0 {
        left -= i64::from(!closed.contains(&here));
        here += 1;
    }
    here
}

impl Laid {
    /// The plan of a record's timetable; none if it has no clock times or nothing is left of it.
    pub(crate) fn of(company: &Company, record: &DayRecord) -> Option<Self> {
        let date = record.date;
        let covering = company.modifiers.iter().filter(|one| one.from <= date && date <= one.to);
        let (trim_start, trim_end) =
            covering.fold((0, 0), |(start, end), one| (start + one.trim_start, end + one.trim_end));
        let at = |clock| instant(company, date, clock);
        let minutes = |from: ClockTime, to: ClockTime| at(from)..at(to);
        let unpaid = |breaks: &[Break]| -> BTreeSet<i64> {
            let windows = breaks.iter().filter(|one| !one.paid);
            windows.flat_map(|one| at(one.from)..at(one.from) + one.to.minutes() - one.from.minutes()).collect()
        };
        match company.timetables.get(record.shift.as_ref()?)? {
            Timetable::Fixed(fixed) => {
                let windows = unpaid(&fixed.breaks);
                let gross: Vec<i64> = fixed.segments.iter().flat_map(|[from, to]| minutes(*from, *to)).collect();
                let mut net: Vec<i64> = gross.iter().copied().filter(|minute| !windows.contains(minute)).collect();
                let (mut start, mut end) = (*gross.first()?, gross.last()? + 1);
                if trim_end > 0 {
                    net.truncate(net.len().saturating_sub(trim_end as usize));
                    end = net.last()? + 1;
                }
                if trim_start > 0 {
                    net.drain(..net.len().min(trim_start as usize));
                    start = *net.first()?;
                }
                let gross = gross.into_iter().filter(|minute| (start..end).contains(minute)).collect();
                Some(Self { start, end, net, gross, windows, flex: None })
            }
            Timetable::Flex(Flex { earliest, latest, net_minutes, breaks }) => {
                let windows = unpaid(breaks);
                let net = (net_minutes - trim_start - trim_end).max(0);
                let band = Band { earliest: at(*earliest), latest: at(*latest) };
                let end = walk(&windows, band.latest, net);
                let flex = Some(band);
                let start = band.earliest;
                (net > 0).then_some(Self { start, end, net: Vec::new(), gross: Vec::new(), windows, flex })
            }
            Timetable::Hours(_) => None,
        }
    }

    pub(crate) fn is_flex(&self) -> bool {
        self.flex.is_some()
    }

    /// The bounds that decide whether a lone punch has no direction (section 11.1), of a flexible plan without leave.
    pub(crate) fn flexible_bounds(&self, required: i64) -> Option<(i64, i64)> {
        let band = self.flex?;
        let mut latest = band.latest;
        while self.windows.contains(&latest) {
            latest += 1;
        }
        Some((latest, walk(&self.windows, band.earliest, required)))
    }

    /// The minutes that leave hides (sections 9.1 and 9.2). `record` is the date's, finished.
    pub(crate) fn hidden(&self, company: &Company, record: &DayRecord, leaves: &[&Leave]) -> BTreeSet<i64> {
        let has = |part| leaves.iter().any(|leave| leave.part == part);
        let hours: BTreeSet<i64> = leaves
            .iter()
            .filter_map(|leave| leave.from.zip(leave.to))
            .flat_map(|(from, to)| instant(company, record.date, from)..instant(company, record.date, to))
            .collect();
        let mut hidden = hours.clone();
        if has(Part::Full) || has(Part::Am) && has(Part::Pm) {
            hidden.extend(self.start..self.end);
            return hidden;
        }
        let is_waived = company.policy.half_day.lunch == Lunch::Waived && (has(Part::Am) || has(Part::Pm));
        if self.is_flex() {
            let mut closed = if is_waived { BTreeSet::new() } else { self.windows.clone() };
            closed.extend(&hours);
            if let (Some(start), Some(end)) = (record.plan_start, record.plan_end) {
                let second = record.scheduled_minutes - record.scheduled_minutes / 2;
                hidden.extend((self.start..start / 60).filter(|_| has(Part::Am)));
                hidden.extend((end / 60..walk(&closed, end / 60, second)).filter(|_| has(Part::Pm)));
            }
            return hidden;
        }
        let base = if is_waived { &self.gross } else { &self.net };
        let half = self.net.len() / 2;
        let (first, second): (Vec<i64>, Vec<i64>) =
            match (company.policy.half_day.mode, company.policy.half_day.am_end, company.policy.half_day.pm_start) {
                (HalfDayMode::Points, Some(am_end), Some(pm_start)) => {
                    let (am_end, pm_start) =
                        (instant(company, record.date, am_end), instant(company, record.date, pm_start));
                    let kept =
                        |keep: &dyn Fn(i64) -> bool| base.iter().copied().filter(|minute| keep(*minute)).collect();
                    (kept(&|minute| minute < am_end), kept(&|minute| minute >= pm_start))
                }
                _ => (base[..half].to_vec(), base[base.len() - (self.net.len() - half)..].to_vec()),
            };
        if has(Part::Am) {
            hidden.extend(self.start..second.first().copied().unwrap_or(self.end));
        }
        if has(Part::Pm) {
            hidden.extend(first.last().map_or(self.start, |last| last + 1)..self.end);
        }
        hidden
    }
}

/// The leave of a date that is known at the moment of the derivation.
pub(crate) fn leave_of(company: &Company, date: Date) -> Vec<&Leave> {
    let known = |recorded_at: Option<i64>| recorded_at.is_none_or(|at| at <= company.moment.as_of);
    company.leaves.iter().filter(|leave| leave.date == date && known(leave.recorded_at)).collect()
}

/// Whether offsite work counts on a date.
pub(crate) fn has_offsite(company: &Company, date: Date) -> bool {
    !company.policy.offsite_requires_punches && company.offsite.iter().any(|one| one.date == date)
}
