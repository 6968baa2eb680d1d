//! Lists and details for pages, tables and exports.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};

use attendance::{DateRange, DayRecord, Zones};
use jiff::Timestamp;
use jiff::civil::Date;
use store::Read;
use store::day_list::{DayQuery, ListedDay, Order};
use store::punch_list::{ListedPunch, PunchQuery};
use store::terminals::push_key_place;

use crate::company::Company;
use crate::employment::Employments;
use crate::facts::Facts;
use crate::numbers::Number;
use crate::resolve::instant;
use crate::view::{
    DayDetail, DayFilter, DayList, DayRow, DaySort, EmployeeRow, HeldGroup, HeldReason, PunchFilter, PunchRow,
    TerminalRow,
};
use crate::zones::ZoneBook;
use crate::{Error, Hub};

/// Punches and how many there are in all.
#[derive(Clone, Debug)]
pub struct PunchList {
    /// The rows of this page.
    pub rows: Vec<PunchRow>,
    /// Rows that match without offset and limit.
    pub total: u64,
}

impl Hub {
    /// The days that a filter asks for.
    ///
    /// # Errors
    /// Of the store.
    pub fn days(&self, filter: &DayFilter) -> Result<DayList, Error> {
        self.store.read(|read| {
            let zone_book = ZoneBook::load(read, &Company::load(read)?)?;
            let mut zones = DayZones::new(&zone_book);
            let query = query(filter);
            let total = read.count_days(&query)?;
            let rows = read.list_days(&query, total)?;
            let rows = rows.into_iter().map(|row| zones.row(read, row)).collect::<Result<_, Error>>()?;
            Ok(DayList { rows, total })
        })
    }

    /// Hands on the days that a filter asks for, one after another, however many: all of one snapshot.
    ///
    /// # Errors
    /// Of the store, or the first of `take`.
    pub fn each_day(&self, filter: &DayFilter, mut take: impl FnMut(DayRow) -> Result<(), Error>) -> Result<(), Error> {
        self.store.read(|read| {
            let zone_book = ZoneBook::load(read, &Company::load(read)?)?;
            let mut zones = DayZones::new(&zone_book);
            let query = query(filter);
            let total = read.count_days(&query)?;
            read.each_day(&query, total, |row| take(zones.row(read, row)?))
        })
    }

    /// One day with its punches and the reason for each figure; `None` when there is no such employee, or nothing is
    /// stored for the date.
    ///
    /// # Errors
    /// Of the store.
    pub fn day(&self, code: &str, date: Date, now: Timestamp) -> Result<Option<DayDetail>, Error> {
        self.store.read(|read| {
            let Some(employee) = read.employee_by_code(code)? else { return Ok(None) };
            let only =
                DayQuery { from: Some(date), to: Some(date), employee: Some(code.to_owned()), ..DayQuery::default() };
            let Some(listed) = read.list_days(&only, Some(1))?.pop() else { return Ok(None) };
            let company = Company::load(read)?;
            let zone_book = ZoneBook::load(read, &company)?;
            let row = DayZones::new(&zone_book).row(read, listed)?;
            let range = DateRange { from: date, to: date };
            let (book, _) = company.rulebook(read, now)?;
            let Some(facts) = Facts::gather(read, (&company, &zone_book), &book, &employee, range, now)? else {
                return Ok(None);
            };
            let explained = attendance::explain(&book, &facts.person(), range, facts.moment(now)).pop();
            let Some((record, trace)) = explained else { return Ok(None) };
            let mut punches = Vec::new();
            for id in trace.punches.iter().filter_map(|punch| punch.id) {
                punches.extend(punch_rows(read, &PunchQuery { fingerprint: Some(id), ..PunchQuery::default() })?.0);
            }
            let is_locked = read.locks()?.iter().any(|lock| lock.first <= date && date <= lock.last);
            let is_stale = record != row.record;
            // Of a locked date the frozen record counts, whatever the facts say now.
            let row = if is_locked { row } else { DayRow { record, ..row } };
            Ok(Some(DayDetail { row, trace, punches, is_stale, is_locked }))
        })
    }

