//! REST (`/api/v1`) and the calls of edges (`/link/v1`): JSON, errors as problem documents (RFC 9457), cursors for lists.

pub(crate) mod completeness;
pub(crate) mod day_work;
pub(crate) mod days;
pub(crate) mod edges;
pub(crate) mod employees;
pub(crate) mod held;
pub(crate) mod hiring;
pub(crate) mod imports;
pub(crate) mod jobs;
pub(crate) mod link;
pub(crate) mod mappings;
pub(crate) mod matches;
pub(crate) mod openapi;
pub(crate) mod payroll;
pub(crate) mod places;
pub(crate) mod punches;
pub(crate) mod readings;
pub(crate) mod sent;
pub(crate) mod sheets;
pub(crate) mod sinks;
pub(crate) mod sources;
pub(crate) mod sync;
pub(crate) mod terminal_work;
pub(crate) mod terminals;

use axum::Json;
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use hub::{Actor, Bearer};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::failure::{Failure, RETRY_AFTER_SECONDS};
use crate::forms;

/// Rows of a list when the caller names no limit.
const USUAL_LIMIT: u32 = 100;
/// Most rows of one answer.
const MOST: u32 = 1000;

/// A failure as a problem document.
#[derive(Debug)]
pub(crate) struct Problem(Failure);

impl From<Failure> for Problem {
    fn from(failure: Failure) -> Self {
        Self(failure)
    }
}

impl From<hub::Error> for Problem {
    fn from(error: hub::Error) -> Self {
        Self(error.into())
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        #[derive(Serialize)]
        struct Document<'a> {
            r#type: &'a str,
            title: &'a str,
            status: u16,
            detail: String,
        }
        let Failure { status, what, cure } = self.0;
        let title = status.canonical_reason().unwrap_or_default();
        let document =
            Document { r#type: "about:blank", title, status: status.as_u16(), detail: format!("{what} {cure}") };
        let mut response = (status, Json(document)).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if status == StatusCode::SERVICE_UNAVAILABLE {
            headers.insert(header::RETRY_AFTER, RETRY_AFTER_SECONDS);
        }
        if status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}

/// The program as whom the hub audits what it asks for.
fn actor(program: &Bearer) -> Actor {
    Actor::new(format!("token {}", program.name))
}

/// The JSON of a body; `like` is one that can be understood.
fn body_of<T: DeserializeOwned>(body: &[u8], like: &str) -> Result<T, Problem> {
    let refused = |error| {
        Failure::invalid(format!("The body can\u{2019}t be understood: {error}."), format!("Send it like {like}."))
    };
    Ok(serde_json::from_slice(body).map_err(refused)?)
}

/// What stands behind the `?` of an address.
pub(crate) struct Query<T>(T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Query<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        Ok(Self(forms::Query::from_request_parts(parts, state).await?.0))
    }
}

/// A part of a list, and how to get the next one.
#[derive(Debug, Serialize)]
pub(crate) struct Page<T> {
    items: Vec<T>,
    /// Items in all; null when they are too many to be counted.
    total: Option<u64>,
    /// To be sent as `cursor` for the next part; null at the end.
    next_cursor: Option<String>,
}

/// `limit` and `cursor` of a list.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Window {
    limit: String,
    cursor: String,
}

impl Window {
    /// Rows to leave out and rows to return.
    ///
    /// # Errors
    /// When the caller made them up.
    fn bounds(&self) -> Result<(u32, u32), Problem> {
        let offset = self.read_cursor(|text| text.strip_prefix("at-")?.parse().ok())?.unwrap_or_default();
        Ok((offset, self.rows()?))
    }

    /// Rows to return.
    ///
    /// # Errors
    /// When the caller made them up.
    fn rows(&self) -> Result<u32, Problem> {
        let Some(text) = forms::filled(&self.limit) else { return Ok(USUAL_LIMIT) };
        let limit = text.parse().ok().filter(|limit| (1..=MOST).contains(limit));
        let cure = || Failure::invalid(format!("The limit {text} can\u{2019}t be used."), format!("Use 1 to {MOST}."));
        Ok(limit.ok_or_else(cure)?)
    }

    /// Where the list goes on, if it does not start.
    ///
    /// # Errors
    /// When the caller made it up.
    fn read_cursor<C>(&self, read: impl FnOnce(&str) -> Option<C>) -> Result<Option<C>, Problem> {
        let Some(text) = forms::filled(&self.cursor) else { return Ok(None) };
        let cure =
            || Failure::invalid("The cursor is not one of ours.", "Send next_cursor of the answer before, or none.");
        Ok(Some(read(&text).ok_or_else(cure)?))
    }
}

impl<T> Page<T> {
    /// The part of a list that the hub already cut to offset and limit.
    fn cut(items: Vec<T>, offset: u32, total: u64) -> Self {
        let next = u64::from(offset) + items.len() as u64;
        let next_cursor = (!items.is_empty() && next < total).then(|| format!("at-{next}"));
        Self { items, total: Some(total), next_cursor }
    }

    /// A part of a whole list.
    fn of(all: Vec<T>, window: &Window) -> Result<Self, Problem> {
        let (offset, limit) = window.bounds()?;
        let total = all.len() as u64;
        Ok(Self::cut(all.into_iter().skip(offset as usize).take(limit as usize).collect(), offset, total))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(limit: &str, cursor: &str) -> Page<u32> {
        let window = Window { limit: limit.to_owned(), cursor: cursor.to_owned() };
        Page::of((0..5).collect(), &window).unwrap_or_else(|problem| panic!("{problem:?}"))
    }

    #[test]
    fn following_the_cursors_gives_the_whole_list() {
        let first = page("2", "");
        let second = page("2", first.next_cursor.as_deref().unwrap());
        let third = page("2", second.next_cursor.as_deref().unwrap());
        assert_eq!([first.items, second.items, third.items].concat(), [0, 1, 2, 3, 4]);
        assert_eq!((third.next_cursor, third.total), (None, Some(5)));
    }

    #[test]
    fn a_limit_or_cursor_out_of_thin_air_is_refused() {
        for (limit, cursor) in [("0", ""), ("1001", ""), ("many", ""), ("", "7"), ("", "at-x")] {
            let window = Window { limit: limit.to_owned(), cursor: cursor.to_owned() };
            assert!(window.bounds().is_err(), "{limit} {cursor}");
        }
    }
}
