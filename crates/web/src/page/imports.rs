//! `GET /imports`, `GET /imports.csv`: what was brought in files, and the form that brings one (`POST /imports`): tried first, and kept until
//! somebody takes it (`/imports/{id}`).

use askama::Template;
use axum::extract::multipart::MultipartRejection;
use axum::extract::{Multipart, State};
use axum::response::{Html, IntoResponse, Redirect, Response};
use hub::{CsvTable, ImportFilter, ImportRow, Mapping, SavedText};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::Deserialize;

use crate::access::Visitor;
use crate::app::App;
use crate::failure::Failure;
use crate::forms::{self, PAGE_ROWS, Pager, Query, Sorting};
use crate::import_form::ImportForm;
use crate::page::terminals::Moment;
use crate::page::{Choice, Frame, render};
use crate::{download, show, words};

#[derive(Template)]
#[template(path = "imports.html")]
struct ImportsPage {
    frame: Frame,
    asked: Asked,
    problem: Option<String>,
    /// Name and meaning of each mapping, those that were saved first.
    mappings: Vec<(String, String)>,
    /// The company's, else an example.
    zone_name: String,
    states: Vec<Choice>,
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
    source: String,
    state: String,
    digest: String,
    from: String,
    to: String,
    sort: String,
    order: String,
    page: u32,
}

impl Asked {
    fn query(&self) -> String {
        forms::query(&[
            ("source", &self.source),
            ("state", &self.state),
            ("digest", &self.digest),
            ("from", &self.from),
            ("to", &self.to),
        ])
    }

    fn is_narrowed(&self) -> bool {
        !self.query().is_empty()
    }

    /// The latest stand first, until somebody turns them round.
    fn is_descending(&self) -> bool {
        self.order == "desc" || (self.order.is_empty() && self.sort != "source")
    }

    /// The filter, without offset and limit.
    ///
    /// # Errors
    /// When the caller made a state up, or wrote no date.
    pub(crate) fn filter(&self) -> Result<ImportFilter, Failure> {
        let is_trial = match forms::filled(&self.state).as_deref() {
            None => None,
            Some("taken") => Some(false),
            Some("tried") => Some(true),
            Some(word) => {
                return Err(Failure::invalid(format!("There is no state {word}."), "Use taken or tried."));
            }
        };
        Ok(ImportFilter {
            source: forms::filled(&self.source),
            digest: forms::filled(&self.digest),
            is_trial,
            from: forms::date("from", &self.from)?,
            to: forms::date("to", &self.to)?,
            by_source: self.sort == "source",
            descending: self.is_descending(),
            ..ImportFilter::default()
        })
    }
}

/// An import as it is printed.
pub(super) struct Row {
    pub(super) id: i64,
    pub(super) at: Moment,
    pub(super) actor: String,
    pub(super) name: String,
    pub(super) size: String,
    pub(super) mapping: String,
    pub(super) source: String,
    pub(super) is_trial: bool,
    pub(super) is_finished: bool,
    pub(super) read: String,
    pub(super) stored: String,
    pub(super) known: String,
    pub(super) held: String,
    pub(super) refused: String,
}

impl Row {
    pub(super) fn new(row: ImportRow, now: Timestamp, zone: &TimeZone) -> Self {
        Self {
            id: row.id,
            at: Moment::new(row.at, now, zone),
            actor: row.actor,
            name: row.name,
            size: show::bytes(row.size_bytes),
            mapping: row.mapping,
            source: row.source,
            is_trial: row.is_trial,
            is_finished: row.is_finished,
            read: show::count(row.counts.read),
            stored: show::count(row.counts.stored),
            known: show::count(row.counts.known),
            held: show::count(row.counts.held),
            refused: show::count(row.counts.refused),
        }
    }
}

/// `GET /imports`
pub(crate) async fn page(
    State(app): State<App>,
    Query(asked): Query<Asked>,
    visitor: Visitor,
) -> Result<Html<String>, Failure> {
    show_page(&app, asked, None, &visitor).await
}