    /// The punches that a filter asks for, held ones included.
    ///
    /// # Errors
    /// Of the store.
    pub fn punches(&self, filter: &PunchFilter) -> Result<PunchList, Error> {
        let midnight = |date: Date| date.duration_since(Date::constant(1970, 1, 1)).as_secs();
        let query = PunchQuery {
            from_seconds: filter.from.map(midnight),
            to_seconds: filter.to.map(|date| midnight(date) + 86_400),
            employee: filter.employee.clone(),
            user: filter.user.clone(),
            origin: filter.terminal.clone(),
            held: filter.held.map(|reason| reason.word().to_owned()),
            newest_first: filter.newest_first,
            offset: filter.offset,
            limit: filter.limit,
            ..PunchQuery::default()
        };
        let (rows, total) = self.store.read(|read| punch_rows(read, &query))?;
        Ok(PunchList { rows, total })
    }

    /// Held punches in groups that one cure releases.
    ///
    /// # Errors
    /// Of the store.
    pub fn held(&self) -> Result<Vec<HeldGroup>, Error> {
        let (held, users, groups) =
            self.store.read(|read| Ok::<_, Error>((read.held_groups()?, read.terminal_users()?, groups(read)?)))?;
        let printed = |seconds: Option<i64>| {
            seconds.map_or_else(String::new, |s| attendance::punch::PrintedTime::Seconds(s).to_string())
        };
        // The name that a terminal of the same group gives.
        let of = |serial: &str| groups.get(serial).map_or("", String::as_str);
        let mut names: HashMap<Number, String> = HashMap::new();
        for user in users.into_iter().filter(|user| !user.name.is_empty()) {
            let name = names.entry(Number::at(of(&user.origin), &user.user)).or_default();
            *name = user.name.max(std::mem::take(name));
        }
        held.into_iter()
            .map(|group| {
                let number = Number::at(of(&group.origin), &group.user);
                let name = names.get(&number).cloned();
                Ok(HeldGroup {
                    number: number.to_string(),
                    reason: reason(&group.reason)?,
                    name_on_terminal: name,
                    count: group.count,
                    first: printed(group.first_seconds),
                    last: printed(group.last_seconds),
                    example: group.example,
                    origin: group.origin,
                    user: group.user,
                })
            })
            .collect()
    }

    /// The held punches of a group, up to `limit`.
    ///
    /// # Errors
    /// Of the store.
    pub fn held_punches(
        &self,
        reason: HeldReason,
        origin: &str,
        user: &str,
        limit: u32,
    ) -> Result<Vec<PunchRow>, Error> {
        let query = PunchQuery {
            held: Some(reason.word().to_owned()),
            origin: Some(origin.to_owned()),
            user: Some(user.to_owned()),
            limit,
            ..PunchQuery::default()
        };
        Ok(self.store.read(|read| punch_rows(read, &query))?.0)
    }

