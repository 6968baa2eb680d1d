//! What is read of an Odoo: public holidays, approved leave, employees.
//!
//! Invariants:
//! * Nothing but `search_read` is called here, and `has_group`, which asks what the user may: a source changes nothing there.
//! * Records come page by page in the order of their ids. One page that does not come, or a record that can't be read, and the whole
//!   reading counts as none: what is missing in a part of an answer was not deleted. Nor was the leave that Odoo leaves out, without a
//!   word, for a user who may not see everybody's: that also counts as none.

use std::collections::{BTreeMap, BTreeSet};

use attendance::Holiday;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::Odoo;
use super::entry::{ApprovedLeave, HolidayRow, Unreadable, id, reference, text};
use super::text::utc;
use super::wire::{Call, Fault, Road, Session};

/// The group that sees everybody's leave (the rule `hr_leave_rule_user_read` of Odoo's source). Others see their own and their team's.
const SEES_ALL_LEAVE: &str = "hr_holidays.group_hr_holidays_user";
/// Records of a page: Odoo reads a thousand in 40 ms.
const PAGE: usize = 500;

/// Why a reading brought nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NotRead {
    /// Nobody answers, or in trouble: other readings would fare no better.
    Away(String),
    /// This can't be read.
    Refused(String),
}

impl NotRead {
    /// In words, with the cure.
    pub fn says(&self) -> &str {
        match self {
            Self::Away(why) | Self::Refused(why) => why,
        }
    }
}

impl From<Fault> for NotRead {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Away(why) | Fault::Doubtful(why) | Fault::Stumbled(why) | Fault::Unsent(why) => Self::Away(why),
            Fault::Refused { why, .. } | Fault::Closed(why) => Self::Refused(why),
        }
    }
}

impl From<Unreadable> for NotRead {
    fn from(Unreadable(why): Unreadable) -> Self {
        Self::Refused(why)
    }
}

/// What Odoo has of the company's holidays.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OdooHolidays {
    /// The dates, each once.
    pub holidays: Vec<Holiday>,
    /// Entries that are no holiday of everybody, and why.
    pub left_out: Vec<String>,
}

/// An employee of Odoo.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OdooPerson {
    /// The id there.
    pub id: i64,
    /// What the field says that holds the employee's code; empty without one.
    pub code: String,
    /// Name.
    pub name: String,
    /// Work e-mail address; empty without one.
    pub email: String,
    /// Department; empty without one.
    pub department: String,
    /// Whether the employee is not archived.
    pub is_active: bool,
}

/// A model, and who has to do with what of it: the cure for one that may not be read.
struct Model {
    name: &'static str,
    what: &'static str,
    cure: &'static str,
}

const EMPLOYEES: Model = Model {
    name: "hr.employee",
    what: "employees with their badges",
    cure: "give the user the group Employees / Officer",
};
const LEAVE: Model = Model {
    name: "hr.leave",
    what: "leave",
    cure: "is the Time Off app installed, and has the user the group Time Off / Officer (manage all requests)?",
};
const LEAVE_TYPES: Model = Model { name: "hr.leave.type", what: "types of leave", cure: LEAVE.cure };
const HOLIDAYS: Model = Model {
    name: "resource.calendar.leaves",
    what: "public holidays",
    cure: "the user must be an internal user of Odoo",
};
const SCHEDULES: Model = Model { name: "resource.calendar", what: "working schedules", cure: HOLIDAYS.cure };
const COMPANIES: Model = Model { name: "res.company", what: "companies", cure: HOLIDAYS.cure };

impl Odoo {
    /// The company's holidays that end on a date or later. `usual` is the zone where Odoo tells none.
    ///
    /// # Errors
    /// [`NotRead`]; nothing is known then.
    pub fn public_holidays(&self, from: Date, usual: &TimeZone) -> Result<OdooHolidays, NotRead> {
        self.runtime.block_on(async {
            let session = self.session().await?;
            let midnight = from.to_zoned(TimeZone::UTC).map_or(0, |at| at.timestamp().as_second());
            // A day earlier: the zone is known only afterwards.
            let since = utc(midnight - 24 * 3600);
            let domain = json!([["resource_id", "=", false], ["time_type", "=", "leave"], ["date_to", ">=", since]]);
            let fields = ["name", "date_from", "date_to", "calendar_id", "company_id"];
            let rows = self.rows(&session, &HOLIDAYS, &domain, &fields).await?;
            let rows = rows.iter().map(HolidayRow::of).collect::<Result<Vec<_>, _>>()?;
            let schedules = self.schedules(&session, &rows).await?;
            Ok(everybodys(&rows, &schedules, from, usual))
        })
    }

