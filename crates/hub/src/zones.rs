//! In which zone the clock of a terminal is read and the days of an employee are judged, by date (rules 4): the own one where one is
//! stated, else that of the site of the date, else the company's.
//!
//! Invariants:
//! * A printed time is read in the zone of its true date: the printed one, unless a shift of the clock or a person's word says otherwise.
//! * Whatever moves a zone (a site's, a terminal's or an employee's own, a move to another site) has the punches of just those dates
//!   resolved again that are read in another one now, and the days of just those dates derived again. Moved back, all is as it was.

use std::collections::HashMap;

use attendance::{DateRange, Zones};
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _};
use store::people::Employee;
use store::places::EmployeePlace;
use store::terminals::Terminal;
use store::{Read, Write};

use crate::Error;
use crate::company::{Company, zone};
use crate::marks::mark_known;
use crate::replay::note_dates;
use crate::resolve::refresh_punch_dates;

/// Somebody's site from a date on.
type Stay = (Date, Option<String>);

/// The zones of the company and of its sites.
pub(crate) struct ZoneBook {
    company: TimeZone,
    /// Of each site that has any, by date.
    sites: HashMap<String, Vec<(Date, TimeZone)>>,
}

impl ZoneBook {
    pub(crate) fn load(read: &Read<'_>, company: &Company) -> Result<Self, Error> {
        let mut sites: HashMap<String, Vec<_>> = HashMap::new();
        for row in read.site_zones()? {
            sites.entry(row.site).or_default().push((row.from, zone(&row.zone)?));
        }
        Ok(Self { company: company.time_zone()?, sites })
    }

    /// Of a terminal, by its serial and its own zone.
    pub(crate) fn terminal(&self, read: &Read<'_>, serial: &str, own: Option<&str>) -> Result<Zones, Error> {
        let zones = self.terminals(read, &[(serial, own)])?.pop();
        zones.map_or_else(|| Ok(self.company.clone().into()), Ok)
    }

    /// Of some terminals, each by its serial and its own zone, in their order.
    pub(crate) fn terminals(&self, read: &Read<'_>, of: &[(&str, Option<&str>)]) -> Result<Vec<Zones>, Error> {
        self.each(of, |asked| {
            let stay = |at: store::places::TerminalSite| (at.from, at.site);
            let stays = read.terminal_sites_of(asked)?.into_iter();
            Ok(stays.map(|stays| stays.into_iter().map(stay).collect()).collect())
        })
    }

    /// Of an employee.
    pub(crate) fn employee(&self, read: &Read<'_>, employee: &Employee) -> Result<Zones, Error> {
        self.employee_of(read, employee.id, employee.zone.as_deref())
    }

    /// Of an employee, by the id and the own zone.
    pub(crate) fn employee_of(&self, read: &Read<'_>, id: i64, own: Option<&str>) -> Result<Zones, Error> {
        let zones = self.employees(read, &[(id, own)])?.pop();
        zones.map_or_else(|| Ok(self.company.clone().into()), Ok)
    }

    /// Of some employees, each by the id and the own zone, in their order.
    pub(crate) fn employees(&self, read: &Read<'_>, of: &[(i64, Option<&str>)]) -> Result<Vec<Zones>, Error> {
        self.each(of, |asked| {
            let stay = |place: EmployeePlace| (place.from, place.site);
            let stays = read.employee_places_of_each(asked)?.into_iter();
            Ok(stays.map(|stays| stays.into_iter().map(stay).collect()).collect())
        })
    }

    /// Of each its own zone; where the others were is asked only if it matters.
    fn each<K: Copy>(
        &self,
        of: &[(K, Option<&str>)],
        stays: impl FnOnce(&[K]) -> Result<Vec<Vec<Stay>>, Error>,
    ) -> Result<Vec<Zones>, Error> {
        let strangers: Vec<K> = of.iter().filter(|(_, own)| own.is_none()).map(|(key, _)| *key).collect();
        let is_asked = !self.sites.is_empty() && !strangers.is_empty();
        let mut stays = if is_asked { stays(&strangers)? } else { Vec::new() }.into_iter();
        of.iter()
            .map(|(_, own)| match own {
                Some(own) => Ok(zone(own)?.into()),
                None => Ok(self.at_sites(&stays.next().unwrap_or_default())),
            })
            .collect()
    }

    /// The zones of who was at these sites, by date.
    fn at_sites(&self, stays: &[Stay]) -> Zones {
        let mut later = Vec::new();
        for (place, (from, site)) in stays.iter().enumerate() {
            let zones = site.as_ref().and_then(|site| self.sites.get(site)).map_or(&[][..], Vec::as_slice);
            let begun = zones.partition_point(|(since, _)| since <= from);
            let first = begun.checked_sub(1).and_then(|at| zones.get(at)).map_or(&self.company, |(_, zone)| zone);
            later.push((*from, first.clone()));
            let leaves = stays.get(place + 1).map(|(next, _)| *next);
            let during = zones.iter().skip(begun).take_while(|(since, _)| leaves.is_none_or(|leaves| *since < leaves));
            later.extend(during.cloned());
        }
        Zones::new(self.company.clone(), later)
    }
}

