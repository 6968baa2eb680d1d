//! `GET /sources`, `GET /sources.csv`: what is read from other systems, and since when one does not answer; and what an administrator
//! asks for there (`POST /sources/pull`, `POST /sources/pause`).

use askama::Template;
use axum::extract::State;
use axum::response::{Html, IntoResponse, Redirect, Response};
use hub::{CsvTable, SourceRow, SourceState};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::Deserialize;

use crate::access::Visitor;
use crate::app::App;
use crate::failure::Failure;
use crate::forms::{self, Form, PAGE_ROWS, Pager, Query, Sorting};
use crate::page::terminals::Moment;
use crate::page::{Choice, Frame, render};
use crate::{download, show, words};

#[derive(Template)]
#[template(path = "sources.html")]
struct SourcesPage {
    frame: Frame,
    asked: Asked,
    notice: Option<String>,
    states: Vec<Choice>,
    total: usize,
    rows: Vec<Row>,
    zone: String,
    sorting: Sorting,
    pager: Pager,
    csv: String,
}

/// Filter and order as they stand in the address.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Asked {
    text: String,
    state: String,
    sort: String,
    order: String,
    page: u32,
}

impl Asked {
    fn query(&self) -> String {
        forms::query(&[("text", &self.text), ("state", &self.state)])
    }

    fn is_narrowed(&self) -> bool {
        !self.query().is_empty()
    }

    /// The rows that are asked for, in the order that is asked for; by name when none is.
    ///
    /// # Errors
    /// When the caller made a state up.
    pub(crate) fn pick(&self, mut rows: Vec<SourceRow>) -> Result<Vec<SourceRow>, Failure> {
        if let Some(word) = forms::filled(&self.state) {
            let unknown = || Failure::invalid(format!("There is no state {word}."), "Use well, down, new or paused.");
            let state = SourceState::ALL.into_iter().find(|state| state.word() == word).ok_or_else(unknown)?;
            rows.retain(|row| row.state == state);
        }
        rows.retain(|row| forms::matches(&self.text, &[&row.name, &row.settings.place()]));
        match self.sort.as_str() {
            "kind" => rows.sort_by(|a, b| (a.settings.kind(), &a.name).cmp(&(b.settings.kind(), &b.name))),
            "down" => rows.sort_by_key(|row| row.down.unwrap_or(Timestamp::MAX)),
            "read" => rows.sort_by_key(|row| row.read),
            _ => rows.sort_by(|a, b| a.name.cmp(&b.name)),
        }
        if self.order == "desc" {
            rows.reverse();
        }
        Ok(rows)
    }
}

/// What was done, as it comes back in the address: a number only, so that nobody can put words there.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Done {
    asked: Option<i64>,
}

struct Row {
    name: String,
    kind: &'static str,
    place: String,
    state: &'static str,
    tone: &'static str,
    is_paused: bool,
    down: Option<Moment>,
    read: Option<Moment>,
    says: String,
    warning: Option<String>,
    reasons: Vec<String>,
    reasons_at: Option<Moment>,
    key_warning: Option<String>,
}

impl Row {
    fn new(row: SourceRow, now: Timestamp, zone: &TimeZone) -> Self {
        let at = |at: Timestamp| Moment::new(at, now, zone);
        Self {
            key_warning: row.key_warning(now).map(|ends| words::sentence(&ends)),
            kind: words::source_kind(row.settings.kind()),
            place: row.settings.place(),
            state: words::source_state(row.state),
            tone: words::source_state_tone(row.state).class(),
            is_paused: row.state == SourceState::Paused,
            down: row.down.map(at),
            read: row.read.map(at),
            says: if row.says.is_empty() { String::new() } else { words::sentence(&row.says) },
            warning: row.notes.warning.as_deref().map(words::sentence),
            reasons: row.notes.reasons,
            reasons_at: row.notes.reasons_at.map(at),
            name: row.name,
        }
    }
}

