//! Validation of a policy: refused as a whole, never half-applied (rules 18.1).

use std::collections::BTreeMap;
use std::fmt::Display;

use super::policy::{Condition, HalfDayMode, Pairing, Policy};
use super::{Code, REGULAR};

/// A setting that is out of range: which one, what it is, what is allowed.
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

/// Longest duration any knob may name: ten weeks. Keeps all sums far from overflow.
const LONGEST: i64 = 70 * 1440;

impl Policy {
    /// Checks every knob (rules 18.1). The first one out of range is named, with its value and what is allowed.
    pub fn validate(&self) -> Result<(), PolicyError> {
        self.check_durations()?;
        self.check_modes()?;
        self.check_codes()?;
        for (index, rule) in self.pay_rules.iter().enumerate() {
            check_condition(&format!("pay_rules[{index}].when"), &rule.when)?;
        }
        for (index, premium) in self.premiums.iter().enumerate() {
            let path = format!("premiums[{index}].when");
            check_condition(&path, &premium.when)?;
        }
        Ok(())
    }

    fn check_durations(&self) -> Result<(), PolicyError> {
        let from_zero = [
            ("punch.duplicate_window_seconds", self.punch.duplicate_window_seconds),
            ("punch.min_span", self.punch.min_span),
            ("attribution.overnight_tail", self.attribution.overnight_tail),
            ("attribution.handover_min", self.attribution.handover_min),
            ("settle_delay", self.settle_delay),
            ("grace.in", self.grace.arrival),
            ("grace.out", self.grace.departure),
            ("rounding.snap.in_before", self.rounding.snap.in_before),
            ("rounding.snap.in_after", self.rounding.snap.in_after),
            ("rounding.snap.out_before", self.rounding.snap.out_before),
            ("rounding.snap.out_after", self.rounding.snap.out_after),
            ("movable_break.margin", self.movable_break.margin),
            ("movable_break.min_len", self.movable_break.min_len),
            ("leave_overlap_min", self.leave_overlap_min),
            ("status.half_day_below", self.status.half_day_below),
            ("status.absent_below", self.status.absent_below),
            ("outlier.early_in", self.outlier.early_in),
            ("outlier.late_in", self.outlier.late_in),
            ("outlier.early_out", self.outlier.early_out),
            ("outlier.late_out", self.outlier.late_out),
            ("max_session", self.max_session),
            ("overtime.min", self.overtime.min),
        ];
        for (knob, value) in from_zero {
            within(knob, value, 0, LONGEST)?;
        }
        let optional = [
            ("attribution.max_fold_span", self.attribution.max_fold_span),
            ("status.half_day_if_tardy_over", self.status.half_day_if_tardy_over),
            ("status.absent_if_tardy_over", self.status.absent_if_tardy_over),
            ("overtime.cap", self.overtime.cap),
        ];
        for (knob, value) in optional {
            within(knob, value.unwrap_or(0), 0, LONGEST)?;
        }
        // A zone of attribution must stay within a day of its date (rules 22, invariant 7).
        within("attribution.checkin_before", self.attribution.checkin_before, 0, 1440)?;
        within("overtime.unit", self.overtime.unit, 1, 1440)?;
        if let Some(penalty) = &self.tardy_penalty {
            within("tardy_penalty.every", penalty.every, 1, LONGEST)?;
        }
        for (index, rule) in self.break_rules.iter().enumerate() {
            within(&format!("break_rules[{index}].after"), rule.after, 0, LONGEST)?;
            within(&format!("break_rules[{index}].deduct"), rule.deduct, 0, LONGEST)?;
        }
        Ok(())
    }

    fn check_modes(&self) -> Result<(), PolicyError> {
        for (side, rounding) in [("in", &self.rounding.arrival), ("out", &self.rounding.departure)] {
            if rounding.unit < 1 || 60 % rounding.unit != 0 {
                return Err(PolicyError::new(
                    format!("rounding.{side}.unit"),
                    rounding.unit,
                    "a divisor of 60, as 1, 5, 6, 10 or 15",
                ));
            }
        }
        if self.attribution.fold_cutoff.minutes() >= 1440 {
            let allowed = "a clock time of the same date, 00:00 to 23:59";
            return Err(PolicyError::new("attribution.fold_cutoff", self.attribution.fold_cutoff, allowed));
        }
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
            within(&format!("{path}.percent"), percent, 0, 1000)?;
            let first = *percents.entry(code).or_insert(percent);
            if first != percent {
                let allowed = format!("{first}, because `{name}` has it elsewhere and one code has one percent");
                return Err(PolicyError::new(format!("{path}.percent"), percent, allowed));
            }
        }
        Ok(())
    }
}

/// Refuses a value that is out of range.
pub(crate) fn within(knob: &str, value: i64, least: i64, most: i64) -> Result<(), PolicyError> {
    if (least..=most).contains(&value) {
        return Ok(());
    }
    Err(PolicyError::new(knob, value, format!("{least} to {most}")))
}

fn check_condition(path: &str, when: &Condition) -> Result<(), PolicyError> {
    let counts = [("daily_from", when.daily_from), ("daily_to", when.daily_to), ("week_from", when.week_from)];
    for (name, value) in counts {
        within(&format!("{path}.{name}"), value.unwrap_or(0), 0, LONGEST)?;
    }
    within(&format!("{path}.consecutive_day"), when.consecutive_day.unwrap_or(1), 1, 7)?;
    for bound in when.window.iter().flatten() {
        if bound.minutes() >= 1440 {
            return Err(PolicyError::new(format!("{path}.window"), bound, "clock times 00:00 to 23:59, without +1"));
        }
    }
    Ok(())
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
