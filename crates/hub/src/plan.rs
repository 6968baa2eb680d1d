//! Plans of dates to come: generated from what is stated, stored where they changed, reported.
//!
//! Invariants:
//! * A plan is a function of what is stated; generating it again changes nothing until something else is stated.
//! * Days are never made of stored plans: they are judged by what is stated. A stored plan is what was last told to people, and the
//!   next generation says what has changed since.
//! * The plans of an employee, and the entry in the audit trail, are one transaction.

use attendance::{DateRange, Employment, Planned, PlannedDay, Zones};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _};
use store::people::Employee;
use store::plans::StoredPlan;
use store::{Read, Write};

use crate::company::Company;
use crate::employment::Employments;
use crate::facts::Statements;
use crate::periods::{Dates, checked};
use crate::zones::ZoneBook;
use crate::{Actor, Error, Hub, registry};

/// The longest range that is generated in one go, in days: three years.
const MOST_DAYS: i32 = 3 * 366;
/// Dates around a range whose statements matter: an earlier plan may get in the way of a later one.
const AROUND_DAYS: i64 = 10;
/// Employees whose plans are written in one transaction; others write in between.
const PER_TRANSACTION: usize = 50;

/// Whose days.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Whose {
    /// Only this employee, by code.
    pub employee: Option<String>,
    /// Only this group.
    pub group: Option<String>,
}

/// What a generation came to, for one employee or in total. Days, unless a name says otherwise.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// With something to attend.
    pub planned: u64,
    /// Whose shift leave or offsite work takes as a whole.
    pub away: u64,
    /// Rest days and other days off.
    pub off: u64,
    /// Public holidays without a shift.
    pub holidays: u64,
    /// Of the employment that nobody planned.
    pub missing: u64,
    /// Whose plan gets in the way of an earlier one.
    pub conflicts: u64,
    /// Minutes to attend.
    pub required_minutes: i64,
    /// That were not stored before.
    pub new: u64,
    /// That were stored otherwise before.
    pub changed: u64,
    /// That were stored like this before.
    pub unchanged: u64,
    /// That were stored before, and are no days of the employment any more.
    pub removed: u64,
}

/// A planned day of an employee.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlanRow {
    /// Employee code.
    pub code: String,
    /// Employee name; the code when none is known.
    pub name: String,
    /// Zone of the employee on the date.
    pub zone: TimeZone,
    /// The plan.
    pub day: PlannedDay,
}

/// What a generation did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PlanReport {
    /// By employee code, with the name.
    pub people: Vec<(String, String, Tally)>,
    /// All of them.
    pub total: Tally,
    /// The days that are in conflict or that nobody planned.
    pub remarks: Vec<PlanRow>,
}

impl Hub {
    /// Generates the plans of a range and stores those that changed (rules 7, 9). Who has no employment dates is planned on all dates.
    /// `progress` hears how many employees are done and how many there are.
    ///
    /// # Errors
    /// [`Error::NotFound`] for an unknown employee or a group without anybody, [`Error::Invalid`] for dates that end before they start
    /// or are too many.
    pub fn generate_plan(
        &self,
        actor: &Actor,
        whose: &Whose,
        dates: Dates,
        now: Timestamp,
        mut progress: impl FnMut(usize, usize),
    ) -> Result<PlanReport, Error> {
        let (from, to) = checked(dates)?;
        if (to - from).get_days() >= MOST_DAYS {
            return Err(Error::invalid(
                format!("{from} to {to} are more than {MOST_DAYS} days"),
                "generate a shorter range, then the next",
            ));
        }
        let people = self.store.read(|read| people(read, whose))?;
        let mut report = PlanReport::default();
        for chunk in people.chunks(PER_TRANSACTION) {
            self.store.write(|write| {
                let company = Company::load(write)?;
                let (book, _) = company.rulebook(write, now)?;
                let zone_book = ZoneBook::load(write, &company)?;
                let before = report.total;
                for employee in chunk {
                    let zones = zone_book.employee(write, employee)?;
                    let range = DateRange { from, to };
                    let around = DateRange {
                        from: from.saturating_sub(AROUND_DAYS.days()),
                        to: to.saturating_add(AROUND_DAYS.days()),
                    };
                    let stated = Statements::gather(write, &company, Some(employee), around, now, None)?;
                    let employment = Employment { from: employee.employed_from, to: employee.employed_to };
                    let gaps = Employments::of(write, employee.id)?.gaps();
                    let days = match employee.merged_into {
                        Some(_) => Vec::new(),
                        None => {
                            let person = stated.person(&zones, (employment, &gaps), &[]);
                            attendance::plan_ahead(&book, &person, range, now.as_second())
                        }
                    };
                    let mut tally = keep(write, employee.id, (from, to), &days, now)?;
                    for day in days {
                        tally.count(&day);
                        if day.conflict.is_some() || day.is_missing() {
                            report.remarks.push(row(employee, &zones, day));
                        }
                    }
                    report.total.add(&tally);
                    report.people.push((employee.code.clone(), employee.shown_name().to_owned(), tally));
                }
                if report.total.written() > before.written() {
                    let detail =
                        format!("{} days of {} employees", report.total.written() - before.written(), chunk.len());
                    write.audit(&actor.entry(now, "plan.generate", &format!("{from} to {to}"), detail))?;
                }
                Ok::<_, Error>(())
            })?;
            progress(report.people.len(), people.len());
        }
        Ok(report)
    }

