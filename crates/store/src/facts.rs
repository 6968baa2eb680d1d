//! What people stated about working time and about clocks: assignments, leave, offsite work, corrections, holidays, shifts of a
//! terminal's printed times.
//!
//! Invariants:
//! * A fact is never changed. Another body under the same key withdraws it and appends a new one; both stay.
//! * Of one subject and kind, one fact per key is in force.

use jiff::civil::Date;

use crate::chain::{Id, Kind};
use crate::engine::{Row, list, params};
use crate::people::required_date;
use crate::statement::statements;
use crate::{Error, Read, Write};

statements! {
    NEXT_NUMBER = "INSERT INTO counter (tenant, name, value) VALUES ($1, 'fact', 1)
        ON CONFLICT (tenant, name) DO UPDATE SET value = counter.value + 1 RETURNING value";
    STATE = "INSERT INTO fact (tenant, number, subject, kind, key, first_date, last_date, body, stated_us, actor, reason)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)";
    WITHDRAW = "UPDATE fact SET withdrawn_us = $1, withdrawn_by = $2 WHERE tenant = $3 AND number = $4 AND withdrawn_us IS NULL";
    GET = "SELECT number, subject, kind, key, first_date, last_date, body, stated_us, actor, reason, withdrawn_us, withdrawn_by
        FROM fact WHERE tenant = $1 AND number = $2";
    IN_FORCE = "SELECT number, subject, kind, key, first_date, last_date, body, stated_us, actor, reason, withdrawn_us, withdrawn_by
        FROM fact WHERE tenant = $1 AND subject = $2 AND kind = $3 AND key = $4 AND withdrawn_us IS NULL";
    KNOWN_AT = "SELECT number, subject, kind, key, first_date, last_date, body, stated_us, actor, reason, withdrawn_us, withdrawn_by
        FROM fact WHERE tenant = $1 AND subject = $2 AND last_date >= $3 AND first_date <= $4 AND stated_us <= $5
        AND (withdrawn_us IS NULL OR withdrawn_us > $6) ORDER BY number";
    OF_KIND = "SELECT number, subject, kind, key, first_date, last_date, body, stated_us, actor, reason, withdrawn_us, withdrawn_by
        FROM fact WHERE tenant = $1 AND kind = $2 AND last_date >= $3 AND first_date <= $4 AND withdrawn_us IS NULL
        ORDER BY first_date, subject, number";
    WITHDRAWN_OF_KIND = "SELECT number, subject, kind, key, first_date, last_date, body, stated_us, actor, reason, withdrawn_us, withdrawn_by
        FROM fact WHERE tenant = $1 AND number > $2 AND kind = $3 AND withdrawn_us IS NOT NULL ORDER BY number LIMIT 1000";
    WITHDRAWN = "SELECT number, subject, kind, key, first_date, last_date, body, stated_us, actor, reason, withdrawn_us, withdrawn_by
        FROM fact WHERE tenant = $1 AND subject = $2 AND last_date >= $3 AND first_date <= $4 AND kind = $5 AND withdrawn_us IS NOT NULL
        ORDER BY number";
}

/// Whom a fact concerns.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Subject {
    /// Everybody.
    Company,
    /// Everybody of a group.
    Group(String),
    /// One employee, by internal id.
    Employee(i64),
    /// One terminal, by serial.
    Terminal(String),
}

impl Subject {
    fn text(&self) -> String {
        match self {
            Self::Company => "company".to_owned(),
            Self::Group(name) => format!("group:{name}"),
            Self::Employee(id) => format!("employee:{id}"),
            Self::Terminal(serial) => format!("terminal:{serial}"),
        }
    }

    fn parse(text: &str) -> Option<Self> {
        match text.split_once(':') {
            None => (text == "company").then_some(Self::Company),
            Some(("group", name)) => Some(Self::Group(name.to_owned())),
            Some(("employee", id)) => id.parse().ok().map(Self::Employee),
            Some(("terminal", serial)) => Some(Self::Terminal(serial.to_owned())),
            Some(_) => None,
        }
    }
}

/// A fact that is to be stated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewFact {
    /// Whom it concerns.
    pub subject: Subject,
    /// What kind of fact it is, a word of the hub.
    pub kind: &'static str,
    /// Key within subject and kind.
    pub key: String,
    /// First work date that it touches.
    pub first: Date,
    /// Last work date that it touches.
    pub last: Date,
    /// The fact itself, as JSON.
    pub body: String,
    /// When it is stated, microseconds UTC.
    pub stated_us: i64,
    /// Who states it.
    pub actor: String,
    /// Why.
    pub reason: String,
}

/// A stated fact.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fact {
    /// Its number; grows, and never comes twice.
    pub number: i64,
    /// Whom it concerns.
    pub subject: Subject,
    /// What kind of fact it is.
    pub kind: String,
    /// Key within subject and kind.
    pub key: String,
    /// First work date that it touches.
    pub first: Date,
    /// Last work date that it touches.
    pub last: Date,
    /// The fact itself, as JSON.
    pub body: String,
    /// When it was stated, microseconds UTC.
    pub stated_us: i64,
    /// Who stated it.
    pub actor: String,
    /// Why.
    pub reason: String,
    /// When and by whom it was withdrawn.
    pub withdrawn: Option<(i64, String)>,
}

