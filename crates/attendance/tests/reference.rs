//! The policy against the text of the reference, where that lies beside the project: every knob of section 18.1 under its
//! name and with its default, every preset of section 18.2 with its numbers.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test fails by panicking")]

use std::collections::BTreeMap;

use attendance::{Allowed, KNOBS, POLICY_PRESETS, Policy, PolicyFile};
use serde_json::{Map, Value, json};

fn reference() -> Option<String> {
    testkit::shared("reference/attendance-rules.md").map(|path| std::fs::read_to_string(path).unwrap())
}

/// What stands in backquotes.
fn quoted(text: &str) -> Vec<&str> {
    text.split('`').skip(1).step_by(2).collect()
}

/// The paths that the first column of a row names, in its shorthands: `a.b`, `.c` after it, `a.b/c/d`, `a.b.*` (whose names
/// stand in the last column).
fn paths(names: &str, meaning: &str) -> Vec<String> {
    let mut paths: Vec<String> = Vec::new();
    for name in quoted(names) {
        let group = |path: &str| path.rsplit_once('.').map_or(String::new(), |(group, _)| format!("{group}."));
        if let Some(group) = name.strip_suffix('*') {
            paths.extend(quoted(meaning).iter().map(|name| format!("{group}{name}")));
        } else if let Some(name) = name.strip_prefix('.') {
            paths.push(format!("{}{name}", group(paths.last().unwrap())));
        } else {
            let mut names = name.split('/');
            let first = names.next().unwrap();
            paths.push(first.to_owned());
            paths.extend(names.map(|name| format!("{}{name}", group(first))));
        }
    }
    paths
}

/// The defaults of a row, one per path: `a`, `b`; `a/b/c`; one for all. Remarks in brackets and parentheses are left out.
fn defaults(column: &str, count: usize) -> Vec<Value> {
    let plain = column.split(['[', '(']).next().unwrap_or(column).trim();
    let plain = if plain.is_empty() { column.trim() } else { plain };
    let separator = if plain.contains('/') { '/' } else { ',' };
    let texts: Vec<&str> = if plain.contains('{') { vec![plain] } else { plain.split(separator).collect() };
    let value = |text: &&str| {
        let text = text.trim().trim_matches('`');
        serde_json::from_str(text).unwrap_or_else(|_| json!(text))
    };
    let values: Vec<Value> = texts.iter().map(value).collect();
    if values.len() == 1 { vec![values[0].clone(); count] } else { values }
}

#[test]
fn every_knob_of_the_reference_has_its_name_and_its_default() {
    let Some(reference) = reference() else { return };
    let section = reference.split("### 18.1").nth(1).unwrap().split("Default timetable").next().unwrap();
    let rows = section.lines().filter(|line| line.starts_with("| `"));
    let policy = serde_json::to_value(Policy::default()).unwrap();
    let at = |path: &str| path.split('.').fold(&policy, |value, name| &value[name]).clone();
    let mut seen = Vec::new();
    for row in rows {
        let columns: Vec<&str> = row.trim_matches('|').split('|').collect();
        let names = paths(columns[0], columns[2]);
        if names == ["pay_rules", "premiums"] {
            let short = |list: &str| {
                let rules = policy[list].as_array().unwrap().iter();
                rules.map(|rule| format!("{} {}", rule["code"].as_str().unwrap(), rule["percent"])).collect::<Vec<_>>()
            };
            assert_eq!(
                columns[1].split('(').next().unwrap().trim(),
                format!("{}; {}", short("pay_rules").join(", "), short("premiums").join(", "))
            );
            seen.extend(names);
            continue;
        }
        let expected = defaults(columns[1], names.len());
        assert_eq!(names.len(), expected.len(), "{row}");
        for (name, expected) in names.iter().zip(expected) {
            // `{mode: none, unit: 1}` is no JSON.
            let expected =
                if expected == json!("{mode: none, unit: 1}") { json!({"mode": "none", "unit": 1}) } else { expected };
            assert_eq!(at(name), expected, "{name}");
        }
        seen.extend(names);
    }
    // A table row names a group or a knob; `half_day.mode` names its two points in its meaning.
    seen.extend(["half_day.am_end", "half_day.pm_start"].map(str::to_owned));
    for knob in KNOBS.iter().filter(|knob| !knob.path.contains('[')) {
        let named = seen.iter().any(|path| knob.path == path || knob.path.starts_with(&format!("{path}.")));
        assert!(named, "{} is no knob of the reference", knob.path);
    }
    for path in seen {
        let known = KNOBS.iter().any(|knob| knob.path == path || knob.path.starts_with(&format!("{path}.")));
        assert!(known, "{path} is missing");
    }
}

#[test]
fn the_presets_are_those_of_the_reference() {
    let Some(reference) = reference() else { return };
    let section = reference.split("### 18.2").nth(1).unwrap();
    let text = section.split("```json").nth(1).unwrap().split("```").next().unwrap();
    let listed: BTreeMap<String, Map<String, Value>> = serde_json::from_str(text).unwrap();
    let mut names: Vec<&str> = listed.keys().map(String::as_str).chain(["DEFAULT"]).collect();
    names.sort_unstable();
    assert_eq!(names, POLICY_PRESETS);
    for (name, mut fields) in listed {
        // A modifier belongs to the work plan; the file tells how to enter it.
        fields.remove("modifier_example");
        // The golden cases of this preset have no premium; docs/rules-notes.md tells.
        if name == "AE_UAE" {
            fields.insert("premiums".to_owned(), json!([]));
        }
        let expected = PolicyFile::from_json(&Value::Object(fields).to_string()).unwrap();
        let shipped = PolicyFile::preset(&name).unwrap();
        assert_eq!((shipped.policy, shipped.checks), (expected.policy, expected.checks), "{name}");
    }
}

#[test]
fn the_defaults_are_those_of_the_golden_cases() {
    let cases: Value = serde_json::from_str(include_str!("golden/attendance-cases.json")).unwrap();
    let policy: Policy = serde_json::from_value(cases["defaults"]["policy"].clone()).unwrap();
    assert_eq!(policy, Policy::default());
    let knobs = KNOBS.iter().filter(|knob| !knob.path.contains('[') && !matches!(knob.allowed, Allowed::Table));
    for knob in knobs.filter(|knob| knob.path != "tardy_penalty.every") {
        let mut parts = knob.path.split('.');
        let first = cases["defaults"]["policy"].get(parts.next().unwrap());
        assert!(parts.fold(first, |value, name| value.and_then(|value| value.get(name))).is_some(), "{}", knob.path);
    }
}
