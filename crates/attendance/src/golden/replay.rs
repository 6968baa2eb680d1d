//! `replay` cases: what arrives step by step at a store, and what the store must hold after each step (golden README).

use std::collections::BTreeMap;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::Deserialize;
use serde_json::Value;

use super::compare::{differences, expected_record};
use super::input::{Instant, WirePunch, merged};
use super::{Fields, GoldenError, Reader};
use crate::lock::Delta;
use crate::{
    Adjustment, Assignment, Calendar, DateRange, DayRecord, Employment, Holiday, Leave, Modifier, Offsite, Override,
    Policy, PunchState, Timetables,
};

/// A case to be played against a store (golden README, `replay`).
#[derive(Debug, Clone)]
pub struct Replay {
    /// The person's zone.
    pub zone: TimeZone,
    /// Its IANA name.
    pub zone_name: String,
    /// The policy.
    pub policy: Policy,
    /// The timetables.
    pub timetables: Timetables,
    /// The person's patterns.
    pub assignments: Vec<Assignment>,
    /// First and last date of employment.
    pub employment: Employment,
    /// Other values for single dates.
    pub overrides: Vec<Override>,
    /// Shortened plans.
    pub modifiers: Vec<Modifier>,
    /// The calendar before the first step.
    pub calendar: Calendar,
    /// What is there before the first step.
    pub initial: Additions,
    /// What happens.
    pub steps: Vec<ReplayStep>,
    expectations: Vec<Expectation>,
}

/// Facts that arrive together (golden README, `replay`).
#[derive(Debug, Clone, Default)]
pub struct Additions {
    /// Punches.
    pub punches: Vec<NamedPunch>,
    /// Leave.
    pub leaves: Vec<Leave>,
    /// Offsite work.
    pub offsite: Vec<Offsite>,
    /// Holidays.
    pub holidays: Vec<Holiday>,
    /// Corrections: a punch that one voids is named as in the case ([`NamedPunch::name`]), so they are JSON here.
    pub adjustments: Vec<Value>,
}

/// A punch with the name that the case gives it (golden README, `replay`).
#[derive(Debug, Clone)]
pub struct NamedPunch {
    /// Its name, if it has one.
    pub name: Option<String>,
    /// When, in seconds since the epoch.
    pub at: i64,
    /// Its state.
    pub state: PunchState,
    /// When it became known, in seconds since the epoch; `None` means always.
    pub recorded_at: Option<i64>,
}

/// One step; its parts happen in the order of the fields (golden README, `replay`).
#[derive(Debug, Clone, Default)]
pub struct ReplayStep {
    /// Facts that are withdrawn: holidays by date.
    pub removed_holidays: Vec<Date>,
    /// Facts that are withdrawn: leave by key.
    pub removed_leaves: Vec<String>,
    /// From now on, holiday data is unavailable for these (and no longer for others).
    pub unavailable: Option<Vec<String>>,
    /// What arrives.
    pub add: Additions,
    /// A period that is unlocked.
    pub unlock: Option<DateRange>,
    /// A period that is to be locked.
    pub lock: Option<DateRange>,
    /// A derivation: when (seconds since the epoch), and of which dates.
    pub derive: Option<(i64, DateRange)>,
}

/// What a store holds after a step (golden README, `replay`).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ReplayOutcome {
    /// The stored days of the dates that were last derived.
    pub days: Vec<DayRecord>,
    /// The sums of the logs.
    pub counters: Sums,
    /// Dates whose record this step wrote.
    pub written: Vec<Date>,
    /// What locked days lack.
    pub deltas: Vec<(Date, Delta)>,
    /// Dates for which a lock was refused.
    pub lock_refused: Vec<Date>,
}

