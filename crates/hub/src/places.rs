//! Sites and departments: reference that people keep, and who belongs where from when on.
//!
//! Invariants:
//! * A department is a part of one other at most, and never of itself, however far up.
//! * Where somebody belongs moves a day only where the zone is another one ([`crate::zones`]).

use std::collections::{BTreeMap, HashMap, HashSet};
use std::io::Write as Out;

use jiff::Timestamp;
use jiff::civil::Date;
use roads::places::{DepartmentLine, SiteLine};
use store::places::{Department, EmployeePlace, Site};
use store::{Read, Write};

use crate::company::{Company, zone};
use crate::resolve::ALWAYS;
use crate::undone::Undone;
use crate::view::{DepartmentRow, SiteRow, TerminalStay};
use crate::zones::Before;
use crate::{Actor, CsvTable, Error, Hub, ListImport, stays};

/// A site, or what of it is to change.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NewSite {
    /// Code.
    pub code: String,
    /// Name; `None` keeps it.
    pub name: Option<String>,
    /// IANA zones, all of them, each from a date on, or always; `None` keeps them.
    pub zones: Option<Vec<(String, Option<Date>)>>,
    /// One more IANA zone, from a date on, or always; the others stay.
    pub zone_from: Option<(String, Option<Date>)>,
    /// Terminals that come to it; one with a last date is at no site afterwards, unless it was said to come to another one.
    pub terminals: Vec<TerminalStay>,
}

impl NewSite {
    /// What a row of a list says.
    fn of(line: &SiteLine) -> Result<Self, Error> {
        let zones = line.zones.iter().map(|text| read_dated(text, "zones")).collect::<Result<Vec<_>, Error>>()?;
        Ok(Self {
            code: line.code.clone(),
            name: Some(line.name.clone()).filter(|name| !name.is_empty()),
            zones: Some(zones).filter(|zones| !zones.is_empty()),
            zone_from: None,
            terminals: line.terminals.iter().map(|text| stays::read(text)).collect::<Result<_, _>>()?,
        })
    }
}

/// A department, or what of it is to change.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NewDepartment {
    /// Code.
    pub code: String,
    /// Name; `None` keeps it.
    pub name: Option<String>,
    /// Code of the department that it is a part of; `None` for none.
    pub parent: Option<String>,
}

impl Hub {
    /// Adds a site, or changes it, and has what its zones and terminals move resolved and derived again. The same again changes nothing.
    ///
    /// # Errors
    /// [`Error::Invalid`] for what can't be a code, an unknown zone or terminal, or two zones of one date; nothing changes then.
    pub fn change_site(&self, actor: &Actor, site: &NewSite, now: Timestamp) -> Result<(), Error> {
        check_code(&site.code)?;
        self.store.write(|write| take_site(write, (actor, "site.change"), site, now))?;
        self.resume_replays(now).map(drop)
    }

    /// Adds a department, or changes it. The same again changes nothing.
    ///
    /// # Errors
    /// [`Error::Invalid`] for what can't be a code, an unknown parent, or one that is a part of it; nothing changes then.
    pub fn change_department(&self, actor: &Actor, department: &NewDepartment, now: Timestamp) -> Result<(), Error> {
        check_code(&department.code)?;
        let named = HashSet::new();
        self.store
            .write(|write| take_department(write, (actor, "department.change"), department, &named, now))
            .map(drop)
    }

    /// Imports a list of sites with their terminals: adds and changes, removes nothing. A bad row is refused and its neighbours pass.
    ///
    /// # Errors
    /// [`Error::Invalid`] for a file that is no such list, or of the store.
    pub fn import_sites(
        &self,
        actor: &Actor,
        file: &[u8],
        is_dry_run: bool,
        now: Timestamp,
    ) -> Result<ListImport, Error> {
        let rows = roads::places::sites(file).map_err(|error| no_list(&error))?;
        let report = self.take_rows(rows, is_dry_run, |write, line: &SiteLine| {
            take_site(write, (actor, "site.import"), &NewSite::of(line)?, now)
        })?;
        Ok(ListImport { released: self.resume_replays(now)?.released, ..report })
    }

