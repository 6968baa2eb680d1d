//! The page that says what went wrong and what to do.

use askama::Template;
use axum::http::Uri;
use axum::response::{IntoResponse, Response};

use crate::api::Problem;
use crate::failure::Failure;
use crate::page::Frame;

/// See the module.
#[derive(Template)]
#[template(path = "error.html")]
pub(crate) struct ErrorPage<'a> {
    frame: Frame,
    failure: &'a Failure,
}

impl<'a> ErrorPage<'a> {
    pub(crate) fn new(failure: &'a Failure) -> Self {
        let title = match failure.status.as_u16() {
            404 => "Not found",
            403 => "Not allowed",
            422 => "That can\u{2019}t be used",
            503 => "Busy",
            400..=499 => "The request was refused",
            _ => "Something went wrong",
        };
        Self { frame: Frame::open(title), failure }
    }
}

/// Every address that no route knows: a page for people, a problem document for programs.
pub(crate) async fn not_found(address: Uri) -> Response {
    let failure = Failure::not_found("There is nothing at this address.");
    let is_of_programs = ["/api/", "/link/"].iter().any(|start| address.path().starts_with(start));
    if is_of_programs { Problem::from(failure).into_response() } else { failure.into_response() }
}
