//! The report itself: every log under every preset, counted. Only counts leave this file, no number, name or date of a log.

use std::collections::BTreeMap;
use std::error::Error;
use std::fmt::Write;
use std::path::Path;

use attendance::compliance::{Checks, findings};
use attendance::punch::attlog;
use attendance::{
    Assignment, Calendar, DateRange, DayRecord, Employment, Exception, Moment, POLICY_PRESETS, Person, PolicyFile,
    Punch, PunchState, Rulebook, default_assignments, default_timetables, derive, localize, totals,
};
use jiff::civil::Date;
use jiff::tz::TimeZone;

/// The logs do not say where they were made: a zone without clock changes.
const ZONE: &str = "Asia/Manila";

/// The punches of one terminal by person, with the first and the last date of each.
pub(crate) struct Log {
    name: String,
    people: Vec<(Vec<Punch>, DateRange)>,
}

/// The logs of a folder, by name.
pub(crate) fn logs(folder: &Path) -> Result<Vec<Log>, Box<dyn Error>> {
    let mut files: Vec<_> = std::fs::read_dir(folder)?.collect::<Result<_, _>>()?;
    files.retain(|file| file.path().extension().is_some_and(|extension| extension == "dat"));
    files.sort_by_key(std::fs::DirEntry::file_name);
    files.iter().map(|file| read(&file.path())).collect()
}

fn read(path: &Path) -> Result<Log, Box<dyn Error>> {
    let zone = TimeZone::get(ZONE)?;
    // `site-a_attlog.dat` is Site A.
    let name = path.file_stem().unwrap_or_default().to_string_lossy().to_uppercase();
    let name = name.trim_end_matches("_ATTLOG").replace("SITE-", "Site ");
    let mut people: BTreeMap<String, Vec<(Punch, Date)>> = BTreeMap::new();
    for raw in attlog::punches(&name, &std::fs::read(path)?) {
        let Some(time) = raw.time.civil() else { continue };
        let state = raw.state.map_or(PunchState::Unknown, PunchState::from_code);
        let at = localize(&zone, [time]).first().map(|one| one.at).ok_or("a reading without an instant")?;
        let punch = Punch { id: raw.fingerprint(), at, state, recorded_at: None };
        people.entry(raw.user).or_default().push((punch, time.date()));
    }
    let people = people.into_values().filter_map(|punches| {
        let dates = || punches.iter().map(|(_, date)| *date);
        let range = DateRange { from: dates().min()?, to: dates().max()? };
        Some((punches.iter().map(|(punch, _)| *punch).collect(), range))
    });
    Ok(Log { name, people: people.collect() })
}

