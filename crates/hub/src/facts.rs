//! The facts that the rules need for one employee and some dates: a snapshot, ready for the pure function.

use std::collections::BTreeSet;

use attendance::{
    Adjustment, Assignment, DateRange, Employment, Leave, Modifier, Moment, Offsite, Override, Person, Punch,
    PunchState, Rulebook, Zones,
};
use jiff::civil::Date;
use jiff::{Timestamp, ToSpan as _};
use store::Read;
use store::facts::{Fact, Subject};
use store::people::Employee;

use crate::Error;
use crate::company::Company;
use crate::employment::Employments;
use crate::roster::layered;
use crate::stated::Stated;
use crate::zones::ZoneBook;

/// Days around the asked dates whose punches may matter: the rest of the workweeks and the neighbour dates.
const AROUND_DAYS: i64 = 10;
/// Where every night is contested the search for a boundary ends here: nobody works two years of them.
const FARTHEST_DAYS: i64 = 800;

/// What is known of one employee.
pub(crate) struct Facts {
    pub(crate) zones: Zones,
    pub(crate) employment: Employment,
    /// Dates between two employments.
    pub(crate) gaps: Vec<DateRange>,
    pub(crate) punches: Vec<Punch>,
    pub(crate) stated: Statements,
    /// Up to when the terminals of these punches have delivered; `None` when that is not known of any.
    watermark: Option<Timestamp>,
}

/// What people stated about one employee, and about everybody.
#[derive(Debug, Default)]
pub(crate) struct Statements {
    assignments: Vec<Assignment>,
    overrides: Vec<Override>,
    modifiers: Vec<Modifier>,
    leaves: Vec<Leave>,
    offsite: Vec<Offsite>,
    adjustments: Vec<Adjustment>,
}

impl Statements {
    /// Those that touch a range of work dates and were in force at an instant, but for the one numbered `without`.
    pub(crate) fn gather(
        read: &Read<'_>,
        company: &Company,
        employee: Option<&Employee>,
        range: DateRange,
        as_of: Timestamp,
        without: Option<i64>,
    ) -> Result<Self, Error> {
        let group = employee.and_then(|employee| employee.group_name.clone()).map(Subject::Group);
        // What was stated of those who count as the employee is the employee's.
        let mut own = Vec::new();
        if let Some(employee) = employee {
            own.push(Subject::Employee(employee.id));
            own.extend(read.merged_into(employee.id)?.iter().map(|other| Subject::Employee(other.id)));
        }
        let nearest_first = [own, group.into_iter().collect(), vec![Subject::Company]];
        let mut all = Self::default();
        let mut levels = Vec::new();
        for subjects in nearest_first {
            let mut of_subject = Self::default();
            for fact in of_all(read, &subjects, range, as_of)?.iter().filter(|fact| Some(fact.number) != without) {
                of_subject.add(Stated::of(fact)?);
            }
            levels.push(std::mem::take(&mut of_subject.assignments));
            // Of several overrides for a date the last one counts: the nearest subject's.
            all.overrides.splice(0..0, of_subject.overrides);
            all.modifiers.extend(of_subject.modifiers);
            all.leaves.extend(of_subject.leaves);
            all.offsite.extend(of_subject.offsite);
            all.adjustments.extend(of_subject.adjustments);
        }
        levels.push(company.assignments.clone());
        all.assignments = layered(&levels);
        Ok(all)
    }

    /// Adds one; what concerns the calendar or the bank is left to them.
    pub(crate) fn add(&mut self, stated: Stated) {
        match stated {
            Stated::Assignment(one) => self.assignments.push(one),
            Stated::Override(one) => self.overrides.push(one),
            Stated::Modifier(one) => self.modifiers.push(one),
            Stated::Leave(one) => self.leaves.push(one),
            Stated::Offsite(one) => self.offsite.push(one),
            Stated::Adjustment(one) => self.adjustments.push(one),
            Stated::Holiday(_)
            | Stated::Workday(_)
            | Stated::Unavailable(_)
            | Stated::TimeOff(_)
            | Stated::ClockShift(_)
            | Stated::Merge(_) => {}
        }
    }

    /// The person of the rules with these statements.
    pub(crate) fn person<'a>(
        &'a self,
        zones: &'a Zones,
        (employment, gaps): (Employment, &'a [DateRange]),
        punches: &'a [Punch],
    ) -> Person<'a> {
        Person {
            zones,
            employment,
            gaps,
            assignments: &self.assignments,
            overrides: &self.overrides,
            modifiers: &self.modifiers,
            leaves: &self.leaves,
            offsite: &self.offsite,
            adjustments: &self.adjustments,
            punches,
        }
    }
}

