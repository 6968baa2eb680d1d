//! Pages: one module per page, each with the values that its template prints.

pub(crate) mod board;
pub(crate) mod commands;
pub(crate) mod completeness;
pub(crate) mod day;
pub(crate) mod days;
pub(crate) mod departments;
pub(crate) mod edges;
pub(crate) mod employees;
pub(crate) mod error;
pub(crate) mod figures;
pub(crate) mod held;
pub(crate) mod held_group;
pub(crate) mod import;
pub(crate) mod imports;
pub(crate) mod jobs;
pub(crate) mod layout_form;
pub(crate) mod layouts;
pub(crate) mod matching;
pub(crate) mod payroll;
pub(crate) mod payroll_list;
pub(crate) mod payroll_records;
pub(crate) mod punches;
pub(crate) mod readings;
pub(crate) mod setup;
pub(crate) mod sheet_print;
pub(crate) mod sheets;
pub(crate) mod sign_in;
pub(crate) mod sinks;
pub(crate) mod sites;
pub(crate) mod sources;
pub(crate) mod sync;
pub(crate) mod terminals;
pub(crate) mod timeline;

use askama::Template;
use axum::extract::FromRequestParts;
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::response::{Html, IntoResponse as _, Redirect, Response};
use hub::Cured;
use serde::Deserialize;

use crate::access::{Access, Visitor};
use crate::failure::Failure;
use crate::{assets, words};

/// What surrounds every page.
#[derive(Clone, Debug)]
pub(crate) struct Frame {
    pub(crate) title: String,
    visitor: Option<Visitor>,
    here: &'static str,
}

/// A link of the main navigation.
pub(crate) struct Tab {
    pub(crate) path: &'static str,
    pub(crate) name: &'static str,
    pub(crate) is_here: bool,
}

/// The main navigation.
const TABS: [(&str, &str); 9] = [
    ("/", "Now"),
    ("/days", "Days"),
    ("/punches", "Punches"),
    ("/held", "Held"),
    ("/employees", "Employees"),
    ("/payroll", "Payroll"),
    ("/terminals", "Terminals"),
    ("/imports", "Imports"),
    ("/jobs", "Jobs"),
];

impl Frame {
    /// The frame of a page for somebody who is signed in; `here` is the path of its tab.
    pub(crate) fn new(title: impl Into<String>, here: &'static str, visitor: &Visitor) -> Self {
        Self { title: title.into(), visitor: Some(visitor.clone()), here }
    }

    /// The frame of a page that is open to everybody: without navigation.
    pub(crate) fn open(title: impl Into<String>) -> Self {
        Self { title: title.into(), visitor: None, here: "" }
    }

    pub(crate) fn tabs(&self) -> Vec<Tab> {
        let tab = |(path, name)| Tab { path, name, is_here: path == self.here };
        TABS.map(tab).into_iter().filter(|_| self.visitor.is_some()).collect()
    }

    /// Who is signed in: name and role.
    pub(crate) fn signed_in(&self) -> Option<(&str, &'static str)> {
        self.visitor.as_ref().map(|visitor| (visitor.name.as_str(), words::role(visitor.role)))
    }

    pub(crate) fn may_review(&self) -> bool {
        self.visitor.as_ref().is_some_and(|visitor| visitor.may(Access::Review))
    }

    pub(crate) fn may_administer(&self) -> bool {
        self.visitor.as_ref().is_some_and(|visitor| visitor.may(Access::Admin))
    }

    pub(crate) fn style(&self) -> String {
        assets::STYLE.path()
    }

    pub(crate) fn icon(&self) -> String {
        assets::ICON.path()
    }
}

/// Renders a page.
pub(crate) fn render(page: &impl Template) -> Result<Html<String>, Failure> {
    Ok(Html(page.render()?))
}

/// What a cure did, as it comes back in the address of the next page: numbers only, so that nobody can put words there.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Notice {
    released: Option<u64>,
    still_held: u64,
}

impl Notice {
    /// The address of a page that tells what was done.
    pub(crate) fn address(path: &str, cured: Cured) -> String {
        format!("{path}?released={}&still_held={}", cured.released, cured.still_held)
    }

    /// The sentence for people.
    pub(crate) fn says(self) -> Option<String> {
        let released = match self.released? {
            0 => "Done. No punch was waiting for it.".to_owned(),
            released => format!("Done: {}.", words::plural(released, "punch was released", "punches were released")),
        };
        let still_held = match self.still_held {
            0 => String::new(),
            held => {
                format!(" {} for another reason.", words::plural(held, "punch is still held", "punches are still held"))
            }
        };
        Some(released + &still_held)
    }
}

/// What a button that removes something sends.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Removed {
    pub(crate) code: String,
}

/// Back to a list after a form of it; to the page with what is in the way, when the input is at fault.
pub(crate) async fn back_to<P: Future<Output = Result<Html<String>, Failure>>>(
    list: &str,
    done: Result<(), Failure>,
    word: &str,
    page: impl FnOnce(String) -> P,
) -> Result<Response, Failure> {
    match done {
        Ok(()) => Ok(Redirect::to(&format!("{list}?done={word}")).into_response()),
        Err(failure) if failure.is_correctable() => {
            let page = page(format!("{} {}", failure.what, failure.cure)).await?;
            Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response())
        }
        Err(failure) => Err(failure),
    }
}

/// What was done to a site or a department, as it comes back in the address of the next page: a word, so that nobody can put others there.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Outcome {
    done: String,
}

impl Outcome {
    /// The sentence for people.
    fn says(&self, what: &str) -> Option<&'static str> {
        match (self.done.as_str(), what) {
            ("changed", "site") => {
                Some("Done: the site is as you said. Days that its zone concerns are derived again.")
            }
            ("changed", _) => Some("Done: the department is as you said."),
            ("removed", "site") => Some("Done: the site is removed. Days of the past stay as they are."),
            ("removed", _) => Some("Done: the department is removed."),
            _ => None,
        }
    }
}

/// One choice of a drop-down list.
#[derive(Clone, Debug)]
pub(crate) struct Choice {
    pub(crate) value: &'static str,
    pub(crate) name: &'static str,
    pub(crate) is_chosen: bool,
}

impl<S: Send + Sync> FromRequestParts<S> for Visitor {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Failure> {
        parts
            .extensions
            .get::<Self>()
            .cloned()
            .ok_or_else(|| Failure::internal(&"a page without the gate in front of it"))
    }
}
