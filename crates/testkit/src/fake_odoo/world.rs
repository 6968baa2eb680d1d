//! What is in the database, and which attendances it takes (sections 3 and 4).

use std::collections::BTreeMap;

use super::OdooVersion;
use super::service::Error;
use super::tables::Tables;

/// An attendance as the database has it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct OdooAttendance {
    /// The employee's badge.
    pub barcode: String,
    /// Naive UTC.
    pub check_in: String,
    /// Naive UTC; empty while it is open.
    pub check_out: String,
    /// Its id.
    pub id: i64,
    /// Its external id; empty without one.
    pub external_id: String,
}

#[derive(Clone, Debug)]
pub(super) struct Employee {
    pub(super) barcode: String,
    pub(super) pin: String,
    pub(super) name: String,
    pub(super) email: String,
    pub(super) department: String,
    pub(super) is_active: bool,
}

/// Times are naive UTC text, which sorts as the instants do.
#[derive(Clone, Debug)]
pub(super) struct Attendance {
    pub(super) employee: i64,
    pub(super) check_in: String,
    pub(super) check_out: Option<String>,
}

pub(super) struct World {
    pub(super) version: OdooVersion,
    pub(super) keys: Vec<String>,
    /// When they end, naive UTC; empty for never.
    pub(super) keys_end: String,
    pub(super) may_read_badges: bool,
    pub(super) may_create: bool,
    pub(super) may_create_for_all: bool,
    pub(super) employees: BTreeMap<i64, Employee>,
    pub(super) rows: BTreeMap<i64, Attendance>,
    /// By external id.
    pub(super) names: BTreeMap<String, i64>,
    pub(super) doubled: usize,
    /// The call does not see the external ids that are there: they were given while it was under way.
    pub(super) is_blind: bool,
    /// What is only read.
    pub(super) tables: Tables,
    last: i64,
}

pub(super) const UID: i64 = 10;
const DATABASE: &str = "db";
const LOGIN: &str = "sync";
const PASSWORD: &str = "pass";

impl World {
    pub(super) fn new(version: OdooVersion, key: &str) -> Self {
        Self {
            version,
            keys: vec![key.to_owned()],
            keys_end: "2026-12-31 00:00:00".to_owned(),
            may_read_badges: true,
            may_create: true,
            may_create_for_all: true,
            employees: BTreeMap::new(),
            rows: BTreeMap::new(),
            names: BTreeMap::new(),
            doubled: 0,
            is_blind: false,
            tables: Tables::default(),
            last: 0,
        }
    }

