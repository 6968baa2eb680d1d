//! Sites and departments that nobody needs any more.
//!
//! Invariants:
//! * Nobody is taken away from a place: one where somebody belongs from today on, or a terminal is, is not removed.
//! * Whose employment has ended belongs there no longer than until the day before the removal, should they ever come back.
//! * The past stays: who was there and which zone it had is kept, so that days are judged as they were. A site that is added again under
//!   the same code has them.

use std::collections::HashMap;

use jiff::civil::Date;
use jiff::{Timestamp, ToSpan as _};
use store::people::Employee;
use store::places::EmployeePlace;
use store::{Read, Write};

use crate::company::Company;
use crate::employment::Employments;
use crate::resolve::ALWAYS;
use crate::zones::Before;
use crate::{Actor, Error, Hub, stays};

/// Names that a refusal lists.
const NAMED: usize = 5;

impl Hub {
    /// Removes a site. What it was stays on record.
    ///
    /// # Errors
    /// [`Error::NotFound`] for an unknown code, [`Error::Invalid`] while an employee or a terminal is there from today on.
    pub fn remove_site(&self, actor: &Actor, code: &str, now: Timestamp) -> Result<(), Error> {
        self.store.write(|write| {
            let missing = || Error::NotFound(format!("site {code}"));
            let site = write.sites()?.into_iter().find(|site| site.code == code).ok_or_else(missing)?;
            let company = Company::load(write)?;
            let today = now.to_zoned(company.time_zone()?).date();
            let mut there = people(write, today, |place| place.site.as_deref() == Some(code))?;
            let stays = stays::by_site(write.terminal_sites()?).remove(code).unwrap_or_default();
            let staying = stays.into_iter().filter(|stay| stay.to.is_none_or(|to| to >= today));
            let mut terminals: Vec<String> = staying.map(|stay| stay.serial).collect();
            terminals.dedup();
            refuse(&format!("site {code}"), &there.employed, &terminals)?;
            let before = Before::of_site(write, &company, code, &[])?;
            there.end(write, today, |place| _ = place.site.take_if(|site| site == code))?;
            write.drop_site(code)?;
            before.followed(write, &company, now)?;
            write.audit(&actor.entry(now, "site.remove", code, format!("name {}", site.name)))?;
            Ok::<_, Error>(())
        })?;
        self.resume_replays(now).map(drop)
    }

    /// Removes a department.
    ///
    /// # Errors
    /// [`Error::NotFound`] for an unknown code, [`Error::Invalid`] while an employee belongs to it from today on, or another one is a
    /// part of it.
    pub fn remove_department(&self, actor: &Actor, code: &str, now: Timestamp) -> Result<(), Error> {
        self.store.write(|write| {
            let all = write.departments()?;
            let missing = || Error::NotFound(format!("department {code}"));
            let department = all.iter().find(|one| one.code == code).ok_or_else(missing)?;
            let parts: Vec<&str> =
                all.iter().filter(|one| one.parent.as_deref() == Some(code)).map(|one| one.code.as_str()).collect();
            if !parts.is_empty() {
                let what = format!("departments are a part of department {code}: {}", named(&parts));
                return Err(Error::invalid(what, "make them a part of another one, or of none, first"));
            }
            let today = now.to_zoned(Company::load(write)?.time_zone()?).date();
            let mut there = people(write, today, |place| place.department.as_deref() == Some(code))?;
            refuse(&format!("department {code}"), &there.employed, &[])?;
            there.end(write, today, |place| _ = place.department.take_if(|department| department == code))?;
            write.drop_department(code)?;
            write.audit(&actor.entry(now, "department.remove", code, format!("name {}", department.name)))?;
            Ok::<_, Error>(())
        })
    }
}

/// Who belongs to a place from a date on.
#[derive(Default)]
struct There {
    /// Codes of those who are employed then.
    employed: Vec<String>,
    /// Where the others belong: they have left, or count as somebody else.
    gone: Vec<Vec<EmployeePlace>>,
}

impl There {
    /// Lets the others belong there no longer, from a date on.
    fn end(&mut self, write: &Write<'_>, date: Date, leave: impl Fn(&mut EmployeePlace)) -> Result<(), Error> {
        for places in &mut self.gone {
            let begun = places.partition_point(|place| place.from < date);
            let is_said_anew = places.get(begun).is_some_and(|place| place.from == date);
            let current = begun.checked_sub(1).and_then(|last| places.get(last)).filter(|_| !is_said_anew).cloned();
            places.extend(current.map(|current| EmployeePlace { from: date, ..current }));
            places.sort_by_key(|place| place.from);
            places.iter_mut().filter(|place| place.from >= date).for_each(&leave);
            if let Some(first) = places.first() {
                write.set_places(first.employee, places)?;
            }
        }
        Ok(())
    }
}

/// Who belongs from a date on to a place.
fn people(read: &Read<'_>, date: Date, is_there: impl Fn(&EmployeePlace) -> bool) -> Result<There, Error> {
    let mut places: HashMap<i64, Vec<EmployeePlace>> = HashMap::new();
    for place in read.places()? {
        places.entry(place.employee).or_default().push(place);
    }
    let mut employments = Employments::of_all(read)?;
    let mut there = There::default();
    for Employee { id, code, merged_into, .. } in read.employees()? {
        let Some(places) = places.remove(&id) else { continue };
        let employed = employments.remove(&id).unwrap_or_default();
        let until = |at: usize| places.get(at + 1).map_or(ALWAYS.1, |next| next.from.saturating_sub(1.day()));
        let stays = places.iter().enumerate().filter(|(_, place)| is_there(place));
        let coming: Vec<(Date, Date)> =
            stays.map(|(at, place)| (place.from.max(date), until(at))).filter(|(from, to)| from <= to).collect();
        if merged_into.is_none() && coming.iter().any(|dates| employed.touches(*dates)) {
            there.employed.push(code);
        } else if !coming.is_empty() {
            there.gone.push(places);
        }
    }
    Ok(there)
}

/// Refuses to remove what is somebody's place.
fn refuse(place: &str, employees: &[String], terminals: &[String]) -> Result<(), Error> {
    let told = |kind: &str, of: &[String]| (!of.is_empty()).then(|| format!("{kind} {}", named(of)));
    let who: Vec<String> = [told("employees", employees), told("terminals", terminals)].into_iter().flatten().collect();
    if who.is_empty() {
        return Ok(());
    }
    let cure = match (employees, terminals) {
        ([], _) => "have them come to another site, or leave: `punchclock site leave SERIAL --from DATE`",
        (_, []) => "give them another place first: `punchclock import csv FILE --kind employees`, column places",
        _ => "give the employees another place, and have the terminals leave (`punchclock site leave`)",
    };
    Err(Error::invalid(format!("from today on {place} has {}", who.join(", and ")), cure))
}

/// Some names, and how many more there are.
fn named(all: &[impl AsRef<str>]) -> String {
    let mut told = all.iter().take(NAMED).map(AsRef::as_ref).collect::<Vec<_>>().join(", ");
    if all.len() > NAMED {
        told.push_str(&format!(" and {} more", all.len() - NAMED));
    }
    told
}
