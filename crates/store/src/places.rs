//! Sites and departments, who belongs where from when on, and from when until when employees are employed.

use jiff::civil::Date;

use crate::engine::{Row, Value, list, params};
use crate::people::required_date;
use crate::statement::statements;
use crate::{Error, Read, Write};

statements! {
    SITES = "SELECT code, name FROM site WHERE tenant = $1 ORDER BY code";
    SITE_PUT = "INSERT INTO site (tenant, code, name) VALUES ($1, $2, $3)
        ON CONFLICT (tenant, code) DO UPDATE SET name = excluded.name";
    SITE_DROP = "DELETE FROM site WHERE tenant = $1 AND code = $2";
    DEPARTMENTS = "SELECT code, name, parent FROM department WHERE tenant = $1 ORDER BY code";
    DEPARTMENT_PUT = "INSERT INTO department (tenant, code, name, parent) VALUES ($1, $2, $3, $4)
        ON CONFLICT (tenant, code) DO UPDATE SET name = excluded.name, parent = excluded.parent";
    DEPARTMENT_DROP = "DELETE FROM department WHERE tenant = $1 AND code = $2";
    TERMINAL_SITES = "SELECT serial, from_date, site FROM terminal_site WHERE tenant = $1 ORDER BY serial, from_date";
    TERMINAL_SITES_OF = "SELECT serial, from_date, site FROM terminal_site WHERE tenant = $1 AND serial = $2";
    TERMINAL_SITE_PUT = "INSERT INTO terminal_site (tenant, serial, from_date, site) VALUES ($1, $2, $3, $4)
        ON CONFLICT (tenant, serial, from_date) DO UPDATE SET site = excluded.site";
    SITE_ZONES = "SELECT site, from_date, zone FROM site_zone WHERE tenant = $1 ORDER BY site, from_date";
    SITE_ZONES_DROP = "DELETE FROM site_zone WHERE tenant = $1 AND site = $2";
    SITE_ZONE_ADD = "INSERT INTO site_zone (tenant, site, from_date, zone) VALUES ($1, $2, $3, $4)";
    PLACES = "SELECT employee, from_date, site, department FROM employee_place WHERE tenant = $1 ORDER BY employee, from_date";
    PLACES_OF = "SELECT employee, from_date, site, department FROM employee_place WHERE tenant = $1 AND employee = $2 ORDER BY from_date";
    PLACES_EACH = "SELECT employee, from_date, site, department FROM employee_place WHERE tenant = $1 AND employee = $2";
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
    /// Code of the site; `None` for none.
    pub site: Option<String>,
}

/// The zone of a site from a date on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SiteZone {
    /// Code of the site.
    pub site: String,
    /// First date.
    pub from: Date,
    /// IANA name.
    pub zone: String,
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

fn terminal_site(row: &Row<'_>) -> Result<TerminalSite, Error> {
    // The column holds no NULL: a terminal that is at no site is at one without a code.
    let site = row.get::<String>(2)?;
    Ok(TerminalSite {
        serial: row.get(0)?,
        from: required_date(row, 1)?,
        site: Some(site).filter(|code| !code.is_empty()),
    })
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
        self.all(TERMINAL_SITES, params![self.tenant], terminal_site)
    }

    /// Where each of some terminals is, by date, in the order of the serials.
    ///
    /// # Errors
    /// Of the store.
    pub fn terminal_sites_of(&self, serials: &[&str]) -> Result<Vec<Vec<TerminalSite>>, Error> {
        let lists = serials.iter().map(|serial| list![self.tenant, *serial]);
        self.each_by_date(TERMINAL_SITES_OF, lists, terminal_site, |at| at.from)
    }

    /// The zones of all sites, by site and date.
    ///
    /// # Errors
    /// Of the store.
    pub fn site_zones(&self) -> Result<Vec<SiteZone>, Error> {
        self.all(SITE_ZONES, params![self.tenant], |row| {
            Ok(SiteZone { site: row.get(0)?, from: required_date(row, 1)?, zone: row.get(2)? })
        })
    }

    /// The rows that a query has for each list, sorted by date.
    fn each_by_date<'v, const N: usize, T: Clone>(
        &self,
        sql: &str,
        lists: impl ExactSizeIterator<Item = [Value<'v>; N]>,
        row: impl Fn(&Row<'_>) -> Result<T, Error>,
        date: impl Fn(&T) -> Date,
    ) -> Result<Vec<Vec<T>>, Error> {
        let mut all = vec![Vec::new(); lists.len()];
        self.session.rows_of_each(sql, lists, |place, found| {
            let found = row(found)?;
            if let Some(all) = all.get_mut(place) {
                all.push(found);
            }
            Ok(())
        })?;
        // An order within the statement would keep PostgreSQL from looking up all of them together.
        all.iter_mut().for_each(|rows| rows.sort_by_key(&date));
        Ok(all)
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

    /// Where each of some employees belongs, by date, in the order of their ids.
    ///
    /// # Errors
    /// Of the store.
    pub fn employee_places_of_each(&self, ids: &[i64]) -> Result<Vec<Vec<EmployeePlace>>, Error> {
        self.each_by_date(PLACES_EACH, ids.iter().map(|id| list![self.tenant, *id]), place, |place| place.from)
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

    /// Removes a site. Its zones stay, and who was there: days of the past are judged by them.
    ///
    /// # Errors
    /// Of the store.
    pub fn drop_site(&self, code: &str) -> Result<(), Error> {
        self.run(SITE_DROP, params![self.tenant, code]).map(drop)
    }

    /// Removes a department. Who belonged to it stays noted.
    ///
    /// # Errors
    /// Of the store.
    pub fn drop_department(&self, code: &str) -> Result<(), Error> {
        self.run(DEPARTMENT_DROP, params![self.tenant, code]).map(drop)
    }

    /// Notes where a terminal is from a date on.
    ///
    /// # Errors
    /// Of the store.
    pub fn put_terminal_site(&self, at: &TerminalSite) -> Result<(), Error> {
        let site = at.site.as_deref().unwrap_or_default();
        self.run(TERMINAL_SITE_PUT, params![self.tenant, at.serial, at.from.to_string(), site]).map(drop)
    }

    /// Notes the zones of a site, each from a date on: all of them.
    ///
    /// # Errors
    /// Of the store.
    pub fn set_site_zones(&self, site: &str, zones: &[(Date, String)]) -> Result<(), Error> {
        self.run(SITE_ZONES_DROP, params![self.tenant, site])?;
        for (from, zone) in zones {
            self.run(SITE_ZONE_ADD, params![self.tenant, site, from.to_string(), zone])?;
        }
        Ok(())
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