/// The sums of the logs of lateness (golden README, `replay`).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs)]
pub struct Sums {
    pub tardy_count: i64,
    pub tardy_minutes: i64,
    pub left_early_count: i64,
    pub left_early_minutes: i64,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Expectation {
    #[serde(default)]
    days: Vec<Value>,
    #[serde(default)]
    counters: Sums,
    #[serde(default)]
    written: Vec<Date>,
    #[serde(default)]
    deltas: Vec<ExpectedDelta>,
    #[serde(default)]
    lock_refused: Vec<Date>,
}

#[derive(Debug, Clone, Deserialize)]
struct ExpectedDelta {
    date: Date,
    #[serde(flatten)]
    figures: BTreeMap<String, Value>,
}

impl Replay {
    pub(super) fn read(
        reader: &Reader<'_>,
        defaults: &Fields,
        input: &Fields,
        expect: &Fields,
    ) -> Result<Self, GoldenError> {
        let initial = reader.object(input, "initial")?;
        let policy: Policy = reader.value("initial.policy", &merged(defaults, initial, "policy"))?;
        let timetables: Timetables = reader.value("initial.timetables", &merged(defaults, initial, "timetables"))?;
        let of = if initial.contains_key("assignments") { initial } else { defaults };
        let zone_name = initial.get("tz").or(defaults.get("tz"));
        let steps: Vec<Value> = reader.list(input, "input", "steps")?;
        let expectations: Vec<Expectation> = reader.list(expect, "expect", "steps")?;
        if steps.len() != expectations.len() {
            let problem = format!("has {} entries for {} steps", expectations.len(), steps.len());
            return Err(reader.error("expect.steps", &problem));
        }
        let steps = steps.iter().enumerate().map(|(index, step)| {
            let path = format!("input.steps[{index}]");
            let fields = step.as_object().ok_or_else(|| reader.error(&path, "must be an object"))?;
            ReplayStep::read(reader, fields, &path)
        });
        Ok(Self {
            zone: reader.zone(zone_name)?,
            zone_name: zone_name.and_then(Value::as_str).unwrap_or_default().to_owned(),
            policy,
            timetables,
            assignments: reader.list(of, "initial", "assignments")?,
            employment: reader.optional(initial, "initial", "employment")?.unwrap_or_default(),
            overrides: reader.list(initial, "initial", "overrides")?,
            modifiers: reader.list(initial, "initial", "modifiers")?,
            calendar: reader.optional(initial, "initial", "calendar")?.unwrap_or_default(),
            initial: Additions::read(reader, initial, "initial")?,
            steps: steps.collect::<Result<_, _>>()?,
            expectations,
        })
    }

    /// One line per field of a step's outcome that is not as expected.
    pub(super) fn differences(&self, outcomes: &[ReplayOutcome]) -> Vec<String> {
        if outcomes.len() != self.steps.len() {
            return vec![format!("{} outcomes for {} steps", outcomes.len(), self.steps.len())];
        }
        let steps = self.expectations.iter().zip(outcomes).zip(1..);
        steps.flat_map(|((expected, outcome), number)| self.step_differences(expected, outcome, number)).collect()
    }

