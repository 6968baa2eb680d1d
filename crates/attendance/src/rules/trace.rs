//! The explanation of a day: which punches were used and how, and one sentence per figure (rules 3).

use jiff::civil::Date;
use serde::Serialize;

use crate::spans::Span;
use crate::vocabulary::{Code, PunchId, PunchState};

/// Why a day record is what it is. Instants are seconds since the epoch; sentences show times in the person's zone.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct DayTrace {
    /// Every punch of the date, used or ignored, in order.
    pub punches: Vec<TracedPunch>,
    /// The laid-out plan before leave and offsite.
    pub plan_before: Vec<Stretch>,
    /// The judged plan.
    pub plan_after: Vec<Stretch>,
    /// Paired punches.
    pub sessions: Vec<Stretch>,
    /// Breaks between declared break punches.
    pub punched_breaks: Vec<Stretch>,
    /// Unpaired punches.
    pub orphans: Vec<Orphan>,
    /// Time that an unpaired punch leaves unproven; an open end is null.
    pub shadows: Vec<Shadow>,
    /// Worked minutes with the rule that pays them.
    pub worked: Vec<PaidStretch>,
    /// One sentence per figure that is not zero.
    pub reasons: Vec<Reason>,
}

/// A stretch of time, `[from, to)`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Stretch {
    /// Start, seconds since the epoch.
    pub from: i64,
    /// End, exclusive.
    pub to: i64,
}

/// A punch of the date and what became of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TracedPunch {
    /// Its identity; `None` for a manual punch.
    pub id: Option<PunchId>,
    /// The adjustment that added it.
    pub adjustment: Option<String>,
    /// When, seconds since the epoch.
    pub at: i64,
    /// Declared direction.
    pub state: PunchState,
    /// Work date it belongs to.
    pub date: Date,
    /// What the rules used it for.
    pub role: Role,
    /// In words: why it belongs to this date, and why it was used or ignored so.
    pub why: String,
}

/// What the rules used a punch for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Start of a session.
    Arrival,
    /// End of a session.
    Departure,
    /// A break started.
    BreakStart,
    /// A break ended.
    BreakEnd,
    /// An arrival without departure.
    OrphanArrival,
    /// A departure without arrival.
    OrphanDeparture,
    /// A lone punch without a direction.
    Undetermined,
    /// Ignored: it lies between the first and the last punch, or changes nothing.
    Between,
    /// Ignored: the same press again.
    Repeat,
    /// Ignored: voided by an adjustment.
    Voided,
    /// Ignored: not known yet at the instant of the derivation.
    NotYetKnown,
    /// The date is not judged yet.
    Pending,
}

impl Role {
    /// Whether the punch had no influence.
    pub fn is_ignored(self) -> bool {
        matches!(self, Self::Between | Self::Repeat | Self::Voided | Self::NotYetKnown)
    }
}

/// An unpaired punch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Orphan {
    /// When, seconds since the epoch.
    pub at: i64,
    /// Its direction.
    pub role: Role,
    /// Whether an assumption stands in for its partner.
    pub resolved: bool,
}

/// Unproven time; an open end is `None`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Shadow {
    /// Start, seconds since the epoch.
    pub from: Option<i64>,
    /// End, exclusive.
    pub to: Option<i64>,
}

/// Worked minutes with the rule that pays them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PaidStretch {
    /// Start, seconds since the epoch.
    pub from: i64,
    /// End, exclusive.
    pub to: i64,
    /// Whether it lies in the judged plan or in offsite credit.
    pub in_plan: bool,
    /// Pay code; `None` if the minutes were trimmed.
    pub code: Option<Code>,
    /// Percent of the base rate.
    pub percent: i64,
    /// Number of the winning rule in `pay_rules`, from 0; `None` for regular minutes.
    pub rule: Option<usize>,
    /// Premiums on top.
    pub premiums: Vec<Code>,
}

/// Why a figure is what it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Reason {
    /// Field of the record, pay or premium code, or exception.
    pub figure: String,
    /// Its minutes; 0 for an exception or a status.
    pub minutes: i64,
    /// One plain sentence.
    pub text: String,
}

impl From<Span> for Stretch {
    fn from(span: Span) -> Self {
        Self { from: span.start * 60, to: span.end * 60 }
    }
}
