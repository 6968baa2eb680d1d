//! Sinks, and what each knows of a day and is to be told.
//!
//! Invariants:
//! * Of a sink, an employee and a date there is one row. Its `revision` only goes up, also over a day that vanished and came back: it is the
//!   instant of the change, or one more than before where that is not later. So it is also higher than all that was told before the sink was
//!   removed and added again, or by what a restored backup no longer knows ([`Write::doubt_outbox`]), and no other hub's number.
//! * What was sent is marked for the revision that was sent. A day that changed meanwhile stays to be sent, and what a stale sender
//!   failed at is not counted against it.
//! * An older revision that a receiver is known to have taken after a newer one makes the day be told again.

use jiff::civil::Date;

use crate::engine::{Row, list, params};
use crate::people::required_date;
use crate::statement::statements;
use crate::{Error, Read, Write};

/// The next revision of a row, given the instant.
macro_rules! raised {
    ($now:literal) => {
        concat!("CASE WHEN revision < ", $now, " THEN ", $now, " ELSE revision + 1 END")
    };
}
pub(crate) use raised;

macro_rules! columns {
    () => {
        "employee, date, revision, offered, sent, state, attempts, changed_us, tried_us, sent_us, digest, receipt, event"
    };
}

statements! {
    SINKS = "SELECT name, body, paused FROM sink WHERE tenant = $1 ORDER BY name";
    PUT_SINK = "INSERT INTO sink (tenant, name, body) VALUES ($1, $2, $3)
        ON CONFLICT (tenant, name) DO UPDATE SET body = excluded.body, paused = NULL";
    SINK_BODY = "UPDATE sink SET body = $1 WHERE tenant = $2 AND name = $3";
    PAUSE = "UPDATE sink SET paused = $1 WHERE tenant = $2 AND name = $3";
    DROP_SINK = "DELETE FROM sink WHERE tenant = $1 AND name = $2";
    SOME = "SELECT employee, date FROM outbox WHERE tenant = $1 AND sink = $2 ORDER BY employee, date LIMIT $3";
    DROP = "DELETE FROM outbox WHERE tenant = $1 AND sink = $2 AND employee = $3 AND date = $4";
    NEXT_SEQ = "INSERT INTO counter (tenant, name, value) VALUES ($1, 'outbox', 1)
        ON CONFLICT (tenant, name) DO UPDATE SET value = counter.value + 1 RETURNING value";
    GET = concat!("SELECT ", columns!(), " FROM outbox WHERE tenant = $1 AND sink = $2 AND employee = $3 AND date = $4");
    TELL = "INSERT INTO outbox (tenant, sink, employee, date, seq, revision, offered, sent, state, attempts, changed_us, receipt)
        VALUES ($1, $2, $3, $4, $5, $6, 0, 0, 'waiting', 0, $6, '') ON CONFLICT (tenant, sink, employee, date) DO UPDATE
        SET seq = excluded.seq, state = 'waiting', attempts = 0, changed_us = excluded.changed_us,
            revision = CASE WHEN outbox.revision < excluded.revision THEN excluded.revision ELSE outbox.revision + 1 END RETURNING revision";
    TELL_ANEW = concat!("UPDATE outbox SET revision = ", raised!("$1"), ", state = 'waiting', attempts = 0, digest = NULL, changed_us = $1
        WHERE tenant = $2 AND sink = $3 AND employee = $4 AND date = $5");
    DOUBT = concat!("UPDATE outbox SET digest = NULL, revision = CASE WHEN state IN ('waiting', 'failed') AND event IS NULL THEN ",
        raised!("$1"), " ELSE revision END WHERE tenant = $2 AND sink = $3");
    ANOTHER = concat!("UPDATE outbox SET digest = NULL, attempts = CASE WHEN state IN ('waiting', 'failed') THEN 0 ELSE attempts END,
        revision = CASE WHEN state IN ('waiting', 'failed') AND event IS NULL THEN ", raised!("$1"), " ELSE revision END,
        state = CASE WHEN state = 'sent' THEN 'withheld' WHEN state = 'failed' THEN 'waiting' ELSE state END WHERE tenant = $2 AND sink = $3");
    WITHHOLD = "UPDATE outbox SET state = 'withheld' WHERE tenant = $1 AND sink = $2 AND employee = $3 AND date = $4 AND state <> 'sent'";
    WAITING = "SELECT employee, date FROM outbox WHERE tenant = $1 AND sink = $2 AND state = 'waiting' AND attempts >= $3 AND attempts <= $4
        ORDER BY employee, seq, date LIMIT $5";
    IN_STATE = concat!("SELECT ", columns!(), " FROM outbox WHERE tenant = $1 AND sink = $2 AND state = $3 ORDER BY employee, seq, date LIMIT $4");
    RENEW = "UPDATE outbox SET revision = $1 WHERE tenant = $2 AND sink = $3 AND employee = $4 AND date = $5";
    OFFER = "UPDATE outbox SET offered = revision, digest = $1, tried_us = $2
        WHERE tenant = $3 AND sink = $4 AND employee = $5 AND date = $6 AND revision = $7";
    SENT = "UPDATE outbox SET sent = $1, sent_us = $2, receipt = $3,
        state = CASE WHEN revision = $4 THEN 'sent' ELSE state END, attempts = CASE WHEN revision = $5 THEN 0 ELSE attempts END
        WHERE tenant = $6 AND sink = $7 AND employee = $8 AND date = $9 AND sent < $10";
    OVERTAKEN = "UPDATE outbox SET revision = revision + 1, state = 'waiting', attempts = 0, digest = NULL
        WHERE tenant = $1 AND sink = $2 AND employee = $3 AND date = $4 AND sent > $5";
    FAILED = "UPDATE outbox SET attempts = attempts + 1, receipt = $1, state = CASE WHEN attempts + 1 >= $2 THEN 'failed' ELSE state END
        WHERE tenant = $3 AND sink = $4 AND employee = $5 AND date = $6 AND revision = $7 AND attempts = $8 AND state = 'waiting'";
    RECEIPT = "UPDATE outbox SET receipt = $1 WHERE tenant = $2 AND sink = $3 AND employee = $4 AND date = $5 AND sent < $6 AND state = 'waiting'";
    REQUEUE = "UPDATE outbox SET state = 'waiting', attempts = 0 WHERE tenant = $1 AND sink = $2 AND employee = $3 AND date = $4 AND state = 'failed'";
    COUNT_IN = "SELECT COUNT(*), COALESCE(MIN(changed_us), 0) FROM outbox WHERE tenant = $1 AND sink = $2 AND state = $3";
    TOLD_OF = "SELECT COUNT(*) FROM outbox WHERE tenant = $1 AND sink = $2 AND employee = $3 AND offered > 0";
    COUNTS = "SELECT state, COUNT(*), MIN(changed_us), COUNT(CASE WHEN attempts > 0 THEN 1 END) FROM outbox
        WHERE tenant = $1 AND sink = $2 GROUP BY state";
}

/// A sink.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sink {
    /// Its name.
    pub name: String,
    /// Its settings, as JSON.
    pub body: String,
    /// Why nothing is sent to it now.
    pub paused: Option<String>,
}

/// What a sink knows of a day, and is to be told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The employee's id.
    pub employee: i64,
    /// Work date.
    pub date: Date,
    /// Rises with each change that it is to hear of: the instant of it, microseconds UTC, or one more than before.
    pub revision: i64,
    /// The highest revision that was ever on its way; 0 for none.
    pub offered: i64,
    /// The highest that it took; 0 for none.
    pub sent: i64,
    /// Word of the state: `waiting`, `sent`, `failed`, `withheld`.
    pub state: String,
    /// Failed attempts at this revision.
    pub attempts: u32,
    /// When the day changed, microseconds UTC.
    pub changed_us: i64,
    /// When it was on its way last, microseconds UTC.
    pub tried_us: Option<i64>,
    /// When it was taken last, microseconds UTC.
    pub sent_us: Option<i64>,
    /// Digest of what was on its way last; `None` when that is not known.
    pub digest: Option<Vec<u8>>,
    /// What the receiver said last, in words.
    pub receipt: String,
    /// Word of the last event of the day, for a sink that hears of events.
    pub event: Option<String>,
}

