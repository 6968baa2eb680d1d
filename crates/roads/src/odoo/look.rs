//! What is in Odoo: employees by the field that tells them, and attendances with their external ids.

use std::collections::BTreeMap;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, ToSpan as _};
use serde_json::{Value, json};

use super::plan::{Found, Owner};
use super::text::{seconds, utc};
use super::wire::{Call, Fault, Session, Wire};

/// The module part of every external id of ours.
const MODULE: &str = "punchclock";
/// Days around a work date on which its rows may lie: night shifts, zones, and a zone that was corrected.
const DAYS_AROUND: i64 = 2;

/// A day of an employee, as external ids tell it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct DayKey {
    /// What all rows of the day have in front of their number.
    prefix: String,
    date: Date,
}

impl DayKey {
    /// `punchclock.TENANT_EMPLOYEE_DATE_NUMBER`, all of the hub's own numbers: codes may change.
    pub(super) fn new(tenant: i64, employee: &str, date: Date) -> Self {
        Self { prefix: format!("{MODULE}.{tenant}_{employee}_{}_", date.strftime("%Y%m%d")), date }
    }

    pub(super) fn external_id(&self, number: u32) -> String {
        format!("{}{number}", self.prefix)
    }

    fn owner_of(&self, external_id: &str) -> Owner {
        match external_id.strip_prefix(&self.prefix).and_then(|number| number.parse().ok()) {
            Some(number) => Owner::This(number),
            None if external_id.starts_with("punchclock.") => Owner::OtherDay(external_id.to_owned()),
            None => Owner::Other,
        }
    }

    /// Seconds UTC around the date.
    fn around(&self) -> (i64, i64) {
        let midnight = |date: Date| date.to_zoned(TimeZone::UTC).map_or(0, |at| at.timestamp().as_second());
        let (from, to) = (self.date.saturating_sub(DAYS_AROUND.days()), self.date.saturating_add(DAYS_AROUND.days()));
        (midnight(from), midnight(to) + SignedDuration::from_hours(24).as_secs())
    }
}

/// An employee in Odoo.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Matched {
    /// The id.
    One(i64),
    /// More than one has the value.
    Several,
}

/// The employees that have these codes in a field; archived ones count, as their days may still be to come.
pub(super) async fn employees(
    wire: &Wire,
    session: &Session,
    field: &str,
    codes: &[&str],
) -> Result<BTreeMap<String, Matched>, Fault> {
    let call = Call::new("hr.employee", "search_read")
        .with("domain", json!([[field, "in", codes]]))
        .with("fields", json!(["id", field]))
        .with("context", json!({"active_test": false}));
    let rows = match wire.call(session, call).await {
        // Whoever may not read the field is told that it is not there, or that it is not allowed.
        Err(Fault::Refused { why, .. }) => {
            return Err(Fault::Closed(format!(
                "the user may not read `{field}` of employees: give it the group Employees / Officer ({why})"
            )));
        }
        answer => answer?,
    };
    let mut found = BTreeMap::new();
    for row in rows.as_array().into_iter().flatten() {
        let (Some(id), Some(code)) = (row.get("id").and_then(Value::as_i64), row.get(field)) else { continue };
        let code = code.as_str().map_or_else(|| code.to_string(), str::to_owned);
        found.entry(code).and_modify(|one| *one = Matched::Several).or_insert(Matched::One(id));
    }
    Ok(found)
}

/// The attendances of some employees around a day of each, in the order of the days.
pub(super) async fn attendances(
    wire: &Wire,
    session: &Session,
    days: &[(i64, &DayKey)],
) -> Result<Vec<Vec<Found>>, Fault> {
    let fields = json!(["id", "employee_id", "check_in", "check_out"]);
    let call = Call::new("hr.attendance", "search_read").with("domain", domain(days)).with("fields", fields);
    let rows = wire.call(session, call).await.map_err(closed)?;
    let rows: Vec<Attendance> = rows.as_array().into_iter().flatten().filter_map(attendance).collect();
    let names = external_ids(wire, session, &rows).await?;
    let of_day = |(employee, day): &(i64, &DayKey)| {
        let (from, to) = day.around();
        let is_near = |row: &&Attendance| {
            row.employee == *employee && row.check_in < to && row.check_out.is_none_or(|end| end >= from)
        };
        let found = |row: &Attendance| Found {
            id: row.id,
            check_in: row.check_in,
            check_out: row.check_out,
            owner: names.get(&row.id).map_or(Owner::Other, |name| day.owner_of(name)),
        };
        rows.iter().filter(is_near).map(found).collect()
    };
    Ok(days.iter().map(of_day).collect())
}

struct Attendance {
    id: i64,
    employee: i64,
    check_in: i64,
    check_out: Option<i64>,
}

fn attendance(row: &Value) -> Option<Attendance> {
    Some(Attendance {
        id: row.get("id")?.as_i64()?,
        employee: row.get("employee_id")?.get(0)?.as_i64()?,
        check_in: seconds(row.get("check_in")?.as_str()?)?,
        check_out: row.get("check_out").and_then(Value::as_str).and_then(seconds),
    })
}

/// Any of: this employee, begins before the end, and is open or ends after the beginning.
fn domain(days: &[(i64, &DayKey)]) -> Value {
    let mut terms = vec![json!("|"); days.len().saturating_sub(1)];
    for (employee, day) in days {
        let (from, to) = day.around();
        terms.extend([
            json!("&"),
            json!("&"),
            json!(["employee_id", "=", employee]),
            json!(["check_in", "<", utc(to)]),
            json!("|"),
            json!(["check_out", "=", false]),
            json!(["check_out", ">=", utc(from)]),
        ]);
    }
    Value::Array(terms)
}

/// The external ids of rows. Odoo reads them with its own rights, so a user who may not see `ir.model.data` gets them, too.
async fn external_ids(wire: &Wire, session: &Session, rows: &[Attendance]) -> Result<BTreeMap<i64, String>, Fault> {
    if rows.is_empty() {
        return Ok(BTreeMap::new());
    }
    let ids: Vec<i64> = rows.iter().map(|row| row.id).collect();
    let names = wire.call(session, Call::new("hr.attendance", "get_external_id").of(&ids)).await.map_err(closed)?;
    let named = names.as_object().into_iter().flatten();
    Ok(named.filter_map(|(id, name)| Some((id.parse().ok()?, name.as_str()?.to_owned()))).collect())
}

/// Who is not let look is let do nothing.
fn closed(fault: Fault) -> Fault {
    match fault {
        Fault::Refused { why, .. } => Fault::Closed(format!(
            "the user may not read attendances ({why}): is the Attendances app installed, and has the user its group?"
        )),
        fault => fault,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_row_is_known_by_its_external_id() {
        let day = DayKey::new(1, "12", "2026-03-04".parse().unwrap());
        assert_eq!(day.external_id(2), "punchclock.1_12_20260304_2");
        assert_eq!(day.owner_of(&day.external_id(2)), Owner::This(2));
        let other = DayKey::new(1, "2", "2026-03-04".parse().unwrap()).external_id(1);
        assert_eq!(day.owner_of(&other), Owner::OtherDay(other.clone()));
        for name in ["", "__export__.hr_attendance_7", "punchclockish.1_12_20260304_2"] {
            assert_eq!(day.owner_of(name), Owner::Other, "{name}");
        }
    }
}
