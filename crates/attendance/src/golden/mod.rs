//! Runs a file of golden cases: inputs with the records that the rules must give for them (golden README).
//!
//! A case's settings are merged onto the file's defaults; a field that is missing in an expectation has its default, so
//! every field is compared. Cases of kinds that are not supported yet are counted as skipped, by name.

mod bank;
mod compare;
mod compliance;
mod input;
mod replay;

use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::{DateRange, DayRecord, Flag, RoundingMode, Totals, derive, localize, round, totals};
use compare::{differences, expected_record};
use input::DeriveCase;
pub use replay::{Additions, NamedPunch, Replay, ReplayOutcome, ReplayStep, Sums};

/// What a run of a cases file found (golden README).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    /// Cases whose expectation was met in every field.
    pub passed: usize,
    /// Cases whose expectation was not met.
    pub failed: Vec<Failure>,
    /// Cases of a kind that is not supported yet.
    pub skipped: Vec<Skipped>,
}

/// A case whose expectation was not met (golden README).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// Its id.
    pub id: String,
    /// One line per field that differs: expected and actual.
    pub what: String,
}

/// A case of a kind that is not supported yet (golden README).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Skipped {
    /// Its id.
    pub id: String,
    /// Its kind.
    pub kind: String,
}

/// A file that cannot be run (golden README). No case is half-run: the file has to be mended.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum GoldenError {
    /// The file is not JSON.
    #[error("the cases file is no JSON: {0}")]
    Json(String),
    /// The file lacks its frame.
    #[error("the cases file: `{field}` {problem}")]
    File {
        /// The field.
        field: String,
        /// What is wrong.
        problem: String,
    },
    /// A case cannot be read.
    #[error("case {case}: `{field}`: {problem}")]
    Case {
        /// Its id.
        case: String,
        /// The field, as in `input.punches[2]`.
        field: String,
        /// What is wrong.
        problem: String,
    },
}

/// Runs the cases of a file whose id starts with one of the letters in `only`; all if it is empty (golden README).
/// Replays are skipped.
pub fn check(json: &str, only: &[char]) -> Result<Report, GoldenError> {
    check_all(json, only, None)
}

/// As [`check`], with the replays too: `run` plays one against a store and tells what it held after each step, or why
/// it could not (golden README).
pub fn check_with(
    json: &str,
    only: &[char],
    mut run: impl FnMut(&Replay) -> Result<Vec<ReplayOutcome>, String>,
) -> Result<Report, GoldenError> {
    check_all(json, only, Some(&mut run))
}

type Player<'a> = &'a mut dyn FnMut(&Replay) -> Result<Vec<ReplayOutcome>, String>;

fn check_all(json: &str, only: &[char], mut player: Option<Player<'_>>) -> Result<Report, GoldenError> {
    let file: Value = serde_json::from_str(json).map_err(|error| GoldenError::Json(error.to_string()))?;
    let frame = |field: &str, problem: &str| GoldenError::File { field: field.into(), problem: problem.into() };
    if file.get("schema_version") != Some(&Value::from(1)) {
        return Err(frame("schema_version", "must be 1"));
    }
    let defaults =
        file.get("defaults").and_then(Value::as_object).ok_or_else(|| frame("defaults", "must be an object"))?;
    let cases = file.get("cases").and_then(Value::as_array).ok_or_else(|| frame("cases", "must be a list"))?;
    let mut report = Report::default();
    for (index, case) in cases.iter().enumerate() {
        let id = case.get("id").and_then(Value::as_str);
        let id = id.ok_or_else(|| frame(&format!("cases[{index}].id"), "must be a text"))?;
        let wanted = only.is_empty() || id.chars().next().is_some_and(|letter| only.contains(&letter));
        if !wanted {
            continue;
        }
        let reader = Reader { case: id };
        let fields = case.as_object().ok_or_else(|| reader.error("", "must be an object"))?;
        let kind: String = reader.required(fields, "", "kind")?;
        let (input, expect) = (reader.object(fields, "input")?, reader.object(fields, "expect")?);
        let outcome = match kind.as_str() {
            "derive" => check_derive(&reader, defaults, input, expect)?,
            "compliance" => compliance::check(&reader, defaults, input, expect)?,
            "cto" => bank::check(&reader, input, expect)?,
            "localize" => check_localize(&reader, input, expect)?,
            "round" => check_round(&reader, input, expect)?,
            "replay" if player.is_some() => {
                let replay = Replay::read(&reader, defaults, input, expect)?;
                match player.as_mut().map(|run| run(&replay)) {
                    Some(Ok(outcomes)) => replay.differences(&outcomes),
                    Some(Err(why)) => vec![why],
                    None => Vec::new(),
                }
            }
            _ => {
                report.skipped.push(Skipped { id: id.into(), kind });
                continue;
            }
        };
        if outcome.is_empty() {
            report.passed += 1;
        } else {
            report.failed.push(Failure { id: id.into(), what: outcome.join("\n") });
        }
    }
    Ok(report)
}

