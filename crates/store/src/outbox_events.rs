//! The events of sinks that hear of every revision of a day: what was known of the day when each was noted, until it is taken.
//!
//! Invariants:
//! * The events of a day go in the order of their revisions, and none but the first of those that are left is marked.
//! * State, attempts and receipt are those of the day's row in the outbox: they count for its first event that is left.
//! * An event that was taken is removed in the transaction that marks its day.

use jiff::civil::Date;

use crate::engine::params;
use crate::outbox::{Entry, day_of, raised};
use crate::statement::statements;
use crate::{Error, Read, Write};

statements! {
    NOTE = "INSERT INTO outbox_event (tenant, sink, employee, date, revision, seq, event, fields) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
    IS_LAST = "UPDATE outbox SET event = $1 WHERE tenant = $2 AND sink = $3 AND employee = $4 AND date = $5";
    WAITING = "SELECT e.employee, e.date FROM outbox_event e JOIN outbox o
        ON o.tenant = e.tenant AND o.sink = e.sink AND o.employee = e.employee AND o.date = e.date
        WHERE e.tenant = $1 AND e.sink = $2 AND o.state = 'waiting' AND o.attempts >= $3 AND o.attempts <= $4
        AND e.employee NOT IN (SELECT p.employee FROM outbox p
            WHERE p.tenant = $1 AND p.sink = $2 AND p.state = 'waiting' AND p.attempts > $4 AND p.is_refused = 0)
        ORDER BY e.employee, e.seq, e.date, e.revision LIMIT $5";
    LEFT = "SELECT revision, event, fields FROM outbox_event WHERE tenant = $1 AND sink = $2 AND employee = $3 AND date = $4
        ORDER BY revision LIMIT $5 OFFSET $6";
    TRIED = "UPDATE outbox SET tried_us = $1 WHERE tenant = $2 AND sink = $3 AND employee = $4 AND date = $5";
    OFFER = "UPDATE outbox SET offered = $1 WHERE tenant = $2 AND sink = $3 AND employee = $4 AND date = $5 AND offered < $6";
    SENT = "UPDATE outbox SET sent = $1, sent_us = $2, receipt = $3, attempts = 0, state = CASE WHEN revision = $4 THEN 'sent' ELSE 'waiting' END
        WHERE tenant = $5 AND sink = $6 AND employee = $7 AND date = $8 AND sent < $9";
    DROP = "DELETE FROM outbox_event WHERE tenant = $1 AND sink = $2 AND employee = $3 AND date = $4 AND revision = $5";
    DROP_OF_DAY = "DELETE FROM outbox_event WHERE tenant = $1 AND sink = $2 AND employee = $3 AND date = $4";
    DROP_OF_SINK = "DELETE FROM outbox_event WHERE tenant = $1 AND sink = $2";
    FAILED = "UPDATE outbox SET attempts = attempts + 1, receipt = $1, is_refused = $2, state = CASE WHEN attempts + 1 >= $3 THEN 'failed' ELSE state END
        WHERE tenant = $4 AND sink = $5 AND employee = $6 AND date = $7 AND sent < $8 AND attempts = $9 AND state = 'waiting'";
    BEGIN = "UPDATE outbox SET event = 'day.judged' WHERE tenant = $1 AND sink = $2 AND offered > 0";
    END = concat!("UPDATE outbox SET event = NULL, digest = NULL, attempts = CASE WHEN state IN ('waiting', 'failed') THEN 0 ELSE attempts END,
        revision = CASE WHEN state IN ('waiting', 'failed') THEN ", raised!("$1"), " ELSE revision END,
        state = CASE WHEN state = 'failed' THEN 'waiting' ELSE state END WHERE tenant = $2 AND sink = $3");
    TOLD = "SELECT employee, date FROM outbox WHERE tenant = $1 AND sink = $2 AND state = 'sent' AND event IS NOT NULL ORDER BY employee, seq, date";
    UNTOLD = "SELECT employee, date FROM outbox WHERE tenant = $1 AND sink = $2 AND state IN ('waiting', 'failed') ORDER BY employee, seq, date";
}

/// An event that is to be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// The revision of the day.
    pub revision: i64,
    /// Word of what happened to the day.
    pub event: String,
    /// What was known of it then, as JSON.
    pub fields: String,
}