    fn step_differences(&self, expected: &Expectation, outcome: &ReplayOutcome, number: usize) -> Vec<String> {
        let about = |what: &str| format!("step {number}, {what}");
        let mut found = Vec::new();
        if expected.days.len() != outcome.days.len() {
            found.push(format!("{}: expected {}, got {}", about("days"), expected.days.len(), outcome.days.len()));
        }
        for (day, actual) in expected.days.iter().zip(&outcome.days) {
            match expected_record(day.clone()) {
                Ok(day) => found.extend(differences(&about(&actual.date.to_string()), &day, actual, &self.zone)),
                Err(problem) => found.push(format!("{}: {problem}", about("expected day"))),
            }
        }
        found.extend(differences(&about("counters"), &expected.counters, &outcome.counters, &self.zone));
        if expected.written != outcome.written {
            found.push(format!("{}: expected {:?}, got {:?}", about("written"), expected.written, outcome.written));
        }
        if expected.lock_refused != outcome.lock_refused {
            let (wanted, got) = (&expected.lock_refused, &outcome.lock_refused);
            found.push(format!("{}: expected {wanted:?}, got {got:?}", about("lock_refused")));
        }
        let wanted: Result<Vec<(Date, Delta)>, _> = expected.deltas.iter().map(ExpectedDelta::read).collect();
        match wanted {
            Ok(wanted) if wanted == outcome.deltas => {}
            Ok(wanted) => found.push(format!("{}: expected {wanted:?}, got {:?}", about("deltas"), outcome.deltas)),
            Err(problem) => found.push(format!("{}: {problem}", about("expected delta"))),
        }
        found
    }
}

impl ExpectedDelta {
    fn read(&self) -> Result<(Date, Delta), serde_json::Error> {
        let figures: serde_json::Map<String, Value> = self.figures.clone().into_iter().collect();
        Ok((self.date, serde_json::from_value(Value::Object(figures))?))
    }
}

impl Additions {
    fn read(reader: &Reader<'_>, fields: &Fields, path: &str) -> Result<Self, GoldenError> {
        let punches: Vec<WirePunch> = reader.list(fields, path, "punches")?;
        let punches = punches.into_iter().map(|punch| NamedPunch {
            name: punch.id,
            at: punch.at,
            state: punch.state,
            recorded_at: punch.recorded_at,
        });
        Ok(Self {
            punches: punches.collect(),
            leaves: reader.list(fields, path, "leaves")?,
            offsite: reader.list(fields, path, "offsite")?,
            holidays: reader.list(fields, path, "holidays")?,
            adjustments: reader.list(fields, path, "adjustments")?,
        })
    }

    /// The correction of a value, with the voided punch by the identity that `identity` gives its name.
    ///
    /// # Errors
    /// What is wrong with it, in words.
    pub fn adjustment(value: &Value, identity: impl Fn(&str) -> Option<String>) -> Result<Adjustment, String> {
        let mut value = value.clone();
        if value.get("type").and_then(Value::as_str) == Some("void_punch")
            && let Some(target) = value.get_mut("target")
            && let Some(name) = target.as_str()
        {
            let id = identity(name).ok_or_else(|| format!("punch `{name}` has not come yet"))?;
            *target = id.into();
        }
        serde_json::from_value(value).map_err(|error| error.to_string())
    }
}

impl ReplayStep {
    fn read(reader: &Reader<'_>, fields: &Fields, path: &str) -> Result<Self, GoldenError> {
        #[derive(Default, Deserialize)]
        #[serde(default, deny_unknown_fields)]
        struct Removed {
            holidays: Vec<Date>,
            leaves: Vec<String>,
        }
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Derivation {
            as_of: Instant,
            range: [Date; 2],
        }
        const FIELDS: [&str; 6] = ["add", "unavailable", "remove", "lock", "unlock", "derive"];
        if let Some(unknown) = fields.keys().find(|name| !FIELDS.contains(&name.as_str())) {
            return Err(reader.error(&format!("{path}.{unknown}"), "is no field of a step"));
        }
        let dates = |[from, to]: [Date; 2]| DateRange { from, to };
        let removed: Removed = reader.optional(fields, path, "remove")?.unwrap_or_default();
        let derivation: Option<Derivation> = reader.optional(fields, path, "derive")?;
        let add = match fields.get("add") {
            Some(_) => Additions::read(reader, reader.object(fields, "add")?, &format!("{path}.add"))?,
            None => Additions::default(),
        };
        Ok(Self {
            removed_holidays: removed.holidays,
            removed_leaves: removed.leaves,
            unavailable: reader.optional(fields, path, "unavailable")?,
            add,
            unlock: reader.optional(fields, path, "unlock")?.map(dates),
            lock: reader.optional(fields, path, "lock")?.map(dates),
            derive: derivation.map(|derivation| (derivation.as_of.0, dates(derivation.range))),
        })
    }
}
