//! Misfortunes and oddities by name, as `--fault NAME[=VALUE]` gives them.
//!
//! One table says what there is: [`Faults::table`]. A fault that only changes what a make says of itself (sizes of frames, pauses)
//! changes the profile when the terminal is built; the code that talks asks the profile for those and the faults for the rest.

mod table;
mod value;

use std::str::FromStr;
use std::time::Duration;

use zk::{AttendanceLayout, Code};

use crate::profile::Binary;
pub use table::Faults;
use table::{TABLE, set};
pub use value::{Amount, Every, Seconds};

/// A fault that there is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FaultInfo {
    /// Its name.
    pub name: &'static str,
    /// How its value is written behind the name; empty for none.
    pub form: &'static str,
    /// What happens.
    pub meaning: &'static str,
}

/// A fault that can't be.
#[derive(Debug, thiserror::Error)]
pub enum FaultError {
    /// No fault of that name.
    #[error("there is no fault \"{0}\"; choose one of {names}", names = Faults::names().join(", "))]
    Unknown(String),
    /// The value is none that this fault takes.
    #[error("fault {name}: \"{value}\" won't do; {wanted}")]
    Value {
        /// Which fault.
        name: String,
        /// What was given.
        value: String,
        /// What should have been.
        wanted: &'static str,
    },
}

impl Faults {
    /// All faults that there are, by subject.
    pub fn table() -> &'static [FaultInfo] {
        TABLE
    }

    /// Their names.
    pub fn names() -> Vec<&'static str> {
        TABLE.iter().map(|fault| fault.name).collect()
    }

    /// Adds the fault that `text` names: `NAME` or `NAME=VALUE`.
    ///
    /// # Errors
    /// When there is no such fault or the value is none for it; the message lists what there is.
    pub fn with(mut self, text: &str) -> Result<Faults, FaultError> {
        let (name, value) = match text.split_once('=') {
            Some((name, value)) => (name, Some(value)),
            None => (text, None),
        };
        set(&mut self, name, value)?;
        Ok(self)
    }

    /// The port as this make speaks it with these faults.
    pub(crate) fn shape(&self, binary: &mut Binary) {
        if let Some(code) = self.locked.get() {
            binary.locked = Some(Code(u16::try_from(code).unwrap_or(u16::MAX)));
        }
        if let Some(pause) = self.frame_pause_ms.get() {
            binary.frame_pause = Duration::from_millis(pause.into());
        }
        if let Some(bytes) = self.record_bytes.size() {
            binary.attendance = match bytes {
                8 => AttendanceLayout::EightA,
                16 => AttendanceLayout::Sixteen,
                40 => AttendanceLayout::Forty,
                width => AttendanceLayout::Wide { width },
            };
        }
        binary.data_frame_bytes = self.frame_bytes.size().unwrap_or(binary.data_frame_bytes);
        binary.inline_bytes = self.inline_bytes.size().unwrap_or(binary.inline_bytes);
        binary.sizes_bytes = self.sizes_bytes.size().unwrap_or(binary.sizes_bytes);
    }
}

impl FromStr for Faults {
    type Err = FaultError;

    /// One or several faults, separated by blanks.
    fn from_str(text: &str) -> Result<Faults, FaultError> {
        text.split_whitespace().try_fold(Faults::default(), Faults::with)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults_are_named_with_a_value_or_without() {
        let faults: Faults = "lost-reply=3 locked frame-pause clock-skew=-90 missing-option=MAC".parse().unwrap();
        assert_eq!([2, 3, 4, 6].map(|count| faults.lost_reply.strikes(count)), [false, true, false, true]);
        assert_eq!((faults.locked.get(), faults.frame_pause_ms.get()), (Some(6001), Some(3)));
        assert_eq!((faults.clock_skew_s.get(), faults.missing_option.as_deref()), (Some(-90), Some("MAC")));
        assert_eq!(faults.frame_bytes.get(), None);
    }

    #[test]
    fn a_wrong_name_lists_the_right_ones_and_a_wrong_value_says_what_it_should_be() {
        let said = |text: &str| text.parse::<Faults>().unwrap_err().to_string();
        let unknown = said("slow");
        assert!(unknown.starts_with("there is no fault \"slow\"; choose one of strict-checksum, "), "{unknown}");
        assert_eq!(
            said("lost-reply=often"),
            "fault lost-reply: \"often\" won't do; write a count from 1, like 3 for every third time"
        );
        assert_eq!(said("coalesce=2"), "fault coalesce: \"2\" won't do; it takes no value");
        assert!(said("missing-option").ends_with("write a text behind the equals sign"));
    }

    #[test]
    fn every_fault_has_a_name_of_its_own_and_says_what_it_does() {
        let names: std::collections::BTreeSet<_> = Faults::names().into_iter().collect();
        assert_eq!(names.len(), Faults::table().len());
        for fault in Faults::table() {
            assert!(fault.meaning.len() >= 20, "{}", fault.name);
            assert!(!fault.meaning.contains('\n') && !fault.meaning.ends_with('.'), "{}", fault.name);
        }
    }
}
