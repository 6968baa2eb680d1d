//! What pages, tables and exports show: plain values, sorted and ready to print.

use attendance::punch::Fingerprint;
use attendance::{DayRecord, DayTrace, Zones};
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use link::{Clock, Closeout, CommandState, TerminalCommand};

pub use store::day_list::{ANY, COUNTED as COUNTED_DAYS, OUTLIER, Place as DayPlace};

use crate::closing::{CloseoutState, Standing};

/// A person on the page "who is in now".
#[derive(Clone, Debug)]
pub struct Presence {
    /// Employee code.
    pub code: String,
    /// Employee name; the code when none is known.
    pub name: String,
    /// True when the last punch of today reads as an arrival.
    pub is_in: bool,
    /// Today's last punch.
    pub last_punch: Timestamp,
    /// The terminal of that punch.
    pub terminal: String,
    /// Zone of the employee.
    pub zone: TimeZone,
}

/// Who is in, and who was in today.
#[derive(Clone, Debug)]
pub struct Board {
    /// Everybody with a punch today, those who are in first, then by name.
    pub people: Vec<Presence>,
    /// How many of them are in.
    pub in_now: usize,
    /// Held punches that wait for a cure.
    pub held: u64,
    /// Terminals that wait for approval.
    pub unapproved_terminals: u64,
    /// The company's zone.
    pub zone: TimeZone,
}

/// Filter of the list of days. Empty fields do not filter.
#[derive(Clone, Debug, Default)]
pub struct DayFilter {
    /// First date.
    pub from: Option<Date>,
    /// Last date, inclusive.
    pub to: Option<Date>,
    /// Employee code, exact.
    pub employee: Option<String>,
    /// Exception code (rules 13.2), [`ANY`] for days that have one, or [`OUTLIER`] for those with a clock outlier.
    pub exception: Option<String>,
    /// Status (rules 13.3).
    pub status: Option<String>,
    /// `true`: only what sinks have taken and no sink waits for; `false`: only what a sink is still to take.
    pub synced: Option<bool>,
    /// How the rows are sorted.
    pub sort: DaySort,
    /// True turns the order round.
    pub descending: bool,
    /// Only rows after this one.
    pub after: Option<DayPlace>,
    /// Rows left out at the start of a list that does not go on after a row; of use with a limit only.
    pub offset: u32,
    /// Most rows returned; 0 is no limit.
    pub limit: u32,
}

/// The sort orders of days. Ties are broken by date and employee code.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DaySort {
    /// By date, then employee code.
    #[default]
    Date,
    /// By employee code, then date.
    Employee,
    /// By worked minutes.
    Worked,
    /// By tardy minutes.
    Tardy,
}

/// One row of the list of days.
#[derive(Clone, Debug)]
pub struct DayRow {
    /// Employee code.
    pub code: String,
    /// Employee name; the code when none is known.
    pub name: String,
    /// Zone in which the day is shown.
    pub zone: TimeZone,
    /// The record.
    pub record: DayRecord,
    /// How often the stored record changed; starts at 1.
    pub revision: i64,
}

impl DayRow {
    /// Where the row stands in an order of the list.
    pub fn place(&self, sort: DaySort) -> DayPlace {
        let minutes = match sort {
            DaySort::Date | DaySort::Employee => 0,
            DaySort::Worked => self.record.worked_minutes,
            DaySort::Tardy => self.record.tardy_minutes,
        };
        DayPlace { minutes, date: self.record.date, code: self.code.clone() }
    }
}

/// Days and how many there are in all.
#[derive(Clone, Debug)]
pub struct DayList {
    /// The rows of this page.
    pub rows: Vec<DayRow>,
    /// Rows that match, whatever part of them is shown; `None` for more than [`COUNTED_DAYS`].
    pub total: Option<u64>,
}

/// One day with its punches and the reason for each figure.
#[derive(Clone, Debug)]
pub struct DayDetail {
    /// The row of the list.
    pub row: DayRow,
    /// The trace, derived afresh.
    pub trace: DayTrace,
    /// The punches that the trace names, with what the terminals said; in time order.
    pub punches: Vec<PunchRow>,
    /// True when the stored record is not what the facts now say: a derivation is due, or the date is locked.
    pub is_stale: bool,
    /// True when the date is locked for payroll: the row is the frozen record, the trace what the facts say now.
    pub is_locked: bool,
}

