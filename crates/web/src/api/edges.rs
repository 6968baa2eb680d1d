//! `GET /api/v1/edges`

use axum::Json;
use axum::extract::State;
use hub::EdgeRow;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::Serialize;

use super::{Page, Problem, Query, Window};
use crate::app::App;
use crate::page::edges::Asked;
use crate::show;

/// An edge.
#[derive(Serialize)]
pub(crate) struct Edge {
    name: String,
    state: &'static str,
    says: String,
    last_heartbeat: String,
    queued: i64,
    oldest_unsent: Option<String>,
    silent_terminals: Vec<String>,
    spool_used_bytes: Option<u64>,
    spool_limit_bytes: Option<u64>,
    disk_free_bytes: Option<u64>,
    clock: Clock,
    version: String,
}

/// How its clock goes, against the hub's.
#[derive(Serialize)]
struct Clock {
    offset_seconds: f64,
    drift_seconds_per_day: Option<f64>,
    moved: Option<String>,
    moved_by_seconds: Option<f64>,
    is_off: bool,
    is_believed: Option<bool>,
    says: String,
}

fn seconds(us: i64) -> f64 {
    us as f64 / 1e6
}

impl Edge {
    fn new(row: EdgeRow, zone: &TimeZone) -> Self {
        let at = |at: Timestamp| show::rfc3339(at, zone);
        let clock = Clock {
            offset_seconds: seconds(row.clock.ahead_us),
            drift_seconds_per_day: row.clock.drift_us_per_day.map(seconds),
            moved: row.clock.jump.map(|(moved, _)| at(moved)),
            moved_by_seconds: row.clock.jump.map(|(_, by_us)| seconds(by_us)),
            is_off: row.clock.is_off(),
            is_believed: row.clock.is_believed,
            says: row.clock.to_string(),
        };
        let health = row.health;
        Self {
            name: row.name,
            state: row.state.word(),
            says: row.says,
            last_heartbeat: at(row.last_seen),
            queued: row.queued,
            oldest_unsent: row.oldest_unsent.map(at),
            spool_used_bytes: health.as_ref().map(|health| health.spool_used_bytes),
            spool_limit_bytes: health.as_ref().map(|health| health.spool_limit_bytes),
            disk_free_bytes: health.as_ref().and_then(|health| health.disk_free_bytes),
            silent_terminals: health.map(|health| health.silent_terminals).unwrap_or_default(),
            clock,
            version: row.version,
        }
    }
}

/// `GET /api/v1/edges`
pub(crate) async fn list(
    State(app): State<App>,
    Query(asked): Query<Asked>,
    Query(window): Query<Window>,
) -> Result<Json<Page<Edge>>, Problem> {
    let silent_after = app.config.silent_after;
    let ask = move |hub: &hub::Hub| Ok((hub.edges(Timestamp::now(), silent_after)?, hub.company()?.time_zone()?));
    let (rows, zone) = app.ask(ask).await?;
    let rows = asked.pick(rows)?.into_iter().map(|row| Edge::new(row, &zone)).collect();
    Ok(Json(Page::of(rows, &window)?))
}
