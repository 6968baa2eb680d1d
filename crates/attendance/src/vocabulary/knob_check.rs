//! Holds values against the table of knobs: the first one that does not fit is named with its place.

use serde_json::{Map, Value};

use super::knobs::{Allowed, CONDITIONS, Knob};
use super::{ClockTime, PolicyError};

/// What does not fit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Misfit {
    /// There is no such setting; those that are known there.
    Unknown { place: String, known: Vec<&'static str> },
    /// A setting does not accept its value.
    Value(PolicyError),
}

/// Checks a table of settings against knobs whose paths begin with `prefix` (empty, or ending with a dot). `place` is what
/// errors put before a path, in the same form. A text `none` where null is accepted becomes null: TOML has no null.
pub(crate) fn check_table(
    knobs: &[Knob],
    prefix: &str,
    place: &str,
    fields: &mut Map<String, Value>,
) -> Result<(), Misfit> {
    for (name, value) in fields.iter_mut() {
        let (path, place) = (format!("{prefix}{name}"), format!("{place}{name}"));
        let inner = format!("{path}.");
        if let Some(knob) = knobs.iter().find(|knob| knob.path == path) {
            check_value(knobs, knob, &place, value)?;
        } else if knobs.iter().any(|knob| knob.path.starts_with(&inner)) {
            let Some(inside) = value.as_object_mut() else { return refuse(&place, value, Allowed::Table) };
            check_table(knobs, &inner, &format!("{place}."), inside)?;
        } else {
            return Err(Misfit::Unknown { place, known: known_at(knobs, prefix) });
        }
    }
    let missing = knobs.iter().find(|knob| {
        let name = knob.path.strip_prefix(prefix).filter(|name| !name.contains(['.', '[']));
        knob.needed && name.is_some_and(|name| !fields.contains_key(name))
    });
    match missing {
        Some(knob) => {
            let name = knob.path.strip_prefix(prefix).unwrap_or(knob.path);
            Err(Misfit::Value(PolicyError::new(format!("{place}{name}"), "missing", knob.allowed.to_string())))
        }
        None => Ok(()),
    }
}

/// The names that a table knows.
fn known_at(knobs: &[Knob], prefix: &str) -> Vec<&'static str> {
    let rests = knobs.iter().filter_map(|knob| knob.path.strip_prefix(prefix));
    let mut names: Vec<_> = rests.filter_map(|rest| rest.split(['.', '[']).next()).collect();
    names.dedup();
    names
}

fn check_value(knobs: &[Knob], knob: &Knob, place: &str, value: &mut Value) -> Result<(), Misfit> {
    if knob.nullable && value.as_str() == Some("none") {
        *value = Value::Null;
    }
    if knob.nullable && value.is_null() {
        return Ok(());
    }
    match (knob.allowed, &mut *value) {
        (Allowed::Items, Value::Array(items)) => {
            for (index, item) in items.iter_mut().enumerate() {
                let place = format!("{place}[{index}]");
                let Some(fields) = item.as_object_mut() else { return refuse(&place, item, Allowed::Table) };
                check_table(knobs, &format!("{}[].", knob.path), &format!("{place}."), fields)?;
            }
            Ok(())
        }
        (Allowed::Table, Value::Object(fields)) => {
            check_table(knobs, &format!("{}.", knob.path), &format!("{place}."), fields)
        }
        (Allowed::Conditions, Value::Object(fields)) => check_table(CONDITIONS, "", &format!("{place}."), fields),
        (allowed, value) if accepts(allowed, value) => Ok(()),
        (allowed, value) => refuse(place, value, allowed),
    }
}

fn accepts(allowed: Allowed, value: &Value) -> bool {
    let clock = |value: &Value| value.as_str().and_then(|text| text.parse::<ClockTime>().ok());
    let on_the_date = |value: &Value| clock(value).is_some_and(|clock| clock.minutes() < 1440);
    let one_of = |words: &[&str], value: &Value| value.as_str().is_some_and(|text| words.contains(&text));
    match allowed {
        Allowed::Flag => value.is_boolean(),
        Allowed::Whole { least, most } => value.as_i64().is_some_and(|number| (least..=most).contains(&number)),
        Allowed::DivisorOfHour => value.as_i64().is_some_and(|unit| unit >= 1 && 60 % unit == 0),
        Allowed::OneOf(words) => one_of(words, value),
        Allowed::SomeOf(words) => value.as_array().is_some_and(|all| all.iter().all(|one| one_of(words, one))),
        Allowed::Clock => on_the_date(value),
        Allowed::PlanClock => clock(value).is_some(),
        Allowed::Window => value.as_array().is_some_and(|bounds| bounds.len() == 2 && bounds.iter().all(on_the_date)),
        Allowed::Code => value.is_string(),
        Allowed::Items | Allowed::Table | Allowed::Conditions => false,
    }
}

fn refuse(place: &str, value: &Value, allowed: Allowed) -> Result<(), Misfit> {
    let shown = match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    Err(Misfit::Value(PolicyError::new(place, shown, allowed.to_string())))
}
