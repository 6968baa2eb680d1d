//! `GET /api/v1/jobs`, `GET /api/v1/jobs/{id}`, and what a program asks for: `POST /api/v1/jobs`, `POST /api/v1/jobs/{id}/retry`.

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::{Extension, Json};
use hub::jobs::{JobFilter, JobRow};
use hub::{Bearer, Hub};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

use super::{Page, Problem, Query, Window, actor, body_of};
use crate::app::App;
use crate::failure::Failure;
use crate::page::jobs::Asked;
use crate::show;

/// A job.
#[derive(Serialize)]
pub(crate) struct Job {
    id: i64,
    kind: String,
    state: &'static str,
    due: String,
    next: Option<String>,
    lease_until: Option<String>,
    attempts: u32,
    worker: String,
    started: Option<String>,
    ended: Option<String>,
    duration_seconds: Option<f64>,
    outcome: String,
}

impl Job {
    fn new(row: JobRow, zone: &TimeZone) -> Self {
        let at = |at: Timestamp| show::rfc3339(at, zone);
        Self {
            id: row.id,
            state: row.state.word(),
            due: at(row.due),
            next: row.next.map(at),
            lease_until: row.lease.map(at),
            attempts: row.attempts,
            started: row.started.map(at),
            ended: row.ended.map(at),
            duration_seconds: row.took().map(|took| took.as_secs_f64()),
            kind: row.kind,
            worker: row.worker,
            outcome: row.outcome,
        }
    }

    pub(crate) fn find(hub: &Hub, id: i64) -> Result<Json<Self>, hub::Error> {
        Ok(Json(Self::new(hub.job(id)?, &hub.company()?.time_zone()?)))
    }
}

/// The number in an address.
fn number(id: &str) -> Result<i64, Problem> {
    let not_there = || Failure::not_found(format!("There is no job {id}."));
    Ok(id.parse().map_err(|_| not_there())?)
}

/// `GET /api/v1/jobs`
pub(crate) async fn list(
    State(app): State<App>,
    Query(asked): Query<Asked>,
    Query(window): Query<Window>,
) -> Result<Json<Page<Job>>, Problem> {
    let (offset, limit) = window.bounds()?;
    let filter = JobFilter { offset, limit, ..asked.filter()? };
    let (list, zone) = app.ask(move |hub| Ok((hub.jobs(&filter)?, hub.company()?.time_zone()?))).await?;
    let items = list.rows.into_iter().map(|job| Job::new(job, &zone)).collect();
    Ok(Json(Page::cut(items, offset, list.total)))
}

/// `GET /api/v1/jobs/{id}`
pub(crate) async fn one(State(app): State<App>, Path(id): Path<String>) -> Result<Json<Job>, Problem> {
    let id = number(&id)?;
    Ok(app.ask(move |hub| Job::find(hub, id)).await?)
}

/// What is to be run.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wish {
    kind: String,
}

/// `POST /api/v1/jobs`
pub(crate) async fn run(
    State(app): State<App>,
    Extension(program): Extension<Bearer>,
    body: Bytes,
) -> Result<(StatusCode, Json<Job>), Problem> {
    let wish: Wish = body_of(&body, "{\"kind\": \"derive\"}")?;
    let ask = move |hub: &Hub| {
        let id = hub.ask_for_job(&actor(&program), &wish.kind, Timestamp::now())?;
        Job::find(hub, id)
    };
    Ok((StatusCode::ACCEPTED, app.ask(ask).await?))
}

/// `POST /api/v1/jobs/{id}/retry`
pub(crate) async fn retry(
    State(app): State<App>,
    Extension(program): Extension<Bearer>,
    Path(id): Path<String>,
) -> Result<Json<Job>, Problem> {
    let id = number(&id)?;
    let again = move |hub: &Hub| {
        hub.retry_job(&actor(&program), id, Timestamp::now())?;
        Job::find(hub, id)
    };
    Ok(app.ask(again).await?)
}
