//! Retention: how long the rows of each table stay, and the removal of those whose time is over.
//!
//! Invariants:
//! * Every table stands in [`STAYS`]; a test compares it with the schema.
//! * What is removed by age alone ([`Aged`]) is found in a read and removed by its key a few rows at a time, and only if it is still as
//!   old as it was found: a row that was used meanwhile stays.
//! * Evidence goes by whole closed months, on record ([`crate::chain`]); nothing here removes any.

use attendance::punch::Fingerprint;
use jiff::civil::Date;

use crate::engine::{Owned, Params, params};
use crate::parts::{Parted, Room};
use crate::statement::statements;
use crate::{Error, Read, Write};

statements! {
    DONE_JOBS = "SELECT id FROM job WHERE tenant = $1 AND ended_us < $2 AND state = 'done' ORDER BY id LIMIT $3";
    DROP_DONE_JOB = "DELETE FROM job WHERE tenant = $1 AND id = $2 AND ended_us < $3 AND state = 'done'";
    DEAD_JOBS = "SELECT id FROM job WHERE tenant = $1 AND ended_us < $2 AND state = 'dead' ORDER BY id LIMIT $3";
    DROP_DEAD_JOB = "DELETE FROM job WHERE tenant = $1 AND id = $2 AND ended_us < $3 AND state = 'dead'";
    COMMANDS = "SELECT id FROM terminal_command WHERE tenant = $1 AND expires_us < $2 ORDER BY id LIMIT $3";
    DROP_COMMAND = "DELETE FROM terminal_command WHERE tenant = $1 AND id = $2 AND expires_us < $3";
    READINGS = "SELECT date, serial FROM closeout WHERE tenant = $1 AND read_us < $2 AND missing = 0 ORDER BY date, serial LIMIT $3";
    DROP_READING = "DELETE FROM closeout WHERE tenant = $1 AND date = $2 AND serial = $3 AND read_us < $4 AND missing = 0";
    POLLS = "SELECT serial, began_us FROM terminal_poll WHERE tenant = $1 AND began_us < $2 ORDER BY began_us, serial LIMIT $3";
    DROP_POLL = "DELETE FROM terminal_poll WHERE tenant = $1 AND serial = $2 AND began_us = $3 AND began_us < $4";
    PLANS = "SELECT employee, date FROM planned_day WHERE tenant = $1 AND date < $2 ORDER BY employee, date LIMIT $3";
    DROP_PLAN = "DELETE FROM planned_day WHERE tenant = $1 AND employee = $2 AND date = $3 AND date < $4";
    SESSIONS = "SELECT token_hash FROM session WHERE tenant = $1 AND expires_us < $2 ORDER BY token_hash LIMIT $3";
    DROP_SESSION = "DELETE FROM session WHERE tenant = $1 AND token_hash = $2 AND expires_us < $3";
    INVITATIONS = "SELECT edge FROM invitation WHERE tenant = $1 AND expires_us < $2 ORDER BY edge LIMIT $3";
    DROP_INVITATION = "DELETE FROM invitation WHERE tenant = $1 AND edge = $2 AND expires_us < $3";
    ENVELOPES = "SELECT digest FROM envelope WHERE tenant = $1 AND last_us < $2 ORDER BY last_us, digest LIMIT $3";
    EMPTY_ENVELOPE = "UPDATE envelope SET parts = 0 WHERE tenant = $1 AND digest = $2 AND last_us < $3";
    DROP_ENVELOPE = "DELETE FROM envelope WHERE tenant = $1 AND digest = $2 AND last_us < $3";
    REPORTS = "SELECT import FROM import_report WHERE tenant = $1 AND at_us < $2 ORDER BY at_us, import LIMIT $3";
    EMPTY_REPORT = "UPDATE import_report SET parts = 0 WHERE tenant = $1 AND import = $2 AND at_us < $3";
    DROP_REPORT = "DELETE FROM import_report WHERE tenant = $1 AND import = $2 AND at_us < $3";
    ANSWERS = "SELECT caller, idempotency_key FROM answer WHERE tenant = $1 AND expires_us < $2 ORDER BY expires_us, caller, idempotency_key LIMIT $3";
    DROP_ANSWER = "DELETE FROM answer WHERE tenant = $1 AND caller = $2 AND idempotency_key = $3 AND expires_us < $4";
    NEXT_PUNCH = "SELECT fingerprint FROM punch WHERE tenant = $1 AND fingerprint >= $2 ORDER BY fingerprint LIMIT 1";
    PUNCHES_OF = "SELECT COUNT(*) FROM punch WHERE tenant = $1 AND fingerprint >= $2 AND fingerprint < $3";
    HELD_OF = "SELECT COUNT(*) FROM held_punch WHERE tenant = $1 AND fingerprint >= $2 AND fingerprint < $3";
}

