//! Held punches are cured by stating a fact: whose number it is, that a terminal is ours, what a single punch means. The
//! fact is recorded with its author, and everything that waited for it is resolved again, back to the first punch.

use attendance::punch::{Fingerprint, PrintedTime, canonical_user};
use jiff::Timestamp;
use store::Read;
use store::held::{START, Statement};

use crate::company::Company;
use crate::registry::{NewTerminal, assign};
use crate::resolve::{Resolution, Resolver, provisional};
use crate::{Actor, Error, Hub};

const ROWS_PER_WRITE: u32 = 1000;

/// A fact that cures held punches.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cure {
    /// A user number belongs to an employee.
    Assign {
        /// The number as terminals say it.
        user: String,
        /// Employee code.
        employee: String,
        /// Make a provisional employee when there is none of this code.
        create: bool,
    },
    /// A terminal is ours.
    Approve {
        /// Its serial.
        serial: String,
    },
    /// What one punch means.
    State {
        /// The punch.
        fingerprint: Fingerprint,
        /// Its user number, when the line could not be read.
        user: Option<String>,
        /// Its true time on the terminal's face, `YYYY-MM-DD hh:mm:ss`.
        printed: Option<String>,
    },
    /// It is no punch; it stays stored and is never counted.
    Dismiss {
        /// The punch.
        fingerprint: Fingerprint,
        /// Why.
        reason: String,
    },
}

/// What a cure did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cured {
    /// Punches that are no longer held.
    pub released: u64,
    /// Punches that are still held, for another reason.
    pub still_held: u64,
}

impl Hub {
    /// Records the fact and replays what waited for it.
    ///
    /// # Errors
    /// [`Error::NotFound`] or [`Error::Invalid`] when the fact can't be taken; nothing changes then.
    pub fn cure(&self, actor: &Actor, cure: &Cure, now: Timestamp) -> Result<Cured, Error> {
        match cure {
            Cure::Assign { user, employee, create } => self.cure_number(actor, user, employee, *create, now),
            Cure::Approve { serial } => self.approve(actor, serial, now),
            Cure::State { fingerprint, user, printed } => {
                let statement = statement(user.as_deref(), printed.as_deref())?;
                self.state(actor, *fingerprint, &statement, "stated", now)
            }
            Cure::Dismiss { fingerprint, reason } => {
                if reason.trim().is_empty() {
                    return Err(Error::invalid("a punch is dismissed with a reason", "say why it is no punch"));
                }
                let statement = Statement { is_dismissed: true, ..Statement::default() };
                self.state(actor, *fingerprint, &statement, reason, now)
            }
        }
    }

    fn cure_number(&self, actor: &Actor, user: &str, code: &str, create: bool, now: Timestamp) -> Result<Cured, Error> {
        let (user, code) = (canonical_user(user), code.trim());
        if user.is_empty() || code.is_empty() {
            return Err(Error::invalid("user number or employee code is empty", "give both"));
        }
        self.store.write(|write| {
            let employee = match write.employee_by_code(code)? {
                Some(employee) => employee.id,
                None if create => write.add_employee(&provisional(code))?,
                None => {
                    return Err(Error::NotFound(format!(
                        "employee with code {code}; add them first, or allow a provisional one"
                    )));
                }
            };
            assign(write, user, employee)?;
            Ok(write.audit(&actor.entry(now, "number.assign", user, format!("employee {code}")))?)
        })?;
        self.replay_number(user, now)
    }

    /// Replays every punch that carries a user number: held ones, and those that were somebody else's.
    pub(crate) fn replay_number(&self, user: &str, now: Timestamp) -> Result<Cured, Error> {
        self.replay_all(|read, after, limit| read.punches_of_number(user, after, limit), now)
    }

    fn approve(&self, actor: &Actor, serial: &str, now: Timestamp) -> Result<Cured, Error> {
        if self.store.read(|read| read.terminal(serial))?.is_none() {
            return Err(Error::NotFound(format!(
                "terminal with serial {serial}; `punchclock terminal list` shows those that were heard of"
            )));
        }
        self.add_terminal(actor, &NewTerminal { serial: serial.to_owned(), ..NewTerminal::default() }, now)
    }

    fn state(
        &self,
        actor: &Actor,
        about: Fingerprint,
        statement: &Statement,
        why: &str,
        now: Timestamp,
    ) -> Result<Cured, Error> {
        self.store.write(|write| {
            if write.punch(about)?.is_none() {
                return Err(Error::NotFound(format!("punch {about}; `punchclock held list --each` shows their keys")));
            }
            write.state(about, statement, now.as_microsecond(), &actor.name, why)?;
            let action = if statement.is_dismissed { "punch.dismiss" } else { "punch.state" };
            write.audit(&actor.entry(now, action, &about.to_string(), format!("{statement:?}: {why}")))?;
            let company = Company::load(write)?;
            let mut resolver = Resolver::new(write, &company, now, false)?;
            let mut cured = Cured::default();
            cured.count(resolver.resolve_again(about)?);
            resolver.finish()?;
            Ok(cured)
        })
    }

    /// Resolves again, in pieces, every punch that `next` lists.
    pub(crate) fn replay_all(
        &self,
        next: impl Fn(&Read<'_>, Fingerprint, u32) -> Result<Vec<Fingerprint>, store::Error>,
        now: Timestamp,
    ) -> Result<Cured, Error> {
        let mut cured = Cured::default();
        let mut after = START;
        loop {
            let last = self.store.write(|write| {
                let keys = next(write, after, ROWS_PER_WRITE)?;
                let company = Company::load(write)?;
                let mut resolver = Resolver::new(write, &company, now, false)?;
                for key in &keys {
                    cured.count(resolver.resolve_again(*key)?);
                }
                resolver.finish()?;
                Ok::<_, Error>(keys.last().copied())
            })?;
            match last {
                Some(last) => after = last,
                None => return Ok(cured),
            }
        }
    }
}

impl Cured {
    fn count(&mut self, resolution: Option<Resolution>) {
        match resolution {
            Some(Resolution::Held) => self.still_held += 1,
            Some(Resolution::Employee | Resolution::Dismissed) => self.released += 1,
            None => {}
        }
    }
}

fn statement(user: Option<&str>, printed: Option<&str>) -> Result<Statement, Error> {
    let user = user.map(canonical_user).filter(|user| !user.is_empty());
    let printed = printed.map(str::trim).filter(|text| !text.is_empty());
    let seconds = printed.map(|text| {
        PrintedTime::parse(text).seconds().ok_or_else(|| {
            Error::invalid(format!("`{text}` is no time"), "write 2026-01-31 08:00:00, as the terminal should have")
        })
    });
    let printed_seconds = seconds.transpose()?;
    if user.is_none() && printed_seconds.is_none() {
        return Err(Error::invalid("nothing is stated", "give a user number, a time, or both"));
    }
    Ok(Statement { user: user.map(str::to_owned), printed_seconds, is_dismissed: false })
}
