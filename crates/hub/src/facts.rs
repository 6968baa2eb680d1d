//! The facts that the rules need for one employee and some dates: a snapshot, ready for the pure function.

use attendance::{DateRange, Employment, Moment, Person, Punch, PunchId, PunchState};
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _};
use store::Read;
use store::people::Employee;

use crate::Error;
use crate::company::{Company, zone};

/// Days around the asked dates whose punches may matter: the rest of the workweeks, the neighbour dates, and enough
/// before them to find a date boundary that no punch contests (rules 8, "incremental runs").
const AROUND_DAYS: i64 = 10;

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
        employee: &Employee,
        range: DateRange,
    ) -> Result<Option<Self>, Error> {
        let Some(employment) = employment(company, employee) else { return Ok(None) };
        let zone = zone_of(company, employee)?;
        let edge = |date: Date, days: i64| -> Result<i64, Error> {
            let midnight = date.saturating_add(days.days()).to_zoned(zone.clone());
            let midnight = midnight.map_err(|error| Error::invalid(error.to_string(), "ask for other dates"))?;
            Ok(midnight.timestamp().as_microsecond())
        };
        let (from_us, to_us) = (edge(range.from, -AROUND_DAYS)?, edge(range.to, AROUND_DAYS)?);
        let punches = read.punches_of(employee.id, from_us, to_us)?;
        let punches = punches.into_iter().map(|punch| Punch {
            id: PunchId(punch.fingerprint.0),
            at: punch.at_us.div_euclid(1_000_000),
            state: punch.state.map_or(PunchState::Unknown, PunchState::from_code),
            recorded_at: Some(punch.received_us.div_euclid(1_000_000)),
        });
        Ok(Some(Self { zone, employment, punches: punches.collect() }))
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