type Fields = Map<String, Value>;

fn check_derive(
    reader: &Reader<'_>,
    defaults: &Fields,
    input: &Fields,
    expect: &Fields,
) -> Result<Vec<String>, GoldenError> {
    let case = DeriveCase::read(reader, defaults, input)?;
    let records = derive(&case.book, &case.person(), case.range, case.moment);
    let mut found = check_days(reader, expect, &records, case.range, case.zones.first())?;
    if case.want_totals {
        let expected: Totals = reader.required(expect, "expect", "totals")?;
        let actual = totals(&case.book, &records);
        found.extend(differences("totals", &expected, &actual, case.zones.first()));
    }
    Ok(found)
}

fn check_days(
    reader: &Reader<'_>,
    expect: &Fields,
    records: &[DayRecord],
    range: DateRange,
    zone: &jiff::tz::TimeZone,
) -> Result<Vec<String>, GoldenError> {
    let days: Vec<Value> = reader.required(expect, "expect", "days")?;
    if days.len() != records.len() {
        let problem = format!("has {} entries, but {} to {} has {}", days.len(), range.from, range.to, records.len());
        return Err(reader.error("expect.days", &problem));
    }
    let mut found = Vec::new();
    for (index, (day, actual)) in days.into_iter().zip(records).enumerate() {
        let expected =
            expected_record(day).map_err(|problem| reader.error(&format!("expect.days[{index}]"), &problem))?;
        found.extend(differences(&actual.date.to_string(), &expected, actual, zone));
    }
    Ok(found)
}

fn check_localize(reader: &Reader<'_>, input: &Fields, expect: &Fields) -> Result<Vec<String>, GoldenError> {
    #[derive(serde::Deserialize)]
    struct Record {
        local: jiff::civil::DateTime,
    }
    let zone = reader.zone(input.get("tz"))?;
    let records: Vec<Record> = reader.required(input, "input", "records")?;
    let expected: Vec<jiff::Timestamp> = reader.required(expect, "expect", "utc")?;
    let flags: Vec<Vec<Flag>> = reader.required(expect, "expect", "flags")?;
    let actual = localize(&zone, records.iter().map(|record| record.local));
    let mut found = Vec::new();
    if expected.len() != actual.len() || flags.len() != actual.len() {
        found.push(format!(
            "expected {} instants and {} lists of flags, got {}",
            expected.len(),
            flags.len(),
            actual.len()
        ));
    }
    for (index, ((at, flags), reading)) in expected.iter().zip(&flags).zip(&actual).enumerate() {
        if at.as_second() != reading.at || *flags != reading.flags {
            let got = input::rfc3339(reading.at, &zone);
            found.push(format!("records[{index}]: expected {at} {flags:?}, got {got} {:?}", reading.flags));
        }
    }
    Ok(found)
}

fn check_round(reader: &Reader<'_>, input: &Fields, expect: &Fields) -> Result<Vec<String>, GoldenError> {
    let zone = reader.zone(input.get("tz"))?;
    let at: jiff::Timestamp = reader.required(input, "input", "at")?;
    let unit: i64 = reader.required(input, "input", "unit")?;
    if unit < 1 || 60 % unit != 0 {
        return Err(reader.error("input.unit", "must divide 60"));
    }
    let mode: RoundingMode = reader.required(input, "input", "mode")?;
    let expected: jiff::Timestamp = reader.required(expect, "expect", "at")?;
    let actual = round(&zone, at.as_second(), unit, mode);
    if actual == expected.as_second() {
        return Ok(Vec::new());
    }
    Ok(vec![format!("at: expected {expected}, got {}", input::rfc3339(actual, &zone))])
}

/// Reads fields of one case and names case and field when they are wrong.
struct Reader<'a> {
    case: &'a str,
}

