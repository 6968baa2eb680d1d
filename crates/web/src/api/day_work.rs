//! `GET /api/v1/days/stats`: what the days of a range add up to; `POST /api/v1/days/derive`: days are derived again.

use std::collections::BTreeMap;

use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use axum::{Extension, Json};
use hub::view::DayFilter;
use hub::{Bearer, Hub, Scope};
use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::{Problem, Query, actor, body_of};
use crate::app::App;
use crate::failure::Failure;
use crate::forms;

/// Dates that are added up at once: every day of the range is read.
const MOST_DATES: i64 = 366;

/// That no more dates are asked for than may be; `what` is done with them.
///
/// # Errors
/// When the filter has another range, or an open one.
pub(crate) fn of_some_dates(filter: &DayFilter, most: i64, what: &str) -> Result<(), Failure> {
    let range = filter.from.zip(filter.to);
    let dates = range.map(|(from, to)| i64::from(to.since(from).map_or(0, |span| span.get_days())));
    if dates.is_some_and(|dates| (0..most).contains(&dates)) {
        return Ok(());
    }
    let what = format!("{what} over {most} dates at most.");
    Err(Failure::invalid(what, "Send from and to, like from=2026-03-01&to=2026-03-31."))
}

/// What days add up to.
#[derive(Default, Serialize)]
pub(crate) struct Stats {
    days: u64,
    outliers: u64,
    statuses: BTreeMap<&'static str, u64>,
    exceptions: BTreeMap<String, u64>,
    worked_minutes: i64,
    paid_minutes: i64,
    tardy_minutes: i64,
    left_early_minutes: i64,
    absent_minutes: i64,
}

/// Which days.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Which {
    from: String,
    to: String,
    employee: String,
}

/// `GET /api/v1/days/stats`
pub(crate) async fn stats(State(app): State<App>, Query(which): Query<Which>) -> Result<Json<Stats>, Problem> {
    let filter = DayFilter {
        from: forms::date("from", &which.from)?,
        to: forms::date("to", &which.to)?,
        employee: forms::filled(&which.employee),
        ..DayFilter::default()
    };
    of_some_dates(&filter, MOST_DATES, "Days are added up")?;
    let add = move |hub: &Hub| {
        let mut stats = Stats::default();
        hub.each_day(&filter, |row| {
            let record = row.record;
            stats.days += 1;
            stats.outliers += u64::from(record.is_outlier);
            *stats.statuses.entry(record.status.as_str()).or_default() += 1;
            for exception in &record.exceptions {
                *stats.exceptions.entry(exception.as_str().to_owned()).or_default() += 1;
            }
            stats.worked_minutes += record.worked_minutes;
            stats.paid_minutes += record.paid_minutes;
            stats.tardy_minutes += record.tardy_minutes;
            stats.left_early_minutes += record.left_early_minutes;
            stats.absent_minutes += record.absent_minutes;
            Ok(())
        })?;
        Ok(stats)
    };
    Ok(Json(app.ask(add).await?))
}

/// Which days to derive; all of them where nothing is said.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Wanted {
    from: Option<Date>,
    to: Option<Date>,
    employee: Option<String>,
}

/// What was asked for.
#[derive(Serialize)]
pub(crate) struct Marked {
    /// Weeks of employees that wait to be derived now.
    waiting_weeks: u64,
}

/// `POST /api/v1/days/derive`
pub(crate) async fn derive(
    State(app): State<App>,
    Extension(program): Extension<Bearer>,
    body: Bytes,
) -> Result<(StatusCode, Json<Marked>), Problem> {
    let like = r#"{"from": "2026-03-01", "to": "2026-03-31", "employee": "1001"}, or {} for all days"#;
    let Wanted { from, to, employee } = body_of(&body, like)?;
    let mark = move |hub: &Hub| {
        let scope = Scope { from, to, employee };
        hub.derive_again(&actor(&program), &scope, Timestamp::now())
    };
    Ok((StatusCode::ACCEPTED, Json(Marked { waiting_weeks: app.ask(mark).await? })))
}
