//! A time sheet as it is printed: plain, or as Civil Service Form No. 48.

use attendance::{Exception, REGULAR, Status};
use hub::{Form48Line, Mark, SheetLine, SheetLock, TimeSheet};

use crate::{show, words};

/// The rows of the form, whatever month it is.
const FORM_ROWS: usize = 31;

/// How time sheets are laid out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SheetLayout {
    /// Every figure, a line per date.
    #[default]
    Plain,
    /// Civil Service Form No. 48 (Daily Time Record), twice on a page.
    Form48,
}

impl SheetLayout {
    /// The layout of a word.
    pub fn of(word: &str) -> Option<Self> {
        [Self::Plain, Self::Form48].into_iter().find(|layout| layout.word() == word)
    }

    /// The word in addresses and on the command line.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Plain => "plain",
            Self::Form48 => "form48",
        }
    }
}

/// A sheet in one of the layouts.
pub(crate) enum Printed {
    Plain(Box<Plain>),
    Form48(Box<Form48>),
}

impl Printed {
    pub(crate) fn new(sheet: &TimeSheet, layout: SheetLayout) -> Self {
        match layout {
            SheetLayout::Plain => Self::Plain(Box::new(Plain::new(sheet))),
            SheetLayout::Form48 => Self::Form48(Box::new(Form48::new(sheet))),
        }
    }
}

/// The plain layout.
pub(crate) struct Plain {
    pub(crate) name: String,
    pub(crate) code: String,
    pub(crate) month: String,
    /// Site and department.
    pub(crate) place: String,
    pub(crate) hours: String,
    pub(crate) lock: &'static str,
    pub(crate) zones: String,
    pub(crate) counts_as: Option<String>,
    pub(crate) lines: Vec<PlainLine>,
    pub(crate) sums: Figures,
    /// Counts of days, in words.
    pub(crate) counts: String,
    pub(crate) has_added: bool,
}

/// A date of it.
pub(crate) struct PlainLine {
    pub(crate) date: String,
    pub(crate) is_weekend: bool,
    pub(crate) times: Vec<String>,
    pub(crate) figures: Figures,
    pub(crate) remarks: String,
}

/// The figures of a line or of the month; blank where there is nothing.
#[derive(Default)]
pub(crate) struct Figures {
    pub(crate) worked: String,
    pub(crate) tardy: String,
    pub(crate) left_early: String,
    pub(crate) leave: String,
    /// Paid under another code than the regular one: `OT 1:30`.
    pub(crate) overtime: String,
}

impl Plain {
    fn new(sheet: &TimeSheet) -> Self {
        let place = [&sheet.site, &sheet.department].into_iter().flatten().cloned().collect::<Vec<_>>();
        let marks = sheet.lines.iter().flat_map(|line| &line.visits);
        let mut marks = marks.flat_map(|visit| [visit.arrival, visit.departure]).flatten();
        let totals = &sheet.totals;
        Self {
            name: sheet.name.clone(),
            code: sheet.code.clone(),
            month: sheet.month.first().strftime("%B %Y").to_string(),
            place: place.join(", "),
            hours: sheet.official_hours.regular_days.clone(),
            lock: lock_in_words(sheet.lock),
            zones: sheet.zones(),
            counts_as: sheet.counts_as.clone(),
            lines: sheet.lines.iter().map(PlainLine::new).collect(),
            sums: Figures {
                worked: show::hours(totals.worked_minutes),
                tardy: show::hours_or_blank(totals.tardy_minutes),
                left_early: show::hours_or_blank(totals.left_early_minutes),
                leave: show::hours_or_blank(sheet.leave_minutes),
                overtime: tiers(&totals.pay),
            },
            counts: counts(sheet),
            has_added: marks.any(|mark| mark.is_added),
        }
    }
}

impl PlainLine {
    fn new(line: &SheetLine) -> Self {
        let figures = line.record.as_ref().map_or_else(Figures::default, |record| Figures {
            worked: show::hours_or_blank(record.worked_minutes),
            tardy: show::hours_or_blank(record.tardy_minutes),
            left_early: show::hours_or_blank(record.left_early_minutes),
            leave: show::hours_or_blank(record.leave_minutes),
            overtime: tiers(&record.pay),
        });
        let times = line
            .visits
            .iter()
            .map(|visit| format!("{}\u{2013}{}", mark(line, visit.arrival), mark(line, visit.departure)));
        Self {
            date: line.date.strftime("%a %-d").to_string(),
            is_weekend: matches!(line.date.weekday().to_monday_one_offset(), 6 | 7),
            times: times.collect(),
            figures,
            remarks: remarks(line),
        }
    }
}

