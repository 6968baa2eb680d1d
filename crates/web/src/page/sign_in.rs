//! `/sign-in` and `/sign-out`.

use std::net::IpAddr;

use askama::Template;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use jiff::Timestamp;
use serde::Deserialize;

use crate::app::App;
use crate::caller::Caller;
use crate::failure::Failure;
use crate::forms::{Form, Query};
use crate::page::{Frame, render};
use crate::{forms, session};

#[derive(Template)]
#[template(path = "sign_in.html")]
struct SignInPage {
    frame: Frame,
    /// The name as typed, to be corrected.
    name: String,
    next: String,
    problem: Option<String>,
    hint: Option<String>,
}

impl SignInPage {
    fn new(app: &App, name: &str, next: &str, problem: Option<String>) -> Self {
        let next = forms::local_path(next).to_owned();
        Self { frame: Frame::open("Sign in"), name: name.to_owned(), next, problem, hint: app.config.demo_hint.clone() }
    }
}

/// Where to go after the sign-in.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Next {
    next: String,
}

/// What the form sends.
#[derive(Deserialize)]
#[serde(default)]
#[derive(Default)]
pub(crate) struct Credentials {
    name: String,
    password: String,
    next: String,
}

/// `GET /sign-in`
pub(crate) async fn page(State(app): State<App>, Query(next): Query<Next>) -> Result<Response, Failure> {
    if !app.ask(|hub| hub.has_account()).await? {
        return Ok(Redirect::to("/setup").into_response());
    }
    Ok(render(&SignInPage::new(&app, "", &next.next, None))?.into_response())
}

/// `POST /sign-in`. A wrong name and a wrong password get the same answer after the same work.
pub(crate) async fn enter(
    State(app): State<App>,
    Caller(from): Caller,
    Form(sent): Form<Credentials>,
) -> Result<Response, Failure> {
    let attempt = app.governor().attempt(&sent.name, from, Timestamp::now());
    if let Err(wait) = attempt {
        let problem = format!("Too many attempts. Try again in {} seconds.", wait.as_secs() + 1);
        let page = render(&SignInPage::new(&app, &sent.name, &sent.next, Some(problem)))?;
        return Ok((StatusCode::TOO_MANY_REQUESTS, page).into_response());
    }
    match open_session(&app, &sent.name, &sent.password, from).await? {
        Some(cookie) => {
            app.governor().succeeded(&sent.name, from);
            Ok(([cookie], Redirect::to(forms::local_path(&sent.next))).into_response())
        }
        None => {
            tracing::warn!(
                from = from.map(tracing::field::display),
                "a sign-in was refused: name and password match no account"
            );
            let problem =
                "Name and password do not match an account. Check both; capital letters count in the password.";
            let page = render(&SignInPage::new(&app, &sent.name, &sent.next, Some(problem.to_owned())))?;
            Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response())
        }
    }
}

/// A header with the cookie of a new session; `None` when name and password match no account.
pub(crate) async fn open_session(
    app: &App,
    name: &str,
    password: &str,
    from: Option<IpAddr>,
) -> Result<Option<(header::HeaderName, header::HeaderValue)>, Failure> {
    let _turn = app.sign_ins.acquire().await.map_err(|closed| Failure::internal(&closed))?;
    let token = session::random_bytes().map_err(|error| Failure::internal(&error))?;
    let (name, password) = (name.trim().to_owned(), password.to_owned());
    let signed_in = app.ask(move |hub| hub.sign_in(&name, &password, from, Timestamp::now(), token)).await?;
    Ok(signed_in.map(|_| (header::SET_COOKIE, session::cookie(&token, app.config.secure_cookie))))
}

/// `POST /sign-out`
pub(crate) async fn leave(State(app): State<App>, headers: HeaderMap) -> Result<Response, Failure> {
    if let Some(token) = session::token_of(&headers) {
        app.ask(move |hub| hub.sign_out(&token)).await?;
    }
    let forget = [(header::SET_COOKIE, session::no_cookie(app.config.secure_cookie))];
    Ok((forget, Redirect::to("/sign-in")).into_response())
}