async fn show_page(
    app: &App,
    asked: Asked,
    problem: Option<String>,
    visitor: &Visitor,
) -> Result<Html<String>, Failure> {
    let now = Timestamp::now();
    let filter = ImportFilter { offset: Pager::offset(asked.page), limit: PAGE_ROWS, ..asked.filter()? };
    let ask = move |hub: &hub::Hub| {
        let company = hub.company()?;
        Ok((hub.imports(&filter)?, mappings(hub)?, company.zone.clone(), company.time_zone()?))
    };
    let (list, mappings, zone_name, zone) = app.ask(ask).await?;
    let choice = |(value, name)| Choice { value, name, is_chosen: value == asked.state };
    let sort = if asked.sort == "source" { "source" } else { "at" };
    let order = forms::query(&[("sort", &asked.sort), ("order", &asked.order)]);
    let sorted = [asked.query(), order].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("&");
    render(&ImportsPage {
        frame: Frame::new("Imports", "/imports", visitor),
        problem,
        mappings,
        zone_name: zone_name.unwrap_or_else(|| "Asia/Manila".to_owned()),
        states: [("taken", "Imported"), ("tried", "Tried only")].map(choice).into(),
        rows: list.rows.into_iter().map(|row| Row::new(row, now, &zone)).collect(),
        zone: show::zone(&zone, now),
        sorting: Sorting::new("/imports", &asked.query(), sort, asked.is_descending()),
        pager: Pager::new("/imports", &sorted, asked.page, list.total),
        csv: format!("/imports.csv?{sorted}"),
        asked,
    })
}

/// Those that were saved, then those that come along.
fn mappings(hub: &hub::Hub) -> Result<Vec<(String, String)>, hub::Error> {
    let about = |saved: &SavedText| Mapping::parse(&saved.name, &saved.text).map_or_else(|why| why, |own| own.about);
    let saved = hub.saved_mappings()?.into_iter().map(|saved| (saved.name.clone(), about(&saved)));
    Ok(saved.chain(Mapping::presets().map(|(name, about)| (name.to_owned(), about))).collect())
}

/// `GET /imports.csv`
pub(crate) async fn csv(State(app): State<App>, Query(asked): Query<Asked>) -> Result<Response, Failure> {
    // Refused before a file begins.
    let filter = asked.filter()?;
    Ok(download::csv(&app, "imports", move |hub, out| {
        let zone = hub.company()?.time_zone()?;
        let columns = [
            "import",
            "at",
            "by",
            "file",
            "bytes",
            "digest",
            "mapping",
            "source",
            "dry_run",
            "read",
            "stored",
            "known",
            "held",
            "refused",
            "is_finished",
        ];
        let mut table = CsvTable::new(out, columns)?;
        for row in hub.imports(&filter)?.rows {
            let hub::Counts { read, stored, known, held, refused } = row.counts;
            let counts = [read, stored, known, held, refused].map(|count| count.to_string());
            let note = [
                row.id.to_string(),
                show::rfc3339(row.at, &zone),
                row.actor,
                row.name,
                row.size_bytes.to_string(),
                row.digest,
                row.mapping,
                row.source,
                row.is_trial.to_string(),
            ];
            table.row(note.into_iter().chain(counts).chain([row.is_finished.to_string()]))?;
        }
        Ok(table.finish()?)
    }))
}

/// `POST /imports`: tries a file and keeps it; what it would bring is shown on a page of its own.
pub(crate) async fn bring(
    State(app): State<App>,
    visitor: Visitor,
    form: Result<Multipart, MultipartRejection>,
) -> Result<Response, Failure> {
    let tried = match ImportForm::read(form).await {
        Ok(mut form) => {
            let actor = visitor.actor();
            form.dry_run = true;
            app.ask(move |hub| form.take(hub, &actor, true, |_, _| {})).await
        }
        Err(failure) => Err(failure),
    };
    match tried {
        Ok(tried) => Ok(Redirect::to(&format!("/imports/{}", tried.id.unwrap_or_default())).into_response()),
        Err(failure) if failure.is_correctable() || failure.status == axum::http::StatusCode::PAYLOAD_TOO_LARGE => {
            let problem = format!("{} {}", failure.what, failure.cure);
            let page = show_page(&app, Asked::default(), Some(problem), &visitor).await?;
            Ok((failure.status, page).into_response())
        }
        Err(failure) => Err(failure),
    }
}

/// What became of rows, in the order in which people ask for it: the word, its name, and the class of its colour.
pub(super) const OUTCOMES: [(&str, &str, words::Tone); 4] = [
    ("refused", "Refused", words::Tone::Alarm),
    ("held", "Held", words::Tone::Notice),
    ("stored", "Stored", words::Tone::Good),
    ("known", "Known already", words::Tone::Plain),
];
