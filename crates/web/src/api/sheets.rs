//! `GET /api/v1/employees/{code}/sheets/{month}`

use axum::Json;
use axum::extract::{Path, State};
use hub::{Month, SheetDocument};
use jiff::Timestamp;

use super::Problem;
use crate::app::App;

/// `GET /api/v1/employees/{code}/sheets/{month}`
pub(crate) async fn one(
    State(app): State<App>,
    Path((code, month)): Path<(String, String)>,
) -> Result<Json<SheetDocument>, Problem> {
    let month: Month = month.parse()?;
    let sheet = app.ask(move |hub| hub.time_sheet(&code, month, Timestamp::now())).await?;
    Ok(Json(SheetDocument::from(&sheet)))
}