/// How many days of a sink are in a state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EntryCount {
    /// Word of the state.
    pub state: String,
    /// How many.
    pub count: u64,
    /// When the first of them changed, microseconds UTC.
    pub oldest_us: i64,
    /// How many have failed attempts.
    pub tried: u64,
}

pub(crate) fn entry(row: &Row<'_>) -> Result<Entry, Error> {
    Ok(Entry {
        employee: row.get(0)?,
        date: required_date(row, 1)?,
        revision: row.get(2)?,
        offered: row.get(3)?,
        sent: row.get(4)?,
        state: row.get(5)?,
        attempts: row.get(6)?,
        changed_us: row.get(7)?,
        tried_us: row.get(8)?,
        sent_us: row.get(9)?,
        digest: row.get(10)?,
        receipt: row.get(11)?,
        event: row.get(12)?,
    })
}

pub(crate) fn day_of(row: &Row<'_>) -> Result<(i64, Date), Error> {
    Ok((row.get(0)?, required_date(row, 1)?))
}

impl Read<'_> {
    /// The sinks, by name.
    ///
    /// # Errors
    /// Of the store.
    pub fn sinks(&self) -> Result<Vec<Sink>, Error> {
        self.all(SINKS, params![self.tenant], |row| {
            Ok(Sink { name: row.get(0)?, body: row.get(1)?, paused: row.get(2)? })
        })
    }

    /// What a sink knows of some days, in their order; `None` for one that it was never to hear of.
    ///
    /// # Errors
    /// Of the store.
    pub fn outbox_entries(&self, sink: &str, of: &[(i64, Date)]) -> Result<Vec<Option<Entry>>, Error> {
        let texts: Vec<(i64, String)> = of.iter().map(|(employee, date)| (*employee, date.to_string())).collect();
        self.one_each(
            GET,
            texts.iter().map(|(employee, date)| list![self.tenant, sink, *employee, date.as_str()]),
            entry,
        )
    }

    /// The days that wait to be sent to a sink and have so many failed attempts, from `least` to `most`: by employee, and for each in the
    /// order in which they changed.
    ///
    /// # Errors
    /// Of the store.
    pub fn waiting_in_outbox(
        &self,
        sink: &str,
        (least, most): (u32, u32),
        limit: u32,
    ) -> Result<Vec<(i64, Date)>, Error> {
        self.all(WAITING, params![self.tenant, sink, least, most, limit], day_of)
    }

    /// The days of a sink in a state, by employee.
    ///
    /// # Errors
    /// Of the store.
    pub fn outbox_in_state(&self, sink: &str, state: &str, limit: u32) -> Result<Vec<Entry>, Error> {
        self.all(IN_STATE, params![self.tenant, sink, state, limit], entry)
    }

    /// How many days of a sink are in a state, and when the first of them changed (microseconds UTC).
    ///
    /// # Errors
    /// Of the store.
    pub fn outbox_count(&self, sink: &str, state: &str) -> Result<(u64, i64), Error> {
        let count = self.one(COUNT_IN, params![self.tenant, sink, state], |row| Ok((row.get(0)?, row.get(1)?)))?;
        Ok(count.unwrap_or_default())
    }

    /// Of how many days of an employee a sink was told, or may have been.
    ///
    /// # Errors
    /// Of the store.
    pub fn days_told(&self, sink: &str, employee: i64) -> Result<u64, Error> {
        Ok(self.one(TOLD_OF, params![self.tenant, sink, employee], |row| row.get(0))?.unwrap_or_default())
    }

    /// How many days of a sink are in each state.
    ///
    /// # Errors
    /// Of the store.
    pub fn outbox_counts(&self, sink: &str) -> Result<Vec<EntryCount>, Error> {
        self.all(COUNTS, params![self.tenant, sink], |row| {
            Ok(EntryCount { state: row.get(0)?, count: row.get(1)?, oldest_us: row.get(2)?, tried: row.get(3)? })
        })
    }
}

