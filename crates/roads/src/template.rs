//! The body of a record: JSON in which `{name}` stands for a field.
//!
//! Invariants:
//! * A text that is one placeholder becomes the field with its type; within a longer text its words stand, nothing for none.
//! * A template that names a field that is not there is refused when it is made.

use serde_json::{Map, Value, json};

use crate::sink::Fields;

/// The fields that there are.
pub const FIELDS: [&str; 18] = [
    "user_id",
    "employee_name",
    "date",
    "clock_in",
    "clock_out",
    "is_outlier",
    "outlier_reason",
    "device_name",
    "device_ip",
    "status",
    "worked_minutes",
    "tardy_minutes",
    "left_early_minutes",
    "paid_minutes",
    "is_gone",
    "event",
    "revision",
    "noted_at",
];
/// Those of the usual body.
const USUAL: [&str; 8] =
    ["user_id", "date", "clock_in", "clock_out", "is_outlier", "outlier_reason", "device_name", "device_ip"];

/// What an event has besides.
const EVENT: [&str; 3] = ["event", "revision", "noted_at"];

/// A body with placeholders.
#[derive(Clone, Debug, PartialEq)]
pub struct Template(Value);

/// A template names a field that is not there.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there is no field {{{0}}}; there are {known}", known = FIELDS.join(", "))]
pub struct NoField(String);

impl Template {
    /// From JSON.
    ///
    /// # Errors
    /// [`NoField`].
    pub fn new(body: Value) -> Result<Self, NoField> {
        match unknown(&body) {
            Some(name) => Err(NoField(name)),
            None => Ok(Self(body)),
        }
    }

    /// The eight fields that the predecessor's receivers know.
    pub fn usual() -> Self {
        Self(with(USUAL.into_iter()))
    }

    /// Those, and what happened to the day.
    pub fn of_events() -> Self {
        Self(with(USUAL.into_iter().chain(EVENT)))
    }

    /// The body of a record.
    pub fn render(&self, fields: &Fields) -> Value {
        fill(&self.0, fields)
    }
}

/// An object of fields under their own names.
fn with(names: impl Iterator<Item = &'static str>) -> Value {
    names.map(|name| (name.to_owned(), json!(format!("{{{name}}}")))).collect::<Map<_, _>>().into()
}

fn fill(template: &Value, fields: &Fields) -> Value {
    match template {
        Value::String(text) => fill_text(text, fields),
        Value::Array(items) => items.iter().map(|item| fill(item, fields)).collect(),
        Value::Object(items) => {
            items.iter().map(|(name, item)| (name.clone(), fill(item, fields))).collect::<Map<_, _>>().into()
        }
        other => other.clone(),
    }
}

fn fill_text(text: &str, fields: &Fields) -> Value {
    let value = |name: &str| fields.get(name).cloned().unwrap_or(Value::Null);
    if let [Part::Field(name)] = parts(text).as_slice() {
        return value(name);
    }
    let words = parts(text).into_iter().map(|part| match part {
        Part::Words(words) => words.to_owned(),
        Part::Field(name) => match value(name) {
            Value::Null => String::new(),
            Value::String(text) => text,
            other => other.to_string(),
        },
    });
    Value::String(words.collect())
}

enum Part<'a> {
    Words(&'a str),
    Field(&'a str),
}

/// A text cut at its placeholders. A brace that encloses no name is a brace.
fn parts(text: &str) -> Vec<Part<'_>> {
    let (mut parts, mut rest) = (Vec::new(), text);
    while let Some((before, after)) = rest.split_once('{') {
        let Some((name, behind)) = after.split_once('}').filter(|(name, _)| is_name(name)) else {
            let cut = before.len() + 1;
            let (words, behind) = rest.split_at(cut);
            parts.push(Part::Words(words));
            rest = behind;
            continue;
        };
        if !before.is_empty() {
            parts.push(Part::Words(before));
        }
        parts.push(Part::Field(name));
        rest = behind;
    }
    if !rest.is_empty() {
        parts.push(Part::Words(rest));
    }
    parts
}

fn is_name(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_')
}

/// The first placeholder that is no field.
fn unknown(template: &Value) -> Option<String> {
    match template {
        Value::String(text) => parts(text).into_iter().find_map(|part| match part {
            Part::Field(name) if !FIELDS.contains(&name) => Some(name.to_owned()),
            _ => None,
        }),
        Value::Array(items) => items.iter().find_map(unknown),
        Value::Object(items) => items.values().find_map(unknown),
        _ => None,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn fields() -> Fields {
        let day = json!({"user_id": "0012", "date": "2026-03-04", "clock_in": null, "is_outlier": true, "worked_minutes": 480});
        day.as_object().unwrap().clone()
    }

    #[test]
    fn a_placeholder_alone_keeps_the_type_of_its_field_and_within_words_it_is_text() {
        let body = json!({"id": "{user_id}", "in": "{clock_in}", "odd": "{is_outlier}", "say": "{user_id} on {date}: {worked_minutes} min{clock_in}", "list": ["{worked_minutes}", 7, "a { b }"]});
        let told = Template::new(body).unwrap().render(&fields());
        assert_eq!(
            told,
            json!({"id": "0012", "in": null, "odd": true, "say": "0012 on 2026-03-04: 480 min", "list": [480, 7, "a { b }"]})
        );
    }

    #[test]
    fn the_usual_body_has_the_eight_fields_of_the_predecessor() {
        let told = Template::usual().render(&fields());
        let names: Vec<_> = told.as_object().unwrap().keys().map(String::as_str).collect();
        let mut wanted = USUAL.to_vec();
        wanted.sort_unstable();
        assert_eq!(names, wanted);
    }

    #[test]
    fn a_field_that_is_not_there_is_named_with_those_that_are() {
        let error = Template::new(json!({"a": ["{user_id} {salary}"]})).unwrap_err().to_string();
        assert!(error.contains("no field {salary}") && error.contains("clock_in"), "{error}");
    }
}
