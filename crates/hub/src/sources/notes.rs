//! What of the readings of a source is for a person to see, also when later readings have nothing of the kind.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{Error, Reasons};

/// Reasons that are kept; the report of a pull has each row's.
const MOST_REASONS: usize = 5;

/// What is kept of a source's readings.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct SourceNotes {
    /// What its login may do that it should not.
    pub warning: Option<String>,
    /// Why rows were held or refused when that happened last: how many, and the first, for each reason.
    pub reasons: Vec<String>,
    /// When that was.
    pub reasons_at: Option<Timestamp>,
}

impl SourceNotes {
    /// Those of a source; none where they are of another version.
    pub(super) fn of(source: &store::sources::Source) -> Self {
        serde_json::from_str(&source.notes).unwrap_or_default()
    }

    pub(super) fn json(&self) -> Result<String, Error> {
        serde_json::to_string(self).map_err(|error| Error::Damaged { what: "source", detail: error.to_string() })
    }

    /// With why a reading held or refused rows; as before, where it did not.
    pub(super) fn with_reasons(self, reasons: &Reasons, now: Timestamp) -> Self {
        match reasons.lines(MOST_REASONS) {
            none if none.is_empty() => self,
            reasons => Self { reasons, reasons_at: Some(now), ..self },
        }
    }
}
