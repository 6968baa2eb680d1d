//! `GET /healthz`: the process answers. `GET /readyz`: it can do its work.

use axum::extract::State;

use crate::api::Problem;
use crate::app::App;

/// `GET /healthz`
pub(crate) async fn alive() -> &'static str {
    "ok\n"
}

/// `GET /readyz`: 503 while the store does not answer. It also publishes the head of the chain, for whoever keeps heads elsewhere.
pub(crate) async fn ready(State(app): State<App>) -> Result<String, Problem> {
    let head = app.ask(|hub| hub.is_ready().and_then(|()| hub.chain_head())).await?;
    let hex = |digest: [u8; 32]| digest.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    Ok(head.map_or_else(
        || String::from("ready\n"),
        |head| format!("ready\nhead of the chain: {} (seal {})\n", hex(head.digest), head.number),
    ))
}