    /// Approved leave that ends on a date or later, and those of these ids that are still approved, whenever they are.
    ///
    /// # Errors
    /// [`NotRead`]; nothing is known then.
    pub fn approved_leave(&self, from: Date, also: &[i64]) -> Result<Vec<ApprovedLeave>, NotRead> {
        self.runtime.block_on(async {
            let session = self.session().await?;
            let domain = json!([
                ["state", "=", "validate"],
                "|",
                ["request_date_to", ">=", from.to_string()],
                ["id", "in", also],
            ]);
            let rows = match self.pages(&session, &LEAVE, &domain, &leave_fields(true)).await {
                // Before 19 a range has no second period.
                Err(Fault::Refused { name, .. }) if name == "builtins.ValueError" => {
                    self.rows(&session, &LEAVE, &domain, &leave_fields(false)).await?
                }
                rows => rows.map_err(|fault| cured(fault, &LEAVE))?,
            };
            // Asked afterwards: then it was so while they were read.
            self.sees_all_leave(&session).await?;
            Ok(rows.iter().map(ApprovedLeave::of).collect::<Result<_, _>>()?)
        })
    }

    /// Names of the types of leave.
    ///
    /// # Errors
    /// [`NotRead`].
    pub fn leave_types(&self) -> Result<BTreeSet<String>, NotRead> {
        self.runtime.block_on(async {
            let session = self.session().await?;
            let rows = self.rows(&session, &LEAVE_TYPES, &json!([]), &["name"]).await?;
            Ok(rows.iter().map(|row| text(row, "name")).collect())
        })
    }

    /// The employees, archived ones too.
    ///
    /// # Errors
    /// [`NotRead`]; nothing is known then.
    pub fn people(&self) -> Result<Vec<OdooPerson>, NotRead> {
        self.runtime.block_on(async {
            let session = self.session().await?;
            let fields = ["name", self.field.as_str(), "work_email", "department_id", "active"];
            let rows = self.rows(&session, &EMPLOYEES, &json!([]), &fields).await?;
            Ok(rows.iter().map(|row| self.person(row)).collect::<Result<_, _>>()?)
        })
    }

    /// Version and road, and until when the key holds, in words.
    ///
    /// # Errors
    /// [`NotRead`] when it does not let us in.
    pub fn greeting(&self) -> Result<String, NotRead> {
        self.runtime.block_on(async {
            let session = self.session().await?;
            let road = match session.road {
                Road::JsonRpc => "JSON-RPC",
                Road::Json2 => "JSON-2",
            };
            Ok(format!("Odoo {} by {road}; {}", session.version, self.expiry(&session).await))
        })
    }

    /// That the user sees everybody's leave.
    async fn sees_all_leave(&self, session: &Session) -> Result<(), Fault> {
        let ask = || Call::new("res.users", "has_group").with("group_ext_id", SEES_ALL_LEAVE);
        let told = match self.wire.call(session, ask().of(&[session.uid])).await {
            // Before 18 it is asked of the user who calls, and takes no other.
            Err(Fault::Refused { name, .. }) if name == "builtins.TypeError" => self.wire.call(session, ask()).await,
            told => told,
        };
        match told.map_err(|fault| cured(fault, &LEAVE))? {
            Value::Bool(true) => Ok(()),
            _ => Err(Fault::Closed(
                "the user does not see everybody's leave: give it the group Time Off / Officer (manage all requests); until then no \
                 leave is stated or withdrawn"
                    .to_owned(),
            )),
        }
    }

    fn person(&self, row: &Value) -> Result<OdooPerson, Unreadable> {
        let code = match row.get(&self.field) {
            Some(Value::String(code)) => code.trim().to_owned(),
            Some(Value::Number(code)) => code.to_string(),
            _ => String::new(),
        };
        let department = row.get("department_id").and_then(|pair| pair.get(1)).and_then(Value::as_str);
        Ok(OdooPerson {
            id: id(row)?,
            code,
            name: text(row, "name"),
            email: text(row, "work_email"),
            department: department.unwrap_or_default().to_owned(),
            is_active: row.get("active") != Some(&Value::Bool(false)),
        })
    }

