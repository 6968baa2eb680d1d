//! The field's words for people: what a status, an exception, a figure, a state or a role means.

use attendance::trace::Role as PunchRole;
use attendance::{DayKind, DeferReason, Exception, Severity, Status};
use hub::jobs::JobState;
use hub::layouts::Field;
use hub::view::HeldReason;
use hub::{CloseoutState, EdgeState, EntryState, MatchState, Role, SourceState, SyncState};
use link::{CommandState, PollOutcome};

/// How much a thing wants to be seen: the class that colours it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tone {
    Good,
    Plain,
    Notice,
    Alarm,
}

impl Tone {
    pub(crate) const fn class(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Plain => "plain",
            Self::Notice => "notice",
            Self::Alarm => "alarm",
        }
    }
}

/// All statuses with which days can be filtered.
pub(crate) const STATUSES: [Status; 8] = [
    Status::Present,
    Status::Incomplete,
    Status::Absent,
    Status::HalfDay,
    Status::Leave,
    Status::Offsite,
    Status::Off,
    Status::Deferred,
];

/// A status (rules 13.3).
pub(crate) const fn status(status: Status) -> &'static str {
    match status {
        Status::Deferred => "Not judged yet",
        Status::Present => "Present",
        Status::Incomplete => "Incomplete",
        Status::Absent => "Absent",
        Status::HalfDay => "Half day",
        Status::Leave => "Leave",
        Status::Offsite => "Offsite",
        Status::Off => "Off",
    }
}

/// How a status looks.
pub(crate) const fn status_tone(status: Status) -> Tone {
    match status {
        Status::Present => Tone::Good,
        Status::Incomplete | Status::Absent => Tone::Alarm,
        Status::HalfDay => Tone::Notice,
        Status::Deferred | Status::Leave | Status::Offsite | Status::Off => Tone::Plain,
    }
}

/// Why a day is not judged yet (rules 10).
pub(crate) const fn defer_reason(reason: DeferReason) -> &'static str {
    match reason {
        DeferReason::InProgress => "The day, or the time in which its last punch may still come, is not over.",
        DeferReason::AwaitingData => "A terminal has not delivered everything yet.",
    }
}

/// A day kind (rules 7.1).
pub(crate) const fn day_kind(kind: DayKind) -> &'static str {
    match kind {
        DayKind::Workday => "Workday",
        DayKind::RestDay => "Rest day",
        DayKind::OffDay => "Off day",
        DayKind::PublicHoliday => "Public holiday",
        DayKind::Unassigned => "Nothing planned",
    }
}

/// An exception (rules 13.2) in two or three words.
pub(crate) const fn exception(exception: Exception) -> &'static str {
    match exception {
        Exception::Absent => "Absent",
        Exception::Away => "Away",
        Exception::ClockInTooEarly => "Came too early",
        Exception::ClockInTooLate => "Came too late",
        Exception::ClockOutTooEarly => "Went too early",
        Exception::ClockOutTooLate => "Went too late",
        Exception::HolidayDataMissing => "Holidays unknown",
        Exception::LeftEarly => "Left early",
        Exception::LongSession => "Long session",
        Exception::MissingBreakEnd => "Break end missing",
        Exception::MissingIn => "Arrival missing",
        Exception::MissingOut => "Departure missing",
        Exception::PartialAbsence => "Partly absent",
        Exception::StrayPunch => "Stray punch",
        Exception::Tardy => "Tardy",
        Exception::UnapprovedOvertime => "Overtime not approved",
        Exception::WorkedOnHoliday => "Worked on a holiday",
        Exception::WorkedOnLeave => "Worked on leave",
        Exception::WorkedOnOffDay => "Worked on an off day",
        Exception::WorkedOnRestDay => "Worked on a rest day",
        Exception::WorkedUnassigned => "Worked, nothing planned",
    }
}

