//! Policy files: a company's policy and checks as TOML or JSON that a payroll owner can read and change (rules 18).
//!
//! A file says only what differs from the defaults. Its top level holds the knobs of [`KNOBS`] (`settle_delay`,
//! `[grace]`, `[[pay_rules]]`, ...), `[checks]` with those of [`CHECKS`], and if it likes `title` and
//! `source`. Where null is accepted, a TOML file writes `"none"`. A file is taken whole or refused whole, and the refusal
//! names the knob, its value and what is allowed.

mod preset;
mod schema;

pub use preset::POLICY_PRESETS;
pub use schema::policy_schema;

use serde::Serialize;
use serde_json::{Map, Value};

use crate::compliance::Checks;
use crate::vocabulary::{CHECKS, KNOBS, Misfit, check_table};
use crate::{Policy, PolicyError};

/// What a policy file says (rules 18).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct PolicyFile {
    /// One line.
    pub title: String,
    /// The law or contract it was made from.
    pub source: String,
    /// The policy, defaults filled in.
    #[serde(flatten)]
    pub policy: Policy,
    /// The compliance checks.
    pub checks: Checks,
}

/// A policy file that cannot be used (rules 18.1).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PolicyFileError {
    /// The text is not TOML, or not JSON.
    #[error("the policy file is no {form}: {problem}")]
    Syntax {
        /// `TOML` or `JSON`.
        form: &'static str,
        /// Line and column, and what is wrong there.
        problem: String,
    },
    /// There is no such knob.
    #[error("`{knob}` is no setting; known here: {}", known.join(", "))]
    Unknown {
        /// Path of the knob.
        knob: String,
        /// The names that its table knows.
        known: Vec<&'static str>,
    },
    /// A knob does not accept its value.
    #[error(transparent)]
    Value(#[from] PolicyError),
    /// There is no preset of this name.
    #[error("there is no preset `{name}`; the presets are {}", POLICY_PRESETS.join(", "))]
    NoPreset {
        /// The name.
        name: String,
    },
}

/// Names beside the knobs.
const OTHERS: [&str; 3] = ["title", "source", "checks"];

impl PolicyFile {
    /// Reads a file in TOML.
    ///
    /// # Errors
    /// Of the text, or of the first setting that is unknown or out of range.
    pub fn from_toml(text: &str) -> Result<Self, PolicyFileError> {
        let table: toml::Table = text
            .parse()
            .map_err(|error: toml::de::Error| PolicyFileError::Syntax { form: "TOML", problem: error.to_string() })?;
        Self::from_fields(table.into_iter().map(|(name, value)| (name, plain(value))).collect())
    }

    /// Reads a file in JSON.
    ///
    /// # Errors
    /// As [`PolicyFile::from_toml`].
    pub fn from_json(text: &str) -> Result<Self, PolicyFileError> {
        let syntax = |problem: String| PolicyFileError::Syntax { form: "JSON", problem };
        match serde_json::from_str(text).map_err(|error| syntax(error.to_string()))? {
            Value::Object(fields) => Self::from_fields(fields),
            _ => Err(syntax("it must be an object".to_owned())),
        }
    }

    fn from_fields(mut fields: Map<String, Value>) -> Result<Self, PolicyFileError> {
        let title = text(&mut fields, "title")?;
        let source = text(&mut fields, "source")?;
        let mut checks = Map::new();
        if let Some(mut given) = fields.remove("checks") {
            if let Some(breaks) = given.get_mut("break").filter(|breaks| breaks.is_object()) {
                *breaks = Value::Array(vec![breaks.take()]);
            }
            checks.insert("checks".to_owned(), given);
        }
        check_table(KNOBS, "", "", &mut fields).map_err(misfit)?;
        check_table(CHECKS, "", "", &mut checks).map_err(misfit)?;
        let policy: Policy = from_value(Value::Object(fields))?;
        policy.validate()?;
        let checks = checks.remove("checks").map(from_value).transpose()?.unwrap_or_default();
        Ok(Self { title, source, policy, checks })
    }
}

/// Reads what the table of knobs has found right.
fn from_value<T: serde::de::DeserializeOwned>(value: Value) -> Result<T, PolicyFileError> {
    serde_json::from_value(value)
        .map_err(|error| PolicyError::new("policy", "unreadable", error.to_string()))
        .map_err(Into::into)
}

fn text(fields: &mut Map<String, Value>, name: &str) -> Result<String, PolicyFileError> {
    match fields.remove(name) {
        None => Ok(String::new()),
        Some(Value::String(text)) => Ok(text),
        Some(other) => Err(PolicyError::new(name, other, "a text").into()),
    }
}

fn misfit(misfit: Misfit) -> PolicyFileError {
    match misfit {
        Misfit::Value(error) => error.into(),
        Misfit::Unknown { place, mut known } => {
            if !place.contains('.') {
                known.extend(OTHERS);
            }
            PolicyFileError::Unknown { knob: place, known }
        }
    }
}

