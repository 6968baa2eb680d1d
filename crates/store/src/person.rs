//! Everything that is stored of one person: to be handed out, and to be removed.
//!
//! Invariants:
//! * Each table with a column `employee` is looked at, also one that is added later: its rows are handed out, and they go when the person
//!   is erased, unless they are pay records ([`PAY`]).

use std::collections::HashSet;

use attendance::punch::Fingerprint;

use crate::audit::Entry;
use crate::chain::{Id, Kind};
use crate::engine::{Owned, Params, params};
use crate::moving::TABLES;
use crate::people::Employee;
use crate::statement::statements;
use crate::{Error, Read, Write};

statements! {
    PUNCHES = "SELECT fingerprint FROM resolved_punch WHERE tenant = $1 AND employee = $2 ORDER BY at_us, fingerprint";
    FACTS = "SELECT number, kind FROM fact WHERE tenant = $1 AND subject = $2 ORDER BY number";
    LAST_AUDIT = "SELECT COALESCE(MAX(number), 0) FROM audit WHERE tenant = $1";
    AUDIT = "SELECT number, at_us, actor, action, object, detail FROM audit WHERE tenant = $1 AND number > $2 ORDER BY number LIMIT 1000";
    NAMELESS = "UPDATE employee SET code = $1, name = '', is_confirmed = 1, zone = NULL, employed_from = NULL, employed_to = NULL,
        first_punch = NULL, last_punch = NULL, group_name = NULL, merged_into = NULL WHERE tenant = $2 AND id = $3";
}

/// Pay records: they stay for locked periods.
const PAY: &[&str] = &["day", "lateness", "lateness_sum", "posted_delta"];

/// A value of a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cell {
    /// Nothing.
    Null,
    /// A number; instants are microseconds UTC.
    Number(i64),
    /// A text.
    Text(String),
    /// Bytes.
    Bytes(Vec<u8>),
}

/// The rows of a table that are about a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// The table.
    pub table: &'static str,
    /// Its columns, by name.
    pub columns: Vec<String>,
    /// The rows.
    pub rows: Vec<Vec<Cell>>,
}

/// What of the evidence is a person's.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Traces {
    /// The punches that are theirs.
    pub punches: Vec<Fingerprint>,
    /// Number and kind of what was stated of them, in force or not.
    pub facts: Vec<(i64, String)>,
}

impl Read<'_> {
    /// What of the evidence is a person's: the punches that count for them, and what was stated of them.
    ///
    /// # Errors
    /// Of the store.
    pub fn traces_of(&self, employee: i64) -> Result<Traces, Error> {
        let subject = format!("employee:{employee}");
        Ok(Traces {
            punches: self.all(PUNCHES, params![self.tenant, employee], |row| row.get(0).map(Fingerprint))?,
            facts: self.all(FACTS, params![self.tenant, subject], |row| Ok((row.get(0)?, row.get(1)?)))?,
        })
    }

    /// Number of the last entry of the audit trail; 0 when there is none.
    ///
    /// # Errors
    /// Of the store.
    pub fn last_audit_entry(&self) -> Result<i64, Error> {
        Ok(self.one(LAST_AUDIT, params![self.tenant], |row| row.get(0))?.unwrap_or(0))
    }

    /// Walks the audit trail after a number: number and entry.
    ///
    /// # Errors
    /// Of the store.
    pub fn each_audit_entry(&self, mut after: i64, mut each: impl FnMut(i64, Entry)) -> Result<(), Error> {
        loop {
            let page = self.all(AUDIT, params![self.tenant, after], |row| {
                let entry = Entry {
                    at_us: row.get(1)?,
                    actor: row.get(2)?,
                    action: row.get(3)?,
                    object: row.get(4)?,
                    detail: row.get(5)?,
                };
                Ok((row.get::<i64>(0)?, entry))
            })?;
            let Some((last, _)) = page.last() else { return Ok(()) };
            after = *last;
            page.into_iter().for_each(|(number, entry)| each(number, entry));
        }
    }

    /// The rows of every table that are about a person, but for the audit trail.
    ///
    /// # Errors
    /// Of the store.
    pub fn parts_of(&self, employee: i64, traces: &Traces) -> Result<Vec<Part>, Error> {
        let mut parts = vec![self.part("employee", "id", &[&employee])?];
        for table in TABLES {
            if self.session.columns(table)?.iter().any(|column| column == "employee") {
                parts.push(self.part(table, "employee", &[&employee])?);
            }
        }
        parts.push(self.part("fact", "subject", &[&format!("employee:{employee}")])?);
        for table in ["punch", "held_punch", "dismissed_punch", "differing_copy", "doubted_receipt", "punch_statement"]
        {
            let keys: Vec<&dyn crate::engine::Param> = traces.punches.iter().map(|key| &key.0 as _).collect();
            parts.push(self.part(table, "fingerprint", &keys)?);
        }
        Ok(parts)
    }

    /// The rows of a table that hold one of some values in a column.
    fn part(&self, table: &'static str, column: &str, values: Params<'_>) -> Result<Part, Error> {
        let columns = self.session.columns(table)?;
        let sql = format!("SELECT {} FROM {table} WHERE tenant = $1 AND {column} = $2", columns.join(", "));
        let mut rows = Vec::new();
        for value in values {
            rows.extend(self.all(&sql, &[&self.tenant, *value], |row| {
                let cell = |column| {
                    Ok(match Owned::from(row.value(column)?) {
                        Owned::Null => Cell::Null,
                        Owned::Number(number) => Cell::Number(number),
                        Owned::Text(text) => Cell::Text(text),
                        Owned::Bytes(bytes) => Cell::Bytes(bytes),
                    })
                };
                (0..columns.len()).map(cell).collect::<Result<Vec<_>, Error>>()
            })?);
        }
        Ok(Part { table, columns, rows })
    }
}

impl Write<'_> {
    /// Forgets whose punches were: they are neither theirs, nor held, nor dismissed any more.
    ///
    /// # Errors
    /// Of the store.
    pub fn forget_interpretation(&self, of: &[Fingerprint]) -> Result<(), Error> {
        self.unresolve(of)?;
        self.release(of)
    }

    /// Removes what can be computed or was only registered of a person, all but pay records, and gives what is left another code.
    ///
    /// # Errors
    /// Of the store.
    pub fn make_nameless(&self, employee: &Employee, code: &str) -> Result<(), Error> {
        for table in TABLES.iter().filter(|table| !PAY.contains(table)) {
            if self.session.columns(table)?.iter().any(|column| column == "employee") {
                let sql = format!("DELETE FROM {table} WHERE tenant = $1 AND employee = $2");
                self.run(&sql, params![self.tenant, employee.id])?;
            }
        }
        self.run(NAMELESS, params![code, self.tenant, employee.id]).map(drop)
    }
}

impl Traces {
    /// Takes in what is not there yet.
    pub fn add(&mut self, other: Self) {
        let (punches, facts): (HashSet<_>, HashSet<_>) =
            (self.punches.iter().copied().collect(), self.facts.iter().cloned().collect());
        self.punches.extend(other.punches.into_iter().filter(|punch| !punches.contains(punch)));
        self.facts.extend(other.facts.into_iter().filter(|fact| !facts.contains(fact)));
    }

    /// The rows of what was stated of them. Of a fact its end goes with it.
    pub fn stated(&self) -> impl Iterator<Item = Id> + '_ {
        let both = |number: i64| [Kind::Fact, Kind::Withdrawal].map(|kind| Id::numbered(kind, number));
        self.facts.iter().flat_map(move |(number, _)| both(*number))
    }
}
