//! The JSON schema of policy files, made from the table of knobs (rules 18.1).

use serde_json::{Map, Value, json};

use crate::Policy;
use crate::vocabulary::{Allowed, CHECKS, CONDITIONS, KNOBS, Knob};

/// The JSON schema (draft 2020-12) of policy files, as `presets/policy.schema.json` has it: every knob with its
/// meaning, range and default (rules 18.1).
pub fn policy_schema() -> Value {
    let defaults = serde_json::to_value(Policy::default()).unwrap_or_default();
    let mut fields = Map::new();
    fields.insert("title".to_owned(), json!({"type": "string", "description": "one line"}));
    fields
        .insert("source".to_owned(), json!({"type": "string", "description": "the law or contract it was made from"}));
    fields.extend(properties(KNOBS, "", Some(&defaults)));
    fields.extend(properties(CHECKS, "", None));
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Punchclock policy file",
        "description": "Settings that are left out have their defaults. Durations are minutes.",
        "type": "object",
        "additionalProperties": false,
        "properties": fields,
        "$defs": {"when": table(CONDITIONS, "", None)},
    })
}

/// The properties of a table whose knobs begin with a prefix, in the order of the knobs.
fn properties(knobs: &[Knob], prefix: &str, defaults: Option<&Value>) -> Map<String, Value> {
    let mut fields = Map::new();
    for knob in knobs {
        let Some(rest) = knob.path.strip_prefix(prefix) else { continue };
        let name = rest.split(['.', '[']).next().unwrap_or(rest);
        if fields.contains_key(name) {
            continue;
        }
        let default = defaults.and_then(|defaults| defaults.get(name));
        let path = format!("{prefix}{name}");
        let schema = match knobs.iter().find(|knob| knob.path == path) {
            Some(knob) => of_knob(knobs, knob, default),
            None => table(knobs, &format!("{path}."), default),
        };
        fields.insert(name.to_owned(), schema);
    }
    fields
}

fn table(knobs: &[Knob], prefix: &str, defaults: Option<&Value>) -> Value {
    let here = |knob: &&Knob| knob.path.strip_prefix(prefix).is_some_and(|rest| !rest.contains(['.', '[']));
    let needed = knobs.iter().filter(here).filter(|knob| knob.needed).filter_map(|knob| knob.path.strip_prefix(prefix));
    let needed: Vec<_> = needed.collect();
    let mut schema = json!({
        "type": "object",
        "additionalProperties": false,
        "properties": properties(knobs, prefix, defaults),
    });
    if !needed.is_empty() {
        schema["required"] = json!(needed);
    }
    schema
}

