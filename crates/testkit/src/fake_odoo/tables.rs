//! Models that are only read here: working schedules, public holidays, leave. What each version's records have, and who may read them.
//!
//! The fields are those of the sources of 17.0, 18.0 and 19.0.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::OdooVersion;
use super::service::Error;

/// The models, with their fields in every version.
const MODELS: [(&str, &[&str]); 5] = [
    ("res.company", &["id", "name", "resource_calendar_id"]),
    ("resource.calendar", &["id", "name", "tz", "company_id", "active"]),
    (
        "resource.calendar.leaves",
        &["id", "name", "company_id", "calendar_id", "resource_id", "date_from", "date_to", "time_type", "holiday_id"],
    ),
    ("hr.leave.type", &["id", "name", "active", "request_unit"]),
    (
        "hr.leave",
        &[
            "id",
            "state",
            "employee_id",
            "holiday_status_id",
            "request_date_from",
            "request_date_to",
            "request_unit_half",
            "request_date_from_period",
            "request_unit_hours",
            "request_hour_from",
            "request_hour_to",
        ],
    ),
];

/// Their records.
#[derive(Default)]
pub(super) struct Tables {
    /// By model and id.
    rows: BTreeMap<String, BTreeMap<i64, Value>>,
    /// Models that the user may not read.
    pub(super) closed: BTreeSet<String>,
    /// Models of applications that are not installed.
    pub(super) missing: BTreeSet<String>,
    /// The only employee whose leave the user sees; everybody's when `None`.
    pub(super) sees_only_leave_of: Option<i64>,
}

impl Tables {
    /// The rows of a model, if it is one of these and may be read.
    pub(super) fn rows(&self, version: OdooVersion, model: &str) -> Option<Result<Vec<Value>, Error>> {
        let fields = fields(version, model)?;
        if self.missing.contains(model) {
            return None;
        }
        if self.closed.contains(model) {
            let message = format!("You are not allowed to access '{model}' records. Contact your administrator");
            return Some(Err(Error::new("odoo.exceptions.AccessError", &message)));
        }
        let whole = |(id, row): (&i64, &Value)| {
            let usual = |name: &str| json!(name == "active");
            let cell = |name: &&str| ((*name).to_owned(), row.get(*name).cloned().unwrap_or_else(|| usual(name)));
            let mut whole: serde_json::Map<String, Value> = fields.iter().map(cell).collect();
            whole.insert("id".to_owned(), json!(id));
            Value::Object(whole)
        };
        let is_seen = |(_, row): &(&i64, &Value)| match self.sees_only_leave_of {
            Some(own) if model == "hr.leave" => row["employee_id"][0] == own,
            _ => true,
        };
        Some(Ok(self.rows.get(model).into_iter().flatten().filter(is_seen).map(whole).collect()))
    }

    /// Puts a record, over the one of that id.
    pub(super) fn put(&mut self, model: &str, id: i64, row: Value) {
        self.rows.entry(model.to_owned()).or_default().insert(id, row);
    }

    /// Changes some fields of a record.
    pub(super) fn change(&mut self, model: &str, id: i64, cells: &Value) {
        let Some(row) = self.rows.get_mut(model).and_then(|rows| rows.get_mut(&id)) else { return };
        for (name, value) in cells.as_object().into_iter().flatten() {
            row[name.as_str()] = value.clone();
        }
    }

    /// Deletes a record.
    pub(super) fn remove(&mut self, model: &str, id: i64) {
        if let Some(rows) = self.rows.get_mut(model) {
            rows.remove(&id);
        }
    }
}

/// The fields of a model in a version; `None` for a model that is none of these. The second half of a range of days came with 19, archived leave went with 18.
pub(super) fn fields(version: OdooVersion, model: &str) -> Option<Vec<&'static str>> {
    let (_, common) = MODELS.iter().find(|(name, _)| *name == model)?;
    let mut fields = common.to_vec();
    if model == "hr.leave" {
        match version {
            OdooVersion::V17 => fields.push("active"),
            OdooVersion::V18 => {}
            OdooVersion::V19 | OdooVersion::V19Json2 => fields.push("request_date_to_period"),
        }
    }
    Some(fields)
}
