//! The records of a sink as a list, and what a person asks for of one.

use jiff::Timestamp;
use jiff::civil::Date;
use store::outbox_list::{RecordOrder, RecordQuery};

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
    /// Order.
    pub sort: RecordOrder,
    /// The other way round.
    pub descending: bool,
    /// Rows left out at the start.
    pub offset: u32,
    /// Most rows; 0 is no limit.
    pub limit: u32,
}

/// A part of the list of records.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordList {
    /// The records.
    pub rows: Vec<EntryRow>,
    /// Records that match without offset and limit.
    pub total: u64,
}

impl Hub {
    /// The records that a filter asks for.
    ///
    /// # Errors
    /// [`Error::NotFound`] for an unknown sink.
    pub fn sink_records(&self, filter: &RecordFilter) -> Result<RecordList, Error> {
        let query = RecordQuery {
            sink: filter.sink.clone(),
            state: filter.state.map(|state| state.word().to_owned()),
            employee: filter.employee.clone(),
            from: filter.from,
            to: filter.to,
            order: filter.sort,
            descending: filter.descending,
            offset: filter.offset,
            limit: filter.limit,
        };
        let (records, total) = self.store.read(|read| {
            sink(read, &query.sink)?;
            Ok::<_, Error>(read.list_records(&query)?)
        })?;
        let row = |(entry, code): (store::outbox::Entry, String)| {
            let unknown =
                || Error::Damaged { what: "record", detail: format!("{code} {} is {}", entry.date, entry.state) };
            Ok(EntryRow {
                state: EntryState::of(&entry.state).ok_or_else(unknown)?,
                code,
                date: entry.date,
                revision: entry.revision,
                attempts: entry.attempts,
                tried: entry.tried_us.map(instant),
                sent: entry.sent_us.map(instant),
                receipt: entry.receipt,
            })
        };
        Ok(RecordList { rows: records.into_iter().map(row).collect::<Result<_, Error>>()?, total })
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