impl Log {
    /// The records of a log's people from the first to the last punch of each, under a preset; `more` sees each with its person.
    pub(crate) fn days(
        &self,
        file: &PolicyFile,
        mut more: impl FnMut(&Rulebook, &Person<'_>, DateRange, Moment),
    ) -> Result<Vec<DayRecord>, Box<dyn Error>> {
        let zones = TimeZone::get(ZONE)?.into();
        let book = Rulebook::new(file.policy.clone(), default_timetables(), Calendar::default())?;
        let assignments: Vec<Assignment> = default_assignments();
        let moment = Moment { as_of: i64::from(i32::MAX), watermark: None };
        let mut days = Vec::new();
        for (punches, range) in &self.people {
            let employment = Employment { from: Some(range.from), to: Some(range.to) };
            let person = Person { employment, ..Person::new(&zones, &assignments, punches) };
            days.extend(derive(&book, &person, *range, moment));
            more(&book, &person, *range, moment);
        }
        Ok(days)
    }
}

/// Counts by row, and by preset.
type Table = BTreeMap<&'static str, BTreeMap<String, i64>>;

/// The whole document.
pub(crate) fn markdown(logs: &[Log]) -> Result<String, Box<dyn Error>> {
    let mut text = HEAD.to_owned();
    for log in logs {
        section(&mut text, log)?;
    }
    text.push_str(CURES_HEAD);
    for exception in Exception::ALL {
        let (says, cure) = cure(exception);
        let severity = format!("{:?}", exception.severity()).to_lowercase();
        writeln!(text, "| `{exception}` | {severity} | {says} | {cure} |")?;
    }
    Ok(text)
}

fn section(text: &mut String, log: &Log) -> Result<(), Box<dyn Error>> {
    let (mut statuses, mut exceptions, mut found) = (Table::new(), Table::new(), Table::new());
    let mut pay = String::new();
    let mut dates = 0;
    for name in POLICY_PRESETS {
        let file = PolicyFile::preset(name)?;
        let mut breaches: BTreeMap<String, i64> = BTreeMap::new();
        let checks: &Checks = &file.checks;
        let days = log.days(&file, |book, person, range, moment| {
            for finding in findings(book, person, checks, range, moment) {
                *breaches.entry(finding.code.as_str().to_owned()).or_default() += 1;
            }
        })?;
        dates = days.len();
        for day in &days {
            *statuses.entry(name).or_default().entry(day.status.to_string()).or_default() += 1;
            for exception in &day.exceptions {
                *exceptions.entry(name).or_default().entry(exception.to_string()).or_default() += 1;
            }
        }
        found.insert(name, breaches);
        let book = Rulebook::new(file.policy, default_timetables(), Calendar::default())?;
        let sums = totals(&book, &days);
        let hours = |(code, minutes): (&attendance::Code, i64)| format!("{code} {}", grouped(minutes / 60));
        let of = |codes: Vec<String>| if codes.is_empty() { "none".to_owned() } else { codes.join(", ") };
        let (tiers, premiums) = (sums.pay.iter().map(hours).collect(), sums.premiums.iter().map(hours).collect());
        writeln!(pay, "| {name} | {} | {} |", of(tiers), of(premiums))?;
    }
    let punches: usize = log.people.iter().map(|(punches, _)| punches.len()).sum();
    writeln!(
        text,
        "\n## {}\n\n{} people, {} punches; {} dates between the first and the last punch of each person.",
        log.name,
        log.people.len(),
        grouped(punches as i64),
        grouped(dates as i64),
    )?;
    table(text, "status", "dates", &statuses)?;
    table(text, "exception", "dates", &exceptions)?;
    table(text, "check", "findings", &found)?;
    writeln!(text, "\n| preset | paid hours per code | premium hours |\n|---|---|---|\n{}", pay.trim_end())?;
    Ok(())
}

/// A table with a column per preset; presets whose counts are all the same share one.
fn table(text: &mut String, what: &str, unit: &str, counts: &Table) -> Result<(), Box<dyn Error>> {
    let mut columns: Vec<(Vec<&str>, &BTreeMap<String, i64>)> = Vec::new();
    for (preset, rows) in counts {
        match columns.iter_mut().find(|(_, known)| *known == rows) {
            Some((presets, _)) => presets.push(preset),
            None => columns.push((vec![preset], rows)),
        }
    }
    let name =
        |presets: &[&str]| if presets.len() == counts.len() { "every preset".to_owned() } else { presets.join(", ") };
    let heads: Vec<String> = columns.iter().map(|(presets, _)| name(presets)).collect();
    writeln!(text, "\n| {what}, {unit} | {} |\n|---|{}", heads.join(" | "), "---:|".repeat(heads.len()))?;
    let mut rows: Vec<&String> = columns.iter().flat_map(|(_, rows)| rows.keys()).collect();
    rows.sort();
    rows.dedup();
    for row in rows {
        let cells = columns.iter().map(|(_, rows)| rows.get(row).map_or("0".to_owned(), |count| grouped(*count)));
        writeln!(text, "| `{row}` | {} |", cells.collect::<Vec<_>>().join(" | "))?;
    }
    Ok(())
}

/// A number with its thousands apart.
fn grouped(number: i64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// What an exception says, and what a person corrects.
fn cure(exception: Exception) -> (&'static str, &'static str) {
    match exception {
        Exception::Absent => (
            "nothing of the plan was attended, or a threshold of the policy says so",
            "enter the leave, the offsite work or the holiday that explains it; add the punches if the person was there; if it was a planned day off, correct the roster; else it stands, or is excused",
        ),
        Exception::PartialAbsence => (
            "one part of a split plan was not attended at all",
            "as `absent`, for that part: leave by hours, or the punches that are missing",
        ),
        Exception::Tardy => (
            "the first arrival is later than the plan, beyond grace",
            "nothing if it is so; excuse it, or enter leave; if nearly everybody is late by the same minutes, the timetable is wrong",
        ),
        Exception::LeftEarly => (
            "the last departure is earlier than the plan, beyond grace",
            "as `tardy`; if it is nearly every day, the plan ends too late",
        ),
        Exception::Away => (
            "planned minutes were missed between two punches",
            "nothing if it is so; excuse it, or enter leave by hours or offsite work; if it is the lunch, make the break movable",
        ),
        Exception::MissingIn => (
            "a departure without an arrival, or a lone punch without a direction (then with `missing_out`)",
            "add the arrival the person confirms; void the punch if it was a mistake. Blocks the payroll lock",
        ),
        Exception::MissingOut => (
            "an arrival without a departure, or a lone punch without a direction (then with `missing_in`)",
            "add the departure the person confirms; void the punch if it was a mistake. Blocks the payroll lock",
        ),
        Exception::MissingBreakEnd => (
            "a break was started with its key and never ended",
            "add the end of the break; if people do not use the keys, do not trust them (`punch.use_state`). Blocks the payroll lock",
        ),
        Exception::ClockInTooEarly => (
            "the arrival is implausibly early for the plan",
            "give the date the shift that was worked; if it is a departure of the night before, add the arrival that is missing there; approve the early time if it was ordered",
        ),
        Exception::ClockInTooLate => (
            "the arrival is implausibly late for the plan",
            "add the arrival that was forgotten; else give the date the shift that was worked, or enter the morning's leave",
        ),
        Exception::ClockOutTooEarly => (
            "the departure is implausibly early for the plan",
            "add the departure that was forgotten; else give the date the shift that was worked, or enter the afternoon's leave",
        ),
        Exception::ClockOutTooLate => (
            "the departure is implausibly late for the plan",
            "check the evening: approve it, give the date the shift that was worked, or add the departure and move the late punch to the date it belongs to",
        ),
        Exception::LongSession => (
            "more than `max_session` lies between arrival and departure",
            "almost always a forgotten departure and the next arrival: add the departure, and the late punch onto its own date",
        ),
        Exception::WorkedOnLeave => (
            "presence inside leave of a full or half day",
            "shorten or withdraw the leave if the person worked; the time is not paid as long as the leave stands",
        ),
        Exception::StrayPunch => (
            "an unpaired punch on a date that leave or offsite work frees",
            "nothing is lost; void the punch, or withdraw the leave if the person came",
        ),
        Exception::UnapprovedOvertime => {
            ("extension is not paid because its approval is missing", "approve the minutes that were ordered")
        }
        Exception::WorkedOnHoliday => (
            "a punch on a holiday",
            "nothing; it is paid by its rule. If it was a make-up day, enter it in the calendar",
        ),
        Exception::WorkedOnRestDay => (
            "a punch on a weekly rest day",
            "nothing; it is paid by its rule. If it is nearly every week, the roster is wrong",
        ),
        Exception::WorkedOnOffDay => ("a punch on another day off", "as `worked_on_rest_day`"),
        Exception::WorkedUnassigned => {
            ("a punch on a date without any roster", "assign a timetable, or correct the dates of employment")
        }
        Exception::HolidayDataMissing => {
            ("the holidays of the month are not known", "load the calendar; the dates are derived again")
        }
    }
}

const HEAD: &str = "\
# Every preset on real logs

What the rules make of two logs that real terminals exported, under each preset that comes with the rules: how many dates
have which status, and which exceptions, so that somebody can tell what to correct. The logs lie beside the project and are
never part of it; only counts are shown.

This file is made by

    cargo run -p attendance --example presets > docs/presets.md

and `crates/attendance/tests/real_logs.rs` fails when it no longer says what the rules say.

How to read it:

* Nobody told the rules anything about these people. They have the default week (08:00 to 18:00 with lunch, Monday to Friday),
  no holidays, no leave and no corrections. So `absent` counts each holiday and each day of leave, and `left_early` counts
  everybody whose day ends before 18:00. A real site enters its timetable first: what remains are the exceptions to correct.
* A person counts as employed from the first to the last punch.
* The presets differ in pay, break rules and checks, hardly in how a day is judged: presets whose counts are the same share a
  column.
* A check finds what a law does not allow; it changes no minute, and only the presets that have checks have findings.
";

const CURES_HEAD: &str = "
## What to correct

Corrections change what is known (a punch, leave, the roster), never a figure; the date is then judged again. Exceptions of
severity critical keep a period from being locked.

| exception | severity | what it says | what a person corrects |
|---|---|---|---|
";