/// A TOML value as a JSON value. A clock time that was written without quotes is a time of TOML, and meant as text.
fn plain(value: toml::Value) -> Value {
    match value {
        toml::Value::String(text) => Value::String(text),
        toml::Value::Integer(number) => number.into(),
        toml::Value::Float(number) => number.into(),
        toml::Value::Boolean(flag) => flag.into(),
        toml::Value::Datetime(time) => {
            let text = time.to_string();
            text.strip_suffix(":00").filter(|clock| clock.len() == 5).unwrap_or(&text).into()
        }
        toml::Value::Array(items) => items.into_iter().map(plain).collect(),
        toml::Value::Table(fields) => {
            Value::Object(fields.into_iter().map(|(name, value)| (name, plain(value))).collect())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(toml: &str) -> String {
        PolicyFile::from_toml(toml).unwrap_err().to_string()
    }

    #[test]
    fn a_file_says_only_what_differs() {
        let file = PolicyFile::from_toml(
            r#"
            title = "Plant 2"
            settle_delay = 30
            [grace]
            in = 5
            [attribution]
            fold_cutoff = 05:30
            max_fold_span = "none"
            [[pay_rules]]
            code = "OT"
            percent = 125
            when = { in_plan = false, window = ["18:00", "22:00"] }
            [checks.max_week]
            max = 3120
            "#,
        )
        .unwrap();
        let mut expected = Policy { settle_delay: 30, ..Policy::default() };
        expected.grace.arrival = 5;
        expected.attribution.fold_cutoff = "05:30".parse().unwrap();
        expected.attribution.max_fold_span = None;
        expected.pay_rules = file.policy.pay_rules.clone();
        assert_eq!((file.title.as_str(), &file.policy), ("Plant 2", &expected));
        assert_eq!(file.policy.pay_rules[0].when.in_plan, Some(false));
        assert_eq!(file.checks.max_week.map(|limit| limit.max), Some(3120));
    }

    #[test]
    fn toml_and_json_say_the_same() {
        for name in POLICY_PRESETS {
            let file = PolicyFile::preset(name).unwrap();
            let json = serde_json::to_string(&file).unwrap();
            assert_eq!(PolicyFile::from_json(&json).unwrap(), file, "{name}");
        }
    }

    #[test]
    fn a_refusal_names_the_knob_its_value_and_what_is_allowed() {
        let refusals = [
            ("[grace]\nin = -1", "`grace.in` is -1; allowed: 0 to 100800"),
            ("[grace]\nin = \"five\"", "`grace.in` is five; allowed: 0 to 100800"),
            ("[grace]\nin = 4.5", "`grace.in` is 4.5; allowed: 0 to 100800"),
            ("[rounding.in]\nmode = \"upp\"", "`rounding.in.mode` is upp; allowed: none, nearest, down, up"),
            ("[rounding.in]\nunit = 7", "`rounding.in.unit` is 7; allowed: a divisor of 60, as 1, 5, 6, 10 or 15"),
            ("[grace]\ninn = 5", "`grace.inn` is no setting; known here: in, out, count_from"),
            ("grace = 5", "`grace` is 5; allowed: a table"),
            ("week_start = \"monday\"", "`week_start` is monday; allowed: mon, tue, wed, thu, fri, sat, sun"),
            (
                "[attribution]\nfold_cutoff = \"06:00+1\"",
                "`attribution.fold_cutoff` is 06:00+1; allowed: a clock time of the same date, 00:00 to 23:59",
            ),
            ("[[pay_rules]]\ncode = \"OT\"\npercent = 150", "`pay_rules[0].when` is missing; allowed: a table"),
            (
                "[[premiums]]\ncode = \"N\"\npercent = 10\n[premiums.when]\nwindow = [\"22:00\"]",
                "`premiums[0].when.window` is [\"22:00\"]; allowed: two clock times 00:00 to 23:59, without +1",
            ),
            ("[tardy_penalty]\nevery = 0", "`tardy_penalty.every` is 0; allowed: 1 to 100800"),
            ("[checks.max_day]\nmin = 1", "`checks.max_day.min` is no setting; known here: max"),
            ("[checks.break]\nafter = 360\nmin = 0", "`checks.break[0].min` is 0; allowed: 1 to 1440"),
            (
                "[[pay_rules]]\ncode = \"REG\"\npercent = 100\nwhen = {}",
                "`pay_rules[0].code` is `REG`; allowed: a name without `*`; `REG` is reserved for minutes that no rule claims",
            ),
        ];
        for (file, message) in refusals {
            assert_eq!(refused(file), message);
        }
        assert!(refused("grase = 1").starts_with("`grase` is no setting; known here: punch, attribution"));
        assert!(refused("grase = 1").ends_with("title, source, checks"));
        assert!(refused("a = = 1").starts_with("the policy file is no TOML: TOML parse error at line 1"));
        let json = PolicyFile::from_json("[1]").unwrap_err().to_string();
        assert_eq!(json, "the policy file is no JSON: it must be an object");
    }
}