/// The zones of an employee.
pub(crate) fn zones_of(read: &Read<'_>, company: &Company, employee: &Employee) -> Result<Zones, Error> {
    ZoneBook::load(read, company)?.employee(read, employee)
}

/// The zones of a terminal.
pub(crate) fn terminal_zones(read: &Read<'_>, company: &Company, terminal: &Terminal) -> Result<Zones, Error> {
    ZoneBook::load(read, company)?.terminal(read, &terminal.serial, terminal.zone.as_deref())
}

/// The zones of terminals and people before something changes on which they depend.
pub(crate) struct Before {
    terminals: Vec<(Terminal, Zones)>,
    people: Vec<(Employee, Zones)>,
}

impl Before {
    /// Of all of them.
    pub(crate) fn of_all(read: &Read<'_>, company: &Company) -> Result<Self, Error> {
        let terminals = read.terminals()?.into_iter().map(|(terminal, _)| terminal).collect();
        Self::of(read, company, terminals, read.employees()?)
    }

    /// Of those who are, were or will be at a site, and of some terminals.
    pub(crate) fn of_site(read: &Read<'_>, company: &Company, site: &str, also: &[String]) -> Result<Self, Error> {
        let mut serials: Vec<String> = read
            .terminal_sites()?
            .into_iter()
            .filter(|at| at.site.as_deref() == Some(site))
            .map(|at| at.serial)
            .collect();
        serials.extend_from_slice(also);
        serials.sort();
        serials.dedup();
        let serials: Vec<&str> = serials.iter().map(String::as_str).collect();
        let terminals = read.terminals_of(&serials)?.into_iter().flatten().collect();
        let mut ids: Vec<i64> = read
            .places()?
            .into_iter()
            .filter(|place| place.site.as_deref() == Some(site))
            .map(|place| place.employee)
            .collect();
        ids.dedup();
        Self::of(read, company, terminals, read.employees_of(&ids)?.into_iter().flatten().collect())
    }

    /// Of some of them.
    pub(crate) fn of(
        read: &Read<'_>,
        company: &Company,
        terminals: Vec<Terminal>,
        people: Vec<Employee>,
    ) -> Result<Self, Error> {
        let book = ZoneBook::load(read, company)?;
        let named: Vec<_> = terminals.iter().map(|one| (one.serial.as_str(), one.zone.as_deref())).collect();
        let of_terminals = book.terminals(read, &named)?;
        let named: Vec<_> = people.iter().map(|one| (one.id, one.zone.as_deref())).collect();
        let of_people = book.employees(read, &named)?;
        Ok(Self {
            terminals: terminals.into_iter().zip(of_terminals).collect(),
            people: people.into_iter().zip(of_people).collect(),
        })
    }

    /// What follows for them from a change that has been written.
    pub(crate) fn followed(self, write: &Write<'_>, company: &Company, now: Timestamp) -> Result<(), Error> {
        let (terminals, before): (Vec<_>, Vec<_>) = self.terminals.into_iter().unzip();
        let (people, people_before): (Vec<_>, Vec<_>) = self.people.into_iter().unzip();
        let after = Self::of(write, company, terminals, people)?;
        for ((terminal, after), before) in after.terminals.iter().zip(before) {
            terminal_moved(write, &terminal.serial, (&before, after), now)?;
        }
        for ((employee, after), before) in after.people.iter().zip(people_before) {
            employee_moved(write, company, employee, (&before, after), now)?;
        }
        Ok(())
    }
}

/// What follows when a terminal's clock is read in other zones than before: the punches of the dates that differ are resolved again.
pub(crate) fn terminal_moved(
    write: &Write<'_>,
    serial: &str,
    (before, after): (&Zones, &Zones),
    now: Timestamp,
) -> Result<(), Error> {
    if before.at(now) != after.at(now) {
        // How far its clock was off was told by another zone.
        write.forget_clock(serial)?;
    }
    before.differing(after).into_iter().try_for_each(|dates| note_dates(write, serial, dates))
}

/// What follows when an employee's days are judged in other zones than before: the days that differ are derived again.
pub(crate) fn employee_moved(
    write: &Write<'_>,
    company: &Company,
    employee: &Employee,
    (before, after): (&Zones, &Zones),
    now: Timestamp,
) -> Result<(), Error> {
    let differing = before.differing(after);
    if differing.is_empty() {
        return Ok(());
    }
    refresh_punch_dates(write, employee, after)?;
    let renewed = write.employee(employee.id)?.unwrap_or_else(|| employee.clone());
    let mut dates: Vec<(Date, Date)> = differing.iter().map(beside).collect();
    // Without employments, the dates that are judged come from the punches.
    let ends = [(employee.first_punch, renewed.first_punch), (employee.last_punch, renewed.last_punch)];
    let moved = ends.into_iter().filter(|(old, new)| old != new).filter_map(|(old, new)| old.zip(new));
    dates.extend(moved.map(|(old, new)| (old.min(new), old.max(new))));
    for dates in dates {
        mark_known(write, company, employee, dates, now)?;
        mark_known(write, company, &renewed, dates, now)?;
    }
    Ok(())
}

/// One more on each side, where boundaries of dates may move (rules 17.2).
fn beside(range: &DateRange) -> (Date, Date) {
    (range.from.saturating_sub(1.day()), range.to.saturating_add(1.day()))
}