/// What an exception means, in a sentence.
pub(crate) const fn exception_meaning(exception: Exception) -> &'static str {
    match exception {
        Exception::Absent => "Minutes were required and nothing of them was attended.",
        Exception::Away => "Required minutes between the arrival and the departure were not attended.",
        Exception::ClockInTooEarly => "The arrival is implausibly early for the timetable: an outlier.",
        Exception::ClockInTooLate => "The arrival is implausibly late for the timetable: an outlier.",
        Exception::ClockOutTooEarly => "The departure is implausibly early for the timetable: an outlier.",
        Exception::ClockOutTooLate => "The departure is implausibly late for the timetable: an outlier.",
        Exception::HolidayDataMissing => {
            "The holidays of this month could not be obtained; the day was judged as a workday."
        }
        Exception::LeftEarly => "Required minutes after the departure are missing.",
        Exception::LongSession => {
            "The time from the first arrival to the last departure is longer than the policy allows."
        }
        Exception::MissingBreakEnd => "A break was started and never ended.",
        Exception::MissingIn => "A departure has no arrival. The time before it is not verified.",
        Exception::MissingOut => "An arrival has no departure. The time after it is not verified.",
        Exception::PartialAbsence => "A part of the plan has no punch at all.",
        Exception::StrayPunch => "A lone punch on a day that requires nothing.",
        Exception::Tardy => "Required minutes before the arrival are missing, beyond grace.",
        Exception::UnapprovedOvertime => "More overtime was worked than somebody approved.",
        Exception::WorkedOnHoliday => "There are punches on a public holiday.",
        Exception::WorkedOnLeave => "There are sessions during leave.",
        Exception::WorkedOnOffDay => "There are punches on a day off.",
        Exception::WorkedOnRestDay => "There are punches on a weekly rest day.",
        Exception::WorkedUnassigned => "There are punches on a day without a plan.",
    }
}

/// A severity (rules 13.2).
pub(crate) const fn severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Info => "for the record",
        Severity::Low => "worth a look",
        Severity::Medium => "to be reviewed",
        Severity::High => "to be cleared",
        Severity::Critical => "blocks payroll",
    }
}

/// How a severity looks.
pub(crate) const fn severity_tone(severity: Severity) -> Tone {
    match severity {
        Severity::Info | Severity::Low => Tone::Plain,
        Severity::Medium => Tone::Notice,
        Severity::High | Severity::Critical => Tone::Alarm,
    }
}

/// What the rules used a punch for.
pub(crate) const fn punch_role(role: PunchRole) -> &'static str {
    match role {
        PunchRole::Arrival => "Arrival",
        PunchRole::Departure => "Departure",
        PunchRole::BreakStart => "Break starts",
        PunchRole::BreakEnd => "Break ends",
        PunchRole::OrphanArrival => "Arrival without departure",
        PunchRole::OrphanDeparture => "Departure without arrival",
        PunchRole::Undetermined => "Lone punch",
        PunchRole::Between => "Ignored: in between",
        PunchRole::Repeat => "Ignored: pressed again",
        PunchRole::Voided => "Ignored: voided",
        PunchRole::NotYetKnown => "Ignored: not known then",
        PunchRole::Pending => "Not judged yet",
    }
}

/// How the use of a punch looks.
pub(crate) const fn punch_role_tone(role: PunchRole) -> Tone {
    match role {
        PunchRole::Arrival | PunchRole::Departure | PunchRole::BreakStart | PunchRole::BreakEnd => Tone::Good,
        PunchRole::OrphanArrival | PunchRole::OrphanDeparture | PunchRole::Undetermined => Tone::Alarm,
        _ => Tone::Plain,
    }
}

/// How an edge is.
pub(crate) const fn edge_state(state: EdgeState) -> &'static str {
    match state {
        EdgeState::Silent => "silent",
        EdgeState::Trouble => "trouble",
        EdgeState::InOrder => "in order",
    }
}

/// How that looks.
pub(crate) const fn edge_state_tone(state: EdgeState) -> Tone {
    match state {
        EdgeState::Silent | EdgeState::Trouble => Tone::Alarm,
        EdgeState::InOrder => Tone::Good,
    }
}

/// Where the matching of a user number stands.
pub(crate) const fn match_state(state: MatchState) -> &'static str {
    match state {
        MatchState::Proposed => "proposed",
        MatchState::Ambiguous => "ambiguous",
        MatchState::Unknown => "no proposal",
        MatchState::Differs => "called otherwise",
        MatchState::Dismissed => "dismissed",
        MatchState::Matched => "matched",
    }
}

