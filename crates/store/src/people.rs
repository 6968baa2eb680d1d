//! Employees, and which user number belongs to whom and when.

use jiff::civil::Date;

use crate::engine::{Row, list, params};
use crate::statement::statements;
use crate::{Error, Read, Write};

statements! {
    GET = "SELECT id, code, name, is_confirmed, zone, employed_from, employed_to, first_punch, last_punch, group_name, merged_into
        FROM employee WHERE tenant = $1 AND id = $2";
    BY_CODE = "SELECT id, code, name, is_confirmed, zone, employed_from, employed_to, first_punch, last_punch, group_name, merged_into
        FROM employee WHERE tenant = $1 AND code = $2";
    LIST = "SELECT id, code, name, is_confirmed, zone, employed_from, employed_to, first_punch, last_punch, group_name, merged_into
        FROM employee WHERE tenant = $1 ORDER BY code";
    NAMES = "SELECT code, name FROM employee WHERE tenant = $1 AND merged_into IS NULL ORDER BY code LIMIT $2";
    ADD = "INSERT INTO employee (tenant, id, code, name, is_confirmed, zone, employed_from, employed_to, group_name)
        SELECT $1, COALESCE(MAX(id), 0) + 1, $2, $3, $4, $5, $6, $7, $8 FROM employee WHERE tenant = $1";
    CHANGE = "UPDATE employee SET name = $1, is_confirmed = $2, zone = $3, employed_from = $4, employed_to = $5,
        group_name = $6 WHERE tenant = $7 AND id = $8";
    PUNCH_DATES = "UPDATE employee SET first_punch = $1, last_punch = $2 WHERE tenant = $3 AND id = $4";
    // Ids alone are in the index of the merged; for whole rows SQLite would rather read everybody.
    MERGED_INTO = "SELECT id FROM employee WHERE tenant = $1 AND merged_into = $2";
    MERGE = "UPDATE employee SET merged_into = $1 WHERE tenant = $2 AND id = $3";
    NUMBERS = "SELECT number_group, number, valid_from, valid_to, employee FROM user_number WHERE tenant = $1
        ORDER BY number_group, number, valid_from";
    NUMBERS_OF = "SELECT number_group, number, valid_from, valid_to, employee FROM user_number
        WHERE tenant = $1 AND number_group = $2 AND number = $3 ORDER BY valid_from";
    NUMBERS_OF_EMPLOYEE = "SELECT number_group, number, valid_from, valid_to, employee FROM user_number
        WHERE tenant = $1 AND employee = $2 ORDER BY number_group, number, valid_from";
    OWNERS = "SELECT e.id, e.code, e.name, e.is_confirmed, e.zone, e.employed_from, e.employed_to, e.first_punch,
        e.last_punch, e.group_name, e.merged_into, n.valid_from, n.valid_to FROM user_number n
        JOIN employee e ON e.tenant = n.tenant AND e.id = n.employee
        WHERE n.tenant = $1 AND n.number_group = $2 AND n.number = $3";
    NUMBER_DROP = "DELETE FROM user_number WHERE tenant = $1 AND number_group = $2 AND number = $3 AND valid_from = $4";
    NUMBER_PUT = "INSERT INTO user_number (tenant, number_group, number, valid_from, valid_to, employee)
        VALUES ($1, $2, $3, $4, $5, $6)
        ON CONFLICT (tenant, number_group, number, valid_from) DO UPDATE SET valid_to = excluded.valid_to, employee = excluded.employee";
}

/// An employee.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Employee {
    /// Internal id; 0 for one that is not stored yet. Never in exports.
    pub id: i64,
    /// Code: the key that people and payroll use.
    pub code: String,
    /// Name; may be empty.
    pub name: String,
    /// False for a provisional employee made by an import.
    pub is_confirmed: bool,
    /// IANA zone; the company's when `None`.
    pub zone: Option<String>,
    /// First date of employment.
    pub employed_from: Option<Date>,
    /// Last date of employment.
    pub employed_to: Option<Date>,
    /// Civil date of the first resolved punch.
    pub first_punch: Option<Date>,
    /// Civil date of the last resolved punch.
    pub last_punch: Option<Date>,
    /// The group whose assignments apply to the employee.
    pub group_name: Option<String>,
    /// Whom the employee counts as: merged, because one person was on the list twice.
    pub merged_into: Option<i64>,
}

/// Whose a user number is from one civil date to another, both included.
pub type Owner = (Date, Date, Employee);

