//! `/api/v1/sites` and `/api/v1/departments`

use axum::Extension;
use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use hub::view::{DepartmentRow, SiteRow, TerminalStay};
use hub::{Bearer, Hub, NewDepartment, NewSite};
use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::{Page, Problem, Query, Window, actor, body_of};
use crate::app::App;

/// A site.
#[derive(Serialize)]
pub(crate) struct Site {
    code: String,
    name: String,
    zones: Vec<ZoneHere>,
    terminals: Vec<TerminalHere>,
}

/// A terminal that is or was at a site; null for an open end.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct TerminalHere {
    serial: String,
    from: Option<Date>,
    to: Option<Date>,
}

impl From<TerminalStay> for TerminalHere {
    fn from(TerminalStay { serial, from, to }: TerminalStay) -> Self {
        Self { serial, from, to }
    }
}

impl From<TerminalHere> for TerminalStay {
    fn from(TerminalHere { serial, from, to }: TerminalHere) -> Self {
        Self { serial, from, to }
    }
}

/// A zone of a site, from a date on; null for always.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct ZoneHere {
    zone: String,
    from: Option<Date>,
}

impl From<SiteRow> for Site {
    fn from(SiteRow { code, name, zones, terminals }: SiteRow) -> Self {
        let zones = zones.into_iter().map(|(zone, from)| ZoneHere { zone, from }).collect();
        let terminals = terminals.into_iter().map(TerminalHere::from).collect();
        Self { code, name, zones, terminals }
    }
}

/// A department.
#[derive(Serialize)]
pub(crate) struct Department {
    code: String,
    name: String,
    parent: Option<String>,
}

impl From<DepartmentRow> for Department {
    fn from(DepartmentRow { code, name, parent }: DepartmentRow) -> Self {
        Self { code, name, parent }
    }
}

/// `GET /api/v1/sites`
pub(crate) async fn sites(State(app): State<App>, Query(window): Query<Window>) -> Result<Json<Page<Site>>, Problem> {
    let rows = app.ask(|hub| hub.sites()).await?;
    Ok(Json(Page::of(rows.into_iter().map(Site::from).collect(), &window)?))
}

/// A site as a program says it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SaidSite {
    code: String,
    name: Option<String>,
    zones: Option<Vec<ZoneHere>>,
    #[serde(default)]
    terminals: Vec<TerminalHere>,
}

/// `POST /api/v1/sites`
pub(crate) async fn change_site(
    State(app): State<App>,
    Extension(program): Extension<Bearer>,
    body: Bytes,
) -> Result<Json<Site>, Problem> {
    let said: SaidSite = body_of(&body, r#"{"code": "CEBU", "zones": [{"zone": "Asia/Manila"}]}"#)?;
    let change = move |hub: &Hub| {
        let zones = said.zones.map(|zones| zones.into_iter().map(|here| (here.zone, here.from)).collect());
        let terminals = said.terminals.into_iter().map(TerminalStay::from).collect();
        let site = NewSite { code: said.code, name: said.name, zones, zone_from: None, terminals };
        hub.change_site(&actor(&program), &site, Timestamp::now())?;
        let changed = hub.sites()?.into_iter().find(|row| row.code == site.code);
        changed.ok_or_else(|| hub::Error::NotFound(format!("site {}", site.code)))
    };
    Ok(Json(app.ask(change).await?.into()))
}

/// `DELETE /api/v1/sites/{code}`
pub(crate) async fn remove_site(
    State(app): State<App>,
    Extension(program): Extension<Bearer>,
    Path(code): Path<String>,
) -> Result<StatusCode, Problem> {
    app.ask(move |hub| hub.remove_site(&actor(&program), &code, Timestamp::now())).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// From when on a terminal is not at its site any more.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Leaving {
    from: Date,
}

/// `POST /api/v1/terminals/{serial}/leave`
pub(crate) async fn leave_site(
    State(app): State<App>,
    Extension(program): Extension<Bearer>,
    Path(serial): Path<String>,
    body: Bytes,
) -> Result<StatusCode, Problem> {
    let Leaving { from } = body_of(&body, r#"{"from": "2026-04-01"}"#)?;
    app.ask(move |hub| hub.leave_site(&actor(&program), &serial, from, Timestamp::now())).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// A department as a program says it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SaidDepartment {
    code: String,
    name: Option<String>,
    parent: Option<String>,
}

/// `POST /api/v1/departments`
pub(crate) async fn change_department(
    State(app): State<App>,
    Extension(program): Extension<Bearer>,
    body: Bytes,
) -> Result<Json<Department>, Problem> {
    let SaidDepartment { code, name, parent } =
        body_of(&body, r#"{"code": "PAY", "name": "Payroll", "parent": "HR"}"#)?;
    let change = move |hub: &Hub| {
        let department = NewDepartment { code, name, parent };
        hub.change_department(&actor(&program), &department, Timestamp::now())?;
        let changed = hub.departments()?.into_iter().find(|row| row.code == department.code);
        changed.ok_or_else(|| hub::Error::NotFound(format!("department {}", department.code)))
    };
    Ok(Json(app.ask(change).await?.into()))
}

/// `DELETE /api/v1/departments/{code}`
pub(crate) async fn remove_department(
    State(app): State<App>,
    Extension(program): Extension<Bearer>,
    Path(code): Path<String>,
) -> Result<StatusCode, Problem> {
    app.ask(move |hub| hub.remove_department(&actor(&program), &code, Timestamp::now())).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// `GET /api/v1/departments`
pub(crate) async fn departments(
    State(app): State<App>,
    Query(window): Query<Window>,
) -> Result<Json<Page<Department>>, Problem> {
    let rows = app.ask(|hub| hub.departments()).await?;
    Ok(Json(Page::of(rows.into_iter().map(Department::from).collect(), &window)?))
}
