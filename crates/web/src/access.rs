//! Who may use a route: the gate in front of every handler.
//!
//! Invariants:
//! * People are known by the session cookie, programs by a bearer token. A token of an edge opens `/link/v1` and nothing
//!   else; nothing else opens `/link/v1`, but for the one-time token of an invitation, which opens the call that enrols.
//! * The cookie alone never changes anything through REST: REST takes it for reading only.
//! * Changes from another site's page are refused before the gate (same-origin check of the browser's own headers).

use std::net::SocketAddr;

use axum::extract::{ConnectInfo, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Redirect, Response};
use hub::{Bearer, Role, TokenKind};
use jiff::Timestamp;

use crate::api::Problem;
use crate::app::App;
use crate::failure::Failure;

/// Who may use a route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Access {
    /// Everybody, without login.
    Open,
    /// The machine itself, or a program with an API token.
    Metrics,
    /// Every account.
    Viewer,
    /// Accounts that review: HR and administrators.
    Review,
    /// Administrators.
    Admin,
    /// A program with an API token; any account for reading.
    Api,
    /// An edge with its token.
    Link,
    /// An edge with the one-time token of its invitation.
    Invited,
    /// A calendar program, by the token in the address.
    Calendar,
}

impl Access {
    /// True when an account of that role may use the route.
    pub(crate) fn admits(self, role: Role) -> bool {
        match self {
            Self::Open | Self::Viewer => true,
            Self::Review => matches!(role, Role::Admin | Role::Hr),
            Self::Admin => role == Role::Admin,
            Self::Metrics | Self::Api | Self::Link | Self::Invited | Self::Calendar => false,
        }
    }
}

/// The edge that an invitation names, once the gate has let it in.
#[derive(Clone, Debug)]
pub(crate) struct Invited(pub(crate) String);

/// The feed that an address opens, once the gate has let it in.
#[derive(Clone, Debug)]
pub(crate) struct Calendar(pub(crate) hub::CalendarFeed);

/// The person behind a request, once the gate has let them in.
#[derive(Clone, Debug)]
pub(crate) struct Visitor {
    pub(crate) name: String,
    pub(crate) role: Role,
}

impl Visitor {
    /// True when this visitor may use a route of that access.
    pub(crate) fn may(&self, access: Access) -> bool {
        access.admits(self.role)
    }

    /// The name under which the hub audits what the visitor does.
    pub(crate) fn actor(&self) -> hub::Actor {
        hub::Actor::new(&self.name)
    }
}

/// Lets a request through to its handler, or answers it.
pub(crate) async fn gate(State((app, access)): State<(App, Access)>, request: Request, next: Next) -> Response {
    let (mut parts, body) = request.into_parts();
    match admit(&app, access, &mut parts).await {
        Ok(()) => next.run(Request::from_parts(parts, body)).await,
        Err(answer) => *answer,
    }
}

/// Attaches the [`Visitor`] to a request that may pass; the error is the answer that refuses it.
async fn admit(app: &App, access: Access, parts: &mut Parts) -> Result<(), Box<Response>> {
    match access {
        Access::Open => {}
        Access::Viewer | Access::Review | Access::Admin => {
            let visitor = visitor(app, &parts.headers).await.map_err(page)?;
            let Some(visitor) = visitor else { return Err(Box::new(way_in(app, parts).await)) };
            if !visitor.may(access) {
                return Err(page(not_for(&visitor, access)));
            }
            parts.extensions.insert(visitor);
        }
        Access::Metrics if is_from_this_machine(parts) => {}
        Access::Api | Access::Metrics => {
            let bearer = token(app, &parts.headers).await.map_err(problem)?;
            let program = bearer.filter(|bearer| bearer.kind == TokenKind::Api);
            let may_read =
                access == Access::Api && parts.method.is_safe() && !parts.headers.contains_key(header::AUTHORIZATION);
            let reader = if may_read { visitor(app, &parts.headers).await.map_err(problem)? } else { None };
            match (program, reader) {
                (Some(program), _) => drop(parts.extensions.insert(program)),
                (None, Some(reader)) => drop(parts.extensions.insert(reader)),
                (None, None) => {
                    return Err(problem(no_token("an API token (`punchclock token create NAME --kind api`)")));
                }
            }
        }
        Access::Link => {
            let bearer = token(app, &parts.headers).await.map_err(problem)?;
            let Some(bearer) = bearer.filter(|bearer| bearer.kind == TokenKind::Edge) else {
                return Err(problem(no_token("an edge's token (`punchclock edge invite NAME`)")));
            };
            parts.extensions.insert(bearer);
        }
        Access::Calendar => {
            let token = calendar_token(parts.uri.path()).map(str::to_owned);
            let feed = match token {
                Some(token) => app.ask(move |hub| hub.calendar(&token, Timestamp::now())).await.map_err(page)?,
                None => None,
            };
            let Some(feed) = feed else { return Err(page(no_calendar())) };
            parts.extensions.insert(Calendar(feed));
        }
        Access::Invited => {
            let edge = invited(app, &parts.headers).await.map_err(problem)?;
            let Some(edge) = edge else {
                return Err(problem(no_token("the one-time token of a code (`punchclock edge invite NAME`)")));
            };
            parts.extensions.insert(edge);
        }
    }
    Ok(())
}

