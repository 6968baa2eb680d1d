//! The input of a `derive` case as the types of the rules.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::{Fields, GoldenError, Reader};
use crate::{
    Adjustment, Assignment, Calendar, DateRange, Employment, Fingerprint, Leave, Modifier, Moment, Offsite, Override,
    Person, Policy, Punch, PunchState, Rulebook, Timetables, Zones, instant,
};

/// A case, ready to derive.
pub(super) struct DeriveCase {
    pub(super) book: Rulebook,
    pub(super) zones: Zones,
    pub(super) range: DateRange,
    pub(super) moment: Moment,
    pub(super) want_totals: bool,
    employment: Employment,
    assignments: Vec<Assignment>,
    overrides: Vec<Override>,
    modifiers: Vec<Modifier>,
    leaves: Vec<Leave>,
    offsite: Vec<Offsite>,
    adjustments: Vec<Adjustment>,
    punches: Vec<Punch>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WirePunch {
    #[serde(with = "instant")]
    pub(super) at: i64,
    #[serde(default)]
    pub(super) state: PunchState,
    pub(super) id: Option<String>,
    #[serde(default, with = "instant::option")]
    pub(super) recorded_at: Option<i64>,
}

#[derive(Deserialize)]
pub(super) struct Instant(#[serde(with = "instant")] pub(super) i64);

const FIELDS: [&str; 16] = [
    "as_of",
    "watermark",
    "range",
    "want_totals",
    "punches",
    "assignments",
    "overrides",
    "modifiers",
    "timetables",
    "policy",
    "tz",
    "calendar",
    "employment",
    "leaves",
    "offsite",
    "adjustments",
];

impl DeriveCase {
    pub(super) fn read(reader: &Reader<'_>, defaults: &Fields, input: &Fields) -> Result<Self, GoldenError> {
        if let Some(unknown) = input.keys().find(|name| !FIELDS.contains(&name.as_str())) {
            return Err(reader.error(&format!("input.{unknown}"), "is no field of a derive case"));
        }
        let merged = |name: &str| merged(defaults, input, name);
        let policy: Policy = reader.value("input.policy", &merged("policy"))?;
        let timetables: Timetables = reader.value("input.timetables", &merged("timetables"))?;
        let calendar: Calendar = reader.optional(input, "input", "calendar")?.unwrap_or_default();
        let book = Rulebook::new(policy, timetables, calendar)
            .map_err(|error| reader.error(&format!("input, {}", error.knob), &error.to_string()))?;
        let [from, to]: [Date; 2] = reader.required(input, "input", "range")?;
        let as_of: Instant = reader.required(input, "input", "as_of")?;
        let watermark: Option<Instant> = reader.optional(input, "input", "watermark")?;
        let assignments = if input.contains_key("assignments") { input } else { defaults };
        let punches: Vec<WirePunch> = reader.list(input, "input", "punches")?;
        let mut adjustments: Vec<Value> = reader.list(input, "input", "adjustments")?;
        let ids = Ids::new(&punches, &adjustments);
        adjustments.iter_mut().for_each(|adjustment| ids.rename_target(adjustment));
        let punches = punches.iter().enumerate().map(|(index, punch)| Punch {
            id: ids.of(index, punch.id.as_deref()),
            at: punch.at,
            state: punch.state,
            recorded_at: punch.recorded_at,
        });
        let punches = punches.collect();
        let adjustments = adjustments.iter().enumerate();
        let adjustments = adjustments.map(|(index, one)| reader.value(&format!("input.adjustments[{index}]"), one));
        let case = Self {
            book,
            zones: reader.zone(input.get("tz").or(defaults.get("tz")))?.into(),
            range: DateRange { from, to },
            moment: Moment { as_of: as_of.0, watermark: watermark.map(|watermark| watermark.0) },
            want_totals: reader.optional(input, "input", "want_totals")?.unwrap_or(false),
            employment: reader.optional(input, "input", "employment")?.unwrap_or_default(),
            assignments: reader.list(assignments, "input", "assignments")?,
            overrides: reader.list(input, "input", "overrides")?,
            modifiers: reader.list(input, "input", "modifiers")?,
            leaves: reader.list(input, "input", "leaves")?,
            offsite: reader.list(input, "input", "offsite")?,
            adjustments: adjustments.collect::<Result<_, _>>()?,
            punches,
        };
        let checked = case.person().check(&case.book);
        checked.map_err(|error| reader.error(&format!("input.{}", error.field), &error.problem))?;
        Ok(case)
    }

    pub(super) fn person(&self) -> Person<'_> {
        Person {
            zones: &self.zones,
            employment: self.employment,
            gaps: &[],
            assignments: &self.assignments,
            overrides: &self.overrides,
            modifiers: &self.modifiers,
            leaves: &self.leaves,
            offsite: &self.offsite,
            adjustments: &self.adjustments,
            punches: &self.punches,
        }
    }
}

/// A setting of a case, merged onto the file's default.
pub(super) fn merged(defaults: &Fields, input: &Fields, name: &str) -> Value {
    let mut value = defaults.get(name).cloned().unwrap_or_else(|| Value::Object(Map::new()));
    if let Some(patch) = input.get(name) {
        merge(&mut value, patch);
    }
    value
}

/// Merges like a JSON merge patch, but null is a value: it sets a knob to "none".
fn merge(value: &mut Value, patch: &Value) {
    match (value, patch) {
        (Value::Object(fields), Value::Object(patches)) => {
            for (name, patch) in patches {
                merge(fields.entry(name.as_str()).or_insert(Value::Null), patch);
            }
        }
        (value, patch) => *value = patch.clone(),
    }
}

/// The file's names of punches as identities, their order kept. A punch without a name is known by its position.
struct Ids(Vec<String>);

impl Ids {
    fn new(punches: &[WirePunch], adjustments: &[Value]) -> Self {
        let targets = adjustments.iter().filter(|one| is_void(one)).filter_map(|one| one.get("target")?.as_str());
        let mut names: Vec<String> =
            punches.iter().filter_map(|punch| punch.id.clone()).chain(targets.map(str::to_owned)).collect();
        names.sort();
        names.dedup();
        Self(names)
    }

    fn of(&self, position: usize, name: Option<&str>) -> Fingerprint {
        let rank = name.map(|name| self.0.partition_point(|known| known.as_str() < name));
        let (named, number) = rank.map_or((0, position), |rank| (1, rank));
        Fingerprint(((named << 64) | number as u128).to_be_bytes())
    }

    fn rename_target(&self, adjustment: &mut Value) {
        if is_void(adjustment)
            && let Some(target) = adjustment.get_mut("target")
            && let Some(name) = target.as_str()
        {
            *target = self.of(0, Some(name)).to_string().into();
        }
    }
}

fn is_void(adjustment: &Value) -> bool {
    adjustment.get("type").and_then(Value::as_str) == Some("void_punch")
}

/// An instant (seconds) as text in a zone.
pub(super) fn rfc3339(at: i64, zone: &TimeZone) -> String {
    let Ok(instant) = Timestamp::from_second(at) else { return format!("second {at}") };
    instant.display_with_offset(zone.to_offset(instant)).to_string()
}
