//! `GET /api/v1/sources`

use axum::Json;
use axum::extract::State;
use hub::SourceRow;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::Serialize;

use super::{Page, Problem, Query, Window};
use crate::app::App;
use crate::page::sources::Asked;
use crate::show;

/// A source.
#[derive(Serialize)]
pub(crate) struct Source {
    name: String,
    kind: &'static str,
    place: String,
    state: &'static str,
    down_since: Option<String>,
    last_answer: Option<String>,
    last_asked: Option<String>,
    says: String,
    warning: Option<String>,
    reasons: Vec<String>,
    reasons_at: Option<String>,
}

impl Source {
    fn new(row: SourceRow, zone: &TimeZone) -> Self {
        let at = |at: Option<Timestamp>| at.map(|at| show::rfc3339(at, zone));
        Self {
            kind: row.settings.kind(),
            place: row.settings.place(),
            state: row.state.word(),
            down_since: at(row.down),
            last_answer: at(row.read),
            last_asked: at(row.tried),
            name: row.name,
            says: row.says,
            reasons_at: at(row.notes.reasons_at),
            warning: row.notes.warning,
            reasons: row.notes.reasons,
        }
    }
}

/// `GET /api/v1/sources`
pub(crate) async fn list(
    State(app): State<App>,
    Query(asked): Query<Asked>,
    Query(window): Query<Window>,
) -> Result<Json<Page<Source>>, Problem> {
    let (rows, zone) = app.ask(|hub| Ok((hub.sources()?, hub.company()?.time_zone()?))).await?;
    let rows = asked.pick(rows)?.into_iter().map(|row| Source::new(row, &zone)).collect();
    Ok(Json(Page::of(rows, &window)?))
}
