//! Shadow comparison: what an old system has against what is here, by employee and day. Nothing is stored.
//!
//! Invariants:
//! * What a reading of the source would not take is on neither side.
//! * What only a table said is no evidence for one: a punch from an old system counts as here once its terminal, a file or a program said
//!   it, too.
//! * Times are those of the clocks of the source, whatever a terminal of another zone printed.
//! * Where the old system has whole minutes only, rounded or cut off, times within a minute are the same.

use std::collections::{BTreeMap, BTreeSet};

use attendance::punch::{Channel, Fingerprint, canonical_user, source_origin};
use jiff::ToSpan as _;
use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use roads::mssql::{LegacyTable, Reading};
use roads::outside::{OutsidePunch, Puncher, RowTime};
use store::Read;
use store::people::{Employee, Owner};

use super::tables::{PAGE_ROWS, table_settings};
use crate::company::zone;
use crate::outside::{Wanted, origin_of};
use crate::view::PunchFilter;
use crate::{Company, Error, Hub};

/// How the two differ on a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Differs {
    /// The old system has punches, here there is none.
    OnlyThere,
    /// Here are punches, the old system has none.
    OnlyHere,
    /// Both have some, and not the same.
    Times,
}

impl Differs {
    /// The word for it in reports.
    pub const fn word(self) -> &'static str {
        match self {
            Self::OnlyThere => "only_there",
            Self::OnlyHere => "only_here",
            Self::Times => "differing",
        }
    }
}

/// A day on which the two differ.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// The employee's code, or the number where nobody has it.
    pub employee: String,
    /// The date on the clocks.
    pub date: Date,
    /// How.
    pub differs: Differs,
    /// Times that the old system alone has.
    pub there: Vec<DateTime>,
    /// Times that are here alone.
    pub here: Vec<DateTime>,
}

/// What a comparison found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Comparison {
    /// Days on which somebody has punches on either side.
    pub days: usize,
    /// Those that are the same.
    pub same: usize,
    /// The others, by employee and date.
    pub differences: Vec<Difference>,
    /// Rows of the old system that can't be read.
    pub unreadable: usize,
    /// The old system's times are whole minutes, and so times within a minute are the same.
    pub is_by_minute: bool,
}

/// Times by employee.
type Times = BTreeMap<String, BTreeSet<DateTime>>;

impl Hub {
    /// Compares the rows of a table with the punches that are here and did not come from it, for a range of dates.
    ///
    /// # Errors
    /// [`Error::NotFound`]; [`Error::Invalid`] when the table can't be read to its end, for half a comparison says nothing.
    pub fn compare_table(
        &self,
        name: &str,
        table: &mut dyn LegacyTable,
        (from, to): (Date, Date),
    ) -> Result<Comparison, Error> {
        let broken = |why: String| Error::invalid(format!("source {name}: {why}"), "compare again once it answers");
        let (settings, company) =
            self.store.read(|read| Ok::<_, Error>((table_settings(read, name)?, Company::load(read)?)))?;
        let zone = settings.zone.as_deref().map_or_else(|| company.time_zone(), zone)?;
        let (spec, wanted) = (settings.table()?, settings.wanted());
        let (mut there, mut unreadable) = (Times::new(), 0);
        // What is rounded may be of another day.
        let (before, after) = (from.saturating_sub(1.day()), to.saturating_add(1.day()));
        let mut reading = Reading::range(&spec, (Some(before), Some(after)), PAGE_ROWS).in_zone(&zone);
        while let Some(select) = reading.next() {
            let page = table.page(&select).map_err(|trouble| broken(trouble.to_string()))?;
            let mut punches = Vec::new();
            for row in reading.rows(&page) {
                match row.said.ok().and_then(|said| Some((time_of(&said, &zone)?, said))) {
                    Some((at, said)) if wanted.has_type(&said) => punches.push((at, said)),
                    Some(_) => {}
                    None => unreadable += 1,
                }
            }
            let whose = self.store.read(|read| whose(read, name, &punches))?;
            for ((at, said), employee) in punches.into_iter().zip(whose) {
                if employee.as_ref().is_none_or(|employee| wanted.has_employee(employee)) {
                    let nobody = || match &said.puncher {
                        Puncher::Code(code) => code.clone(),
                        Puncher::Number(number) => format!("number {number}"),
                    };
                    there.entry(employee.map_or_else(nobody, |employee| employee.code)).or_default().insert(at);
                }
            }
            reading.stored(&page).map_err(broken)?;
        }
        let here = self.here(name, wanted, &zone, (before, after))?;
        Ok(Comparison { unreadable, ..compare(&there, &here, (from, to)) })
    }