/// Filter of the list of punches. Empty fields do not filter.
#[derive(Clone, Debug, Default)]
pub struct PunchFilter {
    /// First civil date (printed).
    pub from: Option<Date>,
    /// Last civil date (printed), inclusive.
    pub to: Option<Date>,
    /// Employee code.
    pub employee: Option<String>,
    /// User number.
    pub user: Option<String>,
    /// Serial.
    pub terminal: Option<String>,
    /// Only those that are held for this reason; `user` is the number then under which they are.
    pub held: Option<HeldReason>,
    /// The latest printed time comes first; otherwise the earliest.
    pub newest_first: bool,
    /// Rows left out at the start.
    pub offset: u32,
    /// Most rows returned; 0 is no limit.
    pub limit: u32,
}

/// One stored punch with what was made of it.
#[derive(Clone, Debug)]
pub struct PunchRow {
    /// Its identity.
    pub fingerprint: Fingerprint,
    /// Serial of the terminal, or `source:...`.
    pub origin: String,
    /// User number as said.
    pub user: String,
    /// Printed time as said.
    pub printed: String,
    /// State code as said.
    pub state: Option<i32>,
    /// Verification method as said.
    pub verify: Option<i32>,
    /// Road of the first copy.
    pub channel: String,
    /// When the first copy was received.
    pub received: Timestamp,
    /// What the clock of the edge showed then, where the edge did not believe it; `received` is when it came here.
    pub doubted: Option<Timestamp>,
    /// Employee code, when resolved.
    pub employee: Option<String>,
    /// The instant, when resolved.
    pub at: Option<Timestamp>,
    /// Why it is held, when it is.
    pub held: Option<HeldReason>,
}

/// Why a punch is held.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum HeldReason {
    /// Its terminal is not approved.
    UnapprovedTerminal,
    /// The line could not be read.
    UnreadableLine,
    /// The printed time is no date.
    UnreadableTime,
    /// The time is before the company's first date or more than a day ahead: a clock fault.
    ImplausibleTime,
    /// The user number belongs to nobody on that date.
    UnknownUser,
}

impl HeldReason {
    /// All reasons, in the order in which they are looked at.
    pub const ALL: [Self; 5] = [
        Self::UnapprovedTerminal,
        Self::UnreadableLine,
        Self::UnreadableTime,
        Self::ImplausibleTime,
        Self::UnknownUser,
    ];

    /// The word in tables and exports.
    pub const fn word(self) -> &'static str {
        match self {
            Self::UnapprovedTerminal => "unapproved_terminal",
            Self::UnreadableLine => "unreadable_line",
            Self::UnreadableTime => "unreadable_time",
            Self::ImplausibleTime => "implausible_time",
            Self::UnknownUser => "unknown_user",
        }
    }

    /// The reason of a word.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|reason| reason.word() == word)
    }

    /// What happened, for people.
    pub const fn says(self) -> &'static str {
        match self {
            Self::UnapprovedTerminal => "The terminal is not approved.",
            Self::UnreadableLine => "The line could not be read.",
            Self::UnreadableTime => "The printed time is no date.",
            Self::ImplausibleTime => "The terminal's clock was wrong: the time is too old, or in the future.",
            Self::UnknownUser => "The user number belongs to nobody on that date.",
        }
    }

    /// What to do, for people.
    pub const fn cure(self) -> &'static str {
        match self {
            Self::UnapprovedTerminal => "Approve the terminal.",
            Self::UnreadableLine => "State user number and time, or dismiss it.",
            Self::UnreadableTime => "State the true time, or dismiss it.",
            Self::ImplausibleTime => {
                "Shift the range that the clock printed wrongly (`punchclock terminal shift`), or state the true time of each, or dismiss it."
            }
            Self::UnknownUser => "Assign the number to an employee.",
        }
    }
}

