//! `GET /days/{code}/{date}`: one day with its timeline, its punches and the reason for each figure.

use askama::Template;
use attendance::trace::TracedPunch;
use axum::extract::{Path, State};
use axum::response::Html;
use hub::view::{DayDetail, PunchRow};
use jiff::civil::Date;
use jiff::{Timestamp, ToSpan as _};

use crate::access::Visitor;
use crate::app::App;
use crate::failure::Failure;
use crate::page::figures::{Figures, Finding};
use crate::page::timeline::Timeline;
use crate::page::{Frame, render};
use crate::{forms, show, words};

#[derive(Template)]
#[template(path = "day.html")]
struct DayPage {
    frame: Frame,
    code: String,
    name: String,
    date: String,
    before: Option<String>,
    after: Option<String>,
    all_days: String,
    sheet: String,
    zone: String,
    kind: String,
    status: &'static str,
    status_class: &'static str,
    status_reason: Option<String>,
    summary: Vec<(&'static str, String)>,
    timeline: Option<Timeline>,
    figures: Figures,
    findings: Vec<Finding>,
    punches: Vec<Punch>,
    revision: i64,
    is_stale: bool,
    is_locked: bool,
}

/// A punch with what the terminal said and what the rules made of it.
struct Punch {
    clock: String,
    moment: String,
    role: &'static str,
    role_class: &'static str,
    is_ignored: bool,
    why: String,
    said: String,
    source: String,
    received: String,
}

/// `GET /days/{code}/{date}`
pub(crate) async fn page(
    State(app): State<App>,
    Path((code, date)): Path<(String, String)>,
    visitor: Visitor,
) -> Result<Html<String>, Failure> {
    let date: Date = date.parse().map_err(|_| Failure::not_found(format!("{date} is no date.")))?;
    let asked = code.clone();
    let detail = app.ask(move |hub| hub.day(&asked, date, Timestamp::now())).await?;
    let detail = detail.ok_or_else(|| Failure::not_found(format!("There is no day {date} of an employee {code}.")))?;
    render(&DayPage::new(&detail, &visitor))
}

impl DayPage {
    fn new(detail: &DayDetail, visitor: &Visitor) -> Self {
        let (row, record) = (&detail.row, &detail.row.record);
        let shift = record.shift.as_ref().map(|code| format!(", timetable {code}")).unwrap_or_default();
        let neighbour = |date: Date| format!("/days/{}/{date}", forms::encode(&row.code));
        let at = detail.punches.iter().find_map(|punch| punch.at).or_else(|| record.plan_start.map(show::instant));
        Self {
            frame: Frame::new(format!("{}, {}", row.name, show::date(record.date)), "/days", visitor),
            code: row.code.clone(),
            name: row.name.clone(),
            date: show::date(record.date),
            before: record.date.checked_sub(1.day()).ok().map(neighbour),
            after: record.date.checked_add(1.day()).ok().map(neighbour),
            all_days: format!("/days?{}", forms::query(&[("employee", &row.code)])),
            sheet: format!("/employees/{}/sheet?month={}", forms::encode(&row.code), hub::Month::of(record.date)),
            zone: show::zone(&row.zone, at.unwrap_or_else(Timestamp::now)),
            kind: format!("{}{shift}", words::day_kind(record.day_kind)),
            status: words::status(record.status),
            status_class: words::status_tone(record.status).class(),
            status_reason: status_reason(detail),
            summary: summary(detail),
            timeline: Timeline::of(detail),
            figures: Figures::of(record, &detail.trace),
            findings: record.exceptions.iter().map(|exception| Finding::new(*exception, &detail.trace)).collect(),
            punches: detail.trace.punches.iter().map(|traced| Punch::new(traced, detail)).collect(),
            revision: row.revision,
            is_stale: detail.is_stale,
            is_locked: detail.is_locked,
        }
    }
}

/// Why the day has its status. The trace leads the sentence with the status, which the page shows already.
fn status_reason(detail: &DayDetail) -> Option<String> {
    let told = detail.trace.reasons.iter().find(|reason| reason.figure == "status").map(|reason| {
        let text = reason.text.as_str();
        words::sentence(text.split_once(": ").map_or(text, |(_, why)| why))
    });
    told.or_else(|| detail.row.record.defer_reason.map(|reason| words::defer_reason(reason).to_owned()))
}

/// The figures that one looks for first.
fn summary(detail: &DayDetail) -> Vec<(&'static str, String)> {
    let (row, record) = (&detail.row, &detail.row.record);
    let clock = |at: Option<i64>| at.map(|at| show::clock_on(record.date, show::instant(at), &row.zone));
    let minutes = |minutes: i64| (minutes != 0).then(|| show::hours(minutes));
    let all = [
        ("First in", clock(record.first_in)),
        ("Last out", clock(record.last_out)),
        ("Worked", minutes(record.worked_minutes)),
        ("Paid", minutes(record.paid_minutes)),
        ("Tardy", minutes(record.tardy_minutes)),
        ("Left early", minutes(record.left_early_minutes)),
    ];
    all.into_iter().filter_map(|(name, value)| Some((name, value?))).collect()
}

impl Punch {
    fn new(traced: &TracedPunch, detail: &DayDetail) -> Self {
        let zone = &detail.row.zone;
        let at = show::instant(traced.at);
        let said = traced.id.and_then(|id| detail.punches.iter().find(|row| row.fingerprint.0 == id.0));
        Self {
            clock: show::clock_on(detail.row.record.date, at, zone),
            moment: show::rfc3339(at, zone),
            role: words::punch_role(traced.role),
            role_class: words::punch_role_tone(traced.role).class(),
            is_ignored: traced.role.is_ignored(),
            why: words::sentence(&traced.why),
            said: said.map_or_else(|| manual(traced), in_words),
            source: said.map(|row| row.origin.clone()).unwrap_or_default(),
            received: said
                .map(|row| format!("{} by {}", show::moment(row.received, zone), row.channel))
                .unwrap_or_default(),
        }
    }
}

/// What the terminal said.
fn in_words(row: &PunchRow) -> String {
    let verification = words::verification(row.verify);
    let parts = [format!("user {} at {}", row.user, row.printed), words::state(row.state).to_owned(), verification];
    parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(", ")
}

fn manual(traced: &TracedPunch) -> String {
    traced
        .adjustment
        .as_ref()
        .map_or_else(|| "not stored any more".to_owned(), |id| format!("added by correction {id}"))
}
