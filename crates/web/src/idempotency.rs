//! `Idempotency-Key` on what programs write: the same key with the same request is done once and answered the same for 24 hours, whichever
//! hub of a database is asked. Stands in front of every such route, behind the gate.

use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use hub::{Bearer, Claim, KeptAnswer, KeyedWrite};
use jiff::Timestamp;

use crate::api::Problem;
use crate::app::App;
use crate::failure::Failure;
use crate::import_form::MOST_BYTES;

/// The header.
const KEY: &str = "idempotency-key";
/// Says that an answer was given before.
const REPLAYED: HeaderName = HeaderName::from_static("idempotent-replayed");
/// Longest key, bytes.
const LONGEST_KEY: usize = 255;

/// Does a request with a key once; one without is done as it comes.
pub(crate) async fn once(State(app): State<App>, request: Request, next: Next) -> Response {
    if !request.headers().contains_key(KEY) {
        return next.run(request).await;
    }
    named(app, request, next).await.unwrap_or_else(|failure| Problem::from(failure).into_response())
}

async fn named(app: App, request: Request, next: Next) -> Result<Response, Failure> {
    let (parts, body) = request.into_parts();
    let key = key(&parts.headers)?;
    let caller = parts.extensions.get::<Bearer>().map(|program| program.name.clone()).unwrap_or_default();
    let body = to_bytes(body, MOST_BYTES).await.map_err(|_| too_large())?;
    let path = parts.uri.path_and_query().map_or("", |path| path.as_str());
    let asked = digest(&[parts.method.as_str().as_bytes(), path.as_bytes()], &body, boundary(&parts.headers));
    let write = KeyedWrite { caller, key, asked };
    let claimed = write.clone();
    let held = match app.ask(move |hub| hub.claim_write(&claimed, Timestamp::now())).await? {
        Claim::Do(held) => held,
        Claim::Answered(answer) => return Ok(replay(answer)),
        Claim::Running => {
            let what = format!("The request with the key {} is still being done.", write.key);
            return Err(Failure::new(StatusCode::CONFLICT, what, "Ask again in a few seconds for its answer."));
        }
        Claim::Other => {
            let what = format!("The key {} was sent with another request before.", write.key);
            return Err(Failure::invalid(what, "Send a new key with each new request."));
        }
    };
    let request = Request::from_parts(parts, Body::from(body));
    // What has begun is done and kept, also when the caller has gone.
    let done = tokio::spawn(async move {
        let (parts, body) = next.run(request).await.into_parts();
        let body = to_bytes(body, usize::MAX).await.map_err(|error| Failure::internal(&error))?;
        let kind = parts.headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
        let answer = KeptAnswer { status: parts.status.as_u16(), kind: kind.to_owned(), body: body.to_vec() };
        // A refusal did nothing: the same request may come again once its cause is cured.
        let answer = parts.status.is_success().then_some(answer);
        if let Err(failure) = app.ask(move |hub| hub.keep_answer(&write, held, answer)).await {
            // It was done all the same. Whoever asks again is told to wait, and then it is done again, which changes nothing more.
            tracing::warn!(what = failure.what, "an answer could not be kept");
        }
        Ok(Response::from_parts(parts, Body::from(body)))
    });
    done.await.map_err(|broken| Failure::internal(&broken))?
}

fn replay(answer: KeptAnswer) -> Response {
    let status = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::OK);
    let mut response = (status, Body::from(answer.body)).into_response();
    let headers = response.headers_mut();
    // One without a body has no type.
    if !answer.kind.is_empty()
        && let Ok(kind) = HeaderValue::try_from(answer.kind)
    {
        headers.insert(header::CONTENT_TYPE, kind);
    }
    headers.insert(REPLAYED, HeaderValue::from_static("true"));
    response
}

fn key(headers: &HeaderMap) -> Result<String, Failure> {
    let key = headers.get(KEY).and_then(|key| key.to_str().ok()).map(str::trim).unwrap_or_default();
    if key.is_empty() || key.len() > LONGEST_KEY {
        let cure = format!("Send up to {LONGEST_KEY} plain letters, digits and signs, a UUID say.");
        return Err(Failure::invalid("The header Idempotency-Key can\u{2019}t be used.", cure));
    }
    Ok(key.to_owned())
}

fn too_large() -> Failure {
    let what = format!("The request is larger than {} MiB.", MOST_BYTES >> 20);
    Failure::new(StatusCode::PAYLOAD_TOO_LARGE, what, "Send it in parts, each with a key of its own.")
}

/// What separates the fields of a form with a file. Programs make a new one up for each attempt.
fn boundary(headers: &HeaderMap) -> Option<&str> {
    let kind = headers.get(header::CONTENT_TYPE)?.to_str().ok()?;
    let (_, boundary) = kind.strip_prefix("multipart/form-data")?.split_once("boundary=")?;
    let boundary = boundary.split(';').next().unwrap_or_default().trim().trim_matches('"');
    Some(boundary).filter(|boundary| !boundary.is_empty())
}

/// Tells a request from every other one, whatever separates the fields of its form.
pub(crate) fn digest(head: &[&[u8]], body: &Bytes, boundary: Option<&str>) -> String {
    let mut hasher = blake3::Hasher::new();
    for part in head {
        hasher.update(&(part.len() as u64).to_be_bytes()).update(part);
    }
    match boundary {
        None => {
            hasher.update(body);
        }
        Some(boundary) => {
            let mut rest = &body[..];
            while let Some(at) = find(rest, boundary.as_bytes()) {
                let (before, after) = rest.split_at(at);
                hasher.update(before).update(&[0]);
                rest = after.get(boundary.len()..).unwrap_or_default();
            }
            hasher.update(rest);
        }
    }
    hasher.finalize().to_hex().to_string()
}

fn find(bytes: &[u8], part: &[u8]) -> Option<usize> {
    bytes.windows(part.len()).position(|window| window == part)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_is_the_same_whatever_separates_its_fields() {
        let of = |boundary: &str, file: &str| {
            let body = format!("--{boundary}\r\nname=file\r\n\r\n{file}\r\n--{boundary}--\r\n");
            digest(&[b"POST", b"/api/v1/imports"], &Bytes::from(body), Some(boundary))
        };
        assert_eq!(of("edge-1", "7,08:00"), of("another edge", "7,08:00"));
        assert_ne!(of("edge-1", "7,08:00"), of("edge-1", "7,08:01"));
        let plain = |path: &[u8]| digest(&[b"POST", path], &Bytes::from_static(b"{}"), None);
        assert_ne!(plain(b"/api/v1/jobs"), plain(b"/api/v1/sites"));
    }

    #[test]
    fn the_boundary_is_read_as_clients_write_it() {
        let of = |kind: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
            boundary(&headers).map(str::to_owned)
        };
        assert_eq!(of("multipart/form-data; boundary=\"a b\"; charset=utf-8").as_deref(), Some("a b"));
        assert_eq!(of("multipart/form-data; boundary=----x").as_deref(), Some("----x"));
        assert_eq!((of("application/json"), of("multipart/form-data")), (None, None));
    }
}
