//! The explanation of a day: which punches were used and how, and one sentence per figure (rules 3).

use jiff::civil::Date;
use serde::Serialize;

use super::book::Rulebook;
use super::clean::Press;
use super::day::Day;
use super::known::Corrections;
use super::leave::Owed;
use super::pair::Pairs;
use super::pay_book::PayBook;
use super::zone::Clocks;
use crate::spans::{Span, Spans};
use crate::vocabulary::{Code, DayRecord, Fingerprint, Policy, Punch, PunchState};

/// Why a day record is what it is (rules 3). Instants are seconds since the epoch; sentences show times in the person's
/// zone.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct DayTrace {
    /// The zone that sentences show times in.
    pub zone: String,
    /// The contested times before and after the date: in them a punch may belong to the neighbour.
    pub contested: [Stretch; 2],
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

/// A stretch of time, `[from, to)` (rules 1).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Stretch {
    /// Start, seconds since the epoch.
    pub from: i64,
    /// End, exclusive.
    pub to: i64,
}

/// A punch of the date and what became of it (rules 3).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TracedPunch {
    /// Its identity; `None` for a manual punch.
    pub id: Option<Fingerprint>,
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

/// What the rules used a punch for (rules 11.1).
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

/// An unpaired punch (rules 11.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Orphan {
    /// When, seconds since the epoch.
    pub at: i64,
    /// Its direction.
    pub role: Role,
    /// Whether an assumption stands in for its partner.
    pub resolved: bool,
}

/// Unproven time; an open end is `None` (rules 11.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Shadow {
    /// Start, seconds since the epoch.
    pub from: Option<i64>,
    /// End, exclusive.
    pub to: Option<i64>,
}

/// Worked minutes with the rule that pays them (rules 14.3).
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

/// Why a figure is what it is (rules 3).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Reason {
    /// Field of the record, pay or premium code, or exception.
    pub figure: String,
    /// Its minutes; 0 for an exception or a status.
    pub minutes: i64,
    /// One plain sentence.
    pub text: String,
}

/// What the steps report while they work. The silent sink compiles to nothing.
pub(crate) trait Sink {
    /// Whether anybody listens.
    const ON: bool;

    /// Step 2 ignored a punch.
    fn dropped(&mut self, why: Dropped, punch: &Punch);
    /// Step 8 used the punch at a position among those of all dates.
    fn role(&mut self, index: usize, role: Role);
    /// Step 12 judged a segment that was not fully attended.
    fn segment(&mut self, finding: SegmentFinding<'_>);
    /// Step 17 paid a stretch.
    fn paid(&mut self, finding: PaidFinding<'_>);
    /// A date is finished.
    fn finished(&mut self, facts: &Facts<'_>, record: &DayRecord);
}

/// Nobody listens.
#[derive(Debug)]
pub(crate) struct Silent;

impl Sink for Silent {
    const ON: bool = false;
    fn dropped(&mut self, _: Dropped, _: &Punch) {}
    fn role(&mut self, _: usize, _: Role) {}
    fn segment(&mut self, _: SegmentFinding<'_>) {}
    fn paid(&mut self, _: PaidFinding<'_>) {}
    fn finished(&mut self, _: &Facts<'_>, _: &DayRecord) {}
}

/// Why step 2 ignored a punch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Dropped {
    NotYetKnown,
    Voided,
    /// The same press as the one at this instant (seconds).
    RepeatOf(i64),
}

/// The line of section 8 that attributed a punch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Line {
    /// A manual punch names its date.
    Forced,
    /// Outside of every contested zone.
    Plain,
    /// 1: the later date already owns a punch.
    LaterDateStarted,
    /// 2
    DeclaredArrival,
    /// 3
    DeclaredDeparture,
    /// 4: near the end of a night shift without any punch.
    NightDeparture,
    /// 5: the earlier date lacks a departure.
    Fold,
    /// 6, although the earlier date lacks a departure: beyond the fold span.
    TooLongForFold,
    /// 6
    Arrival,
}

impl Line {
    pub(crate) fn is_earlier_date(self) -> bool {
        matches!(self, Self::DeclaredDeparture | Self::NightDeparture | Self::Fold)
    }
}

/// A segment that was not fully attended.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SegmentFinding<'a> {
    /// First and last judged minute.
    pub(crate) bounds: Span,
    /// First and last evidence.
    pub(crate) seen: Option<Span>,
    pub(crate) missed: &'a Spans,
}

/// A paid or trimmed stretch.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PaidFinding<'a> {
    /// The pay rules of the date.
    pub(crate) book: &'a PayBook,
    pub(crate) span: Span,
    pub(crate) in_plan: bool,
    /// Position of the winning rule.
    pub(crate) rule: Option<usize>,
    pub(crate) trimmed: bool,
    /// Positions of premium keys.
    pub(crate) premiums: &'a [usize],
}

/// Everything that is known of a finished date.
pub(crate) struct Facts<'a> {
    pub(crate) book: &'a Rulebook,
    pub(crate) clocks: &'a Clocks,
    pub(crate) day: &'a Day,
    /// The contested zones before and after the date.
    pub(crate) zones: [Span; 2],
    pub(crate) owed: &'a Owed,
    pub(crate) presses: &'a [Press<'a>],
    /// Position of the first punch among those of all dates.
    pub(crate) first: usize,
    /// What steps 8 to 14 found; none on a deferred date.
    pub(crate) outcome: Option<Outcome<'a>>,
}

impl<'a> Facts<'a> {
    /// The policy in force on the date.
    pub(crate) fn policy(&self) -> &'a Policy {
        self.book.policy(self.day.number)
    }
}

/// What steps 8 to 14 found on a judged date.
pub(crate) struct Outcome<'a> {
    pub(crate) pairs: &'a Pairs,
    pub(crate) presence: &'a Spans,
    pub(crate) breaks: &'a Spans,
    pub(crate) worked: &'a Spans,
    pub(crate) corrections: &'a Corrections,
    /// Manual credits, minutes.
    pub(crate) credits: i64,
}

impl From<Span> for Stretch {
    fn from(span: Span) -> Self {
        Self { from: span.start * 60, to: span.end * 60 }
    }
}