fn page(failure: Failure) -> Box<Response> {
    Box::new(failure.into_response())
}

fn problem(failure: Failure) -> Box<Response> {
    Box::new(Problem::from(failure).into_response())
}

/// Where a visitor without session is led: to the set-up while there is no account, to the sign-in afterwards.
async fn way_in(app: &App, parts: &Parts) -> Response {
    match app.ask(|hub| hub.has_account()).await {
        Ok(false) => Redirect::to("/setup").into_response(),
        Ok(true) if parts.method == Method::GET => {
            let wanted = parts.uri.path_and_query().map_or("/", |path| path.as_str());
            Redirect::to(&format!("/sign-in?{}", crate::forms::query(&[("next", wanted)]))).into_response()
        }
        Ok(true) => Redirect::to("/sign-in").into_response(),
        Err(failure) => failure.into_response(),
    }
}

fn not_for(visitor: &Visitor, access: Access) -> Failure {
    let needs = if access == Access::Admin { "an administrator" } else { "HR or an administrator" };
    Failure::new(
        StatusCode::FORBIDDEN,
        format!("The account {} may not do this.", visitor.name),
        format!("Ask {needs}, or sign in with another account."),
    )
}

/// The token in `/calendar/TOKEN.ics`.
fn calendar_token(path: &str) -> Option<&str> {
    path.strip_prefix("/calendar/")?.strip_suffix(".ics")
}

fn no_calendar() -> Failure {
    Failure::new(
        StatusCode::FORBIDDEN,
        "This address opens no calendar, or not any more.",
        "Ask HR for a new address, and put it in place of this one.",
    )
}

fn no_token(needed: &str) -> Failure {
    Failure::new(
        StatusCode::UNAUTHORIZED,
        "The request carries no token that is valid here.",
        format!("Send {needed} in the header `Authorization: Bearer`."),
    )
}

/// The account behind the session cookie.
async fn visitor(app: &App, headers: &HeaderMap) -> Result<Option<Visitor>, Failure> {
    let Some(token) = crate::session::token_of(headers) else { return Ok(None) };
    let signed_in = app.ask(move |hub| hub.session(&token, Timestamp::now())).await?;
    Ok(signed_in.map(|account| Visitor { name: account.name, role: account.role }))
}

/// The program behind a token.
async fn token(app: &App, headers: &HeaderMap) -> Result<Option<Bearer>, Failure> {
    let Some(token) = sent_token(headers) else { return Ok(None) };
    app.ask(move |hub| hub.bearer(&token, Timestamp::now())).await
}

/// The edge that a one-time token invites.
async fn invited(app: &App, headers: &HeaderMap) -> Result<Option<Invited>, Failure> {
    let Some(token) = sent_token(headers) else { return Ok(None) };
    Ok(app.ask(move |hub| hub.invited(&token, Timestamp::now())).await?.map(Invited))
}

/// What `Authorization: Bearer` says.
fn sent_token(headers: &HeaderMap) -> Option<String> {
    let sent = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let (scheme, token) = sent?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim().to_owned())
}

/// True for a direct connection over loopback; what a proxy on this machine forwards is not.
fn is_from_this_machine(parts: &Parts) -> bool {
    let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>();
    let is_forwarded =
        ["forwarded", "x-forwarded-for", "x-real-ip"].iter().any(|name| parts.headers.contains_key(*name));
    !is_forwarded && peer.is_some_and(|ConnectInfo(address)| address.ip().to_canonical().is_loopback())
}