fn of_knob(knobs: &[Knob], knob: &Knob, default: Option<&Value>) -> Value {
    const CLOCK: &str = "^([01][0-9]|2[0-3]):[0-5][0-9]$";
    let mut schema = match knob.allowed {
        Allowed::Flag => json!({"type": "boolean"}),
        Allowed::Whole { least, most } => json!({"type": "integer", "minimum": least, "maximum": most}),
        Allowed::DivisorOfHour => json!({"enum": (1..=60).filter(|unit| 60 % unit == 0).collect::<Vec<i64>>()}),
        Allowed::OneOf(words) => json!({"enum": words}),
        Allowed::SomeOf(words) => json!({"type": "array", "items": {"enum": words}}),
        Allowed::Clock => json!({"type": "string", "pattern": CLOCK}),
        Allowed::PlanClock => json!({"type": "string", "pattern": CLOCK.replace('$', r"(\+1)?$")}),
        Allowed::Window => json!({
            "type": "array", "items": {"type": "string", "pattern": CLOCK}, "minItems": 2, "maxItems": 2
        }),
        Allowed::Code => json!({"type": "string", "minLength": 1, "pattern": "^[^*]+$", "not": {"const": "REG"}}),
        Allowed::Items => {
            let item = table(knobs, &format!("{}[].", knob.path), None);
            // One check of breaks may stand without a list.
            if knob.path == "checks.break" {
                json!({"anyOf": [{"type": "array", "items": item.clone()}, item]})
            } else {
                json!({"type": "array", "items": item})
            }
        }
        Allowed::Table => table(knobs, &format!("{}.", knob.path), None),
        Allowed::Conditions => json!({"$ref": "#/$defs/when"}),
    };
    if knob.nullable {
        schema = json!({"anyOf": [schema, {"enum": [null, "none"]}]});
    }
    schema["description"] = json!(knob.meaning);
    if let Some(default) = default {
        schema["default"] = default.clone();
    }
    schema
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shipped_schema_is_the_one_that_the_knobs_make() {
        let shipped: Value = serde_json::from_str(include_str!("../../presets/policy.schema.json")).unwrap();
        assert!(shipped == policy_schema(), "write it anew: cargo run -p attendance --example policy_schema");
    }

    /// Every field of the policy is a knob, and every knob a field: the table is complete.
    #[test]
    fn the_table_knows_exactly_the_fields_of_a_policy() {
        let full: crate::policy_file::PolicyFile = crate::policy_file::PolicyFile::from_json(
            r#"{"break_rules": [{"after": 360, "deduct": 30}], "tardy_penalty": {"every": 3},
            "checks": {"daily_rest": {"min": 1}, "weekly_rest": {"min": 1}, "max_week": {"max": 1}, "max_day": {"max": 1},
                "consecutive_days": {"max": 1}, "break": {"after": 0, "min": 1}, "avg_week": {"max": 1, "weeks": 1}},
            "premiums": [{"code": "N", "percent": 1, "when": {}}],
            "pay_rules": [{"code": "A", "percent": 1, "when": {"day_kinds": [], "weekdays": [], "in_plan": true,
                "daily_from": 1, "daily_to": 1, "consecutive_day": 1, "window": ["00:00", "00:00"], "week_from": 1,
                "week_basis": "all"}}]}"#,
        )
        .unwrap();
        let mut fields = Vec::new();
        leaves("", &serde_json::to_value(&full).unwrap(), &mut fields);
        fields.retain(|path| path != "title" && path != "source");
        fields.sort();
        let paths = KNOBS.iter().chain(CHECKS).filter(|knob| !matches!(knob.allowed, Allowed::Items | Allowed::Table));
        let mut paths: Vec<_> = paths.map(|knob| knob.path.to_owned()).collect();
        paths.extend(CONDITIONS.iter().map(|knob| format!("when.{}", knob.path)));
        paths.sort();
        assert_eq!(fields, paths);
    }

    fn leaves(path: &str, value: &Value, found: &mut Vec<String>) {
        match value {
            Value::Object(fields) => {
                if path.ends_with("].when") {
                    found.push(path.to_owned());
                }
                for (name, value) in fields {
                    let when = path.ends_with("pay_rules[].when");
                    let path = match path {
                        "" => name.clone(),
                        _ if when => format!("when.{name}"),
                        _ => format!("{path}.{name}"),
                    };
                    leaves(&path, value, found);
                }
            }
            Value::Array(items) if items.first().is_some_and(Value::is_object) => {
                leaves(&format!("{path}[]"), &items[0], found);
            }
            _ => found.push(path.to_owned()),
        }
    }

    /// Each word that a knob accepts is a word of its type, and no word of the type is missing.
    #[test]
    fn the_words_of_the_table_are_those_of_the_types() {
        for knob in KNOBS.iter().filter(|knob| !knob.path.contains('[')) {
            let Allowed::OneOf(words) = knob.allowed else { continue };
            let with = |word: &str| {
                let leaf = json!(word);
                knob.path.rsplit('.').fold(leaf, |value, name| json!({ name: value }))
            };
            for word in words {
                serde_json::from_value::<Policy>(with(word)).unwrap();
            }
            let error = serde_json::from_value::<Policy>(with("no such word")).unwrap_err().to_string();
            let known: Vec<_> = error.split('`').skip(3).step_by(2).collect();
            assert_eq!(known, *words, "{}: {error}", knob.path);
        }
    }
}
