//! Sites and departments, who belongs where from when on, and from when until when employees are employed.

use jiff::civil::Date;

use crate::engine::{Row, params};
use crate::people::required_date;
use crate::statement::statements;
use crate::{Error, Read, Write};

statements! {
    SITES = "SELECT code, name FROM site WHERE tenant = $1 ORDER BY code";
    SITE_PUT = "INSERT INTO site (tenant, code, name) VALUES ($1, $2, $3)
        ON CONFLICT (tenant, code) DO UPDATE SET name = excluded.name";
    DEPARTMENTS = "SELECT code, name, parent FROM department WHERE tenant = $1 ORDER BY code";
    DEPARTMENT_PUT = "INSERT INTO department (tenant, code, name, parent) VALUES ($1, $2, $3, $4)
        ON CONFLICT (tenant, code) DO UPDATE SET name = excluded.name, parent = excluded.parent";
    TERMINAL_SITES = "SELECT serial, from_date, site FROM terminal_site WHERE tenant = $1 ORDER BY serial, from_date";
    TERMINAL_SITE_PUT = "INSERT INTO terminal_site (tenant, serial, from_date, site) VALUES ($1, $2, $3, $4)
        ON CONFLICT (tenant, serial, from_date) DO UPDATE SET site = excluded.site";
    PLACES = "SELECT employee, from_date, site, department FROM employee_place WHERE tenant = $1 ORDER BY employee, from_date";
    PLACES_OF = "SELECT employee, from_date, site, department FROM employee_place WHERE tenant = $1 AND employee = $2 ORDER BY from_date";
    PLACES_DROP = "DELETE FROM employee_place WHERE tenant = $1 AND employee = $2";
    PLACE_ADD = "INSERT INTO employee_place (tenant, employee, from_date, site, department) VALUES ($1, $2, $3, $4, $5)";
    EMPLOYMENTS = "SELECT employee, from_date, to_date FROM employment WHERE tenant = $1 ORDER BY employee, from_date";
    EMPLOYMENTS_OF = "SELECT employee, from_date, to_date FROM employment WHERE tenant = $1 AND employee = $2 ORDER BY from_date";
    EMPLOYMENTS_DROP = "DELETE FROM employment WHERE tenant = $1 AND employee = $2";
    EMPLOYMENT_ADD = "INSERT INTO employment (tenant, employee, from_date, to_date) VALUES ($1, $2, $3, $4)";
}

/// A site.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Site {
    /// Code.
    pub code: String,
    /// Name; may be empty.
    pub name: String,
}

/// A department.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Department {
    /// Code.
    pub code: String,
    /// Name; may be empty.
    pub name: String,
    /// Code of the department that it is a part of.
    pub parent: Option<String>,
}

/// Where a terminal is from a date on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TerminalSite {
    /// Serial.
    pub serial: String,
    /// First date.
    pub from: Date,
    /// Code of the site.
    pub site: String,
}

/// Where an employee belongs from a date on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EmployeePlace {
    /// The employee's id.
    pub employee: i64,
    /// First date.
    pub from: Date,
    /// Code of the site.
    pub site: Option<String>,
    /// Code of the department.
    pub department: Option<String>,
}

/// An employment of an employee.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EmploymentSpan {
    /// The employee's id.
    pub employee: i64,
    /// First date.
    pub from: Date,
    /// Last date.
    pub to: Date,
}

fn place(row: &Row<'_>) -> Result<EmployeePlace, Error> {
    Ok(EmployeePlace {
        employee: row.get(0)?,
        from: required_date(row, 1)?,
        site: row.get(2)?,
        department: row.get(3)?,
    })
}

fn employment(row: &Row<'_>) -> Result<EmploymentSpan, Error> {
    Ok(EmploymentSpan { employee: row.get(0)?, from: required_date(row, 1)?, to: required_date(row, 2)? })
}

