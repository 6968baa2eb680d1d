//! `GET /api/v1/terminals/{serial}/readings`

use axum::Json;
use axum::extract::{Path, State};
use hub::{PollFilter, PollRow};
use jiff::tz::TimeZone;
use serde::Serialize;

use super::{Page, Problem, Query, Window};
use crate::app::App;
use crate::page::punches;
use crate::page::readings::Asked;
use crate::show;

/// A reading that has ended.
#[derive(Serialize)]
pub(crate) struct Reading {
    began: String,
    duration_seconds: f64,
    outcome: &'static str,
    records: Option<u64>,
    new_punches: Option<u64>,
    edge: Option<String>,
    says: String,
}

impl Reading {
    fn new(row: PollRow, zone: &TimeZone) -> Self {
        Self {
            began: show::rfc3339(row.began, zone),
            duration_seconds: row.took.as_secs_f64(),
            outcome: row.outcome.word(),
            records: row.records,
            new_punches: row.new,
            edge: row.edge,
            says: row.says,
        }
    }
}

/// `GET /api/v1/terminals/{serial}/readings`
pub(crate) async fn list(
    State(app): State<App>,
    Path(serial): Path<String>,
    Query(asked): Query<Asked>,
    Query(window): Query<Window>,
) -> Result<Json<Page<Reading>>, Problem> {
    let (offset, limit) = window.bounds()?;
    let ask = move |hub: &hub::Hub| {
        let terminals = hub.terminals()?;
        if terminals.iter().all(|terminal| terminal.serial != serial) {
            return Err(hub::Error::NotFound(format!("terminal with serial {serial}")));
        }
        Ok((hub.polls(&PollFilter { serial: Some(serial), offset, limit, ..asked.filter() })?, terminals))
    };
    let (list, terminals) = app.ask(ask).await?;
    let reading = |row: PollRow| {
        let zone = punches::zone_of(&row.serial, &terminals, row.began);
        Reading::new(row, &zone)
    };
    Ok(Json(Page::cut(list.rows.into_iter().map(reading).collect(), offset, list.total)))
}
