//! The mappings of tables of punches: `GET /api/v1/imports/mappings`, `GET`, `PUT` and `DELETE /api/v1/imports/mappings/{name}`.

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::{Extension, Json};
use hub::{Bearer, Hub, Mapping, SavedText};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Page, Problem, Query, Window, actor, body_of};
use crate::app::App;
use crate::show;

/// A mapping: one that comes along, or one that somebody saved.
#[derive(Serialize)]
pub(crate) struct Named {
    name: String,
    about: String,
    toml: String,
    /// When; `None` for what comes along.
    saved: Option<String>,
    by: Option<String>,
}

impl From<Mapping> for Named {
    fn from(Mapping { name, about, text, .. }: Mapping) -> Self {
        Self { name, about, toml: text, saved: None, by: None }
    }
}

/// All of them: those that were saved, then those that come along.
fn all(hub: &Hub) -> Result<Vec<Named>, hub::Error> {
    let zone = hub.company()?.time_zone()?;
    let own = |saved: SavedText| {
        let about = Mapping::parse(&saved.name, &saved.text).map_or_else(|why| why, |own| own.about);
        let at = show::rfc3339(saved.at(), &zone);
        Named { name: saved.name, about, toml: saved.text, saved: Some(at), by: Some(saved.by) }
    };
    let presets = Mapping::presets().filter_map(|(name, _)| Mapping::preset(name)).map(Named::from);
    Ok(hub.saved_mappings()?.into_iter().map(own).chain(presets).collect())
}

fn named(hub: &Hub, name: &str) -> Result<Named, hub::Error> {
    let found = all(hub)?.into_iter().find(|known| known.name == name);
    found.ok_or_else(|| hub::Error::NotFound(format!("mapping {name}")))
}

/// `GET /api/v1/imports/mappings`
pub(crate) async fn list(State(app): State<App>, Query(window): Query<Window>) -> Result<Json<Page<Named>>, Problem> {
    Ok(Json(Page::of(app.ask(all).await?, &window)?))
}

/// `GET /api/v1/imports/mappings/{name}`
pub(crate) async fn one(State(app): State<App>, Path(name): Path<String>) -> Result<Json<Named>, Problem> {
    Ok(Json(app.ask(move |hub| named(hub, &name)).await?))
}

/// What a mapping is to be.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    toml: String,
}

/// `PUT /api/v1/imports/mappings/{name}`
pub(crate) async fn save(
    State(app): State<App>,
    Extension(program): Extension<Bearer>,
    Path(name): Path<String>,
    body: Bytes,
) -> Result<Json<Named>, Problem> {
    let wanted: Wanted = body_of(&body, r#"{"toml": "..."}"#)?;
    let save = move |hub: &Hub| {
        hub.save_mapping(&actor(&program), &name, &wanted.toml, Timestamp::now())?;
        named(hub, &name)
    };
    Ok(Json(app.ask(save).await?))
}

/// `DELETE /api/v1/imports/mappings/{name}`
pub(crate) async fn remove(
    State(app): State<App>,
    Extension(program): Extension<Bearer>,
    Path(name): Path<String>,
) -> Result<StatusCode, Problem> {
    app.ask(move |hub| hub.remove_mapping(&actor(&program), &name, Timestamp::now())).await?;
    Ok(StatusCode::NO_CONTENT)
}
