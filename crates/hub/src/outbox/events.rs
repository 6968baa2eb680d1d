//! What happened to a day, for sinks that hear of each revision: noted with what is known of the day, in the transaction that writes it.

use std::collections::btree_map::{BTreeMap, Entry};

use jiff::Timestamp;
use jiff::civil::Date;
use serde_json::json;
use store::Write;
use store::days::Day;
use store::outbox_events::Event;
use store::people::Employee;

use super::letter::{fields, time};
use super::{Mode, SinkSettings, Standing};
use crate::Error;
use crate::company::Company;
use crate::keep::record;
use crate::zones::zones_of;

/// It is told for the first time, or again after it was withdrawn.
const JUDGED: &str = "day.judged";
/// It is another than the one that was told.
const CHANGED: &str = "day.changed";
/// There is nothing to be told of it any more.
const WITHDRAWN: &str = "day.withdrawn";

/// What happens to a day, given the last that happened; `None` when there is nothing to tell.
fn what_happens(standing: Standing, last: Option<&str>) -> Option<&'static str> {
    let is_told = last.is_some_and(|last| last != WITHDRAWN);
    match (standing, is_told) {
        (Standing::Told, false) => Some(JUDGED),
        (Standing::Told, true) => Some(CHANGED),
        (Standing::Gone, true) => Some(WITHDRAWN),
        (Standing::Gone, false) | (Standing::Deferred, _) => None,
    }
}

/// Writes down what is known, in one transaction. What it needs is looked up once.
#[derive(Debug, Default)]
pub(super) struct Scribe {
    company: Option<Company>,
    people: BTreeMap<i64, Option<Employee>>,
}

impl Scribe {
    /// Notes what a day is now; whether there is something to tell of it.
    pub(super) fn note(
        &mut self,
        write: &Write<'_>,
        sink: &str,
        key: (i64, Date),
        (standing, day): (Standing, Option<&Day>),
        seq: &mut Option<i64>,
        now: Timestamp,
    ) -> Result<bool, Error> {
        let known = write.outbox_entries(sink, &[key])?.pop().flatten();
        let last = known.as_ref().and_then(|entry| entry.event.as_deref());
        let Some(event) = what_happens(standing, last) else { return Ok(false) };
        let (employee, date) = key;
        let employee = match self.people.entry(employee) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(place) => place.insert(write.employee(employee)?),
        };
        let Some(employee) = employee else { return Ok(false) };
        let company = match &mut self.company {
            Some(company) => company,
            none => none.insert(Company::load(write)?),
        };
        let told = day.filter(|_| standing == Standing::Told).map(record).transpose()?;
        let number = seq.map_or_else(|| write.next_outbox_seq(), Ok)?;
        *seq = Some(number);
        let revision = write.tell(sink, key, number, now.as_microsecond())?;
        let mut fields = fields(write, company, employee, date, told.as_ref())?;
        let noted = time(now.as_second(), zones_of(write, company, employee)?.on(date));
        for (name, value) in [("event", json!(event)), ("revision", json!(revision)), ("noted_at", noted)] {
            fields.insert(name.to_owned(), value);
        }
        let fields = serde_json::Value::Object(fields).to_string();
        write.note_event(sink, key, number, &Event { revision, event: event.to_owned(), fields })?;
        Ok(true)
    }
}

/// A sink has another mode from now on than with its settings before. What waited, or had failed, waits as it is now, under a revision of
/// its own; how many days.
pub(super) fn switch(
    write: &Write<'_>,
    sink: &str,
    (before, settings): (&SinkSettings, &SinkSettings),
    now: Timestamp,
) -> Result<u64, Error> {
    let untold = write.untold_days(sink)?;
    if settings.mode == Mode::State {
        write.end_events(sink, now.as_microsecond())?;
        return Ok(untold.len() as u64);
    }
    write.begin_events(sink)?;
    note_withdrawn(write, sink, before)?;
    let mut scribe = Scribe::default();
    let mut turned = 0;
    for key in untold {
        let day = write.days_of(key.0, key.1, key.1)?.pop();
        let standing = Standing::of(day.as_ref(), settings)?;
        // A number each: they go in the order in which they waited.
        if scribe.note(write, sink, key, (standing, day.as_ref()), &mut None, now)? {
            turned += 1;
        } else {
            write.withhold(sink, key)?;
        }
    }
    Ok(turned)
}

/// Notes of the days that a receiver knows to be gone that they are withdrawn: it was told so as of all that it takes, by the settings of then.
/// What was told last of a day that waits is not known any more; it counts as judged.
fn note_withdrawn(write: &Write<'_>, sink: &str, before: &SinkSettings) -> Result<(), Error> {
    for of_one in write.days_in_step(sink)?.chunk_by(|one, next| one.0 == next.0) {
        let dates = || of_one.iter().map(|(_, date)| *date);
        let (Some((employee, _)), Some(first), Some(last)) = (of_one.first(), dates().min(), dates().max()) else {
            continue;
        };
        let days = write.days_of(*employee, first, last)?;
        let days: BTreeMap<Date, &Day> = days.iter().map(|day| (day.date, day)).collect();
        for key in of_one {
            if Standing::of(days.get(&key.1).copied(), before)? == Standing::Gone {
                write.last_event(sink, *key, Some(WITHDRAWN))?;
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_is_judged_changed_withdrawn_and_judged_again() {
        let mut last = None;
        for (standing, event) in [
            (Standing::Deferred, None),
            (Standing::Gone, None),
            (Standing::Told, Some(JUDGED)),
            (Standing::Deferred, None),
            (Standing::Told, Some(CHANGED)),
            (Standing::Gone, Some(WITHDRAWN)),
            (Standing::Gone, None),
            (Standing::Told, Some(JUDGED)),
        ] {
            assert_eq!(what_happens(standing, last), event);
            last = event.or(last);
        }
    }
}