/// How that looks.
pub(crate) const fn match_state_tone(state: MatchState) -> Tone {
    match state {
        MatchState::Matched => Tone::Good,
        MatchState::Proposed | MatchState::Dismissed => Tone::Plain,
        MatchState::Ambiguous | MatchState::Unknown | MatchState::Differs => Tone::Notice,
    }
}

/// How a terminal's user stands to the employees' numbers.
pub(crate) const fn sync_state(state: SyncState) -> &'static str {
    match state {
        SyncState::ToSend => "to send",
        SyncState::Differs => "differs",
        SyncState::ToRemove => "to remove",
        SyncState::InStep => "in step",
    }
}

/// How that looks.
pub(crate) const fn sync_state_tone(state: SyncState) -> Tone {
    match state {
        SyncState::InStep => Tone::Good,
        SyncState::ToRemove => Tone::Plain,
        SyncState::ToSend | SyncState::Differs => Tone::Notice,
    }
}

/// The state key of a terminal (rules 5.1).
pub(crate) const fn state(code: Option<i32>) -> &'static str {
    match code {
        Some(0) => "check-in",
        Some(1) => "check-out",
        Some(2) => "break out",
        Some(3) => "break in",
        Some(4) => "overtime in",
        Some(5) => "overtime out",
        _ => "no state",
    }
}

/// How the terminal recognised the person (adms, appendix A). Where families of terminals differ, the number stays.
pub(crate) fn verification(code: Option<i32>) -> String {
    match code {
        None => String::new(),
        Some(1) => "fingerprint".to_owned(),
        Some(4) => "card".to_owned(),
        Some(15) => "face".to_owned(),
        Some(25) => "palm".to_owned(),
        Some(other) => format!("method {other}"),
    }
}

/// A reason why punches are held, in two or three words.
pub(crate) const fn held_reason(reason: HeldReason) -> &'static str {
    match reason {
        HeldReason::UnapprovedTerminal => "Unapproved terminal",
        HeldReason::UnreadableLine => "Unreadable line",
        HeldReason::UnreadableTime => "Unreadable time",
        HeldReason::ImplausibleTime => "Implausible time",
        HeldReason::UnknownUser => "Unknown user number",
    }
}

/// How far a command to a terminal has come.
pub(crate) const fn command_state(state: CommandState) -> &'static str {
    match state {
        CommandState::Queued => "Queued",
        CommandState::HandedOver => "With the edge",
        CommandState::Sent => "Fetched",
        CommandState::Expired => "Expired",
        CommandState::Done => "Done",
        CommandState::Failed => "Failed",
    }
}

/// How the state of a command looks.
pub(crate) const fn command_state_tone(state: CommandState) -> Tone {
    match state {
        CommandState::Queued | CommandState::HandedOver | CommandState::Sent => Tone::Plain,
        CommandState::Expired => Tone::Notice,
        CommandState::Done => Tone::Good,
        CommandState::Failed => Tone::Alarm,
    }
}

/// What became of a job.
pub(crate) const fn job_state(state: JobState) -> &'static str {
    match state {
        JobState::Waiting => "Waiting",
        JobState::Running => "Running",
        JobState::Done => "Done",
        JobState::Dead => "Dead",
    }
}

/// How that looks.
pub(crate) const fn job_state_tone(state: JobState) -> Tone {
    match state {
        JobState::Waiting | JobState::Running => Tone::Plain,
        JobState::Done => Tone::Good,
        JobState::Dead => Tone::Alarm,
    }
}

/// How a reading of a terminal ended.
pub(crate) const fn poll_outcome(outcome: PollOutcome) -> &'static str {
    match outcome {
        PollOutcome::Whole => "Whole",
        PollOutcome::Partial => "Partial",
        PollOutcome::Failed => "Failed",
    }
}

/// How that looks.
pub(crate) const fn poll_outcome_tone(outcome: PollOutcome) -> Tone {
    match outcome {
        PollOutcome::Whole => Tone::Good,
        PollOutcome::Partial => Tone::Plain,
        PollOutcome::Failed => Tone::Alarm,
    }
}