impl Facts {
    /// Gathers them; `None` when nothing about this employee can be judged: no employment dates and no punch.
    pub(crate) fn gather(
        read: &Read<'_>,
        (company, zone_book): (&Company, &ZoneBook),
        book: &Rulebook,
        employee: &Employee,
        range: DateRange,
        as_of: Timestamp,
    ) -> Result<Option<Self>, Error> {
        let Some(employment) = employment(company, employee) else { return Ok(None) };
        let zones = zone_book.employee(read, employee)?;
        let gaps = Employments::of(read, employee.id)?.gaps();
        let mut before = AROUND_DAYS;
        loop {
            let around = DateRange {
                from: range.from.saturating_sub(before.days()),
                to: range.to.saturating_add(AROUND_DAYS.days()),
            };
            let stated = Statements::gather(read, company, Some(employee), around, as_of, None)?;
            let (punches, origins) = punches(read, employee, &zones, around)?;
            let mut facts =
                Self { zones: zones.clone(), employment, gaps: gaps.clone(), punches, stated, watermark: None };
            if before >= FARTHEST_DAYS || facts.has_quiet_boundary(company, book, range.from, before) {
                facts.watermark = crate::completeness::watermark(read, (company, zone_book), &origins, as_of)?;
                return Ok(Some(facts));
            }
            before *= 3;
        }
    }

    /// Whether a date boundary that no punch contests lies before the workweek of `first`: nothing earlier can then
    /// influence it (rules 8, "incremental runs").
    fn has_quiet_boundary(&self, company: &Company, book: &Rulebook, first: Date, before: i64) -> bool {
        let week = company.week_of(first);
        let oldest = first.saturating_sub((before - 1).days());
        let boundaries = (0..before).map(|back| week.saturating_sub(back.days())).take_while(|date| *date > oldest);
        boundaries
            .map(|date| attendance::contested(book, &self.person(), date))
            .any(|(from, to)| !self.punches.iter().any(|punch| from <= punch.at && punch.at < to))
    }

    /// The instant at which the rules judge.
    pub(crate) fn moment(&self, as_of: Timestamp) -> Moment {
        Moment { as_of: as_of.as_second(), watermark: self.watermark.map(Timestamp::as_second) }
    }

    pub(crate) fn person(&self) -> Person<'_> {
        self.stated.person(&self.zones, (self.employment, &self.gaps), &self.punches)
    }
}

/// The facts of some subjects, in the order in which they were stated.
pub(crate) fn of_all(
    read: &Read<'_>,
    subjects: &[Subject],
    range: DateRange,
    as_of: Timestamp,
) -> Result<Vec<Fact>, store::Error> {
    let mut facts = Vec::new();
    for subject in subjects {
        facts.extend(read.facts_of(subject, range.from, range.to, as_of.as_microsecond())?);
    }
    facts.sort_by_key(|fact| fact.number);
    Ok(facts)
}

/// The resolved punches of an employee on some civil dates, in time order, and where they were made.
fn punches(
    read: &Read<'_>,
    employee: &Employee,
    zones: &Zones,
    dates: DateRange,
) -> Result<(Vec<Punch>, BTreeSet<String>), Error> {
    let (punches, origins) = read.punches_of(employee.id, midnight(dates.from, zones)?, midnight(dates.to, zones)?)?;
    let punches = punches.into_iter().map(|punch| Punch {
        id: punch.fingerprint,
        at: punch.at_us.div_euclid(1_000_000),
        state: punch.state.map_or(PunchState::Unknown, PunchState::from_code),
        recorded_at: Some(punch.received_us.div_euclid(1_000_000)),
    });
    Ok((punches.collect(), origins))
}

/// The beginning of a date, microseconds UTC.
fn midnight(date: Date, zones: &Zones) -> Result<i64, Error> {
    let beyond = || Error::invalid(format!("{date} is beyond the calendar"), "ask for other dates");
    Ok(zones.midnight(date).ok_or_else(beyond)?.as_microsecond())
}

/// The dates that are judged: those of the employment; without them, from the week of the first punch to the week of the
/// last. None of an employee who counts as another one.
pub(crate) fn employment(company: &Company, employee: &Employee) -> Option<Employment> {
    if employee.merged_into.is_some() {
        return None;
    }
    let first_week = employee.first_punch.map(|date| company.week_of(date));
    let last_week = employee.last_punch.map(|date| company.policies.workweek(date).to);
    let from = employee.employed_from.or(first_week);
    let to = match (employee.employed_from, employee.employed_to) {
        (None, None) => last_week,
        (_, to) => to,
    };
    from.is_some().then_some(Employment { from, to })
}
