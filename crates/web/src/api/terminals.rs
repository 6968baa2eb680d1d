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
    poll_minutes: Option<u32>,
    is_live: bool,
    last_contact: Option<String>,
    last_complete_read: Option<String>,
    records_on_terminal: Option<i64>,
    punches: u64,
    trouble: Option<String>,
    clock: Option<Clock>,
    edge: Option<String>,
    number_group: String,
    site: Option<String>,
}

/// How far its clock was off when it was seen last.
#[derive(Serialize)]
struct Clock {
    /// Its face minus the time there; from uploads it is ahead by at least this, or behind by at most this.
    offset_seconds: i64,
    measured_by: &'static str,
    is_off: bool,
    says: String,
}

impl From<link::Clock> for Clock {
    fn from(clock: link::Clock) -> Self {
        Self {
            offset_seconds: clock.offset_s,
            measured_by: clock.how.word(),
            is_off: clock.is_off(),
            says: clock.to_string(),
        }
    }
}

impl From<TerminalRow> for Terminal {
    fn from(row: TerminalRow) -> Self {
        let zone = row.zones.at(Timestamp::now());
        let at = |at: Option<Timestamp>| at.map(|at| show::rfc3339(at, zone));
        Self {
            site: row.site(Timestamp::now()).map(str::to_owned),
            last_contact: at(row.last_contact),
            last_complete_read: at(row.last_complete_read),
            serial: row.serial,
            name: row.name,
            is_approved: row.approved,
            address: row.address,
            zone: show::zone_name(zone),
            via: row.via.word(),
            poll_minutes: row.poll_minutes,
            is_live: row.live,
            records_on_terminal: row.records_on_terminal,
            punches: row.punches,
            trouble: row.trouble,
            clock: row.clock.map(Clock::from),
            edge: row.edge,
            number_group: row.number_group,
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