/// Held punches that one cure releases: one line of the page "held".
#[derive(Clone, Debug)]
pub struct HeldGroup {
    /// Why.
    pub reason: HeldReason,
    /// Serial.
    pub origin: String,
    /// User number; empty when unreadable.
    pub user: String,
    /// The number as it is assigned: with the group of the terminal where that has a name.
    pub number: String,
    /// Name that the terminal gives for that number, when known.
    pub name_on_terminal: Option<String>,
    /// How many.
    pub count: u64,
    /// First printed time of the group.
    pub first: String,
    /// Last printed time of the group.
    pub last: String,
    /// The only punch, when there is just one; the page lists them otherwise.
    pub example: Fingerprint,
}

/// A terminal as pages show it.
#[derive(Clone, Debug)]
pub struct TerminalRow {
    /// Serial.
    pub serial: String,
    /// Name.
    pub name: String,
    /// Approved by a person (or by an import that named it).
    pub approved: bool,
    /// Address for polling.
    pub address: Option<String>,
    /// Zones of its clock, by printed date.
    pub zones: Zones,
    /// How it is read.
    pub via: link::Via,
    /// Last contact.
    pub last_contact: Option<Timestamp>,
    /// Last time that its whole log was read.
    pub last_complete_read: Option<Timestamp>,
    /// Records in the terminal at that time.
    pub records_on_terminal: Option<i64>,
    /// Punches that the hub holds from it.
    pub punches: u64,
    /// What is wrong, with the cure.
    pub trouble: Option<String>,
    /// What was last seen of its clock.
    pub clock: Option<Clock>,
    /// Its handshake may set its clock.
    pub sets_clock: bool,
    /// It has to show a key when it pushes.
    pub has_push_key: bool,
    /// Minutes between two readings of its log; as its edge's setting says when `None`.
    pub poll_minutes: Option<u32>,
    /// Its punches are to be heard as they happen, between readings.
    pub live: bool,
    /// The edge that answers for it.
    pub edge: Option<String>,
    /// The group of terminals at which user numbers mean the same people; empty for that of all others.
    pub number_group: String,
    /// Code of the site where it is, each from a date on; `None` for none.
    pub sites: Vec<(Date, Option<String>)>,
}

impl TerminalRow {
    /// Code of the site where it is.
    pub fn site(&self, now: Timestamp) -> Option<&str> {
        let today = self.zones.date(now);
        self.sites.iter().rfind(|(from, _)| *from <= today)?.1.as_deref()
    }
}

/// How the table of closeouts is ordered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CloseoutSort {
    /// By date.
    Date,
    /// By the name of the terminal.
    Terminal,
    /// By state, what is broken before what is closed.
    State,
    /// By how many punches are missing.
    Missing,
    /// By when the log was read last.
    Read,
}

/// Filter of the table of closeouts. Empty fields do not filter, but for the dates.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CloseoutFilter {
    /// First printed date; six days before the last one when it is left out.
    pub from: Option<Date>,
    /// Last printed date, inclusive; today when it is left out.
    pub to: Option<Date>,
    /// Serial or name.
    pub terminal: Option<String>,
    /// State.
    pub state: Option<CloseoutState>,
    /// The order, and whether it is the other way round; of what is equal the latest date first, as all when `None`.
    pub order: Option<(CloseoutSort, bool)>,
}

/// What is known of the completeness of a terminal's day.
#[derive(Clone, Debug)]
pub struct CloseoutRow {
    /// Serial.
    pub serial: String,
    /// Name of the terminal.
    pub terminal: String,
    /// Zone of its clock.
    pub zone: TimeZone,
    /// The printed date.
    pub date: Date,
    /// The largest set that it told of; `None` when it told nothing.
    pub on_terminal: Option<Closeout>,
    /// How many the edge's spool held when they were counted.
    pub in_spool: Option<u64>,
    /// The set that the hub holds.
    pub at_hub: Closeout,
    /// Punches of the terminal that are not here; at least so many.
    pub missing_count: u64,
    /// Those that are known: user number and printed second since 1970. At most 100.
    pub missing: Vec<(String, i64)>,
    /// The last reading of its whole log.
    pub read: Option<Timestamp>,
    /// Where the proof stands, and why.
    pub standing: Standing,
}