impl Read<'_> {
    /// All sites by code.
    ///
    /// # Errors
    /// Of the store.
    pub fn sites(&self) -> Result<Vec<Site>, Error> {
        self.all(SITES, params![self.tenant], |row| Ok(Site { code: row.get(0)?, name: row.get(1)? }))
    }

    /// All departments by code.
    ///
    /// # Errors
    /// Of the store.
    pub fn departments(&self) -> Result<Vec<Department>, Error> {
        self.all(DEPARTMENTS, params![self.tenant], |row| {
            Ok(Department { code: row.get(0)?, name: row.get(1)?, parent: row.get(2)? })
        })
    }

    /// Where terminals are, by serial and date.
    ///
    /// # Errors
    /// Of the store.
    pub fn terminal_sites(&self) -> Result<Vec<TerminalSite>, Error> {
        self.all(TERMINAL_SITES, params![self.tenant], |row| {
            Ok(TerminalSite { serial: row.get(0)?, from: required_date(row, 1)?, site: row.get(2)? })
        })
    }

    /// Where all employees belong, by employee and date.
    ///
    /// # Errors
    /// Of the store.
    pub fn places(&self) -> Result<Vec<EmployeePlace>, Error> {
        self.all(PLACES, params![self.tenant], place)
    }

    /// Where one employee belongs, by date.
    ///
    /// # Errors
    /// Of the store.
    pub fn employee_places_of(&self, employee: i64) -> Result<Vec<EmployeePlace>, Error> {
        self.all(PLACES_OF, params![self.tenant, employee], place)
    }

    /// The employments of all, by employee and date.
    ///
    /// # Errors
    /// Of the store.
    pub fn employments(&self) -> Result<Vec<EmploymentSpan>, Error> {
        self.all(EMPLOYMENTS, params![self.tenant], employment)
    }

    /// The employments of one employee, by date.
    ///
    /// # Errors
    /// Of the store.
    pub fn employments_of(&self, employee: i64) -> Result<Vec<EmploymentSpan>, Error> {
        self.all(EMPLOYMENTS_OF, params![self.tenant, employee], employment)
    }
}

impl Write<'_> {
    /// Adds or changes a site.
    ///
    /// # Errors
    /// Of the store.
    pub fn put_site(&self, site: &Site) -> Result<(), Error> {
        self.run(SITE_PUT, params![self.tenant, site.code, site.name]).map(drop)
    }

    /// Adds or changes a department.
    ///
    /// # Errors
    /// Of the store.
    pub fn put_department(&self, department: &Department) -> Result<(), Error> {
        let Department { code, name, parent } = department;
        self.run(DEPARTMENT_PUT, params![self.tenant, code, name, parent]).map(drop)
    }

    /// Notes where a terminal is from a date on.
    ///
    /// # Errors
    /// Of the store.
    pub fn put_terminal_site(&self, at: &TerminalSite) -> Result<(), Error> {
        self.run(TERMINAL_SITE_PUT, params![self.tenant, at.serial, at.from.to_string(), at.site]).map(drop)
    }

    /// Notes where an employee belongs: all of it.
    ///
    /// # Errors
    /// Of the store.
    pub fn set_places(&self, employee: i64, places: &[EmployeePlace]) -> Result<(), Error> {
        self.run(PLACES_DROP, params![self.tenant, employee])?;
        for EmployeePlace { from, site, department, .. } in places {
            self.run(PLACE_ADD, params![self.tenant, employee, from.to_string(), site, department])?;
        }
        Ok(())
    }

    /// Notes the employments of an employee: all of them, first and last date each.
    ///
    /// # Errors
    /// Of the store.
    pub fn set_employments(&self, employee: i64, spans: &[(Date, Date)]) -> Result<(), Error> {
        self.run(EMPLOYMENTS_DROP, params![self.tenant, employee])?;
        for (from, to) in spans {
            self.run(EMPLOYMENT_ADD, params![self.tenant, employee, from.to_string(), to.to_string()])?;
        }
        Ok(())
    }
}