    /// The stored plans of a range, by employee code and date.
    ///
    /// # Errors
    /// As [`Hub::generate_plan`].
    pub fn plan(&self, whose: &Whose, dates: Dates) -> Result<Vec<PlanRow>, Error> {
        let (from, to) = checked(dates)?;
        self.store.read(|read| {
            let zone_book = ZoneBook::load(read, &Company::load(read)?)?;
            let mut rows = Vec::new();
            for employee in &people(read, whose)? {
                let zones = zone_book.employee(read, employee)?;
                for stored in read.plans_of(employee.id, from, to)? {
                    let day = serde_json::from_str(&stored.plan).map_err(|error| damaged(&error))?;
                    rows.push(row(employee, &zones, day));
                }
            }
            Ok(rows)
        })
    }
}

/// Stores what differs.
fn keep(
    write: &Write<'_>,
    employee: i64,
    (from, to): Dates,
    days: &[PlannedDay],
    now: Timestamp,
) -> Result<Tally, Error> {
    let stored = write.plans_of(employee, from, to)?;
    let mut tally = Tally::default();
    for day in days {
        let plan = serde_json::to_string(day).map_err(|error| damaged(&error))?;
        let known = stored.iter().find(|known| known.date == day.date);
        match known {
            Some(known) if known.plan == plan => {
                tally.unchanged += 1;
                continue;
            }
            Some(_) => tally.changed += 1,
            None => tally.new += 1,
        }
        write.put_plan(employee, &StoredPlan { date: day.date, plan, generated_us: now.as_microsecond() })?;
    }
    for known in stored.iter().filter(|known| !days.iter().any(|day| day.date == known.date)) {
        write.drop_plan(employee, known.date)?;
        tally.removed += 1;
    }
    Ok(tally)
}

/// The employees that are asked for, by code.
pub(crate) fn people(read: &Read<'_>, whose: &Whose) -> Result<Vec<Employee>, Error> {
    let mut people = registry::people(read, whose.employee.as_deref())?;
    if let Some(group) = &whose.group {
        people.retain(|employee| employee.group_name.as_ref() == Some(group));
        if people.is_empty() {
            return Err(Error::NotFound(format!("employee of group {group}")));
        }
    }
    Ok(people)
}

fn row(employee: &Employee, zones: &Zones, day: PlannedDay) -> PlanRow {
    let zone = zones.on(day.date).clone();
    PlanRow { code: employee.code.clone(), name: employee.shown_name().to_owned(), zone, day }
}

fn damaged(error: &serde_json::Error) -> Error {
    Error::Damaged { what: "planned day", detail: error.to_string() }
}

impl Tally {
    fn count(&mut self, day: &PlannedDay) {
        let kind = match day.planned() {
            Planned::Shift => &mut self.planned,
            Planned::Away => &mut self.away,
            Planned::Off => &mut self.off,
            Planned::Holiday => &mut self.holidays,
            Planned::Missing => &mut self.missing,
        };
        *kind += 1;
        self.conflicts += u64::from(day.conflict.is_some());
        self.required_minutes += day.required_minutes;
    }

    fn add(&mut self, other: &Self) {
        self.planned += other.planned;
        self.away += other.away;
        self.off += other.off;
        self.holidays += other.holidays;
        self.missing += other.missing;
        self.conflicts += other.conflicts;
        self.required_minutes += other.required_minutes;
        self.new += other.new;
        self.changed += other.changed;
        self.unchanged += other.unchanged;
        self.removed += other.removed;
    }

    /// Stored plans that were written or removed.
    pub fn written(&self) -> u64 {
        self.new + self.changed + self.removed
    }

    /// Its figures by name.
    pub fn named(&self) -> [(&'static str, i64); 11] {
        let count = |count: u64| i64::try_from(count).unwrap_or(i64::MAX);
        [
            ("planned", count(self.planned)),
            ("away", count(self.away)),
            ("off", count(self.off)),
            ("holidays", count(self.holidays)),
            ("without plan", count(self.missing)),
            ("conflicts", count(self.conflicts)),
            ("required minutes", self.required_minutes),
            ("new", count(self.new)),
            ("changed", count(self.changed)),
            ("unchanged", count(self.unchanged)),
            ("removed", count(self.removed)),
        ]
    }
}