    /// What is here and did not come from the source.
    fn here(
        &self,
        source: &str,
        wanted: Wanted<'_>,
        zone: &TimeZone,
        (from, to): (Date, Date),
    ) -> Result<Times, Error> {
        let own = source_origin(source, "");
        // What was printed in another zone may be of another day.
        let (from, to) = (from.saturating_sub(1.day()), to.saturating_add(1.day()));
        let filter = PunchFilter { from: Some(from), to: Some(to), ..PunchFilter::default() };
        let people = self.store.read(|read| read.employees())?;
        let unwanted = people.into_iter().filter(|one| !wanted.has_employee(one)).map(|one| one.code);
        let unwanted: BTreeSet<String> = unwanted.collect();
        let mut here = Times::new();
        let mut punches = self.punches(&filter)?.rows;
        punches.retain(|punch| !punch.origin.starts_with(&own));
        let of_tables = punches.iter().filter(|punch| punch.channel == Channel::Sql.word());
        let of_tables: Vec<Fingerprint> = of_tables.map(|punch| punch.fingerprint).collect();
        let are_confirmed = self.store.read(|read| read.have_copies_beside(Channel::Sql, &of_tables))?;
        let unconfirmed = of_tables.into_iter().zip(are_confirmed).filter(|(_, is_confirmed)| !is_confirmed);
        let unconfirmed: BTreeSet<Fingerprint> = unconfirmed.map(|(fingerprint, _)| fingerprint).collect();
        punches.retain(|punch| !unconfirmed.contains(&punch.fingerprint));
        for punch in punches {
            let is_wanted = punch.employee.as_ref().is_none_or(|code| !unwanted.contains(code));
            let at = match punch.at {
                Some(at) => Some(zone.to_datetime(at)),
                None => punch.printed.parse().ok(),
            };
            if let (true, Some(at)) = (is_wanted, at) {
                let whose = punch.employee.unwrap_or_else(|| format!("number {}", punch.user));
                here.entry(whose).or_default().insert(at);
            }
        }
        Ok(here)
    }
}

/// The time on the clocks; one that they skipped is moved forward, as it is for what is here.
fn time_of(said: &OutsidePunch, zone: &TimeZone) -> Option<DateTime> {
    let at = match &said.time {
        RowTime::Printed(printed) => zone.to_ambiguous_timestamp(printed.civil()?).compatible().ok()?,
        RowTime::At(at) => *at,
    };
    Some(zone.to_datetime(at))
}

/// The employee whom each punch means, as a reading of the source finds them.
fn whose(read: &Read<'_>, source: &str, punches: &[(DateTime, OutsidePunch)]) -> Result<Vec<Option<Employee>>, Error> {
    let origins: Vec<String> = punches.iter().map(|(_, said)| origin_of(source, said)).collect();
    let terminals = read.terminals_of(&origins.iter().map(String::as_str).collect::<Vec<_>>())?;
    let numbers = punches.iter().zip(&terminals).map(|((_, said), terminal)| match &said.puncher {
        Puncher::Code(code) => (source, canonical_user(code)),
        Puncher::Number(number) => {
            (terminal.as_ref().map_or("", |terminal| terminal.number_group.as_str()), canonical_user(number))
        }
    });
    let numbers: Vec<(&str, &str)> = numbers.collect();
    let mut found = Vec::with_capacity(punches.len());
    for ((at, said), owners) in punches.iter().zip(read.owners(&numbers)?) {
        let is_met = !owners.is_empty();
        let on = |(from, to, _): &Owner| (*from..=*to).contains(&at.date());
        found.push(match (owners.into_iter().rfind(on), &said.puncher) {
            (Some((.., employee)), _) => Some(employee),
            (None, Puncher::Code(code)) if !is_met => counted(read, read.employee_by_code(canonical_user(code))?)?,
            (None, _) => None,
        });
    }
    Ok(found)
}

/// Whom an employee counts as.
fn counted(read: &Read<'_>, employee: Option<Employee>) -> Result<Option<Employee>, Error> {
    match employee.as_ref().and_then(|employee| employee.merged_into) {
        Some(into) => Ok(read.employee(into)?),
        None => Ok(employee),
    }
}

/// Where two differ.
fn compare(there: &Times, here: &Times, (from, to): (Date, Date)) -> Comparison {
    let is_by_minute = !there.is_empty() && there.values().flatten().all(|at| at.second() == 0);
    let apart = if is_by_minute { 59.seconds() } else { 0.seconds() };
    let none = BTreeSet::new();
    let mut comparison = Comparison { is_by_minute, ..Comparison::default() };
    for employee in there.keys().chain(here.keys()).collect::<BTreeSet<_>>() {
        let (theirs, ours) = (there.get(employee).unwrap_or(&none), here.get(employee).unwrap_or(&none));
        let dates: BTreeSet<Date> = theirs.iter().chain(ours).map(|at| at.date()).collect();
        for date in dates.into_iter().filter(|date| (from..=to).contains(date)) {
            let day = date.at(0, 0, 0, 0)..=date.at(23, 59, 59, 999_999_999);
            let alone = |of: &BTreeSet<DateTime>, others: &BTreeSet<DateTime>| -> Vec<DateTime> {
                let has_none =
                    |at: &&DateTime| others.range(at.saturating_sub(apart)..=at.saturating_add(apart)).next().is_none();
                of.range(day.clone()).filter(has_none).copied().collect()
            };
            let (there, here) = (alone(theirs, ours), alone(ours, theirs));
            comparison.days += 1;
            if there.is_empty() && here.is_empty() {
                comparison.same += 1;
                continue;
            }
            let has = |of: &BTreeSet<DateTime>| of.range(day.clone()).next().is_some();
            let differs = match (has(theirs), has(ours)) {
                (_, false) => Differs::OnlyThere,
                (false, _) => Differs::OnlyHere,
                _ => Differs::Times,
            };
            comparison.differences.push(Difference { employee: employee.clone(), date, differs, there, here });
        }
    }
    comparison
}
