//! `GET /api/v1/held`

use axum::Json;
use axum::extract::State;
use hub::view::HeldGroup;
use serde::Serialize;

use super::{Page, Problem, Query, Window};
use crate::app::App;

/// Held punches that one cure releases.
#[derive(Serialize)]
pub(crate) struct Held {
    reason: &'static str,
    says: &'static str,
    cure: &'static str,
    terminal: String,
    user: String,
    number: String,
    name_on_terminal: Option<String>,
    count: u64,
    first_printed: String,
    last_printed: String,
}

impl From<HeldGroup> for Held {
    fn from(group: HeldGroup) -> Self {
        Self {
            reason: group.reason.word(),
            says: group.reason.says(),
            cure: group.reason.cure(),
            terminal: group.origin,
            user: group.user,
            number: group.number,
            name_on_terminal: group.name_on_terminal,
            count: group.count,
            first_printed: group.first,
            last_printed: group.last,
        }
    }
}

/// `GET /api/v1/held`
pub(crate) async fn list(State(app): State<App>, Query(window): Query<Window>) -> Result<Json<Page<Held>>, Problem> {
    let groups = app.ask(|hub| hub.held()).await?;
    Ok(Json(Page::of(groups.into_iter().map(Held::from).collect(), &window)?))
}