    /// Zones of the working schedules, and the usual schedule of each company.
    async fn schedules(&self, session: &Session, rows: &[HolidayRow]) -> Result<Schedules, NotRead> {
        if rows.is_empty() {
            return Ok(Schedules::default());
        }
        let companies = self.rows(session, &COMPANIES, &json!([]), &["resource_calendar_id"]).await?;
        let calendars = self.rows(session, &SCHEDULES, &json!([]), &["tz"]).await?;
        let mut schedules = Schedules::default();
        for row in &companies {
            if let Some(usual) = reference(row, "resource_calendar_id") {
                schedules.usual.insert(id(row)?, usual);
            }
        }
        for row in &calendars {
            if let Ok(zone) = TimeZone::get(&text(row, "tz")) {
                schedules.zones.insert(id(row)?, zone);
            }
        }
        Ok(schedules)
    }

    /// All records of a model that a domain holds for, page by page; archived ones of models other than leave too.
    async fn rows(
        &self,
        session: &Session,
        model: &Model,
        domain: &Value,
        fields: &[&str],
    ) -> Result<Vec<Value>, Fault> {
        self.pages(session, model, domain, fields).await.map_err(|fault| cured(fault, model))
    }

    /// As [`Self::rows`], with Odoo's own refusals.
    async fn pages(
        &self,
        session: &Session,
        model: &Model,
        domain: &Value,
        fields: &[&str],
    ) -> Result<Vec<Value>, Fault> {
        let mut all = Vec::new();
        let mut after = 0;
        loop {
            let mut terms = vec![json!(["id", ">", after])];
            terms.extend(domain.as_array().into_iter().flatten().cloned());
            let call = Call::new(model.name, "search_read")
                .with("domain", terms)
                .with("fields", json!(fields))
                .with("order", "id")
                .with("limit", PAGE);
            // Leave that is archived was cancelled (17).
            let call = match model.name {
                "hr.leave" => call,
                _ => call.with("context", json!({"active_test": false})),
            };
            let Value::Array(rows) = self.wire.call(session, call).await? else {
                return Err(Fault::Doubtful(format!("what Odoo says of {} is no list of records", model.what)));
            };
            let is_whole = rows.len() < PAGE;
            let next = rows.iter().filter_map(|row| row.get("id")?.as_i64()).max();
            all.extend(rows);
            match next {
                // An answer that does not go on would be asked for without end.
                Some(next) if !is_whole && next > after => after = next,
                _ => return Ok(all),
            }
        }
    }
}

/// What is asked for of leave.
fn leave_fields(has_second_period: bool) -> Vec<&'static str> {
    let mut fields = vec![
        "employee_id",
        "holiday_status_id",
        "request_date_from",
        "request_date_to",
        "request_unit_half",
        "request_date_from_period",
        "request_unit_hours",
        "request_hour_from",
        "request_hour_to",
    ];
    if has_second_period {
        fields.push("request_date_to_period");
    }
    fields
}

/// A refusal with what it is about, and what to do.
fn cured(fault: Fault, model: &Model) -> Fault {
    let Model { name, what, cure } = model;
    match fault {
        Fault::Refused { why, .. } => Fault::Closed(format!("the user may not read {what} ({name}): {cure} ({why})")),
        fault => fault,
    }
}

/// Working schedules as far as they matter.
#[derive(Debug, Default)]
struct Schedules {
    /// The usual schedule, by company.
    usual: BTreeMap<i64, i64>,
    zones: BTreeMap<i64, TimeZone>,
}

/// The dates that are holidays of everybody.
fn everybodys(rows: &[HolidayRow], schedules: &Schedules, from: Date, usual: &TimeZone) -> OdooHolidays {
    let (mut dates, mut left_out) = (BTreeMap::new(), Vec::new());
    for row in rows {
        let of_company = match row.company {
            Some(company) => schedules.usual.get(&company),
            None => schedules.usual.values().next(),
        };
        if row.calendar.is_some() && row.calendar != of_company.copied() {
            left_out.push(format!("`{}` (id {}) is of one working schedule only", row.name, row.id));
            continue;
        }
        let zone = row.calendar.as_ref().or(of_company).and_then(|schedule| schedules.zones.get(schedule));
        let holidays = row.holidays(zone.unwrap_or(usual));
        if holidays.is_empty() {
            left_out.push(format!("`{}` (id {}) is no whole day", row.name, row.id));
        }
        for holiday in holidays.into_iter().filter(|holiday| holiday.date >= from) {
            dates.entry(holiday.date).or_insert(holiday);
        }
    }
    OdooHolidays { holidays: dates.into_values().collect(), left_out }
}