    /// Imports a list of departments: as [`Hub::import_sites`]. A department may stand before the one that it is a part of.
    ///
    /// # Errors
    /// As [`Hub::import_sites`].
    pub fn import_departments(
        &self,
        actor: &Actor,
        file: &[u8],
        is_dry_run: bool,
        now: Timestamp,
    ) -> Result<ListImport, Error> {
        let rows = roads::places::departments(file).map_err(|error| no_list(&error))?;
        let named: HashSet<String> = rows.iter().flatten().map(|line| line.code.clone()).collect();
        self.take_rows(rows, is_dry_run, |write, line: &DepartmentLine| {
            let department = NewDepartment {
                code: line.code.clone(),
                name: Some(line.name.clone()).filter(|name| !name.is_empty()),
                parent: Some(line.parent.clone()).filter(|parent| !parent.is_empty()),
            };
            take_department(write, (actor, "department.import"), &department, &named, now)
        })
    }

    /// Takes the rows of a list in one transaction: there are few sites and departments.
    fn take_rows<T>(
        &self,
        rows: Vec<Result<T, roads::BadRow>>,
        is_dry_run: bool,
        take: impl Fn(&Write<'_>, &T) -> Result<bool, Error>,
    ) -> Result<ListImport, Error>
    where
        T: Lined,
    {
        let mut report = ListImport::default();
        let done = self.store.write(|write| {
            for row in rows {
                report.counts.read += 1;
                let taken = match &row {
                    Err(bad) => Err(bad.to_string()),
                    Ok(line) => match write.step(|| take(write, line)) {
                        Ok(is_news) => Ok(is_news),
                        Err(error @ (Error::NotFound(_) | Error::Invalid { .. })) => {
                            Err(format!("line {}: {error}", line.line()))
                        }
                        Err(error) => return Err(Undone::Failed(error)),
                    },
                };
                match taken {
                    Ok(true) => report.counts.stored += 1,
                    Ok(false) => report.counts.known += 1,
                    Err(refusal) => {
                        report.counts.refused += 1;
                        report.refusals.push(refusal);
                    }
                }
            }
            if is_dry_run { Err(Undone::DryRun) } else { Ok(()) }
        });
        match done {
            Ok(()) | Err(Undone::DryRun) => Ok(report),
            Err(Undone::Failed(error)) => Err(error),
        }
    }

    /// All sites by code, with their terminals by serial and date.
    ///
    /// # Errors
    /// Of the store.
    pub fn sites(&self) -> Result<Vec<SiteRow>, Error> {
        let (sites, at, of) =
            self.store.read(|read| Ok::<_, Error>((read.sites()?, read.terminal_sites()?, read.site_zones()?)))?;
        let since = |from: Date| Some(from).filter(|from| *from > ALWAYS.0);
        let mut terminals = stays::by_site(at);
        let mut zones: HashMap<String, Vec<_>> = HashMap::new();
        for of in of {
            zones.entry(of.site).or_default().push((of.zone, since(of.from)));
        }
        let row = |Site { code, name }| SiteRow {
            zones: zones.remove(&code).unwrap_or_default(),
            terminals: terminals.remove(&code).unwrap_or_default(),
            code,
            name,
        };
        Ok(sites.into_iter().map(row).collect())
    }

    /// All departments by code.
    ///
    /// # Errors
    /// Of the store.
    pub fn departments(&self) -> Result<Vec<DepartmentRow>, Error> {
        let row = |Department { code, name, parent }| DepartmentRow { code, name, parent };
        Ok(self.store.read(|read| read.departments())?.into_iter().map(row).collect())
    }

    /// Writes all sites as the list that [`Hub::import_sites`] takes.
    ///
    /// # Errors
    /// Of the store, or of the output.
    pub fn sites_csv(&self, out: &mut dyn Out) -> Result<(), Error> {
        let mut table = CsvTable::new(out, ["code", "name", "zones", "terminals"])?;
        for SiteRow { code, name, zones, terminals } in self.sites()? {
            table.row([code, name, listed(&zones), stays::listed(&terminals)])?;
        }
        Ok(table.finish()?)
    }

    /// Writes all departments as the list that [`Hub::import_departments`] takes.
    ///
    /// # Errors
    /// Of the store, or of the output.
    pub fn departments_csv(&self, out: &mut dyn Out) -> Result<(), Error> {
        let mut table = CsvTable::new(out, ["code", "name", "parent"])?;
        for Department { code, name, parent } in self.store.read(|read| read.departments())? {
            table.row([code, name, parent.unwrap_or_default()])?;
        }
        Ok(table.finish()?)
    }
}

/// A row that knows its line.
trait Lined {
    fn line(&self) -> u64;
}

impl Lined for SiteLine {
    fn line(&self) -> u64 {
        self.line
    }
}

impl Lined for DepartmentLine {
    fn line(&self) -> u64 {
        self.line
    }
}

fn no_list(error: &roads::NotATable) -> Error {
    Error::invalid(error.to_string(), "see `punchclock import csv --help` for examples")
}

/// Takes a site; whether anything is new.
fn take_site(write: &Write<'_>, (actor, action): (&Actor, &str), new: &NewSite, now: Timestamp) -> Result<bool, Error> {
    let known = write.sites()?.into_iter().find(|site| site.code == new.code);
    let name = new.name.clone().or_else(|| known.as_ref().map(|known| known.name.clone())).unwrap_or_default();
    let site = Site { code: new.code.clone(), name };
    let mut is_news = known.as_ref() != Some(&site);
    let company = Company::load(write)?;
    let named: Vec<String> = new.terminals.iter().map(|stay| stay.serial.clone()).collect();
    let before = Before::of_site(write, &company, &site.code, &named)?;
    write.put_site(&site)?;
    let all = write.site_zones()?.into_iter().filter(|of| of.site == site.code);
    let known_zones: Vec<(Date, String)> = all.map(|of| (of.from, of.zone)).collect();
    let mut zones = new.zones.as_deref().map_or_else(|| Ok(known_zones.clone()), by_date)?;
    if let Some((name, from)) = &new.zone_from {
        zone(name)?;
        let from = from.unwrap_or(ALWAYS.0);
        zones.retain(|(known, _)| *known != from);
        zones.push((from, name.clone()));
        zones.sort();
    }
    if zones != known_zones {
        write.set_site_zones(&site.code, &zones)?;
        is_news = true;
    }
    for stay in &new.terminals {
        is_news |= stays::come(write, &new.code, stay)?;
    }
    if is_news {
        before.followed(write, &company, now)?;
        let told = || zones.iter().map(|(from, zone)| dated(zone, *from)).collect::<Vec<_>>().join(" ");
        let zones = if zones == known_zones { "as they were".to_owned() } else { told() };
        let detail = format!("name {}, zones {zones}, terminals {}", site.name, stays::listed(&new.terminals));
        write.audit(&actor.entry(now, action, &site.code, detail))?;
    }
    Ok(is_news)
}

/// Takes a department; whether anything is new.
fn take_department(
    write: &Write<'_>,
    (actor, action): (&Actor, &str),
    new: &NewDepartment,
    named: &HashSet<String>,
    now: Timestamp,
) -> Result<bool, Error> {
    let all: BTreeMap<String, Department> =
        write.departments()?.into_iter().map(|one| (one.code.clone(), one)).collect();
    let known = all.get(&new.code);
    let name = new.name.clone().or_else(|| known.map(|known| known.name.clone())).unwrap_or_default();
    if let Some(parent) = &new.parent {
        if !all.contains_key(parent) && !named.contains(parent) {
            let what = format!("there is no department {parent} (column parent)");
            return Err(Error::invalid(what, "put it on the list, too, or add it first"));
        }
        let parent_of = |code: &str| all.get(code).and_then(|one| one.parent.as_deref());
        let mut above = Some(parent.as_str());
        let mut seen = HashSet::new();
        while let Some(code) = above.filter(|code| seen.insert(*code)) {
            if code == new.code {
                let what = format!("department {} would be a part of itself (column parent: {parent})", new.code);
                return Err(Error::invalid(what, "name another parent, or none"));
            }
            above = parent_of(code);
        }
    }
    let department = Department { code: new.code.clone(), name, parent: new.parent.clone() };
    let is_news = known != Some(&department);
    if is_news {
        write.put_department(&department)?;
        let detail =
            format!("name {}, part of {}", department.name, department.parent.as_deref().unwrap_or("no other one"));
        write.audit(&actor.entry(now, action, &department.code, detail))?;
    }
    Ok(is_news)
}

/// The zones of a site, by date.
fn by_date(given: &[(String, Option<Date>)]) -> Result<Vec<(Date, String)>, Error> {
    let mut zones = Vec::with_capacity(given.len());
    for (name, from) in given {
        zone(name)?;
        zones.push((from.unwrap_or(ALWAYS.0), name.clone()));
    }
    zones.sort();
    if let Some([one, two]) = zones.array_windows().find(|[one, two]| one.0 == two.0) {
        let what = format!("two zones hold from the same date on: {} and {} (column zones)", one.1, two.1);
        return Err(Error::invalid(what, "keep one of them"));
    }
    Ok(zones)
}

/// Things with the dates from which they hold, as a list has them.
fn listed(things: &[(String, Option<Date>)]) -> String {
    let one = |(thing, from): &(String, Option<Date>)| dated(thing, from.unwrap_or(ALWAYS.0));
    things.iter().map(one).collect::<Vec<_>>().join(" ")
}

/// A thing with the date from which it holds: `B2@2026-03-01`, or `B2` for always.
fn dated(thing: &str, from: Date) -> String {
    if from <= ALWAYS.0 { thing.to_owned() } else { format!("{thing}@{from}") }
}

fn read_dated(text: &str, column: &str) -> Result<(String, Option<Date>), Error> {
    let Some((thing, date)) = text.split_once('@') else { return Ok((text.to_owned(), None)) };
    Ok((thing.to_owned(), Some(read_date(date, column)?)))
}

/// Reads the date of a thing.
pub(crate) fn read_date(text: &str, column: &str) -> Result<Date, Error> {
    let wrong = |_| Error::invalid(format!("`{text}` in column {column} is no date"), "write it as in CEBU@2026-03-01");
    text.parse().map_err(wrong)
}

/// Refuses what places could not be written with.
fn check_code(code: &str) -> Result<(), Error> {
    if roads::places::is_code(code) {
        return Ok(());
    }
    Err(Error::invalid(
        format!("`{code}` can't be a code"),
        "write one like CEBU, without blanks and `:`, `@`, `;`, `|`",
    ))
}

/// Where an employee belongs as a person writes it: `CEBU:HR@2026-03-01`, `CEBU`, `:HR`.
pub(crate) fn shown(places: &[EmployeePlace]) -> String {
    let one = |place: &EmployeePlace| {
        let site = place.site.clone().unwrap_or_default();
        let of = place.department.as_ref().map_or_else(String::new, |department| format!(":{department}"));
        dated(&format!("{site}{of}"), place.from)
    };
    places.iter().map(one).collect::<Vec<_>>().join(" ")
}

/// Reads it, by date. Sites and departments must be there, but for places that are known: the site may have been removed since.
pub(crate) fn parse(
    read: &Read<'_>,
    texts: &[String],
    employee: i64,
    known: &[EmployeePlace],
) -> Result<Vec<EmployeePlace>, Error> {
    let there = There::load(read)?;
    let mut places = Vec::with_capacity(texts.len());
    for text in texts {
        let (place, from) = read_dated(text, "places")?;
        let from = from.unwrap_or(ALWAYS.0);
        let (site, department) = place.split_once(':').unwrap_or((&place, ""));
        let filled = |code: &str| Some(code.to_owned()).filter(|code| !code.is_empty());
        let place = EmployeePlace { employee, from, site: filled(site), department: filled(department) };
        if !known.contains(&place) {
            there.check(&place)?;
        }
        places.push(place);
    }
    places.sort_by_key(|place| place.from);
    if let Some([one, _]) = places.array_windows().find(|[one, two]| one.from == two.from) {
        let what = format!("two places hold from the same date on: {} (column places)", dated("", one.from));
        return Err(Error::invalid(what, "keep one of them"));
    }
    Ok(places)
}

/// The codes of sites and departments that there are.
pub(crate) struct There {
    sites: HashSet<String>,
    departments: HashSet<String>,
}

impl There {
    pub(crate) fn load(read: &Read<'_>) -> Result<Self, Error> {
        Ok(Self {
            sites: read.sites()?.into_iter().map(|site| site.code).collect(),
            departments: read.departments()?.into_iter().map(|one| one.code).collect(),
        })
    }

    /// Refuses a place that is not there.
    pub(crate) fn check(&self, place: &EmployeePlace) -> Result<(), Error> {
        let missing = |what: &str, code: &str| {
            let cure = format!("add it first: `punchclock import csv FILE --kind {what}s`");
            Err(Error::invalid(format!("there is no {what} {code} (column places)"), cure))
        };
        match (&place.site, &place.department) {
            (Some(site), _) if !self.sites.contains(site) => missing("site", site),
            (_, Some(department)) if !self.departments.contains(department) => missing("department", department),
            _ => Ok(()),
        }
    }
}

/// Where each employee belongs on a date, by id.
pub(crate) fn on(places: Vec<EmployeePlace>, date: Date) -> HashMap<i64, EmployeePlace> {
    // By date: the last one counts.
    places.into_iter().filter(|place| place.from <= date).map(|place| (place.employee, place)).collect()
}
