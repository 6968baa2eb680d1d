//! `GET /terminals`, `GET /terminals.csv` and `POST /terminals/approve`.

use askama::Template;
use axum::extract::State;
use axum::response::{Html, IntoResponse, Redirect, Response};
use hub::view::TerminalRow;
use hub::{CsvTable, Cure, InForce, Stated, Whom};
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use link::Clock;
use serde::Deserialize;

use crate::access::Visitor;
use crate::app::App;
use crate::failure::Failure;
use crate::forms::{self, Form, PAGE_ROWS, Pager, Query, Sorting};
use crate::page::{Choice, Frame, Notice, render};
use crate::{download, show, words};

#[derive(Template)]
#[template(path = "terminals.html")]
struct TerminalsPage {
    frame: Frame,
    asked: Asked,
    notice: Option<String>,
    shown: Vec<Choice>,
    sites: Vec<String>,
    total: usize,
    count: String,
    rows: Vec<Row>,
    sorting: Sorting,
    pager: Pager,
    csv: String,
}

/// Filter and order as they stand in the address.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Asked {
    text: String,
    show: String,
    site: String,
    sort: String,
    order: String,
    page: u32,
}

impl Asked {
    fn query(&self) -> String {
        forms::query(&[("text", &self.text), ("show", &self.show), ("site", &self.site)])
    }

    fn keeps(&self, terminal: &TerminalRow) -> bool {
        let has_text = forms::matches(&self.text, &[&terminal.name, &terminal.serial]);
        let is_there = self.site.is_empty() || terminal.site(Timestamp::now()) == Some(self.site.as_str());
        has_text
            && is_there
            && match self.show.as_str() {
                "unapproved" => !terminal.approved,
                "trouble" => terminal.trouble.is_some() || terminal.clock.is_some_and(|clock| clock.is_off()),
                _ => true,
            }
    }

    /// The rows that are asked for, in the order that is asked for.
    fn pick(&self, mut rows: Vec<TerminalRow>) -> Vec<TerminalRow> {
        rows.retain(|row| self.keeps(row));
        match self.sort.as_str() {
            "contact" => rows.sort_by_key(|row| row.last_contact),
            "punches" => rows.sort_by_key(|row| row.punches),
            _ => rows.sort_by(|a, b| (a.approved, &a.name).cmp(&(b.approved, &b.name))),
        }
        if self.order == "desc" {
            rows.reverse();
        }
        rows
    }
}

struct Row {
    serial: String,
    name: String,
    is_approved: bool,
    has_own_name: bool,
    address: String,
    zone: String,
    via: &'static str,
    every: Option<String>,
    is_live: bool,
    edge: Option<String>,
    group: String,
    site: String,
    last_contact: Option<Moment>,
    last_complete_read: Option<Moment>,
    records: String,
    punches: String,
    punches_link: String,
    /// Only for what can be asked.
    readings_link: Option<String>,
    commands_link: Option<String>,
    clock: Option<ClockCell>,
    sets_clock: bool,
    has_push_key: bool,
    trouble: Option<String>,
    shifts: Vec<ShiftLine>,
}

/// A time during which its clock was wrong.
struct ShiftLine {
    says: String,
    reason: String,
    number: i64,
}

/// Of a terminal, the shifts in force.
fn shifts_of(serial: &str, facts: &[InForce]) -> Vec<ShiftLine> {
    let shift = |fact: &InForce| match (&fact.whom, &fact.stated) {
        (Whom::Terminal(of), Stated::ClockShift(shift)) if of == serial => {
            let reason = format!("{} ({})", fact.reason, fact.actor);
            Some(ShiftLine { says: shift.to_string(), reason, number: fact.number })
        }
        _ => None,
    };
    facts.iter().filter_map(shift).collect()
}

/// How far a clock is off, and what to do about it.
struct ClockCell {
    says: String,
    measured: Moment,
    cure: Option<&'static str>,
}

impl ClockCell {
    fn new(clock: Clock, now: Timestamp, zone: &TimeZone) -> Option<Self> {
        let at = Timestamp::from_microsecond(clock.at_us).ok()?;
        Some(Self {
            says: words::sentence(&clock.to_string()),
            measured: Moment::new(at, now, zone),
            cure: clock.cure(),
        })
    }
}

/// A time, how long ago it was, and in full.
pub(crate) struct Moment {
    pub(crate) ago: String,
    pub(crate) clock: String,
    pub(crate) full: String,
}

impl Moment {
    pub(crate) fn new(at: Timestamp, now: Timestamp, zone: &TimeZone) -> Self {
        Self { ago: show::ago(at, now), clock: show::moment(at, zone), full: show::rfc3339(at, zone) }
    }

    /// With the zone's offset, for rows of several zones.
    pub(crate) fn in_full(at: Timestamp, now: Timestamp, zone: &TimeZone) -> Self {
        Self { clock: show::moment_in_full(at, zone), ..Self::new(at, now, zone) }
    }
}

