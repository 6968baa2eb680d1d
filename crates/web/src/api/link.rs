//! The calls of edges: a batch of punches, a heartbeat.

use axum::body::Bytes;
use axum::extract::State;
use axum::extract::rejection::BytesRejection;
use axum::http::StatusCode;
use axum::{Extension, Json};
use hub::Bearer;
use jiff::Timestamp;
use serde::de::DeserializeOwned;

use super::Problem;
use crate::app::App;
use crate::failure::Failure;

/// Largest body of a call, bytes: a full batch of the longest lines fits.
pub(crate) const MOST_BYTES: usize = 8 * 1024 * 1024;

type Body = Result<Bytes, BytesRejection>;

/// `POST /link/v1/punches`: answered after the commit.
pub(crate) async fn punches(
    State(app): State<App>,
    Extension(edge): Extension<Bearer>,
    body: Body,
) -> Result<Json<link::Ack>, Problem> {
    // An edge is who its token says, whatever it calls itself: none can move another's sequence.
    let batch = link::Batch { edge: edge.name, ..read(body)? };
    if batch.items.len() > link::MAX_ITEMS {
        return Err(too_large(format!("The batch has {} items.", batch.items.len())).into());
    }
    Ok(Json(app.ask(move |hub| hub.ingest(&batch, Timestamp::now())).await?))
}

/// `POST /link/v1/heartbeat`
pub(crate) async fn heartbeat(
    State(app): State<App>,
    Extension(edge): Extension<Bearer>,
    body: Body,
) -> Result<Json<link::Orders>, Problem> {
    let beat = link::Heartbeat { edge: edge.name, ..read(body)? };
    Ok(Json(app.ask(move |hub| hub.heartbeat(&beat, Timestamp::now())).await?))
}

fn read<T: DeserializeOwned>(body: Body) -> Result<T, Failure> {
    let body = body.map_err(|rejection| match rejection.status() {
        StatusCode::PAYLOAD_TOO_LARGE => too_large("The body is too large.".to_owned()),
        status => Failure::new(status, "The body could not be read.", "Send it again."),
    })?;
    serde_json::from_slice(&body).map_err(|error| {
        let cure = "Send JSON as an edge of this version does.";
        Failure::new(StatusCode::BAD_REQUEST, format!("The body can\u{2019}t be understood: {error}."), cure)
    })
}

fn too_large(what: String) -> Failure {
    let cure = format!("Send at most {} items and {MOST_BYTES} bytes in one call.", link::MAX_ITEMS);
    Failure::new(StatusCode::PAYLOAD_TOO_LARGE, what, cure)
}
