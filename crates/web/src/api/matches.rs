//! `GET /api/v1/matches`

use axum::Json;
use axum::extract::State;
use hub::MatchRow;
use jiff::Timestamp;
use serde::Serialize;

use super::{Page, Problem, Query, Window};
use crate::app::App;
use crate::page::matching::Asked;

/// A user number that terminals list, and whose it is or could be.
#[derive(Serialize)]
pub(crate) struct Match {
    user: String,
    names_on_terminals: Vec<String>,
    terminals: Vec<String>,
    seen: Option<Timestamp>,
    waiting: u64,
    first_waiting_printed: Option<String>,
    state: &'static str,
    employee: Option<String>,
    candidates: Vec<Candidate>,
    dismissed: Option<Dismissed>,
}

/// An employee whose it could be.
#[derive(Serialize)]
struct Candidate {
    code: String,
    name: String,
    says: String,
}

/// Who said that it is nobody's, and why.
#[derive(Serialize)]
struct Dismissed {
    by: String,
    reason: String,
}

impl From<MatchRow> for Match {
    fn from(row: MatchRow) -> Self {
        let candidate = |one: hub::Candidate| Candidate { says: one.says(), code: one.code, name: one.name };
        Self {
            user: row.user,
            names_on_terminals: row.names,
            terminals: row.terminals,
            seen: row.seen,
            waiting: row.waiting,
            first_waiting_printed: row.first_waiting,
            state: row.state.word(),
            employee: row.owner.map(|(code, _)| code),
            candidates: row.candidates.into_iter().map(candidate).collect(),
            dismissed: row.dismissed.map(|(by, reason)| Dismissed { by, reason }),
        }
    }
}

/// `GET /api/v1/matches`
pub(crate) async fn list(
    State(app): State<App>,
    Query(asked): Query<Asked>,
    Query(window): Query<Window>,
) -> Result<Json<Page<Match>>, Problem> {
    let rows = app.ask(|hub| hub.matches(Timestamp::now())).await?;
    let rows = asked.pick(rows)?.into_iter().map(Match::from).collect();
    Ok(Json(Page::of(rows, &window)?))
}
