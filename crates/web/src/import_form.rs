//! The form by which a table of punches is brought, by a person or a program: the file, and how it is to be taken.

use std::io::Cursor;
use std::str::FromStr;

use axum::body::Bytes;
use axum::extract::Multipart;
use axum::extract::multipart::{Field, MultipartError, MultipartRejection};
use axum::http::StatusCode;
use hub::{Actor, Counts, DateOrder, Hub, Mapping, TableImport, TableImported, Told, Wanted};
use jiff::Timestamp;

use crate::failure::Failure;
use crate::forms;

/// Largest file with its form, bytes: it is held whole.
pub(crate) const MOST_BYTES: usize = 16 * 1024 * 1024;

/// The form as it was sent.
#[derive(Default)]
pub(crate) struct ImportForm {
    name: String,
    file: Option<Bytes>,
    /// Its name, or its text.
    mapping: Option<String>,
    dates: Option<DateOrder>,
    zone: Option<String>,
    source: Option<String>,
    terminal: Option<String>,
    types: Vec<String>,
    groups: Vec<String>,
    create_employees: bool,
    pub(crate) dry_run: bool,
}

impl ImportForm {
    /// Reads it to its end.
    ///
    /// # Errors
    /// When it is none, is too large, or a field can't be used; which, and what to send.
    pub(crate) async fn read(sent: Result<Multipart, MultipartRejection>) -> Result<Self, Failure> {
        let mut sent = sent.map_err(|error| refused(&error.body_text(), error.status()))?;
        let mut form = Self::default();
        while let Some(field) = sent.next_field().await.map_err(|error| broken(&error))? {
            let name = field.name().unwrap_or_default().to_owned();
            if name == "file" {
                form.name = field.file_name().and_then(forms::filled).unwrap_or_else(|| "the file".to_owned());
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
            "mapping" => self.mapping = Some(text),
            "zone" => self.zone = Some(text),
            "source" => self.source = Some(text),
            "terminal" => self.terminal = Some(text),
            "dates" => {
                self.dates = Some(match text.as_str() {
                    "dmy" => DateOrder::DayFirst,
                    "mdy" => DateOrder::MonthFirst,
                    "ymd" => DateOrder::YearFirst,
                    _ => return Err(unusable(name, &text, "Send dmy, mdy or ymd.")),
                });
            }
            "types" => self.types = names(&text),
            "groups" => self.groups = names(&text),
            "create_employees" => self.create_employees = truth(name, &text)?,
            "dry_run" => self.dry_run = truth(name, &text)?,
            _ => return Err(missing(format!("The form has a field {name}, which means nothing here."))),
        }
        Ok(())
    }

    /// Takes the file; the file of a dry run is kept when `keeps_trial` says so.
    ///
    /// # Errors
    /// Without a file, and as [`Hub::import_table`].
    pub(crate) fn take(
        &self,
        hub: &Hub,
        actor: &Actor,
        keeps_trial: bool,
        told: impl FnMut(&[Told<'_>], &Counts),
    ) -> Result<TableImported, hub::Error> {
        let none = || hub::Error::Invalid { what: "there is no file in the form".into(), cure: "choose one".into() };
        let file = self.file.as_ref().filter(|file| !file.is_empty()).ok_or_else(none)?;
        let how = TableImport {
            name: &self.name,
            mapping: self.mapping.as_deref().map(|text| mapping(hub, text)).transpose()?,
            dates: self.dates,
            zone: self.zone.as_deref(),
            source: self.source.as_deref(),
            terminal: self.terminal.as_deref(),
            wanted: Wanted { types: &self.types, groups: &self.groups },
            create_employees: self.create_employees,
            is_dry_run: self.dry_run,
            keeps_trial,
        };
        hub.import_table(actor, &how, || Ok(Cursor::new(file.clone())), Timestamp::now(), told)
    }
}

/// Names with commas between.
fn names(text: &str) -> Vec<String> {
    text.split(',').map(str::trim).filter(|name| !name.is_empty()).map(str::to_owned).collect()
}

/// One by its name, or a mapping as TOML.
fn mapping(hub: &Hub, text: &str) -> Result<Mapping, hub::Error> {
    if text.contains('\n') {
        let wrong = |what: String| hub::Error::Invalid { what, cure: "see docs/imports.md".into() };
        return Mapping::parse("own", text).map_err(wrong);
    }
    hub.import_mapping(text)
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
        "Send multipart/form-data with file, and mapping, zone, source, terminal, dates, types, groups, create_employees and dry_run where needed.",
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
