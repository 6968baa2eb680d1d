//! `GET /calendar/{token}`: the calendar of an employee, for programs that poll it.
//!
//! Invariant: the address is a secret. Nothing here or around it writes it down; who has it reads one employee's calendar.

use axum::extract::Request;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use hub::CalendarFeed;
use jiff::Timestamp;
use jiff::fmt::rfc2822::{DateTimeParser, DateTimePrinter};

use crate::access::Calendar;
use crate::failure::Failure;

/// `GET /calendar/{token}`; short where nothing has changed.
pub(crate) async fn serve(request: Request) -> Result<Response, Failure> {
    let Some(Calendar(feed)) = request.extensions().get::<Calendar>() else {
        return Err(Failure::internal(&"a calendar without the gate in front of it"));
    };
    let tag = format!("\"{}\"", feed.digest);
    let modified = DateTimePrinter::new().timestamp_to_rfc9110_string(&feed.modified);
    let modified = modified.map_err(|error| Failure::internal(&error))?;
    let cache = (header::CACHE_CONTROL, "private, no-cache".to_owned());
    let known = [cache, (header::ETAG, tag.clone()), (header::LAST_MODIFIED, modified)];
    if is_known(request.headers(), &tag, feed) {
        return Ok((StatusCode::NOT_MODIFIED, known).into_response());
    }
    let kind = [(header::CONTENT_TYPE, "text/calendar; charset=utf-8")];
    Ok((known, kind, feed.text.clone()).into_response())
}

/// Whether the reader has what would be sent. A tag counts more than a time (RFC 9110, 13.2.2).
fn is_known(headers: &HeaderMap, tag: &str, feed: &CalendarFeed) -> bool {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    if let Some(tags) = text(header::IF_NONE_MATCH) {
        return tags.split(',').map(str::trim).any(|one| one == "*" || one.trim_start_matches("W/") == tag);
    }
    let since = text(header::IF_MODIFIED_SINCE).and_then(|text| DateTimeParser::new().parse_timestamp(text).ok());
    since.is_some_and(|since: Timestamp| feed.modified <= since)
}