    /// All terminals by name.
    ///
    /// # Errors
    /// Of the store.
    pub fn terminals(&self) -> Result<Vec<TerminalRow>, Error> {
        let (terminals, zones, sites, sealed) = self.store.read(|read| {
            let terminals = read.terminals()?;
            let named: Vec<_> = terminals.iter().map(|(one, _)| (one.serial.as_str(), one.zone.as_deref())).collect();
            let zones = ZoneBook::load(read, &Company::load(read)?)?.terminals(read, &named)?;
            Ok::<_, Error>((terminals, zones, read.terminal_sites()?, read.sealed_secrets()?))
        })?;
        let sealed: HashSet<String> = sealed.into_iter().map(|(place, _)| place).collect();
        let mut sites_of: HashMap<String, Vec<_>> = HashMap::new();
        for at in sites {
            sites_of.entry(at.serial).or_default().push((at.from, at.site));
        }
        let rows = terminals.into_iter().zip(zones).map(|((terminal, contact), zones)| TerminalRow {
            sites: sites_of.remove(&terminal.serial).unwrap_or_default(),
            has_push_key: terminal.push_key_file.is_some() || sealed.contains(&push_key_place(&terminal.serial)),
            serial: terminal.serial,
            name: terminal.name,
            approved: terminal.is_approved,
            address: terminal.address,
            zones,
            via: crate::registry::via(&terminal.via),
            last_contact: contact.last_contact_us.map(instant),
            last_complete_read: contact.last_complete_read_us.map(instant),
            records_on_terminal: contact.records_on_terminal,
            punches: contact.punches,
            trouble: contact.trouble,
            clock: contact.clock,
            sets_clock: terminal.sets_clock,
            poll_minutes: terminal.poll_minutes,
            live: terminal.live,
            edge: contact.edge,
            number_group: terminal.number_group,
        });
        Ok(rows.collect())
    }

    /// The user numbers that belong on `date` to somebody who is employed then, each with their name (empty where unknown):
    /// what the terminals of a group should know. By number.
    ///
    /// # Errors
    /// Of the store.
    pub fn numbers_on(&self, group: &str, date: Date) -> Result<Vec<(String, String)>, Error> {
        let (people, numbers, employed) = self
            .store
            .read(|read| Ok::<_, Error>((read.employees()?, read.user_numbers()?, Employments::of_all(read)?)))?;
        let into: HashMap<i64, i64> = people.iter().filter_map(|one| Some((one.id, one.merged_into?))).collect();
        let is_employed = |one: &&store::people::Employee| employed.get(&one.id).is_none_or(|spans| spans.covers(date));
        let names: HashMap<i64, String> =
            people.iter().filter(is_employed).map(|one| (one.id, one.name.clone())).collect();
        let is_valid = |number: &store::people::UserNumber| {
            number.group == group && number.valid_from <= date && date <= number.valid_to
        };
        let named = |number: store::people::UserNumber| {
            let owner = into.get(&number.employee).copied().unwrap_or(number.employee);
            Some((number.number, names.get(&owner)?.clone()))
        };
        Ok(numbers.into_iter().filter(is_valid).filter_map(named).collect())
    }

    /// Code and name of all employees by code, if there are no more than so many; of more, nobody.
    ///
    /// # Errors
    /// Of the store.
    pub fn few_employees(&self, most: u32) -> Result<Vec<(String, String)>, Error> {
        let names = self.store.read(|read| read.employee_names(most + 1))?;
        Ok(if names.len() > most as usize { Vec::new() } else { names })
    }

    /// All employees by code, with where they belong today.
    ///
    /// # Errors
    /// Of the store.
    pub fn employees(&self, now: Timestamp) -> Result<Vec<EmployeeRow>, Error> {
        let (people, numbers, mut employed, places, company) = self.store.read(|read| {
            let (people, numbers, employed) = (read.employees()?, read.user_numbers()?, Employments::of_all(read)?);
            Ok::<_, Error>((people, numbers, employed, read.places()?, Company::load(read)?))
        })?;
        let today = now.to_zoned(company.time_zone()?).date();
        let mut place_of = crate::places::on(places, today);
        let mut of: HashMap<i64, Vec<String>> = HashMap::new();
        for number in numbers {
            of.entry(number.employee).or_default().push(crate::numbers::of(&number).to_string());
        }
        of.values_mut().for_each(Vec::dedup);
        let codes: HashMap<i64, String> = people.iter().map(|one| (one.id, one.code.clone())).collect();
        let mut place = |id: i64| place_of.remove(&id).map(|place| (place.site, place.department)).unzip();
        let placed = people.into_iter().map(|employee| (place(employee.id), employee)).collect::<Vec<_>>();
        let rows = placed.into_iter().map(|((site, department), employee)| EmployeeRow {
            site: site.flatten(),
            department: department.flatten(),
            is_employed: employee.merged_into.is_none()
                && employed.get(&employee.id).is_none_or(|spans| spans.covers(today)),
            employments: employed.remove(&employee.id).map(|spans| spans.told()).unwrap_or_default(),
            merged_into: employee.merged_into.and_then(|into| codes.get(&into).cloned()),
            numbers: of.remove(&employee.id).unwrap_or_default().join(", "),
            code: employee.code,
            name: employee.name,
            confirmed: employee.is_confirmed,
            from: employee.employed_from,
            to: employee.employed_to,
        });
        Ok(rows.collect())
    }
}

