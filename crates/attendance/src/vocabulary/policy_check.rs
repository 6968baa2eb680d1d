//! Validation of a policy: refused as a whole, never half-applied (rules 18.1).

use std::collections::BTreeMap;
use std::fmt::Display;

use serde::Serialize;
use serde_json::Value;

use super::knob_check::{Misfit, check_table};
use super::knobs::{KNOBS, Knob};
use super::policy::{HalfDayMode, Pairing, Policy};
use super::{Code, REGULAR};

/// A setting that is out of range: which one, what it is, what is allowed (rules 18.1).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{knob}` is {value}; allowed: {allowed}")]
pub struct PolicyError {
    /// Path of the setting, as in `rounding.in.unit` or `timetables.NIGHT.breaks[0]`.
    pub knob: String,
    /// Its value.
    pub value: String,
    /// What would be accepted.
    pub allowed: String,
}

impl PolicyError {
    pub(crate) fn new(knob: impl Into<String>, value: impl Display, allowed: impl Into<String>) -> Self {
        Self { knob: knob.into(), value: value.to_string(), allowed: allowed.into() }
    }
}

impl Policy {
    /// Checks every knob (rules 18.1): each against the table of [`KNOBS`], then what they say together. The first one that
    /// is not accepted is named, with its value and what is allowed.
    pub fn validate(&self) -> Result<(), PolicyError> {
        check_against(KNOBS, self)?;
        self.check_modes()?;
        self.check_codes()
    }

    fn check_modes(&self) -> Result<(), PolicyError> {
        if self.attribution.handover_min > self.attribution.overnight_tail {
            let allowed = format!("at most attribution.overnight_tail, {}", self.attribution.overnight_tail);
            return Err(PolicyError::new("attribution.handover_min", self.attribution.handover_min, allowed));
        }
        if self.half_day.mode == HalfDayMode::Points {
            for (knob, point) in
                [("half_day.am_end", self.half_day.am_end), ("half_day.pm_start", self.half_day.pm_start)]
            {
                if point.is_none() {
                    return Err(PolicyError::new(knob, "null", "a clock time, because half_day.mode is points"));
                }
            }
        }
        if self.punch.pairing == Pairing::ByState && !self.punch.use_state {
            let allowed = "first_last or alternate, because punch.use_state is false";
            return Err(PolicyError::new("punch.pairing", "by_state", allowed));
        }
        Ok(())
    }

    fn check_codes(&self) -> Result<(), PolicyError> {
        let tiers =
            self.pay_rules.iter().enumerate().map(|(i, rule)| (format!("pay_rules[{i}]"), &rule.code, rule.percent));
        let premiums =
            self.premiums.iter().enumerate().map(|(i, one)| (format!("premiums[{i}]"), &one.code, one.percent));
        let mut percents: BTreeMap<&Code, i64> = BTreeMap::new();
        for (path, code, percent) in tiers.chain(premiums) {
            let name = code.as_str();
            if name.is_empty() || name.contains('*') || name == REGULAR {
                let allowed = format!("a name without `*`; `{REGULAR}` is reserved for minutes that no rule claims");
                return Err(PolicyError::new(format!("{path}.code"), format!("`{name}`"), allowed));
            }
            let first = *percents.entry(code).or_insert(percent);
            if first != percent {
                let allowed = format!("{first}, because `{name}` has it elsewhere and one code has one percent");
                return Err(PolicyError::new(format!("{path}.percent"), percent, allowed));
            }
        }
        Ok(())
    }
}

/// Holds settings against a table of knobs.
pub(crate) fn check_against(knobs: &[Knob], settings: &impl Serialize) -> Result<(), PolicyError> {
    let Ok(Value::Object(mut fields)) = serde_json::to_value(settings) else { return Ok(()) };
    check_table(knobs, "", "", &mut fields).map_err(|misfit| match misfit {
        Misfit::Value(error) => error,
        Misfit::Unknown { place, known } => PolicyError::new(place, "unknown", known.join(", ")),
    })
}

/// Refuses a value that is out of range.
pub(crate) fn within(knob: &str, value: i64, least: i64, most: i64) -> Result<(), PolicyError> {
    if (least..=most).contains(&value) {
        return Ok(());
    }
    Err(PolicyError::new(knob, value, format!("{least} to {most}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(patch: &str) -> String {
        let policy: Policy = serde_json::from_str(patch).unwrap();
        policy.validate().unwrap_err().to_string()
    }

    #[test]
    fn the_default_policy_is_valid_and_survives_json() {
        let policy = Policy::default();
        policy.validate().unwrap();
        let text = serde_json::to_string(&policy).unwrap();
        assert_eq!(serde_json::from_str::<Policy>(&text).unwrap(), policy);
    }

    #[test]
    fn a_knob_out_of_range_is_named_with_its_value_and_the_range() {
        assert_eq!(
            refused(r#"{"rounding": {"in": {"mode": "up", "unit": 7}}}"#),
            "`rounding.in.unit` is 7; allowed: a divisor of 60, as 1, 5, 6, 10 or 15"
        );
        assert_eq!(refused(r#"{"grace": {"in": -1}}"#), "`grace.in` is -1; allowed: 0 to 100800");
        assert!(refused(r#"{"half_day": {"mode": "points"}}"#).contains("half_day.am_end"));
        assert!(refused(r#"{"punch": {"pairing": "by_state"}}"#).contains("punch.use_state"));
    }

    #[test]
    fn one_code_has_one_percent_and_reg_is_reserved() {
        let rule = |code: &str, percent| format!(r#"{{"code": "{code}", "percent": {percent}, "when": {{}}}}"#);
        let rules = |list: &[String]| format!(r#"{{"pay_rules": [{}]}}"#, list.join(","));
        assert!(refused(&rules(&[rule("OT", 150), rule("OT", 160)])).contains("pay_rules[1].percent"));
        assert!(refused(&rules(&[rule("REG", 100)])).contains("reserved"));
        assert!(refused(&rules(&[rule("A*B", 100)])).contains("pay_rules[0].code"));
    }

    #[test]
    fn an_unknown_knob_is_refused() {
        assert!(serde_json::from_str::<Policy>(r#"{"grase": {}}"#).is_err());
    }
}