/// `GET /sources`
pub(crate) async fn page(
    State(app): State<App>,
    Query(asked): Query<Asked>,
    Query(done): Query<Done>,
    visitor: Visitor,
) -> Result<Html<String>, Failure> {
    let now = Timestamp::now();
    let (all, zone) = app.ask(move |hub| Ok((hub.sources()?, hub.company()?.time_zone()?))).await?;
    let total = all.len();
    let picked = asked.pick(all)?;
    let count = picked.len() as u64;
    let shown = picked.into_iter().skip(Pager::offset(asked.page) as usize).take(PAGE_ROWS as usize);
    let sort = if asked.sort.is_empty() { "name" } else { &asked.sort };
    let state = |state: SourceState| Choice {
        value: state.word(),
        name: words::source_state(state),
        is_chosen: state.word() == asked.state,
    };
    let sorted =
        forms::query(&[("text", &asked.text), ("state", &asked.state), ("sort", &asked.sort), ("order", &asked.order)]);
    render(&SourcesPage {
        frame: Frame::new("Sources", "/jobs", &visitor),
        notice: done.asked.map(|id| format!("Job {id} reads it. A hub takes it within a second.")),
        states: SourceState::ALL.map(state).into(),
        total,
        rows: shown.map(|row| Row::new(row, now, &zone)).collect(),
        zone: show::zone(&zone, now),
        sorting: Sorting::new("/sources", &asked.query(), sort, asked.order == "desc"),
        pager: Pager::new("/sources", &sorted, asked.page, count),
        csv: format!("/sources.csv?{sorted}"),
        asked,
    })
}

/// `GET /sources.csv`
pub(crate) async fn csv(State(app): State<App>, Query(asked): Query<Asked>) -> Result<Response, Failure> {
    // Refused before a file begins.
    asked.pick(Vec::new())?;
    Ok(download::csv(&app, "sources", move |hub, out| {
        let zone = hub.company()?.time_zone()?;
        let at = |at: Option<Timestamp>| at.map(|at| show::rfc3339(at, &zone)).unwrap_or_default();
        let states = ["source", "kind", "place", "state", "down_since", "last_answer", "last_asked", "says"];
        let columns = states.into_iter().chain(["warning", "reasons", "reasons_at"]);
        let mut table = CsvTable::new(out, columns)?;
        for row in asked.pick(hub.sources()?).unwrap_or_default() {
            let (kind, place) = (row.settings.kind().to_owned(), row.settings.place());
            let state = row.state.word().to_owned();
            let (down, read, tried) = (at(row.down), at(row.read), at(row.tried));
            let (reasons, reasons_at) = (row.notes.reasons.join("; "), at(row.notes.reasons_at));
            let warning = row.notes.warning.unwrap_or_default();
            table.row([row.name, kind, place, state, down, read, tried, row.says, warning, reasons, reasons_at])?;
        }
        Ok(table.finish()?)
    }))
}

/// What the form of a source sends.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Wish {
    name: String,
    is_paused: bool,
}

/// `POST /sources/pull`
pub(crate) async fn pull(
    State(app): State<App>,
    visitor: Visitor,
    Form(wish): Form<Wish>,
) -> Result<impl IntoResponse, Failure> {
    let actor = visitor.actor();
    let id = app.ask(move |hub| hub.ask_to_read(&actor, &wish.name, Timestamp::now())).await?;
    Ok(Redirect::to(&format!("/sources?asked={id}")))
}

/// `POST /sources/pause`
pub(crate) async fn pause(
    State(app): State<App>,
    visitor: Visitor,
    Form(wish): Form<Wish>,
) -> Result<impl IntoResponse, Failure> {
    let actor = visitor.actor();
    app.ask(move |hub| hub.pause_source(&actor, &wish.name, wish.is_paused, Timestamp::now())).await?;
    Ok(Redirect::to("/sources"))
}
