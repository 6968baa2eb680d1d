//! The records of a sink as a list, and what a person asks for of one.

use jiff::Timestamp;
use jiff::civil::Date;
use store::outbox::Entry;
use store::outbox_list::RecordQuery;
use store::people::Employee;

use super::desk::sink;
use super::{EntryRow, EntryState};
use crate::registry::employee;
use crate::resolve::instant;
use crate::{Actor, Error, Hub};

/// Which records to list. Empty fields do not filter.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RecordFilter {
    /// Name of the sink.
    pub sink: String,
    /// Where they are.
    pub state: Option<EntryState>,
    /// Employee code.
    pub employee: Option<String>,
    /// First date.
    pub from: Option<Date>,
    /// Last date, inclusive.
    pub to: Option<Date>,
    /// The other way round.
    pub descending: bool,
    /// Rows left out at the start.
    pub offset: u32,
    /// Most rows; 0 is no limit.
    pub limit: u32,
}

/// A part of the list of records.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RecordList {
    /// The records.
    pub rows: Vec<EntryRow>,
    /// Records that match without offset and limit.
    pub total: u64,
}

impl Hub {
    /// The records that a filter asks for, by employee.
    ///
    /// # Errors
    /// [`Error::NotFound`] for an unknown sink.
    pub fn sink_records(&self, filter: &RecordFilter) -> Result<RecordList, Error> {
        self.store.read(|read| {
            sink(read, &filter.sink)?;
            let person = match filter.employee.as_deref().map(|code| employee(read, code)).transpose() {
                // Nobody has that code, and so no records.
                Err(Error::NotFound(_)) => return Ok(RecordList::default()),
                person => person?.map(|person| person.id),
            };
            let query = RecordQuery {
                sink: filter.sink.clone(),
                state: filter.state.map(|state| state.word().to_owned()),
                employee: person,
                from: filter.from,
                to: filter.to,
                descending: filter.descending,
                offset: filter.offset,
                limit: filter.limit,
            };
            let (records, total) = read.list_records(&query)?;
            let ids: Vec<i64> = records.iter().map(|entry| entry.employee).collect();
            let people = read.employees_of(&ids)?.into_iter();
            let rows = records.into_iter().zip(people).map(|(entry, person)| row(entry, person));
            Ok(RecordList { rows: rows.collect::<Result<_, Error>>()?, total })
        })
    }

    /// Lets one failed record wait again, without attempts.
    ///
    /// # Errors
    /// [`Error::NotFound`] for an unknown sink or employee; [`Error::Invalid`] for a record that has not failed.
    pub fn requeue_record(
        &self,
        actor: &Actor,
        name: &str,
        (code, date): (&str, Date),
        now: Timestamp,
    ) -> Result<(), Error> {
        self.store.write(|write| {
            sink(write, name)?;
            let person = employee(write, code)?;
            if !write.requeue(name, (person.id, date))? {
                let what = format!("the record of {code} on {date} has not failed for good");
                return Err(Error::invalid(what, "only a failed one is asked for again; others wait, or are there"));
            }
            Ok(write.audit(&actor.entry(now, "sink.requeue", name, format!("{code} {date}")))?)
        })
    }
}

fn row(entry: Entry, person: Option<Employee>) -> Result<EntryRow, Error> {
    let unknown = || Error::Damaged { what: "record", detail: format!("of {} is {}", entry.date, entry.state) };
    Ok(EntryRow {
        state: EntryState::of(&entry.state).ok_or_else(unknown)?,
        code: person.map_or_else(String::new, |person| person.code),
        date: entry.date,
        revision: entry.revision,
        attempts: entry.attempts,
        tried: entry.tried_us.map(instant),
        sent: entry.sent_us.map(instant),
        receipt: entry.receipt,
    })
}