impl Write<'_> {
    /// Keeps a sink, over the one of that name; it is not paused then.
    ///
    /// # Errors
    /// Of the store.
    pub fn put_sink(&self, name: &str, body: &str) -> Result<(), Error> {
        self.run(PUT_SINK, params![self.tenant, name, body]).map(drop)
    }

    /// Says otherwise how a sink is reached that is reached as before.
    ///
    /// # Errors
    /// Of the store.
    pub fn put_sink_body(&self, name: &str, body: &str) -> Result<(), Error> {
        self.run(SINK_BODY, params![body, self.tenant, name]).map(drop)
    }

    /// Pauses a sink for a reason, or lets it go on with `None`; whether there is one.
    ///
    /// # Errors
    /// Of the store.
    pub fn pause_sink(&self, name: &str, why: Option<&str>) -> Result<bool, Error> {
        Ok(self.run(PAUSE, params![why, self.tenant, name])? == 1)
    }

    /// Removes a sink; whether there was one. What it knows of days stays ([`Write::forget_outbox`]).
    ///
    /// # Errors
    /// Of the store.
    pub fn drop_sink(&self, name: &str) -> Result<bool, Error> {
        Ok(self.run(DROP_SINK, params![self.tenant, name])? == 1)
    }

    /// Forgets what a sink knows of some days, at most so many; of how many.
    ///
    /// # Errors
    /// Of the store.
    pub fn forget_outbox(&self, sink: &str, most: u32) -> Result<u64, Error> {
        let some = self.all(SOME, params![self.tenant, sink, most], day_of)?;
        for (employee, date) in &some {
            let date = date.to_string();
            self.drop_events(sink, (*employee, &date))?;
            self.run(DROP, params![self.tenant, sink, employee, date])?;
        }
        Ok(some.len() as u64)
    }

    /// A number for changes that become known together: higher than all before.
    ///
    /// # Errors
    /// Of the store.
    pub fn next_outbox_seq(&self) -> Result<i64, Error> {
        Ok(self.one(NEXT_SEQ, params![self.tenant], |row| row.get(0))?.unwrap_or_default())
    }

    /// A day is to be told to a sink: its next revision waits, which is returned.
    ///
    /// # Errors
    /// Of the store.
    pub fn tell(&self, sink: &str, (employee, date): (i64, Date), seq: i64, now_us: i64) -> Result<i64, Error> {
        let values = params![self.tenant, sink, employee, date.to_string(), seq, now_us];
        Ok(self.one(TELL, values, |row| row.get(0))?.unwrap_or_default())
    }

    /// As [`Write::tell`] of a day that the sink knows, also when nothing changed for it.
    ///
    /// # Errors
    /// Of the store.
    pub fn tell_anew(&self, sink: &str, (employee, date): (i64, Date), now_us: i64) -> Result<(), Error> {
        let values = params![now_us, self.tenant, sink, employee, date.to_string()];
        self.run(TELL_ANEW, values).map(drop)
    }

    /// Receivers may have taken more than is known here: a backup was restored. What waits goes under revisions of its own, but for events,
    /// which are what they were; and no day counts as unchanged for its receiver.
    ///
    /// # Errors
    /// Of the store.
    pub fn doubt_outbox(&self, now_us: i64) -> Result<(), Error> {
        for sink in self.sinks()? {
            self.run(DOUBT, params![now_us, self.tenant, sink.name])?;
        }
        Ok(())
    }

    /// Another receiver hears of a sink's days from now on, who has none of them: what was sent is withheld until it is told anew, and what
    /// waits or had failed waits without attempts, under revisions that the one before never had on their way; but for events, which are
    /// what they were.
    ///
    /// # Errors
    /// Of the store.
    pub fn change_receiver(&self, sink: &str, now_us: i64) -> Result<(), Error> {
        self.run(ANOTHER, params![now_us, self.tenant, sink]).map(drop)
    }

    /// A day is not to be told now, unless it was sent as it is.
    ///
    /// # Errors
    /// Of the store.
    pub fn withhold(&self, sink: &str, (employee, date): (i64, Date)) -> Result<(), Error> {
        self.run(WITHHOLD, params![self.tenant, sink, employee, date.to_string()]).map(drop)
    }

    /// Notes that what waits of a day is other than what was on its way under its revision: it is a revision of its own, which is returned.
    ///
    /// # Errors
    /// Of the store.
    pub fn renew(&self, sink: &str, entry: &Entry, now_us: i64) -> Result<i64, Error> {
        let revision = now_us.max(entry.revision + 1);
        self.run(RENEW, params![revision, self.tenant, sink, entry.employee, entry.date.to_string()])?;
        Ok(revision)
    }

    /// Notes that revisions of days are about to be on their way, with the digests that the entries hold.
    ///
    /// # Errors
    /// Of the store.
    pub fn offer(&self, sink: &str, entries: &[Entry], now_us: i64) -> Result<(), Error> {
        let texts: Vec<String> = entries.iter().map(|entry| entry.date.to_string()).collect();
        let lists = entries.iter().zip(&texts).map(|(entry, date)| {
            let digest = entry.digest.as_deref();
            list![digest, now_us, self.tenant, sink, entry.employee, date.as_str(), entry.revision]
        });
        self.run_each(OFFER, lists)
    }

    /// Notes that a sink took a revision of a day.
    ///
    /// # Errors
    /// Of the store.
    pub fn mark_sent(&self, sink: &str, entry: &Entry, receipt: &str, now_us: i64) -> Result<(), Error> {
        let (date, revision) = (entry.date.to_string(), entry.revision);
        let values =
            params![revision, now_us, receipt, revision, revision, self.tenant, sink, entry.employee, date, revision];
        if self.run(SENT, values)? == 0 {
            self.run(OVERTAKEN, params![self.tenant, sink, entry.employee, date, revision])?;
        }
        Ok(())
    }

    /// Counts a failed attempt at a revision of a day; after `most` of them it is failed. Of two workers that had the same one on its way,
    /// the second counts nothing.
    ///
    /// # Errors
    /// Of the store.
    pub fn mark_failed(&self, sink: &str, entry: &Entry, why: &str, most: u32) -> Result<(), Error> {
        let Entry { employee, date, revision, attempts, .. } = entry;
        let values = params![why, most, self.tenant, sink, employee, date.to_string(), revision, attempts];
        self.run(FAILED, values).map(drop)
    }

    /// Notes why a revision of a day was not taken, in words, without an attempt.
    ///
    /// # Errors
    /// Of the store.
    pub fn note_receipt(&self, sink: &str, entry: &Entry, why: &str) -> Result<(), Error> {
        let values = params![why, self.tenant, sink, entry.employee, entry.date.to_string(), entry.revision];
        self.run(RECEIPT, values).map(drop)
    }

    /// A failed day waits again; whether it was one.
    ///
    /// # Errors
    /// Of the store.
    pub fn requeue(&self, sink: &str, (employee, date): (i64, Date)) -> Result<bool, Error> {
        Ok(self.run(REQUEUE, params![self.tenant, sink, employee, date.to_string()])? == 1)
    }
}
