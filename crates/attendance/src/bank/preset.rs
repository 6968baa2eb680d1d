//! Banks that a company can start from: files under `presets/bank`, to be confirmed by payroll (rules 18.3).

use serde::{Deserialize, Serialize};

use super::{Bank, BankPolicy};
use crate::PolicyError;

/// The presets that come with the rules: name and file.
const FILES: [(&str, &str); 4] = [
    ("EU_TOIL", include_str!("../../presets/bank/EU_TOIL.json")),
    ("PH_CSC_DBM", include_str!("../../presets/bank/PH_CSC_DBM.json")),
    ("US_FLSA_7O", include_str!("../../presets/bank/US_FLSA_7O.json")),
    ("US_FLSA_7O_PUBLIC_SAFETY", include_str!("../../presets/bank/US_FLSA_7O_PUBLIC_SAFETY.json")),
];

/// Names of the presets, sorted (rules 18.3).
pub const PRESETS: [&str; FILES.len()] = {
    let [a, b, c, d] = FILES;
    [a.0, b.0, c.0, d.0]
};

/// A bank's policy with what a person has to know of it (rules 18.3).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Preset {
    /// One line.
    pub title: String,
    /// The law or contract it was made from.
    pub source: String,
    /// What the numbers mean, and what payroll has to confirm.
    pub notes: Vec<String>,
    /// The policy; durations are minutes.
    pub policy: BankPolicy,
}

/// A preset that cannot be used (rules 18.3).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PresetError {
    /// There is none of this name.
    #[error("there is no preset `{name}`; the presets are {}", PRESETS.join(", "))]
    Unknown {
        /// The name.
        name: String,
    },
    /// The text is no preset.
    #[error("the preset cannot be read: {problem}")]
    Unreadable {
        /// Field or place, and what is wrong with it.
        problem: String,
    },
    /// A setting is out of range.
    #[error("the preset's policy: {0}")]
    Policy(#[from] PolicyError),
}

impl Preset {
    /// A preset that comes with the rules.
    ///
    /// # Errors
    /// [`PresetError::Unknown`] for a name that is not in [`PRESETS`].
    pub fn named(name: &str) -> Result<Self, PresetError> {
        Self::read(Self::text(name)?)
    }

    /// The file of a preset, for a company to copy and change.
    ///
    /// # Errors
    /// As [`Preset::named`].
    pub fn text(name: &str) -> Result<&'static str, PresetError> {
        let file = FILES.iter().find(|(known, _)| *known == name);
        file.map(|(_, text)| *text).ok_or_else(|| PresetError::Unknown { name: name.to_owned() })
    }

    /// A preset of the company's own, written like those in `presets/bank`.
    pub fn read(json: &str) -> Result<Self, PresetError> {
        let unreadable = |error: serde_json::Error| PresetError::Unreadable { problem: error.to_string() };
        let preset: Self = serde_json::from_str(json).map_err(unreadable)?;
        preset.policy.validate()?;
        Ok(preset)
    }

    /// The bank as the preset has it.
    pub fn bank(self) -> Result<Bank, PolicyError> {
        Bank::new(self.policy)
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Expiry, Rate, Unusable};
    use super::*;

    fn policy(name: &str) -> BankPolicy {
        Preset::named(name).unwrap().bank().unwrap().policy().clone()
    }

    fn rate(codes: &[&str], percent: i64) -> Rate {
        Rate { codes: codes.iter().map(|code| (*code).into()).collect(), percent }
    }

    #[test]
    fn every_preset_is_valid_and_explains_itself() {
        assert!(PRESETS.is_sorted());
        for name in PRESETS {
            let preset = Preset::named(name).unwrap_or_else(|error| panic!("{name}: {error}"));
            assert!(!preset.title.is_empty() && !preset.source.is_empty() && preset.notes.len() > 2, "{name}");
        }
    }

    #[test]
    fn the_presets_say_what_the_rules_say() {
        let philippines = BankPolicy {
            rates: vec![rate(&["OT"], 100), rate(&["RD", "HOL"], 150)],
            unit: 1,
            monthly_cap: Some(40 * 60),
            balance_cap: Some(120 * 60),
            overflow: Unusable::Forfeit,
            expiry: Expiry::EndOfNextYear {},
            on_expiry: Unusable::Forfeit,
            use_block: 4 * 60,
        };
        assert_eq!(policy("PH_CSC_DBM"), philippines);
        let public = BankPolicy {
            rates: vec![rate(&["OT15"], 150)],
            unit: 1,
            monthly_cap: None,
            balance_cap: Some(240 * 60),
            overflow: Unusable::Pay,
            expiry: Expiry::None {},
            on_expiry: Unusable::Forfeit,
            use_block: 15,
        };
        assert_eq!(policy("US_FLSA_7O"), public);
        assert_eq!(policy("US_FLSA_7O_PUBLIC_SAFETY"), BankPolicy { balance_cap: Some(480 * 60), ..public });
        let europe = BankPolicy {
            rates: vec![rate(&["OT"], 100)],
            unit: 1,
            monthly_cap: None,
            balance_cap: Some(40 * 60),
            overflow: Unusable::Pay,
            expiry: Expiry::Months { months: 3 },
            on_expiry: Unusable::Pay,
            use_block: 1,
        };
        assert_eq!(policy("EU_TOIL"), europe);
    }

    #[test]
    fn a_preset_that_cannot_be_used_says_why() {
        let unknown = Preset::named("PH").unwrap_err().to_string();
        assert!(unknown.starts_with("there is no preset `PH`; the presets are EU_TOIL, PH_CSC_DBM"), "{unknown}");
        let file = FILES[0].1;
        // A cap that is forgotten is not the same as none.
        let forgotten = Preset::read(&file.replace(r#""monthly_cap": null,"#, "")).unwrap_err().to_string();
        assert!(forgotten.contains("missing field `monthly_cap`"), "{forgotten}");
        let zero = Preset::read(&file.replace(r#""use_block": 1"#, r#""use_block": 0"#)).unwrap_err().to_string();
        assert_eq!(zero, "the preset's policy: `use_block` is 0; allowed: 1 to 14400");
        let twice = Preset::read(&file.replace(r#"["OT"]"#, r#"["OT", "OT"]"#)).unwrap_err().to_string();
        assert!(twice.contains("`rates[0].codes` is `OT`"), "{twice}");
    }
}
