//! `GET /api/v1/payroll`: the file of a period; `GET /api/v1/payroll/records`: what became of periods; `GET /api/v1/payroll/presets`, and the
//! layouts that were saved: `GET /api/v1/payroll/layouts`, `GET`, `PUT` and `DELETE /api/v1/payroll/layouts/{name}`.

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use axum::{Extension, Json};
use hub::layouts::{PRESETS, preset};
use hub::{Bearer, Hub, SavedText};
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

use super::{Page, Problem, Query, Window, actor, body_of};
use crate::access::Visitor;
use crate::app::App;
use crate::page::payroll_list;
use crate::payroll::{Asked, download};
use crate::show;

/// What became of a period.
#[derive(Serialize)]
pub(crate) struct Record {
    deed: &'static str,
    at: String,
    from: Date,
    to: Date,
    who: String,
    what: String,
    rows: Option<usize>,
    digest: Option<String>,
    says: String,
}

impl Record {
    fn new(record: payroll_list::Record, zone: &TimeZone) -> Self {
        Self {
            deed: record.deed.word(),
            at: show::rfc3339(record.at, zone),
            from: record.dates.0,
            to: record.dates.1,
            who: record.who,
            what: record.what,
            rows: record.rows,
            digest: Some(record.digest).filter(|digest| !digest.is_empty()),
            says: record.says,
        }
    }
}

/// `GET /api/v1/payroll/records`
pub(crate) async fn records(
    State(app): State<App>,
    Query(asked): Query<payroll_list::Asked>,
    Query(window): Query<Window>,
) -> Result<Json<Page<Record>>, Problem> {
    let wish = asked.wish()?;
    let (all, zone) = app.ask(move |hub| Ok((wish.records(hub)?, hub.company()?.time_zone()?))).await?;
    Ok(Json(Page::of(all.into_iter().map(|record| Record::new(record, &zone)).collect(), &window)?))
}

/// A layout that comes along.
#[derive(Serialize)]
pub(crate) struct Preset {
    name: &'static str,
    title: String,
    source: String,
    toml: &'static str,
}

/// A layout that somebody saved.
#[derive(Serialize)]
pub(crate) struct Layout {
    name: String,
    title: String,
    toml: String,
    saved: String,
    by: String,
}

impl Layout {
    fn new(saved: SavedText, zone: &TimeZone) -> Self {
        let title = hub::layouts::Layout::from_toml(&saved.text).map(|layout| layout.title).unwrap_or_default();
        let at = show::rfc3339(saved.at(), zone);
        Self { name: saved.name, title, toml: saved.text, saved: at, by: saved.by }
    }
}

/// `GET /api/v1/payroll/presets`
pub(crate) async fn presets(Query(window): Query<Window>) -> Result<Json<Page<Preset>>, Problem> {
    let of = |(name, toml)| {
        let layout = preset(name).map_err(hub::Error::from)?;
        Ok(Preset { name, title: layout.title, source: layout.source, toml })
    };
    let all = PRESETS.into_iter().map(of).collect::<Result<Vec<_>, Problem>>()?;
    Ok(Json(Page::of(all, &window)?))
}

/// `GET /api/v1/payroll/layouts`
pub(crate) async fn layouts(
    State(app): State<App>,
    Query(window): Query<Window>,
) -> Result<Json<Page<Layout>>, Problem> {
    let (all, zone) = app.ask(|hub| Ok((hub.saved_layouts()?, hub.company()?.time_zone()?))).await?;
    Ok(Json(Page::of(all.into_iter().map(|saved| Layout::new(saved, &zone)).collect(), &window)?))
}

/// `GET /api/v1/payroll/layouts/{name}`
pub(crate) async fn layout(State(app): State<App>, Path(name): Path<String>) -> Result<Json<Layout>, Problem> {
    Ok(Json(app.ask(move |hub| Ok(Layout::new(hub.saved_layout(&name)?, &hub.company()?.time_zone()?))).await?))
}

/// What a layout is to be: a text, or a copy of another one.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "snake_case")]
enum Wanted {
    Toml(String),
    From(String),
}

/// `PUT /api/v1/payroll/layouts/{name}`
pub(crate) async fn save(
    State(app): State<App>,
    Extension(program): Extension<Bearer>,
    Path(name): Path<String>,
    body: Bytes,
) -> Result<Json<Layout>, Problem> {
    let wanted: Wanted = body_of(&body, r#"{"toml": "..."}, or {"from": "adp"} for a copy"#)?;
    let save = move |hub: &Hub| {
        let text = match wanted {
            Wanted::Toml(text) => text,
            Wanted::From(other) => hub.layout_text(&other)?,
        };
        let saved = hub.save_layout(&actor(&program), &name, &text, Timestamp::now())?;
        Ok(Layout::new(saved, &hub.company()?.time_zone()?))
    };
    Ok(Json(app.ask(save).await?))
}

/// `DELETE /api/v1/payroll/layouts/{name}`
pub(crate) async fn remove(
    State(app): State<App>,
    Extension(program): Extension<Bearer>,
    Path(name): Path<String>,
) -> Result<StatusCode, Problem> {
    app.ask(move |hub| hub.remove_layout(&actor(&program), &name, Timestamp::now())).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// `GET /api/v1/payroll`
pub(crate) async fn file(
    State(app): State<App>,
    program: Option<Extension<Bearer>>,
    visitor: Option<Extension<Visitor>>,
    Query(pairs): Query<Vec<(String, String)>>,
) -> Result<Response, Problem> {
    let asked = Asked::of(pairs);
    let (dates, format) = (asked.dates()?, asked.format()?);
    let program = program.map(|Extension(program)| actor(&program));
    let taker = program.or_else(|| visitor.map(|Extension(visitor)| visitor.actor()));
    let taker = taker.ok_or_else(|| crate::failure::Failure::internal(&"a call without the gate in front of it"))?;
    let take = move |hub: &Hub| {
        let ask = asked.ask(hub, dates)?;
        hub.take_payroll(&taker, &ask, (&asked.layout(), format), Timestamp::now())
    };
    Ok(download(app.ask(take).await?, format))
}