impl CloseoutRow {
    /// The missing punches that are known, each as user number and printed time.
    pub fn missing_in_words(&self) -> Vec<String> {
        self.missing.iter().map(crate::completeness::named).collect()
    }
}

/// Filter of the list of commands. Empty fields do not filter.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CommandFilter {
    /// Serial of the terminal.
    pub serial: Option<String>,
    /// How far it has come.
    pub state: Option<CommandState>,
}

/// A command to a terminal, and what became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommandRow {
    /// Its number.
    pub id: i64,
    /// Serial of the terminal.
    pub serial: String,
    /// Name of the terminal.
    pub terminal: String,
    /// What it shall do.
    pub command: TerminalCommand,
    /// How far it has come; what was not reported in time has expired.
    pub state: CommandState,
    /// Who asked.
    pub asked_by: String,
    /// When.
    pub asked: Timestamp,
    /// After this it is not delivered.
    pub expires: Timestamp,
    /// When it came so far.
    pub changed: Timestamp,
    /// How often the terminal fetched it.
    pub sent_times: u32,
    /// The terminal's return code.
    pub code: Option<i64>,
    /// The result, or why it has expired, with the cure; what was asked for follows on lines of its own. Empty before.
    pub result: String,
}

impl CommandRow {
    /// The result in one sentence, or what is waited for.
    pub fn says(&self) -> &str {
        match self.state {
            CommandState::Queued => "waits for the edge that sees the terminal",
            // What was in the way of a try.
            CommandState::HandedOver if !self.result.is_empty() => self.result.lines().next().unwrap_or_default(),
            CommandState::HandedOver => "the edge has it until the terminal calls or is read next",
            CommandState::Sent => "the terminal has fetched it and owes its result",
            CommandState::Expired | CommandState::Done | CommandState::Failed => {
                self.result.lines().next().unwrap_or_default()
            }
        }
    }

    /// What the terminal told besides: options or counts, a line each.
    pub fn told(&self) -> impl Iterator<Item = &str> {
        self.result.lines().skip(1)
    }
}

/// An employee as pages show it.
#[derive(Clone, Debug)]
pub struct EmployeeRow {
    /// Code.
    pub code: String,
    /// Name; empty when unknown.
    pub name: String,
    /// False for a provisional employee made by an import.
    pub confirmed: bool,
    /// User numbers, comma separated.
    pub numbers: String,
    /// Employment dates.
    pub from: Option<Date>,
    /// Last date of employment.
    pub to: Option<Date>,
    /// Their employments, each as first and last date; `None` for an open end.
    pub employments: Vec<(Option<Date>, Option<Date>)>,
    /// Code of the site where they belong today.
    pub site: Option<String>,
    /// Code of the department.
    pub department: Option<String>,
    /// Code of the employee as whom this one counts.
    pub merged_into: Option<String>,
    /// Employed today, and not somebody else.
    pub is_employed: bool,
}

/// Whose a user number is for some time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NumberSpan {
    /// Code of the employee.
    pub employee: String,
    /// First date; `None` for always.
    pub from: Option<Date>,
    /// Last date; `None` for good.
    pub to: Option<Date>,
}

/// A site.
#[derive(Clone, Debug)]
pub struct SiteRow {
    /// Code.
    pub code: String,
    /// Name; may be empty.
    pub name: String,
    /// IANA zones, each from a date on; `None` for always. On dates without one it is the company's.
    pub zones: Vec<(String, Option<Date>)>,
    /// The terminals that are or were there.
    pub terminals: Vec<TerminalStay>,
}

/// A terminal at a site.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TerminalStay {
    /// Serial.
    pub serial: String,
    /// First date; `None` for always.
    pub from: Option<Date>,
    /// Last date; `None` until something else is said.
    pub to: Option<Date>,
}

/// A department.
#[derive(Clone, Debug)]
pub struct DepartmentRow {
    /// Code.
    pub code: String,
    /// Name; may be empty.
    pub name: String,
    /// Code of the department that it is a part of.
    pub parent: Option<String>,
}
