//! What programs say of one employee: `/api/v1/employees/{code}/hire`, `leave`, `place`, `numbers` and `numbers/end`.

use axum::Extension;
use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, State};
use hub::view::NumberSpan;
use hub::{Actor, Bearer, Hire, Hub, NewPlace};
use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::employees::Employee;
use super::{Problem, actor, body_of};
use crate::app::App;

/// Somebody who is hired, as a program says it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Hiring {
    from: Date,
    to: Option<Date>,
    name: Option<String>,
    site: Option<String>,
    department: Option<String>,
}

/// `POST /api/v1/employees/{code}/hire`
pub(crate) async fn hire(
    State(app): State<App>,
    Extension(program): Extension<Bearer>,
    Path(code): Path<String>,
    body: Bytes,
) -> Result<Json<Employee>, Problem> {
    let Hiring { from, to, name, site, department } =
        body_of(&body, r#"{"from": "2026-03-02", "name": "Ann Reyes", "site": "CEBU", "department": "HR"}"#)?;
    let hire = Hire { name, from, to, place: NewPlace { site, department } };
    changed(&app, &program, code, move |hub, actor, code| hub.hire(actor, code, &hire, Timestamp::now())).await
}

/// The last date of an employment.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Leaving {
    to: Date,
}

/// `POST /api/v1/employees/{code}/leave`
pub(crate) async fn leave(
    State(app): State<App>,
    Extension(program): Extension<Bearer>,
    Path(code): Path<String>,
    body: Bytes,
) -> Result<Json<Employee>, Problem> {
    let Leaving { to } = body_of(&body, r#"{"to": "2026-05-31"}"#)?;
    changed(&app, &program, code, move |hub, actor, code| hub.leave(actor, code, to, Timestamp::now())).await
}

/// Where somebody belongs, as a program says it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Placing {
    from: Option<Date>,
    site: Option<String>,
    department: Option<String>,
}

/// `POST /api/v1/employees/{code}/place`
pub(crate) async fn place(
    State(app): State<App>,
    Extension(program): Extension<Bearer>,
    Path(code): Path<String>,
    body: Bytes,
) -> Result<Json<Employee>, Problem> {
    let Placing { from, site, department } =
        body_of(&body, r#"{"from": "2026-03-02", "site": "CEBU", "department": "HR"}"#)?;
    let place = NewPlace { site, department };
    changed(&app, &program, code, move |hub, actor, code| hub.place(actor, code, from, &place, Timestamp::now())).await
}

/// Changes an employee, and shows them as they are now.
async fn changed(
    app: &App,
    program: &Bearer,
    code: String,
    change: impl FnOnce(&Hub, &Actor, &str) -> Result<(), hub::Error> + Send + 'static,
) -> Result<Json<Employee>, Problem> {
    let actor = actor(program);
    let row = app
        .ask(move |hub| {
            change(hub, &actor, &code)?;
            let row = hub.employees(Timestamp::now())?.into_iter().find(|row| row.code == code.trim());
            row.ok_or_else(|| hub::Error::NotFound(format!("employee with code {code}")))
        })
        .await?;
    Ok(Json(row.into()))
}

/// A user number, and whose it is.
#[derive(Serialize)]
pub(crate) struct Number {
    number: String,
    spans: Vec<Span>,
}

/// Whose it is for some time; null for an open end.
#[derive(Serialize)]
struct Span {
    employee: String,
    from: Option<Date>,
    to: Option<Date>,
}

impl From<NumberSpan> for Span {
    fn from(NumberSpan { employee, from, to }: NumberSpan) -> Self {
        Self { employee, from, to }
    }
}

/// A user number that somebody gets, as a program says it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Giving {
    number: String,
    from: Option<Date>,
    to: Option<Date>,
}

/// `POST /api/v1/employees/{code}/numbers`
pub(crate) async fn give_number(
    State(app): State<App>,
    Extension(program): Extension<Bearer>,
    Path(code): Path<String>,
    body: Bytes,
) -> Result<Json<Number>, Problem> {
    let Giving { number, from, to } = body_of(&body, r#"{"number": "cebu/12", "from": "2026-03-02"}"#)?;
    let give = move |hub: &Hub| {
        hub.give_number(&actor(&program), &code, &number, (from, to), Timestamp::now())?;
        shown(hub, &number)
    };
    Ok(Json(app.ask(give).await?))
}

/// A user number that ends, as a program says it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Ending {
    number: String,
    to: Date,
}

/// `POST /api/v1/employees/{code}/numbers/end`
pub(crate) async fn end_number(
    State(app): State<App>,
    Extension(program): Extension<Bearer>,
    Path(code): Path<String>,
    body: Bytes,
) -> Result<Json<Number>, Problem> {
    let Ending { number, to } = body_of(&body, r#"{"number": "cebu/12", "to": "2026-05-31"}"#)?;
    let end = move |hub: &Hub| {
        hub.end_number(&actor(&program), &code, &number, to, Timestamp::now())?;
        shown(hub, &number)
    };
    Ok(Json(app.ask(end).await?))
}

fn shown(hub: &Hub, number: &str) -> Result<Number, hub::Error> {
    let spans = hub.number_spans(number)?.into_iter().map(Span::from).collect();
    Ok(Number { number: hub::Number::parse(number).to_string(), spans })
}
