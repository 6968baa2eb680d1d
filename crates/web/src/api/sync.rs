//! `GET /api/v1/terminal-users`

use axum::Json;
use axum::extract::State;
use hub::SyncRow;
use jiff::Timestamp;
use serde::Serialize;

use super::{Page, Problem, Query, Window};
use crate::app::App;
use crate::page::sync::Asked;

/// A number at a terminal, and how it stands to the employees' numbers.
#[derive(Serialize)]
pub(crate) struct TerminalUser {
    terminal: String,
    user: String,
    employee: Option<String>,
    name: Option<String>,
    name_on_terminal: Option<String>,
    state: &'static str,
    why: String,
    command: Option<i64>,
}

impl From<SyncRow> for TerminalUser {
    fn from(row: SyncRow) -> Self {
        let (employee, name) = row.employee.unzip();
        Self {
            terminal: row.serial,
            user: row.user,
            employee,
            name,
            name_on_terminal: row.name_there,
            state: row.state.word(),
            why: row.why,
            command: row.asked,
        }
    }
}

/// `GET /api/v1/terminal-users`
pub(crate) async fn list(
    State(app): State<App>,
    Query(asked): Query<Asked>,
    Query(window): Query<Window>,
) -> Result<Json<Page<TerminalUser>>, Problem> {
    let rows = app.ask(|hub| hub.terminal_sync(Timestamp::now())).await?;
    let rows = asked.pick(rows)?.into_iter().map(TerminalUser::from).collect();
    Ok(Json(Page::of(rows, &window)?))
}
