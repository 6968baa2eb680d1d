//! The calls of edges: a batch of punches, a heartbeat, a token.

use axum::body::Bytes;
use axum::extract::State;
use axum::extract::rejection::BytesRejection;
use axum::http::header::{ACCEPT_ENCODING, CONTENT_ENCODING, HeaderName};
use axum::http::{HeaderMap, StatusCode};
use axum::{Extension, Json};
use hub::Bearer;
use jiff::Timestamp;
use link::body::{GZIP, Unpackable};
use link::enrol::{Enrolled, NewToken};
use serde::de::DeserializeOwned;

use super::Problem;
use crate::access::Invited;
use crate::app::App;
use crate::failure::Failure;

/// Largest body of a call, bytes, packed and unpacked: a full batch of the longest lines fits.
pub(crate) const MOST_BYTES: usize = 8 * 1024 * 1024;

type Body = Result<Bytes, BytesRejection>;

/// An answer. It says that bodies may come packed.
type Answer<T> = ([(HeaderName, &'static str); 1], Json<T>);

fn answer<T>(value: T) -> Answer<T> {
    ([(ACCEPT_ENCODING, GZIP)], Json(value))
}

/// `POST /link/v1/punches`: answered after the commit.
pub(crate) async fn punches(
    State(app): State<App>,
    Extension(edge): Extension<Bearer>,
    headers: HeaderMap,
    body: Body,
) -> Result<Answer<link::Ack>, Problem> {
    // An edge is who its token says, whatever it calls itself: none can move another's sequence.
    let batch = link::Batch { edge: edge.name, ..read(&headers, body)? };
    if batch.items.len() > link::MAX_ITEMS {
        return Err(too_large(format!("The batch has {} items.", batch.items.len())).into());
    }
    Ok(answer(app.ask(move |hub| hub.ingest(&batch, Timestamp::now())).await?))
}

/// `POST /link/v1/heartbeat`
pub(crate) async fn heartbeat(
    State(app): State<App>,
    Extension(edge): Extension<Bearer>,
    headers: HeaderMap,
    body: Body,
) -> Result<Answer<link::Orders>, Problem> {
    let renew_token = edge.is_old(Timestamp::now());
    let beat = link::Heartbeat { edge: edge.name, ..read(&headers, body)? };
    let orders = app.ask(move |hub| hub.heartbeat(&beat, Timestamp::now())).await?;
    Ok(answer(link::Orders { renew_token, ..orders }))
}

/// `POST /link/v1/token`: the next token of an edge; the one before holds until this one is shown.
pub(crate) async fn token(
    State(app): State<App>,
    Extension(edge): Extension<Bearer>,
) -> Result<Answer<NewToken>, Problem> {
    let random = chance()?;
    let token = app.ask(move |hub| hub.next_token(&edge.name, random, Timestamp::now())).await?;
    Ok(answer(NewToken { token }))
}

/// `POST /link/v1/enroll`: the first token of an edge that was invited.
pub(crate) async fn enroll(
    State(app): State<App>,
    Extension(Invited(edge)): Extension<Invited>,
) -> Result<Answer<Enrolled>, Problem> {
    let random = chance()?;
    let name = edge.clone();
    let token = app.ask(move |hub| hub.next_token(&name, random, Timestamp::now())).await?;
    Ok(answer(Enrolled { edge, token }))
}

fn chance() -> Result<[u8; 32], Failure> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).map_err(|error| Failure::internal(&error))?;
    Ok(bytes)
}

fn read<T: DeserializeOwned>(headers: &HeaderMap, body: Body) -> Result<T, Failure> {
    let body = body.map_err(|rejection| match rejection.status() {
        StatusCode::PAYLOAD_TOO_LARGE => too_large("The body is too large.".to_owned()),
        status => Failure::new(status, "The body could not be read.", "Send it again."),
    })?;
    match headers.get(CONTENT_ENCODING).map(|coding| coding.as_bytes().to_ascii_lowercase()) {
        None => parse(&body),
        Some(coding) if coding == b"identity" => parse(&body),
        Some(coding) if coding == GZIP.as_bytes() => parse(&unpack(&body)?),
        Some(_) => {
            let cure = "Send plain JSON, or JSON in gzip.";
            Err(Failure::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "The coding of the body is not known here.", cure))
        }
    }
}

fn unpack(body: &[u8]) -> Result<Vec<u8>, Failure> {
    link::body::unpack(body, MOST_BYTES).map_err(|error| match error {
        Unpackable::TooLarge { .. } => too_large("The body unpacks to too much.".to_owned()),
        Unpackable::Damaged => {
            Failure::new(StatusCode::BAD_REQUEST, "The body is no gzip, or was damaged.", "Send it again.")
        }
    })
}

fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, Failure> {
    serde_json::from_slice(body).map_err(|error| {
        let cure = "Send JSON as an edge of this version does.";
        Failure::new(StatusCode::BAD_REQUEST, format!("The body can\u{2019}t be understood: {error}."), cure)
    })
}

fn too_large(what: String) -> Failure {
    let cure = format!("Send at most {} items and {MOST_BYTES} bytes in one call.", link::MAX_ITEMS);
    Failure::new(StatusCode::PAYLOAD_TOO_LARGE, what, cure)
}