impl Read<'_> {
    /// The days of the events that wait to be sent to a sink, a day as often as it has events, in their order: by employee, and for each as
    /// they happened. Those of days that have so many failed attempts, from `least` to `most`; none of an employee of whom a day has failed
    /// for a time more often, so that nothing overtakes it.
    ///
    /// # Errors
    /// Of the store.
    pub fn waiting_events(&self, sink: &str, (least, most): (u32, u32), limit: u32) -> Result<Vec<(i64, Date)>, Error> {
        self.all(WAITING, params![self.tenant, sink, least, most, limit], day_of)
    }

    /// Of the events of a day that are left, the one after so many; `None` when there are no more.
    ///
    /// # Errors
    /// Of the store.
    pub fn event_left(&self, sink: &str, (employee, date): (i64, Date), after: u32) -> Result<Option<Event>, Error> {
        self.one(LEFT, params![self.tenant, sink, employee, date.to_string(), 1, after], |row| {
            Ok(Event { revision: row.get(0)?, event: row.get(1)?, fields: row.get(2)? })
        })
    }

    /// The days of which a sink that hears of events knows all that there is, by employee.
    ///
    /// # Errors
    /// Of the store.
    pub fn days_in_step(&self, sink: &str) -> Result<Vec<(i64, Date)>, Error> {
        self.all(TOLD, params![self.tenant, sink], day_of)
    }

    /// The days that wait to be sent to a sink, or failed.
    ///
    /// # Errors
    /// Of the store.
    pub fn untold_days(&self, sink: &str) -> Result<Vec<(i64, Date)>, Error> {
        self.all(UNTOLD, params![self.tenant, sink], day_of)
    }
}

impl Write<'_> {
    /// Notes an event of a day that was told ([`Write::tell`]).
    ///
    /// # Errors
    /// Of the store.
    pub fn note_event(&self, sink: &str, of: (i64, Date), seq: i64, event: &Event) -> Result<(), Error> {
        let (employee, date) = (of.0, of.1.to_string());
        let values = params![self.tenant, sink, employee, date, event.revision, seq, event.event, event.fields];
        self.run(NOTE, values)?;
        self.last_event(sink, of, Some(&event.event))
    }

    /// Notes that an event, by its word, was the last of a day; that there was none with `None`.
    ///
    /// # Errors
    /// Of the store.
    pub fn last_event(&self, sink: &str, (employee, date): (i64, Date), word: Option<&str>) -> Result<(), Error> {
        self.run(IS_LAST, params![word, self.tenant, sink, employee, date.to_string()]).map(drop)
    }

    /// Notes that events are about to be on their way: entries with the revisions of these.
    ///
    /// # Errors
    /// Of the store.
    pub fn offer_events(&self, sink: &str, entries: &[Entry], now_us: i64) -> Result<(), Error> {
        for entry in entries {
            let (revision, employee, date) = (entry.revision, entry.employee, entry.date.to_string());
            self.run(TRIED, params![now_us, self.tenant, sink, employee, date])?;
            self.run(OFFER, params![revision, self.tenant, sink, employee, date, revision])?;
        }
        Ok(())
    }

    /// Notes that a sink took an event: an entry with its revision.
    ///
    /// # Errors
    /// Of the store.
    pub fn mark_event_sent(&self, sink: &str, entry: &Entry, receipt: &str, now_us: i64) -> Result<(), Error> {
        let (revision, employee, date) = (entry.revision, entry.employee, entry.date.to_string());
        let values = params![revision, now_us, receipt, revision, self.tenant, sink, employee, date, revision];
        self.run(SENT, values)?;
        self.run(DROP, params![self.tenant, sink, employee, date, revision]).map(drop)
    }

    /// Counts a failed attempt at an event, an entry with its revision; after `most` of them its day is failed. One that was not refused may
    /// go another time, and holds up the employee's others until then.
    ///
    /// # Errors
    /// Of the store.
    pub fn mark_event_failed(
        &self,
        sink: &str,
        entry: &Entry,
        (is_refused, why): (bool, &str),
        most: u32,
    ) -> Result<(), Error> {
        let Entry { employee, date, revision, attempts, .. } = entry;
        let values = params![why, is_refused, most, self.tenant, sink, employee, date.to_string(), revision, attempts];
        self.run(FAILED, values).map(drop)
    }

    /// From now on a sink hears of events: days that it may know count as told.
    ///
    /// # Errors
    /// Of the store.
    pub fn begin_events(&self, sink: &str) -> Result<(), Error> {
        self.run(BEGIN, params![self.tenant, sink]).map(drop)
    }

    /// A sink hears of events no more: those that are left go, and the days of them, also those that had failed, wait as the sink's
    /// other days do, without attempts, under revisions that were never on their way.
    ///
    /// # Errors
    /// Of the store.
    pub fn end_events(&self, sink: &str, now_us: i64) -> Result<(), Error> {
        self.run(DROP_OF_SINK, params![self.tenant, sink])?;
        self.run(END, params![now_us, self.tenant, sink]).map(drop)
    }

    pub(crate) fn drop_events(&self, sink: &str, (employee, date): (i64, &str)) -> Result<(), Error> {
        self.run(DROP_OF_DAY, params![self.tenant, sink, employee, date]).map(drop)
    }
}
