//! `GET /api/v1/employees`

use axum::Json;
use axum::extract::State;
use hub::view::EmployeeRow;
use jiff::Timestamp;
use jiff::civil::Date;
use serde::Serialize;

use super::{Page, Problem, Query, Window};
use crate::app::App;

/// An employee.
#[derive(Serialize)]
pub(crate) struct Employee {
    code: String,
    name: String,
    is_confirmed: bool,
    numbers: Vec<String>,
    employed_from: Option<Date>,
    employed_to: Option<Date>,
    merged_into: Option<String>,
    employments: Vec<Employment>,
    site: Option<String>,
    department: Option<String>,
}

/// An employment; null for an open end.
#[derive(Serialize)]
struct Employment {
    from: Option<Date>,
    to: Option<Date>,
}

impl From<EmployeeRow> for Employee {
    fn from(row: EmployeeRow) -> Self {
        let numbers = row.numbers.split(',').map(str::trim).filter(|number| !number.is_empty());
        Self {
            numbers: numbers.map(str::to_owned).collect(),
            code: row.code,
            name: row.name,
            is_confirmed: row.confirmed,
            employed_from: row.from,
            employed_to: row.to,
            merged_into: row.merged_into,
            employments: row.employments.into_iter().map(|(from, to)| Employment { from, to }).collect(),
            site: row.site,
            department: row.department,
        }
    }
}

/// `GET /api/v1/employees`
pub(crate) async fn list(
    State(app): State<App>,
    Query(window): Query<Window>,
) -> Result<Json<Page<Employee>>, Problem> {
    let rows = app.ask(|hub| hub.employees(Timestamp::now())).await?;
    Ok(Json(Page::of(rows.into_iter().map(Employee::from).collect(), &window)?))
}
