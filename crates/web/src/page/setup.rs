//! `/setup`: the first run. Makes the administrator, against the code that the server printed on its console, so that
//! nobody else on the network can be first.

use std::net::IpAddr;

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use hub::{Actor, Role};
use jiff::Timestamp;
use serde::Deserialize;

use crate::app::App;
use crate::caller::Caller;
use crate::failure::Failure;
use crate::forms::Form;
use crate::page::sign_in::open_session;
use crate::page::{Frame, render};
use crate::session;

/// Attempts at the code are slowed down under this name.
const GOVERNED_AS: &str = "set-up code";

#[derive(Template)]
#[template(path = "setup.html")]
struct SetupPage {
    frame: Frame,
    name: String,
    code: String,
    /// False when this server gives no code.
    is_possible: bool,
    code_problem: Option<String>,
    account_problem: Option<String>,
}

impl SetupPage {
    fn new(app: &App) -> Self {
        Self {
            frame: Frame::open("Set up"),
            name: String::new(),
            code: String::new(),
            is_possible: app.config.setup_code.is_some(),
            code_problem: None,
            account_problem: None,
        }
    }
}

/// What the form sends.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct FirstAccount {
    code: String,
    name: String,
    password: String,
}

/// `GET /setup`
pub(crate) async fn page(State(app): State<App>) -> Result<Response, Failure> {
    if app.ask(|hub| hub.has_account()).await? {
        return Ok(Redirect::to("/sign-in").into_response());
    }
    Ok(render(&SetupPage::new(&app))?.into_response())
}

/// `POST /setup`
pub(crate) async fn create(
    State(app): State<App>,
    Caller(from): Caller,
    Form(sent): Form<FirstAccount>,
) -> Result<Response, Failure> {
    if app.ask(|hub| hub.has_account()).await? {
        return Ok(Redirect::to("/sign-in").into_response());
    }
    let mut page = SetupPage { name: sent.name.clone(), code: sent.code.clone(), ..SetupPage::new(&app) };
    if let Err((status, problem)) = check_code(&app, &sent.code, from) {
        page.code_problem = Some(problem);
        return Ok((status, render(&page)?).into_response());
    }
    let (name, password) = (sent.name.trim().to_owned(), sent.password.clone());
    let salt = session::random_bytes().map_err(|error| Failure::internal(&error))?;
    let actor = Actor::new("set-up");
    let added =
        app.ask(move |hub| hub.account_add(&actor, &name, &password, Role::Admin, salt, Timestamp::now())).await;
    match added {
        Ok(()) => {}
        Err(failure) if failure.is_correctable() => {
            page.account_problem = Some(format!("{} {}", failure.what, failure.cure));
            return Ok((StatusCode::UNPROCESSABLE_ENTITY, render(&page)?).into_response());
        }
        Err(failure) => return Err(failure),
    }
    app.governor().succeeded(GOVERNED_AS, from);
    let cookie = open_session(&app, &sent.name, &sent.password, from).await?;
    Ok((cookie.map(|cookie| [cookie]), Redirect::to("/")).into_response())
}

fn check_code(app: &App, sent: &str, from: Option<IpAddr>) -> Result<(), (StatusCode, String)> {
    let Some(code) = &app.config.setup_code else {
        return Err((StatusCode::FORBIDDEN, "This server gives no set-up code.".to_owned()));
    };
    if let Err(wait) = app.governor().attempt(GOVERNED_AS, from, Timestamp::now()) {
        let problem = format!("Too many attempts. Try again in {} seconds.", wait.as_secs() + 1);
        return Err((StatusCode::TOO_MANY_REQUESTS, problem));
    }
    if is_same(code.as_bytes(), sent.trim().as_bytes()) {
        return Ok(());
    }
    Err((
        StatusCode::UNPROCESSABLE_ENTITY,
        "This is not the code. Copy it from the console of `punchclock serve`.".to_owned(),
    ))
}

/// Compares without telling by its time where the difference is.
fn is_same(left: &[u8], right: &[u8]) -> bool {
    left.len() == right.len() && left.iter().zip(right).fold(0, |difference, (a, b)| difference | (a ^ b)) == 0
}