/// Where a record of a sink is.
pub(crate) const fn entry_state(state: EntryState) -> &'static str {
    match state {
        EntryState::Waiting => "Waiting",
        EntryState::Sent => "Sent",
        EntryState::Failed => "Failed",
        EntryState::Withheld => "Withheld",
    }
}

/// How that looks.
pub(crate) const fn entry_state_tone(state: EntryState) -> Tone {
    match state {
        EntryState::Waiting | EntryState::Withheld => Tone::Plain,
        EntryState::Sent => Tone::Good,
        EntryState::Failed => Tone::Alarm,
    }
}

/// How far the proof is that everything of a terminal's day is here.
pub(crate) const fn closeout_state(state: CloseoutState) -> &'static str {
    match state {
        CloseoutState::Broken => "Broken",
        CloseoutState::Deferred => "Deferred",
        CloseoutState::Open => "Open",
        CloseoutState::Closed => "Closed",
    }
}

/// How that looks.
pub(crate) const fn closeout_state_tone(state: CloseoutState) -> Tone {
    match state {
        CloseoutState::Broken => Tone::Alarm,
        CloseoutState::Deferred => Tone::Notice,
        CloseoutState::Open => Tone::Plain,
        CloseoutState::Closed => Tone::Good,
    }
}

/// A role of an account.
pub(crate) const fn role(role: Role) -> &'static str {
    match role {
        Role::Admin => "administrator",
        Role::Hr => "HR",
        Role::Viewer => "viewer",
    }
}

/// One or many: `1 punch`, `24,162 punches`.
pub(crate) fn plural(number: u64, one: &str, many: &str) -> String {
    format!("{} {}", crate::show::count(number), if number == 1 { one } else { many })
}

/// How often a terminal is read that has a schedule of its own.
pub(crate) fn every_minutes(minutes: u32) -> String {
    format!("read every {}", link::span(u64::from(minutes) * 60))
}

/// What a source is.
pub(crate) fn source_kind(kind: &'static str) -> &'static str {
    match kind {
        "holidays" => "Public holidays",
        "mssql" => "SQL Server table",
        "odoo" => "Odoo",
        _ => kind,
    }
}

/// Who lists a user: a terminal by its serial, or a source by its name.
pub(crate) fn origin(origin: &str) -> String {
    match origin.strip_prefix("source:") {
        Some(source) => format!("source {}", source.trim_end_matches('/')),
        None => origin.to_owned(),
    }
}

/// How it is with a source.
pub(crate) const fn source_state(state: SourceState) -> &'static str {
    match state {
        SourceState::Well => "Well",
        SourceState::Down => "Down",
        SourceState::New => "Not read yet",
        SourceState::Paused => "Paused",
    }
}

/// How that looks.
pub(crate) const fn source_state_tone(state: SourceState) -> Tone {
    match state {
        SourceState::Well => Tone::Good,
        SourceState::Down => Tone::Alarm,
        SourceState::New => Tone::Plain,
        SourceState::Paused => Tone::Notice,
    }
}

/// What a column of a payroll file holds.
pub(crate) const fn pay_field(field: Field) -> &'static str {
    match field {
        Field::Text => "A text, the same in each row",
        Field::Employee => "Employee code",
        Field::Name => "Name",
        Field::FirstName => "First name",
        Field::LastName => "Last name",
        Field::LastFirst => "Last name, first name",
        Field::Department => "Department",
        Field::Site => "Site",
        Field::Date => "Date",
        Field::From => "First date of the period",
        Field::To => "Last date of the period",
        Field::Corrects => "Locked date that it corrects",
        Field::Code => "Their pay code",
        Field::Hours => "Hours",
        Field::OtherCode => "Code that no column takes",
        Field::OtherHours => "Hours of that code",
        Field::Worked => "Worked hours",
        Field::Paid => "Paid hours",
        Field::Tardy => "Tardy",
        Field::LeftEarly => "Left early",
        Field::Absent => "Absent",
        Field::Row => "Number of the row",
    }
}

/// Text as a sentence, with a capital letter and a full stop.
pub(crate) fn sentence(text: &str) -> String {
    let mut letters = text.trim_end_matches('.').chars();
    let first: String = letters.next().map(|letter| letter.to_uppercase().collect()).unwrap_or_default();
    format!("{first}{}.", letters.as_str())
}