impl Row {
    fn new(row: TerminalRow, facts: &[InForce], now: Timestamp) -> Self {
        let zone = row.zones.at(now).clone();
        let moment = |at: Option<Timestamp>| at.map(|at| Moment::new(at, now, &zone));
        Self {
            site: row.site(now).unwrap_or_default().to_owned(),
            shifts: shifts_of(&row.serial, facts),
            has_own_name: row.name != row.serial,
            punches_link: format!("/punches?{}", forms::query(&[("terminal", &row.serial)])),
            readings_link: row
                .via
                .polls()
                .then(|| format!("/terminals/readings?{}", forms::query(&[("terminal", &row.serial)]))),
            commands_link: row
                .approved
                .then(|| format!("/terminals/commands?{}", forms::query(&[("terminal", &row.serial)]))),
            clock: row.clock.and_then(|clock| ClockCell::new(clock, now, &zone)),
            sets_clock: row.sets_clock,
            has_push_key: row.has_push_key,
            is_approved: row.approved,
            address: row.address.unwrap_or_default(),
            via: row.via.word(),
            is_live: row.live && row.via.polls(),
            every: row.poll_minutes.filter(|_| row.via.polls()).map(words::every_minutes),
            edge: row.edge,
            group: row.number_group,
            last_contact: moment(row.last_contact),
            last_complete_read: moment(row.last_complete_read),
            records: row.records_on_terminal.and_then(|n| u64::try_from(n).ok()).map(show::count).unwrap_or_default(),
            punches: show::count(row.punches),
            zone: show::zone(&zone, now),
            serial: row.serial,
            name: row.name,
            trouble: row.trouble,
        }
    }
}

/// `GET /terminals`
pub(crate) async fn page(
    State(app): State<App>,
    Query(asked): Query<Asked>,
    Query(notice): Query<Notice>,
    visitor: Visitor,
) -> Result<Html<String>, Failure> {
    let shifts = |hub: &hub::Hub| hub.in_force("clock_shift", Date::MIN, Date::MAX);
    let (all, facts, sites) = app.ask(move |hub| Ok((hub.terminals()?, shifts(hub)?, hub.sites()?))).await?;
    let now = Timestamp::now();
    let sort = if asked.sort.is_empty() { "name" } else { &asked.sort };
    let sorted = forms::query(&[
        ("text", &asked.text),
        ("show", &asked.show),
        ("site", &asked.site),
        ("sort", &asked.sort),
        ("order", &asked.order),
    ]);
    let total = all.len();
    let picked = asked.pick(all);
    let pager = Pager::new("/terminals", &sorted, asked.page, picked.len() as u64);
    let rows = picked.into_iter().skip(Pager::offset(asked.page) as usize).take(PAGE_ROWS as usize);
    let shown = [("", "All"), ("unapproved", "Waiting for approval"), ("trouble", "With trouble")];
    render(&TerminalsPage {
        frame: Frame::new("Terminals", "/terminals", &visitor),
        notice: notice.says(),
        shown: shown.map(|(value, name)| Choice { value, name, is_chosen: value == asked.show }).into(),
        sites: sites.into_iter().map(|site| site.code).collect(),
        total,
        count: words::plural(total as u64, "terminal", "terminals"),
        rows: rows.map(|row| Row::new(row, &facts, now)).collect(),
        pager,
        sorting: Sorting::new("/terminals", &asked.query(), sort, asked.order == "desc"),
        csv: format!("/terminals.csv?{}", asked.query()),
        asked,
    })
}

/// `GET /terminals.csv`
pub(crate) async fn csv(State(app): State<App>, Query(asked): Query<Asked>) -> Response {
    download::csv(&app, "terminals", move |hub, out| {
        let columns = ["serial", "name", "approved", "address", "zone", "via", "last_contact", "last_complete_read"];
        let mut table = CsvTable::new(
            out,
            columns.iter().chain(&[
                "records_on_terminal",
                "punches",
                "trouble",
                "clock_offset_seconds",
                "clock_measured",
                "poll_minutes",
                "edge",
                "live",
                "number_group",
                "site",
            ]),
        )?;
        for row in asked.pick(hub.terminals()?) {
            let zone = row.zones.at(Timestamp::now());
            let at = |at: Option<Timestamp>| at.map(|at| show::rfc3339(at, zone)).unwrap_or_default();
            let site = row.site(Timestamp::now()).unwrap_or_default().to_owned();
            table.row([
                row.serial,
                row.name,
                row.approved.to_string(),
                row.address.unwrap_or_default(),
                show::zone_name(zone),
                row.via.word().to_owned(),
                at(row.last_contact),
                at(row.last_complete_read),
                row.records_on_terminal.map(|count| count.to_string()).unwrap_or_default(),
                row.punches.to_string(),
                row.trouble.unwrap_or_default(),
                row.clock.map(|clock| clock.offset_s.to_string()).unwrap_or_default(),
                row.clock.map(|clock| clock.how.word().to_owned()).unwrap_or_default(),
                row.poll_minutes.map(|minutes| minutes.to_string()).unwrap_or_default(),
                row.edge.unwrap_or_default(),
                row.live.to_string(),
                row.number_group,
                site,
            ])?;
        }
        Ok(table.finish()?)
    })
}

/// What the approve button sends.
#[derive(Deserialize)]
pub(crate) struct Approval {
    serial: String,
    /// IANA zone, asked for while the company has none.
    #[serde(default)]
    zone: String,
}

/// `POST /terminals/approve`
pub(crate) async fn approve(
    State(app): State<App>,
    visitor: Visitor,
    Form(sent): Form<Approval>,
) -> Result<Response, Failure> {
    let given = forms::filled(&sent.zone);
    let approve = move |hub: &hub::Hub| {
        let zone = hub.company()?.zone_for_first_terminal(given, &TimeZone::system());
        hub.cure(&visitor.actor(), &Cure::Approve { serial: sent.serial, zone }, Timestamp::now())
    };
    let cured = app.ask(approve).await?;
    Ok(Redirect::to(&Notice::address("/terminals", cured)).into_response())
}
