//! `GET /api/v1/sites` and `GET /api/v1/departments`

use axum::Json;
use axum::extract::State;
use hub::view::{DepartmentRow, SiteRow};
use jiff::civil::Date;
use serde::Serialize;

use super::{Page, Problem, Query, Window};
use crate::app::App;

/// A site.
#[derive(Serialize)]
pub(crate) struct Site {
    code: String,
    name: String,
    zones: Vec<ZoneHere>,
    terminals: Vec<TerminalHere>,
}

/// A terminal that is or was at a site; null for always.
#[derive(Serialize)]
struct TerminalHere {
    serial: String,
    from: Option<Date>,
}

/// A zone of a site, from a date on; null for always.
#[derive(Serialize)]
struct ZoneHere {
    zone: String,
    from: Option<Date>,
}

impl From<SiteRow> for Site {
    fn from(SiteRow { code, name, zones, terminals }: SiteRow) -> Self {
        let zones = zones.into_iter().map(|(zone, from)| ZoneHere { zone, from }).collect();
        let terminals = terminals.into_iter().map(|(serial, from)| TerminalHere { serial, from }).collect();
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

/// `GET /api/v1/departments`
pub(crate) async fn departments(
    State(app): State<App>,
    Query(window): Query<Window>,
) -> Result<Json<Page<Department>>, Problem> {
    let rows = app.ask(|hub| hub.departments()).await?;
    Ok(Json(Page::of(rows.into_iter().map(Department::from).collect(), &window)?))
}
