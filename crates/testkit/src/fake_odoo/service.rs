//! Who may call what, with arguments and results (sections 2 to 6).

use jiff::tz::TimeZone;
use serde_json::{Map, Value, json};

use super::arguments;
use super::tables::fields;
use super::world::{Attendance, Employee, UID, World, instant};
use super::{Call, OdooFault};

/// An exception.
#[derive(Clone, Debug)]
pub(super) struct Error {
    pub(super) name: String,
    pub(super) message: String,
    /// What goes wrong instead of an exception that is told.
    pub(super) instead: Option<OdooFault>,
}

/// The fields of an employee.
const EMPLOYEE: [&str; 7] = ["id", "name", "barcode", "pin", "work_email", "department_id", "active"];
/// Those of an attendance, as far as they are asked for.
const ATTENDANCE: [&str; 4] = ["id", "employee_id", "check_in", "check_out"];

type Result<T> = std::result::Result<T, Error>;

impl Error {
    pub(super) fn new(name: &str, message: &str) -> Self {
        Self { name: name.to_owned(), message: message.to_owned(), instead: None }
    }

    /// With a traceback that nobody is to see.
    pub(super) fn told(&self) -> Value {
        let (name, message) = (&self.name, &self.message);
        json!({"name": name, "message": message, "arguments": [message], "context": {},
            "debug": "Traceback (most recent call last):\n  secret-path/odoo/http.py"})
    }

    /// Over JSON-2 what is not there is told by the web server's own exceptions.
    pub(super) fn in_json2(&self) -> Self {
        let name = match self.name.as_str() {
            "builtins.AttributeError" | "odoo.exceptions.UserError" => "werkzeug.exceptions.NotFound",
            "builtins.TypeError" => "werkzeug.exceptions.UnprocessableEntity",
            name => name,
        };
        Self::new(name, &self.message)
    }

    pub(super) fn status(&self) -> u16 {
        match self.name.as_str() {
            "odoo.exceptions.ValidationError" | "builtins.TypeError" => 422,
            "odoo.exceptions.AccessError" => 403,
            "odoo.exceptions.MissingError" | "builtins.AttributeError" | "odoo.exceptions.UserError" => 404,
            _ => 500,
        }
    }
}

