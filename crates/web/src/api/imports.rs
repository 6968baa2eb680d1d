//! `POST /api/v1/imports`: a table of punches as a file.

use std::io::Cursor;
use std::str::FromStr;

use axum::extract::multipart::{Field, MultipartError};
use axum::extract::{Multipart, State};
use axum::http::StatusCode;
use axum::{Extension, Json};
use hub::{Actor, Bearer, DateOrder, Mapping, TableImport, Told};
use jiff::Timestamp;
use serde::Serialize;

use super::Problem;
use crate::app::App;
use crate::failure::Failure;
use crate::forms;

/// Largest file with its form, bytes: it and its report are held whole.
pub(crate) const MOST_BYTES: usize = 16 * 1024 * 1024;

/// What became of a file.
#[derive(Serialize)]
pub(crate) struct Import {
    dry_run: bool,
    mapping: String,
    source: String,
    read: u64,
    stored: u64,
    known: u64,
    held: u64,
    refused: u64,
    rows: Vec<Row>,
}

/// What became of a row.
#[derive(Serialize)]
struct Row {
    row: String,
    user: String,
    time: String,
    outcome: &'static str,
    why: String,
}

impl From<&Told<'_>> for Row {
    fn from(told: &Told<'_>) -> Self {
        let said = told.row.said.as_ref().ok();
        Self {
            row: told.row.key.to_string(),
            user: said.map(|punch| punch.puncher.said().to_owned()).unwrap_or_default(),
            time: said.map(|punch| punch.time.to_string()).unwrap_or_default(),
            outcome: told.became.word(),
            why: told.why().into_owned(),
        }
    }
}

/// The form as it was sent.
#[derive(Default)]
struct Form {
    name: String,
    file: Option<axum::body::Bytes>,
    mapping: Option<Mapping>,
    dates: Option<DateOrder>,
    zone: Option<String>,
    source: Option<String>,
    types: Vec<String>,
    create_employees: bool,
    dry_run: bool,
}

/// `POST /api/v1/imports`
pub(crate) async fn take(
    State(app): State<App>,
    Extension(program): Extension<Bearer>,
    form: Result<Multipart, axum::extract::multipart::MultipartRejection>,
) -> Result<Json<Import>, Problem> {
    let form = form.map_err(|error| refused(&error.body_text(), error.status()))?;
    let form = Form::read(form).await?;
    let file = form.file.ok_or_else(|| missing("There is no file in the form."))?;
    let import = move |hub: &hub::Hub| {
        let how = TableImport {
            name: &form.name,
            mapping: form.mapping,
            dates: form.dates,
            zone: form.zone.as_deref(),
            source: form.source.as_deref(),
            row_types: &form.types,
            create_employees: form.create_employees,
            is_dry_run: form.dry_run,
        };
        let actor = Actor::new(format!("token {}", program.name));
        let mut rows: Vec<Row> = Vec::new();
        let open = || Ok(Cursor::new(file.clone()));
        let told = |part: &[Told<'_>], _: &hub::Counts| rows.extend(part.iter().map(Row::from));
        let done = hub.import_table(&actor, &how, open, Timestamp::now(), told)?;
        let hub::Counts { read, stored, known, held, refused } = done.counts;
        let (mapping, source, dry_run) = (done.mapping, done.source, form.dry_run);
        Ok(Import { dry_run, mapping, source, read, stored, known, held, refused, rows })
    };
    Ok(Json(app.ask(import).await?))
}

impl Form {
    async fn read(mut sent: Multipart) -> Result<Self, Failure> {
        let mut form = Self::default();
        while let Some(field) = sent.next_field().await.map_err(|error| broken(&error))? {
            let name = field.name().unwrap_or_default().to_owned();
            if name == "file" {
                form.name = field.file_name().unwrap_or("the file").to_owned();
                form.file = Some(field.bytes().await.map_err(|error| broken(&error))?);
            } else {
                form.put(&name, field).await?;
            }
        }
        Ok(form)
    }

    async fn put(&mut self, name: &str, field: Field<'_>) -> Result<(), Failure> {
        let text = field.text().await.map_err(|error| broken(&error))?;
        let Some(text) = forms::filled(&text) else { return Ok(()) };
        match name {
            "kind" if text == "punches" => {}
            "kind" => return Err(unusable(name, &text, "Send punches; lists are imported at the command line.")),
            "mapping" => self.mapping = Some(mapping(&text)?),
            "zone" => self.zone = Some(text),
            "source" => self.source = Some(text),
            "dates" => {
                self.dates = Some(match text.as_str() {
                    "dmy" => DateOrder::DayFirst,
                    "mdy" => DateOrder::MonthFirst,
                    _ => return Err(unusable(name, &text, "Send dmy or mdy.")),
                });
            }
            "types" => self.types = text.split(',').map(|kind| kind.trim().to_owned()).collect(),
            "create_employees" => self.create_employees = truth(name, &text)?,
            "dry_run" => self.dry_run = truth(name, &text)?,
            _ => return Err(missing(format!("The form has a field {name}, which means nothing here."))),
        }
        Ok(())
    }
}

/// A preset by its name, or a mapping as TOML.
fn mapping(text: &str) -> Result<Mapping, Failure> {
    if let Some(preset) = Mapping::preset(text) {
        return Ok(preset);
    }
    if !text.contains('\n') {
        let presets: Vec<&str> = Mapping::presets().map(|(name, _)| name).collect();
        return Err(unusable("mapping", text, format!("Send a mapping as TOML, or one of {}.", presets.join(", "))));
    }
    Mapping::parse("own", text)
        .map_err(|what| Failure::invalid(format!("The mapping can\u{2019}t be used: {what}."), "See docs/imports.md."))
}

fn truth(name: &str, text: &str) -> Result<bool, Failure> {
    bool::from_str(text).map_err(|_| unusable(name, text, "Send true or false."))
}

fn unusable(name: &str, text: &str, cure: impl Into<String>) -> Failure {
    Failure::invalid(format!("{text} can\u{2019}t be used as {name}."), cure)
}

fn missing(what: impl Into<String>) -> Failure {
    Failure::invalid(
        what,
        "Send multipart/form-data with file, and mapping, zone, source, dates, types, create_employees and dry_run where needed.",
    )
}

fn broken(error: &MultipartError) -> Failure {
    refused(&error.body_text(), error.status())
}

fn refused(what: &str, status: StatusCode) -> Failure {
    if status == StatusCode::PAYLOAD_TOO_LARGE {
        let what = format!("The file is larger than {} MiB.", MOST_BYTES >> 20);
        return Failure::new(
            status,
            what,
            "Import it at the command line, or in parts: what is known already changes nothing.",
        );
    }
    missing(format!("The form can\u{2019}t be read: {what}."))
}