fn mark(line: &SheetLine, mark: Option<Mark>) -> String {
    let Some(mark) = mark else { return "?".to_owned() };
    let added = if mark.is_added { "*" } else { "" };
    format!("{}{added}", show::clock_on(line.date, mark.at, &line.zone))
}

/// What the figures of a line do not say.
fn remarks(line: &SheetLine) -> String {
    let mut told = Vec::new();
    if let Some(name) = &line.holiday {
        told.push(if name.is_empty() { "Holiday".to_owned() } else { name.clone() });
    }
    if let Some(record) = &line.record {
        if !matches!(record.status, Status::Present | Status::Off) {
            told.push(words::status(record.status).to_owned());
        }
        let is_said =
            |exception: &&Exception| matches!(exception, Exception::Absent | Exception::Tardy | Exception::LeftEarly);
        let exceptions = record.exceptions.iter().filter(|exception| !is_said(exception));
        told.extend(exceptions.map(|exception| words::exception(*exception).to_owned()));
    }
    if line.is_corrected {
        told.push("corrected".to_owned());
    }
    match (line.is_behind, line.is_locked) {
        (true, true) => told.push("more came after the lock".to_owned()),
        (true, false) => told.push("being derived again".to_owned()),
        (false, _) => {}
    }
    told.join(", ")
}

/// `OT 1:30`, by code; without the regular one.
fn tiers(pay: &attendance::CodeMinutes) -> String {
    let mut all: Vec<String> = pay
        .iter()
        .filter(|(code, _)| code.as_str() != REGULAR)
        .map(|(code, minutes)| format!("{code} {}", show::hours(minutes)))
        .collect();
    all.sort();
    all.join(" ")
}

fn counts(sheet: &TimeSheet) -> String {
    let count = |days: i64, what: &str| {
        let days = u64::try_from(days).ok().filter(|days| *days > 0)?;
        Some(words::plural(days, &format!("day {what}"), &format!("days {what}")))
    };
    let unjudged = i64::try_from(sheet.unjudged_days()).unwrap_or(i64::MAX);
    let told = [
        count(sheet.totals.absent_days, "absent"),
        count(sheet.totals.incomplete_days, "incomplete"),
        count(sheet.totals.tardy_count, "tardy"),
        count(sheet.totals.left_early_count, "left early"),
        count(unjudged, "not judged yet"),
    ];
    told.into_iter().flatten().collect::<Vec<_>>().join(", ")
}

const fn lock_in_words(lock: SheetLock) -> &'static str {
    match lock {
        SheetLock::Open => "Not locked: the figures may still change",
        SheetLock::Partly => "Locked in part: other figures may still change",
        SheetLock::Locked => "Locked for payroll",
    }
}

/// The form.
pub(crate) struct Form48 {
    pub(crate) name: String,
    pub(crate) code: String,
    pub(crate) month: String,
    pub(crate) regular_days: String,
    pub(crate) saturdays: String,
    pub(crate) zones: String,
    pub(crate) lock: &'static str,
    pub(crate) rows: Vec<FormRow>,
    pub(crate) total: (String, String),
}

/// A row of the form, from 1 to 31.
pub(crate) struct FormRow {
    pub(crate) day: usize,
    pub(crate) line: Form48Line,
    pub(crate) undertime: (String, String),
}

impl Form48 {
    fn new(sheet: &TimeSheet) -> Self {
        let mut lines = sheet.form48();
        lines.resize(FORM_ROWS, Form48Line::default());
        let rows = lines.into_iter().zip(1..);
        Self {
            name: sheet.name.clone(),
            code: sheet.code.clone(),
            month: sheet.month.first().strftime("%B %Y").to_string(),
            regular_days: sheet.official_hours.regular_days.clone(),
            saturdays: sheet.official_hours.saturdays.clone(),
            zones: sheet.zones(),
            lock: lock_in_words(sheet.lock),
            rows: rows
                .map(|(line, day)| FormRow { day, undertime: hours_and_minutes(line.undertime_minutes), line })
                .collect(),
            total: hours_and_minutes(sheet.undertime_minutes()),
        }
    }

    /// The form and its copy, which only paper has.
    pub(crate) fn copies(&self) -> [(&Self, &'static str); 2] {
        [(self, ""), (self, "copy")]
    }
}

/// Blank for nothing.
fn hours_and_minutes(minutes: i64) -> (String, String) {
    if minutes == 0 { Default::default() } else { ((minutes / 60).to_string(), (minutes % 60).to_string()) }
}
