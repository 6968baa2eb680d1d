//! `GET /api/v1/punches?employee&user&terminal&from&to`

use axum::Json;
use axum::extract::State;
use hub::view::{HeldReason, PunchFilter, PunchRow, TerminalRow};
use serde::{Deserialize, Serialize};

use super::{Page, Problem, Query, Window};
use crate::app::App;
use crate::page::punches::zone_of;
use crate::{forms, show};

/// What a terminal said, and what was made of it.
#[derive(Serialize)]
pub(crate) struct Punch {
    fingerprint: String,
    terminal: String,
    user: String,
    /// On the terminal's face.
    printed_time: String,
    state: Option<i32>,
    verify: Option<i32>,
    channel: String,
    received: String,
    employee: Option<String>,
    at: Option<String>,
    held: Option<&'static str>,
}

impl Punch {
    fn new(row: PunchRow, terminals: &[TerminalRow]) -> Self {
        let zone = zone_of(&row.origin, terminals, row.at.unwrap_or(row.received));
        Self {
            fingerprint: row.fingerprint.to_string(),
            received: show::rfc3339(row.received, &zone),
            at: row.at.map(|at| show::rfc3339(at, &zone)),
            terminal: row.origin,
            user: row.user,
            printed_time: row.printed,
            state: row.state,
            verify: row.verify,
            channel: row.channel,
            employee: row.employee,
            held: row.held.map(HeldReason::word),
        }
    }
}

/// The filter.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Asked {
    from: String,
    to: String,
    employee: String,
    user: String,
    terminal: String,
}

/// `GET /api/v1/punches`
pub(crate) async fn list(
    State(app): State<App>,
    Query(asked): Query<Asked>,
    Query(window): Query<Window>,
) -> Result<Json<Page<Punch>>, Problem> {
    let (offset, limit) = window.bounds()?;
    let filter = PunchFilter {
        from: forms::date("from", &asked.from)?,
        to: forms::date("to", &asked.to)?,
        employee: forms::filled(&asked.employee),
        user: forms::filled(&asked.user),
        terminal: forms::filled(&asked.terminal),
        offset,
        limit,
        ..PunchFilter::default()
    };
    let (list, terminals) = app.ask(move |hub| Ok((hub.punches(&filter)?, hub.terminals()?))).await?;
    let items = list.rows.into_iter().map(|row| Punch::new(row, &terminals)).collect();
    Ok(Json(Page::cut(items, offset, list.total)))
}