fn access_error(what: &str) -> Error {
    Error::new("odoo.exceptions.AccessError", &format!("You are not allowed to {what}. Contact your administrator"))
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn ids(value: Option<&Value>) -> Vec<i64> {
    match value {
        Some(Value::Array(all)) => all.iter().filter_map(Value::as_i64).collect(),
        Some(one) => one.as_i64().into_iter().collect(),
        None => Vec::new(),
    }
}

impl Call {
    /// An argument by place or by name.
    fn argument(&self, place: usize, name: &str) -> Result<&Value> {
        let missing = || Error::new("builtins.TypeError", &format!("missing a required argument: '{name}'"));
        self.args.get(place).or_else(|| self.named.get(name)).ok_or_else(missing)
    }

    fn in_context(&self, name: &str) -> Option<&Value> {
        self.named.get("context")?.get(name)
    }
}

impl World {
    pub(super) fn perform(&mut self, call: &Call) -> Result<Value> {
        if call.method.starts_with('_') {
            return Err(access_error("call private methods"));
        }
        arguments::check(call)?;
        match (call.model.as_str(), call.method.as_str()) {
            ("hr.attendance", "search_read") => self.read_attendances(call),
            ("hr.attendance", "create") => self.create(call),
            ("hr.attendance", "write") => self.write(call),
            ("hr.attendance", "unlink") => self.unlink(call),
            ("hr.attendance", "load") => Ok(self.load(call)),
            // The question has this name since 18.
            ("hr.attendance", "check_access_rights") if self.version.number() < 18 => {
                call.argument(0, "operation").map(|operation| json!(self.may_create || operation == "read"))
            }
            ("hr.attendance", "has_access") if self.version.number() >= 18 => {
                call.argument(1, "operation").map(|operation| json!(self.may_create || operation == "read"))
            }
            ("hr.attendance", "get_external_id") => {
                let named = ids(call.args.first()).into_iter().map(|id| (id.to_string(), json!(self.name_of(id))));
                Ok(Value::Object(named.collect()))
            }
            ("hr.employee", "search_read") => self.read_employees(call),
            ("res.users", "has_group") => self.has_group(call),
            ("res.users", "context_get") => Ok(json!({"lang": "en_US", "tz": "Asia/Tokyo", "uid": UID})),
            ("res.users.apikeys", "search_read") => {
                let end = if self.keys_end.is_empty() { json!(false) } else { json!(self.keys_end) };
                let row = |_: &String| json!({"id": 1, "name": "punchclock", "expiration_date": end});
                Ok(self.keys.iter().map(row).collect())
            }
            ("hr.attendance" | "hr.employee" | "res.users" | "res.users.apikeys", method) => {
                Err(Error::new("builtins.AttributeError", &format!("the model has no method '{method}'")))
            }
            (model, method) => match self.tables.rows(self.version, model) {
                Some(rows) if method == "search_read" => {
                    search(rows?, call, &fields(self.version, model).unwrap_or_default())
                }
                Some(_) => {
                    Err(Error::new("builtins.AttributeError", &format!("'{model}' object has no attribute '{method}'")))
                }
                None => Err(Error::new("odoo.exceptions.UserError", &format!("Object {model} doesn't exist"))),
            },
        }
    }

    /// The employees of whom a call writes attendances.
    pub(super) fn written_by(&self, call: &Call) -> Vec<i64> {
        let list = |place, name| call.argument(place, name).ok().and_then(Value::as_array).into_iter().flatten();
        match call.method.as_str() {
            "write" | "unlink" => {
                ids(call.args.first()).iter().filter_map(|id| Some(self.rows.get(id)?.employee)).collect()
            }
            "create" => list(0, "vals_list").filter_map(|values| values["employee_id"].as_i64()).collect(),
            "load" => {
                let place = list(0, "fields").position(|field| field == "employee_id/.id");
                list(1, "data").filter_map(|row| row.get(place?)?.as_str()?.parse().ok()).collect()
            }
            _ => Vec::new(),
        }
    }

    /// The employees whose attendances a call asks for by their ids.
    pub(super) fn looked_at_by(&self, call: &Call) -> Vec<i64> {
        if (call.model.as_str(), call.method.as_str()) != ("hr.attendance", "search_read") {
            return Vec::new();
        }
        let terms = call.argument(0, "domain").ok().and_then(Value::as_array).into_iter().flatten();
        terms.filter(|term| term[0] == "employee_id").filter_map(|term| term[2].as_i64()).collect()
    }

    /// Of the user who calls before 18, of the one that it is called on since then; as the sources have it.
    fn has_group(&self, call: &Call) -> Result<Value> {
        if self.version.number() < 18 && !call.args.is_empty() {
            return Err(Error::new(
                "builtins.TypeError",
                "has_group() got multiple values for argument 'group_ext_id'",
            ));
        }
        if self.version.number() >= 18 && ids(call.args.first()) != [UID] {
            return Err(Error::new("builtins.ValueError", "Expected singleton: res.users()"));
        }
        let group = call.named.get("group_ext_id").map(text).unwrap_or_default();
        Ok(json!(group == "hr_holidays.group_hr_holidays_user" && self.tables.sees_only_leave_of.is_none()))
    }

    /// Section 3: archived ones are hidden unless the context says so, and a badge is not everybody's to read or search.
    fn read_employees(&self, call: &Call) -> Result<Value> {
        let (domain, fields) = (call.argument(0, "domain")?, call.argument(1, "fields")?);
        let is_asked = |name: &str| fields.as_array().is_some_and(|all| all.iter().any(|one| one == name));
        if !self.may_read_badges {
            if domain.to_string().contains("barcode") {
                let message = "Invalid field hr.employee.public.barcode in condition";
                return Err(Error::new("builtins.ValueError", message));
            }
            if is_asked("barcode") {
                return Err(access_error("access fields 'barcode'"));
            }
        }
        let or_false = |text: &str| if text.is_empty() { json!(false) } else { json!(text) };
        let row = |(id, one): (&i64, &Employee)| {
            let department = if one.department.is_empty() { json!(false) } else { json!([1, one.department]) };
            json!({"id": id, "name": one.name, "barcode": or_false(&one.barcode), "pin": or_false(&one.pin), "work_email": or_false(&one.email),
                "department_id": department, "active": one.is_active})
        };
        search(self.employees.iter().map(row).collect(), call, &EMPLOYEE)
    }

    /// Empty values are `false`, references a pair of id and name.
    fn read_attendances(&self, call: &Call) -> Result<Value> {
        let row = |(id, one): (&i64, &Attendance)| {
            let end = one.check_out.as_ref().map_or(json!(false), |end| json!(end));
            json!({"id": id, "employee_id": [one.employee, "Somebody"], "check_in": one.check_in, "check_out": end})
        };
        search(self.rows.iter().map(row).collect(), call, &ATTENDANCE)
    }

    fn check_create(&self) -> Result<()> {
        if !self.may_create_for_all {
            return Err(access_error("create 'Attendance' records"));
        }
        Ok(())
    }

    /// Atomic; `check_in` omitted means now.
    fn create(&mut self, call: &Call) -> Result<Value> {
        self.check_create()?;
        let all = call.argument(0, "vals_list")?.as_array().cloned().unwrap_or_default();
        let (before, mut made) = (self.rows.clone(), Vec::new());
        for values in &all {
            let now = || jiff::Timestamp::now().strftime("%Y-%m-%d %H:%M:%S").to_string();
            let check_in = values["check_in"].as_str().map_or_else(now, str::to_owned);
            let added =
                self.add(values["employee_id"].as_i64().unwrap_or(0), &check_in, text(&values["check_out"]), None);
            match added {
                Ok(id) => made.push(id),
                Err(error) => {
                    self.rows = before;
                    return Err(error);
                }
            }
        }
        Ok(json!(made))
    }

    fn write(&mut self, call: &Call) -> Result<Value> {
        self.check_create()?;
        let vals = call.argument(1, "vals")?.as_object().cloned().unwrap_or_default();
        if let Some(name) = vals.keys().find(|name| !["check_in", "check_out"].contains(&name.as_str())) {
            return Err(Error::new("builtins.ValueError", &format!("Invalid field '{name}' on 'hr.attendance'")));
        }
        for id in ids(call.args.first()) {
            let (check_in, check_out) = match self.rows.get(&id) {
                Some(row) => (row.check_in.clone(), row.check_out.clone().unwrap_or_default()),
                None => (String::new(), String::new()),
            };
            let of = |name: &str, before: String| vals.get(name).map_or(before, |value| text(value).to_owned());
            self.change(id, &of("check_in", check_in), &of("check_out", check_out))?;
        }
        Ok(json!(true))
    }

    fn unlink(&mut self, call: &Call) -> Result<Value> {
        self.check_create()?;
        let doomed = ids(call.args.first());
        if doomed.iter().any(|id| !self.rows.contains_key(id)) {
            return Err(Error::new("odoo.exceptions.MissingError", "Record does not exist or has been deleted."));
        }
        self.remove(&doomed);
        Ok(json!(true))
    }

    /// Section 5: a result also on refusal, all or nothing, the message of a constraint on every row; times in the context's zone.
    fn load(&mut self, call: &Call) -> Value {
        let refused = |rows: Vec<usize>, field: Option<&str>, message: &str| {
            let one = |row: usize| {
                let mut told =
                    json!({"rows": {"from": row, "to": row}, "record": row, "type": "error", "message": message});
                if let Some(field) = field {
                    told["field"] = json!(field);
                }
                told
            };
            json!({"ids": false, "messages": rows.into_iter().map(one).collect::<Vec<_>>(), "nextrow": 0})
        };
        let list = |place, name| call.argument(place, name).ok().and_then(Value::as_array).cloned().unwrap_or_default();
        let (fields, data) = (list(0, "fields"), list(1, "data"));
        let everywhere = || (0..data.len()).collect::<Vec<_>>();
        if let Err(error) = self.check_create() {
            return refused(everywhere(), None, &error.message);
        }
        // A user without a zone of its own has UTC; this one's is another.
        let zone = call.in_context("tz").and_then(Value::as_str).unwrap_or("Asia/Tokyo");
        let zone = TimeZone::get(zone).unwrap_or(TimeZone::UTC);
        let (before, names) = (self.rows.clone(), self.names.clone());
        let mut made = Vec::new();
        for (place, row) in data.iter().enumerate() {
            let cell = |name: &str| {
                let place = fields.iter().position(|field| field == name);
                place.and_then(|place| row.get(place)).map(text).unwrap_or_default().to_owned()
            };
            let times = utc(&cell("check_in"), &zone).and_then(|from| Ok((from, utc(&cell("check_out"), &zone)?)));
            let Ok((check_in, check_out)) = times else {
                (self.rows, self.names) = (before, names);
                return refused(vec![place], Some("check_in"), "does not seem to be a valid date");
            };
            let (name, employee) = (cell("id"), cell("employee_id/.id").parse().unwrap_or(0));
            let loaded = match self.names.get(&name).copied() {
                Some(_) if self.is_blind => {
                    let message =
                        "duplicate key value violates unique constraint \"ir_model_data_module_name_uniq_index\"";
                    Err(Error::new("odoo.exceptions.ValidationError", message))
                }
                Some(id) => {
                    self.doubled += usize::from(made.contains(&id));
                    self.change(id, &check_in, &check_out).map(|()| {
                        if let Some(row) = self.rows.get_mut(&id) {
                            row.employee = employee;
                        }
                        id
                    })
                }
                None => self.add(employee, &check_in, &check_out, Some(&name)),
            };
            match loaded {
                Ok(id) => made.push(id),
                Err(error) => {
                    (self.rows, self.names) = (before, names);
                    return refused(everywhere(), None, &error.message);
                }
            }
        }
        json!({"ids": made, "messages": [], "nextrow": 0})
    }
}

/// Naive text of a zone as naive UTC; empty stays empty.
fn utc(text: &str, zone: &TimeZone) -> Result<String> {
    if text.is_empty() {
        return Ok(String::new());
    }
    let bad = |_| Error::new("builtins.ValueError", "no date");
    let civil = jiff::civil::DateTime::strptime("%Y-%m-%d %H:%M:%S", instant(text)?).map_err(bad)?;
    let zoned = civil.to_zoned(zone.clone()).map_err(bad)?;
    Ok(zoned.timestamp().strftime("%Y-%m-%d %H:%M:%S").to_string())
}

/// `search_read` of a model: what the domain holds for, archived ones only where the context says so, in the order of ids, up to a limit.
fn search(rows: Vec<Value>, call: &Call, known: &[&str]) -> Result<Value> {
    let (domain, fields) = (call.argument(0, "domain")?, call.argument(1, "fields")?);
    let mut asked = fields.as_array().into_iter().flatten().filter_map(Value::as_str);
    if let Some(name) = asked.find(|name| !known.contains(name)) {
        return Err(Error::new("builtins.ValueError", &format!("Invalid field '{name}' on model '{}'", call.model)));
    }
    let shows_all = call.in_context("active_test") == Some(&json!(false));
    let limit = call.named.get("limit").and_then(Value::as_u64).unwrap_or(u64::MAX);
    let mut found = Vec::new();
    for row in rows {
        let is_shown = shows_all || row.get("active").is_none_or(|active| active != &json!(false));
        if is_shown && (found.len() as u64) < limit && holds(domain, &row)? {
            found.push(only(&row, fields));
        }
    }
    Ok(Value::Array(found))
}

/// A row with some of its fields.
fn only(row: &Value, fields: &Value) -> Value {
    let is_asked = |name: &str| name == "id" || fields.as_array().is_some_and(|all| all.iter().any(|one| one == name));
    let cells = row.as_object().into_iter().flatten().filter(|(name, _)| is_asked(name));
    Value::Object(cells.map(|(name, value)| (name.clone(), value.clone())).collect::<Map<_, _>>())
}

/// Whether a domain, in prefix notation, holds for a row.
fn holds(domain: &Value, row: &Value) -> Result<bool> {
    let mut terms = domain.as_array().cloned().unwrap_or_default().into_iter().rev().collect::<Vec<_>>();
    let mut all = true;
    while !terms.is_empty() {
        all &= term(&mut terms, row)?;
    }
    Ok(all)
}

fn term(terms: &mut Vec<Value>, row: &Value) -> Result<bool> {
    let bad = || Error::new("builtins.ValueError", "Invalid domain");
    match terms.pop().ok_or_else(bad)? {
        Value::String(word) => {
            let (one, other) = (term(terms, row)?, term(terms, row)?);
            Ok(if word == "|" { one || other } else { one && other })
        }
        Value::Array(leaf) => {
            let [Value::String(field), Value::String(operator), value] = leaf.as_slice() else { return Err(bad()) };
            let Some(has) = row.get(field.as_str()) else {
                return Err(Error::new("builtins.ValueError", &format!("Invalid field {field}")));
            };
            // A reference is compared by its id.
            let has = has.get(0).unwrap_or(has);
            let is_empty = has == &json!(false);
            Ok(match operator.as_str() {
                "=" => has == value,
                "in" => value.as_array().is_some_and(|all| all.contains(has)),
                ">" if value.is_number() => has.as_i64() > value.as_i64(),
                "<" => !is_empty && text(has) < text(value),
                ">=" => !is_empty && text(has) >= text(value),
                _ => return Err(bad()),
            })
        }
        _ => Err(bad()),
    }
}
