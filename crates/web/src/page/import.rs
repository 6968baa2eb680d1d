//! `GET /imports/{id}`: what a file brought, or would bring; `GET /imports/{id}/report.csv` and `GET /imports/{id}/file`; and
//! `POST /imports/{id}/take`, which takes a file that is kept: one that was tried, or whose import is not finished.

use std::collections::BTreeMap;

use askama::Template;
use axum::extract::{Path, State};
use axum::response::{Html, IntoResponse, Redirect, Response};
use hub::{CsvTable, ImportFilter, ReportRow};
use jiff::Timestamp;

use crate::access::Visitor;
use crate::api::imports::{download as download_file, number};
use crate::app::App;
use crate::failure::Failure;
use crate::page::imports::{OUTCOMES, Row};
use crate::page::{Frame, render};
use crate::{download, show, words};

/// Rows that are shown of each outcome; the report as CSV has all of them.
const MOST_SHOWN: usize = 10;
/// Imports of the same bytes that are named.
const MOST_OTHERS: u32 = 5;

#[derive(Template)]
#[template(path = "import.html")]
struct ImportPage {
    frame: Frame,
    row: Row,
    /// How it was to be taken, in words.
    asked: Vec<(&'static str, String)>,
    is_kept: bool,
    has_report: bool,
    /// The rows that importing it would take; `None` when nothing is to be taken.
    offers: Option<String>,
    /// Whether the kept file of an import that is not finished may be taken again.
    retakes: bool,
    /// Other imports of the same bytes, the latest first.
    others: Vec<Row>,
    outcomes: Vec<Outcome>,
    zone: String,
}

/// The first rows of an outcome.
struct Outcome {
    name: &'static str,
    tone: &'static str,
    count: String,
    rows: Vec<ReportRow>,
    is_cut: bool,
}

/// `GET /imports/{id}`
pub(crate) async fn page(
    State(app): State<App>,
    Path(id): Path<String>,
    visitor: Visitor,
) -> Result<Html<String>, Failure> {
    let (id, now) = (number(&id)?, Timestamp::now());
    let ask = move |hub: &hub::Hub| {
        let note = hub.import(id)?;
        let mut first: BTreeMap<String, (u64, Vec<ReportRow>)> = BTreeMap::new();
        let has_report = hub.import_report(id, |row| {
            let (count, rows) = first.entry(row.outcome.clone()).or_default();
            *count += 1;
            if rows.len() < MOST_SHOWN {
                let why = if row.why.is_empty() { String::new() } else { words::sentence(&row.why) };
                rows.push(ReportRow { why, ..row });
            }
            Ok(())
        })?;
        let same = ImportFilter {
            digest: Some(note.digest.clone()),
            descending: true,
            limit: MOST_OTHERS + 1,
            ..ImportFilter::default()
        };
        let others = hub.imports(&same)?.rows.into_iter().filter(|other| other.id != id);
        let others: Vec<_> = others.take(MOST_OTHERS as usize).collect();
        Ok((note, first, has_report, others, hub.company()?.time_zone()?))
    };
    let (note, mut first, has_report, others, zone) = app.ask(ask).await?;
    let outcome = |(word, name, tone): (&str, &'static str, words::Tone)| {
        let (count, rows) = first.remove(word)?;
        let is_cut = count > rows.len() as u64;
        let name = if note.is_trial && word == "stored" { "New" } else { name };
        Some(Outcome { name, tone: tone.class(), count: show::count(count), rows, is_cut })
    };
    let outcomes = OUTCOMES.into_iter().filter_map(outcome).collect();
    let asked = &note.asked;
    let said = [
        ("Zone", asked.zone.clone()),
        ("Only rows of type", Some(asked.types.join(", ")).filter(|types| !types.is_empty())),
        ("Only employees of group", Some(asked.groups.join(", ")).filter(|groups| !groups.is_empty())),
        ("Unknown numbers", asked.create_employees.then(|| "become provisional employees".to_owned())),
    ];
    let new = note.counts.stored + note.counts.held;
    render(&ImportPage {
        frame: Frame::new(format!("Import {id}"), "/imports", &visitor),
        asked: said.into_iter().filter_map(|(name, text)| text.map(|text| (name, text))).collect(),
        is_kept: note.is_kept,
        has_report,
        offers: (note.is_trial && note.is_kept && new > 0).then(|| words::plural(new, "row", "rows")),
        retakes: !note.is_finished && note.is_kept,
        others: others.into_iter().map(|other| Row::new(other, now, &zone)).collect(),
        outcomes,
        zone: show::zone(&zone, now),
        row: Row::new(note, now, &zone),
    })
}

/// `GET /imports/{id}/report.csv`
pub(crate) async fn report(State(app): State<App>, Path(id): Path<String>) -> Result<Response, Failure> {
    let id = number(&id)?;
    // Refused before a file begins.
    app.ask(move |hub| hub.import(id)).await?;
    Ok(download::csv(&app, &format!("import-{id}"), move |hub, out| {
        let mut table = CsvTable::new(out, ["row", "user", "time", "outcome", "why"])?;
        hub.import_report(id, |row| Ok(table.row([row.row, row.user, row.time, row.outcome, row.why])?))?;
        Ok(table.finish()?)
    }))
}

/// `GET /imports/{id}/file`
pub(crate) async fn file(State(app): State<App>, Path(id): Path<String>) -> Result<Response, Failure> {
    download_file(&app, number(&id)?).await
}

/// `POST /imports/{id}/take`
pub(crate) async fn take(
    State(app): State<App>,
    Path(id): Path<String>,
    visitor: Visitor,
) -> Result<impl IntoResponse, Failure> {
    let (id, actor) = (number(&id)?, visitor.actor());
    let taken = app.ask(move |hub| hub.import_kept(&actor, id, Timestamp::now())).await?;
    Ok(Redirect::to(&format!("/imports/{}", taken.id.unwrap_or(id))))
}