impl Reader<'_> {
    fn error(&self, field: &str, problem: &str) -> GoldenError {
        GoldenError::Case { case: self.case.into(), field: field.into(), problem: problem.into() }
    }

    fn object<'f>(&self, fields: &'f Fields, name: &str) -> Result<&'f Fields, GoldenError> {
        fields.get(name).and_then(Value::as_object).ok_or_else(|| self.error(name, "must be an object"))
    }

    /// A value, as the type it must have.
    fn value<T: DeserializeOwned>(&self, field: &str, value: &Value) -> Result<T, GoldenError> {
        serde_json::from_value(value.clone()).map_err(|error| self.error(field, &error.to_string()))
    }

    fn optional<T: DeserializeOwned>(&self, fields: &Fields, path: &str, name: &str) -> Result<Option<T>, GoldenError> {
        let field = if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") };
        fields.get(name).map(|value| self.value(&field, value)).transpose()
    }

    fn required<T: DeserializeOwned>(&self, fields: &Fields, path: &str, name: &str) -> Result<T, GoldenError> {
        let field = if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") };
        self.optional(fields, path, name)?.ok_or_else(|| self.error(&field, "is missing"))
    }

    /// A list whose entries are read one by one, so that an error names the entry.
    fn list<T: DeserializeOwned>(&self, fields: &Fields, path: &str, name: &str) -> Result<Vec<T>, GoldenError> {
        let Some(value) = fields.get(name) else { return Ok(Vec::new()) };
        let field = format!("{path}.{name}");
        let entries = value.as_array().ok_or_else(|| self.error(&field, "must be a list"))?;
        entries.iter().enumerate().map(|(index, entry)| self.value(&format!("{field}[{index}]"), entry)).collect()
    }

    fn zone(&self, name: Option<&Value>) -> Result<jiff::tz::TimeZone, GoldenError> {
        let name = name.and_then(Value::as_str).ok_or_else(|| self.error("tz", "must be the name of a time zone"))?;
        jiff::tz::TimeZone::get(name).map_err(|error| self.error("tz", &error.to_string()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: &str = r#"{"id": "X1", "kind": "derive", "input": {"as_of": "2025-03-12T12:00:00+09:00",
        "range": ["2025-03-10", "2025-03-10"], "punches": [PUNCHES]}, "expect": {"days": [DAY]}}"#;

    fn file(case: &str) -> String {
        let policy = serde_json::to_string(&crate::Policy::default()).unwrap();
        let timetables = serde_json::to_string(&crate::default_timetables()).unwrap();
        let assignments = serde_json::to_string(&crate::default_assignments()).unwrap();
        format!(
            r#"{{"schema_version": 1, "defaults": {{"tz": "Asia/Seoul", "policy": {policy}, "timetables": {timetables},
               "assignments": {assignments}}}, "cases": [{case}]}}"#
        )
    }

    #[test]
    fn a_field_that_differs_is_shown_with_both_values() {
        let punches = r#"{"at": "2025-03-10T08:05:00+09:00"}, {"at": "2025-03-10T18:00:00+09:00"}"#;
        let day = r#"{"date": "2025-03-10", "status": "present", "day_kind": "workday"}"#;
        let report = check(&file(&DAY.replace("PUNCHES", punches).replace("DAY", day)), &[]).unwrap();
        let what = &report.failed[0].what;
        assert!(what.contains("2025-03-10 tardy_minutes: expected 0, got 5"), "{what}");
        assert!(what.contains("2025-03-10 first_in: expected null, got \"2025-03-10T08:05:00+09:00\""), "{what}");
    }

    #[test]
    fn an_invalid_input_names_case_and_field() {
        let case = DAY.replace("PUNCHES", r#"{"at": "yesterday"}"#).replace("DAY", "");
        let error = check(&file(&case), &[]).unwrap_err().to_string();
        assert!(error.starts_with("case X1: `input.punches[0]`:"), "{error}");
    }

    #[test]
    fn a_kind_that_is_not_supported_is_skipped_by_name() {
        let case = r#"{"id": "R01", "kind": "replay", "input": {}, "expect": {}}"#;
        let report = check(&file(case), &[]).unwrap();
        assert_eq!(report.skipped, [Skipped { id: "R01".into(), kind: "replay".into() }]);
        assert_eq!(check(&file(case), &['A']).unwrap(), Report::default());
    }
}
