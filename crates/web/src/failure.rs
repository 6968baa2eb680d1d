//! What went wrong, for the person or the program that asked: what happened, to which thing, and what to do.

use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Response};

use crate::page::error::ErrorPage;
use crate::words;

/// A refused or failed request. As a response it is a page; [`crate::api::Problem`] makes a problem document of it.
#[derive(Clone, Debug)]
pub(crate) struct Failure {
    pub(crate) status: StatusCode,
    /// What happened, to which thing.
    pub(crate) what: String,
    /// What to do.
    pub(crate) cure: String,
}

impl Failure {
    pub(crate) fn new(status: StatusCode, what: impl Into<String>, cure: impl Into<String>) -> Self {
        Self { status, what: what.into(), cure: cure.into() }
    }

    /// A thing that is not there.
    pub(crate) fn not_found(what: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, what, "Check the address, or start again from the list.")
    }

    /// A value that can't be used.
    pub(crate) fn invalid(what: impl Into<String>, cure: impl Into<String>) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, what, cure)
    }

    /// A fault of ours: the details go to the log, not to the visitor.
    pub(crate) fn internal(cause: &dyn std::fmt::Display) -> Self {
        tracing::error!(%cause, "a request failed");
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "The hub could not answer.",
            "Try again. If it stays, look at the hub's log and run `punchclock doctor`.",
        )
    }

    /// True when the visitor's input is at fault and can be corrected in the form.
    pub(crate) fn is_correctable(&self) -> bool {
        self.status == StatusCode::UNPROCESSABLE_ENTITY || self.status == StatusCode::NOT_FOUND
    }
}

impl From<hub::Error> for Failure {
    fn from(error: hub::Error) -> Self {
        match error {
            hub::Error::NotFound(_) => Self::not_found(words::sentence(&error.to_string())),
            hub::Error::Invalid { what, cure } => Self::invalid(words::sentence(&what), words::sentence(&cure)),
            hub::Error::Later(cause) => Self::new(
                StatusCode::SERVICE_UNAVAILABLE,
                words::sentence(&cause.to_string()),
                "Nothing was lost. Try again in a few seconds.",
            ),
            other => Self::internal(&other),
        }
    }
}

impl From<askama::Error> for Failure {
    fn from(error: askama::Error) -> Self {
        Self::internal(&error)
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let body = askama::Template::render(&ErrorPage::new(&self)).unwrap_or_else(|_| self.cure.clone());
        let mut response = (self.status, Html(body)).into_response();
        if self.status == StatusCode::SERVICE_UNAVAILABLE {
            response.headers_mut().insert(axum::http::header::RETRY_AFTER, RETRY_AFTER_SECONDS);
        }
        response
    }
}

/// How long a caller should wait when the hub is busy, seconds.
pub(crate) const RETRY_AFTER_SECONDS: axum::http::HeaderValue = axum::http::HeaderValue::from_static("5");
