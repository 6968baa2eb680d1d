//! `GET /api/v1/terminals`

use axum::Json;
use axum::extract::State;
use hub::view::TerminalRow;
use jiff::Timestamp;
use serde::Serialize;

use super::{Page, Problem, Query, Window};
use crate::app::App;
use crate::show;

/// A terminal.
#[derive(Serialize)]
pub(crate) struct Terminal {
    serial: String,
    name: String,
    is_approved: bool,
    address: Option<String>,
    zone: String,
    via: &'static str,
    last_contact: Option<String>,
    last_complete_read: Option<String>,
    records_on_terminal: Option<i64>,
    punches: u64,
    trouble: Option<String>,
}

impl From<TerminalRow> for Terminal {
    fn from(row: TerminalRow) -> Self {
        let zone = show::named_zone(&row.zone);
        let at = |at: Option<Timestamp>| at.map(|at| show::rfc3339(at, &zone));
        Self {
            last_contact: at(row.last_contact),
            last_complete_read: at(row.last_complete_read),
            serial: row.serial,
            name: row.name,
            is_approved: row.approved,
            address: row.address,
            zone: row.zone,
            via: row.via.word(),
            records_on_terminal: row.records_on_terminal,
            punches: row.punches,
            trouble: row.trouble,
        }
    }
}

/// `GET /api/v1/terminals`
pub(crate) async fn list(
    State(app): State<App>,
    Query(window): Query<Window>,
) -> Result<Json<Page<Terminal>>, Problem> {
    let rows = app.ask(|hub| hub.terminals()).await?;
    Ok(Json(Page::of(rows.into_iter().map(Terminal::from).collect(), &window)?))
}