fn fact(row: &Row<'_>) -> Result<Fact, Error> {
    let subject = Subject::parse(&row.get::<String>(1)?).ok_or(Error::Damaged { column: 1, wanted: "a subject" })?;
    let dated = |column| required_date(row, column);
    let (at, by): (Option<i64>, Option<String>) = (row.get(10)?, row.get(11)?);
    Ok(Fact {
        number: row.get(0)?,
        subject,
        kind: row.get(2)?,
        key: row.get(3)?,
        first: dated(4)?,
        last: dated(5)?,
        body: row.get(6)?,
        stated_us: row.get(7)?,
        actor: row.get(8)?,
        reason: row.get(9)?,
        withdrawn: at.map(|at| (at, by.unwrap_or_default())),
    })
}

impl Read<'_> {
    /// A fact by its number, in force or not.
    ///
    /// # Errors
    /// Of the store.
    pub fn fact(&self, number: i64) -> Result<Option<Fact>, Error> {
        self.one(GET, params![self.tenant, number], fact)
    }

    /// The fact in force under a key.
    ///
    /// # Errors
    /// Of the store.
    pub fn fact_in_force(&self, subject: &Subject, kind: &str, key: &str) -> Result<Option<Fact>, Error> {
        self.one(IN_FORCE, params![self.tenant, subject.text(), kind, key], fact)
    }

    /// The facts of a subject that touch a range of work dates and were in force at an instant (microseconds UTC), in the order in
    /// which they were stated.
    ///
    /// # Errors
    /// Of the store.
    pub fn facts_of(&self, subject: &Subject, from: Date, to: Date, as_of_us: i64) -> Result<Vec<Fact>, Error> {
        let values = params![self.tenant, subject.text(), from.to_string(), to.to_string(), as_of_us, as_of_us];
        self.all(KNOWN_AT, values, fact)
    }

    /// The facts of each subject that touch a range of work dates and are in force, in the order in which they were stated.
    ///
    /// # Errors
    /// Of the store.
    pub fn facts_of_each(&self, subjects: &[Subject], from: Date, to: Date) -> Result<Vec<Vec<Fact>>, Error> {
        let (from, to) = (from.to_string(), to.to_string());
        let texts: Vec<String> = subjects.iter().map(Subject::text).collect();
        let (from, to) = (from.as_str(), to.as_str());
        let lists = texts.iter().map(|text| list![self.tenant, text.as_str(), from, to, i64::MAX, i64::MAX]);
        let mut facts = vec![Vec::new(); subjects.len()];
        self.session.rows_of_each(KNOWN_AT, lists, |place, row| {
            let found = fact(row)?;
            if let Some(facts) = facts.get_mut(place) {
                facts.push(found);
            }
            Ok(())
        })?;
        Ok(facts)
    }

    /// The facts of a subject and kind that touch a range of work dates and are no longer in force.
    ///
    /// # Errors
    /// Of the store.
    pub fn withdrawn_facts(&self, subject: &Subject, kind: &str, from: Date, to: Date) -> Result<Vec<Fact>, Error> {
        let values = params![self.tenant, subject.text(), from.to_string(), to.to_string(), kind];
        self.all(WITHDRAWN, values, fact)
    }

    /// The facts of a kind, of whomever, that are no longer in force. All facts are looked through.
    ///
    /// # Errors
    /// Of the store.
    pub fn withdrawn_of_kind(&self, kind: &str) -> Result<Vec<Fact>, Error> {
        let mut facts: Vec<Fact> = Vec::new();
        loop {
            let after = facts.last().map_or(0, |fact| fact.number);
            let page = self.all(WITHDRAWN_OF_KIND, params![self.tenant, after, kind], fact)?;
            if page.is_empty() {
                return Ok(facts);
            }
            facts.extend(page);
        }
    }

    /// The facts of a kind in force that touch a range of work dates, by date.
    ///
    /// # Errors
    /// Of the store.
    pub fn facts_of_kind(&self, kind: &str, from: Date, to: Date) -> Result<Vec<Fact>, Error> {
        self.all(OF_KIND, params![self.tenant, kind, from.to_string(), to.to_string()], fact)
    }
}

impl Write<'_> {
    /// Appends a fact; its number. None may be in force under its key.
    ///
    /// # Errors
    /// Of the store.
    pub fn add_fact(&self, new: &NewFact) -> Result<i64, Error> {
        let number: i64 = self.one(NEXT_NUMBER, params![self.tenant], |row| row.get(0))?.unwrap_or_default();
        let (first, last) = (new.first.to_string(), new.last.to_string());
        let values = params![
            self.tenant,
            number,
            new.subject.text(),
            new.kind,
            new.key,
            first,
            last,
            new.body,
            new.stated_us,
            new.actor,
            new.reason
        ];
        self.run(STATE, values)?;
        self.arrived(Id::numbered(Kind::Fact, number));
        Ok(number)
    }

    /// Withdraws a fact; false when it was not in force.
    ///
    /// # Errors
    /// Of the store.
    pub fn withdraw_fact(&self, number: i64, at_us: i64, by: &str) -> Result<bool, Error> {
        let was_in_force = self.run(WITHDRAW, params![at_us, by, self.tenant, number])? == 1;
        if was_in_force {
            self.arrived(Id::numbered(Kind::Withdrawal, number));
        }
        Ok(was_in_force)
    }
}
