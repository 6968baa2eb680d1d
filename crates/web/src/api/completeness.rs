//! `GET /api/v1/completeness`

use axum::Json;
use axum::extract::State;
use hub::view::CloseoutRow;
use jiff::Timestamp;
use jiff::civil::Date;
use serde::Serialize;

use super::{Page, Problem, Query, Window};
use crate::app::App;
use crate::page::completeness::Asked;
use crate::show;

/// A terminal's day.
#[derive(Serialize)]
pub(crate) struct Closeout {
    serial: String,
    terminal: String,
    date: Date,
    state: &'static str,
    says: String,
    on_terminal: Option<u64>,
    in_spool: Option<u64>,
    at_hub: u64,
    digest_terminal: Option<String>,
    digest_hub: String,
    missing: u64,
    missing_punches: Vec<String>,
    read: Option<String>,
}

impl From<CloseoutRow> for Closeout {
    fn from(row: CloseoutRow) -> Self {
        Self {
            state: row.standing.state().word(),
            says: row.standing.to_string(),
            on_terminal: row.on_terminal.map(|set| set.punches),
            in_spool: row.in_spool,
            at_hub: row.at_hub.punches,
            digest_terminal: row.on_terminal.map(|set| set.digest.to_string()),
            digest_hub: row.at_hub.digest.to_string(),
            missing: row.missing_count,
            missing_punches: row.missing_in_words(),
            read: row.read.map(|read| show::rfc3339(read, &row.zone)),
            date: row.date,
            serial: row.serial,
            terminal: row.terminal,
        }
    }
}

/// `GET /api/v1/completeness`
pub(crate) async fn list(
    State(app): State<App>,
    Query(asked): Query<Asked>,
    Query(window): Query<Window>,
) -> Result<Json<Page<Closeout>>, Problem> {
    let filter = asked.filter()?;
    let rows = app.ask(move |hub| hub.closeouts(&filter, Timestamp::now())).await?;
    Ok(Json(Page::of(rows.into_iter().map(Closeout::from).collect(), &window)?))
}
