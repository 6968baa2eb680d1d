//! The facts that the rules need for one employee and some dates: a snapshot, ready for the pure function.

use attendance::{DateRange, Employment, Moment, Person, Punch, PunchState, Rulebook};
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _};
use store::Read;
use store::people::Employee;

use crate::Error;
use crate::company::{Company, zone};

/// Days around the asked dates whose punches may matter: the rest of the workweeks and the neighbour dates.
const AROUND_DAYS: i64 = 10;
/// Where every night is contested the search for a boundary ends here: nobody works two years of them.
const FARTHEST_DAYS: i64 = 800;

/// What is known of one employee.
pub(crate) struct Facts {
    pub(crate) zone: TimeZone,
    pub(crate) employment: Employment,
    pub(crate) punches: Vec<Punch>,
}

impl Facts {
    /// Gathers them; `None` when nothing about this employee can be judged: no employment dates and no punch.
    pub(crate) fn gather(
        read: &Read<'_>,
        company: &Company,
        book: &Rulebook,
        employee: &Employee,
        range: DateRange,
    ) -> Result<Option<Self>, Error> {
        let Some(employment) = employment(company, employee) else { return Ok(None) };
        let zone = zone_of(company, employee)?;
        let mut before = AROUND_DAYS;
        loop {
            let facts = Self::within(read, employee, employment, &zone, range, before)?;
            if before >= FARTHEST_DAYS || facts.has_quiet_boundary(company, book, range.from, before) {
                return Ok(Some(facts));
            }
            before *= 3;
        }
    }

    /// The facts with the punches from `before` days ahead of the range.
    fn within(
        read: &Read<'_>,
        employee: &Employee,
        employment: Employment,
        zone: &TimeZone,
        range: DateRange,
        before: i64,
    ) -> Result<Self, Error> {
        let edge = |date: Date, days: i64| -> Result<i64, Error> {
            let midnight = date.saturating_add(days.days()).to_zoned(zone.clone());
            let midnight = midnight.map_err(|error| Error::invalid(error.to_string(), "ask for other dates"))?;
            Ok(midnight.timestamp().as_microsecond())
        };
        let (from_us, to_us) = (edge(range.from, -before)?, edge(range.to, AROUND_DAYS)?);
        let punches = read.punches_of(employee.id, from_us, to_us)?;
        let punches = punches.into_iter().map(|punch| Punch {
            id: punch.fingerprint,
            at: punch.at_us.div_euclid(1_000_000),
            state: punch.state.map_or(PunchState::Unknown, PunchState::from_code),
            recorded_at: Some(punch.received_us.div_euclid(1_000_000)),
        });
        Ok(Self { zone: zone.clone(), employment, punches: punches.collect() })
    }

    /// Whether a date boundary that no punch contests lies before the workweek of `first`: nothing earlier can then
    /// influence it (rules 8, "incremental runs").
    fn has_quiet_boundary(&self, company: &Company, book: &Rulebook, first: Date, before: i64) -> bool {
        let week = company.week_of(first);
        let oldest = first.saturating_sub((before - 1).days());
        let boundaries = (0..before).map(|back| week.saturating_sub(back.days())).take_while(|date| *date > oldest);
        boundaries
            .map(|date| attendance::contested(book, &self.person(company), date))
            .any(|(from, to)| !self.punches.iter().any(|punch| from <= punch.at && punch.at < to))
    }

    pub(crate) fn person<'a>(&'a self, company: &'a Company) -> Person<'a> {
        Person {
            zone: &self.zone,
            employment: self.employment,
            assignments: &company.assignments,
            overrides: &[],
            modifiers: &[],
            leaves: &[],
            offsite: &[],
            adjustments: &[],
            punches: &self.punches,
        }
    }
}

/// The zone in which an employee's days are judged.
pub(crate) fn zone_of(company: &Company, employee: &Employee) -> Result<TimeZone, Error> {
    employee.zone.as_deref().map_or_else(|| company.time_zone(), zone)
}

/// The dates that are judged: those of the employment; without them, from the week of the first punch to the week of the
/// last.
pub(crate) fn employment(company: &Company, employee: &Employee) -> Option<Employment> {
    let first_week = employee.first_punch.map(|date| company.week_of(date));
    let last_week = employee.last_punch.map(|date| company.week_of(date).saturating_add(6.days()));
    let from = employee.employed_from.or(first_week);
    let to = match (employee.employed_from, employee.employed_to) {
        (None, None) => last_week,
        (_, to) => to,
    };
    from.is_some().then_some(Employment { from, to })
}

/// The instant at which the rules judge. What edges may still hold back is not known yet: no watermark.
pub(crate) fn moment(as_of: Timestamp) -> Moment {
    Moment { as_of: as_of.as_second(), watermark: None }
}