    pub(super) fn database(&self) -> &'static str {
        DATABASE
    }

    /// Section 1: a wrong secret is no error here, an unknown database is one of the driver.
    pub(super) fn authenticate(&self, database: &str, login: &str, secret: &str) -> Result<serde_json::Value, Error> {
        if database != DATABASE {
            return Err(no_database(database));
        }
        let is_known = login == LOGIN && self.knows(secret);
        Ok(if is_known { UID.into() } else { false.into() })
    }

    pub(super) fn check(&self, database: &str, uid: Option<i64>, secret: &str) -> Result<(), Error> {
        if database != DATABASE {
            return Err(no_database(database));
        }
        match uid == Some(UID) && self.knows(secret) {
            true => Ok(()),
            false => Err(Error::new("odoo.exceptions.AccessDenied", "Access Denied")),
        }
    }

    fn knows(&self, secret: &str) -> bool {
        secret == PASSWORD || self.keys.iter().any(|key| key == secret)
    }

    pub(super) fn next_id(&mut self) -> i64 {
        self.last += 1;
        self.last
    }

    pub(super) fn add_employee(&mut self, barcode: &str) -> i64 {
        let id = self.next_id();
        let (barcode, name) = (barcode.to_owned(), format!("Employee {barcode}"));
        let new = Employee {
            barcode,
            pin: String::new(),
            name,
            email: String::new(),
            department: String::new(),
            is_active: true,
        };
        self.employees.insert(id, new);
        id
    }

    pub(super) fn name(&mut self, employee: i64, name: &str, email: &str, department: &str) {
        if let Some(one) = self.employees.get_mut(&employee) {
            (one.name, one.email, one.department) = (name.to_owned(), email.to_owned(), department.to_owned());
        }
    }

    /// Section 3: a badge is one employee's, archived ones included. None is everybody's.
    pub(super) fn has_badge(&self, barcode: &str) -> bool {
        !barcode.is_empty() && self.employees.values().any(|one| one.barcode == barcode)
    }

    pub(super) fn badge(&mut self, employee: i64, barcode: &str) -> Result<(), Error> {
        let is_new = self.employees.get(&employee).is_some_and(|one| one.barcode != barcode);
        if is_new && self.has_badge(barcode) {
            return Err(Error::new(
                "odoo.exceptions.ValidationError",
                "The operation cannot be completed: Badge ID must be unique",
            ));
        }
        if let Some(one) = self.employees.get_mut(&employee) {
            one.barcode = barcode.to_owned();
        }
        Ok(())
    }

    /// A PIN is not unique.
    pub(super) fn pin(&mut self, employee: i64, pin: &str) {
        if let Some(one) = self.employees.get_mut(&employee) {
            one.pin = pin.to_owned();
        }
    }

    pub(super) fn archive(&mut self, employee: i64) {
        if let Some(one) = self.employees.get_mut(&employee) {
            one.is_active = false;
        }
    }

    pub(super) fn attendances(&self) -> Vec<OdooAttendance> {
        let shown = |(id, row): (&i64, &Attendance)| OdooAttendance {
            barcode: self.employees.get(&row.employee).map_or_else(String::new, |one| one.barcode.clone()),
            check_in: row.check_in.clone(),
            check_out: row.check_out.clone().unwrap_or_default(),
            id: *id,
            external_id: self.name_of(*id).to_owned(),
        };
        let mut all: Vec<_> = self.rows.iter().map(shown).collect();
        all.sort();
        all
    }

    pub(super) fn name_of(&self, id: i64) -> &str {
        self.names.iter().find(|(_, of)| **of == id).map_or("", |(name, _)| name)
    }

    /// Adds an attendance; an empty check-out leaves it open.
    pub(super) fn add(
        &mut self,
        employee: i64,
        check_in: &str,
        check_out: &str,
        name: Option<&str>,
    ) -> Result<i64, Error> {
        if !self.employees.contains_key(&employee) {
            let class = if self.version.number() < 19 { "ValidationError" } else { "MissingError" };
            return Err(Error::new(&format!("odoo.exceptions.{class}"), "no such employee"));
        }
        let row = Attendance { employee, check_in: instant(check_in)?, check_out: end(check_out)? };
        self.takes(0, &row)?;
        let id = self.next_id();
        self.rows.insert(id, row);
        if let Some(name) = name {
            self.names.insert(name.to_owned(), id);
        }
        Ok(id)
    }

    pub(super) fn change(&mut self, id: i64, check_in: &str, check_out: &str) -> Result<(), Error> {
        let Some(before) = self.rows.get(&id) else {
            return Err(Error::new("odoo.exceptions.MissingError", "Record does not exist or has been deleted."));
        };
        let row = Attendance { employee: before.employee, check_in: instant(check_in)?, check_out: end(check_out)? };
        self.takes(id, &row)?;
        self.rows.insert(id, row);
        Ok(())
    }

    /// External ids go with the records.
    pub(super) fn remove(&mut self, ids: &[i64]) {
        self.rows.retain(|id, _| !ids.contains(id));
        self.names.retain(|_, id| !ids.contains(id));
    }

    /// The check of section 4: against the last row that begins before, and against the last that begins before the end.
    fn takes(&self, id: i64, row: &Attendance) -> Result<(), Error> {
        let refusal = |what: &str| {
            let name = self.employees.get(&row.employee).map_or("", |one| &one.barcode);
            let message = format!("Cannot create new attendance record for {name}, the employee {what}");
            Error::new("odoo.exceptions.ValidationError", &message)
        };
        if row.check_out.as_ref().is_some_and(|end| end < &row.check_in) {
            return Err(refusal("can't check out before checking in"));
        }
        let others = || self.rows.iter().filter(|(other, one)| **other != id && one.employee == row.employee);
        let last = |is_it: &dyn Fn(&Attendance) -> bool| {
            others().filter(|(_, one)| is_it(one)).max_by(|(_, a), (_, b)| a.check_in.cmp(&b.check_in))
        };
        let before_in = last(&|one| one.check_in <= row.check_in);
        let is_taken = before_in.and_then(|(_, one)| one.check_out.as_ref()).is_some_and(|end| end > &row.check_in);
        if is_taken {
            return Err(refusal(&format!("was already checked in on {}", row.check_in)));
        }
        match &row.check_out {
            None => match others().find(|(_, one)| one.check_out.is_none()) {
                Some((_, open)) => Err(refusal(&format!("hasn't checked out since {}", open.check_in))),
                None => Ok(()),
            },
            Some(end) => {
                let before_out = last(&|one| &one.check_in < end);
                match before_out {
                    Some((other, one)) if before_in.map(|(id, _)| id) != Some(other) => {
                        Err(refusal(&format!("was already checked in on {}", one.check_in)))
                    }
                    _ => Ok(()),
                }
            }
        }
    }
}

/// What is taken as an instant: seconds, minutes or a date, and nothing else.
pub(super) fn instant(text: &str) -> Result<String, Error> {
    let forms = [("%Y-%m-%d %H:%M:%S", ""), ("%Y-%m-%d %H:%M", ":00"), ("%Y-%m-%d", " 00:00:00")];
    for (form, rest) in forms {
        let is_form = match rest {
            " 00:00:00" => jiff::civil::Date::strptime(form, text).is_ok(),
            _ => jiff::civil::DateTime::strptime(form, text).is_ok(),
        };
        if is_form {
            return Ok(format!("{text}{rest}"));
        }
    }
    Err(Error::new("builtins.ValueError", &format!("time data '{text}' does not match format")))
}

fn end(text: &str) -> Result<Option<String>, Error> {
    if text.is_empty() { Ok(None) } else { instant(text).map(Some) }
}

/// As PostgreSQL words it, and Odoo passes it on.
fn no_database(name: &str) -> Error {
    let says = format!("connection to server on socket failed: FATAL:  database \"{name}\" does not exist\n");
    Error::new("psycopg2.OperationalError", &says)
}
