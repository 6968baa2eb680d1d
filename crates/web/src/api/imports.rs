//! `POST /api/v1/imports`: a table of punches as a file; `GET /api/v1/imports`, `GET /api/v1/imports/{id}` and
//! `GET /api/v1/imports/{id}/file`: what was brought, what became of it, and the file.

use axum::extract::multipart::MultipartRejection;
use axum::extract::{Multipart, Path, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use hub::{Bearer, ImportFilter, ImportRow, ReportRow, Told};
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

use super::{Page, Problem, Query, Window, actor};
use crate::app::App;
use crate::failure::Failure;
use crate::import_form::ImportForm;
use crate::page::imports::Asked;
use crate::{download, forms, show};

/// What became of a file.
#[derive(Serialize)]
pub(crate) struct Import {
    id: Option<i64>,
    dry_run: bool,
    mapping: String,
    source: String,
    read: u64,
    stored: u64,
    known: u64,
    held: u64,
    refused: u64,
    rows: Vec<ReportRow>,
}

/// The note of an import.
#[derive(Serialize)]
pub(crate) struct Note {
    id: i64,
    at: String,
    actor: String,
    name: String,
    size_bytes: u64,
    digest: String,
    mapping: String,
    source: String,
    zone: Option<String>,
    dry_run: bool,
    read: u64,
    stored: u64,
    known: u64,
    held: u64,
    refused: u64,
    is_finished: bool,
    is_kept: bool,
}

impl Note {
    fn new(row: ImportRow, zone: &TimeZone) -> Self {
        let hub::Counts { read, stored, known, held, refused } = row.counts;
        Self {
            id: row.id,
            at: show::rfc3339(row.at, zone),
            actor: row.actor,
            name: row.name,
            size_bytes: row.size_bytes,
            digest: row.digest,
            mapping: row.mapping,
            source: row.source,
            zone: row.asked.zone,
            dry_run: row.is_trial,
            read,
            stored,
            known,
            held,
            refused,
            is_finished: row.is_finished,
            is_kept: row.is_kept,
        }
    }
}

/// An import with a part of its report; without one when that is not kept: not any more, or not yet.
#[derive(Serialize)]
pub(crate) struct Reported {
    #[serde(flatten)]
    note: Note,
    rows: Option<Page<ReportRow>>,
}

/// `POST /api/v1/imports`
pub(crate) async fn take(
    State(app): State<App>,
    Extension(program): Extension<Bearer>,
    form: Result<Multipart, MultipartRejection>,
) -> Result<Json<Import>, Problem> {
    let form = ImportForm::read(form).await?;
    let import = move |hub: &hub::Hub| {
        let mut rows: Vec<ReportRow> = Vec::new();
        let told = |part: &[Told<'_>], _: &hub::Counts| rows.extend(part.iter().map(ReportRow::from));
        let done = form.take(hub, &actor(&program), false, told)?;
        let hub::Counts { read, stored, known, held, refused } = done.counts;
        let (id, mapping, source, dry_run) = (done.id, done.mapping, done.source, form.dry_run);
        Ok(Import { id, dry_run, mapping, source, read, stored, known, held, refused, rows })
    };
    Ok(Json(app.ask(import).await?))
}

/// The number in an address.
pub(crate) fn number(id: &str) -> Result<i64, Failure> {
    id.parse().map_err(|_| Failure::not_found(format!("There is no import {id}.")))
}

/// `GET /api/v1/imports`
pub(crate) async fn list(
    State(app): State<App>,
    Query(asked): Query<Asked>,
    Query(window): Query<Window>,
) -> Result<Json<Page<Note>>, Problem> {
    let (offset, limit) = window.bounds()?;
    let filter = ImportFilter { offset, limit, ..asked.filter()? };
    let (list, zone) = app.ask(move |hub| Ok((hub.imports(&filter)?, hub.company()?.time_zone()?))).await?;
    let items = list.rows.into_iter().map(|row| Note::new(row, &zone)).collect();
    Ok(Json(Page::cut(items, offset, list.total)))
}

/// Which rows of a report.
#[derive(Deserialize)]
#[serde(default)]
#[derive(Default)]
pub(crate) struct Which {
    outcome: String,
}

/// `GET /api/v1/imports/{id}`
pub(crate) async fn one(
    State(app): State<App>,
    Path(id): Path<String>,
    Query(which): Query<Which>,
    Query(window): Query<Window>,
) -> Result<Json<Reported>, Problem> {
    let (id, outcome, (offset, limit)) = (number(&id)?, forms::filled(&which.outcome), window.bounds()?);
    let ask = move |hub: &hub::Hub| {
        let (note, zone) = (hub.import(id)?, hub.company()?.time_zone()?);
        let (mut rows, mut total) = (Vec::new(), 0_u64);
        let is_kept = hub.import_report(id, |row| {
            if outcome.as_ref().is_none_or(|outcome| *outcome == row.outcome) {
                if total >= u64::from(offset) && rows.len() < limit as usize {
                    rows.push(row);
                }
                total += 1;
            }
            Ok(())
        })?;
        Ok(Reported { note: Note::new(note, &zone), rows: is_kept.then(|| Page::cut(rows, offset, total)) })
    };
    Ok(Json(app.ask(ask).await?))
}

/// `GET /api/v1/imports/{id}/file`
pub(crate) async fn file(State(app): State<App>, Path(id): Path<String>) -> Result<Response, Problem> {
    Ok(download(&app, number(&id)?).await?)
}

/// The file of an import as it came, as one to be saved. An error while it is read breaks the download off.
pub(crate) async fn download(app: &App, id: i64) -> Result<Response, Failure> {
    // Refused before a file begins.
    let (note, mut file) = app.ask(move |hub| hub.import_file(id)).await?;
    let body = download::streamed(app, move |_, out| Ok(std::io::copy(&mut file, out).map(drop)?));
    let plain: String =
        note.name.chars().map(|c| if c.is_ascii_graphic() && c != '"' && c != '\\' { c } else { '_' }).collect();
    let name = format!("attachment; filename=\"{plain}\"; filename*=UTF-8''{}", forms::encode(&note.name));
    let kind = (header::CONTENT_TYPE, "application/octet-stream".to_owned());
    let size = (header::CONTENT_LENGTH, note.size_bytes.to_string());
    Ok(([kind, size, (header::CONTENT_DISPOSITION, name)], body).into_response())
}