impl Employee {
    /// The name; the code when there is none.
    pub fn shown_name(&self) -> &str {
        if self.name.is_empty() { &self.code } else { &self.name }
    }
}

/// Whose a user number is, and when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UserNumber {
    /// The group of terminals at which it is theirs; empty for that of all others.
    pub group: String,
    /// The number as terminals say it.
    pub number: String,
    /// First civil date.
    pub valid_from: Date,
    /// Last civil date.
    pub valid_to: Date,
    /// The employee's id.
    pub employee: i64,
}

/// Reads a date column; what is no date can't have been written by this crate.
pub(crate) fn date(row: &Row<'_>, column: usize) -> Result<Option<Date>, Error> {
    let text: Option<&str> = row.get(column)?;
    text.map(|text| text.parse::<Date>()).transpose().map_err(|_| Error::Damaged { column, wanted: "a date" })
}

/// As [`date`], for a column that always has one.
pub(crate) fn required_date(row: &Row<'_>, column: usize) -> Result<Date, Error> {
    date(row, column)?.ok_or(Error::Damaged { column, wanted: "a date" })
}

fn employee(row: &Row<'_>) -> Result<Employee, Error> {
    Ok(Employee {
        id: row.get(0)?,
        code: row.get(1)?,
        name: row.get(2)?,
        is_confirmed: row.get::<i64>(3)? != 0,
        zone: row.get(4)?,
        employed_from: date(row, 5)?,
        employed_to: date(row, 6)?,
        first_punch: date(row, 7)?,
        last_punch: date(row, 8)?,
        group_name: row.get(9)?,
        merged_into: row.get(10)?,
    })
}

fn user_number(row: &Row<'_>) -> Result<UserNumber, Error> {
    let (valid_from, valid_to) = (required_date(row, 2)?, required_date(row, 3)?);
    Ok(UserNumber { group: row.get(0)?, number: row.get(1)?, valid_from, valid_to, employee: row.get(4)? })
}

fn text(date: Option<Date>) -> Option<String> {
    date.map(|date| date.to_string())
}

impl Read<'_> {
    /// Code and name of employees, by code.
    ///
    /// # Errors
    /// Of the store.
    pub fn employee_names(&self, limit: u32) -> Result<Vec<(String, String)>, Error> {
        self.all(NAMES, params![self.tenant, limit], |row| Ok((row.get(0)?, row.get(1)?)))
    }

    /// One employee.
    ///
    /// # Errors
    /// Of the store.
    pub fn employee(&self, id: i64) -> Result<Option<Employee>, Error> {
        self.one(GET, params![self.tenant, id], employee)
    }

    /// The employee of a code.
    ///
    /// # Errors
    /// Of the store.
    pub fn employee_by_code(&self, code: &str) -> Result<Option<Employee>, Error> {
        self.one(BY_CODE, params![self.tenant, code], employee)
    }

    /// All employees by code.
    ///
    /// # Errors
    /// Of the store.
    pub fn employees(&self) -> Result<Vec<Employee>, Error> {
        self.all(LIST, params![self.tenant], employee)
    }

    /// All user numbers with their validity.
    ///
    /// # Errors
    /// Of the store.
    pub fn user_numbers(&self) -> Result<Vec<UserNumber>, Error> {
        self.all(NUMBERS, params![self.tenant], user_number)
    }

    /// Some employees, in the order of their ids.
    ///
    /// # Errors
    /// Of the store.
    pub fn employees_of(&self, ids: &[i64]) -> Result<Vec<Option<Employee>>, Error> {
        self.one_each(GET, ids.iter().map(|id| list![self.tenant, *id]), employee)
    }

    /// Whose each user number, of a group and a number, is and when, by date: first and last civil date, and the employee; of one who is
    /// merged, whom they count as.
    ///
    /// # Errors
    /// Of the store.
    pub fn owners(&self, numbers: &[(&str, &str)]) -> Result<Vec<Vec<Owner>>, Error> {
        let mut owners = vec![Vec::new(); numbers.len()];
        let lists = numbers.iter().map(|(group, number)| list![self.tenant, *group, *number]);
        self.session.rows_of_each(OWNERS, lists, |place, row| {
            let owner = (required_date(row, 11)?, required_date(row, 12)?, employee(row)?);
            if let Some(owners) = owners.get_mut(place) {
                owners.push(owner);
            }
            Ok(())
        })?;
        // An order within the statement would keep PostgreSQL from looking up all of them together.
        owners.iter_mut().for_each(|owners| owners.sort_by_key(|(from, ..)| *from));
        // Few are merged: a join that serves them would cost everybody.
        let mut merged: Vec<_> =
            owners.iter_mut().flatten().filter(|(_, _, owner)| owner.merged_into.is_some()).collect();
        let into: Vec<i64> = merged.iter().filter_map(|(_, _, owner)| owner.merged_into).collect();
        for ((_, _, owner), into) in merged.iter_mut().zip(self.employees_of(&into)?) {
            *owner = into.ok_or(Error::Damaged { column: 10, wanted: "an employee" })?;
        }
        Ok(owners)
    }

    /// The validities of one user number of a group, by date.
    ///
    /// # Errors
    /// Of the store.
    pub fn validities(&self, group: &str, number: &str) -> Result<Vec<UserNumber>, Error> {
        self.all(NUMBERS_OF, params![self.tenant, group, number], user_number)
    }

    /// The user numbers that are, were or will be an employee's.
    ///
    /// # Errors
    /// Of the store.
    pub fn numbers_of(&self, employee: i64) -> Result<Vec<UserNumber>, Error> {
        self.all(NUMBERS_OF_EMPLOYEE, params![self.tenant, employee], user_number)
    }

    /// The employees who count as this one, by id.
    ///
    /// # Errors
    /// Of the store.
    pub fn merged_into(&self, id: i64) -> Result<Vec<Employee>, Error> {
        let mut merged: Vec<i64> = self.all(MERGED_INTO, params![self.tenant, id], |row| row.get(0))?;
        merged.sort_unstable();
        Ok(self.employees_of(&merged)?.into_iter().flatten().collect())
    }
}

