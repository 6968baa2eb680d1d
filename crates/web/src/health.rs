//! `GET /healthz`: the process answers. `GET /readyz`: it can do its work.

use axum::extract::State;

use crate::api::Problem;
use crate::app::App;

/// `GET /healthz`
pub(crate) async fn alive() -> &'static str {
    "ok\n"
}

/// `GET /readyz`: 503 while the store does not answer.
pub(crate) async fn ready(State(app): State<App>) -> Result<&'static str, Problem> {
    app.ask(|hub| hub.is_ready()).await?;
    Ok("ready\n")
}
