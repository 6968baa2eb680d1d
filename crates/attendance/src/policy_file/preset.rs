//! Policies that a company can start from: files under `presets/pay`, to be confirmed by payroll (rules 18.2).

use super::{PolicyFile, PolicyFileError};

/// The presets that come with the rules: name and file.
const FILES: [(&str, &str); 9] = [
    ("AE_UAE", include_str!("../../presets/pay/AE_UAE.toml")),
    ("DEFAULT", include_str!("../../presets/pay/DEFAULT.toml")),
    ("DE_BREAKS", include_str!("../../presets/pay/DE_BREAKS.toml")),
    ("EU_BASE", include_str!("../../presets/pay/EU_BASE.toml")),
    ("IN_FACTORIES", include_str!("../../presets/pay/IN_FACTORIES.toml")),
    ("KR_LSA", include_str!("../../presets/pay/KR_LSA.toml")),
    ("PH_PRIVATE", include_str!("../../presets/pay/PH_PRIVATE.toml")),
    ("US_CA", include_str!("../../presets/pay/US_CA.toml")),
    ("US_FLSA", include_str!("../../presets/pay/US_FLSA.toml")),
];

/// Names of the policy presets, sorted (rules 18.2).
pub const POLICY_PRESETS: [&str; FILES.len()] = {
    let mut names = [""; FILES.len()];
    let mut at = 0;
    while at < FILES.len() {
        names[at] = FILES[at].0;
        at += 1;
    }
    names
};

impl PolicyFile {
    /// A preset that comes with the rules (rules 18.2).
    ///
    /// # Errors
    /// [`PolicyFileError::NoPreset`] for a name that is not in [`POLICY_PRESETS`].
    pub fn preset(name: &str) -> Result<Self, PolicyFileError> {
        Self::from_toml(Self::preset_text(name)?)
    }

    /// The commented file of a preset, for a company to copy and change.
    ///
    /// # Errors
    /// As [`PolicyFile::preset`].
    pub fn preset_text(name: &str) -> Result<&'static str, PolicyFileError> {
        let file = FILES.iter().find(|(known, _)| *known == name);
        file.map(|(_, text)| *text).ok_or_else(|| PolicyFileError::NoPreset { name: name.to_owned() })
    }
}

#[cfg(test)]
mod tests {
    use super::super::POLICY_PRESETS;
    use super::*;
    use crate::{KNOBS, Policy};

    #[test]
    fn every_preset_is_valid_and_says_what_it_is() {
        assert!(POLICY_PRESETS.is_sorted());
        for name in POLICY_PRESETS {
            let file = PolicyFile::preset(name).unwrap_or_else(|error| panic!("{name}: {error}"));
            assert!(!file.title.is_empty() && !file.source.is_empty(), "{name}");
        }
        let unknown = PolicyFile::preset("KR").unwrap_err().to_string();
        assert!(unknown.starts_with("there is no preset `KR`; the presets are AE_UAE, DEFAULT"), "{unknown}");
    }

    /// The file that owners read shows every knob with its default.
    #[test]
    fn the_default_file_names_every_knob_and_changes_none() {
        let text = PolicyFile::preset_text("DEFAULT").unwrap();
        let file = PolicyFile::from_toml(text).unwrap();
        assert_eq!((file.policy, file.checks), (Policy::default(), Default::default()));
        // With the lines switched on that show a knob which is off.
        let shown = text.replace("\n#: ", "\n");
        PolicyFile::from_toml(&shown).unwrap();
        let table: toml::Table = shown.parse().unwrap();
        for knob in KNOBS.iter().filter(|knob| !knob.path.contains('[')) {
            let mut parts = knob.path.split('.');
            let first = parts.next().and_then(|name| table.get(name));
            let value = parts.fold(first, |value, name| value.and_then(|value| value.get(name)));
            assert!(value.is_some(), "{} is not in DEFAULT.toml", knob.path);
        }
    }
}
