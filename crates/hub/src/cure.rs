//! Held punches are cured by stating a fact: whose number it is, that a terminal is ours, what a single punch means. The
//! fact is recorded with its author, and everything that waited for it is resolved again, back to the first punch.

use attendance::punch::{Fingerprint, PrintedTime, canonical_user};
use jiff::Timestamp;
use jiff::civil::Date;
use store::held::Statement;

use crate::company::Company;
use crate::numbers::{Number, assign, check_group, told_lost};
use crate::registry::NewTerminal;
use crate::resolve::{Again, Resolution, Resolver, provisional};
use crate::{Actor, Error, Hub};

/// A fact that cures held punches.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cure {
    /// A user number belongs to an employee.
    Assign {
        /// The number as terminals say it; `GROUP/NUMBER` at a group of terminals that has a name.
        user: String,
        /// Employee code.
        employee: String,
        /// Make a provisional employee when there is none of this code.
        create: bool,
        /// First date on which it is theirs; always, when `None`. Who had it before keeps the dates before.
        from: Option<Date>,
        /// Last date on which it is theirs; for good, when `None`.
        to: Option<Date>,
    },
    /// A terminal is ours.
    Approve {
        /// Its serial.
        serial: String,
        /// IANA zone of its clock; needed while neither it nor the company has one.
        zone: Option<String>,
    },
    /// What one punch means. A later statement adds to an earlier one.
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
    /// Punches that were held and no longer are.
    pub released: u64,
    /// Punches that are held now, for another reason.
    pub still_held: u64,
}

impl Hub {
    /// Records the fact and replays what waited for it.
    ///
    /// # Errors
    /// [`Error::NotFound`] or [`Error::Invalid`] when the fact can't be taken; nothing changes then.
    pub fn cure(&self, actor: &Actor, cure: &Cure, now: Timestamp) -> Result<Cured, Error> {
        match cure {
            Cure::Assign { user, employee, create, from, to } => {
                self.assign_number(actor, user, employee, *create, (*from, *to), now)
            }
            Cure::Approve { serial, zone } => self.approve(actor, serial, zone.as_deref(), now),
            Cure::State { fingerprint, user, printed } => {
                let statement = statement(user.as_deref(), printed.as_deref())?;
                self.state_punch(actor, *fingerprint, statement, "stated", now)
            }
            Cure::Dismiss { fingerprint, reason } => {
                if reason.trim().is_empty() {
                    return Err(Error::invalid("a punch is dismissed with a reason", "say why it is no punch"));
                }
                let statement = Statement { is_dismissed: true, ..Statement::default() };
                self.state_punch(actor, *fingerprint, statement, reason, now)
            }
        }
    }

    fn assign_number(
        &self,
        actor: &Actor,
        user: &str,
        code: &str,
        create: bool,
        dates: (Option<Date>, Option<Date>),
        now: Timestamp,
    ) -> Result<Cured, Error> {
        let (number, code) = (Number::parse(user), code.trim());
        check_group(&number.group)?;
        if number.number.is_empty() || code.is_empty() {
            return Err(Error::invalid("user number or employee code is empty", "give both"));
        }
        self.store.write(|write| {
            let employee = match write.employee_by_code(code)? {
                Some(employee) => employee.id,
                None if create => {
                    write.audit(&actor.entry(
                        now,
                        "employee.provisional",
                        code,
                        format!("for user number {number}"),
                    ))?;
                    write.add_employee(&provisional(code))?
                }
                None => {
                    let cure = "add them first, or allow a provisional one";
                    return Err(Error::NotFound(format!("employee with code {code}; {cure}")));
                }
            };
            let lost = assign(write, &number, employee, dates)?;
            let shown = |date: Option<Date>, open: &str| date.map_or_else(|| open.to_owned(), |date| date.to_string());
            let detail = format!(
                "employee {code}, from {} to {}{}",
                shown(dates.0, "the beginning"),
                shown(dates.1, "further notice"),
                told_lost(write, &lost)?
            );
            Ok(write.audit(&actor.entry(now, "number.assign", &number.to_string(), detail))?)
        })?;
        self.resume_replays(now)
    }

    fn approve(&self, actor: &Actor, serial: &str, zone: Option<&str>, now: Timestamp) -> Result<Cured, Error> {
        let (terminal, company) =
            self.store.read(|read| Ok::<_, Error>((read.terminal(serial)?, Company::load(read)?)))?;
        let Some(terminal) = terminal else {
            let cure = "`punchclock terminal list` shows those that were heard of";
            return Err(Error::NotFound(format!("terminal with serial {serial}; {cure}")));
        };
        if terminal.zone.is_none() && company.zone.is_none() && zone.is_none() {
            let cure =
                format!("say which one its clock shows: `punchclock terminal approve {serial} --zone Asia/Manila`");
            return Err(Error::invalid("neither the terminal nor the company has a time zone yet", cure));
        }
        let zone = zone.map(str::to_owned);
        self.add_terminal(actor, &NewTerminal { serial: serial.to_owned(), zone, ..NewTerminal::default() }, now)
    }

    fn state_punch(
        &self,
        actor: &Actor,
        about: Fingerprint,
        mut statement: Statement,
        why: &str,
        now: Timestamp,
    ) -> Result<Cured, Error> {
        self.store.write(|write| {
            if write.punch(about)?.is_none() {
                return Err(Error::NotFound(format!("punch {about}; `punchclock held list --each` shows their keys")));
            }
            if !statement.is_dismissed {
                let before = write.statements(&[about])?.into_iter().flatten().next().unwrap_or_default();
                statement.user = statement.user.or(before.user);
                statement.printed_seconds = statement.printed_seconds.or(before.printed_seconds);
            }
            write.state(about, &statement, now.as_microsecond(), &actor.name, why)?;
            let action = if statement.is_dismissed { "punch.dismiss" } else { "punch.state" };
            write.audit(&actor.entry(now, action, &about.to_string(), told(&statement, why)))?;
            let company = Company::load(write)?;
            let mut resolver = Resolver::new(write, &company, now, false)?;
            let mut cured = Cured::default();
            resolver.resolve_again(&[about])?.into_iter().for_each(|again| cured.count(again));
            resolver.finish()?;
            Ok(cured)
        })
    }
}

impl Cured {
    pub(crate) fn count(&mut self, again: Option<Again>) {
        match again {
            Some(Again { now: Resolution::Held(_), .. }) => self.still_held += 1,
            Some(Again { was_held: true, .. }) => self.released += 1,
            _ => {}
        }
    }

    pub(crate) const fn add(&mut self, other: Self) {
        self.released += other.released;
        self.still_held += other.still_held;
    }
}

/// A statement in words, for the audit trail.
fn told(statement: &Statement, why: &str) -> String {
    let user = statement.user.as_deref().map(|user| format!("user number {user}"));
    let time = statement.printed_seconds.map(|seconds| format!("time {}", PrintedTime::Seconds(seconds)));
    let parts: Vec<String> = [user, time, Some(why.to_owned())].into_iter().flatten().collect();
    parts.join(", ")
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