/// The group of each terminal that is in one with a name, by serial.
pub(crate) fn groups(read: &Read<'_>) -> Result<HashMap<String, String>, store::Error> {
    let terminals = read.terminals()?.into_iter().map(|(terminal, _)| (terminal.serial, terminal.number_group));
    Ok(terminals.filter(|(_, group)| !group.is_empty()).collect())
}

fn query(filter: &DayFilter) -> DayQuery {
    DayQuery {
        from: filter.from,
        to: filter.to,
        employee: filter.employee.clone(),
        exception: filter.exception.clone(),
        status: filter.status.clone(),
        synced: filter.synced,
        order: match filter.sort {
            DaySort::Date => Order::Date,
            DaySort::Employee => Order::Employee,
            DaySort::Worked => Order::Worked,
            DaySort::Tardy => Order::Tardy,
        },
        descending: filter.descending,
        after: filter.after.clone(),
        offset: filter.offset,
        limit: filter.limit,
    }
}

/// The zones of the people of a list of days, as they come.
struct DayZones<'a> {
    book: &'a ZoneBook,
    known: HashMap<i64, Zones>,
}

impl<'a> DayZones<'a> {
    fn new(book: &'a ZoneBook) -> Self {
        Self { book, known: HashMap::new() }
    }

    /// A day as it is shown, in the zone of its date.
    fn row(&mut self, read: &Read<'_>, listed: ListedDay) -> Result<DayRow, Error> {
        let record: DayRecord = serde_json::from_str(&listed.day.record)
            .map_err(|error| Error::Damaged { what: "day record", detail: error.to_string() })?;
        let zones = match self.known.entry(listed.day.employee) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(place) => {
                place.insert(self.book.employee_of(read, listed.day.employee, listed.zone.as_deref())?)
            }
        };
        let zone = zones.on(record.date).clone();
        let name = if listed.name.is_empty() { listed.code.clone() } else { listed.name };
        Ok(DayRow { code: listed.code, name, zone, record, revision: listed.day.revision })
    }
}

fn punch_rows(read: &Read<'_>, query: &PunchQuery) -> Result<(Vec<PunchRow>, u64), Error> {
    let (rows, total) = read.list_punches(query)?;
    Ok((rows.into_iter().map(punch_row).collect::<Result<_, Error>>()?, total))
}

fn punch_row(listed: ListedPunch) -> Result<PunchRow, Error> {
    let said = listed.stored.said;
    let printed =
        if said.is_unreadable() { String::from_utf8_lossy(&said.original).into_owned() } else { said.time.to_string() };
    Ok(PunchRow {
        fingerprint: listed.fingerprint,
        origin: said.origin,
        user: said.user,
        printed,
        state: said.state,
        verify: said.verify,
        channel: listed.stored.channel,
        received: instant(listed.stored.received_us),
        doubted: listed.doubted_us.map(instant),
        employee: listed.employee,
        at: listed.at_us.map(instant),
        held: listed.held.as_deref().map(reason).transpose()?,
    })
}

fn reason(word: &str) -> Result<HeldReason, Error> {
    HeldReason::from_word(word).ok_or_else(|| Error::Damaged { what: "held punch", detail: format!("reason {word}") })
}