/// How long the rows of a table stay.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stays {
    /// With the punches of their month: that is closed, and erased as a whole.
    Month,
    /// For so long as the company says.
    Aged(Aged),
    /// For ever: pay records, decisions, the audit trail and the chain itself.
    Ever,
    /// As long as the thing that they describe: until somebody takes that away.
    InUse,
    /// Until the work is done that they stand for.
    Work,
}

/// Every table, and how long its rows stay.
pub const STAYS: &[(&str, Stays)] = &[
    ("account", Stays::InUse),
    ("answer", Stays::Aged(Aged::Answers)),
    ("arrival", Stays::Work),
    ("audit", Stays::Ever),
    ("closeout", Stays::Aged(Aged::Readings)),
    ("counter", Stays::InUse),
    ("day", Stays::Ever),
    ("day_exception", Stays::Ever),
    ("delta", Stays::Ever),
    ("department", Stays::InUse),
    ("differing_copy", Stays::Month),
    ("dirty_week", Stays::Work),
    ("dismissed_punch", Stays::Month),
    ("dismissed_user", Stays::InUse),
    ("doubted_receipt", Stays::Month),
    ("edge", Stays::InUse),
    ("employee", Stays::InUse),
    ("employee_place", Stays::InUse),
    ("employment", Stays::InUse),
    ("envelope", Stays::Aged(Aged::Envelopes)),
    ("envelope_part", Stays::Aged(Aged::Envelopes)),
    ("erasing", Stays::Work),
    ("erasure", Stays::Ever),
    ("fact", Stays::Ever),
    ("held_punch", Stays::Month),
    ("import_report", Stays::Aged(Aged::Reports)),
    ("import_report_part", Stays::Aged(Aged::Reports)),
    ("invitation", Stays::Aged(Aged::Invitations)),
    ("job", Stays::Aged(Aged::DoneJobs)),
    ("lateness", Stays::Ever),
    ("lateness_sum", Stays::Ever),
    ("locked_period", Stays::Ever),
    ("next_token", Stays::InUse),
    // What a sink was told is known as long as the sink is: a changed day goes on counting.
    ("outbox", Stays::InUse),
    ("outbox_event", Stays::Work),
    ("planned_day", Stays::Aged(Aged::Plans)),
    ("posted_delta", Stays::Ever),
    ("punch", Stays::Month),
    // What was brought, by whom, and what became of it in sum.
    ("punch_import", Stays::Ever),
    ("punch_statement", Stays::Month),
    ("replay", Stays::Work),
    ("resolved_punch", Stays::Month),
    ("seal", Stays::Ever),
    ("secret", Stays::InUse),
    ("session", Stays::Aged(Aged::Sessions)),
    ("setting", Stays::InUse),
    ("sink", Stays::InUse),
    ("site", Stays::InUse),
    ("site_zone", Stays::InUse),
    ("source", Stays::InUse),
    ("source_page", Stays::InUse),
    // What was held of a date: a terminal that still has those punches is not asked for them again.
    ("stored_day", Stays::Ever),
    ("terminal", Stays::InUse),
    ("terminal_command", Stays::Aged(Aged::Commands)),
    ("terminal_contact", Stays::InUse),
    ("terminal_poll", Stays::Aged(Aged::Polls)),
    ("terminal_reading", Stays::InUse),
    ("terminal_site", Stays::InUse),
    ("terminal_user", Stays::InUse),
    ("token", Stays::InUse),
    ("user_number", Stays::InUse),
];

/// What is removed by its age alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Aged {
    /// Jobs that are done, since they ended.
    DoneJobs,
    /// Jobs that are dead, since they ended.
    DeadJobs,
    /// Commands to terminals and their results, since they expired: none of them is delivered any more.
    Commands,
    /// What terminals told of a date, since they told it last; a date that lacks punches stays.
    Readings,
    /// How readings of terminals ended, since they began.
    Polls,
    /// Plans, since their date.
    Plans,
    /// Sessions, since they expired.
    Sessions,
    /// Codes for edges that nobody used, since they expired.
    Invitations,
    /// Imported files as they came, since they came last.
    Envelopes,
    /// What became of each row of an import, since then.
    Reports,
    /// What writes were answered that named a key, since that expired.
    Answers,
}

impl Aged {
    /// All of it.
    pub const ALL: [Self; 11] = [
        Self::DoneJobs,
        Self::DeadJobs,
        Self::Commands,
        Self::Readings,
        Self::Polls,
        Self::Plans,
        Self::Sessions,
        Self::Invitations,
        Self::Envelopes,
        Self::Reports,
        Self::Answers,
    ];

    /// The statement that finds keys, and the one that removes the row of a key.
    const fn statements(self) -> (&'static str, &'static str) {
        match self {
            Self::DoneJobs => (DONE_JOBS, DROP_DONE_JOB),
            Self::DeadJobs => (DEAD_JOBS, DROP_DEAD_JOB),
            Self::Commands => (COMMANDS, DROP_COMMAND),
            Self::Readings => (READINGS, DROP_READING),
            Self::Polls => (POLLS, DROP_POLL),
            Self::Plans => (PLANS, DROP_PLAN),
            Self::Sessions => (SESSIONS, DROP_SESSION),
            Self::Invitations => (INVITATIONS, DROP_INVITATION),
            Self::Envelopes => (ENVELOPES, DROP_ENVELOPE),
            Self::Reports => (REPORTS, DROP_REPORT),
            Self::Answers => (ANSWERS, DROP_ANSWER),
        }
    }

