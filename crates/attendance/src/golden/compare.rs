//! Comparison of records field by field, with instants shown in the zone of the case.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::Serialize;
use serde_json::{Map, Value};

use super::input::rfc3339;
use crate::DayRecord;

const INSTANTS: [&str; 4] = ["plan_start", "plan_end", "first_in", "last_out"];

/// An expected record; missing fields get their defaults, instants are RFC 3339 with any offset.
pub(super) fn expected_record(mut day: Value) -> Result<DayRecord, String> {
    for name in INSTANTS {
        if let Some(value) = day.get_mut(name)
            && let Some(text) = value.as_str()
        {
            let instant: Timestamp = text.parse().map_err(|error| format!("{name}: {error}"))?;
            *value = instant.as_second().into();
        }
    }
    serde_json::from_value(day).map_err(|error| error.to_string())
}

/// One line per field that differs, in the order of the fields' names.
pub(super) fn differences<T: Serialize + PartialEq>(
    about: &str,
    expected: &T,
    actual: &T,
    zone: &TimeZone,
) -> Vec<String> {
    if expected == actual {
        return Vec::new();
    }
    let (expected, actual) = (fields(expected), fields(actual));
    let mut names: Vec<&String> = expected.keys().chain(actual.keys()).collect();
    names.sort();
    names.dedup();
    let differs = names.into_iter().filter(|name| expected.get(*name) != actual.get(*name));
    differs
        .map(|name| {
            let shown = |fields: &Map<String, Value>| show(name, fields.get(name), zone);
            format!("{about} {name}: expected {}, got {}", shown(&expected), shown(&actual))
        })
        .collect()
}

fn fields<T: Serialize>(value: &T) -> Map<String, Value> {
    match serde_json::to_value(value) {
        Ok(Value::Object(fields)) => fields,
        _ => Map::new(),
    }
}

fn show(name: &str, value: Option<&Value>, zone: &TimeZone) -> String {
    match value {
        Some(Value::Number(number)) if INSTANTS.contains(&name) => {
            format!("{:?}", rfc3339(number.as_i64().unwrap_or(0), zone))
        }
        Some(value) => value.to_string(),
        None if name.ends_with("_minutes") => "0".into(),
        None if name == "exceptions" => "[]".into(),
        None if matches!(name, "pay" | "premiums") => "{}".into(),
        None if name == "is_outlier" => "false".into(),
        None => "null".into(),
    }
}
