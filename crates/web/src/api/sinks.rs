//! `GET /api/v1/sinks`, `GET /api/v1/sinks/{name}/records`, and what a program asks for: `POST /api/v1/sinks/{name}/pause`, `resume` and
//! `requeue`, `POST /api/v1/days/sync`.

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::{Extension, Json};
use hub::jobs::SEND;
use hub::{Bearer, EntryRow, Hub, Queued, RecordFilter, SinkRow};
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

use super::jobs::Job;
use super::{Page, Problem, Query, Window, actor, body_of};
use crate::app::App;
use crate::page::sinks::Asked;
use crate::show;

/// A system that is told of days.
#[derive(Serialize)]
pub(crate) struct Sink {
    name: String,
    kind: String,
    mode: &'static str,
    url: String,
    paused: Option<String>,
    waiting: u64,
    tried: u64,
    failed: u64,
    sent: u64,
    oldest_waiting: Option<String>,
}

impl Sink {
    fn new(row: SinkRow, zone: &TimeZone) -> Self {
        Self {
            name: row.name,
            url: row.settings.place(),
            kind: row.settings.kind,
            mode: row.settings.mode.word(),
            paused: row.paused,
            waiting: row.waiting,
            tried: row.tried,
            failed: row.failed,
            sent: row.sent,
            oldest_waiting: row.oldest.map(|at| show::rfc3339(at, zone)),
        }
    }

    fn find(hub: &Hub, name: &str) -> Result<Json<Self>, hub::Error> {
        let row = hub.sinks()?.into_iter().find(|row| row.name == name);
        let row = row.ok_or_else(|| hub::Error::NotFound(format!("sink {name}")))?;
        Ok(Json(Self::new(row, &hub.company()?.time_zone()?)))
    }
}

/// What a sink knows of a day.
#[derive(Serialize)]
pub(crate) struct Record {
    employee: String,
    date: String,
    state: &'static str,
    revision: i64,
    attempts: u32,
    tried: Option<String>,
    sent: Option<String>,
    receipt: String,
}

impl Record {
    fn new(row: EntryRow, zone: &TimeZone) -> Self {
        let at = |at: Option<Timestamp>| at.map(|at| show::rfc3339(at, zone));
        Self {
            employee: row.code,
            date: row.date.to_string(),
            state: row.state.word(),
            revision: row.revision,
            attempts: row.attempts,
            tried: at(row.tried),
            sent: at(row.sent),
            receipt: row.receipt,
        }
    }
}

/// `GET /api/v1/sinks`
pub(crate) async fn list(State(app): State<App>, Query(window): Query<Window>) -> Result<Json<Page<Sink>>, Problem> {
    let (rows, zone) = app.ask(|hub| Ok((hub.sinks()?, hub.company()?.time_zone()?))).await?;
    Ok(Json(Page::of(rows.into_iter().map(|row| Sink::new(row, &zone)).collect(), &window)?))
}

/// `GET /api/v1/sinks/{name}/records`
pub(crate) async fn records(
    State(app): State<App>,
    Path(sink): Path<String>,
    Query(asked): Query<Asked>,
    Query(window): Query<Window>,
) -> Result<Json<Page<Record>>, Problem> {
    let (offset, limit) = window.bounds()?;
    let filter = RecordFilter { sink, offset, limit, ..asked.filter()? };
    let (list, zone) = app.ask(move |hub| Ok((hub.sink_records(&filter)?, hub.company()?.time_zone()?))).await?;
    let items = list.rows.into_iter().map(|row| Record::new(row, &zone)).collect();
    Ok(Json(Page::cut(items, offset, list.total)))
}

async fn set_paused(app: &App, program: Bearer, name: String, is_paused: bool) -> Result<Json<Sink>, Problem> {
    let ask = move |hub: &Hub| {
        hub.pause_sink(&actor(&program), &name, is_paused, Timestamp::now())?;
        Sink::find(hub, &name)
    };
    Ok(app.ask(ask).await?)
}

/// `POST /api/v1/sinks/{name}/pause`
pub(crate) async fn pause(
    State(app): State<App>,
    Extension(program): Extension<Bearer>,
    Path(name): Path<String>,
) -> Result<Json<Sink>, Problem> {
    set_paused(&app, program, name, true).await
}

/// `POST /api/v1/sinks/{name}/resume`
pub(crate) async fn resume(
    State(app): State<App>,
    Extension(program): Extension<Bearer>,
    Path(name): Path<String>,
) -> Result<Json<Sink>, Problem> {
    set_paused(&app, program, name, false).await
}

/// Which failed record waits again; without one, all of them.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Again {
    record: Option<Key>,
}

/// Whose day.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Key {
    employee: String,
    date: Date,
}

/// `POST /api/v1/sinks/{name}/requeue`
pub(crate) async fn requeue(
    State(app): State<App>,
    Extension(program): Extension<Bearer>,
    Path(name): Path<String>,
    body: Bytes,
) -> Result<Json<Sink>, Problem> {
    let again: Again =
        body_of(&body, "{\"record\": {\"employee\": \"1001\", \"date\": \"2026-03-31\"}}, or {} for all")?;
    let ask = move |hub: &Hub| {
        let (actor, now) = (actor(&program), Timestamp::now());
        match again.record {
            Some(Key { employee, date }) => hub.requeue_record(&actor, &name, (&employee, date), now)?,
            None => drop(hub.requeue_failed(&actor, &name, now)?),
        }
        Sink::find(hub, &name)
    };
    Ok(app.ask(ask).await?)
}

/// Which days are sent now.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wish {
    sink: String,
    from: Option<Date>,
    to: Option<Date>,
    employee: Option<String>,
    #[serde(default)]
    force: bool,
}

/// `POST /api/v1/days/sync`
pub(crate) async fn sync(
    State(app): State<App>,
    Extension(program): Extension<Bearer>,
    body: Bytes,
) -> Result<(StatusCode, Json<Job>), Problem> {
    let wish: Wish = body_of(&body, "{\"sink\": \"crm\", \"from\": \"2026-03-01\", \"to\": \"2026-03-31\"}")?;
    let ask = move |hub: &Hub| {
        let (actor, now) = (actor(&program), Timestamp::now());
        let Wish { sink, from, to, employee, force } = wish;
        hub.queue_days(&actor, &sink, &Queued { from, to, employee, force }, now)?;
        let id = hub.ask_for_job(&actor, SEND.name, now)?;
        Job::find(hub, id)
    };
    Ok((StatusCode::ACCEPTED, app.ask(ask).await?))
}