    /// What has parts, which go before it; and the statement that says of one that is still old that not all of them are there any more.
    const fn parted(self) -> Option<(Parted, &'static str)> {
        match self {
            Self::Envelopes => Some((Parted::File, EMPTY_ENVELOPE)),
            Self::Reports => Some((Parted::Report, EMPTY_REPORT)),
            _ => None,
        }
    }

    const fn key_columns(self) -> usize {
        match self {
            Self::Readings | Self::Polls | Self::Plans | Self::Answers => 2,
            _ => 1,
        }
    }

    /// The limit as the column of the age is written.
    fn limit(self, before: Before) -> Owned {
        match self {
            Self::Plans => Owned::Text(before.date.to_string()),
            _ => Owned::Number(before.at_us),
        }
    }
}

/// What is older goes: an instant, and the company's date of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Before {
    /// Microseconds UTC.
    pub at_us: i64,
    /// For what has a date only.
    pub date: Date,
}

/// Keys of rows that were found to be old.
#[derive(Debug)]
pub struct Old {
    aged: Aged,
    limit: Owned,
    keys: Vec<Vec<Owned>>,
}

impl Old {
    /// How many.
    pub const fn len(&self) -> usize {
        self.keys.len()
    }

    /// Whether nothing is old.
    pub const fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }
}

/// What a removal of old rows did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Forgotten {
    /// Rows that went; of what has parts, those that went with all of them.
    pub rows: u64,
    /// Whether that is all: of a large file only so many parts go in one transaction, and it is found again.
    pub is_all: bool,
}

/// A range of punches by the hour that terminals printed: from the hour of one second on until that of another (since 1970).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hours {
    /// The first second.
    pub from: i64,
    /// The second after the last.
    pub to: i64,
}

impl Read<'_> {
    /// What is older than a limit, so many at most.
    ///
    /// # Errors
    /// Of the store.
    pub fn old(&self, aged: Aged, before: Before, most: u32) -> Result<Old, Error> {
        let limit = aged.limit(before);
        let keys = self.all(aged.statements().0, &[&self.tenant, &limit, &most], |row| {
            (0..aged.key_columns()).map(|column| Ok(Owned::from(row.value(column)?))).collect()
        })?;
        Ok(Old { aged, limit, keys })
    }

    /// The printed hour of the first punch that was printed in the hour of a second or later, as seconds since 1970.
    ///
    /// # Errors
    /// Of the store.
    pub fn next_printed_hour(&self, from: i64) -> Result<Option<i64>, Error> {
        let from = Fingerprint::first_of_hour(from).0;
        self.one(NEXT_PUNCH, params![self.tenant, from], |row| Ok(Fingerprint(row.get(0)?).hour()))
    }

    /// How many punches were printed in some hours, and how many of them are held.
    ///
    /// # Errors
    /// Of the store.
    pub fn punches_of_hours(&self, hours: Hours) -> Result<(u64, u64), Error> {
        let [from, to] = [hours.from, hours.to].map(|second| Fingerprint::first_of_hour(second).0);
        let count = |sql| self.one(sql, params![self.tenant, from, to], |row| row.get(0));
        Ok((count(PUNCHES_OF)?.unwrap_or(0), count(HELD_OF)?.unwrap_or(0)))
    }
}

impl Write<'_> {
    /// Removes what was found to be old and still is.
    ///
    /// # Errors
    /// Of the store.
    pub fn forget_old(&self, old: &Old) -> Result<Forgotten, Error> {
        let (mut rows, mut room) = (0, Room::of_a_transaction());
        for key in &old.keys {
            let mut values: Vec<&dyn crate::engine::Param> = vec![&self.tenant];
            values.extend(key.iter().map(|part| part as &dyn crate::engine::Param));
            values.push(&old.limit);
            let values: Params<'_> = &values;
            if let (Some((parted, empty)), Some(whose)) = (old.aged.parted(), key.first()) {
                if self.run(empty, values)? == 0 {
                    continue;
                }
                if !self.drop_parts(parted, whose, &mut room)? {
                    return Ok(Forgotten { rows, is_all: false });
                }
            }
            rows += self.run(old.aged.statements().1, values)? as u64;
        }
        Ok(Forgotten { rows, is_all: true })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::moving::TABLES;

    #[test]
    fn of_every_table_it_is_known_how_long_its_rows_stay() {
        let known: Vec<&str> = STAYS.iter().map(|(table, _)| *table).collect();
        assert_eq!(known, TABLES, "say in STAYS how long the rows of a new table stay, and in docs/retention.md");
    }
}