impl Write<'_> {
    /// Adds an employee and returns its id. The code must not exist.
    ///
    /// # Errors
    /// Of the store; a code that exists is refused.
    pub fn add_employee(&self, employee: &Employee) -> Result<i64, Error> {
        let Employee { code, name, is_confirmed, zone, employed_from, employed_to, group_name, .. } = employee;
        let (from, to) = (text(*employed_from), text(*employed_to));
        self.run(ADD, params![self.tenant, code, name, i64::from(*is_confirmed), zone, from, to, group_name])?;
        self.one(BY_CODE, params![self.tenant, code], |row| row.get(0))?
            .ok_or(Error::Damaged { column: 0, wanted: "the employee that was just added" })
    }

    /// Changes name, confirmation, zone, employment dates and group.
    ///
    /// # Errors
    /// Of the store.
    pub fn change_employee(&self, employee: &Employee) -> Result<(), Error> {
        let Employee { id, name, is_confirmed, zone, employed_from, employed_to, group_name, .. } = employee;
        let (from, to) = (text(*employed_from), text(*employed_to));
        let values = params![name, i64::from(*is_confirmed), zone, from, to, group_name, self.tenant, id];
        self.run(CHANGE, values).map(drop)
    }

    /// Notes the civil dates of employees' first and last resolved punches; `None` when there is none left.
    ///
    /// # Errors
    /// Of the store.
    pub fn set_punch_dates(&self, of: &[(i64, Option<(Date, Date)>)]) -> Result<(), Error> {
        let texts = of.iter().map(|(employee, bounds)| {
            let (first, last) = bounds.unzip();
            (*employee, text(first), text(last))
        });
        let texts: Vec<_> = texts.collect();
        let lists = texts
            .iter()
            .map(|(employee, first, last)| list![first.as_deref(), last.as_deref(), self.tenant, *employee]);
        self.run_each(PUNCH_DATES, lists)
    }

    /// Notes whom an employee counts as; nobody but themselves, when `None`.
    ///
    /// # Errors
    /// Of the store.
    pub fn set_merged_into(&self, employee: i64, into: Option<i64>) -> Result<(), Error> {
        self.run(MERGE, params![into, self.tenant, employee]).map(drop)
    }

    /// Sets a validity of a user number; one that starts on the same date is replaced.
    ///
    /// # Errors
    /// Of the store.
    pub fn put_user_number(&self, number: &UserNumber) -> Result<(), Error> {
        let UserNumber { group, number, valid_from, valid_to, employee } = number;
        let values = params![self.tenant, group, number, valid_from.to_string(), valid_to.to_string(), employee];
        self.run(NUMBER_PUT, values).map(drop)
    }

    /// Removes a validity of a user number.
    ///
    /// # Errors
    /// Of the store.
    pub fn drop_user_number(&self, number: &UserNumber) -> Result<(), Error> {
        let UserNumber { group, number, valid_from, .. } = number;
        self.run(NUMBER_DROP, params![self.tenant, group, number, valid_from.to_string()]).map(drop)
    }
}
